from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from gerbang.portal.order_view import own_view

AT = datetime(2026, 11, 20, 5, tzinfo=UTC)


def order(**more: Any) -> dict[str, Any]:
    """Give an order as the operator sees it, with everything a reseller must not see."""
    base: dict[str, Any] = {
        "id": 7,
        "reference": "INV-1",
        "state": "success",
        "price": 5400,
        "cost": 5100,
        "supplier_code": "secret-supplier",
        "created_at": AT,
        "attempts": [{"supplier_code": "secret-supplier", "cost": 5100}],
        "messages": [{"text": "secret-supplier said"}],
        "transfers": [
            {"event": "sale.hold", "amount": 5400, "created_at": AT},
            {"event": "sale.post", "amount": 5400, "created_at": AT + timedelta(seconds=2)},
            {"event": "cost", "amount": 5100, "created_at": AT + timedelta(seconds=2)},
        ],
        "history": [
            {"at": AT, "from_state": None, "to_state": "pending", "reason": None},
            {
                "at": AT + timedelta(seconds=2),
                "from_state": "pending",
                "to_state": "success",
                "reason": None,
            },
        ],
        "callbacks": [],
        "cases": [
            {"kind": "late_success", "detail": {"supplier": "secret-supplier"}},
            {
                "id": 3,
                "kind": "complaint",
                "opened_at": AT + timedelta(hours=1),
                "closed_at": None,
                "resolution": "",
                "detail": {"words": "nothing came", "deadline": "2026-11-21T13:00:00+07:00"},
            },
        ],
    }
    return base | more


def test_a_reseller_sees_no_supplier_no_cost_and_no_transcript() -> None:
    shown = own_view(order())
    assert "secret-supplier" not in repr(shown)
    assert "5100" not in repr(shown)


def test_the_timeline_tells_what_concerns_the_reseller_in_times_order() -> None:
    whats = [event["what"] for event in own_view(order())["timeline"]]
    assert whats == ["placed", "sale.hold", "sale.post", "state.success", "complaint"]


def test_only_complaints_are_shown_of_an_orders_cases() -> None:
    complaints = own_view(order())["complaints"]
    assert [(c["id"], c["words"]) for c in complaints] == [(3, "nothing came")]
