"""What every dialect must keep, one copy for all: its client half against its own server half."""

from __future__ import annotations

import pytest

from dialects.pairs import PAIRS, Pair
from dialects.stand_in import NOON, PENDING, Scripted
from gerbang.dialects.contract import OrderState, Refusal, Uncertain
from gerbang.dialects.registry import DIALECTS
from gerbang.orders.outcome import Accepted, Delivered, NotFound, Rejected, Unknown
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered

BEFORE_AN_ORDER = [
    Reason.PRODUCT_CLOSED,
    Reason.PRODUCT_DISTURBED,
    Reason.INVALID_DESTINATION,
    Reason.INSUFFICIENT_BALANCE,
    Reason.PRODUCT_NOT_FOUND,
    Reason.CUT_OFF,
]
OF_AN_ORDER = [Reason.NUMBER_NOT_FOUND, Reason.BILLER_FAILED, Reason.PRODUCT_DISTURBED]

pytestmark = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.dialect.name)


def test_every_dialect_of_the_registry_is_held_to_this(pair: Pair) -> None:
    assert {one.dialect.name for one in PAIRS} == {*DIALECTS, "mini"}


def test_every_reason_has_a_word(pair: Pair) -> None:
    assert set(pair.dialect.reasons) == set(Reason)


async def test_a_delivery_brings_its_serial_number_and_never_another_cost(pair: Pair) -> None:
    delivered = await pair.buy(pair.open_gateway())
    assert isinstance(delivered, Delivered)
    assert delivered.sn == "1234-5678-9012-3456"
    assert delivered.cost in (pair.cost, None)


async def test_a_pending_order_is_accepted_and_delivered_when_asked_later(pair: Pair) -> None:
    gateway = pair.open_gateway()
    gateway.script.append(PENDING)
    assert isinstance(await pair.buy(gateway), Accepted)
    assert isinstance(await pair.ask(gateway), Accepted)
    gateway.change(pair.order.reference, state=OrderState.SUCCESS, sn="SN-1")
    delivered = await pair.ask(gateway)
    assert isinstance(delivered, Delivered)
    assert delivered.sn == "SN-1"
    assert len(gateway.orders) == 1


async def test_the_same_again_buys_nothing_twice_and_fails_nothing(pair: Pair) -> None:
    gateway = pair.open_gateway()
    await pair.buy(gateway)
    again = await pair.buy(gateway)
    assert not isinstance(again, Rejected)
    assert len(gateway.orders) == 1


@pytest.mark.parametrize("reason", BEFORE_AN_ORDER)
async def test_a_refusal_before_an_order_is_certain_and_makes_none(
    pair: Pair, reason: Reason
) -> None:
    gateway = pair.open_gateway()
    gateway.script.append(Refusal(reason=reason))
    outcome = await pair.buy(gateway)
    assert isinstance(outcome, Rejected)
    assert gateway.orders == {}


@pytest.mark.parametrize("reason", OF_AN_ORDER)
async def test_a_failed_order_is_rejected_at_once_and_when_asked(
    pair: Pair, reason: Reason
) -> None:
    gateway = pair.open_gateway()
    gateway.script.append(Scripted(state=OrderState.FAILED, sn="", reason=reason))
    assert isinstance(await pair.buy(gateway), Rejected)
    assert isinstance(await pair.ask(gateway), Rejected)


async def test_a_reversal_is_learned_by_asking(pair: Pair) -> None:
    gateway = pair.open_gateway()
    await pair.buy(gateway)
    gateway.change(pair.order.reference, state=OrderState.REVERSED, reason=Reason.REFUNDED)
    assert isinstance(await pair.ask(gateway), Rejected)


async def test_an_order_that_never_arrived_is_not_found(pair: Pair) -> None:
    assert isinstance(await pair.ask(pair.open_gateway()), NotFound)


async def test_an_uncertain_and_a_crashed_gateway_never_refused(pair: Pair) -> None:
    for trouble in (
        Uncertain(
            reference=pair.order.reference, price=pair.cost, product_name="", created_at=NOON
        ),
        RuntimeError("crashed"),
    ):
        gateway = pair.open_gateway()
        gateway.script.append(trouble)
        assert isinstance(await pair.buy(gateway), Accepted | Unknown)


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b"\xff\x00", b"[1", b"OK" * 5_000])
@pytest.mark.parametrize("status", [200, 404, 500, 502])
def test_what_nobody_documented_decides_nothing(pair: Pair, body: bytes, status: int) -> None:
    answer = Answered(status=status, body=body)
    client = pair.dialect.client
    assert isinstance(client.read_buy(pair.supplier, pair.order, answer), Unknown)
    assert isinstance(client.read_ask(pair.supplier, pair.order, answer), Unknown)


async def test_our_balance_there_is_read(pair: Pair) -> None:
    gateway = pair.open_gateway()
    assert await pair.balance(gateway) == gateway.balance_now


@pytest.mark.parametrize(
    ("state", "meaning"), [(OrderState.SUCCESS, Delivered), (OrderState.FAILED, Rejected)]
)
async def test_a_callback_says_the_same_as_the_answer(
    pair: Pair, state: OrderState, meaning: type[object]
) -> None:
    gateway = pair.open_gateway()
    gateway.script.append(PENDING)
    await pair.buy(gateway)
    reason = Reason.BILLER_FAILED if state is OrderState.FAILED else None
    gateway.change(pair.order.reference, state=state, sn="SN-9", reason=reason)
    news = pair.tell(gateway, state)
    assert news.reference == pair.order.reference
    assert isinstance(news.outcome, meaning)


def test_the_same_order_makes_the_same_request(pair: Pair) -> None:
    client = pair.dialect.client
    first = client.buy(pair.supplier, pair.order, now=NOON)
    assert client.buy(pair.supplier, pair.order, now=NOON) == first
    assert pair.order.reference.encode() in first.url.encode() + first.body
