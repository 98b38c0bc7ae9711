from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.test_api import Api
from gerbang.api import deposits
from gerbang.api.tokens import create_token
from gerbang.app import Node
from gerbang.clock import WIB
from gerbang.deposits.admin import close_source, issue_source
from gerbang.deposits.message import make_signature
from gerbang.deposits.statement import read_statement
from gerbang.people.admin import create_user
from gerbang.people.password import Passwords
from gerbang.people.role import Role
from gerbang.settings import Settings
from orders.house import open_house

BANK = {"bank_name": "BCA", "account_no": "1234567890", "beneficiary_name": "PT Contoh"}


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with open_house(database_url, balance=0) as house:
        await house.connection.execute("UPDATE accounts SET code = code || 'T' WHERE code ~ ':T$'")
        node = Node(Settings(data_dir=str(tmp_path)), database_url=database_url)
        sealed = node.box.seal({"token": "x"})
        await house.connection.execute("UPDATE suppliers SET sealed = $1", sealed)
        await node.start(work=False)
        async with node.pool.acquire() as connection:
            for name in ("ani", "budi"):
                await create_user(
                    connection, name, name=name, role=Role.FINANCE, password="a long sentence",
                    passwords=Passwords(), actor="test",
                )  # fmt: skip
            token = await create_token(connection, "test", user="ani")
        api = Api(node, token)
        await api.call("POST", "/bank-accounts", 201, json=BANK)
        yield api
        await api.client.aclose()
        await node.stop()


async def open_ticket(api: Api, amount: int = 1_000_000) -> dict[str, Any]:
    body = {"reseller": "TT", "amount": amount}
    shown: dict[str, Any] = await api.call("POST", "/deposit-tickets", 201, json=body)
    return shown


def line(amount: int, **more: Any) -> dict[str, Any]:
    at = datetime.now(UTC).isoformat()
    return {"account_no": BANK["account_no"], "amount": amount, "at": at, **more}


async def test_a_ticket_is_opened_paid_by_its_line_and_shown(api: Api) -> None:
    ticket = await open_ticket(api)
    assert (await open_ticket(api))["id"] == ticket["id"]
    body = {"lines": [line(ticket["grand_total"], reference="B1", direction="in")]}
    taken = await api.call("POST", "/bank-lines", json=body)
    assert (taken["new"], taken["items"][0]["state"]) == (1, "credited")
    assert (await api.call("POST", "/bank-lines", json=body))["known"] == 1
    shown = await api.call("GET", f"/deposit-tickets/{ticket['id']}")
    assert (shown["state"], shown["bank_line_id"]) == ("paid", taken["items"][0]["id"])
    assert (await api.call("GET", "/resellers/TT"))["balance"] == ticket["grand_total"]
    listed = await api.call("GET", "/deposit-tickets?state=paid&reseller=TT")
    assert [item["id"] for item in listed["items"]] == [ticket["id"]]
    assert (await api.call("GET", "/bank-lines?state=queued"))["items"] == []


async def test_the_queue_needs_tokens_of_two_persons(api: Api) -> None:
    ticket = await open_ticket(api)
    taken = await api.call("POST", "/bank-lines", json={"lines": [line(ticket["amount"])]})
    line_id = taken["items"][0]["id"]
    assert (await api.call("GET", f"/bank-lines/{line_id}"))["verdict"] == "near_miss"
    body = {"line_id": line_id, "ticket_id": ticket["id"], "note": "digits forgotten"}
    made = await api.call("POST", "/deposit-proposals", 201, json=body)
    await api.call("POST", f"/deposit-proposals/{made['id']}/approve", 409)
    async with api.node.pool.acquire() as connection:
        program = Api(api.node, await create_token(connection, "program"))
        again = Api(api.node, await create_token(connection, "again", user="ani"))
        other = Api(api.node, await create_token(connection, "other", user="budi"))
    for alone in (program, again):
        await alone.call("POST", f"/deposit-proposals/{made['id']}/approve", 409)
        await alone.client.aclose()
    done = await other.call("POST", f"/deposit-proposals/{made['id']}/approve")
    assert (done["maker"], done["checker"]) == ("user:ani/api:test", "user:budi/api:other")
    await other.client.aclose()
    assert (await api.call("GET", "/resellers/TT"))["balance"] == ticket["amount"]
    assert (await api.call("GET", f"/bank-lines/{line_id}"))["state"] == "credited"
    listed = await api.call("GET", "/deposit-proposals?state=approved")
    assert [item["id"] for item in listed["items"]] == [made["id"]]


