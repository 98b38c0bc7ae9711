"""Card merchants: who may take payments, on which terms, and how far their integration is."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from gerbang.cards.admin import (
    MerchantChange,
    change_merchant,
    create_merchant,
    list_acquirers,
    list_merchants,
    rotate_key,
    show_merchant,
)
from gerbang.people.role import Permission
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

STATUSES: Final = ("active", "suspended", "closed")
SWITCHES: Final = (
    "secure", "preauth", "recurring", "cvv_required", "cancels", "partial_cancels", "refunds",
)  # fmt: skip
MERCHANTS_MOST: Final = 1_000


def add_pages(site: Site) -> None:
    """Add them."""
    read, change = Permission.CARDS_READ, Permission.MERCHANTS_CHANGE
    base = "/cards/merchants"
    site.get(base, merchants_page, may=read)
    site.post(f"{base}/new", create, may=change, form_page=merchants_page)
    site.get(f"{base}/{{imid}}", merchant_page, may=read)
    site.post(f"{base}/{{imid}}", save, may=change, form_page=merchant_page)
    site.post(f"{base}/{{imid}}/key", new_key, may=Permission.CREDENTIALS_CHANGE)


async def merchants_page(visit: Visit) -> Response:
    """List them, and make one."""
    found = await list_merchants(visit.pool, limit=MERCHANTS_MOST)
    acquirers = await list_acquirers(visit.pool)
    return visit.page(
        "console/merchants.html",
        merchants=found["items"],
        acquirers=[one["code"] for one in acquirers["items"]],
        resellers=sorted(r.view.code for r in visit.node.snapshot.resellers.values()),
    )


async def create(visit: Visit) -> Response:
    """Make one and show its key, once."""
    form = visit.form
    imid, name = form.text("imid", most=10), form.text("name", most=100)
    acquirer = form.text("acquirer", most=60)
    reseller = form.text("reseller", needed=False, most=64)
    form.check()
    async with visit.changing() as connection:
        made = await create_merchant(
            connection, imid, name, actor=visit.actor, box=visit.kit.box, acquirer=acquirer,
            reseller=reseller,
        )  # fmt: skip
    return await _show(visit, imid, key=made["merchant_key"])


async def merchant_page(visit: Visit) -> Response:
    """Show one with what it may do and its integration checklist."""
    return await _show(visit, visit.name("imid"))


async def _show(visit: Visit, imid: str, *, key: str = "") -> Response:
    merchant = await show_merchant(visit.pool, imid)
    checklist = await visit.node.card_office.evidence.checklist(imid)
    items = [one for one in checklist["items"] if one["state"] != "not_needed"]
    return visit.page(
        "console/merchant.html", x=merchant, items=items, passed=checklist["passed"], key=key,
        statuses=STATUSES, switches=SWITCHES,
    )  # fmt: skip


async def save(visit: Visit) -> Response:
    """Keep name, state and what it may do; gateways know within a second."""
    form, imid = visit.form, visit.name("imid")
    name, status = form.text("name", most=100), form.choice("status", STATUSES)
    form.check()
    change = MerchantChange(
        name=name,
        status=status,  # type: ignore[arg-type]
        features={field: form.flag(field) for field in SWITCHES},
    )
    async with visit.changing() as connection:
        await change_merchant(connection, imid, change, actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/cards/merchants/{imid}", visit.t("layout.saved"))


async def new_key(visit: Visit) -> Response:
    """Give it a new key at once, shown once; the old one is refused."""
    imid = visit.name("imid")
    async with visit.changing() as connection:
        made: dict[str, Any] = await rotate_key(
            connection, imid, actor=visit.actor, box=visit.kit.box
        )
    return await _show(visit, imid, key=made["merchant_key"])
