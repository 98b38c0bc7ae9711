"""Card merchants in the console: made, changed, given a new key, with their checklist."""

from __future__ import annotations

import re

import pytest

from console.browser import Browser, add_user
from console.house import furnish
from gerbang.app import Node
from gerbang.cards.admin import show_merchant
from gerbang.people.role import Role

PATH = "/console/cards/merchants"
FORM = {
    "name": "Toko Baru", "status": "suspended", "amount_min": "1.000", "amount_max": "5.000.000",
    "mdr": "150", "secure": "1", "cancels": "1",
}  # fmt: skip


@pytest.fixture
async def house(node: Node) -> Node:
    await furnish(node)
    for role in (Role.OWNER, Role.FINANCE, Role.VIEWER):
        await add_user(node, role)
    return node


async def test_a_merchant_is_made_changed_and_given_a_new_key(house: Node) -> None:
    owner, viewer = Browser(house), Browser(house)
    await owner.sign_in("owner")
    await viewer.sign_in("viewer")
    new = {"imid": "TOKOKARTU1", "name": "Toko", "acquirer": "sandbox", "reseller": "TOKO"}
    await owner.post(f"{PATH}/new", new | {"imid": "x"}, 422)
    made = await owner.post(f"{PATH}/new", new)
    key = re.findall(r'data-copy="([^"]{20,})"', made.text)[0]
    page = await owner.get(f"{PATH}/TOKOKARTU1")
    assert key not in page.text
    assert "Integration checklist" in page.text
    assert "TOKOKARTU1" in (await viewer.get(PATH)).text
    await owner.post(f"{PATH}/TOKOKARTU1", FORM)
    shown = await show_merchant(house.pool, "TOKOKARTU1")
    assert (shown["name"], shown["status"]) == ("Toko Baru", "suspended")
    assert (shown["limits"]["amount_min"], shown["limits"]["amount_max"]) == (1_000, 5_000_000)
    assert (shown["features"]["secure"], shown["features"]["refunds"]) == (True, False)
    assert shown["mdr"]["default"] == 150
    await owner.post(f"{PATH}/TOKOKARTU1", FORM | {"amount_min": "x"}, 422)
    again = await owner.post(f"{PATH}/TOKOKARTU1/key", {})
    assert re.findall(r'data-copy="([^"]{20,})"', again.text)[0] != key
    await viewer.post(f"{PATH}/TOKOKARTU1", FORM, 403)
    assert "amount_min" not in (await viewer.get(f"{PATH}/TOKOKARTU1")).text
    await owner.get(f"{PATH}/NOBODY0000", 404)
    for browser in (owner, viewer):
        await browser.close()
