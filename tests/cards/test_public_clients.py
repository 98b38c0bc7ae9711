"""The requests of public NICEPAY clients, byte for byte as they are sent, through a whole life.

Each client is a row: where it sends, which content type it names, what it leaves out, writes as a
number or writes in its own way. What it can rely on is the same for all.
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
import pytest
import pytest_asyncio

from cards.rig import BACK, KEY, VISA, Fields, Page, Rig
from gerbang.dialects.nicepay.replies import encode_notification
from gerbang.dialects.nicepay.tokens import cancel_token, notification_token, order_token

pytestmark = pytest.mark.asyncio(loop_scope="module")
WOO_BACK = "https://shop.example/?wc-api=wc_gateway_nicepay&order_id=17&key=wc_order_abc"
CART = '{"count":"1","item":[{"goods_name":"Sepatu","goods_amt":"150000","goods_quantity":"1"}]}'
SDK_CARD = ("timeStamp", "tXid", "callBackUrl", "merchantToken", "cardNo", "cardExpYymm", "cardCvv",
            "recurringToken", "cardHolderNm", "preauthToken", "cardHolderEmail")  # fmt: skip
PYTHON_CARD = ("timeStamp", "tXid", "cashtag", "cardNo", "cardExpYymm", "cardCvv", "recurringToken",
               "preauthToken", "callBackUrl", "merchantToken")  # fmt: skip


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """One public client's habits."""

    name: str
    prefix: str = "/nicepay/direct/v2"
    content_type: str = "application/json"
    more: dict[str, Any] = {}
    """Registration fields that it sends otherwise; None leaves one out."""
    pays: str = "form"
    card_fields: tuple[str, ...] = SDK_CARD
    reuses_token: bool = False
    back: str = BACK
    cancels: dict[str, Any] = {}


CLIENTS = (
    Client(name="nodejs-nicepay", more={"cartData": CART, "recurrOpt": "2"}),
    Client(
        name="python-nicepay",
        prefix="/nicepay//direct/v2",
        more={"amt": 150_000, "userIP": None, "recurrOpt": "", "cartData": CART},
        pays="get",
        card_fields=PYTHON_CARD,
    ),
    Client(
        name="java-nicepay",
        content_type="application/json; charset=UTF-8",
        more={"cartData": "{}", "recurrOpt": "", "shopId": "", "sellers": "", "mitraCd": ""},
    ),
    Client(
        name="php-nicepay",
        more={"cartData": "", "recurrOpt": "", "instmntType": "", "instmntMon": ""},
        cancels={
            "cancelUserId": "",
            "cancelUserIp": "127.0.0.1",
            "cancelRetryCnt": "3",
            "worker": "",
            "preauthToken": "",
            "fee": "0",
            "vat": "0",
            "notaxAmt": "0",
        },
    ),
    Client(name="kotlin-nicepay-lib", cancels={"payMethod": "02"}),
    Client(name="rust", pays="json"),
    Client(
        name="SK-sep/Nicepay-CC",
        more={"cartData": '{"count":"1","item":[{', "deliveryNm": "Budi", "vat": "0", "fee": "0"},
    ),
    Client(
        name="Taufik0101/CC-Nicepay",
        content_type="",
        more={"cartData": base64.b64encode(CART.encode()).decode()},
        reuses_token=True,
        card_fields=SDK_CARD[:7],
    ),
    Client(name="yisiper/nicepay-go", more={"amt": 150_000.0}, pays="query"),
    Client(
        name="WooCoomerce-Dev",
        content_type="Application/JSON",
        more={"referenceNo": "number", "callBackUrl": WOO_BACK, "userSessionID": "s", "reqTm": ""},
        back=WOO_BACK,
    ),
)


@pytest_asyncio.fixture(loop_scope="module")
async def rig(shared_rig: Rig) -> Rig:
    shared_rig.told.clear()
    return shared_rig


