"""The portal over HTTP: what a reseller can do there, and that nothing of another is found."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from e2e.running_demo import RunningDemo
from gerbang.people.admin import create_user
from gerbang.people.password import Passwords
from gerbang.people.role import Role
from postgres.shared import opened

OURS = {"sec-fetch-site": "same-origin", "accept-language": "en"}
PASSWORD = "a password of the other one"


@asynccontextmanager
async def signed_in(
    demo: RunningDemo, username: str, password: str
) -> AsyncIterator[httpx.AsyncClient]:
    async with demo.http(headers=OURS, follow_redirects=True) as http:
        form = {"username": username, "password": password, "next": ""}
        reply = await http.post("/portal/sign-in", data=form)
        assert reply.url.path == "/portal", reply.text
        yield http


@pytest.fixture
async def own(demo: RunningDemo) -> AsyncIterator[httpx.AsyncClient]:
    facts = demo.facts["portal"]
    async with signed_in(demo, facts["username"], facts["password"]) as http:
        yield http


@pytest.fixture
async def other(demo: RunningDemo) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of another reseller, which has nothing yet."""
    async with demo.http(headers=demo.admin) as api:
        await api.post("/api/resellers", json={"code": "OTHER", "name": "The other one"})
    async with opened(demo.database_url) as connection:
        if not await connection.fetchval("SELECT 1 FROM users WHERE username = 'other'"):
            await create_user(
                connection,
                "other",
                name="Other",
                role=Role.RESELLER,
                reseller="OTHER",
                password=PASSWORD,
                passwords=Passwords(),
                actor="test",
            )
    async with signed_in(demo, "other", PASSWORD) as http:
        yield http


async def delivered(demo: RunningDemo, reference: str, *, testing: bool = False) -> int:
    """Buy something for the demo's reseller; give the order."""
    body = {"code": "HSA5", "msisdn": "081234561230", "request_id": reference}
    body |= {"testing": True} if testing else {}  # type: ignore[dict-item]
    async with demo.http(headers=demo.socx) as http:
        reply = await http.post("/reseller/api/v1/purchase", json=body)
        order_id: int = reply.json()["trxid"]

        async def is_final() -> bool:
            ask = {k: v for k, v in body.items() if k not in {"code", "msisdn"}}
            answer = await http.post("/reseller/api/v1/status", json=ask)
            return bool(answer.json()["rc"] == "00")

        await demo.wait_for(is_final)
    return order_id


async def callback_of(demo: RunningDemo, order_id: int) -> int:
    async def find() -> Any:
        rows = await demo.fetch(
            "SELECT id FROM callbacks WHERE order_id = $1 AND state = 'delivered'", order_id
        )
        return rows[0]["id"] if rows else None

    found: int = await demo.wait_for(find)
    return found


def ticket_of(reply: httpx.Response) -> int:
    return int(reply.url.path.rpartition("/")[2])


