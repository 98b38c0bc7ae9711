"""Killed at every step of a charge, a capture and a cancel: the truth is found by asking."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from cards.rig import Fields, Rig, open_rig
from e2e.running_demo import RunningDemo, running_demo
from gerbang.cards.acquirers.contract import (
    Acquirer,
    ChallengeAnswer,
    ChargeOutcome,
    ChargeRequest,
    FollowUp,
    FollowUpOutcome,
    Truth,
)
from gerbang.cards.card import CardData
from gerbang.cards.payment import AttemptKind
from gerbang.clock import WIB, SystemClock
from gerbang.dialects.nicepay.client import hidden_inputs
from gerbang.dialects.nicepay.tokens import cancel_token, order_token
from postgres.shared import opened
from proof import record
from scale import scale

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def rig(shared_rig: Rig) -> Rig:
    return shared_rig


class KilledError(BaseException):
    """The process ended here: nothing after it ran."""


class Killing:
    """An acquirer in a process that is killed before or after the issuer heard of it."""

    def __init__(self, issuer: Acquirer, *, when: str) -> None:
        self._issuer = issuer
        self._when = when

    async def _die(self, asking: Awaitable[Any]) -> Any:
        if self._when == "before":
            asyncio.ensure_future(asking).cancel()
            raise KilledError
        await asking
        raise KilledError

    async def charge(self, request: ChargeRequest, card: CardData | None) -> ChargeOutcome:
        outcome: ChargeOutcome = await self._die(self._issuer.charge(request, card))
        return outcome

    async def resume(
        self, request: ChargeRequest, card: CardData, answer: ChallengeAnswer
    ) -> ChargeOutcome:
        outcome: ChargeOutcome = await self._die(self._issuer.resume(request, card, answer))
        return outcome

    async def follow_up(self, request: FollowUp) -> FollowUpOutcome:
        outcome: FollowUpOutcome = await self._die(self._issuer.follow_up(request))
        return outcome

    async def inquire(self, reference: str, kind: AttemptKind) -> Truth:
        return await self._issuer.inquire(reference, kind)


Step = Callable[[Rig], Awaitable[tuple[Fields, Awaitable[Any]]]]


async def a_charge(rig: Rig) -> tuple[Fields, Awaitable[Any]]:
    order = await rig.register()
    return order, rig.pay(order)


async def a_challenge(rig: Rig) -> tuple[Fields, Awaitable[Any]]:
    order = await rig.register("SECURE0001")
    return order, rig.answer_challenge(await rig.pay(order))


async def a_capture(rig: Rig) -> tuple[Fields, Awaitable[Any]]:
    hold = await rig.charge("PREAUTH001")
    order = await rig.register("PREAUTH001")
    return order, rig.pay(order, cardNo=None, preauthToken=hold["preauthToken"])


async def a_void(rig: Rig) -> tuple[Fields, Awaitable[Any]]:
    order = await rig.charge()
    return order, rig.cancel(order)


async def a_refund(rig: Rig) -> tuple[Fields, Awaitable[Any]]:
    order = await rig.charge()
    await rig.advance(days=1)
    return order, rig.cancel(order, 50_000, "2")


AFTERWARDS: dict[tuple[Step, str], tuple[str, str]] = {
    (a_charge, "before"): ("failed", "8"),
    (a_charge, "after"): ("paid", "0"),
    (a_challenge, "before"): ("failed", "8"),
    (a_challenge, "after"): ("paid", "0"),
    (a_capture, "before"): ("failed", "8"),
    (a_capture, "after"): ("paid", "0"),
    (a_void, "before"): ("paid", "0"),
    (a_void, "after"): ("void", "1"),
    (a_refund, "before"): ("paid", "0"),
    (a_refund, "after"): ("paid", "0"),
}


@pytest.mark.parametrize(("step", "when"), list(AFTERWARDS), ids=lambda one: str(one)[10:20])
async def test_whatever_was_under_way_is_found_by_asking(rig: Rig, step: Step, when: str) -> None:
    order, doing = await step(rig)
    desk = rig.desk
    desk.acquirers["sandbox"] = Killing(desk.issuer, when=when)
    try:
        with pytest.raises(KilledError):
            await doing
    finally:
        desk.acquirers["sandbox"] = desk.issuer
    assert (await rig.inquire(order))["resultMsg"] == "in process"
    await rig.find_truth()
    after = await rig.inquire(order)
    assert (after["resultMsg"], after["status"]) == AFTERWARDS[step, when]
    kinds = [kind for kind, _ in await rig.charges_at_issuer(order)]
    assert len(kinds) == len(set(kinds)), "the issuer did something twice"
    if step is a_refund:
        assert after["cancelAmt"] == ("50000" if when == "after" else None)
        assert (await rig.cancel(order, 50_000, "2", timeStamp="20260101000000"))[
            "resultCd"
        ] == "0000"
    if after["status"] == "8" and step is not a_capture:
        page = await rig.pay(order)
        if "challenge" in page.hidden:
            page = await rig.answer_challenge(page)
        assert page.code == "0000"
    assert (await rig.verify()).clean


async def test_a_sealed_challenge_survives_a_restart_and_is_still_good_for_one_answer(
    rig: Rig,
) -> None:
    order = await rig.register("SECURE0001")
    page = await rig.pay(order)
    async with open_rig(rig.url, furnish=False) as again:
        again.time.sandbox_offset_s = rig.time.sandbox_offset_s
        assert (await again.answer_challenge(page)).code == "0000"
    assert (await rig.answer_challenge(page)).code == "9157"
    assert await rig.charges_at_issuer(order) == [("charge", 1)]


# --- a process that is really killed --------------------------------------------------------------


class Shoppers:
    """Load on a running demo: register, pay, then cancel; or hold, then capture or cancel."""

    def __init__(self, demo: RunningDemo, seed: int) -> None:
        self.demo = demo
        self.random = random.Random(seed)
        self.stopping = False
        self.paid = self.captured = self.cancelled = 0
        self._number = 0

    async def run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(
            f"{self.demo.base_url}/nicepay/direct/v2/", timeout=timeout
        ) as http:
            await asyncio.gather(*(self._shop(http) for _ in range(8)))

    async def _shop(self, http: aiohttp.ClientSession) -> None:
        while not self.stopping:
            try:
                await self._buy(http, self.random.choice(("sale", "preauth")))
            except (aiohttp.ClientError, TimeoutError, ValueError, KeyError):
                await asyncio.sleep(0.1)

    async def _buy(self, http: aiohttp.ClientSession, account: str) -> None:
        mid = self.demo.facts["nicepay"]["mids"][account]
        txid, page = await self._pay(http, mid, 10_000, CARD)
        self.paid += page.get("resultCd") == "0000"
        if account == "preauth" and self.random.random() < 0.7:
            token = {"preauthToken": page["preauthToken"]}
            _, page = await self._pay(http, mid, 8_000, token)
            self.captured += page.get("resultCd") == "0000"
        if self.random.random() < 0.5:
            self.cancelled += await self._cancel(http, mid, txid)

    async def _pay(
        self, http: aiohttp.ClientSession, mid: dict[str, str], amount: int, by: dict[str, str]
    ) -> tuple[str, dict[str, str]]:
        """Register and pay by a card or a token; gives the tXid and the page's fields."""
        self._number += 1
        reference = f"KILL-{self._number}-{self.random.randrange(10**9)}"
        signed = {"timeStamp": _stamp(), "iMid": mid["iMid"]}
        signed["merchantToken"] = order_token(
            mid["merchantKey"],
            timestamp=signed["timeStamp"],
            imid=mid["iMid"],
            reference=reference,
            amount=str(amount),
        )
        fields = dict.fromkeys(("goodsNm", "billingNm", "billingPhone", "billingEmail"), "x")
        fields |= {f"billing{part}": "x" for part in ("Addr", "City", "State", "PostCd", "Country")}
        fields |= signed | {
            "payMethod": "01", "currency": "IDR", "amt": str(amount), "referenceNo": reference,
            "dbProcessUrl": f"{self.demo.base_url}/sandbox/inbox",
        }  # fmt: skip
        async with http.post("registration", json=fields) as answer:
            txid = (await answer.json(content_type=None))["tXid"]
        async with http.post("payment", data=signed | {"tXid": txid} | by) as answer:
            return txid, hidden_inputs(await answer.text())

    async def _cancel(self, http: aiohttp.ClientSession, mid: dict[str, str], txid: str) -> bool:
        stamp = _stamp()
        token = cancel_token(
            mid["merchantKey"], timestamp=stamp, imid=mid["iMid"], txid=txid, amount="10000"
        )
        cancel = {
            "timeStamp": stamp, "tXid": txid, "iMid": mid["iMid"], "payMethod": "01",
            "cancelType": "1", "amt": "10000", "merchantToken": token,
        }  # fmt: skip
        async with http.post("cancel", json=cancel) as answer:
            return bool((await answer.json(content_type=None))["resultCd"] == "0000")


