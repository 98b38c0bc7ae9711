"""The client half: against our own server half, and against answers of others."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dialects.isikuota.shop import SECRETS, open_shop
from dialects.isikuota.test_callback import message
from dialects.stand_in import (
    DEMO_PRODUCTS,
    NOON,
    PENDING,
    Scripted,
    StandInGateway,
    make_product,
    send,
)
from gerbang.dialects.contract import CallbackEvent, OrderState, ProductKind, Refusal, Uncertain
from gerbang.dialects.isikuota import DIALECT
from gerbang.dialects.isikuota.callback import encode_webhook
from gerbang.dialects.isikuota.client import ask_products, read_products
from gerbang.dialects.isikuota.spec import REFUSALS
from gerbang.dialects.isikuota.wire import decode_object
from gerbang.dialects.supplier_contract import InexpressibleOrderError, SupplierOrder, SupplierView
from gerbang.orders.outcome import Accepted, Delivered, NotFound, Outcome, Rejected, Unknown
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import HttpRequest, InboundRequest

CLIENT = DIALECT.client
SUPPLIER = SupplierView(
    id=3,
    code="IK",
    dialect="isikuota",
    base_url="http://supplier.test/v1/",
    secrets={"api_id": "demo_api_id", **SECRETS},
    settings={"status_by": "cmd_status"},
)
ORDER = SupplierOrder(
    reference="GB-1",
    product_code="TSEL21",
    destination="08123456789",
    quantity=1,
    counter=1,
    kind=ProductKind.PREPAID,
)


async def buy(gateway: StandInGateway, order: SupplierOrder = ORDER) -> Outcome:
    request = CLIENT.buy(SUPPLIER, order, now=NOON)
    return CLIENT.read_buy(SUPPLIER, order, await send(DIALECT.routes(gateway), request))


async def ask(gateway: StandInGateway, supplier: SupplierView = SUPPLIER) -> Outcome | NotFound:
    request = CLIENT.ask(supplier, ORDER, now=NOON)
    assert request is not None
    return CLIENT.read_ask(supplier, ORDER, await send(DIALECT.routes(gateway), request))


# --- against our own server half ----------------------------------------------------------------


async def test_a_delivery_brings_serial_number_and_cost() -> None:
    outcome = await buy(open_shop())
    assert isinstance(outcome, Delivered)
    assert (outcome.sn, outcome.cost) == ("1234-5678-9012-3456", 21_425)


async def test_a_pending_order_is_accepted() -> None:
    gateway = open_shop()
    gateway.script.append(PENDING)
    assert isinstance(await buy(gateway), Accepted)
    assert isinstance(await ask(gateway), Accepted)


@pytest.mark.parametrize(
    ("reason", "reroutable"),
    [
        (Reason.NUMBER_NOT_FOUND, False),
        (Reason.NUMBER_BLOCKED, False),
        (Reason.PRODUCT_DISTURBED, True),
        (Reason.BILLER_FAILED, True),
    ],
)
async def test_a_peers_reason_comes_through(reason: Reason, *, reroutable: bool) -> None:
    gateway = open_shop()
    gateway.script.append(Scripted(state=OrderState.FAILED, reason=reason))
    for outcome in (await buy(gateway), await ask(gateway)):
        assert isinstance(outcome, Rejected)
        assert (outcome.reason, outcome.reroutable) == (reason, reroutable)
        assert outcome.reference_consumed


@pytest.mark.parametrize("reason", Reason)
async def test_every_refusal_of_a_peer_is_certain_but_for_those_that_cannot_be(
    reason: Reason,
) -> None:
    gateway = open_shop()
    gateway.script.append(Refusal(reason=reason))
    outcome = await buy(gateway)
    code = DIALECT.reasons[reason]
    if code in REFUSALS:
        assert isinstance(outcome, Rejected)
        assert not outcome.reference_consumed
    else:
        assert isinstance(outcome, Unknown)


async def test_our_own_float_at_a_supplier_is_not_the_resellers_balance() -> None:
    gateway = open_shop()
    gateway.balance_now = 5
    outcome = await buy(gateway)
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, outcome.reroutable) == (Reason.SUPPLIER_REFUSED_US, True)


async def test_a_destination_that_the_peer_does_not_like_is_not_tried_elsewhere() -> None:
    gateway = open_shop()
    gateway.script.append(Refusal(reason=Reason.INVALID_DESTINATION))
    outcome = await buy(gateway)
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, outcome.reroutable) == (Reason.INVALID_DESTINATION, False)


async def test_an_uncertain_and_a_crashed_peer_have_accepted() -> None:
    gateway = open_shop()
    gateway.script += [
        Uncertain(reference="GB-1", price=5, product_name="", created_at=NOON),
        RuntimeError("a bug"),
    ]
    assert isinstance(await buy(gateway), Accepted)
    assert isinstance(await buy(gateway), Accepted)


async def test_a_peer_that_never_got_the_order_says_not_found() -> None:
    assert isinstance(await ask(open_shop()), NotFound)


async def test_the_same_reference_again_is_the_same_order_at_a_peer() -> None:
    gateway = open_shop()
    assert await buy(gateway) == await buy(gateway)
    assert len(gateway.orders) == 1


async def test_a_reversed_order_is_rejected_as_refunded() -> None:
    gateway = open_shop()
    await buy(gateway)
    gateway.change("GB-1", state=OrderState.REVERSED)
    outcome = await ask(gateway)
    assert isinstance(outcome, Rejected)
    assert outcome.reason is Reason.REFUNDED


async def test_games_and_open_denominations_are_bought_by_their_commands() -> None:
    gateway = open_shop()
    game = msgspec.structs.replace(ORDER, product_code="ML86", kind=ProductKind.GAME)
    assert isinstance(await buy(gateway, game), Delivered)
    money = msgspec.structs.replace(
        ORDER,
        reference="GB-2",
        product_code="OVO",
        kind=ProductKind.OPEN,
        quantity=50_000,
        open_denomination=True,
    )
    outcome = await buy(gateway, money)
    assert isinstance(outcome, Delivered)
    assert outcome.cost == 50_500


async def test_the_float_is_read() -> None:
    gateway = open_shop()
    gateway.balance_now = 25_490
    request = CLIENT.ask_balance(SUPPLIER, now=NOON)
    assert request is not None
    answer = await send(DIALECT.routes(gateway), request)
    assert CLIENT.read_balance(SUPPLIER, answer) == 25_490


async def test_a_peers_catalogue_is_read_page_by_page() -> None:
    gateway = open_shop()
    page = read_products(await send(DIALECT.routes(gateway), ask_products(SUPPLIER, now=NOON)))
    assert page is not None
    assert list(page.products) == sorted(DEMO_PRODUCTS, key=lambda one: one.code)
    assert page.following is None


async def test_a_long_catalogue_is_continued() -> None:
    gateway = open_shop()
    gateway.products = {f"P{n:04}": make_product(f"P{n:04}") for n in range(1_200)}
    routes = DIALECT.routes(gateway)
    first = read_products(await send(routes, ask_products(SUPPLIER, now=NOON)))
    assert first is not None
    rest = read_products(
        await send(routes, ask_products(SUPPLIER, now=NOON, after=first.following))
    )
    assert rest is not None
    assert (len(first.products), len(rest.products), rest.following) == (1_000, 200, None)


@pytest.mark.parametrize(
    ("event", "state", "expected"),
    [
        (CallbackEvent.SUCCESS, OrderState.SUCCESS, Delivered),
        (CallbackEvent.SN_RECEIVED, OrderState.SUCCESS, Delivered),
        (CallbackEvent.FAILED, OrderState.FAILED, Rejected),
        (CallbackEvent.REVERSED, OrderState.REVERSED, Rejected),
    ],
)
def test_a_peers_webhook_is_read(
    event: CallbackEvent, state: OrderState, expected: type[Outcome]
) -> None:
    news = CLIENT.read_callback(SUPPLIER, inbound(encode_webhook(message(event, state=state))))
    assert isinstance(news, tuple)
    (item,) = news
    assert item.reference == "TRX12345"
    assert isinstance(item.outcome, expected)
    if isinstance(item.outcome, Delivered):
        assert (item.outcome.sn, item.outcome.cost) == ("1234-5678-9012-3456", 21_425)
        assert item.outcome.supplier_order_id == "12345"


@pytest.mark.parametrize(
    ("status_by", "asked"), [("cmd_status", True), ("repeat", True), ("none", False)]
)
def test_a_signed_failure_is_asked_about_first_where_the_supplier_can_be_asked(
    status_by: str, *, asked: bool
) -> None:
    supplier = msgspec.structs.replace(SUPPLIER, settings={"status_by": status_by})
    for event, state, doubted in (
        (CallbackEvent.REVERSED, OrderState.REVERSED, asked),
        (CallbackEvent.SUCCESS, OrderState.SUCCESS, False),
    ):
        news = CLIENT.read_callback(supplier, inbound(encode_webhook(message(event, state=state))))
        assert isinstance(news, tuple)
        assert news[0].confirm_first is doubted


def test_the_reason_in_a_peers_webhook_is_read() -> None:
    failed = message(CallbackEvent.FAILED, state=OrderState.FAILED, reason=Reason.NUMBER_NOT_FOUND)
    news = CLIENT.read_callback(SUPPLIER, inbound(encode_webhook(failed)))
    assert isinstance(news, tuple)
    assert isinstance(news[0].outcome, Rejected)
    assert news[0].outcome.reason is Reason.NUMBER_NOT_FOUND
    assert not news[0].outcome.reroutable


def inbound(request: HttpRequest) -> InboundRequest:
    """Turn what is sent into what is received."""
    headers = tuple((name.lower(), value) for name, value in request.headers)
    return InboundRequest(
        method=request.method, path="/callbacks/IK", headers=headers, body=request.body
    )


# --- requests -----------------------------------------------------------------------------------


def test_the_same_order_gives_the_same_request() -> None:
    assert CLIENT.buy(SUPPLIER, ORDER, now=NOON) == CLIENT.buy(SUPPLIER, ORDER, now=NOON)


def test_a_purchase_goes_below_the_base_address_and_names_our_reference() -> None:
    request = CLIENT.buy(SUPPLIER, ORDER, now=NOON)
    assert (request.method, request.url) == ("POST", "http://supplier.test/v1/order")
    members = decode_object(request.body)
    assert members["ref_id"] == "GB-1"
    assert "testing" not in members


def test_secrets_never_travel_and_the_signature_is_marked_for_scrubbing() -> None:
    for request in (
        CLIENT.buy(SUPPLIER, ORDER, now=NOON),
        CLIENT.ask(SUPPLIER, ORDER, now=NOON),
        CLIENT.ask_balance(SUPPLIER, now=NOON),
        ask_products(SUPPLIER, now=NOON),
    ):
        assert request is not None
        assert b"demo_api_key" not in request.body
        assert b"demo_secret_key" not in request.body
        assert decode_object(request.body)["signature"] in request.secrets


@pytest.mark.parametrize("changes", [{"quantity": 2}])
def test_an_order_without_words_for_it_is_not_sent(changes: dict[str, Any]) -> None:
    order = msgspec.structs.replace(ORDER, **changes)
    with pytest.raises(InexpressibleOrderError):
        CLIENT.buy(SUPPLIER, order, now=NOON)


@pytest.mark.parametrize("settings", [{}, {"status_by": "none"}, {"status_by": "typo"}])
def test_by_default_a_supplier_is_not_asked(settings: dict[str, str]) -> None:
    supplier = msgspec.structs.replace(SUPPLIER, settings=settings)
    assert CLIENT.ask(supplier, ORDER, now=NOON) is None


async def test_where_repeating_is_safe_the_purchase_itself_is_the_question() -> None:
    supplier = msgspec.structs.replace(SUPPLIER, settings={"status_by": "repeat"})
    assert CLIENT.ask(supplier, ORDER, now=NOON) == CLIENT.buy(supplier, ORDER, now=NOON)
    gateway = open_shop()
    await buy(gateway)
    assert isinstance(await ask(gateway, supplier), Delivered)
