from __future__ import annotations

from api.test_api import Api
from api.test_floats import api, house

__all__ = ["api", "house"]


async def test_a_statement_is_compared_and_its_difference_corrected(api: Api) -> None:
    path = "/suppliers/s1/reconciliation?from=2026-01-01&to=2026-01-31"
    bad = await api.call("POST", path, content="reference,amount\nA,much\n")
    assert (bad["id"], bad["bad_count"]) == (None, 1)
    report = await api.call("POST", path, content="reference,amount\nA,700\nB,-50\n")
    assert report["differences"]["missing_here"] == 2
    first, second = (await api.call("GET", "/recon/differences?supplier=s1"))["items"]
    item = f"/recon/differences/{first['id']}"
    assert (await api.call("POST", f"{item}/case"))["case_id"]
    booked = await api.call("POST", f"{item}/correction", 201, json={"note": "their invoice"})
    assert booked["transfer_id"]
    await api.call("POST", f"{item}/correction", 409, json={"note": "again"})
    other = f"/recon/differences/{second['id']}"
    closed = await api.call("POST", f"{other}/close", json={"note": "a gift"})
    assert (closed["resolution"], closed["closed_by"]) == ("a gift", "api:test")
    assert (await api.call("GET", "/recon/ages"))["items"] == []
    assert len((await api.call("GET", "/recon/differences?open_only=false"))["items"]) == 2
    assert (await api.call("GET", "/recon/runs"))["items"][0]["theirs_amount"] == 650
    assert (await api.call("GET", item))["closed_at"]
    assert (await api.call("GET", "/ledger/verify"))["clean"] is True
    await api.call("GET", "/recon/differences/99", 404)
    await api.call("POST", path.replace("s1", "none"), 404, content="reference,amount\n")
    await api.call("POST", path.replace("2026-01-31", "2025-01-31"), 422, content="a")
