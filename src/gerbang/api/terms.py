"""``/terms`` and what of it is each reseller's: KYC, the monthly minimum, the surcharge."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query
from pydantic import Field

from gerbang.api.context import AfterCode, Authorized, Code, Limit
from gerbang.api.models import Page, Shown, Taken
from gerbang.errors import converted
from gerbang.terms import charge, kyc, read
from gerbang.terms.store import change_operator_terms, operator_terms

router = APIRouter(tags=["terms"])

MonthText = Annotated[
    str | None, Query(max_length=7, description="A month like 2026-08; left out: this one.")
]


class OperatorTermsShown(Shown):
    """What this operator asks of its resellers; amounts in rupiah."""

    kyc_required: bool
    checklist_required: bool
    deposit_min: int
    orders_per_month_min: int
    surcharge_amount: int
    surcharge_inquiries: int
    surcharge_day: int


class OperatorTermsPatch(Taken):
    """What to change; what is left out stays."""

    kyc_required: bool | None = Field(
        default=None, description="Live access needs an approved KYC record."
    )
    checklist_required: bool | None = Field(
        default=None, description="Live access needs a green go-live checklist."
    )
    deposit_min: int | None = Field(default=None, description="Of the go-live checklist.")
    orders_per_month_min: int | None = None
    surcharge_amount: int | None = None
    surcharge_inquiries: int | None = None
    surcharge_day: int | None = Field(
        default=None,
        description="From this day of the next month on surcharges are posted by themselves; "
        "0 is never.",
    )


class KycShown(Shown):
    """Who the reseller is, by what evidence."""

    reseller: str
    state: str = Field(description="none, submitted, approved, rejected, revoked or expired.")
    evidence: str | None
    evidence_date: date | None
    valid_until: date | None
    live: bool
    records: list[dict[str, Any]]


class KycBody(Taken):
    """One more record; the newest counts."""

    state: Literal["submitted", "approved", "rejected", "revoked"]
    evidence: str = Field(examples=["KTP 3201…, NPWP 01.234…, seen by Ani"])
    evidence_date: date
    valid_until: date | None = None


class ProgressShown(Shown):
    """Successful orders of a month beside the minimum."""

    month: str
    orders: int
    minimum: int
    missing: int
    expected_by_now: int
    pace: str = Field(description="no_minimum, starting, met, on_track, behind or missed.")
    warning: str


class SurchargeShown(Shown):
    """What a month of mere inquiries costs, and why."""

    month: str
    inquiries: int
    orders: int
    mean_daily: str
    amount: int
    why: str


class TermsShown(Shown):
    """A reseller's terms and how it stands to them."""

    reseller: str
    live: bool
    kyc: dict[str, Any]
    own_orders_per_month_min: int | None
    surcharge_exempt: bool
    progress: ProgressShown
    surcharge: SurchargeShown


class TermsPatch(Taken):
    """Where this reseller's terms differ; a minimum of null is the operator's again."""

    orders_per_month_min: int | None = None
    surcharge_exempt: bool | None = None


class ChargeShown(SurchargeShown):
    """A surcharge and what of it was posted."""

    reseller: str
    posted: int | None
    posted_at: datetime | None
    paid_from: str | None = Field(description="balance, or receivable where that did not do.")


class ChargeBody(Taken):
    """A month that is over, for one reseller or everybody."""

    month: str = Field(examples=["2026-08"])
    reseller: str | None = None


@router.get("/terms")
async def get_operator_terms(caller: Authorized) -> OperatorTermsShown:
    """Show what this operator asks of its resellers."""
    found = await operator_terms(caller.node.pool)
    return OperatorTermsShown.model_validate(msgspec.structs.asdict(found))


@router.patch("/terms")
async def patch_operator_terms(caller: Authorized, body: OperatorTermsPatch) -> OperatorTermsShown:
    """Change what this operator asks of its resellers."""
    change = body.model_dump(exclude_none=True)
    async with caller.changing() as connection:
        after = await change_operator_terms(connection, change, actor=caller.actor)
    return OperatorTermsShown.model_validate(msgspec.structs.asdict(after))


@router.get("/terms/report")
async def get_report(
    caller: Authorized,
    month: MonthText = None,
    *,
    only_warned: bool = False,
    after: AfterCode = "",
    limit: Limit = 100,
) -> Page[TermsShown]:
    """Show how every active reseller stands to its terms in a month."""
    page = await read.report(
        caller.node.pool, month=month, only_warned=only_warned, after=after, limit=limit
    )
    return Page[TermsShown].model_validate(page)


@router.get("/terms/surcharges")
async def get_surcharges(
    caller: Authorized, month: MonthText = None, reseller: str | None = None
) -> Page[ChargeShown]:
    """Show what a month's inquiries cost whom, and what of it was posted."""
    page = await charge.show_surcharges(caller.node.pool, month=month, code=reseller)
    return Page[ChargeShown].model_validate(page)


@router.post("/terms/surcharges", status_code=201)
async def post_surcharges(caller: Authorized, body: ChargeBody) -> Page[ChargeShown]:
    """Charge what is due for a month that is over; once, however often it is asked."""
    page = await charge.post_surcharges(
        caller.node.pool,
        caller.node.lane,
        caller.node.house,
        month=body.month,
        code=body.reseller,
        actor=caller.actor,
    )
    return Page[ChargeShown].model_validate(page)


@router.get("/resellers/{code}/terms")
async def get_terms(caller: Authorized, code: Code, month: MonthText = None) -> TermsShown:
    """Show a reseller's terms, its KYC, and how it stands to its minimum."""
    return TermsShown.model_validate(await read.show_terms(caller.node.pool, code, month=month))


@router.patch("/resellers/{code}/terms")
async def patch_terms(caller: Authorized, code: Code, body: TermsPatch) -> TermsShown:
    """Change where a reseller's terms differ from the operator's."""
    change = converted(body.model_dump(exclude_unset=True), read.ResellerTermsChange)
    async with caller.changing() as connection:
        shown = await read.change_terms(connection, code, change, actor=caller.actor)
    return TermsShown.model_validate(shown)


@router.get("/resellers/{code}/kyc")
async def get_kyc(caller: Authorized, code: Code) -> KycShown:
    """Show what is known of a reseller's identity, and every record before."""
    return KycShown.model_validate(await kyc.show_kyc(caller.node.pool, code))


@router.post("/resellers/{code}/kyc", status_code=201)
async def post_kyc(caller: Authorized, code: Code, body: KycBody) -> KycShown:
    """Add a KYC record; rejecting or revoking ends live access where KYC is required."""
    record = kyc.KycRecord(**body.model_dump())
    async with caller.changing() as connection:
        shown = await kyc.record_kyc(connection, code, record, actor=caller.actor)
    return KycShown.model_validate(shown)
