"""Cases: what a person should look at, with its evidence, until it is closed."""

from __future__ import annotations

from starlette.responses import Response

from gerbang.audit import write_audit
from gerbang.console.case_facts import facts_of
from gerbang.console.order_page import said_outcome
from gerbang.errors import NotFoundError
from gerbang.orders.case import deadline_of, show_case
from gerbang.orders.evidence import FILES_MAX, keep_evidence, read_evidence
from gerbang.people.role import Permission
from gerbang.postgres.sql import load_queries
from gerbang.web.pages.evidence import evidence_answer, sent_evidence
from gerbang.web.pages.paging import ROWS, after_of, page_of
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

SQL = load_queries("gerbang.console", "cases.sql")
NEWEST = 2**62


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/cases", list_page, may=Permission.CASES_READ)
    site.get("/cases/{id}", show_page, may=Permission.CASES_READ)
    site.get("/cases/{id}/files/{number}", case_file, may=Permission.CASES_READ)
    change = Permission.CASES_CLOSE
    site.post("/cases/{id}/files", add_files, may=change, form_page=show_page, upload=True)
    site.post("/cases/{id}/close", close, may=change, form_page=show_page)


async def list_page(visit: Visit) -> Response:
    """List them newest first."""
    query = visit.query
    show_all, kind = query.get("all") == "1", query.get("kind", "").replace("\x00", "")
    rows = await visit.pool.fetch(
        SQL.cases, not show_all, kind or None, after_of(query) or NEWEST, ROWS
    )
    items = [{**row, "deadline": deadline_of({"deadline": row["deadline"]})} for row in rows]
    after = items[-1]["id"] if len(items) == ROWS else None
    page = page_of(items, after=after, path=visit.path, query=query)
    kinds = [row["kind"] for row in await visit.pool.fetch(SQL.kinds)]
    return visit.page(
        "console/cases.html", page=page, show_all=show_all, kind=kind, kinds=kinds,
        now=visit.kit.clock.now(),
    )  # fmt: skip


async def show_page(visit: Visit) -> Response:
    """Show one with its evidence."""
    case = await show_case(visit.pool, visit.number())
    lines = [
        {**line, "said": said_outcome(line["outcome"], visit)[1]} for line in case["transcript"]
    ]
    return visit.page(
        "console/case.html",
        c=case,
        complaint=case["detail"] if case["kind"] == "complaint" else None,
        facts=facts_of(visit, case["kind"], case["detail"]),
        lines=lines,
        files=case["files"],
        files_max=FILES_MAX,
        now=visit.kit.clock.now(),
    )


async def case_file(visit: Visit) -> Response:
    """Give a file that proves something."""
    return evidence_answer(await read_evidence(visit.pool, visit.number(), visit.number("number")))


async def add_files(visit: Visit) -> Response:
    """Keep more files with a case: what a supplier sent, say."""
    files = await sent_evidence(visit)
    if not files:
        visit.form.refuse("files", visit.t("form.needed"))
    visit.form.check()
    async with visit.changing() as connection:
        await keep_evidence(connection, visit.number(), files, actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/cases/{visit.number()}", visit.t("layout.saved"))


async def close(visit: Visit) -> Response:
    """Close it with what came of it; its order stays as it is."""
    case_id = visit.number()
    resolution = visit.form.text("resolution", most=1_000)
    visit.form.check()
    async with visit.changing() as connection:
        closed = await connection.fetchval(SQL.close, case_id, visit.actor, resolution)
        if closed is None:
            raise NotFoundError(visit.t("cases.not_open"))
        await write_audit(
            connection,
            actor=visit.actor,
            action="case.closed",
            subject=f"case:{case_id}",
            after={"resolution": resolution},
        )
    return visit.go(f"{visit.site.prefix}/cases", visit.t("cases.was_closed"))
