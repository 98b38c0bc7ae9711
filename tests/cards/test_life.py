"""The life of a card payment through the protocol: charge, challenge, cancel, settle."""

from __future__ import annotations

from typing import Any

import pytest

from cards.rig import MASTERCARD, VISA, Rig


async def test_a_card_is_charged_and_everybody_says_so(rig: Rig) -> None:
    order = await rig.register()
    before = await rig.inquire(order)
    assert (before["resultMsg"], before["status"], before["transDt"]) == ("init", "9", None)
    page = await rig.pay(order)
    assert page.html.startswith("<head>")
    assert page.action == "https://shop.example/back?order=1"
    assert page.hidden["resultCd"] == "0000"
    assert page.hidden["cardNo"] == "443426******0008"
    assert page.hidden["authNo"] == order["tXid"][-6:]
    after = await rig.inquire(order)
    assert (after["resultMsg"], after["status"], after["ccTransType"]) == ("paid", "0", "1")
    assert await rig.charges_at_issuer(order) == [("charge", 1)]
    assert [row.event for row in rig.told] == ["payment.charged"]
    assert (await rig.verify()).clean


async def test_a_secure_card_is_charged_after_the_right_password_only(rig: Rig) -> None:
    order = await rig.register("SECURE0001")
    page = await rig.pay(order)
    assert page.action == "http://gateway.example/nicepay/api/mpgsAuth.do"
    assert VISA not in page.html
    assert await rig.state(order) == "challenged"
    assert await rig.charges_at_issuer(order) == []
    wrong = await rig.answer_challenge(page, otp="000000")
    assert wrong.code == "8026"
    assert (await rig.inquire(order))["status"] == "8"
    done = await rig.answer_challenge(await rig.pay(order))
    assert done.code == "0000"
    assert (await rig.inquire(order))["latestFailHistory"][0]["resultCd"] == "8026"
    assert await rig.charges_at_issuer(order) == [("charge", 1)]


async def test_a_challenge_can_be_answered_once(rig: Rig) -> None:
    order = await rig.register("SECURE0001")
    page = await rig.pay(order, MASTERCARD)
    assert (await rig.answer_challenge(page)).code == "0000"
    again = await rig.form(
        "/nicepay/api/mpgsAuth.do", {**page.hidden, "otp": "123456", "answer": "verify"}
    )
    assert again.code == "9157"
    assert again.action == ""
    assert await rig.charges_at_issuer(order) == [("charge", 1)]


async def test_a_hold_is_captured_once_and_for_less(rig: Rig) -> None:
    hold = await rig.charge("PREAUTH001", 150_000)
    assert (await rig.inquire(hold))["resultMsg"] == "preauthed"
    assert await rig.balance("merchant:PREAUTH001") == 0
    capture = await rig.register("PREAUTH001", 120_000)
    token = {"cardNo": None, "cardExpYymm": None, "preauthToken": hold["preauthToken"]}
    page = await rig.pay(capture, **token)
    assert (page.code, page.hidden["ccTransType"]) == ("0000", "4")
    assert await rig.balance("merchant:PREAUTH001") == 120_000
    another = await rig.register("PREAUTH001", 1_000 + 10_000)
    assert (await rig.pay(another, **token)).code == "9143"
    assert await rig.state(hold) == "captured"
    assert (await rig.verify()).clean


async def test_a_hold_that_nobody_captures_is_let_go(rig: Rig) -> None:
    hold = await rig.charge("PREAUTH001")
    await rig.advance(days=8)
    assert await rig.state(hold) == "void"
    assert ("release", 1) in await rig.charges_at_issuer(hold)


async def test_a_recurring_token_charges_again_without_a_card(rig: Rig) -> None:
    first = await rig.charge("RECUR00001", recurrOpt="1")
    token = first["recurringToken"]
    assert len(token) == 64
    later = await rig.register("RECUR00001")
    page = await rig.pay(later, cardNo=None, cardExpYymm=None, cardCvv=None, recurringToken=token)
    assert (page.code, page.hidden["ccTransType"]) == ("0000", "2")
    assert page.hidden["recurringToken"] == ""


