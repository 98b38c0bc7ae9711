"""Two requests at one moment: money moves once, and the issuer hears of one."""

from __future__ import annotations

import asyncio
import random

import pytest
import pytest_asyncio

from cards.rig import MASTERCARD, VISA, Rig
from scale import scale

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def rig(shared_rig: Rig) -> Rig:
    return shared_rig


async def test_of_many_payments_at_once_one_charges(rig: Rig) -> None:
    for _ in range(scale(5, 100)):
        order = await rig.register()
        pages = await asyncio.gather(
            *(rig.pay(order, pan) for pan in (VISA, MASTERCARD, VISA, VISA, MASTERCARD))
        )
        codes = sorted(page.code for page in pages)
        assert codes.count("0000") == 1
        assert set(codes) <= {"0000", "9116", "9127"}
        assert await rig.charges_at_issuer(order) == [("charge", 1)]


async def test_of_many_answers_to_one_challenge_one_charges(rig: Rig) -> None:
    order = await rig.register("SECURE0001")
    page = await rig.pay(order)
    answer = {**page.hidden, "otp": "123456", "answer": "verify"}
    pages = await asyncio.gather(*(rig.form("/nicepay/api/mpgsAuth.do", answer) for _ in range(5)))
    assert sorted(page.code for page in pages) == ["0000", "9157", "9157", "9157", "9157"]
    assert await rig.charges_at_issuer(order) == [("charge", 1)]


async def test_of_many_full_cancels_at_once_one_moves_money(rig: Rig) -> None:
    for settled in (False, True):
        for _ in range(scale(3, 50)):
            order = await rig.charge("NOPART0001")
            if settled:
                await rig.advance(days=1)
            before = await rig.balance("merchant:NOPART0001")
            replies = await asyncio.gather(*(rig.cancel(order) for _ in range(5)))
            codes = sorted(reply["resultCd"] for reply in replies)
            assert codes.count("0000") == 1
            assert set(codes) <= {"0000", "9302", "9315"}
            assert await rig.balance("merchant:NOPART0001") == before - 150_000


async def test_of_many_captures_of_one_hold_one_moves_money(rig: Rig) -> None:
    for _ in range(scale(3, 50)):
        hold = await rig.charge("PREAUTH001")
        before = await rig.balance("merchant:PREAUTH001")
        captures = [await rig.register("PREAUTH001", 100_000) for _ in range(4)]
        token = {"cardNo": None, "preauthToken": hold["preauthToken"]}
        pages = await asyncio.gather(*(rig.pay(one, **token) for one in captures))
        codes = sorted(page.code for page in pages)
        assert codes.count("0000") == 1
        assert set(codes) <= {"0000", "9116", "9143"}
        assert await rig.balance("merchant:PREAUTH001") == before + 100_000


async def test_a_capture_and_a_release_at_once_do_not_both_happen(rig: Rig) -> None:
    for _ in range(scale(5, 50)):
        hold = await rig.charge("PREAUTH001")
        capture = await rig.register("PREAUTH001", 100_000)
        page, reply = await asyncio.gather(
            rig.pay(capture, cardNo=None, preauthToken=hold["preauthToken"]), rig.cancel(hold)
        )
        happened = [page.code == "0000", reply["resultCd"] == "0000"]
        assert sum(happened) == 1, (page.code, reply)
        await rig.desk.sweep.sweep()
        assert await rig.state(hold) in {"captured", "void"}


async def test_registrations_of_one_reference_at_once_make_one_payment(rig: Rig) -> None:
    order = rig.order()
    path = "/nicepay/direct/v2/registration"
    replies = await asyncio.gather(*(rig.json(path, order) for _ in range(6)))
    codes = sorted(reply["resultCd"] for reply in replies)
    assert codes == ["0000", *["9009"] * 5]


@pytest.mark.parametrize("seed", range(scale(4, 40)))
async def test_refunds_never_exceed_the_charge_whatever_is_asked(rig: Rig, seed: int) -> None:
    """A property: any sequence of cancels, some at once, keeps the sum and its order of rules."""
    choose = random.Random(seed)
    amount = choose.randint(5_000, 200_000)
    order = await rig.charge("SALE000001", amount)
    await rig.advance(days=1)
    given = 0
    for _ in range(8):
        asked = [_cancel(choose, amount) for _ in range(choose.randint(1, 3))]
        replies = await asyncio.gather(*(rig.cancel(order, a, kind) for kind, a in asked))
        done = [
            (kind, a)
            for (kind, a), reply in zip(asked, replies, strict=True)
            if reply["resultCd"] == "0000"
        ]
        assert not (given and any(kind == "1" for kind, _ in done)), "full after partial"
        given += sum(a for _, a in done)
        shown = await rig.inquire(order)
        assert int(shown["cancelAmt"] or 0) == given <= amount
        assert shown["status"] == ("2" if given == amount else "0")
    at_issuer = await rig.pool.fetchval(
        "SELECT coalesce(sum(b.amount), 0) FROM sandbox_issuer_book b JOIN payment_attempts a"
        " ON a.reference = b.reference JOIN payments p ON p.id = a.payment_id"
        " WHERE p.txid = $1 AND b.kind = 'refund'",
        order["tXid"],
    )
    assert at_issuer == given


def _cancel(choose: random.Random, amount: int) -> tuple[str, int]:
    kind = choose.choice("1222")
    if kind == "1":
        return kind, amount
    return kind, choose.choice([1, choose.randint(1, amount), amount // 2, amount, amount + 1])


async def test_after_all_of_it_the_ledger_is_clean(rig: Rig) -> None:
    await rig.advance(days=1)
    verification = await rig.verify()
    assert verification.clean, verification
    assert any("payments" in check.name for check in verification.checks)
    assert await rig.balance("acquirer:sandbox") == 0
