"""Areas of numbers on the console: imported whole or not at all, listed, asked about."""

from __future__ import annotations

from console.browser import Browser, add_user, told
from console.house import furnish
from gerbang.app import Node
from gerbang.people.role import Role

PATH = "/console/suppliers/areas"


async def test_a_table_is_imported_listed_and_asked_about(node: Node) -> None:
    await furnish(node)
    await add_user(node, Role.OWNER)
    owner = Browser(node)
    await owner.sign_in("owner")
    table = b"prefix,area\n0812,jawa-barat\n081234,jawa-timur\n"
    page = await owner.post(PATH, {}, files={"file": ("a.csv", table, "text/csv")})
    assert "2 prefixes taken" in page.text
    assert "jawa-timur" in page.text
    asked = await owner.get(f"{PATH}?number=081234561230")
    assert "jawa-timur</strong> (081234)" in asked.text
    assert "Not known" in (await owner.get(f"{PATH}?number=0999")).text
    wrong = b"prefix,area\n0813,bali\nx,bali\n"
    refused = await owner.post(PATH, {}, 422, files={"file": ("a.csv", wrong, "text/csv")})
    assert "line 3" in told(refused)
    assert "0813" not in (await owner.get(PATH)).text
    whole = {"file": ("a.csv", b"prefix,area\n0812,jawa-barat\n", "text/csv")}
    await owner.post(PATH, {"whole": "1"}, files=whole)
    assert "<td>081234</td>" not in (await owner.get(f"{PATH}?area=jawa-timur")).text
    await owner.close()
