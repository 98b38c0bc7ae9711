"""``gerbang bill`` and receipts, over a database in which a bill was shown and paid."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cli.test_commands import Cli
from gerbang.bills.bill import Service, bill_data, quote
from gerbang.dialects.contract import OrderState
from gerbang.orders.outcome import Delivered, Rejected
from gerbang.orders.reasons import Reason
from gerbang.orders.writes import BillOrder, Placed
from gerbang.sandbox.bills import make_bill
from orders.house import House, open_house

CUSTOMER = "532210001242"


@pytest.fixture
def cli(database_url: str, tmp_path: Path) -> Cli:
    return Cli(database_url, tmp_path)


async def pay(url: str) -> list[int]:
    """Pay two bills, one of them in vain; gives the numbers of the orders."""
    async with open_house(url) as house:
        paid = await _paid(house, Service.PLN_POSTPAID, session=1)
        failed = await _paid(house, Service.TV, session=2)
        await house.tell(paid.order, paid.attempt, Delivered(sn="REF-77"))
        rejected = Rejected(reason=Reason.BILLER_FAILED, reroutable=False)
        recorded = await house.tell(failed.order, failed.attempt, rejected)
        assert recorded.order.state is OrderState.FAILED
        return [paid.order.id, failed.order.id]


async def _paid(house: House, service: Service, *, session: int) -> Placed:
    quoted = quote(make_bill(service, CUSTOMER, amount=1), admin_fee=2_500, net=1_500)
    placed = await house.lane.submit(
        house.purchase(
            kind="postpaid",
            destination=CUSTOMER,
            price=quoted.total,
            bill=BillOrder(
                session_id=session,
                inquiry_id=session,
                biller=service.value,
                periods=("202604",),
                due=quoted.bill.due,
                fee=quoted.fee,
                share=quoted.share,
                supplier_total=quoted.total,
                data=bill_data(quoted),
            ),
        )
    )
    assert isinstance(placed, Placed)
    assert await house.claim(placed.attempt)
    return placed


def test_a_receipt_is_printed_and_a_paid_bill_is_let_go_once_with_a_reason(
    cli: Cli, database_url: str
) -> None:
    paid, failed = (str(number) for number in asyncio.run(pay(database_url)))
    text = cli.run("order", "receipt", paid).stdout
    assert "STRUK PEMBAYARAN TAGIHAN LISTRIK" in text
    assert CUSTOMER in text
    assert "no receipt" in cli.run("order", "receipt", failed, code=1).stderr
    assert "text or pdf" in cli.run("order", "receipt", paid, "--format", "png", code=1).stderr
    assert "only a paid bill" in cli.run("bill", "allow-again", failed, "why", code=1).stderr
    shown = cli.json("bill", "allow-again", paid, "paid at the counter too", "--json")
    assert (shown["customer_no"], shown["periods"]) == (CUSTOMER, ["202604"])
    again = cli.run("bill", "allow-again", paid, "once more", code=1)
    assert "may be paid again already" in again.stderr
    assert "guards no bill" in cli.run("bill", "allow-again", "999999", "why", code=1).stderr
    assert cli.json("bill", "inquiries", "--customer-no", CUSTOMER, "--json") == []
    assert "no reseller" in cli.run("bill", "inquiries", "--reseller", "NOBODY", code=1).stderr
    cli.run("ledger", "verify")
