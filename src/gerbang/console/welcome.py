"""The first owner: asked for while nobody can sign in, with a code that only the server knows."""

from __future__ import annotations

import hmac
from typing import Final

from starlette.responses import Response

from gerbang.errors import BadInputError, ConflictError
from gerbang.people.admin import create_user
from gerbang.people.role import Role
from gerbang.people.sign_in import check_password_of
from gerbang.postgres.sql import load_queries
from gerbang.web.pages.account import begin
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

SQL = load_queries("gerbang.console", "console.sql")
PURPOSE: Final = "first owner"


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/welcome", welcome_page, may=None)
    site.post("/welcome", create_owner, may=None, form_page=welcome_page)


async def nobody_yet(visit: Visit) -> bool:
    """Tell whether there is no user of the console."""
    return not await visit.pool.fetchval(SQL.has_console_users)


async def welcome_page(visit: Visit) -> Response:
    """Ask for the first owner."""
    if not await nobody_yet(visit):
        return visit.go(f"{visit.site.prefix}/sign-in")
    return visit.page("console/welcome.html", code=visit.query.get("code", ""))


async def create_owner(visit: Visit) -> Response:
    """Make the first owner and sign in."""
    form = visit.form
    wanted = visit.kit.box.code(PURPOSE)
    if not hmac.compare_digest(form.raw("code").strip().encode(), wanted.encode()):
        form.refuse("code", visit.t("welcome.wrong_code"))
    username, name = form.text("username"), form.text("name")
    if form.raw("password") != form.raw("password_again"):
        form.refuse("password_again", visit.t("account.not_the_same"))
    form.check()
    await _create(visit, username, name)
    user = await check_password_of(
        visit.pool,
        username,
        form.raw("password"),
        realm="console",
        ip=visit.ip,
        passwords=visit.kit.passwords,
        limits=visit.kit.limits,
    )
    answer = visit.go(f"{visit.site.prefix}/start", visit.t("welcome.done", name=name))
    await begin(visit, answer, user, second_factor_due=False)
    return answer


async def _create(visit: Visit, username: str, name: str) -> None:
    async with visit.changing() as connection:
        await connection.execute(SQL.lock_first_owner)
        if await connection.fetchval(SQL.has_console_users):
            raise ConflictError(visit.t("welcome.somebody_was_first"))
        try:
            await create_user(
                connection,
                username,
                name=name,
                role=Role.OWNER,
                password=visit.form.raw("password"),
                passwords=visit.kit.passwords,
                actor="console:first",
            )
        except BadInputError as error:
            if "password" in error.fields:
                text = visit.t("account.password_rule")
                raise BadInputError(text, {"password": text}) from error
            raise
