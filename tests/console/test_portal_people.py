"""An operator lets people of a reseller into the portal, and only that reseller's people."""

from __future__ import annotations

import re

from console.browser import PASSWORD, Browser, add_user, told
from console.house import furnish
from gerbang.app import Node
from gerbang.people.read import list_users
from gerbang.people.role import Role
from gerbang.resellers.admin import find_reseller

PATH = "/console/resellers/TOKO/people"


async def people(node: Node) -> dict[str, int]:
    reseller = await find_reseller(node.pool, "TOKO")
    return {user["username"]: user["id"] for user in await list_users(node.pool, reseller["id"])}


async def test_a_person_is_made_with_a_password_shown_once_and_signs_in(
    node: Node, owner: Browser
) -> None:
    await furnish(node)
    assert "Nobody can sign in to the portal yet" in told(await owner.get(PATH))
    made = await owner.post(PATH, {"username": "siti", "name": "Siti"})
    found = re.search(r'data-copy="([^"]+)"', made.text)
    assert found is not None
    assert found[1] not in (await owner.get(PATH)).text
    siti = Browser(node)
    answer = await siti.post("/portal/sign-in", {"username": "siti", "password": found[1]})
    assert answer.url.path == "/portal/account/password"
    await siti.close()


async def test_a_stopped_person_is_signed_out_and_let_in_again(node: Node, owner: Browser) -> None:
    await furnish(node)
    await add_user(node, Role.RESELLER, "toko", reseller="TOKO")
    toko = Browser(node)
    await toko.post("/portal/sign-in", {"username": "toko", "password": PASSWORD})
    path = f"{PATH}/{(await people(node))['toko']}"
    assert "Stopped" in told(await owner.post(f"{path}/active", {}))
    assert (await toko.get("/portal")).url.path == "/portal/sign-in"
    assert "Stopped" not in told(await owner.post(f"{path}/active", {"active": "1"}))
    await toko.post("/portal/sign-in", {"username": "toko", "password": PASSWORD})
    new = await owner.post(f"{path}/password", {})
    assert "Password of toko" in told(new)
    assert (await toko.get("/portal")).url.path == "/portal/sign-in"
    await toko.close()


async def test_nobody_of_another_house_is_changed_from_here(node: Node, owner: Browser) -> None:
    await furnish(node)
    mine = await node.pool.fetchval("SELECT id FROM users WHERE username = 'owner'")
    for action in ("active", "password", "second-factor"):
        await owner.post(f"{PATH}/{mine}/{action}", {}, 404)
    taken = await owner.post(PATH, {"username": "owner", "name": "X"}, 422)
    assert "taken" in told(taken)


async def test_the_clock_of_a_demo_is_moved_and_no_other(node: Node, owner: Browser) -> None:
    await owner.get("/console/sandbox-clock", 404)
    await owner.post("/console/sandbox-clock", {"step": "day"}, 404)
    await node.pool.execute("UPDATE installation SET demo = true")
    node.is_demo = True
    await owner.post("/console/sandbox-clock", {"step": "year"}, 422)
    page = await owner.post("/console/sandbox-clock", {"step": "day"})
    assert "A day has passed" in told(page)
    assert node.sandbox_clock.offset.days == 1