async def test_nothing_of_another_reseller_is_ever_found(
    demo: RunningDemo, own: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    order_id = await delivered(demo, "PORTAL-1")
    callback_id = await callback_of(demo, order_id)
    ticket_id = ticket_of(await own.post("/portal/deposits", data={"amount": "123.000"}))
    credential = await demo.fetch("SELECT id FROM credentials ORDER BY id LIMIT 1")
    credential_id = credential[0]["id"]
    pages = [
        f"/portal/orders/{order_id}",
        f"/portal/orders/{order_id}/receipt",
        f"/portal/callbacks/{callback_id}",
        f"/portal/deposits/{ticket_id}",
    ]
    for page in pages:
        assert (await own.get(page)).status_code == 200, page
        assert (await other.get(page)).status_code == 404, page
    actions = {
        f"/portal/orders/{order_id}/complaint": {"words": "mine now"},
        f"/portal/callbacks/{callback_id}/resend": {},
    }
    for action, form in actions.items():
        assert (await other.post(action, data=form)).status_code == 404, action
    for what in ("rotate", "revoke"):
        action = f"/portal/settings/credentials/{credential_id}/{what}"
        assert (await other.post(action, data={"overlap_h": "0"})).status_code == 404
    for page in ("", "/orders", "/statement", "/callbacks", "/deposits", "/settings"):
        text = (await other.get(f"/portal{page}")).text
        assert "PORTAL-1" not in text
        assert "demo_api_id" not in text
    for file in ("orders", "statement"):
        assert "PORTAL-1" in (await own.get(f"/portal/{file}.csv")).text
        assert (await other.get(f"/portal/{file}.csv")).text.count("\n") == 1
    rows = await demo.fetch("SELECT revoked_at FROM credentials WHERE id = $1", credential_id)
    assert rows[0]["revoked_at"] is None


async def test_every_page_asks_who_one_is_and_the_consoles_people_are_not_let_in(
    demo: RunningDemo,
) -> None:
    async with demo.http(headers=OURS) as http:
        for page in ("", "/orders", "/orders.csv", "/statement", "/prices", "/settings"):
            reply = await http.get(f"/portal{page}")
            assert reply.status_code == 303, page
            assert reply.headers["location"].startswith("/portal/sign-in")
        facts = demo.facts["console"]
        form = {"username": facts["username"], "password": facts["password"], "next": ""}
        reply = await http.post("/portal/sign-in", data=form)
        assert reply.status_code == 422
        assert "gerbang_portal" not in reply.headers.get("set-cookie", "")


async def test_a_change_that_another_site_asks_for_is_refused(
    demo: RunningDemo, own: httpx.AsyncClient
) -> None:
    forged = {"sec-fetch-site": "cross-site"}
    reply = await own.post("/portal/settings/addresses", data={"allowed_ips": ""}, headers=forged)
    assert reply.status_code == 403


async def test_a_complaint_is_a_case_with_evidence_and_a_deadline_that_the_operator_sees(
    demo: RunningDemo, own: httpx.AsyncClient
) -> None:
    order_id = await delivered(demo, "PORTAL-COMPLAINT")
    form = {"words": "It says success, nothing came", "evidence": "https://example.org/shot"}
    reply = await own.post(f"/portal/orders/{order_id}/complaint", data=form)
    assert "A complaint is being looked at" in reply.text
    async with demo.http(headers=demo.admin) as api:
        cases = (await api.get("/api/cases")).json()["items"]
    case = next(c for c in cases if c["order_id"] == order_id)
    assert case["kind"] == "complaint"
    assert case["detail"]["words"] == form["words"]
    assert case["detail"]["evidence"] == form["evidence"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:]{8}\+07:00", case["detail"]["deadline"])
    again = await own.post(f"/portal/orders/{order_id}/complaint", data=form)
    assert again.status_code == 422
    assert "already open" in again.text
    empty = await own.post(f"/portal/orders/{order_id}/complaint", data={"words": " "})
    assert empty.status_code == 422


async def test_a_token_is_shown_once_and_the_old_one_works_during_the_overlap(
    demo: RunningDemo, other: httpx.AsyncClient
) -> None:
    wanted = {"dialect": "socx"}
    unproved = await other.post("/portal/settings/credentials", data=wanted | {"password": "?"})
    assert unproved.status_code == 422
    assert "data-open" in unproved.text, "the dialog is open, with the error beside its field"
    issued = await other.post("/portal/settings/credentials", data=wanted | {"password": PASSWORD})
    first = re.findall(r'data-copy="([A-Za-z0-9_-]{40,})"', issued.text)[0]
    rows = await demo.fetch(
        "SELECT c.id FROM credentials c JOIN resellers r ON r.id = c.reseller_id"
        " WHERE r.code = 'OTHER' ORDER BY c.id DESC LIMIT 1"
    )
    rotated = await other.post(
        f"/portal/settings/credentials/{rows[0]['id']}/rotate",
        data={"overlap_h": "24", "password": PASSWORD},
    )
    second = re.findall(r'data-copy="([A-Za-z0-9_-]{40,})"', rotated.text)[0]
    assert first not in rotated.text
    settings = (await other.get("/portal/settings")).text
    assert first not in settings
    assert second not in settings
    async with demo.http() as http:
        for token in (first, second):
            header = {"Authorization": f"Bearer {token}"}
            reply = await http.get("/reseller/api/v1/saldo", headers=header)
            assert reply.json()["balance"] == 0, reply.text


async def test_trying_a_call_is_always_a_test_and_never_moves_money(
    demo: RunningDemo, own: httpx.AsyncClient
) -> None:
    before = await demo.fetch("SELECT balance, held FROM accounts WHERE code = 'reseller:DEMO'")
    tried = {
        "/portal/developer/socx/purchase": ("v-code", "v-msisdn", "v-request_id"),
        "/portal/developer/isikuota/prepaid": ("v-code", "v-customer_no", "v-ref_id"),
        "/portal/developer/otomax/order": ("v-product", "v-dest", "v-refID"),
    }
    for number, (path, names) in enumerate(tried.items()):
        reference = f"PORTAL-TRY-{number}"
        form = dict(zip(names, ("X10", "081712341230", reference), strict=True))
        reply = await own.post(path, data={**form, "testing": "0", "v-testing": "false"})
        assert reply.status_code == 200
        assert reference in reply.text
        rows = await demo.fetch("SELECT testing FROM orders WHERE reference = $1", reference)
        assert [row["testing"] for row in rows] == [True], path
    after = await demo.fetch("SELECT balance, held FROM accounts WHERE code = 'reseller:DEMO'")
    assert [tuple(row) for row in before] == [tuple(row) for row in after]


async def test_a_callback_is_sent_once_more_and_a_test_message_reaches_the_receiver(
    demo: RunningDemo, own: httpx.AsyncClient
) -> None:
    order_id = await delivered(demo, "PORTAL-RESEND")
    callback_id = await callback_of(demo, order_id)
    reply = await own.post(f"/portal/callbacks/{callback_id}/resend")
    assert "on its way again" in reply.text
    await demo.wait_for(lambda: _delivered_times(demo, callback_id, 2))
    tested = await own.post("/portal/settings/callback/test")
    assert "Your server acknowledged" in tested.text


async def _delivered_times(demo: RunningDemo, callback_id: int, times: int) -> bool:
    sql = "SELECT count(*) AS n FROM callback_deliveries WHERE callback_id = $1"
    return bool((await demo.fetch(sql, callback_id))[0]["n"] >= times)


async def test_bad_settings_are_refused_beside_their_field_and_nothing_is_kept(
    own: httpx.AsyncClient,
) -> None:
    reply = await own.post("/portal/settings/addresses", data={"allowed_ips": "127.0.0.0/8 nope"})
    assert reply.status_code == 422
    assert "is-invalid" in reply.text
    reply = await own.post(
        "/portal/settings/callback", data={"url": "javascript:alert(1)", "format": "auto"}
    )
    assert reply.status_code == 422
    settings = (await own.get("/portal/settings")).text
    assert "javascript" not in settings
    assert "/sandbox/inbox" in settings
    for amount in ("5", "many", "100.000,50"):
        reply = await own.post("/portal/deposits", data={"amount": amount})
        assert reply.status_code == 422, amount


async def test_filters_narrow_lists_and_files(demo: RunningDemo, own: httpx.AsyncClient) -> None:
    await delivered(demo, "PORTAL-FILTER")
    await delivered(demo, "PORTAL-FILTER-T", testing=True)
    found = (await own.get("/portal/orders?q=PORTAL-FILTER")).text
    assert "PORTAL-FILTER<" in found
    assert "PORTAL-FILTER-T" not in found
    tests = (await own.get("/portal/orders.csv?testing=yes&q=HSA5")).text
    assert "PORTAL-FILTER-T" in tests
    assert "PORTAL-FILTER," not in tests
    assert (await own.get("/portal/orders.csv?to=2020-01-01")).text.count("\n") == 1
    assert "PORTAL-FILTER" in (await own.get("/portal/statement.csv?event=sale.post")).text
    assert (await own.get("/portal/statement.csv?to=2020-01-01")).text.count("\n") == 1
    prices = (await own.get("/portal/prices?q=tsel21")).text
    assert "Rp21.425" in prices
    assert "HSA5" not in prices


async def test_a_refused_signature_is_explained_and_no_secret_is_in_the_explanation(
    own: httpx.AsyncClient,
) -> None:
    sample = (await own.get("/portal/developer/isikuota/prepaid")).text
    body = html.unescape(re.findall(r"-d (&#39;\{.*?\}&#39;)", sample)[0])
    right = await own.post("/portal/developer/isikuota/signature", data={"request": body[1:-1]})
    assert "This signature is right" in right.text
    changed = body[1:-1].replace("TSEL21", "TSEL20")
    wrong = await own.post("/portal/developer/isikuota/signature", data={"request": changed})
    assert "It differs in" in wrong.text
    for page in (right, wrong):
        assert "demo_secret_key" not in page.text
        assert "demo_api_key" not in page.text
    unreadable = await own.post("/portal/developer/otomax/signature", data={"request": "hello"})
    assert unreadable.status_code == 422
    assert (await own.get("/portal/developer/socx/signature")).status_code == 404


async def test_the_go_live_checklist_is_computed_from_what_happened(
    demo: RunningDemo, own: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    await delivered(demo, "PORTAL-LIVE", testing=True)
    mine = (await own.get("/portal/developer/go-live")).text
    theirs = (await other.get("/portal/developer/go-live")).text
    assert "testing orders ended success" in mine
    assert "0 testing orders ended success" in theirs
    assert "buy in testing for a number that ends in 1230" in theirs


async def test_card_pages_say_what_to_do_where_there_is_no_merchant(
    other: httpx.AsyncClient,
) -> None:
    assert "No card merchant yet" in (await other.get("/portal/cards")).text
    assert (await other.get("/portal/cards/settlements")).status_code == 200
    assert (await other.get("/portal/cards/IONPAYTEST0000000000000000001")).status_code == 404


async def test_a_receipt_is_given_for_a_success_as_pdf_and_text(
    demo: RunningDemo, own: httpx.AsyncClient
) -> None:
    order_id = await delivered(demo, "PORTAL-RECEIPT")
    path = f"/portal/orders/{order_id}"
    assert f"{path}/receipt" in (await own.get(path)).text
    assert (await own.get(f"{path}/receipt")).content.startswith(b"%PDF-")
    text = (await own.get(f"{path}/receipt?format=text")).text
    assert "PORTAL-RECEIPT" in text
    assert "demo-socx" not in text


async def test_a_reseller_sees_its_monthly_minimum_and_what_follows(
    demo: RunningDemo, own: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    await delivered(demo, "PORTAL-TERMS")
    async with demo.http(headers=demo.admin) as api:
        await api.patch("/api/resellers/DEMO/terms", json={"orders_per_month_min": 1})
        mine = (await own.get("/portal/terms")).text
        await api.patch("/api/resellers/DEMO/terms", json={"orders_per_month_min": None})
    assert "This month&#39;s minimum is reached." in mine
    assert "of at least 1 successful orders" in mine
    theirs = (await other.get("/portal/terms")).text
    assert "of at least 1.000 successful orders" in theirs
    assert "Nothing is charged or stopped by itself" in theirs
    assert "Rp100.000 for each started 1.000 inquiries" in theirs
