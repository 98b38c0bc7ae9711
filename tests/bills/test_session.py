"""What was shown may be paid for five minutes, and only as it was shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from gerbang.bills.bill import Service, guarded_periods, quote
from gerbang.bills.session import Session, refuse_session
from gerbang.catalog.product import Product
from gerbang.clock import FixedClock
from gerbang.dialects.contract import Pay, ProductKind
from gerbang.orders.reasons import Reason
from gerbang.sandbox.bills import make_bill

SHOWN = datetime(2026, 5, 31, 5, 0, tzinfo=UTC)
PRODUCT = Product(
    id=1, code="MPBPJS", name="BPJS", category="bill", brand="", operator="",
    kind=ProductKind.POSTPAID, status="open", status_reason="", base_price=1_800, cost=1_200,
    admin_fee=2_700, amount_min=None, amount_max=None, amount_step=1, cut_off_start=None,
    cut_off_end=None, same_day_rule="reseller", description="",
)  # fmt: skip
BILL = make_bill(Service.BPJS_KESEHATAN, "1234567890", amount=1)
SESSION = Session(
    id=1, reseller_id=1, testing=False, reference="INQ-001", product_id=1, product_code="MPBPJS",
    product_name="BPJS", biller="MPBPJS", customer_no="1234567890", quantity=1, supplier_id=1,
    route_id=1, supplier_product_code="MPBPJS", supplier_total=25_200,
    quoted=quote(BILL, admin_fee=2_700, net=1_800), cost=23_700, created_at=SHOWN,
    expires_at=SHOWN + timedelta(minutes=5),
)  # fmt: skip


def refused(session: Session | None, *, at: datetime, **changes: Any) -> Reason | None:
    payment = Pay(
        dialect="isikuota",
        product_code="MPBPJS",
        customer_no="1234567890",
        reference="INQ-001",
        price_max=changes.pop("price_max", None),
    )
    asked: dict[str, Any] = {"customer_no": "1234567890", "quantity": 1} | changes
    refusal = refuse_session(session, payment, PRODUCT, now=at, **asked)
    return refusal.reason if refusal else None


def test_a_bill_is_payable_after_four_fifty_nine_and_expired_after_five_minutes_and_one() -> None:
    clock = FixedClock(SHOWN)
    clock.advance(timedelta(minutes=4, seconds=59))
    assert refused(SESSION, at=clock.now()) is None
    clock.advance(timedelta(seconds=2))
    assert refused(SESSION, at=clock.now()) is Reason.INQUIRY_EXPIRED


@pytest.mark.parametrize(
    ("session", "changes", "reason"),
    [
        (None, {}, Reason.INQUIRY_NOT_FOUND),
        (SESSION, {"customer_no": "999"}, Reason.INQUIRY_MISMATCH),
        (SESSION, {"quantity": 2}, Reason.INQUIRY_MISMATCH),
        (SESSION, {"price_max": 25_199}, Reason.PRICE_ABOVE_LIMIT),
        (msgspec.structs.replace(SESSION, product_id=2), {}, Reason.INQUIRY_MISMATCH),
    ],
)
def test_each_obstacle_has_its_own_reason(
    session: Session | None, changes: dict[str, Any], reason: Reason
) -> None:
    assert refused(session, at=SHOWN, **changes) is reason


def test_the_share_is_what_the_net_price_leaves_of_the_fee() -> None:
    quoted = quote(BILL, admin_fee=2_700, net=1_800)
    assert (quoted.total, quoted.fee, quoted.share) == (25_200, 2_700, 900)
    assert quote(BILL, admin_fee=2_700, net=3_000).share == 0


def test_what_is_paid_once_is_the_period_and_an_open_amount_is_not() -> None:
    assert guarded_periods(BILL, month="2026-05") == ("01",)
    wallet = make_bill(Service.EWALLET, "0812", amount=5_000)
    assert guarded_periods(wallet, month="2026-05") == ()
    nameless = msgspec.structs.replace(BILL, periods=())
    assert guarded_periods(nameless, month="2026-05") == ("month:2026-05",)
