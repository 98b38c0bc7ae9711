"""What the client half asks, and what it believes of the answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from gerbang.dialects.nicepay import client
from gerbang.dialects.nicepay.client import (
    Account,
    Buyer,
    Cancelled,
    News,
    Order,
    Place,
    Refused,
    Registered,
    Registration,
    Standing,
    Unclear,
)
from gerbang.dialects.nicepay.pages import ReturnView, auto_submit_page
from gerbang.dialects.nicepay.tokens import notification_token
from gerbang.outbound.message import Answered, InboundRequest

NOW = datetime(2026, 1, 2, 8, 30, tzinfo=UTC)
KEY = "SIMKEY/abc+DEF0123456789=="
TXID = "SIMMID000101202601021530001234"
ACCOUNT = Account(base_url="https://acquirer.example/", imid="SIMMID0001", key=KEY)
BUYER = Buyer(
    goods="Sepatu", name="Budi", phone="0812", email="b@example.com", address="Jl. 1",
    city="Jakarta", state="DKI", post_code="10210",
)  # fmt: skip
REGISTRATION = Registration(
    reference="ORD-0001",
    amount=150000,
    buyer=BUYER,
    return_url="https://us.example/return",
    notify_url="https://us.example/notify",
)
ORDER = Order(txid=TXID, reference="ORD-0001", amount=150000)


def answered(body: Any, status: int = 200) -> Answered:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answered(status=status, body=raw)


def inquiry(**changes: Any) -> Answered:
    said = {"resultCd": "0000", "resultMsg": "paid", "status": "0", "tXid": TXID,
            "referenceNo": "ORD-0001", "amt": "150000", "cancelAmt": None}  # fmt: skip
    return answered(said | changes)


def test_a_registration_is_signed_as_the_vectors_say() -> None:
    request = client.register(ACCOUNT, REGISTRATION, now=NOW, hosted=False)
    fields = json.loads(request.body)
    assert request.url == "https://acquirer.example/nicepay/direct/v2/registration"
    assert fields["merchantToken"].startswith("11d4762b777bcf54")
    assert fields["timeStamp"] == "20260102153000"
    assert all(isinstance(value, str) for value in fields.values())
    assert "callBackUrl" not in fields


def test_a_hosted_registration_names_the_way_back() -> None:
    request = client.register(ACCOUNT, REGISTRATION, now=NOW, hosted=True)
    assert request.url.endswith("/nicepay/redirect/v2/registration")
    assert json.loads(request.body)["callBackUrl"] == REGISTRATION.return_url


def test_the_key_is_listed_as_secret_and_never_shown() -> None:
    request = client.register(ACCOUNT, REGISTRATION, now=NOW, hosted=True)
    assert KEY in request.secrets
    assert KEY not in request.body.decode()
    assert KEY not in repr(ACCOUNT)


def test_a_registered_order_leads_to_the_payment_page() -> None:
    said = client.read_registration(
        REGISTRATION,
        answered({"resultCd": "0000", "tXid": TXID, "referenceNo": "ORD-0001", "amt": "150000",
                  "paymentURL": "https://acquirer.example/p"}),
    )  # fmt: skip
    assert isinstance(said, Registered)
    assert client.hosted_page(said) == f"https://acquirer.example/p?tXid={TXID}"


@pytest.mark.parametrize(
    "body",
    [
        {"resultCd": "0000", "tXid": TXID, "referenceNo": "ORD-0002", "amt": "150000"},
        {"resultCd": "0000", "tXid": TXID, "referenceNo": "ORD-0001", "amt": "15000"},
        {"resultCd": "0000", "tXid": None, "referenceNo": "ORD-0001", "amt": "150000"},
        {}, [], b"<html>", b"\xff", b"",
    ],
)  # fmt: skip
def test_a_registration_that_proves_nothing_is_unclear(body: Any) -> None:
    assert isinstance(client.read_registration(REGISTRATION, answered(body)), Unclear)


def test_a_refused_registration_says_its_code() -> None:
    said = client.read_registration(REGISTRATION, answered({"resultCd": "9009"}))
    assert said == Refused(code="9009")


@pytest.mark.parametrize(
    ("status", "word", "place"),
    [
        ("0", "paid", Place.PAID), ("0", "Paid", Place.PAID), ("0", "preauthed", Place.HELD),
        ("9", "init", Place.INITIALISED), ("1", "void", Place.VOID),
        ("2", "refund", Place.REFUNDED), ("8", "failed", Place.FAILED),
        ("8", "expired", Place.EXPIRED),
        ("9", "process", Place.UNKNOWN), ("0", "void", Place.UNKNOWN), ("7", "paid", Place.UNKNOWN),
        ("", "", Place.UNKNOWN),
    ],
)  # fmt: skip
def test_where_an_order_stands_needs_status_and_word(status: str, word: str, place: Place) -> None:
    said = client.read_inquiry(ORDER, inquiry(status=status, resultMsg=word))
    assert isinstance(said, Standing)
    assert said.place is place


@pytest.mark.parametrize("change", [{"tXid": "x"}, {"referenceNo": "ORD-2"}, {"amt": "1"}])
def test_an_inquiry_about_another_order_proves_nothing(change: dict[str, str]) -> None:
    assert isinstance(client.read_inquiry(ORDER, inquiry(**change)), Unclear)


def test_an_inquiry_tells_the_card_and_why_it_failed() -> None:
    said = client.read_inquiry(
        ORDER,
        inquiry(status=8, resultMsg="failed", cardNo="443426******0008", cancelAmt=0,
                latestFailHistory=[{"resultCd": "51", "resultMsg": "funds"}]),
    )  # fmt: skip
    assert isinstance(said, Standing)
    assert said.failure == Refused(code="51", message="funds")
    assert said.card_mask == "443426******0008"


def test_an_unmasked_number_in_an_answer_is_not_kept() -> None:
    said = client.read_inquiry(ORDER, inquiry(cardNo="4434260000000008"))
    assert isinstance(said, Standing)
    assert said.card_mask == ""


def test_a_cancel_is_signed_over_txid_and_its_own_amount() -> None:
    request = client.cancel(
        ACCOUNT, ORDER, amount=50000, full=False, reference="C1", reason="",
        now=datetime(2026, 1, 3, 2, tzinfo=UTC),
    )  # fmt: skip
    fields = json.loads(request.body)
    assert fields["merchantToken"].startswith("787711c9924900bd")
    assert (fields["cancelType"], fields["amt"]) == ("2", "50000")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"resultCd": "0000", "tXid": TXID, "canceltXid": "c"}, Cancelled(txid="c")),
        ({"resultCd": "9327", "resultMsg": "m"}, Refused(code="9327", message="m")),
        ({"resultCd": "0000", "tXid": "other"}, Unclear),
        ({"resultCd": "9315"}, Unclear),
        ({"resultCd": "9302"}, Unclear),
        ({"resultCd": "1004"}, Unclear),
        ({"resultCd": "ZZ"}, Unclear),
        (b"oops", Unclear),
    ],
)
def test_a_cancel_is_refused_only_by_a_listed_code(body: Any, expected: Any) -> None:
    said = client.read_cancel(ORDER, answered(body))
    assert said == expected or (isinstance(expected, type) and isinstance(said, expected))


def test_hidden_inputs_of_our_own_pages_are_read_back() -> None:
    fields = {"resultCd": "0000", "goodsNm": "a\"<b>&'", "description": ""}
    page = auto_submit_page(ReturnView(language="id", url="https://s/", fields=fields))
    assert client.hidden_inputs(page.decode()) == fields


@pytest.mark.parametrize(("code", "refused"), [("9145", True), ("0000", False), ("51", False)])
def test_a_result_page_is_final_only_where_it_refuses_by_the_list(code: str, refused: bool) -> None:
    page = auto_submit_page(ReturnView(language="id", url="https://s/", fields={"resultCd": code}))
    assert isinstance(client.read_payment(answered(page)), Refused) is refused


def notification(**changes: str) -> InboundRequest:
    fields = {"tXid": TXID, "referenceNo": "ORD-0001", "amt": "150000", "status": "0"}
    fields["merchantToken"] = notification_token(KEY, imid="SIMMID0001", txid=TXID, amount="150000")
    body = "&".join(f"{name}={value}" for name, value in (fields | changes).items())
    return InboundRequest(method="POST", path="/n", body=body.encode())


def test_a_notification_with_its_token_is_news() -> None:
    said = client.read_notification(ACCOUNT, notification())
    assert said == News(txid=TXID, reference="ORD-0001", amount=150000)


@pytest.mark.parametrize(
    "change", [{"amt": "150001"}, {"tXid": "x"}, {"merchantToken": "0" * 64}, {"amt": "x"}]
)
def test_a_forged_notification_is_none(change: dict[str, str]) -> None:
    assert client.read_notification(ACCOUNT, notification(**change)) is None


def test_a_payment_by_token_carries_no_card() -> None:
    request = client.pay_by_token(
        ACCOUNT, ORDER, now=NOW, return_url="https://us/return", recurring_token="t" * 64
    )
    fields = parse_qs(request.body.decode())
    assert fields["recurringToken"] == ["t" * 64]
    assert "cardNo" not in fields
    assert "t" * 64 in request.secrets
