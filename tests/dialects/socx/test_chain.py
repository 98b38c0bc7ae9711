"""The client half against our own server half: two installations in a chain."""

from __future__ import annotations

import pytest

from dialects.socx.helpers import TOKEN, ask, make_gateway, make_order, make_supplier
from dialects.stand_in import NOON, PENDING, Scripted, StandInGateway
from gerbang.dialects.contract import CallbackEvent, CallbackMessage, OrderState, Refusal
from gerbang.dialects.socx import DIALECT, spec
from gerbang.dialects.supplier_contract import CallbackRefused, SupplierNews, SupplierOrder
from gerbang.orders.outcome import (
    Accepted,
    Delivered,
    NotFound,
    Outcome,
    Rejected,
    StatusOutcome,
    Unknown,
)
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import HttpRequest, InboundRequest

CLIENT = DIALECT.client
CHANNELS = [
    {"channel": "json"},
    {"channel": "http_get"},
    {"channel": "http_form"},
    {"channel": "xml"},
    {"channel": "xml", "xml_auth": "query"},
    {"channel": "xml", "xml_auth": "pin"},
]
PLAIN = {"channel": "json"}
EVENT = {
    OrderState.SUCCESS: CallbackEvent.SUCCESS,
    OrderState.FAILED: CallbackEvent.FAILED,
    OrderState.REVERSED: CallbackEvent.REVERSED,
}


async def buy(
    gateway: StandInGateway, settings: dict[str, str], order: SupplierOrder | None = None
) -> Outcome:
    supplier = make_supplier(**settings)
    order = order or make_order()
    answer = await ask(gateway, CLIENT.buy(supplier, order, now=NOON))
    return CLIENT.read_buy(supplier, order, answer)


async def status(gateway: StandInGateway, order: SupplierOrder | None = None) -> StatusOutcome:
    supplier = make_supplier()
    order = order or make_order()
    question = CLIENT.ask(supplier, order, now=NOON)
    assert question is not None
    return CLIENT.read_ask(supplier, order, await ask(gateway, question))


def weak_gateway() -> StandInGateway:
    return make_gateway(socx_weak_token=True)


@pytest.mark.parametrize("settings", CHANNELS)
async def test_every_channel_is_accepted_and_then_delivered(settings: dict[str, str]) -> None:
    gateway = weak_gateway()
    gateway.script.append(PENDING)
    accepted = await buy(gateway, settings)
    assert isinstance(accepted, Accepted)
    assert accepted.supplier_order_id == "1"
    assert isinstance(await status(gateway), Accepted)
    gateway.change("999999", state=OrderState.SUCCESS, sn="SN1")
    delivered = await status(gateway)
    assert isinstance(delivered, Delivered)
    assert (delivered.sn, delivered.cost) == ("SN1", 5400)


@pytest.mark.parametrize("settings", CHANNELS)
async def test_sending_the_same_again_buys_nothing_twice(settings: dict[str, str]) -> None:
    gateway = weak_gateway()
    first = await buy(gateway, settings)
    again = await buy(gateway, settings)
    assert isinstance(first, Delivered)
    assert isinstance(again, Delivered)
    assert len(gateway.orders) == 1


@pytest.mark.parametrize("settings", CHANNELS)
@pytest.mark.parametrize("reason", [reason for reason in Reason if reason != "reference_reused"])
async def test_every_refusal_is_a_rejection_that_left_the_reference_free(
    settings: dict[str, str], reason: Reason
) -> None:
    gateway = weak_gateway()
    gateway.script.append(Refusal(reason=reason))
    outcome = await buy(gateway, settings)
    rule = spec.RULE_OF_RC[spec.REASONS[reason]]
    if rule.outcome == "unknown":  # "not found" is no answer to a purchase
        assert isinstance(outcome, Unknown)
        return
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, outcome.reroutable) == (rule.reason, rule.reroutable)
    assert not outcome.reference_consumed


@pytest.mark.parametrize("reason", list(Reason))
async def test_every_failure_of_an_order_is_believed_at_once_and_on_asking(reason: Reason) -> None:
    gateway = weak_gateway()
    gateway.script.append(Scripted(state=OrderState.FAILED, reason=reason))
    for outcome in (await buy(gateway, PLAIN), await status(gateway)):
        assert isinstance(outcome, Rejected)
        assert outcome.reference_consumed
        assert outcome.supplier_order_id == "1"


@pytest.mark.parametrize("settings", CHANNELS)
async def test_a_crash_at_the_supplier_is_no_failure(settings: dict[str, str]) -> None:
    gateway = weak_gateway()
    gateway.script.append(RuntimeError("bug"))
    assert isinstance(await buy(gateway, settings), Accepted)
    assert isinstance(await status(gateway), NotFound)


