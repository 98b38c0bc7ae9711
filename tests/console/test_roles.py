"""Every page and every action of the console is tried as every role, and as nobody."""

from __future__ import annotations

import re

import pytest

from console.browser import PASSWORD, Browser, add_user, told
from console.house import furnish
from gerbang.app import Node
from gerbang.console.site import create_console
from gerbang.people.role import ALLOWED, CONSOLE_ROLES, Role
from gerbang.portal.site import create_portal
from gerbang.web.pages.site import Entry

STANDS_FOR = {
    "/resellers/{code}": "TOKO",
    "/products/{code": "S5",
    "/suppliers/{code}": "maju",
    "/ledger/accounts/{code": "reseller:TOKO",
}


def path_of(entry: Entry) -> str:
    """An address for an entry: things that are there, or numbers that are not."""
    path = entry.path
    for start, value in STANDS_FOR.items():
        if path.startswith(f"/console{start}"):
            path = re.sub(r"\{code(?::path)?\}", value, path)
    return re.sub(r"\{\w+(?::\w+)?\}", "999999", path)


@pytest.fixture
async def house(node: Node) -> Node:
    await furnish(node)
    for role in CONSOLE_ROLES:
        await add_user(node, role)
    return node


async def test_each_role_gets_what_it_is_allowed_and_nothing_else(house: Node) -> None:
    entries = create_console(house.pages).entries
    closed = [e for e in entries if e.permission is not None]
    assert len(closed) > 70
    for role in CONSOLE_ROLES:
        browser = Browser(house)
        await browser.sign_in(role.value)
        for entry in closed:
            if entry.path.endswith(("/live", "/end-others")):
                continue
            answer = await browser.client.request(
                entry.method, path_of(entry), follow_redirects=False, data=None
            )
            wrong = f"{role} {entry.method} {entry.path}: {answer.status_code} {told(answer)[:200]}"
            assert answer.status_code < 500, wrong
            refused = answer.status_code == 403
            assert refused == (entry.permission not in ALLOWED[role]), wrong
        await browser.close()


async def test_nobody_and_people_of_the_portal_get_nothing(house: Node) -> None:
    await add_user(house, Role.RESELLER, "toko", reseller="TOKO")
    stranger = Browser(house)
    for entry in create_console(house.pages).entries:
        if entry.permission is None:
            continue
        answer = await stranger.client.request(entry.method, path_of(entry), follow_redirects=False)
        assert answer.status_code == 303, entry.path
        assert answer.headers["location"].startswith("/console/sign-in"), entry.path
    await stranger.sign_in("toko", status=422)
    await stranger.close()


async def test_every_entry_of_the_menu_leads_somewhere(house: Node) -> None:
    site = create_console(house.pages)
    paths = {entry.path for entry in site.entries if entry.method == "GET"}
    for item in site.navigation:
        assert f"/console{item.path}" in paths


async def test_every_page_and_action_of_the_portal_is_for_its_own_people_alone(house: Node) -> None:
    await add_user(house, Role.RESELLER, "toko", reseller="TOKO")
    nobody, operator, toko = Browser(house), Browser(house), Browser(house)
    await operator.sign_in("owner")
    await toko.post("/portal/sign-in", {"username": "toko", "password": PASSWORD})
    closed = [e for e in create_portal(house.pages).entries if e.permission is not None]
    assert len(closed) > 50
    for entry in closed:
        for stranger in (nobody, operator):
            answer = await stranger.client.request(
                entry.method, path_of(entry), follow_redirects=False
            )
            assert answer.status_code == 303, entry.path
            assert answer.headers["location"].startswith("/portal/sign-in"), entry.path
        if entry.path.endswith(("/live", "/end-others")):
            continue
        answer = await toko.client.request(entry.method, path_of(entry), follow_redirects=False)
        assert answer.status_code not in (403, 500), f"{entry.path}: {answer.status_code}"
    for one in (nobody, operator, toko):
        await one.close()
