"""Areas of destinations: read, kept, and what a route with areas does with them."""

from __future__ import annotations

import pytest

from api.test_api import Api
from api.test_floats import api, house  # noqa: F401 (fixtures)
from gerbang.errors import BadInputError
from gerbang.routing.areas import read_areas

TABLE = b"prefix;area\n0812;JATENG\n081234;SOLO\n0852;JABAR\n"


def test_a_table_is_read_and_every_wrong_line_is_named() -> None:
    assert read_areas(TABLE) == {"0812": "JATENG", "081234": "SOLO", "0852": "JABAR"}
    wrong = b"prefix,area\n08,X\n0812,\n0813,A\n0813,B\nabc,Y\n"
    with pytest.raises(BadInputError) as error:
        read_areas(wrong)
    for line in ("line 2: prefix", "line 3: area", "line 5: prefix 0813 has two", "line 6: prefix"):
        assert line in error.value.message
    with pytest.raises(BadInputError):
        read_areas(b"number,place\n0812,X\n")


async def test_a_route_with_areas_serves_only_them_and_a_whole_table_takes_others_away(
    api: Api,  # noqa: F811 (the fixture)
) -> None:
    async def post(path: str, body: bytes, status: int = 200) -> dict[str, object]:
        answer = await api.client.post(f"/api{path}", content=body)
        assert answer.status_code == status, answer.text
        found: dict[str, object] = answer.json()
        return found

    assert await post("/areas/import", TABLE) == {"prefixes": 3, "changed": 3, "removed": 0}
    assert (await api.call("GET", "/areas/of?destination=08123456789"))["area"] == "SOLO"
    assert (await api.call("GET", "/areas/of?destination=08129999999"))["area"] == "JATENG"
    assert (await api.call("GET", "/areas/of?destination=0899999"))["area"] == ""
    names = (await api.call("GET", "/areas/names"))["items"]
    assert [one["area"] for one in names] == ["JABAR", "JATENG", "SOLO"]

    planner, snapshot = api.node.planner, api.node.snapshot
    route = next(iter(snapshot.routes_of(snapshot.product_ids["HSA5"])))
    await api.call("PATCH", f"/routes/{route.id}", json={"rules": {"areas": ["SOLO"]}})
    reseller = snapshot.reseller_by_code("TT")
    assert reseller is not None

    def code_for(destination: str) -> str:
        wish = planner._wish(reseller, destination=destination, price=9_000, amount=0)
        (verdict,) = planner._choose(route.product_id, wish).verdicts
        return str(verdict.code)

    assert [code_for(n) for n in ("0812345", "0812999", "0899999")] == ["chosen", "area", "area"]
    report = await post("/areas/import?whole=true", b"prefix,area\n0812,SOLO\n")
    assert report == {"prefixes": 1, "changed": 1, "removed": 2}
    assert code_for("0812999") == "chosen"
    assert (await api.call("GET", "/areas"))["items"] == [{"prefix": "0812", "area": "SOLO"}]
    await post("/areas/import", b"prefix,area\n1,X\n", 422)
