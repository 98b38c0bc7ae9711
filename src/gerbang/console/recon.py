"""Reconciliation: our attempts against a supplier's statement, and what differs."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import Response

from gerbang.jobs.run import Job
from gerbang.people.role import Permission
from gerbang.recon.correct import close_difference, correct_difference, open_case
from gerbang.recon.read import list_ages, list_differences, list_runs
from gerbang.recon.run import run_reconciliation
from gerbang.suppliers.admin import list_suppliers
from gerbang.web.pages.job_pages import begin_job
from gerbang.web.pages.paging import ROWS, after_of, page_of
from gerbang.web.pages.site import UPLOAD_BYTES_MAX, Site
from gerbang.web.pages.visit import Visit

KINDS: Final = ("missing_there", "missing_here", "amount_differs", "serial_differs")


def add_pages(site: Site) -> None:
    """Add them."""
    change = Permission.RECON_CHANGE
    site.get("/recon", recon_page, may=Permission.RECON_READ)
    site.post("/recon", start, may=change, upload=True, form_page=recon_page)
    site.post("/recon/{id}/case", make_case, may=change)
    site.post("/recon/{id}/close", close, may=change)
    site.post("/recon/{id}/correct", correct, may=change)


async def recon_page(visit: Visit) -> Response:
    """Show what differs, the last runs, and start one."""
    query = visit.query
    found = await list_differences(
        visit.pool,
        supplier=query.get("supplier") or None,
        kind=query.get("kind") if query.get("kind") in KINDS else None,
        open_only=query.get("all") != "1",
        after=after_of(query) or 0,
        limit=ROWS,
    )
    page = page_of(found["items"], after=found["next"], path=visit.path, query=query)
    runs = await list_runs(visit.pool, supplier=None, before=None, limit=8)
    suppliers = (await list_suppliers(visit.pool, limit=200))["items"]
    ages = await list_ages(visit.pool, None)
    return visit.page(
        "console/recon.html", page=page, runs=runs["items"], suppliers=suppliers, ages=ages,
        kinds=KINDS, query=query,
    )  # fmt: skip


async def start(visit: Visit) -> Response:
    """Compare in the background."""
    form = visit.form
    code = form.text("supplier")
    first, last = form.day("first_day"), form.day("last_day")
    data = await form.upload("file", bytes_max=UPLOAD_BYTES_MAX)
    skip = form.flag("skip_bad")
    form.check()
    if first is None or last is None:
        raise RuntimeError
    actor = visit.actor

    async def work(job: Job) -> None:
        def tell(_step: str, done: int, total: int) -> None:
            job.latest = (done, total or None)

        connection = await job.own_connection()
        try:
            async with connection.transaction():
                report = await run_reconciliation(
                    connection, code, data, first_day=first, last_day=last, actor=actor,
                    skip_bad=skip, progress=tell,
                )  # fmt: skip
        finally:
            await connection.close()
        shown: dict[str, Any] = msgspec.to_builtins(report)
        counts = ("lines", "skipped", "bad_count", "ours_count", "theirs_count", "matched")
        job.result |= {name: shown[name] for name in counts}
        job.result |= dict(shown["differences"])
        if shown["bad"]:
            job.result["columns"] = ["line", "problem"]
            job.result["table"] = [[b["line"], b["problem"]] for b in shown["bad"][:100]]

    return await begin_job(visit, work, kind="recon", title=visit.t("recon.job", code=code))


async def make_case(visit: Visit) -> Response:
    """Open a case about a difference, once."""
    async with visit.changing() as connection:
        await open_case(connection, visit.number(), actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/recon", visit.t("recon.case_opened"))


async def close(visit: Visit) -> Response:
    """Close it without a correction."""
    note = visit.form.text("note", most=500)
    visit.form.check()
    async with visit.changing() as connection:
        await close_difference(connection, visit.number(), reason=note, actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/recon", visit.t("recon.closed"))


async def correct(visit: Visit) -> Response:
    """Book what the supplier says, once."""
    note = visit.form.text("note", most=500)
    visit.form.check()
    await correct_difference(
        visit.pool, visit.node.lane, visit.number(), note=note, actor=visit.actor
    )
    return visit.go(f"{visit.site.prefix}/recon", visit.t("recon.corrected"))