async def test_a_line_is_set_aside_and_a_proposal_rejected(api: Api) -> None:
    taken = await api.call("POST", "/bank-lines", json={"lines": [line(77_777)]})
    body = {"line_id": taken["items"][0]["id"], "action": "set_aside", "note": "rent"}
    made = await api.call("POST", "/deposit-proposals", 201, json=body)
    await api.call("POST", f"/deposit-proposals/{made['id']}/reject")
    made = await api.call("POST", "/deposit-proposals", 201, json=body)


async def test_what_cannot_be_is_refused_by_name(api: Api) -> None:
    post = api.call
    await post("POST", "/deposit-tickets", 422, json={"reseller": "TT", "amount": 5})
    await post("POST", "/deposit-tickets", 404, json={"reseller": "NONE", "amount": 50_000})
    await post("POST", "/bank-lines", 422, json={"lines": [{**line(5), "at": "x"}]})
    await post("POST", "/bank-lines", 422, json={"lines": [line(5)] * 2_001})
    await post("POST", "/bank-accounts", 409, json=BANK)
    await post("POST", "/bank-accounts", 422, json={**BANK, "account_no": "12-34"})
    for path in ("/deposit-tickets/9", "/bank-lines/9"):
        await post("GET", path, 404)
    await post("POST", "/deposit-tickets/9/cancel", 404)
    taken = await post("POST", "/bank-lines", json={"lines": [line(5, account_no="9999")]})
    assert taken["refused"] == 1


async def test_without_an_active_bank_there_is_no_ticket(api: Api) -> None:
    path = f"/bank-accounts/{BANK['account_no']}"
    assert (await api.call("PATCH", path, json={"active": False}))["active"] is False
    body = {"reseller": "TT", "amount": 50_000}
    await api.call("POST", "/deposit-tickets", 409, json=body)
    assert len((await api.call("GET", "/bank-accounts"))["items"]) == 1


async def test_a_statement_is_taken_as_csv(api: Api) -> None:
    ticket = await open_ticket(api)
    day = datetime.now(WIB).strftime("%d/%m/%Y")
    row = f"{day},TRSF,0,{ticket['grand_total']}.00,CR,1"
    text = f"Tanggal,Keterangan,Cabang,Jumlah,,Saldo\n{row}\n"
    path = f"/bank-lines/import?format=bca&account_no={BANK['account_no']}"
    taken = await api.call("POST", path, content=text.encode())
    assert taken["items"][0]["verdict"] == "exact"
    await api.call("POST", path, 422, content=b"nothing")
    await api.call("POST", "/bank-lines/import?format=none", 404, content=b"")


async def test_a_ticket_is_cancelled(api: Api) -> None:
    ticket = await open_ticket(api)
    shown = await api.call("POST", f"/deposit-tickets/{ticket['id']}/cancel")
    assert (shown["state"], shown["closed_by"]) == ("cancelled", "user:ani/api:test")


async def test_a_statement_is_read_beside_the_event_loop(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of some megabytes takes seconds: meanwhile orders go on."""
    threads = []

    def noted(*given: Any, **more: Any) -> Any:
        threads.append(threading.current_thread())
        return read_statement(*given, **more)

    monkeypatch.setattr(deposits, "read_statement", noted)
    path = "/bank-lines/import?account_no=1234567890"
    await api.call("POST", path, 422, content=b"no statement")
    assert threads
    assert threading.main_thread() not in threads


# --- statement services ---------------------------------------------------------------------------


async def push(api: Api, secret: str, body: bytes, *, name: str = "mutasi") -> Any:
    stamp = str(int(datetime.now(UTC).timestamp()))
    signature = make_signature(secret, stamp, body)
    headers = {"x-timestamp": stamp, "x-signature": signature}
    return await api.client.post(f"/webhooks/bank-lines/{name}", content=body, headers=headers)


async def test_a_statement_service_pushes_signed_lines(api: Api) -> None:
    async with api.node.pool.acquire() as connection:
        issued = await issue_source(connection, "mutasi", box=api.node.box, actor="test")
    ticket = await open_ticket(api)
    body = msgspec.json.encode({"lines": [line(ticket["grand_total"])]})
    answer = await push(api, issued["secret"], body)
    assert answer.json()["items"][0]["state"] == "credited"
    assert (await push(api, issued["secret"], body)).json()["known"] == 1
    assert (await push(api, "wrong", body)).status_code == 401
    assert (await push(api, "", body, name="nobody")).status_code == 401
    assert (await push(api, issued["secret"], b"[]")).status_code == 422
    async with api.node.pool.acquire() as connection:
        await close_source(connection, "mutasi", actor="test")
    assert (await push(api, issued["secret"], body)).status_code == 401
    kept = await api.node.pool.fetchval("SELECT string_agg(audit_log::text, '') FROM audit_log")
    assert issued["secret"] not in kept
