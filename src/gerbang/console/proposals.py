"""What people proposed and a second person must agree to: decisions of orders, corrections."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from gerbang.approvals.read import list_proposals, show_proposal
from gerbang.errors import NotFoundError
from gerbang.people.role import Permission
from gerbang.web.pages.paging import ROWS, after_of, page_of
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

STATES: Final = ("waiting", "approved", "done", "overtaken", "rejected")
KINDS: Final = {"decisions": "order_decision", "corrections": "correction"}
NEEDED: Final = {
    "order_decision": ("decisions", Permission.ORDERS_DECIDE),
    "correction": ("corrections", Permission.BALANCE_CHANGE),
}


def add_pages(site: Site) -> None:
    """Add them; each kind is decided by those who may propose it."""
    site.get("/proposals", list_page, may=Permission.LEDGER_READ)
    for part, permission in NEEDED.values():
        site.post(f"/proposals/{part}/{{id}}/approve", approve, may=permission)
        site.post(f"/proposals/{part}/{{id}}/reject", reject, may=permission, form_page=list_page)


async def list_page(visit: Visit) -> Response:
    """List them; those that wait come first to mind."""
    wanted = visit.query.get("state", "waiting")
    state = wanted if wanted in STATES else None
    found = await list_proposals(visit.pool, state=state, before=after_of(visit.query), limit=ROWS)
    page = page_of(
        found["items"], after=found["next"], path=f"{visit.site.prefix}/proposals",
        query=visit.query,
    )  # fmt: skip
    return visit.page(
        "console/proposals.html", page=page, state=state or "", states=STATES, needed=NEEDED
    )


async def approve(visit: Visit) -> Response:
    """Agree; it is carried out at once."""
    done = await visit.node.approvals.approve(await _asked(visit), actor=visit.actor)
    kind = "warning" if done["state"] == "overtaken" else "success"
    return visit.go(_path(visit), f"{visit.t('proposals.approved')} {done['result']}", kind=kind)


async def reject(visit: Visit) -> Response:
    """Disagree, or take back what is one's own; nothing happens."""
    reason = visit.form.text("reason", most=500)
    visit.form.check()
    await visit.node.approvals.reject(await _asked(visit), reason=reason, actor=visit.actor)
    return visit.go(_path(visit), visit.t("proposals.rejected"))


async def _asked(visit: Visit) -> int:
    """Give the id, of the kind that the address says: the permission was checked for that one."""
    proposal = await show_proposal(visit.pool, visit.number())
    part = visit.path.split("/")[-3]
    if proposal["kind"] != KINDS.get(part):
        raise NotFoundError(visit.t("error.no_such_thing"))
    return visit.number()


def _path(visit: Visit) -> str:
    return f"{visit.site.prefix}/proposals"
