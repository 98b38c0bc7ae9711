"""What real clients send, all of it taken (§19), and the pages they read without a browser."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from cards.rig import BACK, KEY, VISA, Fields, Page, Rig
from gerbang.dialects.nicepay.tokens import order_token
from gerbang.dialects.nicepay.wire import is_web_address, text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAY = "/nicepay/direct/v2/payment"
REGISTER = "/nicepay/direct/v2/registration"


@pytest_asyncio.fixture(loop_scope="module")
async def rig(shared_rig: Rig) -> Rig:
    return shared_rig


@pytest.mark.parametrize("how", ["form", "json", "get", "query", "python"])
async def test_a_payment_may_be_sent_in_every_way_clients_have(rig: Rig, how: str) -> None:
    order = await rig.register()
    fields = rig.payment(order)
    if how == "python":  # empty fields of other methods, no holder's name
        fields |= {"cashtag": "", "recurringToken": "", "preauthToken": ""}
        fields.pop("cardHolderNm")
    query = urlencode(fields)
    if how == "json":
        answer = await rig.call(PAY, msgspec.json.encode(fields))
    elif how == "form":
        answer = await rig.call(
            PAY, query.encode(), content_type="Application/X-WWW-Form-Urlencoded"
        )
    elif how == "query":
        answer = await rig.call(PAY, query=query, content_type="")
    else:
        answer = await rig.call(PAY, method="GET", query=query, content_type="")
    page = Page(answer)
    assert page.code == "0000"
    assert page.action == BACK
    assert VISA not in page.html


@pytest.mark.parametrize(
    "path",
    ["/nicepay//direct/v2/registration", f"{REGISTER}/", "//nicepay//direct//v2//registration//"],
)
async def test_slashes_too_many_are_forgiven(rig: Rig, path: str) -> None:
    assert (await rig.json(path, rig.order()))["resultCd"] == "0000"


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON", "", "text/plain"])
async def test_json_is_read_whatever_its_content_type_says(rig: Rig, content_type: str) -> None:
    body = msgspec.json.encode(rig.order())
    answer = await rig.call(REGISTER, body, content_type=content_type)
    assert msgspec.json.decode(answer.body)["resultCd"] == "0000"


async def test_numbers_are_taken_where_strings_are_documented(rig: Rig) -> None:
    whole = rig.order()
    assert (await rig.json(REGISTER, {**whole, "amt": 150000}))["resultCd"] == "0000"
    as_float = rig.order()
    assert (await rig.json(REGISTER, {**as_float, "amt": 150000.0}))["resultCd"] == "0000"
    numbered = rig.order(referenceNo="20260102153000")
    reply = await rig.json(REGISTER, {**numbered, "referenceNo": 20260102153000})
    assert reply["referenceNo"] == "20260102153000"


async def test_blank_and_unknown_fields_are_ignored(rig: Rig) -> None:
    more: dict[str, Any] = {
        "recurrOpt": "",
        "instmntType": "",
        "instmntMon": "",
        "whatever": {"a": 1},
    }
    order = await rig.register(**more, vacctValidDt=None)
    shown = await rig.inquire(order)
    assert (shown["instmntMon"], shown["instmntType"]) == ("1", "1")


async def test_a_token_in_upper_case_is_the_same(rig: Rig) -> None:
    order = rig.order()
    order["merchantToken"] = order["merchantToken"].upper()
    assert (await rig.json(REGISTER, order))["resultCd"] == "0000"


async def test_a_registration_s_own_token_may_pay(rig: Rig) -> None:
    signed = rig.order()
    reply = await rig.json(REGISTER, signed)
    order = {**reply, "iMid": signed["iMid"]}
    again = {"timeStamp": signed["timeStamp"], "merchantToken": signed["merchantToken"]}
    assert (await rig.pay(order, **again)).code == "0000"


async def test_every_value_is_a_string_or_null(rig: Rig) -> None:
    order = await rig.charge()
    shown = await rig.inquire(order)
    plain = {name: value for name, value in shown.items() if name != "acquirerData"}
    assert all(value is None or isinstance(value, str) for value in plain.values())
    assert "latestFailHistory" in shown
    done = await rig.cancel(order, cancelMsg="salah", referenceNo="C-1")
    assert {"tXid", "canceltXid", "resultCd"} <= done.keys()
    assert (done["cancelReferenceNo"], done["description"]) == ("C-1", "salah")


async def test_a_merchant_may_have_nulls_left_out(rig: Rig) -> None:
    await rig.pool.execute(
        "UPDATE merchants SET settings = settings || $1 WHERE imid = 'AUTOPAID01'",
        {"nulls": False},
    )
    await rig.desk.directory.refresh()
    order = await rig.register("AUTOPAID01")
    shown = await rig.inquire(order)
    assert None not in shown.values()
    assert "vacctNo" not in shown


async def test_an_autopaid_mid_takes_every_sample_card(rig: Rig) -> None:
    for pan, expiry in (("4222222222222222", "2406"), ("1234567890123456", "1001")):
        order = await rig.register("AUTOPAID01", 5_000)
        page = await rig.pay(order, pan, cardExpYymm=expiry, cardCvv=None)
        assert page.code == "0000"


# --- the hosted page ------------------------------------------------------------------------


async def hosted(rig: Rig, **changes: Any) -> tuple[Fields, str]:
    order = rig.order("SECURE0001", callBackUrl=BACK, payMethod="00", **changes)
    reply = await rig.json("/nicepay/redirect/v2/registration", order)
    assert reply["resultCd"] == "0000"
    return {**reply, "iMid": "SECURE0001"}, reply["paymentURL"]


async def test_the_hosted_page_takes_a_card_and_brings_the_buyer_back(rig: Rig) -> None:
    order, url = await hosted(rig)
    assert url == "http://gateway.example/nicepay/redirect/v2/payment"
    assert "?" not in url
    path, query = "/nicepay/redirect/v2/payment", f"tXid={order['tXid']}"
    form = Page(await rig.call(path, method="GET", query=query, content_type=""))
    assert form.html.startswith("<head>")
    assert form.hidden["tXid"] == order["tXid"]
    typed = {
        **form.hidden,
        "cardNo": "4434 2600 0000 0008",
        "cardExp": "01/39",
        "cardCvv": "100",
        "cardHolderNm": "Budi",
        "instmntMon": "1",
        "answer": "pay",
    }
    wrong = await rig.form(path, {**typed, "cardExp": "13/39"})
    assert wrong.action == path
    assert await rig.state(order) == "initialised"
    again = await rig.answer_challenge(await rig.form(path, typed), otp="000000")
    assert again.action == path
    assert "8026" in again.html
    done = await rig.answer_challenge(await rig.form(path, typed))
    assert (done.code, done.action, done.hidden["status"]) == ("0000", BACK, "0")
    over = Page(await rig.call(path, method="GET", query=query, content_type=""))
    assert (over.code, over.action) == ("9127", BACK)


async def test_a_buyer_who_leaves_the_hosted_page_is_brought_back_unpaid(rig: Rig) -> None:
    order, _ = await hosted(rig)
    page = await rig.form(
        "/nicepay/redirect/v2/payment", {"tXid": order["tXid"], "answer": "cancel"}
    )
    assert (page.code, page.action) == ("C935", BACK)
    assert await rig.state(order) == "initialised"


async def test_a_redirect_registration_may_leave_out_its_timestamp(rig: Rig) -> None:
    order = rig.order("SECURE0001", callBackUrl=BACK)
    token = order_token(
        KEY, timestamp="", imid="SECURE0001", reference=order["referenceNo"], amount=order["amt"]
    )
    order |= {"timeStamp": "", "merchantToken": token}
    reply = await rig.json("/nicepay/redirect/v2/registration", order)
    assert reply["resultCd"] == "0000"
    missing = {**rig.order("SECURE0001"), "callBackUrl": ""}
    reply = await rig.json("/nicepay/redirect/v2/registration", missing)
    assert reply["resultCd"] == "9019"


async def test_a_direct_payment_cannot_be_paid_on_the_hosted_page(rig: Rig) -> None:
    order = await rig.register()
    query = f"tXid={order['tXid']}"
    answer = await rig.call(
        "/nicepay/redirect/v2/payment", method="GET", query=query, content_type=""
    )
    assert Page(answer).code == "8022"


# --- encrypted fields ------------------------------------------------------------------------


async def test_card_fields_may_come_encrypted(rig: Rig) -> None:
    key = load_der_public_key(base64.b64decode(rig.desk.public_key))
    assert isinstance(key, rsa.RSAPublicKey)

    def seal(text: str) -> str:
        return base64.b64encode(key.encrypt(text.encode(), padding.PKCS1v15())).decode()

    order = await rig.register()
    sealed = {
        "cardNo": seal(VISA),
        "cardExpYymm": seal("3901"),
        "cardCvv": seal("100"),
        "cardHolderNm": seal("BUDI"),
        "encrypted": "1",
    }
    name = hashlib.sha256(rig.desk.public_key.encode()).hexdigest()
    wrong = await rig.pay(order, **sealed, publicKey="0" * 64)
    assert wrong.code == "8027"
    assert (await rig.pay(order, **sealed, publicKey=name)).code == "0000"


# --- small things ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [(1000, "1000"), (1000.0, "1000"), (100.5, "100.5"), (None, ""), (" a ", "a"), (True, "true")],
)
async def test_json_values_become_the_text_that_clients_hash(value: object, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://shop.example/?wc-api=x&key=y", True),
        ("http://127.0.0.1:9000/notify", True),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("//shop.example", False),
        ("https://shop.example/a b", False),
        ("https://[::1", False),
        ("data:text/html,x", False),
    ],
)
async def test_only_web_addresses_are_gone_to(url: str, fits: bool) -> None:
    assert is_web_address(url) is fits


async def test_only_known_paths_and_methods_are_answered(rig: Rig) -> None:
    assert (await rig.call("/nicepay/api/other.do")).status == 404
    assert (await rig.call(REGISTER, method="GET")).status == 405
