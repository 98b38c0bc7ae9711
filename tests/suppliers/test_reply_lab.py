"""The reply lab: a reply is tried, kept, and protects itself against new rules."""

from __future__ import annotations

from typing import Any

from api.test_api import Api
from api.test_floats import api, house  # noqa: F401 (fixtures)
from orders.house import House

REPLY = "R#12 HSA5.0812345 SUKSES. SN/Ref: 04112233. Saldo 10.000 - 5.000 = 5.000"
WRONG: list[Any] = [{"name": "all", "pattern": "SUKSES", "outcome": "pending"}]


async def test_a_reply_is_tried_and_kept_and_rules_that_read_it_otherwise_are_refused(
    api: Api,  # noqa: F811 (the fixture)
    house: House,  # noqa: F811 (the fixture)
) -> None:
    await api.call("POST", "/suppliers/s1/replies/try", 409, json={"text": REPLY})  # SocX
    await house.connection.execute("UPDATE suppliers SET dialect = 'otomax'")
    tried = await api.call("POST", "/suppliers/s1/replies/try", json={"text": REPLY})
    assert (tried["reading"]["outcome"], tried["reading"]["sn"]) == ("success", "04112233")
    assert [match["wins"] for match in tried["matches"]].count(True) == 1

    kept = {"name": "success", "text": REPLY}
    await api.call("POST", "/suppliers/s1/replies", 201, json=kept)
    await api.call("POST", "/suppliers/s1/replies", 409, json=kept)
    (listed,) = (await api.call("GET", "/suppliers/s1/replies"))["items"]
    assert listed["kept"]["sn"] == "04112233"

    other = {"text": REPLY, "rules": WRONG}
    tried = await api.call("POST", "/suppliers/s1/replies/try", json=other)
    assert "outcome" in {difference["what"] for difference in tried["differences"]}
    change = {"settings": {"reply_rules": WRONG}}
    refused = await api.call("PATCH", "/suppliers/s1", 409, json=change)
    assert "success: outcome 'success' would be 'pending'" in str(refused)
    assert (
        await house.connection.fetchval("SELECT settings ? 'reply_rules' FROM suppliers") is False
    )

    await api.call("POST", "/suppliers/s1/replies/drop", 204, json={"name": "success"})
    await api.call("POST", "/suppliers/s1/replies/drop", 404, json={"name": "success"})
    await api.call("PATCH", "/suppliers/s1", json=change)


async def test_rules_that_cannot_be_used_are_named(
    api: Api,  # noqa: F811 (the fixture)
    house: House,  # noqa: F811 (the fixture)
) -> None:
    await house.connection.execute("UPDATE suppliers SET dialect = 'otomax'")
    body = {"text": "x", "rules": ["nosuchset"]}
    assert "nosuchset" in str(await api.call("POST", "/suppliers/s1/replies/try", 422, json=body))
