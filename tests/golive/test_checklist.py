"""Each line of the checklist is open until what it asks for has happened."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from gerbang.golive.checklist import CHECKS, WHY, Facts, judge
from gerbang.web.pages.catalogue import load_catalogue

DONE = Facts(
    orders={"success": 2, "failed": 1, "reversed": 1},
    told={"order.success": 2, "order.failed": 1, "order.sn_received": 1},
    asked_pending=1,
    asked_failed=1,
    callback_url="https://toko.example/cb",
    references_own=4,
    available=100_000,
    deposit_min=100_000,
    live_credentials=1,
    addresses=1,
    speaks_weakly=True,
    kyc_required=True,
    kyc_state="approved",
    sells_bills=True,
    bills_found=1,
    bills_paid=1,
    asks_tickets=True,
    tickets_tried=1,
)


def test_it_is_green_when_everything_has_happened() -> None:
    found = judge(DONE)
    assert found.green
    assert len(found.items) == len(CHECKS)
    assert not any(item.how for item in found.items)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("flow.success", {"orders": {"failed": 1, "reversed": 1}}),
        ("flow.failed", {"orders": {"success": 1, "reversed": 1}}),
        ("flow.reversed", {"orders": {"success": 1, "failed": 1}}),
        ("flow.serial_number", {"told": {"order.success": 2, "order.failed": 1}}),
        ("flow.bill_found", {"bills_found": 0}),
        ("flow.bill_paid", {"bills_paid": 0}),
        ("pending.handled", {"asked_pending": 0}),
        ("failure.handled", {"asked_failed": 0}),
        ("callback.configured", {"callback_url": ""}),
        ("callback.configured", {"not_told": 1}),
        ("callback.success", {"told": {"order.sn_received": 2, "order.failed": 1}}),
        ("callback.failed", {"told": {"order.sn_received": 2, "order.success": 1}}),
        ("references.unique", {"references_own": 2}),
        ("references.unique", {"references_made": 1}),
        ("references.unique", {"references_reused": 1}),
        ("flow.deposit", {"tickets_tried": 0}),
        ("deposit.sufficient", {"available": 99_999}),
        ("credential.live", {"live_credentials": 0}),
        ("addresses.listed", {"addresses": 0}),
        ("kyc.approved", {"kyc_state": "expired"}),
    ],
)
def test_one_thing_that_is_missing_opens_its_line_and_no_other(
    name: str, change: dict[str, Any]
) -> None:
    found = judge(msgspec.structs.replace(DONE, **change))
    assert not found.green
    assert [item.name for item in found.open] == [name]
    assert all(item.how and item.why for item in found.open)


def test_nobody_is_asked_for_what_he_does_not_use() -> None:
    found = judge(
        msgspec.structs.replace(
            DONE,
            speaks_weakly=False,
            kyc_required=False,
            sells_bills=False,
            asks_tickets=False,
        )
    )
    names = {item.name for item in found.items}
    assert found.green
    assert not names & {"addresses.listed", "kyc.approved"}
    assert not names & {"flow.bill_found", "flow.bill_paid", "flow.deposit"}


def test_a_new_reseller_has_everything_before_it() -> None:
    found = judge(Facts(deposit_min=100_000))
    assert not any(item.done for item in found.items)


def test_every_reason_has_its_words_in_every_language() -> None:
    for texts in load_catalogue(["gerbang.web.pages"]).values():
        for because, english in WHY.items():
            names = set(re.findall(r"{(\w+)}", english))
            assert set(re.findall(r"{(\w+)}", texts[f"golive_why.{because}"])) == names
        assert {f"golive_title.{check.name}" for check in CHECKS} <= set(texts)