async def send(rig: Rig, client: Client, call: str, fields: Fields) -> Fields:
    answer = await rig.call(
        f"{client.prefix}/{call}", msgspec.json.encode(fields), content_type=client.content_type
    )
    assert 200 <= answer.status <= 299  # the only thing that a client asks of HTTP
    said: Fields = msgspec.json.decode(answer.body)
    assert all(value is None or isinstance(value, str | dict | list) for value in said.values())
    return said


def signed(rig: Rig, order: Fields, stamp: str = "") -> Fields:
    """Sign an inquiry as all clients do."""
    fields = {name: order[name] for name in ("tXid", "iMid", "referenceNo", "amt")}
    stamp = stamp or rig.stamp()
    token = order_token(KEY, timestamp=stamp, imid=fields["iMid"],
                        reference=fields["referenceNo"], amount=fields["amt"])  # fmt: skip
    return {"timeStamp": stamp, **fields, "merchantToken": token}


async def pay(rig: Rig, client: Client, order: Fields, asked: Fields) -> Page:
    fields = rig.payment(order) | {"cashtag": "", "recurringToken": "", "preauthToken": "",
                                   "cardHolderEmail": "budi@example.com"}  # fmt: skip
    fields["callBackUrl"] = client.back
    if client.reuses_token:
        fields |= {name: asked[name] for name in ("timeStamp", "merchantToken")}
    chosen = {name: fields[name] for name in client.card_fields}
    path = f"{client.prefix}/payment"
    if client.pays == "get":
        answer = await rig.call(path, method="GET", query=urlencode(chosen), content_type="")
    elif client.pays == "query":
        answer = await rig.call(path, query=urlencode(chosen), content_type="")
    elif client.pays == "json":
        answer = await rig.call(path, msgspec.json.encode(chosen))
    else:
        form = "application/x-www-form-urlencoded"
        answer = await rig.call(path, urlencode(chosen).encode(), content_type=form)
    return Page(answer)


def registration(rig: Rig, client: Client) -> Fields:
    """Write the client's registration, signed over the text that it hashes."""
    more = dict(client.more)
    number = rig.order()["referenceNo"].removeprefix("ORD-")
    reference: Any = int(f"2026{number}") if more.pop("referenceNo", None) else f"REF-{number}"
    whole = rig.order(referenceNo=str(reference), amount=150_000)
    fields = {**whole, "referenceNo": reference, **more}
    return {name: value for name, value in fields.items() if value is not None}


@pytest.mark.parametrize("client", CLIENTS, ids=[client.name for client in CLIENTS])
async def test_a_public_client_goes_through_a_whole_life(rig: Rig, client: Client) -> None:
    asked = registration(rig, client)
    said = await send(rig, client, "registration", asked)
    assert (said["resultCd"], said["resultMsg"], said["amt"]) == ("0000", "SUCCESS", "150000")
    assert len(said["tXid"]) == 30
    order = {**said, "iMid": asked["iMid"], "referenceNo": str(asked["referenceNo"])}
    first = await send(rig, client, "inquiry", signed(rig, order))
    assert (first["resultMsg"], first["status"]) == ("init", "9")

    page = await pay(rig, client, order, asked)
    assert page.html.lstrip()[:6] == "<head>"
    assert "SUCCESS" in page.html
    assert (page.code, page.action) == ("0000", client.back)
    assert {"tXid", "referenceNo", "amt", "authNo", "cardNo", "transDt"} <= page.hidden.keys()

    note = encode_notification(rig.desk.payment_message(rig.told[-1]))
    told = dict(parse_qsl(note.body.decode(), keep_blank_values=True))
    vendor = notification_token(KEY, imid=order["iMid"], txid=told["tXid"], amount=told["amt"])
    assert told["merchantToken"] == vendor
    # an old plugin asks with the notification's time as its timeStamp
    asking = signed(rig, order, told["transDt"] + told["transTm"])
    paid = await send(rig, client, "inquiry", asking)
    assert (paid["resultMsg"], paid["status"], paid["cardNo"]) == ("paid", "0", told["cardNo"])

    done = await rig.json(f"{client.prefix}/cancel", await cancelling(rig, order, client.cancels))
    assert done["resultCd"] == "0000"
    assert len(done["canceltXid"]) == 30
    assert (await send(rig, client, "inquiry", signed(rig, order)))["resultMsg"] == "void"
    assert await rig.charges_at_issuer(order) == [("charge", 1), ("void", 1)]


