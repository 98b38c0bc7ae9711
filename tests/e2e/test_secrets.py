"""Nothing that a run writes down holds a secret: log, database and transcripts are searched."""

from __future__ import annotations

import hashlib
import time
from urllib.parse import quote

import httpx
import msgspec

from e2e.running_demo import RunningDemo
from gerbang.dialects.isikuota.wire import canonical_body, encode_request, sign
from gerbang.dialects.otomax.wire import make_sign
from gerbang.sandbox.demo_data import ISIKUOTA, OTOMAX, SUPPLIERS

TABLES = ("attempt_messages", "callback_deliveries", "refusals", "audit_log", "cases", "orders")


async def test_a_run_in_every_dialect_writes_no_secret_anywhere(demo: RunningDemo) -> None:
    used = await _live_a_little(demo)
    await _settle_down(demo)
    secrets = [
        *used,
        demo.facts["socx"]["token"],
        demo.facts["admin_token"],
        ISIKUOTA["secret_key"],
    ]
    secrets += [
        text
        for supplier in SUPPLIERS
        for name, text in supplier.secrets.items()
        # Words that stand anywhere by chance are looked for as parameters below.
        if name not in {"pin", "api_id"} and text != "supplier"
    ]
    spelled = {form for secret in secrets for form in (secret, quote(secret, safe=""))}
    patterns = {
        *spelled,
        "pin=1144",
        "pin=4321",
        "password=abcd",
        "password=supplier",
        '"api_key":"demo_api_key"',
    }
    # The greeting prints the demo's credentials on purpose; everything that is logged is JSON.
    logged = "\n".join(line for line in demo.log().splitlines() if line.startswith("{"))
    assert "order.settled" in logged
    found = [f"log: {p}" for p in patterns if p in logged]
    for table in TABLES:
        rows = await demo.fetch(f"SELECT t::text AS line FROM {table} t")  # noqa: S608 (our names)
        text = "\n".join(row["line"] for row in rows)
        found += [f"{table}: {p}" for p in patterns if p in text]
    assert found == []


async def _live_a_little(demo: RunningDemo) -> list[str]:
    """Order, ask, and fail to log in; give the signatures that travelled."""
    reference = f"SEC-{time.time_ns()}"
    token = demo.facts["socx"]["token"]
    used: list[str] = []
    async with demo.http() as http:
        body = {"code": "HSA5", "msisdn": "081234561230", "request_id": reference}
        await http.post("/reseller/api/v1/purchase", json=body, headers=demo.socx)
        wrong = {"Authorization": "Bearer wrong-" + hashlib.sha256(token.encode()).hexdigest()}
        await http.post("/reseller/api/v1/purchase", json=body, headers=wrong)
        used.append(wrong["Authorization"].removeprefix("Bearer "))
        query = {**body, "request_id": f"{reference}-G", "token": token}
        await http.get("/reseller/api/v1/http/purchase", params=query)
        for ending in ("1230", "1232", "1235"):
            order = _otomax(f"{reference}-{ending}", ending)
            used.append(order["sign"])
            await http.get("/trx/demo", params=order)
        plain = {k: v for k, v in _otomax(f"{reference}-P", "1230").items() if k != "sign"}
        await http.get("/trx", params={**plain, **OTOMAX})
        used.append(await _isikuota(http, f"{reference}-I"))
    return used


def _otomax(reference: str, ending: str) -> dict[str, str]:
    destination = f"08123456{ending}"
    parts = ("OtomaX", "YUSUF", "X10", destination, reference, OTOMAX["pin"], OTOMAX["password"])
    return {
        "product": "X10",
        "qty": "1",
        "dest": destination,
        "refID": reference,
        "memberID": "YUSUF",
        "sign": make_sign("|".join(parts)),
    }


async def _isikuota(http: httpx.AsyncClient, reference: str) -> str:
    business = {
        "cmd": "prepaid",
        "code": "TSEL21",
        "customer_no": "081234561230",
        "ref_id": reference,
    }
    timestamp = int(time.time())
    signature = sign(
        canonical_body(business), api_id="demo_api_id", timestamp=timestamp, **ISIKUOTA
    )
    body = encode_request(business, api_id="demo_api_id", signature=signature, timestamp=timestamp)
    answer = await http.post("/v1/order", content=body)
    assert msgspec.json.decode(answer.content)["code"] == "ORDER_SUCCESS"
    return signature


async def _settle_down(demo: RunningDemo) -> None:
    """Wait for the orders of this test; others at the same demo may stay open for good."""

    async def calm() -> bool:
        rows = await demo.fetch(
            "WITH ours AS (SELECT id, state FROM orders WHERE reference LIKE 'SEC-%')"
            " SELECT (SELECT count(*) FROM ours) AS made,"
            " (SELECT count(*) FROM ours WHERE state = 'pending')"
            " + (SELECT count(*) FROM callbacks JOIN ours ON ours.id = order_id"
            "     WHERE due_at IS NOT NULL) AS open"
        )
        return bool(rows[0]["made"] and rows[0]["open"] == 0)

    await demo.wait_for(calm, 60)
