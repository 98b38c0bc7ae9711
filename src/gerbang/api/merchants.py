"""``/merchants``, ``/acquirers``, ``/card-payments``, ``/settlements``: who charges cards."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from gerbang.api.context import AfterCode, AfterId, Authorized, Code, Limit
from gerbang.api.models import Page, Shown, Taken
from gerbang.cards.admin import (
    MerchantChange,
    change_acquirer,
    change_merchant,
    create_acquirer,
    create_merchant,
    list_acquirers,
    list_merchants,
    rotate_key,
    show_merchant,
)
from gerbang.cards.read import list_payments, list_settlements, show_payment, show_settlement
from gerbang.errors import converted

router = APIRouter(tags=["cards"])
Imid = Annotated[str, Path(max_length=10)]
Txid = Annotated[str, Path(max_length=30)]


class MerchantShown(Shown):
    """A merchant without its key."""

    imid: str
    name: str
    status: str
    acquirer: str
    reseller: str | None
    sandboxed: bool
    features: dict[str, Any]
    limits: dict[str, Any]
    mdr: dict[str, int] = Field(description="Basis points by brand, and `default`.")
    settings: dict[str, Any]
    balance: int = Field(description="Rupiah we owe the merchant.")
    created_at: datetime
    updated_at: datetime


class MerchantWithKey(MerchantShown):
    """A merchant with its key, which is shown this once."""

    merchant_key: str


class MerchantPatch(Taken):
    """What to change; members of mappings one by one, null gives a default back."""

    name: str | None = None
    status: Literal["active", "suspended", "closed"] | None = None
    features: dict[str, Any] | None = Field(
        default=None,
        description="secure, preauth, recurring, instalments, autopaid, cvv_required, cancels, "
        "partial_cancels, refunds, foreign_cards",
    )
    limits: dict[str, Any] | None = Field(
        default=None,
        description="amount_min, amount_max, card_day_count_max, card_day_amount_max, "
        "card_hour_attempts_max, attempts_max, bins_refused, bins_allowed, bins_domestic",
    )
    mdr: dict[str, int | None] | None = None
    settings: dict[str, Any] | None = Field(
        default=None,
        description="strict, timestamp_skew_s_max, order_valid_s, hold_valid_s, refund_days_max, "
        "settle_hour, callback_method, nulls, notify_failures, notify_partial_refunds",
    )


class MerchantNew(MerchantPatch):
    """A new merchant."""

    imid: str = Field(examples=["MERCHANT01"], description="10 letters and digits.")
    name: str = Field(min_length=1, max_length=100)
    acquirer: str = "sandbox"
    reseller: str = Field(default="", description="Whose deposits its charges are.")
    merchant_key: str = Field(default="", description="Empty makes one.")


class KeyNew(Taken):
    """A key to use instead of a made one."""

    merchant_key: str = ""


class AcquirerNew(Taken):
    """Our merchant account at a NICEPAY, or at another Gerbang."""

    code: str = Field(examples=["nicepay-live"])
    base_url: str = Field(examples=["https://www.nicepay.co.id"])
    imid: str
    merchant_key: str
    sandbox: bool = Field(default=False, description="A development account: moves no money.")
    settings: dict[str, Any] = Field(default_factory=dict)


class AcquirerPatch(Taken):
    """What to change; what is left out stays. iMid and key go together."""

    base_url: str | None = None
    imid: str | None = None
    merchant_key: str | None = None
    settings: dict[str, Any] | None = None


def _change(body: MerchantPatch, exclude: set[str] | None = None) -> MerchantChange:
    given = body.model_dump(exclude_unset=True, exclude=exclude)
    return converted({k: v for k, v in given.items() if v is not None}, MerchantChange)


# --- merchants ------------------------------------------------------------------------------------


@router.get("/merchants")
async def get_merchants(
    caller: Authorized, after: AfterCode = "", limit: Limit = 100
) -> Page[MerchantShown]:
    """List merchants by iMid."""
    page = await list_merchants(caller.node.pool, after=after, limit=limit)
    return Page[MerchantShown].model_validate(page)


@router.post("/merchants", status_code=201)
async def post_merchant(caller: Authorized, body: MerchantNew) -> MerchantWithKey:
    """Create a merchant; its key is in this answer and in no later one."""
    own = {"imid", "name", "acquirer", "reseller", "merchant_key"}
    change = _change(body, exclude=own)
    async with caller.changing() as connection:
        shown = await create_merchant(
            connection,
            body.imid,
            body.name,
            actor=caller.actor,
            box=caller.node.box,
            acquirer=body.acquirer,
            reseller=body.reseller,
            key=body.merchant_key,
            change=change,
        )
    return MerchantWithKey.model_validate(shown)


@router.get("/merchants/{imid}")
async def get_merchant(caller: Authorized, imid: Imid) -> MerchantShown:
    """Show one merchant."""
    return MerchantShown.model_validate(await show_merchant(caller.node.pool, imid))


@router.patch("/merchants/{imid}")
async def patch_merchant(caller: Authorized, imid: Imid, body: MerchantPatch) -> MerchantShown:
    """Change a merchant; gateways know within a second."""
    change = _change(body)
    async with caller.changing() as connection:
        shown = await change_merchant(connection, imid, change, actor=caller.actor)
    return MerchantShown.model_validate(shown)


@router.post("/merchants/{imid}/key")
async def post_key(caller: Authorized, imid: Imid, body: KeyNew) -> MerchantWithKey:
    """Rotate the merchantKey: the old one is refused from now on."""
    async with caller.changing() as connection:
        shown = await rotate_key(
            connection, imid, actor=caller.actor, box=caller.node.box, key=body.merchant_key
        )
    return MerchantWithKey.model_validate(shown)


# --- acquirers ------------------------------------------------------------------------------------


@router.get("/acquirers")
async def get_acquirers(caller: Authorized) -> dict[str, Any]:
    """List acquirers, without their keys."""
    return await list_acquirers(caller.node.pool)


@router.post("/acquirers", status_code=201)
async def post_acquirer(caller: Authorized, body: AcquirerNew) -> dict[str, Any]:
    """Create an acquirer beyond the network."""
    async with caller.changing() as connection:
        return await create_acquirer(
            connection,
            body.code,
            base_url=body.base_url,
            imid=body.imid,
            key=body.merchant_key,
            sandbox=body.sandbox,
            settings=body.settings,
            actor=caller.actor,
            box=caller.node.box,
        )


@router.patch("/acquirers/{code}")
async def patch_acquirer(caller: Authorized, code: Code, body: AcquirerPatch) -> dict[str, Any]:
    """Change an acquirer beyond the network."""
    async with caller.changing() as connection:
        return await change_acquirer(
            connection,
            code,
            base_url=body.base_url,
            imid=body.imid,
            key=body.merchant_key,
            settings=body.settings,
            actor=caller.actor,
            box=caller.node.box,
        )


# --- payments and settlements ---------------------------------------------------------------------


@router.get("/card-payments")
async def get_payments(
    caller: Authorized,
    imid: Annotated[str | None, Query(max_length=10)] = None,
    reference: Annotated[str | None, Query(max_length=40)] = None,
    state: Annotated[str | None, Query(max_length=20)] = None,
    after: AfterId = None,
    limit: Limit = 100,
) -> Page[dict[str, Any]]:
    """List payments, newest first."""
    page = await list_payments(
        caller.node.pool, imid=imid, reference=reference, state=state, before=after, limit=limit
    )
    return Page[dict[str, Any]].model_validate(page)


@router.get("/card-payments/{txid}")
async def get_payment(caller: Authorized, txid: Txid) -> dict[str, Any]:
    """Show a payment with its attempts, steps and notifications."""
    return await show_payment(caller.node.pool, txid)


@router.get("/settlements")
async def get_settlements(
    caller: Authorized,
    imid: Annotated[str | None, Query(max_length=10)] = None,
    day: date | None = None,
    after: AfterId = None,
    limit: Limit = 100,
) -> Page[dict[str, Any]]:
    """List settlement reports, newest first."""
    page = await list_settlements(caller.node.pool, imid=imid, day=day, before=after, limit=limit)
    return Page[dict[str, Any]].model_validate(page)


@router.get("/settlements/{imid}/{day}")
async def get_settlement(caller: Authorized, imid: Imid, day: date) -> dict[str, Any]:
    """Show one report with its charges and refunds."""
    return await show_settlement(caller.node.pool, imid, day)
