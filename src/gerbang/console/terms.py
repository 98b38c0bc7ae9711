"""A reseller's terms and who it is: the monthly minimum, the surcharge, KYC."""

from __future__ import annotations

from typing import Final, cast

from starlette.responses import Response

from gerbang.clock import business_day
from gerbang.people.role import Permission
from gerbang.resellers.admin import show_reseller
from gerbang.terms.kyc import EVIDENCE_CHARS_MAX, KycRecord, KycState, record_kyc, show_kyc
from gerbang.terms.read import ResellerTermsChange, change_terms, report, show_terms
from gerbang.terms.store import COUNT_MAX
from gerbang.terms.terms import Month, MonthUnreadableError
from gerbang.web.pages.paging import ROWS, page_of
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

KYC_STATES: Final = ("approved", "submitted", "rejected", "revoked")


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/terms", report_page, may=Permission.RESELLERS_READ)
    base = "/resellers/{code}"
    site.get(f"{base}/terms", terms_page, may=Permission.RESELLERS_READ)
    site.post(f"{base}/terms", save, may=Permission.RESELLERS_CHANGE, form_page=terms_page)
    site.post(f"{base}/kyc", decide, may=Permission.KYC_DECIDE, form_page=terms_page)


async def report_page(visit: Visit) -> Response:
    """Show how all resellers stand in a month, or only those that fall short."""
    query = visit.query
    only_warned = query.get("warned") == "1"
    try:
        month = Month.read(query.get("month", ""))
    except MonthUnreadableError:
        month = Month.of(business_day(visit.kit.clock.now()))
    found = await report(
        visit.pool,
        month=str(month),
        only_warned=only_warned,
        after=query.get("after", "").replace("\x00", ""),
        limit=ROWS,
    )
    page = page_of(found["items"], after=found["next"], path=visit.path, query=query)
    return visit.page("console/terms.html", page=page, month=str(month), only_warned=only_warned)


async def terms_page(visit: Visit) -> Response:
    """Show how it stands; the evidence only to who may decide."""
    reseller = await show_reseller(visit.pool, visit.name())
    code = reseller["code"]
    return visit.page(
        "console/reseller_terms.html",
        r=reseller,
        terms=await show_terms(visit.pool, code),
        kyc=await show_kyc(visit.pool, code),
        states=KYC_STATES,
        today=business_day(visit.kit.clock.now()),
    )


async def save(visit: Visit) -> Response:
    """Keep where its terms differ from the operator's."""
    form = visit.form
    minimum = form.integer("orders_per_month_min", needed=False, most=COUNT_MAX)
    form.check()
    change = ResellerTermsChange(
        orders_per_month_min=minimum, surcharge_exempt=form.flag("surcharge_exempt")
    )
    async with visit.changing() as connection:
        await change_terms(connection, visit.name(), change, actor=visit.actor)
    return visit.go(_path(visit), visit.t("layout.saved"))


async def decide(visit: Visit) -> Response:
    """Add a record; the newest counts."""
    form = visit.form
    state = form.choice("state", KYC_STATES)
    evidence = form.text("evidence", most=EVIDENCE_CHARS_MAX)
    day = form.day("evidence_date")
    until = form.day("valid_until", needed=False)
    form.check()
    record = KycRecord(
        state=cast("KycState", state),
        evidence=evidence,
        evidence_date=day or business_day(visit.kit.clock.now()),
        valid_until=until,
    )
    async with visit.changing() as connection:
        await record_kyc(connection, visit.name(), record, actor=visit.actor)
    return visit.go(_path(visit), visit.t("terms.kyc_recorded"))


def _path(visit: Visit) -> str:
    return f"{visit.site.prefix}/resellers/{visit.name()}/terms"