@pytest.mark.parametrize("settings", CHANNELS)
async def test_a_wrong_token_is_our_trouble_and_another_supplier_may_deliver(
    settings: dict[str, str],
) -> None:
    gateway = weak_gateway()
    gateway.credentials.clear()
    outcome = await buy(gateway, settings)
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, outcome.reroutable) == (Reason.SUPPLIER_REFUSED_US, True)
    assert not outcome.reference_consumed
    assert isinstance(await status(gateway), Unknown)


async def test_an_order_that_never_arrived_is_not_found() -> None:
    assert isinstance(await status(make_gateway()), NotFound)


async def test_a_reference_that_belongs_to_another_order_is_unknown() -> None:
    gateway = make_gateway()
    await buy(gateway, PLAIN, make_order(destination="0899"))
    assert isinstance(await buy(gateway, PLAIN), Unknown)
    assert isinstance(await status(gateway), Unknown)


async def test_an_open_denomination_comes_through() -> None:
    gateway = make_gateway()
    order = make_order(product_code="OVO", quantity=5000, open_denomination=True)
    outcome = await buy(gateway, PLAIN, order)
    assert isinstance(outcome, Delivered)
    assert outcome.cost == 5500
    assert isinstance(await status(gateway, order), Delivered)


async def test_the_parts_of_a_token_come_through() -> None:
    gateway = make_gateway()
    data = {"sn_raw": "STRUK", "parsed": {"stroom_token": "1-2", "rp_bayar": 20000}}
    gateway.script.append(Scripted(sn="", data=data))
    outcome = await buy(gateway, PLAIN)
    assert isinstance(outcome, Delivered)
    assert (outcome.sn, outcome.data) == ("1-2", data)


async def test_the_balance_comes_through() -> None:
    supplier = make_supplier()
    question = CLIENT.ask_balance(supplier, now=NOON)
    assert isinstance(question, HttpRequest)
    answer = await ask(make_gateway(), question)
    assert CLIENT.read_balance(supplier, answer) == 100_000_000


@pytest.mark.parametrize("settings", [*CHANNELS, {"channel": "xml", "xml_auth": "none"}])
async def test_every_secret_of_a_request_is_named(settings: dict[str, str]) -> None:
    supplier = make_supplier(**settings)
    for request in (
        CLIENT.buy(supplier, make_order(), now=NOON),
        CLIENT.ask(supplier, make_order(), now=NOON),
        CLIENT.ask_balance(supplier, now=NOON),
    ):
        assert request is not None
        assert request.secrets == (TOKEN,)


# --- callbacks ----------------------------------------------------------------------------------


def callback_of(gateway: StandInGateway, form: str) -> SupplierNews:
    """Send the callback of the stored order in a form, and read it as a buyer does."""
    order = gateway.order("999999")
    message = CallbackMessage(
        id=1,
        event=EVENT[order.state],
        occurred_at=NOON,
        order=order,
        url="https://buyer.example/callbacks/niskala",
        secrets={},
        settings={},
    )
    sent = DIALECT.callback_formats[form](message)
    news = CLIENT.read_callback(
        make_supplier(),
        InboundRequest(
            method=sent.method, path="/callbacks/niskala", headers=sent.headers, body=sent.body
        ),
    )
    assert not isinstance(news, CallbackRefused)
    return news[0]


@pytest.mark.parametrize("form", sorted(DIALECT.callback_formats))
async def test_a_success_is_told_in_every_form(form: str) -> None:
    gateway = make_gateway()
    await buy(gateway, PLAIN)
    news = callback_of(gateway, form)
    assert (news.reference, news.confirm_first) == ("999999", True)
    assert isinstance(news.outcome, Delivered)
    assert news.outcome.sn == gateway.order("999999").sn
    assert (news.outcome.cost, news.outcome.supplier_order_id) == (5400, "1")


@pytest.mark.parametrize("form", sorted(DIALECT.callback_formats))
@pytest.mark.parametrize("reason", list(Reason))
async def test_a_failure_is_told_in_every_form(form: str, reason: Reason) -> None:
    gateway = make_gateway()
    gateway.script.append(Scripted(state=OrderState.FAILED, reason=reason))
    await buy(gateway, PLAIN)
    outcome = callback_of(gateway, form).outcome
    assert isinstance(outcome, Rejected)
    assert outcome.reference_consumed


@pytest.mark.parametrize("form", sorted(DIALECT.callback_formats))
async def test_a_reversal_is_told_in_every_form_and_confirmed_by_asking(form: str) -> None:
    gateway = make_gateway()
    await buy(gateway, PLAIN)
    gateway.change("999999", state=OrderState.REVERSED, reason=Reason.REFUNDED)
    news = callback_of(gateway, form)
    assert news.confirm_first
    confirmed = await status(gateway)
    assert isinstance(confirmed, Rejected)
    assert confirmed.reason is Reason.REFUNDED
