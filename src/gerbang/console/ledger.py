"""The ledger: accounts, a statement of any of them, the proof, profit and loss."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from starlette.responses import Response

from gerbang.clock import WIB, begin_of, days_between
from gerbang.console.day_range import read_days
from gerbang.errors import BadInputError
from gerbang.figures.profit import GROUPS, profit_by, profit_by_day
from gerbang.jobs.run import Job
from gerbang.ledger.read import statement
from gerbang.ledger.verify import verify
from gerbang.people.role import Permission
from gerbang.postgres.sql import load_queries
from gerbang.suppliers.read_float import show_floats
from gerbang.web.pages.job_pages import begin_job
from gerbang.web.pages.paging import ROWS, after_of, page_of
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

SQL = load_queries("gerbang.console", "ledger.sql")
KINDS: Final = ("reseller", "receivable", "supplier_float", "bank", "merchant", "house")
DAYS_MAX: Final = 92
CHECKS: Final = 8
"""About so many steps a verification has."""


def add_pages(site: Site) -> None:
    """Add them."""
    read = Permission.LEDGER_READ
    site.get("/ledger", accounts_page, may=read)
    site.get("/ledger/accounts/{code:path}", account_page, may=read)
    site.get("/ledger/proof", proof_page, may=read)
    site.post("/ledger/proof", start_verification, may=Permission.LEDGER_VERIFY)
    site.get("/ledger/profit", profit_page, may=read)


async def accounts_page(visit: Visit) -> Response:
    """List accounts with balances."""
    query = {k: v.replace("\x00", "") for k, v in visit.query.items()}
    kind = query.get("kind") if query.get("kind") in KINDS else None
    text = query.get("q", "").strip()[:60]
    rows = await visit.pool.fetch(SQL.accounts, query.get("after", ""), kind, text or None, ROWS)
    items = [dict(row) for row in rows]
    after = items[-1]["code"] if len(items) == ROWS else None
    page = page_of(items, after=after, path=visit.path, query=query)
    template = "console/account_table.html" if visit.is_fragment else "console/accounts.html"
    return visit.page(template, page=page, kind=kind or "", kinds=KINDS, text=text)


async def account_page(visit: Visit) -> Response:
    """Show the entries of one account, and its balance at any moment."""
    code = visit.name()
    found = await statement(visit.pool, code, before=after_of(visit.query), limit=ROWS)
    page = page_of(found["items"], after=found["next"], path=visit.path, query=visit.query)
    account, at_text = found["account"], visit.query.get("at", "")
    then: Any = None
    moment = _moment(at_text)
    if moment is not None:
        sql = SQL.account_at if account["tracked"] else SQL.untracked_at
        row = await visit.pool.fetchrow(sql, account["id"], moment)
        then = row["balance"] if row else 0
    return visit.page(
        "console/account.html", account=account, page=page, at=at_text, then=then, moment=moment
    )


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=WIB) if text else None
    except ValueError:
        return None


# --- proof ----------------------------------------------------------------------------------------


async def proof_page(visit: Visit) -> Response:
    """Show the figures that must agree, the seals, and the last verification."""
    row = await visit.pool.fetchrow(SQL.proof)
    return visit.page(
        "console/proof.html",
        figures=dict(row or {}),
        journal=await visit.pool.fetchrow(SQL.journal),
        banks=await visit.pool.fetch(SQL.accounts, "", "bank", None, ROWS),
        floats=await show_floats(visit.pool),
        seals=await visit.pool.fetch(SQL.last_seals),
        last=await visit.pool.fetchrow(SQL.last_verification),
    )


async def start_verification(visit: Visit) -> Response:
    """Recompute everything in one snapshot, in the background."""
    differ = visit.t("ledger.differ")

    async def work(job: Job) -> None:
        done = 0

        def tell(_step: str) -> None:
            nonlocal done
            done += 1
            job.latest = (min(done, CHECKS), CHECKS)

        connection = await job.own_connection()
        try:
            result = await verify(connection, progress=tell)
        finally:
            await connection.close()
        job.result |= {
            "accounts": result.accounts,
            "transfers": result.transfers,
            "entries": result.entries,
            "orders": result.orders,
            "columns": ["check", "differences"],
            "table": [[c.name, "\n".join(c.differences[:50]) or "0"] for c in result.checks],
        }
        if not result.clean:
            raise BadInputError(differ)

    return await begin_job(visit, work, kind="ledger.verify", title=visit.t("ledger.verify_title"))


# --- profit and loss ------------------------------------------------------------------------------


async def profit_page(visit: Visit) -> Response:
    """Show sales, cost and margin by day, product, supplier or reseller."""
    days_asked = read_days(visit, usual=7, most=DAYS_MAX)
    first, last = days_asked.first, days_asked.last
    group = visit.query.get("by", "product")
    group = group if group in GROUPS else "product"
    days = await profit_by_day(visit.pool, first, last)
    rows = await profit_by(visit.pool, group, first, last)
    every = days_between(first, last)
    return visit.page(
        "console/profit.html",
        first=first,
        last=last,
        trouble=days_asked.trouble,
        group=group,
        groups=GROUPS,
        days=days,
        rows=rows,
        sums={k: sum(d[k] for d in days) for k in ("sales", "cost", "fees", "other")},
        chart=_day_chart(visit, every, days),
        bars=_group_chart(visit, rows[:12]),
    )


def _day_chart(visit: Visit, every: list[date], days: list[dict[str, Any]]) -> dict[str, Any]:
    known = {row["day"]: row for row in days}
    stamps = [int(begin_of(d).timestamp()) for d in every]
    rows = [known.get(d, {"sales": 0, "cost": 0}) for d in every]
    return {
        "data": [
            stamps,
            [row["sales"] for row in rows],
            [row["cost"] for row in rows],
            [row["sales"] - row["cost"] for row in rows],
        ],
        "series": [
            {"label": visit.t("overview.sales_word"), "colour": "azure"},
            {"label": visit.t("order.cost"), "colour": "orange"},
            {"label": visit.t("order.margin"), "colour": "green", "fill": True},
        ],
        "by": "day",
        "money": True,
    }


def _group_chart(visit: Visit, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "data": [list(range(len(rows))), [row["sales"] - row["cost"] for row in rows]],
        "names": [row["name"] for row in rows],
        "series": [{"label": visit.t("order.margin"), "colour": "green"}],
        "kind": "bars",
        "x": "index",
        "money": True,
    }
