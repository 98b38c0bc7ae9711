"""``/resellers``: accounts of those who buy from us, their credentials and their money."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Body
from pydantic import Field

from gerbang.api.checks import reseller_change
from gerbang.api.context import AfterCode, AfterId, Authorized, Code, Id, Limit, Rupiah
from gerbang.api.dialect_types import CallbackFormat, DialectName, OrderDialect
from gerbang.api.models import (
    CredentialIssued,
    CreditShown,
    Page,
    RefusalShown,
    ResellerShown,
    StatementShown,
    Taken,
)
from gerbang.errors import converted
from gerbang.ledger.credit import credit_reseller
from gerbang.ledger.read import statement
from gerbang.orders.read import list_refusals
from gerbang.resellers.admin import (
    change_reseller,
    create_reseller,
    find_reseller,
    list_resellers,
    show_reseller,
)
from gerbang.resellers.credentials import (
    OVERLAP_S,
    NewCredential,
    issue_credential,
    revoke_credential,
    rotate_credential,
)

router = APIRouter(prefix="/resellers", tags=["resellers"])


class CallbackBody(Taken):
    """Where callbacks go; `auto` speaks the dialect of the order."""

    url: str | None = None
    format: CallbackFormat | None = None
    secret: str | None = Field(default=None, description="Signs the standard form; write only.")


class LimitsBody(Taken):
    """0 means the installation's default."""

    requests_per_second_max: int | None = None
    concurrent_requests_max: int | None = None
    orders_per_day_max: int | None = None


class ResellerPatch(Taken):
    """What to change; what is left out stays."""

    name: str | None = None
    status: Literal["active", "suspended", "closed"] | None = None
    allowed_ips: list[str] | None = Field(default=None, examples=[["203.0.113.0/24"]])
    dialects: list[DialectName] | None = None
    callback: CallbackBody | None = None
    credit_limit: Rupiah | None = None
    limits: LimitsBody | None = None
    live: bool | None = None
    sandboxed: bool | None = Field(
        default=None, description="Lives by the sandbox clock; only in a demo."
    )
    late_success_paid_by: Literal["us", "reseller"] | None = None
    reply_wait_ms: dict[str, int | None] | None = Field(default=None, examples=[{"socx": 2000}])
    settings: dict[str, Any] | None = Field(
        default=None, description="Merged into what is there; null removes a member."
    )
    price_list: str | None = None


class ResellerNew(ResellerPatch):
    """A new reseller."""

    code: str = Field(examples=["TOKO1"])
    name: str
    price_list: str = "default"


class CredentialNew(Taken):
    """What to issue; key and secrets are made when left out."""

    dialect: OrderDialect
    key: str = ""
    secrets: dict[str, str] = Field(default_factory=dict)
    testing: bool = False
    label: str = Field(default="", max_length=200)


class RotateBody(Taken):
    """How to rotate."""

    overlap_s: int = Field(default=OVERLAP_S, ge=0, description="The old one works so much longer.")
    keep_key: bool = Field(default=False, description="New secrets, same key, at once.")


class CreditBody(Taken):
    """Money by hand; a negative amount is a debit. The same key never moves money twice."""

    amount: Rupiah = Field(examples=[1_000_000])
    key: str = Field(examples=["bca-20260817-0001"])
    note: str = ""


@router.get("")
async def get_resellers(
    caller: Authorized,
    after: AfterCode = "",
    limit: Limit = 100,
    status: Literal["active", "suspended", "closed"] | None = None,
) -> Page[ResellerShown]:
    """List resellers by code."""
    page = await list_resellers(caller.node.pool, after=after, limit=limit, status=status)
    return Page[ResellerShown].model_validate(page)


@router.post("", status_code=201)
async def post_reseller(caller: Authorized, body: ResellerNew) -> ResellerShown:
    """Create a reseller with its accounts."""
    values = body.model_dump(exclude_unset=True, exclude={"code", "name", "price_list"})
    change = reseller_change(values)
    async with caller.changing() as connection:
        shown = await create_reseller(
            connection,
            body.code,
            body.name,
            actor=caller.actor,
            box=caller.node.box,
            price_list=body.price_list,
            change=change,
        )
    return ResellerShown.model_validate(shown)


@router.get("/{code}")
async def get_reseller(caller: Authorized, code: Code) -> ResellerShown:
    """Show one reseller with its money and credentials."""
    return ResellerShown.model_validate(await show_reseller(caller.node.pool, code))


@router.patch("/{code}")
async def patch_reseller(caller: Authorized, code: Code, body: ResellerPatch) -> ResellerShown:
    """Change a reseller; nodes know within a second."""
    change = reseller_change(body.model_dump(exclude_unset=True))
    async with caller.changing() as connection:
        shown = await change_reseller(
            connection, code, change, actor=caller.actor, box=caller.node.box
        )
    return ResellerShown.model_validate(shown)


@router.post("/{code}/credentials", status_code=201)
async def post_credential(caller: Authorized, code: Code, body: CredentialNew) -> CredentialIssued:
    """Issue a credential; its secrets are in this answer and never again."""
    new = converted(body.model_dump(), NewCredential)
    async with caller.changing() as connection:
        issued = await issue_credential(
            connection, code, new, box=caller.node.box, actor=caller.actor
        )
    return CredentialIssued.model_validate(msgspec.structs.asdict(issued))


@router.post("/{code}/credentials/{credential_id}/rotate", status_code=201)
async def post_rotation(
    caller: Authorized,
    code: Code,
    credential_id: Id,
    body: Annotated[RotateBody | None, Body()] = None,
) -> CredentialIssued:
    """Issue a successor; the old credential works on for a day unless said otherwise."""
    how = body or RotateBody()
    async with caller.changing() as connection:
        issued = await rotate_credential(
            connection,
            code,
            credential_id,
            box=caller.node.box,
            actor=caller.actor,
            overlap_s=how.overlap_s,
            keep_key=how.keep_key,
        )
    return CredentialIssued.model_validate(msgspec.structs.asdict(issued))


@router.delete("/{code}/credentials/{credential_id}", status_code=204)
async def delete_credential(caller: Authorized, code: Code, credential_id: Id) -> None:
    """Revoke a credential at once."""
    async with caller.changing() as connection:
        await revoke_credential(connection, code, credential_id, actor=caller.actor)


@router.post("/{code}/credits", status_code=201)
async def post_credit(caller: Authorized, code: Code, body: CreditBody) -> CreditShown:
    """Credit or debit by hand; a credit first pays what the reseller owes."""
    credited = await credit_reseller(
        caller.node.pool,
        caller.node.lane,
        code,
        body.amount,
        key=body.key,
        note=body.note,
        actor=caller.actor,
    )
    return CreditShown.model_validate(msgspec.structs.asdict(credited))


@router.get("/{code}/statement")
async def get_statement(
    caller: Authorized, code: Code, after: AfterId = None, limit: Limit = 100
) -> StatementShown:
    """Show the reseller's entries, newest first, with the balance after each."""
    await find_reseller(caller.node.pool, code)
    page = await statement(caller.node.pool, f"reseller:{code}", before=after, limit=limit)
    return StatementShown.model_validate(page)


@router.get("/{code}/refusals")
async def get_refusals(
    caller: Authorized, code: Code, after: AfterId = None, limit: Limit = 100
) -> Page[RefusalShown]:
    """Show what was refused to the reseller, newest first."""
    reseller = await find_reseller(caller.node.pool, code)
    page = await list_refusals(caller.node.pool, reseller["id"], before=after, limit=limit)
    return Page[RefusalShown].model_validate(page)