CARD = {"cardNo": "5123450000000008", "cardExpYymm": "3901", "cardCvv": "100"}


def _stamp() -> str:
    return SystemClock().now().astimezone(WIB).strftime("%Y%m%d%H%M%S")


async def test_a_gateway_killed_while_it_charges_charges_nothing_twice() -> None:
    rng = random.Random(5)
    kills = scale(1, 30)
    with running_demo() as demo:
        shoppers = Shoppers(demo, seed=5)
        load = asyncio.create_task(shoppers.run())
        for _ in range(kills):
            await asyncio.sleep(rng.uniform(1.0, 3.0))
            await asyncio.to_thread(demo.kill)
            await asyncio.to_thread(demo.restart)
        await asyncio.sleep(1)
        shoppers.stopping = True
        await load
        async with opened(demo.database_url) as connection:
            await connection.execute(
                "UPDATE payment_attempts SET due_at = now() WHERE due_at > now()"
            )
            for _ in range(300):
                if not await connection.fetchval(
                    "SELECT count(*) FROM payment_attempts WHERE due_at IS NOT NULL"
                ):
                    break
                await asyncio.sleep(0.1)
            doubled = await connection.fetch(
                "SELECT a.payment_id, b.kind FROM sandbox_issuer_book b JOIN payment_attempts a"
                " ON a.reference = b.reference WHERE b.outcome->>'type' = 'approved'"
                " GROUP BY 1, 2 HAVING count(*) > 1 OR max(b.heard) > 1"
            )
            unlike = await connection.fetchval(
                "SELECT count(*) FROM payment_attempts a LEFT JOIN sandbox_issuer_book b"
                " ON a.reference = b.reference"
                " WHERE (a.state = 'approved') <> (coalesce(b.outcome->>'type', '') = 'approved')"
            )
            captured_twice = await connection.fetchval(
                "SELECT count(*) FROM (SELECT hold_id FROM payment_attempts"
                " WHERE kind = 'capture' AND state = 'approved' GROUP BY 1 HAVING count(*) > 1) x"
            )
            payments = await connection.fetchval("SELECT count(*) FROM payments")
            kinds = await connection.fetch(
                "SELECT kind::text, count(*) FROM payment_attempts WHERE state = 'approved'"
                " GROUP BY 1 ORDER BY 1"
            )
        assert doubled == []
        assert unlike == 0
        assert shoppers.paid > 0
        assert captured_twice == 0
        verification = await demo.verify()
        assert verification.clean, verification
    record(
        "card charges, captures and cancels under kill -9",
        seed=5,
        kills=kills,
        payments=payments,
        approved={row[0]: row[1] for row in kinds},
        doubled=0,
        unlike_the_issuer=0,
    )
