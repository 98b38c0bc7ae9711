"""Our client half against our own server half: two Gerbangs in a chain."""

from __future__ import annotations

from typing import Any

import pytest

from dialects.otomax.house import BASE, make_gateway, make_order, make_supplier
from dialects.stand_in import NOON, PENDING, Scripted, StandInGateway, send
from gerbang.dialects import otomax
from gerbang.dialects.contract import OrderState, ProductKind, Refusal, Uncertain
from gerbang.dialects.otomax.spec import BEFORE_LOOKUP, REROUTABLE
from gerbang.dialects.supplier_contract import SupplierOrder, SupplierView
from gerbang.orders.outcome import Accepted, Delivered, NotFound, Rejected, Unknown
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import HttpRequest

CLIENT = otomax.DIALECT.client
TEXT_PROFILES = ["text-oke", "text-plus", "text-digi", "text-seed"]


class Chain:
    """A supplier that is a Gerbang, and one order to it."""

    def __init__(self, profile: str = "text-oke", **settings: Any) -> None:
        self.gateway: StandInGateway = make_gateway(
            settings={"otomax.profile": profile, "otomax.slug": "toko"}
        )
        self.supplier: SupplierView = make_supplier(
            settings={"member_id": "YUSUF", "ask_matches_reference": True} | settings
        )
        self.order: SupplierOrder = make_order()

    async def send(self, request: HttpRequest | None) -> Any:
        assert request is not None
        assert request.url.startswith(BASE)
        return await send(otomax.DIALECT.routes(self.gateway), request)

    async def buy(self) -> Any:
        answer = await self.send(CLIENT.buy(self.supplier, self.order, now=NOON))
        return CLIENT.read_buy(self.supplier, self.order, answer)

    async def ask(self) -> Any:
        answer = await self.send(CLIENT.ask(self.supplier, self.order, now=NOON))
        return CLIENT.read_ask(self.supplier, self.order, answer)

    async def balance(self) -> int | None:
        answer = await self.send(CLIENT.ask_balance(self.supplier, now=NOON))
        return CLIENT.read_balance(self.supplier, answer)


