"""Who may sign in to the portal for one reseller: made, stopped, given a new password."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from gerbang.console.temporary_password import make_person, renew_password
from gerbang.errors import NotFoundError
from gerbang.people.admin import change_user, remove_second_factor
from gerbang.people.read import list_users
from gerbang.people.role import Permission, Role
from gerbang.resellers.admin import find_reseller, show_reseller
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

PORTAL = "/portal"


def add_pages(site: Site) -> None:
    """Add them."""
    change, base = Permission.CREDENTIALS_CHANGE, "/resellers/{code}/people"
    site.get(base, people_page, may=Permission.RESELLERS_READ)
    site.post(base, add, may=change, form_page=people_page)
    site.post(f"{base}/{{id}}/active", switch, may=change)
    site.post(f"{base}/{{id}}/password", new_password, may=change)
    site.post(f"{base}/{{id}}/second-factor", drop_factor, may=change)


async def people_page(visit: Visit, made: Any = None) -> Response:
    """List them; a password only in the answer that made it."""
    reseller = await show_reseller(visit.pool, visit.name())
    return visit.page(
        "console/reseller_people.html",
        r=reseller,
        users=await _people(visit),
        made=made,
        portal=f"{str(visit.request.base_url).rstrip('/')}{PORTAL}",
    )


async def add(visit: Visit) -> Response:
    """Make a person with a password that is changed at the first sign-in."""
    return await people_page(
        visit, await make_person(visit, role=Role.RESELLER, reseller=visit.name())
    )


async def switch(visit: Visit) -> Response:
    """Let somebody in no more, or again."""
    user = await _person(visit)
    async with visit.changing() as connection:
        await change_user(
            connection, user["username"], active=visit.form.flag("active"), actor=visit.actor
        )
    return visit.go(_path(visit), visit.t("layout.saved"))


async def new_password(visit: Visit) -> Response:
    """Make a new password for somebody who forgot it, shown once."""
    user = await _person(visit)
    return await people_page(visit, await renew_password(visit, user["username"]))


async def drop_factor(visit: Visit) -> Response:
    """Take the second factor of somebody away."""
    user = await _person(visit)
    async with visit.changing() as connection:
        await remove_second_factor(connection, user["username"], actor=visit.actor)
    return visit.go(_path(visit), visit.t("account.factor_removed"))


def _path(visit: Visit) -> str:
    return f"{visit.site.prefix}/resellers/{visit.name()}/people"


async def _people(visit: Visit) -> list[dict[str, Any]]:
    reseller = await find_reseller(visit.pool, visit.name())
    return await list_users(visit.pool, reseller["id"])


async def _person(visit: Visit) -> dict[str, Any]:
    """Find somebody of this reseller: nobody else is changed from its page."""
    wanted = visit.number()
    for user in await _people(visit):
        if user["id"] == wanted:
            return user
    raise NotFoundError(visit.t("error.no_such_thing"))
