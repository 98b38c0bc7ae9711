"""Tokens of the management API: everybody's own, made where the person is signed in."""

from __future__ import annotations

from starlette.responses import Response

from gerbang.api.tokens import create_token, list_tokens, revoke_token
from gerbang.people.role import Permission
from gerbang.web.pages.account import ask_own_password
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit


def add_pages(site: Site) -> None:
    """Add them; a token may no more than its person, so everybody may have some."""
    own = Permission.OWN_ACCOUNT
    site.get("/tokens", tokens_page, may=own)
    site.post("/tokens", create, may=own, form_page=tokens_page)
    site.post("/tokens/{id}/revoke", revoke, may=own)


async def tokens_page(visit: Visit, made: tuple[str, str] | None = None) -> Response:
    """List one's own tokens, or all for who looks after people; a new one only once."""
    tokens = await list_tokens(visit.pool, user_id=_whose(visit))
    return visit.page("console/tokens.html", tokens=tokens, made=made)


async def create(visit: Visit) -> Response:
    """Make a token of one's own, after the password: it outlives the session."""
    name = visit.form.text("name", most=100)
    visit.form.check()
    await ask_own_password(visit)
    async with visit.changing() as connection:
        token = await create_token(connection, name, user=visit.user.username, actor=visit.actor)
    return await tokens_page(visit, (name, token))


async def revoke(visit: Visit) -> Response:
    """Let one hold no more: one's own, or any for who looks after people."""
    async with visit.changing() as connection:
        await revoke_token(connection, visit.number(), user_id=_whose(visit), actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/tokens", visit.t("tokens.revoked"))


def _whose(visit: Visit) -> int | None:
    return None if visit.may(Permission.PEOPLE_CHANGE) else visit.user.id
