"""What a bill may be for."""

from __future__ import annotations

from typing import get_args

from gerbang.bills.bill import Service
from gerbang.catalog.admin import ServiceName


def test_a_product_may_say_every_service_that_a_bill_knows_and_no_other() -> None:
    assert set(get_args(ServiceName)) == {"", *Service}