@pytest.mark.parametrize("profile", TEXT_PROFILES)
@pytest.mark.parametrize("auth", ["sign", "pin", "both"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_order_goes_its_whole_way(profile: str, auth: str, method: str) -> None:
    chain = Chain(profile, auth=auth, method=method, trx_path="/trx/toko")
    chain.gateway.script.append(PENDING)
    accepted = await chain.buy()
    assert isinstance(accepted, Accepted)
    assert accepted.cost in (10_500, None)
    assert isinstance(await chain.ask(), Accepted)
    chain.gateway.change("2140669", state=OrderState.SUCCESS, sn="SN-1/2")
    delivered = await chain.ask()
    assert isinstance(delivered, Delivered)
    assert delivered.sn == "SN-1/2"
    assert len(chain.gateway.placed) == 1


@pytest.mark.parametrize("profile", TEXT_PROFILES)
async def test_a_result_at_once_is_read(profile: str) -> None:
    chain = Chain(profile)
    delivered = await chain.buy()
    assert isinstance(delivered, Delivered)
    assert delivered.sn == "1234-5678-9012-3456"
    failing = Chain(profile)
    failing.gateway.script.append(
        Scripted(state=OrderState.FAILED, reason=Reason.PRODUCT_DISTURBED)
    )
    rejected = await failing.buy()
    assert isinstance(rejected, Rejected)
    assert rejected.reason is Reason.PRODUCT_DISTURBED


@pytest.mark.parametrize("profile", TEXT_PROFILES)
async def test_a_repeat_with_the_same_reference_tells_the_state_and_buys_nothing(
    profile: str,
) -> None:
    chain = Chain(profile)
    await chain.buy()
    again = await chain.buy()
    # Only texts that name the reference may end a repeated sending.
    assert isinstance(again, Delivered if profile in ("text-oke", "text-seed") else Unknown)
    assert len(chain.gateway.orders) == 1


@pytest.mark.parametrize("profile", TEXT_PROFILES)
async def test_a_reversal_is_learned_by_asking(profile: str) -> None:
    chain = Chain(profile)
    await chain.buy()
    chain.gateway.change("2140669", state=OrderState.REVERSED)
    assert isinstance(await chain.ask(), Rejected)


async def test_an_order_that_never_arrived_is_not_found() -> None:
    assert isinstance(await Chain().ask(), NotFound)


async def test_a_state_nobody_knows_stays_open() -> None:
    chain = Chain()
    chain.gateway.script.append(
        Uncertain(reference="2140669", price=10_500, product_name="XL", created_at=NOON)
    )
    assert isinstance(await chain.buy(), Accepted)


async def test_a_crash_over_there_is_unknown_here() -> None:
    chain = Chain()
    chain.gateway.script.append(RuntimeError("bug"))
    assert isinstance(await chain.buy(), Unknown)


async def test_an_open_denomination_goes_through_either_way() -> None:
    for settings in ({}, {"nominal_as": "dest"}):
        chain = Chain(**settings)
        chain.gateway.script.append(PENDING)
        chain.order = make_order(
            product_code="BBSDN", quantity=12_345, kind=ProductKind.OPEN, open_denomination=True
        )
        assert isinstance(await chain.buy(), Accepted)
        assert chain.gateway.order("2140669").quantity == 12_345
        assert chain.gateway.order("2140669").destination == "08123456789"


@pytest.mark.parametrize("counter_as", ["parameter", "dest"])
async def test_a_counter_goes_through_either_way(counter_as: str) -> None:
    chain = Chain(counter_as=counter_as)
    chain.order = make_order(counter=2)
    chain.gateway.script.append(PENDING)
    assert isinstance(await chain.buy(), Accepted)
    order = chain.gateway.order("2140669")
    assert (order.counter, order.destination) == (2, "08123456789")


@pytest.mark.parametrize("profile", TEXT_PROFILES)
async def test_a_duplicate_of_the_day_is_certainly_not_taken(profile: str) -> None:
    chain = Chain(profile)
    chain.gateway.same_day_rule = True
    await chain.buy()
    chain.order = make_order(reference="R2")
    rejected = await chain.buy()
    assert isinstance(rejected, Rejected)
    assert rejected.reason is Reason.DUPLICATE_SAME_DAY
    assert not rejected.reference_consumed


async def test_another_order_under_our_reference_is_unknown() -> None:
    chain = Chain()
    await chain.buy()
    chain.order = make_order(destination="08999999999")
    assert isinstance(await chain.buy(), Unknown)


READ_AS = {
    Reason.INVALID_REQUEST: Reason.SUPPLIER_REFUSED_US,
    Reason.INVALID_DESTINATION: Reason.NUMBER_NOT_FOUND,
    Reason.DUPLICATE_SAME_DAY: None,  # without the earlier order it reads as anybody's
    Reason.REFERENCE_REUSED: None,
    Reason.ORDER_NOT_FOUND: None,
    Reason.UNKNOWN_CREDENTIAL: Reason.SUPPLIER_REFUSED_US,
    Reason.INVALID_SIGNATURE: Reason.SUPPLIER_REFUSED_US,
    Reason.WRONG_PIN: Reason.SUPPLIER_REFUSED_US,
    Reason.WRONG_PASSWORD: Reason.SUPPLIER_REFUSED_US,
    Reason.TIMESTAMP_EXPIRED: Reason.BILLER_FAILED,
    Reason.ADDRESS_NOT_ALLOWED: Reason.SUPPLIER_REFUSED_US,
    Reason.RESELLER_SUSPENDED: Reason.SUPPLIER_REFUSED_US,
    Reason.DIALECT_NOT_ENABLED: Reason.SUPPLIER_REFUSED_US,
    Reason.NOT_LIVE: Reason.SUPPLIER_REFUSED_US,
    Reason.RATE_LIMITED: Reason.SUPPLIER_REFUSED_US,
    Reason.DAILY_LIMIT_REACHED: Reason.SUPPLIER_REFUSED_US,
    Reason.PRODUCT_NOT_IN_GROUP: Reason.PRODUCT_NOT_FOUND,
    Reason.PRODUCT_WRONG_KIND: Reason.PRODUCT_NOT_FOUND,
    Reason.PRICE_NOT_SET: Reason.SUPPLIER_REFUSED_US,
    Reason.INSUFFICIENT_BALANCE: Reason.SUPPLIER_REFUSED_US,
    Reason.DESTINATION_NOT_ALLOWED: Reason.OUT_OF_AREA,
    Reason.REFUNDED: Reason.CANCELLED,
    Reason.INVALID_AMOUNT: Reason.BILLER_FAILED,
    Reason.NO_UNIQUE_AMOUNT: Reason.BILLER_FAILED,
}
"""How our own words come back where a reason is not the same on the other side; None: unknown."""


@pytest.mark.parametrize("profile", TEXT_PROFILES)
@pytest.mark.parametrize("reason", list(Reason))
async def test_every_refusal_over_there_has_one_meaning_here(reason: Reason, profile: str) -> None:
    chain = Chain(profile)
    chain.gateway.script.append(Refusal(reason=reason, balance=5_000))
    outcome = await chain.buy()
    expected = READ_AS.get(reason, reason)
    if expected is None:
        assert isinstance(outcome, Unknown)
        return
    assert isinstance(outcome, Rejected), outcome
    assert outcome.reason is expected
    assert outcome.reroutable is (expected in REROUTABLE)
    assert not (reason in BEFORE_LOOKUP and outcome.reference_consumed)


@pytest.mark.parametrize(
    "reason",
    sorted({*BEFORE_LOOKUP, Reason.UNKNOWN_CREDENTIAL, Reason.INVALID_SIGNATURE}),
)
async def test_not_being_welcome_says_nothing_about_an_order(reason: Reason) -> None:
    chain = Chain()
    await chain.buy()
    chain.gateway.access = lambda _credential, _ip: reason
    assert isinstance(await chain.ask(), Unknown)


@pytest.mark.parametrize("profile", [*TEXT_PROFILES, "json-h2hid"])
@pytest.mark.parametrize("auth", ["sign", "pin", "both"])
@pytest.mark.parametrize("balance_sign", ["check", "empty"])
async def test_the_balance_is_read_in_every_profile(
    profile: str, auth: str, balance_sign: str
) -> None:
    chain = Chain(profile, auth=auth, balance_sign=balance_sign)
    assert await chain.balance() == 100_000


async def test_a_wrong_password_is_our_own_trouble() -> None:
    chain = Chain(auth="both")
    chain.supplier = make_supplier(secrets={"pin": "1144", "password": "wrong"})
    rejected = await chain.buy()
    assert isinstance(rejected, Rejected)
    assert rejected.reason is Reason.SUPPLIER_REFUSED_US
    assert await chain.balance() is None