async def test_a_card_that_is_only_verified_is_voided_and_its_token_lives(rig: Rig) -> None:
    first = await rig.charge("RECUR00001", recurrOpt="0")
    await rig.desk.sweep.sweep()
    assert (await rig.inquire(first))["resultMsg"] == "void"
    assert await rig.balance("merchant:RECUR00001") == 0
    later = await rig.register("RECUR00001")
    page = await rig.pay(later, cardNo=None, recurringToken=first["recurringToken"])
    assert page.code == "0000"
    assert [r.event for r in rig.told][:2] == ["payment.charged", "payment.charged"]


async def test_before_settlement_a_charge_is_voided_whole(rig: Rig) -> None:
    order = await rig.charge()
    assert (await rig.cancel(order, 50_000, "2"))["resultCd"] == "9327"
    done = await rig.cancel(order)
    assert done["resultCd"] == "0000"
    assert len(done["canceltXid"]) == 30
    after = await rig.inquire(order)
    assert (after["status"], after["cancelAmt"], after["resultMsg"]) == ("1", "150000", "void")
    assert await rig.balance("merchant:SALE000001") == 0
    assert await rig.balance("acquirer:sandbox") == 0


async def test_after_settlement_a_charge_is_refunded_in_parts(rig: Rig) -> None:
    order = await rig.charge()
    await rig.advance(days=1)
    assert await rig.state(order) == "settled"
    assert await rig.balance("house:card_fees") == 3_000
    assert (await rig.cancel(order, 50_000, "2"))["resultCd"] == "0000"
    assert (await rig.inquire(order))["cancelAmt"] == "50000"
    assert (await rig.cancel(order))["resultCd"] == "9320"
    assert (await rig.cancel(order, 100_001, "2"))["resultCd"] == "9319"
    assert (await rig.cancel(order, 100_000, "2"))["resultCd"] == "0000"
    after = await rig.inquire(order)
    assert (after["status"], after["cancelAmt"]) == ("2", "150000")
    await rig.advance(days=1)
    row = await rig.pool.fetchrow("SELECT * FROM settlements WHERE refunds_count > 0")
    assert row is not None
    assert row["refunded"] == 150_000
    assert await rig.balance("acquirer:sandbox") == 0
    assert await rig.balance("bank:main") == 0
    assert await rig.balance("merchant:SALE000001") == -3_000
    assert (await rig.verify()).clean


async def test_a_payment_that_cannot_be_settled_holds_up_no_other(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, other, unwanted = [await rig.charge() for _ in range(3)]
    bad = await rig.pool.fetchval("SELECT id FROM payments WHERE txid = $1", stuck["tXid"])
    await rig.pool.execute(
        "UPDATE payments SET cancel_wanted = true WHERE txid = $1", unwanted["tXid"]
    )
    write = rig.desk.recorder.write

    async def write_most(what: Any) -> Any:
        if what.payment_id == bad:
            raise ValueError("a defect of ours")
        return await write(what)

    monkeypatch.setattr(rig.desk.recorder, "write", write_most)
    await rig.advance(days=1)
    assert [await rig.state(one) for one in (stuck, other)] == ["paid", "settled"]
    assert await rig.state(unwanted) in {"void", "refunded"}
    monkeypatch.undo()
    await rig.desk.sweep.sweep()
    assert await rig.state(stuck) == "settled"


async def test_an_unpaid_order_expires(rig: Rig) -> None:
    order = await rig.register()
    await rig.advance(hours=25)
    after = await rig.inquire(order)
    assert (after["status"], after["resultMsg"]) == ("8", "expired")
    assert (await rig.pay(order)).code == "9129"
