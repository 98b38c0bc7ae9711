"""Merchant pages of the portal over HTTP: giving back, capturing, the checklist, settlements."""

from __future__ import annotations

import hashlib
import html
import json
import re
import time
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

import httpx
import pytest

from e2e.running_demo import RunningDemo
from e2e.test_portal import other, signed_in
from gerbang.clock import WIB
from gerbang.dialects.nicepay.client import hidden_inputs
from gerbang.dialects.nicepay.tokens import order_token

__all__ = ["other"]
VISA = "4434260000000008"


@pytest.fixture
async def own(demo: RunningDemo) -> AsyncIterator[httpx.AsyncClient]:
    facts = demo.facts["portal"]
    async with signed_in(demo, facts["username"], facts["password"]) as http:
        yield http


async def registered(
    demo: RunningDemo, mid: Mapping[str, str], amount: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Register like a shop; gives what was sent and what was answered."""
    stamp = datetime.now(WIB).strftime("%Y%m%d%H%M%S")
    reference = f"P-{time.monotonic_ns()}"
    token = order_token(
        mid["merchantKey"],
        timestamp=stamp,
        imid=mid["iMid"],
        reference=reference,
        amount=str(amount),
    )
    fields: dict[str, Any] = {
        "timeStamp": stamp, "iMid": mid["iMid"], "payMethod": "01", "currency": "IDR",
        "amt": str(amount), "referenceNo": reference, "goodsNm": "Sepatu", "billingNm": "Budi",
        "billingPhone": "0812", "billingEmail": "b@example.com", "billingAddr": "Jl. 1",
        "billingCity": "Jakarta", "billingState": "DKI", "billingPostCd": "10210",
        "billingCountry": "Indonesia", "dbProcessUrl": f"{demo.base_url}/sandbox/inbox",
        "merchantToken": token,
    }  # fmt: skip
    async with demo.http() as http:
        return fields, (await http.post("/nicepay/direct/v2/registration", json=fields)).json()


async def paid(demo: RunningDemo, feature: str, amount: int = 150_000) -> str:
    """Register and pay; gives the tXid."""
    fields, said = await registered(demo, demo.facts["nicepay"]["mids"][feature], amount)
    card = {
        "timeStamp": fields["timeStamp"], "tXid": said["tXid"], "cardNo": VISA,
        "merchantToken": fields["merchantToken"], "cardExpYymm": "3901", "cardCvv": "100",
        "cardHolderNm": "BUDI",
    }  # fmt: skip
    async with demo.http() as http:
        page = await http.post("/nicepay/direct/v2/payment", data=card)
    assert hidden_inputs(page.text)["resultCd"] == "0000", page.text
    txid: str = said["tXid"]
    return txid


def number_in(page: str) -> str:
    found = re.search(r'name="number" value="([0-9a-f]{16})"', page)
    assert found is not None, page
    return found[1]


async def test_a_charge_is_given_back_once_however_often_the_form_is_sent(
    demo: RunningDemo, own: httpx.AsyncClient
) -> None:
    path = f"/portal/cards/{await paid(demo, 'sale')}"
    page = (await own.get(path)).text
    assert "Before settlement (midnight in Jakarta)" in page
    form = {"how": "whole", "reason": "buyer changed his mind", "number": number_in(page)}
    first = await own.post(f"{path}/cancel", data=form)
    assert "The money goes back to the card." in first.text
    again = await own.post(f"{path}/cancel", data=form)
    assert "It was given back before." in again.text
    async with demo.http(headers=demo.admin) as api:
        payment = (await api.get(f"/api/card-payments/{path.rpartition('/')[2]}")).json()
    assert payment["state"] == "void"
    assert [one["kind"] for one in payment["attempts"]] == ["charge", "void"]


async def test_a_part_before_settlement_and_nonsense_are_refused_beside_the_form(
    demo: RunningDemo, own: httpx.AsyncClient
) -> None:
    path = f"/portal/cards/{await paid(demo, 'sale')}"
    number = number_in((await own.get(path)).text)
    part = {"how": "part", "amount": "50.000", "reason": "half", "number": number}
    assert (
        "only the whole charge can be voided" in (await own.post(f"{path}/cancel", data=part)).text
    )
    for wrong in ({"how": "all"}, {"amount": "0"}, {"reason": ""}, {"number": "x"}):
        reply = await own.post(f"{path}/cancel", data=part | wrong)
        assert reply.status_code in {400, 409, 422}, wrong
    assert "What is allowed now" in (await own.get(path)).text


async def test_a_hold_is_captured_in_part_and_the_rest_is_let_go(
    demo: RunningDemo, own: httpx.AsyncClient
) -> None:
    path = f"/portal/cards/{await paid(demo, 'preauth', 200_000)}"
    form = {"amount": "120.000", "number": number_in((await own.get(path)).text)}
    done = await own.post(f"{path}/capture", data=form)
    assert "The hold is captured." in done.text
    assert "Rp120.000" in done.text
    held = (await own.get(path)).text
    assert "There is nothing to do with a payment that is Captured" in held
    assert "There is no hold" in (await own.post(f"{path}/capture", data=form)).text


async def test_the_checklist_shows_proof_and_a_person_can_say_what_no_gateway_sees(
    demo: RunningDemo, own: httpx.AsyncClient
) -> None:
    await paid(demo, "installment")
    place = "/portal/cards/merchants/DEMOINSTL1"
    page = (await own.get(place)).text
    assert "Integration checklist" in page
    assert "pay with instmntMon" not in page.partition("Full payment")[2][:300]
    armed = await own.post(f"{place}/trials", data={"kind": "notification"})
    assert "Armed for 30 minutes" in armed.text
    said = await own.post(f"{place}/said/logs", data={"note": "grepped for the test card"})
    assert "grepped for the test card (portal:demo)" in said.text
    assert (await own.post(f"{place}/said/charge", data={"note": "x"})).status_code == 404
    sheet = await own.get(f"{place}/checklist.csv")
    assert sheet.text.startswith("no,group,item")
    assert "attachment" in sheet.headers["content-disposition"]


async def test_the_receiver_is_examined_with_the_newest_notification(
    demo: RunningDemo, own: httpx.AsyncClient
) -> None:
    txid = await paid(demo, "installment")

    async def told() -> bool:
        return "charge" in (await own.get(f"/portal/cards/{txid}")).text.partition("Notific")[2]

    await demo.wait_for(told)
    found = await own.post("/portal/cards/merchants/DEMOINSTL1/doctor")
    assert "alert-success" in found.text
    nobody = await own.post("/portal/cards/merchants/DEMORECUR1/doctor")
    assert "There was no notification yet" in nobody.text


async def test_a_new_key_is_shown_once_and_signs_from_then_on(
    demo: RunningDemo, own: httpx.AsyncClient
) -> None:
    new = {"imid": "PORTALKEY1", "name": "Key", "reseller": "DEMO"}
    async with demo.http(headers=demo.admin) as api:
        made = (await api.post("/api/merchants", json=new)).json()
    place = "/portal/cards/merchants/PORTALKEY1"
    unproved = await own.post(f"{place}/key", data={"password": "a guess"})
    assert unproved.status_code == 422
    assert "merchantKey" in unproved.text
    password = demo.facts["portal"]["password"]
    page = (await own.post(f"{place}/key", data={"password": password})).text
    found = re.search(r"merchantKey.*?<code>([^<]{20,})</code>", page, re.DOTALL)
    assert found is not None
    assert found[1] not in (await own.get(place)).text
    for key, code in ((made["merchant_key"], "9010"), (html.unescape(found[1]), "0000")):
        _, said = await registered(demo, {"iMid": "PORTALKEY1", "merchantKey": key}, 10_000)
        assert said["resultCd"] == code


async def test_nothing_of_another_resellers_merchants_is_found(
    demo: RunningDemo, other: httpx.AsyncClient
) -> None:
    txid = await paid(demo, "sale")
    for path in (
        f"/portal/cards/{txid}",
        "/portal/cards/merchants/DEMOSALE01",
        "/portal/cards/merchants/DEMOSALE01/checklist.csv",
        "/portal/cards/settlements/DEMOSALE01/2026-11-20",
        "/portal/cards/merchants/%00",
    ):
        assert (await other.get(path)).status_code == 404, path
    for path, form in (
        (f"/portal/cards/{txid}/cancel", {"how": "whole", "reason": "x", "number": "0" * 16}),
        (f"/portal/cards/{txid}/capture", {"amount": "1", "number": "0" * 16}),
        (f"/portal/cards/{txid}/notifications/1/resend", {}),
        ("/portal/cards/merchants/DEMOSALE01/key", {}),
        ("/portal/cards/merchants/DEMOSALE01/doctor", {}),
        ("/portal/cards/merchants/DEMOSALE01/trials", {"kind": "callback"}),
        ("/portal/cards/merchants/DEMOSALE01/said/logs", {"note": "x"}),
    ):
        assert (await other.post(path, data=form)).status_code == 404, path
    async with demo.http(headers=demo.admin) as api:
        assert (await api.get(f"/api/card-payments/{txid}")).json()["state"] == "paid"


async def test_card_calls_are_tried_one_after_the_other_by_a_sandbox_merchant(
    own: httpx.AsyncClient,
) -> None:
    place = "/portal/developer/nicepay"
    for call, good in (
        ("registration", '"resultCd":"0000"'),
        ("payment", 'name="resultCd" value="0000"'),
        ("inquiry", '"resultMsg":"paid"'),
        ("cancel", '"resultCd":"0000"'),
    ):
        page = (await own.get(f"{place}/{call}")).text
        form = dict(re.findall(r'name="(v-\w+)" type="text" value="([^"]*)"', page))
        assert "merchantToken" in page
        reply = await own.post(f"{place}/{call}", data=form)
        assert good in html.unescape(reply.text), call


async def test_the_state_of_the_order_that_was_tried_is_asked_without_typing(
    own: httpx.AsyncClient,
) -> None:
    for dialect, buy, ask, good in (
        ("isikuota", "prepaid", "status", "ORDER_SUCCESS"),
        ("isikuota", "inquiry", "pay-pasca", '"success":true'),
        ("socx", "purchase", "status", '"rc":"'),
        ("otomax", "order", "status", "X10.081712341230"),
    ):
        for call in (buy, ask):
            page = (await own.get(f"/portal/developer/{dialect}/{call}")).text
            form = dict(re.findall(r'name="(v-\w+)" type="text" value="([^"]*)"', page))
            reply = await own.post(f"/portal/developer/{dialect}/{call}", data=form)
        assert good in html.unescape(reply.text), (dialect, ask)
        assert "NOT_FOUND" not in reply.text


async def test_a_refused_merchant_token_is_explained(own: httpx.AsyncClient) -> None:
    page = "/portal/developer/nicepay/signature"
    assert "Signature refused?" in (await own.get("/portal/developer/nicepay")).text
    fields = {"timeStamp": "20260102153000", "iMid": "DEMOINSTL1", "referenceNo": "A", "amt": "1"}
    text = "|".join([*fields.values(), "demo-merchant-key-installment/0123456789=="])
    token = hashlib.sha256(text.encode()).hexdigest()
    sent = json.dumps({**fields, "merchantToken": token})
    found = (await own.post(page, data={"request": sent})).text
    assert "nothing stands between the fields" in found
    assert "demo-merchant-key" not in found
