"""A reseller's own card merchants: integration checklist, trials, doctor, key, settlements."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from starlette.responses import Response

from gerbang.cards.admin import rotate_key, show_merchant
from gerbang.cards.checklist import BY_PERSON
from gerbang.cards.evidence import say
from gerbang.cards.read import show_settlement
from gerbang.cards.trials import KINDS
from gerbang.clock import WIB
from gerbang.errors import ConflictError, NotFoundError
from gerbang.people.role import Permission
from gerbang.portal.csv_file import csv_answer
from gerbang.portal.own import own_id
from gerbang.portal.store import NEWEST, SQL
from gerbang.web.pages.account import ask_own_password
from gerbang.web.pages.paging import ROWS, after_of, page_of_rows
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

_USE: Final = Permission.PORTAL_USE
_COLUMNS: Final = ("kind", "reference", "txid", "card_brand", "amount", "fee")


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/cards/settlements", settlements_page, may=_USE)
    site.get("/cards/settlements/{imid}/{day}", settlement_page, may=_USE)
    site.get("/cards/settlements/{imid}/{day}/lines.csv", settlement_file, may=_USE)
    site.get("/cards/merchants/{imid}", merchant_page, may=_USE)
    site.get("/cards/merchants/{imid}/checklist.csv", sheet_file, may=_USE)
    site.post("/cards/merchants/{imid}/trials", post_trial, may=_USE, form_page=merchant_page)
    site.post("/cards/merchants/{imid}/doctor", post_doctor, may=_USE)
    site.post("/cards/merchants/{imid}/key", post_key, may=_USE, form_page=merchant_page)
    site.post("/cards/merchants/{imid}/said/{item}", post_said, may=_USE, form_page=merchant_page)


async def _own_imid(visit: Visit) -> str:
    imid = visit.name("imid")
    mine = await visit.pool.fetch(SQL.merchants, own_id(visit))
    if imid not in {one["imid"] for one in mine}:
        raise NotFoundError(visit.t("error.no_such_thing"))
    return imid


# --- the merchant and its checklist ---------------------------------------------------------------


async def merchant_page(visit: Visit) -> Response:
    """Show what a merchant may do, and what of its integration is proved."""
    imid = await _own_imid(visit)
    checklist = await visit.node.card_office.evidence.checklist(imid)
    items = [one for one in checklist["items"] if one["state"] != "not_needed"]
    return visit.page(
        "portal/merchant.html",
        merchant=await show_merchant(visit.pool, imid),
        passed=checklist["passed"],
        groups=_grouped(items),
        done=sum(one["state"] == "green" for one in items),
        count=len(items),
        by_person=BY_PERSON,
    )


def _grouped(items: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for item in items:
        groups.setdefault(item["group"], []).append(item)
    return groups


async def sheet_file(visit: Visit) -> Response:
    """Give the scenario sheet."""
    imid = await _own_imid(visit)
    text = await visit.node.card_office.evidence.sheet(imid)
    headers = {"content-disposition": f'attachment; filename="checklist-{imid}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


async def post_trial(visit: Visit) -> Response:
    """Arm the next charge: its notification or its returning browser is held back."""
    imid = await _own_imid(visit)
    kind = visit.form.choice("kind", KINDS)
    visit.form.check()
    await visit.node.card_office.evidence.trials.arm(imid, kind, actor=visit.actor)
    return visit.go(_place(visit, imid), visit.t(f"portal_cards.armed_{kind}"))


async def post_said(visit: Visit) -> Response:
    """Say that something was looked at which no gateway can see."""
    imid, item = await _own_imid(visit), visit.name("item")
    note = visit.form.text("note", most=200)
    visit.form.check()
    if item not in BY_PERSON:
        raise NotFoundError(visit.t("error.no_such_thing"))
    async with visit.changing() as connection:
        await say(connection, imid, item, note=note, actor=visit.actor)
    return visit.go(_place(visit, imid), visit.t("portal_cards.said"))


async def post_doctor(visit: Visit) -> Response:
    """Send the newest notification once more, and say step by step what happens."""
    imid, node = await _own_imid(visit), visit.node
    try:
        findings = await node.card_office.evidence.examine(
            imid,
            encode=node.callback_formats["nicepay"],
            client=node.outbound,
            addresses=node.callback_addresses,
            actor=visit.actor,
        )
    except ConflictError as error:
        raise ConflictError(visit.t("portal_cards.doctor_nothing")) from error
    return visit.page("portal/merchant_doctor.html", imid=imid, findings=findings)


async def post_key(visit: Visit) -> Response:
    """Issue a new merchantKey after the password; the old one is refused from this moment."""
    imid = await _own_imid(visit)
    await ask_own_password(visit)
    async with visit.changing() as connection:
        issued = await rotate_key(connection, imid, actor=visit.actor, box=visit.kit.box)
    await visit.node.cards.directory.refresh()
    return visit.page("portal/merchant_key.html", imid=imid, key=issued["merchant_key"])


def _place(visit: Visit, imid: str) -> str:
    return f"{visit.site.prefix}/cards/merchants/{imid}"


# --- settlements ----------------------------------------------------------------------------------


async def settlements_page(visit: Visit) -> Response:
    """List what was settled, by merchant and day."""
    rows = await visit.pool.fetch(
        SQL.settlements, own_id(visit), after_of(visit.query) or NEWEST, ROWS
    )
    page = page_of_rows(rows, path=visit.path, query=visit.query)
    return visit.page("portal/settlements.html", page=page)


async def _own_settlement(visit: Visit) -> dict[str, Any]:
    imid = await _own_imid(visit)
    try:
        day = date.fromisoformat(visit.name("day"))
    except ValueError as error:
        raise NotFoundError(visit.t("error.no_such_thing")) from error
    return await show_settlement(visit.pool, imid, day)


async def settlement_page(visit: Visit) -> Response:
    """Show one report with every charge and refund in it."""
    return visit.page("portal/settlement.html", report=await _own_settlement(visit))


async def settlement_file(visit: Visit) -> Response:
    """Give the lines of a report as CSV."""
    report = await _own_settlement(visit)
    return csv_answer(f"settlement-{report['imid']}-{report['day']}.csv", _lines(report))


async def _lines(report: Mapping[str, Any]) -> AsyncIterator[Sequence[Any]]:
    yield ("at", *_COLUMNS)
    for line in report["lines"]:
        at = line["at"].astimezone(WIB).isoformat(timespec="seconds")
        yield [at, *(line[name] for name in _COLUMNS)]
