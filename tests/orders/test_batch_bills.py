"""Payments of bills through the write lane: paid once, whoever pays, and split without a rest."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any, Final

import asyncpg
import msgspec
import pytest

from gerbang.bills.allow_again import allow_again
from gerbang.dialects.contract import OrderState, Refusal
from gerbang.errors import ConflictError
from gerbang.ledger.account import HouseAccount
from gerbang.orders.outcome import Delivered, Rejected
from gerbang.orders.reasons import Reason
from gerbang.orders.writes import BillOrder, Placed, PlaceOrder
from orders.house import House, open_house

DUE, FEE, SHARE, KEPT = 22_500, 2_700, 900, 1_200
TOTAL: Final = DUE + FEE
FUNDS: Final = 1_000_000
NOT_PAID: Final = Rejected(reason=Reason.BILLER_FAILED, reroutable=False)
PAID: Final = Delivered(sn="REF-1")
_sessions = itertools.count(1)


def bill(**changes: Any) -> BillOrder:
    number = next(_sessions)
    values: dict[str, Any] = {
        "session_id": number,
        "inquiry_id": number,
        "biller": "BPJS",
        "periods": ("202604",),
        "due": DUE,
        "fee": FEE,
        "share": SHARE,
        "supplier_total": DUE + FEE,
        "data": {"bill": "as it was shown"},
    }
    return BillOrder(**{**values, **changes})


def payment(house: House, *, customer: str = "0001", **changes: Any) -> PlaceOrder:
    """Pay the one bill of a customer."""
    return house.purchase(
        kind="postpaid",
        destination=customer,
        price=TOTAL,
        first=msgspec.structs.replace(house.plan, cost=DUE + KEPT),
        bill=bill(**changes),
    )


async def sent(house: House, **changes: Any) -> Placed:
    placed = await house.lane.submit(payment(house, **changes))
    assert isinstance(placed, Placed), placed
    assert await house.claim(placed.attempt)
    return placed


async def is_free(house: House, customer: str = "0001") -> bool:
    """Try to pay the same bill with a new inquiry, and take that back again."""
    placed = await house.lane.submit(payment(house, customer=customer))
    if isinstance(placed, Refusal):
        assert placed.reason is Reason.BILL_ALREADY_PAID
        return False
    assert await house.claim(placed.attempt)
    await house.tell(placed.order, placed.attempt, NOT_PAID)
    return True


async def clean(house: House) -> bool:
    return (await house.verify()).clean


async def test_a_bill_that_is_being_paid_is_not_paid_beside_it(database_url: str) -> None:
    async with open_house(database_url, workers=4) as house:
        results = await asyncio.gather(*(house.lane.submit(payment(house)) for _ in range(24)))
        placed = [one for one in results if isinstance(one, Placed)]
        refused = [one for one in results if isinstance(one, Refusal)]
        assert (len(placed), len(refused)) == (1, 23)
        assert {one.reason for one in refused} == {Reason.BILL_ALREADY_PAID}
        assert await house.account() == (FUNDS, TOTAL)
        assert await clean(house)


async def test_one_inquiry_is_paid_once_even_where_the_bill_guards_nothing(
    database_url: str,
) -> None:
    async with open_house(database_url) as house:
        same = bill(periods=())
        results = await asyncio.gather(
            *(
                house.lane.submit(payment(house, session_id=same.session_id, periods=()))
                for _ in "ab"
            )
        )
        assert sorted(type(one).__name__ for one in results) == ["Placed", "Refusal"]
        assert await clean(house)


async def test_one_common_period_is_enough_to_refuse(database_url: str) -> None:
    async with open_house(database_url) as house:
        await sent(house, periods=("202603", "202604"))
        refused = await house.lane.submit(payment(house, periods=("202604", "202605")))
        assert isinstance(refused, Refusal)
        assert isinstance(await house.lane.submit(payment(house, periods=("202605",))), Placed)
        assert isinstance(await house.lane.submit(payment(house, customer="0002")), Placed)


async def test_a_paid_bill_is_split_and_a_reversal_gives_everything_back(database_url: str) -> None:
    async with open_house(database_url) as house:
        placed = await sent(house)
        recorded = await house.tell(placed.order, placed.attempt, PAID)
        assert recorded.order.data == {"bill": "as it was shown"}
        assert await house.account() == (FUNDS - TOTAL + SHARE, 0)
        assert await house.balance_of(house.float_id) == DUE + KEPT
        margin = house.house[HouseAccount.BILL_MARGIN]
        assert await house.balance_of(margin) == FEE - SHARE - KEPT
        assert not await is_free(house)
        assert await clean(house)
        await house.tell(placed.order, placed.attempt, NOT_PAID, kind="callback")
        assert await house.account() == (FUNDS, 0)
        assert await house.balance_of(house.float_id) == 0
        assert await house.balance_of(margin) == 0
        assert await is_free(house)
        assert await clean(house)


async def test_after_a_failure_the_bill_is_free(database_url: str) -> None:
    async with open_house(database_url) as house:
        placed = await sent(house)
        await house.tell(placed.order, placed.attempt, NOT_PAID)
        assert await house.account() == (FUNDS, 0)
        assert await is_free(house)
        assert await clean(house)


@pytest.mark.parametrize("paid_by", ["us", "reseller"])
async def test_a_bill_delivered_late_is_not_free_whoever_pays_it(
    database_url: str, paid_by: str
) -> None:
    async with open_house(database_url) as house:
        house.late_success_paid_by = paid_by
        placed = await sent(house)
        await house.tell(placed.order, placed.attempt, NOT_PAID)
        recorded = await house.tell(placed.order, placed.attempt, PAID, kind="callback")
        late = paid_by == "reseller"
        assert recorded.order.state is (OrderState.SUCCESS if late else OrderState.FAILED)
        assert await house.account() == (FUNDS - (TOTAL - SHARE if late else 0), 0)
        assert await house.balance_of(house.float_id) == DUE + KEPT
        assert not await is_free(house)
        assert await clean(house)


async def test_a_loss_of_ours_that_is_taken_back_frees_the_bill(database_url: str) -> None:
    async with open_house(database_url) as house:
        placed = await sent(house)
        for outcome in (NOT_PAID, PAID, NOT_PAID):
            await house.tell(placed.order, placed.attempt, outcome, kind="callback")
        assert await house.balance_of(house.float_id) == 0
        assert await is_free(house)
        assert await clean(house)


@pytest.mark.parametrize("second_outcome", [PAID, NOT_PAID], ids=["paid", "failed"])
async def test_a_bill_that_a_second_payment_holds_at_the_late_news_stays_guarded(
    database_url: str, second_outcome: Any
) -> None:
    async with open_house(database_url) as house:
        first = await sent(house)
        await house.tell(first.order, first.attempt, NOT_PAID)
        second = await sent(house)
        await house.tell(first.order, first.attempt, PAID, kind="callback")
        assert await clean(house)
        await house.tell(second.order, second.attempt, second_outcome)
        held = await house.connection.fetchval("SELECT order_id FROM bill_guards WHERE held")
        assert held == (second if second_outcome is PAID else first).order.id
        assert not await is_free(house)
        assert await clean(house)


@pytest.mark.parametrize("paid_by", ["us", "reseller"])
async def test_only_a_person_lets_go_of_a_bill_that_was_delivered(
    database_url: str, paid_by: str
) -> None:
    async with open_house(database_url) as house:
        house.late_success_paid_by = paid_by
        placed = await sent(house)
        with pytest.raises(ConflictError):
            await allow_again(house.connection, placed.order.id, reason="why", actor="a")
        await house.tell(placed.order, placed.attempt, NOT_PAID)
        with pytest.raises(ConflictError):
            await allow_again(house.connection, placed.order.id, reason="why", actor="a")
        await house.tell(placed.order, placed.attempt, PAID, kind="callback")
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="only a person"):
            await house.connection.execute("UPDATE bill_guards SET held = false")
        shown = await allow_again(house.connection, placed.order.id, reason="a refund", actor="ana")
        assert shown["periods"] == ["202604"]
        assert await is_free(house)
        assert await clean(house)


async def test_the_database_refuses_a_second_guard_where_the_first_forgot_to_hold(
    database_url: str,
) -> None:
    async with open_house(database_url) as house:
        placed = await sent(house)
        await house.tell(placed.order, placed.attempt, PAID)
        c = house.connection
        await c.execute("ALTER TABLE bill_guards DISABLE TRIGGER bill_guards_obey")
        await c.execute("UPDATE bill_guards SET held = false")
        await c.execute("ALTER TABLE bill_guards ENABLE TRIGGER bill_guards_obey")
        assert not await clean(house)
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="paid already"):
            await c.execute(
                "INSERT INTO bill_guards (order_id, biller, customer_no, period)"
                " VALUES (77, 'BPJS', '0001', '202604')"
            )
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="does not change"):
            await c.execute("UPDATE bill_guards SET customer_no = '0002'")


async def test_a_supplier_that_took_more_than_it_showed_costs_our_margin_and_opens_a_case(
    database_url: str,
) -> None:
    async with open_house(database_url) as house:
        placed = await sent(house)
        more = Delivered(sn="REF-2", cost=DUE + FEE + 5_000)
        await house.tell(placed.order, placed.attempt, more)
        assert await house.account() == (FUNDS - TOTAL + SHARE, 0)
        margin = house.house[HouseAccount.BILL_MARGIN]
        assert await house.balance_of(margin) == FEE - SHARE - KEPT - 5_000
        kinds = await house.connection.fetch("SELECT kind FROM cases")
        assert [row["kind"] for row in kinds] == ["bill_total_differs"]
        assert await clean(house)


async def test_a_testing_payment_guards_nothing_and_moves_nothing(database_url: str) -> None:
    async with open_house(database_url) as house:
        for _ in range(2):
            test = msgspec.structs.replace(
                payment(house), testing=True, first=None, claimed_by=None
            )
            assert isinstance(await house.lane.submit(test), Placed)
        assert await is_free(house)
        assert await house.account() == (FUNDS, 0)
        assert await clean(house)