async def cancelling(rig: Rig, order: Fields, more: dict[str, Any], amount: str = "") -> Fields:
    stamp, amt = rig.stamp(), amount or order["amt"]
    token = cancel_token(KEY, timestamp=stamp, imid=order["iMid"], txid=order["tXid"], amount=amt)
    return {
        "timeStamp": stamp, "tXid": order["tXid"], "iMid": order["iMid"], "payMethod": "01",
        "cancelType": "2" if amount else "1", "amt": amt, "merchantToken": token,
        "cancelMsg": "Dibatalkan", "referenceNo": order["referenceNo"], **more,
    }  # fmt: skip


async def test_a_public_client_takes_back_a_part_after_the_day_s_cut_off(rig: Rig) -> None:
    client = CLIENTS[0]
    asked = registration(rig, client)
    said = await send(rig, client, "registration", asked)
    order = {**said, "iMid": asked["iMid"]}
    await pay(rig, client, order, asked)
    await rig.advance(days=1)
    back = await send(rig, client, "cancel", await cancelling(rig, order, {}, "50000"))
    assert (back["resultCd"], back["amt"]) == ("0000", "50000")
    shown = await send(rig, client, "inquiry", signed(rig, order))
    assert (shown["resultMsg"], shown["cancelAmt"]) == ("paid", "50000")


async def test_python_nicepay_sends_its_buyer_to_the_hosted_page(rig: Rig) -> None:
    """Its redirect registration has no timeStamp, a token without one, and amt as a number."""
    fields = rig.order("SECURE0001")
    del fields["timeStamp"], fields["userIP"]
    token = order_token(KEY, timestamp="", imid="SECURE0001", reference=fields["referenceNo"],
                        amount="150000")  # fmt: skip
    sellers = '[{"sellersId":"SEL123","sellersNm":"Toko","sellersAddress":{"sellerNm":"Budi"}}]'
    fields |= {"amt": 150_000, "merchantToken": token, "payMethod": "00", "callBackUrl": BACK,
               "description": "Sepatu", "sellers": sellers, "recurrOpt": ""}  # fmt: skip
    said = await rig.json("/nicepay//redirect/v2/registration", fields)
    assert said["resultCd"] == "0000"
    url = f"{said['paymentURL']}?tXid={said['tXid']}"
    path, _, query = url.removeprefix("http://gateway.example").partition("?")
    page = Page(await rig.call(path, method="GET", query=query, content_type=""))
    assert page.hidden["tXid"] == said["tXid"]


async def test_the_3d_secure_form_keeps_its_public_name_path_and_transaction(rig: Rig) -> None:
    """Clients look up form[name=mpgsAuthFrm], read its tXid, and open its action, even by GET."""
    page = await rig.pay(await rig.register("SECURE0001"))
    assert page.html.lstrip()[:6] == "<head>"
    assert 'name="mpgsAuthFrm"' in page.html
    assert 'id="mpgsAuthFrm"' in page.html
    assert page.action.endswith("/nicepay/api/mpgsAuth.do")
    assert page.hidden["tXid"]
    assert VISA not in page.html
    opened = await rig.call(
        "/nicepay/api/mpgsAuth.do", method="GET", query=urlencode(page.hidden), content_type=""
    )
    assert opened.status == 200
    question = Page(opened)
    assert question.action.endswith("/nicepay/api/mpgsAuth.do")
