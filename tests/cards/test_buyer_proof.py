"""A tXid can be guessed: of buyer and card only the browser that typed the card is told."""

from __future__ import annotations

from cards.rig import BACK, MASTERCARD, VISA, Fields, Page, Rig
from cards.shop import Shop
from cards.test_chain import Cable, chain, pay_there
from cards.test_leniency import hosted
from gerbang.dialects.nicepay.client import hidden_inputs

__all__ = ["chain"]

PATH = "/nicepay/redirect/v2/payment"
KEPT_BACK = ("cardNo", "billingNm", "merchantToken", "authNo", "recurringToken", "preauthToken")


def typed(order: Fields, pan: str = VISA) -> Fields:
    return {"tXid": order["tXid"], "cardNo": pan, "cardExp": "01/39", "cardCvv": "100",
            "cardHolderNm": "Budi", "instmntMon": "1", "answer": "pay"}  # fmt: skip


async def post(rig: Rig, order: Fields, pan: str = VISA) -> tuple[Page, str]:
    """Type a card; gives the page and the cookie that came with it."""
    page = await rig.form(PATH, typed(order, pan))
    cookies = [value for name, value in page.answer.headers if name == "set-cookie"]
    return page, cookies[0].partition(";")[0]


async def look(rig: Rig, order: Fields, cookie: str = "") -> Page:
    query = f"tXid={order['tXid']}"
    return Page(
        await rig.call(PATH, method="GET", query=query, content_type="", cookie=f"a=1; {cookie}")
    )


async def test_a_stranger_with_the_txid_learns_nothing_of_the_card(rig: Rig) -> None:
    order, _ = await hosted(rig)
    page, cookie = await post(rig, order)
    assert (await rig.answer_challenge(page)).hidden["cardNo"]
    stranger = await look(rig, order)
    assert (stranger.code, stranger.action) == ("9127", BACK)
    assert not set(KEPT_BACK) & stranger.hidden.keys()
    buyer = await look(rig, order, cookie)
    assert buyer.hidden["cardNo"].startswith("443426")
    assert buyer.hidden["merchantToken"]
    changed = await look(rig, order, cookie[:-1] + ("1" if cookie.endswith("0") else "0"))
    assert "cardNo" not in changed.hidden


async def test_who_tried_a_card_of_his_own_on_an_order_is_not_its_buyer(rig: Rig) -> None:
    order, _ = await hosted(rig)
    page, strangers = await post(rig, order, MASTERCARD)
    assert (await rig.answer_challenge(page, otp="000000")).action == PATH
    page, buyers = await post(rig, order)
    assert (await rig.answer_challenge(page)).code == "0000"
    assert "cardNo" not in (await look(rig, order, strangers)).hidden
    assert (await look(rig, order, buyers)).hidden["cardNo"].startswith("443426")


async def test_a_browser_that_pays_all_day_carries_one_cookie(rig: Rig) -> None:
    names = set()
    for _ in range(3):
        order, _ = await hosted(rig)
        _, cookie = await post(rig, order)
        names.add(cookie.partition("=")[0])
    assert names == {"gerbang_buyer"}


async def test_a_stranger_at_an_acquirers_way_back_learns_nothing_of_the_card(
    chain: tuple[Shop, Shop, Cable],
) -> None:
    shop, inner, _cable = chain
    order = await shop.register()
    await pay_there(shop, inner, order)
    assert order["returned"]["cardNo"]
    shop.at.client.cookies.clear()  # another browser
    txid = await shop.at.node.pool.fetchval("SELECT max(txid) FROM acquirer_orders")
    for fields in ({"tXid": txid}, {"tXid": txid, "amt": "150000", "merchantToken": "0" * 64}):
        answer = await shop.at.client.post("/acquirers/inner/return", data=fields)
        told = hidden_inputs(answer.text)
        assert (told["resultCd"], told["tXid"]) == ("0000", order["tXid"])
        assert not set(KEPT_BACK) & told.keys()
