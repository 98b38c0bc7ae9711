"""The 42 negative cases of the protocol sheet's §15, in its order; 41 and 42 also over HTTP."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import pytest
import pytest_asyncio

from cards import test_notifications
from cards.rig import KEY, MASTERCARD, VISA, Page, Rig
from gerbang.cards.acquirers.sandbox_cards import TEST_CARDS
from gerbang.cards.card import CardNumber
from gerbang.dialects.card_contract import PaymentMessage
from gerbang.dialects.nicepay.replies import encode_notification
from gerbang.dialects.nicepay.tokens import notification_holds, order_token
from gerbang.outbound.message import Answered
from gerbang.outbound.transcript import scrub

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def rig(shared_rig: Rig) -> Rig:
    shared_rig.told.clear()
    return shared_rig


# --- 1 to 11: cards ------------------------------------------------------------------------------

DECLINES: list[tuple[str, dict[str, Any], str]] = [
    ("1 card not active", {"pan": "4434260000001014"}, "9110"),
    ("2 card expired by the issuer", {"pan": "4434260000001022"}, "54"),
    ("2 card expired by its date", {"cardExpYymm": "2001"}, "54"),
    ("3 invalid number by the issuer", {"pan": "4434260000001030"}, "14"),
    ("3 invalid number by its check digit", {"pan": "4434260000000009"}, "14"),
    ("5 invalid CVV by the issuer", {"pan": "4434260000001048"}, "N7"),
    ("5 invalid CVV 000", {"cardCvv": "000"}, "N7"),
    ("6 network not supported by the issuer", {"pan": "4434260000001055"}, "15"),
    ("6 network not supported by its first digits", {"pan": "6011111111111117"}, "15"),
    ("7 daily amount reached", {"pan": "4434260000001063"}, "9155"),
    ("7 daily count reached", {"pan": "4434260000001071"}, "9154"),
    ("9 insufficient funds", {"pan": "4434260000001089"}, "51"),
    ("10 suspected fraud", {"pan": "4434260000001097"}, "9152"),
]


@pytest.mark.parametrize(("case", "change", "code"), DECLINES, ids=[c[0] for c in DECLINES])
async def test_a_declined_card_fails_the_payment_and_can_be_followed_by_another(
    rig: Rig, case: str, change: dict[str, Any], code: str
) -> None:
    order = await rig.register()
    page = await rig.pay(order, **change)
    assert page.code == code
    assert page.action.startswith("https://shop.example/back")
    after = await rig.inquire(order)
    assert (after["status"], after["resultMsg"]) == ("8", "failed")
    assert [one["resultCd"] for one in after["latestFailHistory"]] == [code]
    assert await rig.charges_at_issuer(order) == []
    assert (await rig.pay(order)).code == "0000"
    assert (await rig.inquire(order))["status"] == "0"
    assert await rig.charges_at_issuer(order) == [("charge", 1)]


INPUT_ERRORS: list[tuple[str, dict[str, Any], str]] = [
    ("3 letters in the number", {"pan": "4434ABCD00000008"}, "8027"),
    ("3 a number too short", {"pan": "44342600000"}, "8027"),
    ("4 month 13", {"cardExpYymm": "3913"}, "9160"),
    ("4 month 00", {"cardExpYymm": "3900"}, "9160"),
    ("4 three digits", {"cardExpYymm": "391"}, "9160"),
    ("4 letters", {"cardExpYymm": "39AB"}, "9160"),
    ("5 CVV of two digits", {"cardCvv": "12"}, "8027"),
    ("5 no CVV where it is needed", {"cardCvv": ""}, "8027"),
]


@pytest.mark.parametrize(("case", "change", "code"), INPUT_ERRORS, ids=[c[0] for c in INPUT_ERRORS])
async def test_an_input_error_leaves_the_order_as_it_was(
    rig: Rig, case: str, change: dict[str, Any], code: str
) -> None:
    order = await rig.register()
    assert (await rig.pay(order, **change)).code == code
    after = await rig.inquire(order)
    assert (after["status"], after["resultMsg"], after["latestFailHistory"]) == ("9", "init", None)
    assert (await rig.pay(order)).code == "0000"


CHALLENGES: list[tuple[str, str, str, str, str]] = [
    ("8 Visa, wrong password", VISA, "111111", "verify", "8026"),
    ("8 Visa, fails whatever is typed", "4434260000001113", "123456", "verify", "8026"),
    ("8b Mastercard fails", "5123450000001014", "123456", "verify", "9117"),
    ("8b Mastercard, wrong password", MASTERCARD, "111111", "verify", "9117"),
    ("8b cancelled", MASTERCARD, "", "cancel", "9117"),
    ("8c the control, Visa", VISA, "123456", "verify", "0000"),
    ("8c the control, Mastercard", MASTERCARD, "123456", "verify", "0000"),
    ("8c frictionless", "4434260000001147", "", "verify", "0000"),
]


@pytest.mark.parametrize(
    ("case", "pan", "otp", "answer", "code"), CHALLENGES, ids=[case[0] for case in CHALLENGES]
)
async def test_what_3d_secure_comes_to(
    rig: Rig, case: str, pan: str, otp: str, answer: str, code: str
) -> None:
    order = await rig.register("SECURE0001")
    page = await rig.answer_challenge(await rig.pay(order, pan), otp, answer=answer)
    assert page.code == code
    status = (await rig.inquire(order))["status"]
    assert status == ("0" if code == "0000" else "8")
    charged = [("charge", 1)] if code == "0000" else []
    assert await rig.charges_at_issuer(order) == charged


async def test_8b_a_challenge_that_times_out_fails(rig: Rig) -> None:
    order = await rig.register("SECURE0001")
    await rig.pay(order, MASTERCARD)
    await rig.find_truth()
    after = await rig.inquire(order)
    assert (after["status"], after["latestFailHistory"][0]["resultCd"]) == ("8", "9157")


@pytest.mark.parametrize(
    ("pan", "state", "word"),
    [("4434260000001105", "0", "paid"), ("4434260000001121", "8", "failed")],
)
async def test_11_an_issuer_that_does_not_answer_is_unknown_and_then_asked(
    rig: Rig, pan: str, state: str, word: str
) -> None:
    order = await rig.register()
    page = await rig.pay(order, pan)
    assert page.code == "1004"
    assert page.hidden["status"] == "9"
    during = await rig.inquire(order)
    assert (during["status"], during["resultMsg"]) == ("9", "in process")
    assert (await rig.pay(order)).code == "9116"
    await rig.find_truth()
    after = await rig.inquire(order)
    assert (after["status"], after["resultMsg"]) == (state, word)
    assert (await rig.cancel(order, 1_000, "2"))["resultCd"] in {"9327", "9314"}
    heard = await rig.pool.fetchval("SELECT max(heard) FROM sandbox_issuer_book")
    assert heard == 1


async def test_11_a_cancel_of_an_unknown_charge_is_queued_and_follows(rig: Rig) -> None:
    order = await rig.register()
    await rig.pay(order, "4434260000001105")
    assert (await rig.cancel(order))["resultCd"] == "9303"
    assert await rig.charges_at_issuer(order) == [("charge", 1)]
    await rig.find_truth()
    assert (await rig.inquire(order))["resultMsg"] == "void"
    assert (await rig.cancel(order))["resultCd"] == "9315"
    assert await rig.charges_at_issuer(order) == [("charge", 1), ("void", 1)]


@pytest.mark.parametrize("kind", ["void", "refund"])
async def test_11_a_cancel_that_gets_no_answer_is_unknown_and_then_asked(
    rig: Rig, kind: str
) -> None:
    order = await rig.charge(pan="4434260000001139")
    if kind == "refund":
        await rig.advance(days=1)
    assert (await rig.cancel(order))["resultCd"] == "1004"
    assert (await rig.cancel(order))["resultCd"] == "9302"
    assert (await rig.inquire(order))["resultMsg"] == "in process"
    assert (await rig.pay(order)).code == "9127"
    await rig.find_truth()
    assert (await rig.inquire(order))["resultMsg"] == kind
    assert await rig.charges_at_issuer(order) == [("charge", 1), (kind, 1)]


async def test_11_a_capture_that_gets_no_answer_keeps_the_hold_until_it_is_known(rig: Rig) -> None:
    hold = await rig.charge("PREAUTH001", pan="4434260000001139")
    capture = await rig.register("PREAUTH001")
    token = {"cardNo": None, "preauthToken": hold["preauthToken"]}
    assert (await rig.pay(capture, **token)).code == "1004"
    other = await rig.register("PREAUTH001")
    assert (await rig.pay(other, **token)).code == "9116"
    assert (await rig.cancel(hold))["resultCd"] == "9302"
    await rig.find_truth()
    assert (await rig.state(capture), await rig.state(hold)) == ("paid", "captured")


async def test_a_cancel_that_the_issuer_declines_changes_nothing(rig: Rig) -> None:
    order = await rig.charge(pan="4434260000001154")
    assert (await rig.cancel(order))["resultCd"] == "8061"
    assert (await rig.inquire(order))["resultMsg"] == "paid"


# --- 12 to 20: registration ----------------------------------------------------------------------

REQUIRED = {
    "currency": "9013",
    "referenceNo": "9014",
    "goodsNm": "9015",
    "billingNm": "9016",
    "billingPhone": "9017",
    "billingEmail": "9018",
    "dbProcessUrl": "9020",
    "billingCity": "9025",
    "billingState": "9026",
    "billingPostCd": "9027",
    "billingCountry": "9028",
    "billingAddr": "8003",
    "timeStamp": "9031",
    "merchantToken": "9010",
    "amt": "9007",
}
REGISTRATIONS: list[tuple[str, dict[str, Any], str]] = [
    ("12 bad token", {"merchantToken": "0" * 64}, "9010"),
    ("14 amt missing", {"amt": ""}, "9007"),
    ("14 amt with decimals", {"amt": "100.50"}, "9008"),
    ("14 amt with a point", {"amt": "1000.0"}, "9008"),
    ("14 amt as a decimal number", {"amt": 1000.5}, "9008"),
    ("14 amt in letters", {"amt": "seribu"}, "9008"),
    ("16 a reference of 41", {"referenceNo": "R" * 41}, "9109"),
    ("19 tenor 9", {"instmntMon": "9"}, "9029"),
    ("19 instalment type 7", {"instmntType": "7"}, "9118"),
    ("20 amt below the least", {"amt": "4999"}, "9115"),
    ("another currency", {"currency": "USD"}, "9013"),
    ("another method", {"payMethod": "02"}, "9012"),
    ("a NUL", {"goodsNm": "a\0b"}, "9030"),
    *((f"17 without {name}", {name: ""}, code) for name, code in REQUIRED.items()),
]


@pytest.mark.parametrize(
    ("case", "change", "code"), REGISTRATIONS, ids=[case[0] for case in REGISTRATIONS]
)
async def test_a_wrong_registration_creates_nothing(
    rig: Rig, case: str, change: dict[str, Any], code: str
) -> None:
    before = await rig.pool.fetchval("SELECT count(*) FROM payments")
    reply = await rig.json("/nicepay/direct/v2/registration", rig.order(**change))
    assert (reply["resultCd"], reply["tXid"]) == (code, None)
    assert reply["resultMsg"]
    assert await rig.pool.fetchval("SELECT count(*) FROM payments") == before


async def test_12_13_15_18_and_what_is_not_json(rig: Rig) -> None:
    path = "/nicepay/direct/v2/registration"
    assert (await rig.json(path, rig.order("NOSUCHMID1")))["resultCd"] == "9011"
    for body in (b"", b"[]", b"{", b'"x"', b"\xff\xfe", b"[" * 5000):
        answer = await rig.call(path, body)
        assert b'"resultCd":"9001"' in answer.body
    first = rig.order()
    assert (await rig.json(path, first))["resultCd"] == "0000"
    again = await rig.json(path, rig.order(referenceNo=first["referenceNo"], amount=777_000))
    assert again["resultCd"] == "9009"
    stored = await rig.pool.fetchval(
        "SELECT amount FROM payments WHERE reference = $1", first["referenceNo"]
    )
    assert stored == 150_000


@pytest.mark.parametrize(
    ("cart", "code"),
    [
        ("not json", "9022"),
        ("{}", "9022"),
        ('{"count":"1","item":[{"goods_amt":"149999"}]}', "9023"),
        ('{"item":[{"goods_amt":"75000","goods_quantity":"2"}]}', "0000"),
        ('{"item":[{"goods_amt":150000,"goods_quantity":3}]}', "0000"),
        ('{"item":[{"goods_amt":"160000"},{"goods_amt":"-10000"}]}', "0000"),
    ],
)
async def test_18_the_cart_is_checked_where_the_merchant_is_strict(
    rig: Rig, cart: str, code: str
) -> None:
    strict = rig.order("STRICT0001", cartData=cart)
    reply = await rig.json("/nicepay/direct/v2/registration", strict)
    assert reply["resultCd"] == code
    stale = rig.order("STRICT0001", cartData=cart, timeStamp="20200101000000")
    assert (await rig.json("/nicepay/direct/v2/registration", stale))["resultCd"] == "9031"
    missing = rig.order("STRICT0001", cartData=cart, userIP="")
    assert (await rig.json("/nicepay/direct/v2/registration", missing))["resultCd"] == "9024"


@pytest.mark.parametrize("cart", ["", "{}", "bm90IGpzb24=", '{"item":[{'])
async def test_18_a_broken_cart_is_forgiven_elsewhere(rig: Rig, cart: str) -> None:
    assert (await rig.register(cartData=cart))["resultCd"] == "0000"


# --- 21 to 29: payment ---------------------------------------------------------------------------


def leads_nowhere(page: Page) -> bool:
    return (
        page.action == ""
        and "data-auto-submit" not in page.html
        and "shop.example" not in page.html
    )


async def test_21_22_an_unauthenticated_payment_leads_nowhere(rig: Rig) -> None:
    order = await rig.register()
    unknown = await rig.pay({**order, "tXid": "X" * 30})
    assert unknown.code == "8022"
    assert leads_nowhere(unknown)
    forged = await rig.pay(order, merchantToken="0" * 64)
    assert forged.code == "9010"
    assert leads_nowhere(forged)
    assert unknown.html.startswith("<head>")
    assert (await rig.inquire(order))["status"] == "9"
    script = await rig.pay(order, callBackUrl="javascript:alert(1)")
    assert script.code == "8028"
    assert leads_nowhere(script)


async def test_23_a_second_payment_is_refused_and_charges_nothing(rig: Rig) -> None:
    order = await rig.charge()
    again = await rig.pay(order, MASTERCARD)
    assert again.code == "9127"
    assert again.hidden["cardNo"] == "443426******0008"
    assert (await rig.inquire(order))["status"] == "0"
    assert await rig.charges_at_issuer(order) == [("charge", 1)]


async def test_24_an_expired_order_is_refused_before_and_after_the_sweep_saw_it(rig: Rig) -> None:
    order = await rig.register()
    rig.time.sandbox_offset_s += 90_000
    assert (await rig.pay(order)).code == "9129"
    await rig.advance()
    assert (await rig.pay(order)).code == "9129"
    assert (await rig.inquire(order))["resultMsg"] == "expired"


async def test_25_26_27_recurring_that_may_not_be(rig: Rig) -> None:
    unknown = await rig.register("RECUR00001")
    page = await rig.pay(unknown, cardNo=None, recurringToken="0" * 64)
    assert page.code == "9161"
    first = await rig.charge("RECUR00001", recurrOpt="1")
    await rig.pool.execute("UPDATE card_tokens SET revoked_at = now()")
    later = await rig.register("RECUR00001")
    page = await rig.pay(later, cardNo=None, recurringToken=first["recurringToken"])
    assert page.code == "9161"
    plain = await rig.register("PLAINREC01", recurrOpt="1")
    assert (await rig.pay(plain)).code == "9148"
    off = await rig.register("SALE000001")
    page = await rig.pay(off, cardNo=None, recurringToken=first["recurringToken"])
    assert page.code == "9149"


async def test_28_29_captures_that_may_not_be(rig: Rig) -> None:
    hold = await rig.charge("PREAUTH001", 100_000)
    token = {"cardNo": None, "preauthToken": hold["preauthToken"]}
    above = await rig.register("PREAUTH001", 100_001)
    assert (await rig.pay(above, **token)).code == "9145"
    assert (await rig.inquire(hold))["resultMsg"] == "preauthed"
    assert (await rig.cancel(hold))["resultCd"] == "0000"
    voided = await rig.register("PREAUTH001", 100_000)
    assert (await rig.pay(voided, **token)).code == "9143"
    forged = await rig.pay(voided, cardNo=None, preauthToken="f" * 64)
    assert forged.code == "9143"


# --- 30 to 39: inquiry and cancel ----------------------------------------------------------------


async def test_30_inquiries_that_do_not_fit(rig: Rig) -> None:
    order = await rig.charge()
    assert (await rig.inquire({**order, "tXid": "X" * 30}))["resultCd"] == "8004"
    assert (await rig.inquire({**order, "amt": "1"}))["resultCd"] == "9004"
    assert (await rig.inquire({**order, "referenceNo": "other"}))["resultCd"] == "9004"
    forged = await rig.inquire(order, merchantToken="0" * 64)
    assert forged["resultCd"] == "9010"
    assert forged["signatureExplained"]["differs"] == "unexplained"
    assert (await rig.inquire({**order, "iMid": "SECURE0001"}))["resultCd"] == "8004"


CANCELS: list[tuple[str, Any, str, str]] = [
    ("31 type 3", None, "3", "9301"),
    ("32 amt 0", 0, "1", "9321"),
    ("32 amt below 0", -5, "2", "9321"),
    ("32 amt missing", "", "1", "9312"),
    ("32 amt in letters", "abc", "1", "9312"),
    ("32 amt with decimals", "10.5", "1", "9312"),
    ("33 more than the charge", 150_001, "1", "9319"),
    ("34 partial before settlement", 1_000, "2", "9327"),
    ("a full cancel of less", 1_000, "1", "8061"),
]


@pytest.mark.parametrize(
    ("case", "amount", "kind", "code"), CANCELS, ids=[case[0] for case in CANCELS]
)
async def test_a_cancel_that_may_not_be_changes_nothing(
    rig: Rig, case: str, amount: Any, kind: str, code: str
) -> None:
    order = await rig.charge()
    assert (await rig.cancel(order, amount, kind))["resultCd"] == code
    assert (await rig.inquire(order))["resultMsg"] == "paid"
    assert await rig.charges_at_issuer(order) == [("charge", 1)]


async def test_33_35_36_after_settlement(rig: Rig) -> None:
    order = await rig.charge()
    await rig.advance(days=1)
    assert (await rig.cancel(order, 100_000, "2"))["resultCd"] == "0000"
    assert (await rig.cancel(order, 50_001, "2"))["resultCd"] == "9319"
    assert (await rig.cancel(order))["resultCd"] == "9320"
    assert (await rig.cancel(order, 50_000, "2"))["resultCd"] == "0000"
    assert (await rig.cancel(order, 1, "2"))["resultCd"] == "9315"


async def test_35_the_same_partial_cancel_sent_again_is_one(rig: Rig) -> None:
    order = await rig.charge()
    await rig.advance(days=1)
    stamp = rig.stamp()
    assert (await rig.cancel(order, 1_000, "2", timeStamp=stamp))["resultCd"] == "0000"
    assert (await rig.cancel(order, 1_000, "2", timeStamp=stamp))["resultCd"] == "9315"
    first = await rig.cancel(order, 1_000, "2", referenceNo="CANCEL-1", timeStamp="20260101000000")
    again = await rig.cancel(order, 1_000, "2", referenceNo="CANCEL-1", timeStamp="20260101000001")
    assert (first["resultCd"], again["resultCd"]) == ("0000", "9315")
    assert (await rig.inquire(order))["cancelAmt"] == "2000"


async def test_36_37_38_39(rig: Rig) -> None:
    order = await rig.charge()
    assert (await rig.cancel(order))["resultCd"] == "0000"
    assert (await rig.cancel(order))["resultCd"] == "9315"
    unpaid = await rig.register()
    assert (await rig.cancel(unpaid))["resultCd"] == "9314"
    assert (await rig.cancel({**order, "tXid": "X" * 30}))["resultCd"] == "9314"
    old = await rig.charge()
    await rig.advance(days=91)
    assert (await rig.cancel(old))["resultCd"] == "9334"
    stamp = rig.stamp()
    forged = order_token(
        KEY,
        timestamp=stamp,
        imid="SALE000001",
        reference=old["referenceNo"],
        amount="150000",
    )
    refused = await rig.cancel(old, timeStamp=stamp, merchantToken=forged)
    assert refused["resultCd"] == "9010"


@pytest.mark.parametrize(
    ("imid", "kind", "settled", "code"),
    [
        ("NOCANCEL01", "1", False, "9331"),
        ("NOPART0001", "2", True, "9332"),
        ("NOREFUND01", "1", True, "9326"),
        ("NOREFUND01", "1", False, "0000"),
    ],
)
async def test_what_a_mid_may_not_take_back(
    rig: Rig, imid: str, kind: str, settled: bool, code: str
) -> None:
    order = await rig.charge(imid)
    if settled:
        await rig.advance(days=1)
    assert (await rig.cancel(order, kind=kind))["resultCd"] == code


# --- 40 to 42: notifications ---------------------------------------------------------------------


def message(rig: Rig) -> PaymentMessage:
    return rig.desk.payment_message(rig.told[-1])


async def test_40_a_notification_is_signed_and_a_forged_one_does_not_hold(rig: Rig) -> None:
    order = await rig.charge()
    request = encode_notification(message(rig))
    fields = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    assert notification_holds(fields, imid="SALE000001", key=KEY)
    assert not notification_holds({**fields, "amt": "1"}, imid="SALE000001", key=KEY)
    assert "iMid" not in fields
    assert (fields["tXid"], fields["status"], fields["matchCl"]) == (order["tXid"], "0", "1")
    assert dict(request.headers)["user-agent"] == "Jakarta Commons-HttpClient/3.1"
    said, _ = scrub(request, Answered(status=200, body=b"OK"))
    assert fields["merchantToken"] not in said


async def test_41_42_every_approval_is_told_in_its_order(rig: Rig) -> None:
    order = await rig.charge()
    await rig.cancel(order)
    rows = await rig.pool.fetch(
        "SELECT sequence, event, state::text, format FROM callbacks WHERE order_id ="
        " (SELECT id FROM payments WHERE txid = $1) ORDER BY sequence",
        order["tXid"],
    )
    assert [tuple(row) for row in rows] == [
        (1, "payment.charged", "due", "nicepay"),
        (2, "payment.taken_back", "waiting", "nicepay"),
    ]


# --- the table itself ----------------------------------------------------------------------------


async def test_every_test_card_has_a_right_check_digit_and_a_meaning_of_its_own() -> None:
    assert all(CardNumber(card.number).passes_luhn for card in TEST_CARDS)
    assert len({card.number for card in TEST_CARDS}) == len(TEST_CARDS)


async def test_each_of_the_42_cases_has_its_test() -> None:
    """The numbers that begin names of cases and stand in names of tests are all of 1 to 42."""
    named = [name for name in (*globals(), *vars(test_notifications)) if name.startswith("test_")]
    numbers = {int(found) for name in named for found in re.findall(r"(?<=_)\d+(?=_|$)", name)}
    tables: tuple[Sequence[Sequence[Any]], ...] = (
        DECLINES, INPUT_ERRORS, CHALLENGES, REGISTRATIONS, CANCELS, test_notifications.TROUBLES
    )  # fmt: skip
    cases = [str(case[0]) for table in tables for case in table]
    numbers |= {int(case.split()[0].rstrip("bc")) for case in cases if case[:1].isdigit()}
    assert numbers >= set(range(1, 43)), set(range(1, 43)) - numbers
