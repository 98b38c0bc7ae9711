"""What an integrator does: trigger, listen, read the log, have a signature explained, go live."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from api.running import Running, running
from gerbang.application import all_routes
from gerbang.dialects.contract import (
    Inquiry,
    Pay,
    ProductKind,
    Purchase,
    Refusal,
    TicketRequest,
)
from gerbang.dialects.isikuota.wire import (
    canonical_body,
    encode_request,
    sign,
    sign_webhook,
)
from gerbang.dialects.otomax.wire import make_sign
from gerbang.ledger.verify import verify
from gerbang.orders.reasons import Reason
from gerbang.sandbox.magic import PLANS
from gerbang.web.client_address import ClientAddress
from gerbang.web.fast_paths import FastPaths
from outbound.peer import OK, Peer

DEADLINE_S = 60.0


async def acknowledge(_reader: Any, writer: asyncio.StreamWriter, _count: int) -> None:
    writer.write(OK)
    await writer.drain()


@pytest.fixture
async def receiver() -> AsyncIterator[Peer]:
    """Give a receiver of callbacks that acknowledges everything."""
    async for peer in _peer():
        yield peer


@pytest.fixture
async def supplier() -> AsyncIterator[Peer]:
    """Give a supplier that nobody may ever call."""
    async for peer in _peer():
        yield peer


async def _peer() -> AsyncIterator[Peer]:
    peer = Peer(acknowledge)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    yield peer
    for writer in peer.tasks.values():
        writer.close()
    server.close()


@pytest.fixture
async def at(database_url: str, tmp_path: Path, supplier: Peer) -> AsyncIterator[Running]:
    """Give a working node with a product that is routed to the supplier, and one reseller."""
    async with running(
        database_url, tmp_path, work=True, demo=True, callback_private_addresses_allowed=True
    ) as here:
        await here.product()
        body = {
            "code": "s1",
            "name": "S",
            "dialect": "socx",
            "base_url": supplier.url,
            "secrets": {"token": "t"},
        }
        await here.call("POST", "/suppliers", 201, json=body)
        route = {"product": "HSA5", "supplier": "s1", "supplier_product_code": "S5", "cost": 5_000}
        await here.call("POST", "/routes", 201, json=route)
        await here.reseller(
            "TOKO", allowed_ips=["127.0.0.1"], dialects=["isikuota", "socx", "otomax"]
        )
        await here.call(
            "POST", "/resellers/TOKO/credits", 201, json={"amount": 200_000, "key": "k"}
        )
        yield here


async def until(found: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(DEADLINE_S):
        while not (value := await found()):  # noqa: ASYNC110 (the database has no event)
            await asyncio.sleep(0.05)
    return value


async def calm(at: Running) -> None:
    """Wait until every step of every testing order and every callback has happened."""

    async def nothing_waits() -> bool:
        waiting = await at.node.pool.fetchval(
            "SELECT (SELECT count(*) FROM sandbox_steps WHERE done_at IS NULL)"
            " + (SELECT count(*) FROM callbacks WHERE state IN ('due', 'waiting'))"
        )
        return bool(waiting == 0)

    await until(nothing_waits)


def isikuota(business: dict[str, Any], issued: dict[str, Any]) -> bytes:
    """Write a signed request."""
    keys = {"api_id": issued["key"], **issued["secrets"]}
    now = int(time.time())
    signature = sign(canonical_body(business), timestamp=now, **keys)
    return encode_request(business, api_id=issued["key"], signature=signature, timestamp=now)


# --- who ------------------------------------------------------------------------------------------


def basic(key: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}


async def test_testing_credentials_let_in_and_live_ones_do_not(at: Running) -> None:
    for testing in (True, False):
        socx = await at.credential("TOKO", "socx", testing=testing)
        isi = await at.credential("TOKO", "isikuota", testing=testing)
        oto = await at.credential("TOKO", "otomax", testing=testing)
        status = 200 if testing else 401
        for headers in (
            {"authorization": f"Bearer {socx['secrets']['token']}"},
            basic(isi["key"], isi["secrets"]["secret_key"]),
            basic(oto["key"], oto["secrets"]["password"]),
        ):
            shown = await at.call("GET", "/testing/me", status, headers=headers)
            assert not testing or shown["reseller"] == "TOKO"
        wrong = basic(isi["key"], isi["secrets"]["api_key"])
        await at.call("GET", "/testing/me", 401, headers=wrong)
    for odd in ("", "Basic ???", "Basic eA==", "Bearer", "Digest x"):
        await at.call("GET", "/testing/me", 401, headers={"authorization": odd})
    await at.call("GET", "/testing/me", 422)
    await at.call("PATCH", "/resellers/TOKO", json={"allowed_ips": ["203.0.113.9"]})
    oto = await at.credential("TOKO", "otomax", testing=True)
    for password in (oto["secrets"]["password"], "a guess"):
        strange = basic(oto["key"], password)
        await at.call("GET", "/testing/me", 403, headers=strange)
    assert (await at.call("GET", "/testing/me?reseller=TOKO"))["reseller"] == "TOKO"


async def test_a_tester_sees_and_resends_only_what_is_his(at: Running) -> None:
    await at.reseller("OTHER")
    mine = await at.credential("TOKO", "socx", testing=True)
    theirs = await at.credential("OTHER", "socx", testing=True)
    own, other = ({"authorization": f"Bearer {one['secrets']['token']}"} for one in (mine, theirs))
    await at.call("GET", "/testing/callbacks", headers=own)
    await at.call("POST", "/testing/trigger", 201, headers=own, json={"event": "order.success"})
    feed = "/testing/callbacks?since=2020-01-01T00:00:00Z"

    async def heard() -> Any:
        return (await at.call("GET", feed, headers=own))["items"]

    callback = (await until(heard))[0]
    assert (await at.call("GET", feed, headers=other))["items"] == []
    assert (await at.call("GET", "/testing/log?since=2020-01-01T00:00:00Z", headers=other))[
        "items"
    ] == []
    await at.call("POST", f"/testing/callbacks/{callback['id']}/resend", 404, headers=other)
    body = {"status": 200}
    path = f"/testing/callbacks/{callback['id']}/answer"
    await at.call("POST", path, 404, headers=other, json=body)
    await at.call("POST", path, 204, headers=own, json=body)
    await calm(at)
    await at.call("POST", f"/testing/callbacks/{callback['id']}/resend", 202, headers=own)


async def test_a_testing_credential_spends_nothing_even_where_a_dialect_forgets(
    at: Running,
) -> None:
    issued = await at.credential("TOKO", "isikuota", testing=True)
    node = at.node
    credential = node.snapshot.credential("isikuota", issued["key"], node.clock.now())
    assert credential is not None
    bill: Any = {"dialect": "isikuota", "product_code": "HSA5", "customer_no": "081200001230"}
    bought = await node.gateway.place(
        credential,
        Purchase(
            dialect="isikuota",
            product_code="HSA5",
            destination="081200001230",
            kinds=frozenset({ProductKind.PREPAID}),
            reference="FORGOTTEN",
            testing=False,
        ),
    )
    refused = (
        bought,
        await node.gateway.inquire(credential, Inquiry(**bill, reference="F2", testing=False)),
        await node.gateway.pay(
            credential, Pay(**bill, reference="F3", inquiry_reference="F2", testing=False)
        ),
        await node.gateway.open_ticket(
            credential, TicketRequest(dialect="isikuota", amount=100_000, testing=False)
        ),
    )
    for one in refused:
        assert isinstance(one, Refusal)
        assert one.reason is Reason.NOT_LIVE


# --- listen and trigger ---------------------------------------------------------------------------


async def test_who_listens_hears_callbacks_without_an_address_and_acknowledges_them(
    at: Running,
) -> None:
    issued = await at.credential("TOKO", "isikuota", testing=True)
    live = await at.credential("TOKO", "isikuota")
    own = basic(issued["key"], issued["secrets"]["secret_key"])
    before = await at.call("GET", "/testing/callbacks", headers=own)
    assert before["items"] == []
    placed = await at.call(
        "POST", "/testing/trigger", 201, headers=own, json={"event": "order.success"}
    )
    assert placed["destination"].endswith("1230")

    async def heard() -> Any:
        found = await at.call(
            "GET", "/testing/callbacks", headers=own, params={"since": before["now"]}
        )
        return found["items"]

    (callback,) = await until(heard)
    headers = dict(callback["headers"])
    body = base64.b64decode(callback["body"])
    assert headers["X-Gerbang-Testing"] == "true"
    signed = {
        name: sign_webhook(body, secret_key=one["secrets"]["secret_key"])
        for name, one in (("testing", issued), ("live", live))
    }
    assert headers["X-Signature"] == signed["testing"] != signed["live"]
    assert json.loads(body)["data"]["ref_id"] == placed["reference"]
    answer = {"status": 500, "text": "not yet", "elapsed_ms": 3}
    path = f"/testing/callbacks/{callback['id']}/answer"
    await at.call("POST", path, 204, headers=own, json=answer)
    shown = await at.call("GET", f"/callbacks/{callback['id']}")
    assert (shown["state"], shown["last_status"]) == ("due", 500)
    await at.call("POST", path, 204, headers=own, json={"status": 200})
    assert (await at.call("GET", f"/callbacks/{callback['id']}"))["state"] == "delivered"


@pytest.mark.parametrize(
    "event", ["order.success", "order.failed", "order.sn_received", "order.reversed"]
)
async def test_each_event_that_is_triggered_is_called_back(
    at: Running, receiver: Peer, event: str
) -> None:
    change = {"callback": {"url": receiver.url, "format": "standard", "secret": "s"}}
    await at.call("PATCH", "/resellers/TOKO", json=change)
    await at.credential("TOKO", "socx")
    await at.call("POST", "/testing/trigger?reseller=TOKO", 201, json={"event": event})

    async def told() -> bool:
        return any(f'"{event}"'.encode() in request for request in receiver.requests)

    await until(told)
    assert all(b"X-Gerbang-Testing: true" in request for request in receiver.requests)


@pytest.mark.parametrize("dialect", ["isikuota", "socx", "otomax"])
async def test_bills_and_deposit_tickets_are_triggered_in_every_dialect(
    at: Running, dialect: str
) -> None:
    await at.credential("TOKO", dialect, testing=True)
    bank = {"bank_name": "BCA", "account_no": "1234567890", "beneficiary_name": "PT Contoh"}
    await at.call("POST", "/bank-accounts", 201, json=bank)
    await at.product("CEKNAMA", kind="postpaid", service="pln_prepaid", admin_fee=0)
    await at.product("DANA", kind="postpaid", service="ewallet", admin_fee=700)
    await at.product("TAGIHAN", kind="postpaid", service="bpjs_kesehatan", admin_fee=2_700)
    wanted = {
        "bill.found": ("found", ""),
        "bill.not_found": ("refused", "bill_not_found"),
        "bill.already_paid": ("refused", "bill_already_paid"),
        "bill.changed": ("refused", "bill_changed"),
        "bill.paid": ("success", ""),
        "bill.failed": ("failed", ""),
        "deposit.opened": ("open", ""),
        "deposit.paid": ("open", ""),
        "deposit.refused": ("refused", "no_unique_amount"),
    }
    for event, said in wanted.items():
        done = await at.call("POST", "/testing/trigger?reseller=TOKO", 201, json={"event": event})
        assert (done["state"], done["reason"]) in {said, ("pending", said[1])}, event
        assert (done["ticket_id"] is not None) == (said[0] == "open")


async def test_what_cannot_be_triggered_is_said(at: Running) -> None:
    path = "/testing/trigger?reseller=TOKO"
    refused = await at.call("POST", path, 404, json={"event": "order.success"})
    assert "credential" in refused["message"]
    await at.credential("TOKO", "socx")
    await at.call("POST", path, 422, json={"event": "order.odd"})
    await at.call("POST", path, 404, json={"event": "order.failed", "product": "NONE"})
    await at.call("GET", "/testing/me?reseller=NOBODY", 404)


# --- signatures -----------------------------------------------------------------------------------


async def test_a_wrong_signature_is_explained_only_to_who_tests(at: Running) -> None:
    issued = await at.credential("TOKO", "isikuota")
    for testing in (True, False):
        business = {"cmd": "status", "ref_id": "A/1", **({"testing": True} if testing else {})}
        secrets = {**issued["secrets"]}
        swapped = {"api_key": secrets["secret_key"], "secret_key": secrets["api_key"]}
        body = isikuota(business, {"key": issued["key"], "secrets": swapped})
        answer = await at.client.post("/v1/order", content=body)
        assert answer.status_code == 401
        explained = (answer.json()["meta"] or {}).get("signature_explained")
        assert (explained is not None) == testing
        assert not any(secret in answer.text for secret in secrets.values())
        if explained is not None:
            assert explained["differs"] == "secret"
            assert "api_key and secret_key are exchanged" in explained["advice"]


async def test_wrong_signatures_of_strangers_use_up_nobodys_rate(at: Running) -> None:
    isi = await at.credential("TOKO", "isikuota")
    await at.call("PATCH", "/resellers/TOKO", json={"limits": {"requests_per_second_max": 1}})
    await at.node.loader.refresh_now()
    order = {"cmd": "prepaid", "code": "HSA5", "customer_no": "081234561230", "testing": True}
    guessed = {"key": isi["key"], "secrets": {"api_key": "x" * 20, "secret_key": "y" * 20}}
    for number in range(5):
        body = isikuota({**order, "ref_id": f"G{number}"}, guessed)
        answer = await at.client.post("/v1/order", content=body)
        assert answer.status_code == 401, answer.text
    right = await at.client.post("/v1/order", content=isikuota({**order, "ref_id": "R"}, isi))
    assert right.status_code == 200, right.text


async def test_a_wrong_otomax_sign_is_explained_to_who_tests(at: Running) -> None:
    issued = await at.credential("TOKO", "otomax", testing=True)
    secrets = issued["secrets"]
    order = {"memberID": issued["key"], "product": "HSA5", "dest": "0812345671230", "refID": "1"}
    text = "|".join(("OtomaX", *order.values(), secrets["password"], secrets["pin"]))
    answer = await at.client.get("/trx", params={**order, "sign": make_sign(text)})
    assert "order: pin comes before password" in answer.text
    assert "<pin>|<password>" in answer.text
    assert secrets["password"] not in answer.text


async def test_the_explainer_explains_a_request_that_was_not_sent(at: Running) -> None:
    issued = await at.credential("TOKO", "isikuota", testing=True)
    own = basic(issued["key"], issued["secrets"]["secret_key"])
    body = isikuota({"cmd": "status", "ref_id": "1"}, issued).decode()
    right = await at.call("POST", "/testing/explain", headers=own, json={"body": body})
    assert right["differs"] == "nothing"
    assert right["steps"][1] == {
        "step": "canonical JSON",
        "text": '{"cmd":"status","ref_id":"1"}',
    }
    await at.call("POST", "/testing/explain", 422, headers=own, json={"body": "[]"})
    await at.call("POST", "/testing/explain", 404, headers=own, json={"dialect": "otomax"})


# --- nothing leaks --------------------------------------------------------------------------------


async def test_no_path_leads_a_testing_order_to_money_or_to_a_supplier(
    at: Running, supplier: Peer, receiver: Peer
) -> None:
    """Every magic number, every dialect; then everything an operator can do to such an order."""
    change = {"callback": {"url": receiver.url}, "limits": {"orders_per_day_max": 1}}
    await at.call("PATCH", "/resellers/TOKO", json=change)
    isi = await at.credential("TOKO", "isikuota")
    socx = await at.credential("TOKO", "socx", testing=True)
    oto = await at.credential("TOKO", "otomax", testing=True)
    token = {"authorization": f"Bearer {socx['secrets']['token']}"}
    for ending in (*PLANS, "9999"):
        number = f"08123456{ending}"
        order = {"cmd": "prepaid", "code": "HSA5", "customer_no": number, "ref_id": f"I{ending}"}
        await at.client.post("/v1/order", content=isikuota({**order, "testing": True}, isi))
        asked = {"code": "HSA5", "msisdn": number, "request_id": f"S{ending}"}
        await at.client.post("/reseller/api/v1/purchase", json=asked, headers=token)
        login = {"memberID": oto["key"], **oto["secrets"]}
        params = {**login, "product": "HSA5", "dest": number, "refID": f"O{ending}"}
        await at.client.get("/trx", params=params)
    placed = await at.call("GET", "/orders?testing=true&limit=1000")
    assert len(placed["items"]) == 3 * (len(PLANS) + 1)
    for order in placed["items"]:
        decision = {"decision": "delivered", "reason": "I say so", "sn": "1"}
        await at.call("POST", f"/orders/{order['id']}/decide", 409, json=decision)
    await at.call("POST", "/sandbox/clock", json={"advance_seconds": 10 * 86_400})
    await calm(at)
    told = await at.call("GET", "/callbacks?limit=1000")
    assert all(callback["testing"] for callback in told["items"])
    one_of_each_order = {callback["order_id"]: callback["id"] for callback in told["items"]}
    for callback_id in one_of_each_order.values():
        await at.call("POST", f"/callbacks/{callback_id}/resend", 202)
    await calm(at)
    rows = await at.node.pool.fetchrow(
        "SELECT (SELECT count(*) FROM attempts) AS attempts,"
        "       (SELECT count(*) FROM transfers WHERE order_id IS NOT NULL) AS transfers,"
        "       (SELECT count(*) FROM orders WHERE NOT testing OR hold_id IS NOT NULL) AS live,"
        "       (SELECT count(*) FROM cases) AS cases"
    )
    assert dict(rows or {}) == {"attempts": 0, "transfers": 0, "live": 0, "cases": 0}
    assert [r for r in supplier.requests if b"purchase" in r or b"status" in r] == []
    marked = [r for r in receiver.requests if b"x-gerbang-testing: true" in r.lower()]
    assert len(marked) == len(receiver.requests) > 0
    shown = await at.call("GET", "/resellers/TOKO")
    assert (shown["balance"], shown["held"]) == (200_000, 0)
    assert len((await at.call("GET", "/resellers/TOKO/statement"))["items"]) == 1
    async with at.node.pool.acquire() as connection:
        assert (await verify(connection)).clean


async def test_a_testing_flag_that_is_no_boolean_is_refused_and_never_live(
    at: Running, supplier: Peer
) -> None:
    isi = await at.credential("TOKO", "isikuota")
    socx = await at.credential("TOKO", "socx")
    oto = await at.credential("TOKO", "otomax")
    token = {"authorization": f"Bearer {socx['secrets']['token']}"}
    for odd in ("yes", "2", "", "TRUE ", "null"):
        order = {"cmd": "prepaid", "code": "HSA5", "customer_no": "0812345671230", "ref_id": "1"}
        answer = await at.client.post("/v1/order", content=isikuota({**order, "testing": odd}, isi))
        assert answer.status_code == 422
        asked = {"code": "HSA5", "msisdn": "0812345671230", "request_id": "1", "testing": odd}
        await at.client.post("/reseller/api/v1/purchase", json=asked, headers=token)
        login = {"memberID": oto["key"], **oto["secrets"]}
        params = {**login, "product": "HSA5", "dest": "0812345671230", "refID": "1"}
        if odd.strip().lower() != "true":
            await at.client.get("/trx", params={**params, "testing": odd})
    assert (await at.call("GET", "/orders"))["items"] == []
    assert [r for r in supplier.requests if b"purchase" in r] == []


# --- the log and the checklist --------------------------------------------------------------------


async def test_the_log_tells_what_happened_once_and_a_tester_sees_only_testing(
    at: Running, receiver: Peer
) -> None:
    await at.call("PATCH", "/resellers/TOKO", json={"callback": {"url": receiver.url}})
    issued = await at.credential("TOKO", "socx", testing=True)
    own = {"authorization": f"Bearer {issued['secrets']['token']}"}
    asked = {"code": "HSA5", "msisdn": "0812345671230", "request_id": "A"}
    await at.client.post("/reseller/api/v1/purchase", json=asked, headers=own)
    await at.client.post("/reseller/api/v1/purchase", json={**asked, "code": "NO"}, headers=own)
    odd = {**asked, "code": "NO", "request_id": "B"}
    await at.client.post("/reseller/api/v1/purchase", json=odd, headers=own)
    await at.client.post("/reseller/api/v1/status", json={"request_id": "A"}, headers=own)
    await calm(at)
    found = await at.call("GET", "/testing/log?since=2020-01-01T00:00:00Z", headers=own)
    what = [line["what"] for line in found["items"] if line["reference"] == "A"]
    assert what[0] == "order.placed"
    assert {"order.success", "callback.acknowledged", "status.asked"} <= set(what)
    assert "order.refused" in [line["what"] for line in found["items"]]
    keys = [line["key"] for line in found["items"]]
    assert len(keys) == len(set(keys))
    assert all(line["testing"] for line in found["items"])


async def test_live_access_waits_for_a_green_checklist_where_that_is_required(
    at: Running, receiver: Peer
) -> None:
    await at.call("PATCH", "/terms", json={"checklist_required": True})
    new = {"allowed_ips": ["127.0.0.1"], "dialects": ["socx"]}
    assert (await at.reseller("NEW", **new))["live"] is False
    refused = await at.call("PATCH", "/resellers/NEW", 409, json={"live": True})
    assert {"flow.success", "callback.configured", "deposit.sufficient"} <= set(refused["fields"])
    await at.call("PATCH", "/resellers/NEW", json={"callback": {"url": receiver.url}})
    await at.call("POST", "/resellers/NEW/credits", 201, json={"amount": 100_000, "key": "n"})
    issued = await at.credential("NEW", "socx", testing=True)
    await at.credential("NEW", "socx")
    own = {"authorization": f"Bearer {issued['secrets']['token']}"}
    for ending in ("1230", "1231", "1234", "1237", "1238"):
        asked = {"code": "HSA5", "msisdn": f"08123456{ending}", "request_id": f"R{ending}"}
        await at.client.post("/reseller/api/v1/purchase", json=asked, headers=own)
        await at.client.post(
            "/reseller/api/v1/status", json={"request_id": f"R{ending}"}, headers=own
        )
    await calm(at)
    await at.client.post("/reseller/api/v1/status", json={"request_id": "R1234"}, headers=own)
    mine = await at.call("GET", "/testing/checklist", headers=own)
    assert [item for item in mine["items"] if not item["done"]] == []
    assert mine == await at.call("GET", "/resellers/NEW/checklist")
    assert (await at.call("PATCH", "/resellers/NEW", json={"live": True}))["live"] is True


async def test_behind_a_trusted_proxy_the_testers_own_address_counts(at: Running) -> None:
    issued = await at.credential("TOKO", "isikuota", testing=True)
    key = f"{issued['key']}:{issued['secrets']['secret_key']}"
    app: Any = FastPaths(
        Starlette(routes=all_routes(at.node)), address=ClientAddress(("10.0.0.0/8",))
    )
    transport = httpx.ASGITransport(app, client=("10.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://gerbang") as client:
        for address, status in (("127.0.0.1", 200), ("198.51.100.1", 403)):
            answer = await client.get(
                "/api/testing/me",
                headers={
                    "authorization": "Basic " + base64.b64encode(key.encode()).decode(),
                    "x-forwarded-for": f"127.0.0.1, {address}",
                },
            )
            assert answer.status_code == status, answer.text
