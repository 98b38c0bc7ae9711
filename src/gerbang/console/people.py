"""People and security: users, roles, second factors, sessions, the audit log, the address list."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any, Final

from starlette.responses import Response

from gerbang.console.temporary_password import make_person, renew_password
from gerbang.errors import BadInputError, NotFoundError
from gerbang.people.admin import (
    allow_network,
    change_user,
    forbid_network,
    remove_second_factor,
)
from gerbang.people.read import list_networks, list_users
from gerbang.people.role import ALLOWED, CONSOLE_ROLES, Permission, Role
from gerbang.people.session import end_sessions, list_sessions
from gerbang.postgres.sql import load_queries
from gerbang.web.pages.paging import ROWS, after_of, page_of
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

SQL = load_queries("gerbang.console", "people.sql")
NEWEST: Final = 2**62


def add_pages(site: Site) -> None:
    """Add them."""
    read, change = Permission.PEOPLE_READ, Permission.PEOPLE_CHANGE
    site.get("/people", people_page, may=read)
    site.post("/people", add, may=change, form_page=people_page)
    site.post("/people/{name}/change", change_one, may=change)
    site.post("/people/{name}/password", new_password, may=change)
    site.post("/people/{name}/second-factor", drop_factor, may=change)
    site.get("/people/sessions", sessions_page, may=read)
    site.post("/people/sessions/{id}/end", end_session, may=change)
    site.get("/people/networks", networks_page, may=read)
    site.post("/people/networks", add_network, may=change, form_page=networks_page)
    site.post("/people/networks/remove", remove_network, may=change)
    site.get("/people/roles", roles_page, may=read)
    site.get("/audit", audit_page, may=Permission.AUDIT_READ)


async def people_page(visit: Visit, made: Any = None) -> Response:
    """List the users; a password only in the answer that made it."""
    users = await list_users(visit.pool)
    return visit.page("console/people.html", users=users, roles=CONSOLE_ROLES, made=made)


async def add(visit: Visit) -> Response:
    """Make a user with a password that is changed at the first sign-in."""
    role = visit.form.choice("role", CONSOLE_ROLES)
    visit.form.check()
    return await people_page(visit, await make_person(visit, role=Role(role)))


async def change_one(visit: Visit) -> Response:
    """Give another role, or let somebody in no more."""
    role = visit.form.choice("role", CONSOLE_ROLES)
    visit.form.check()
    async with visit.changing() as connection:
        await change_user(
            connection,
            visit.name("name"),
            role=Role(role),
            active=visit.form.flag("active"),
            actor=visit.actor,
        )
    return visit.go(f"{visit.site.prefix}/people", visit.t("layout.saved"))


async def new_password(visit: Visit) -> Response:
    """Make a new password for somebody who forgot it, shown once."""
    return await people_page(visit, await renew_password(visit, visit.name("name")))


async def drop_factor(visit: Visit) -> Response:
    """Take the second factor of somebody away."""
    async with visit.changing() as connection:
        await remove_second_factor(connection, visit.name("name"), actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/people", visit.t("account.factor_removed"))


async def sessions_page(visit: Visit) -> Response:
    """List every browser that is signed in to the console."""
    sessions = await list_sessions(
        visit.pool, realm="console", idle_s=visit.kit.settings.session_idle_s
    )
    return visit.page("console/sessions.html", sessions=sessions)


async def end_session(visit: Visit) -> Response:
    """Sign a browser out."""
    user_id = await visit.pool.fetchval(SQL.user_of_session, visit.number())
    if user_id is None:
        raise NotFoundError(visit.t("error.no_such_thing"))
    await end_sessions(visit.pool, user_id, only=visit.number())
    return visit.go(f"{visit.site.prefix}/people/sessions", visit.t("account.session_ended"))


async def networks_page(visit: Visit) -> Response:
    """Show from where the console may be used."""
    return visit.page("console/networks.html", networks=await list_networks(visit.pool))


async def add_network(visit: Visit) -> Response:
    """Allow a network. The first one must have one's own address in it."""
    form = visit.form
    text, note = form.text("network", most=60), form.text("note", needed=False, most=200)
    form.check()
    known = [row["network"] for row in await list_networks(visit.pool)]
    if not _covered(visit.ip, [*known, text]):
        said = visit.t("people.would_lock_you_out", ip=visit.ip)
        raise BadInputError(said, {"network": said})
    async with visit.changing() as connection:
        await allow_network(connection, text, note, actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/people/networks", visit.t("layout.saved"))


async def remove_network(visit: Visit) -> Response:
    """Take a network off, unless that would lock oneself out."""
    network = visit.form.text("network", most=60)
    visit.form.check()
    left = [r["network"] for r in await list_networks(visit.pool) if r["network"] != network]
    if left and not _covered(visit.ip, left):
        raise BadInputError(visit.t("people.would_lock_you_out", ip=visit.ip))
    async with visit.changing() as connection:
        await forbid_network(connection, network, actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/people/networks", visit.t("layout.saved"))


def _covered(ip: str, networks: list[str]) -> bool:
    for text in networks:
        try:
            if ip_address(ip) in ip_network(text.strip(), strict=False):
                return True
        except ValueError:
            continue
    return False


async def roles_page(visit: Visit) -> Response:
    """Show what each role may do."""
    shown = [p for p in Permission if any(p in ALLOWED[role] for role in CONSOLE_ROLES)]
    return visit.page("console/roles.html", permissions=shown, roles=CONSOLE_ROLES, allowed=ALLOWED)


async def audit_page(visit: Visit) -> Response:
    """Show who changed what, with what it was before."""
    query = {k: v.replace("\x00", "") for k, v in visit.query.items()}
    text = query.get("q", "").strip()[:100]
    rows = await visit.pool.fetch(SQL.audit, after_of(query) or NEWEST, text or None, ROWS)
    items = [dict(row) for row in rows]
    after = items[-1]["id"] if len(items) == ROWS else None
    page = page_of(items, after=after, path=visit.path, query=query)
    template = "console/audit_table.html" if visit.is_fragment else "console/audit.html"
    return visit.page(template, page=page, text=text)
