"""What a reseller may see of its order: never a supplier, a cost or a transcript; pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

_SHOWN: Final = (
    "id",
    "reference",
    "testing",
    "dialect",
    "product_code",
    "product_name",
    "destination",
    "quantity",
    "price",
    "state",
    "reason",
    "sn",
    "message",
    "data",
    "created_at",
    "updated_at",
    "final_at",
)
_OWN_EVENTS: Final = frozenset(
    {
        "sale.hold",
        "sale.post",
        "sale.void",
        "sale.reversal",
        "late_success.sale",
        "late_success.receivable",
    }
)
"""Transfers on the reseller's account; the others are ours and the supplier's."""


def own_view(order: Mapping[str, Any]) -> dict[str, Any]:
    """Give an order as its reseller sees it."""
    shown = {name: order.get(name) for name in _SHOWN}
    complaints = [_complaint(c) for c in order["cases"] if c["kind"] == "complaint"]
    return shown | {
        "callbacks": list(order["callbacks"]),
        "complaints": complaints,
        "timeline": _timeline(order, complaints),
    }


def _complaint(case: Mapping[str, Any]) -> dict[str, Any]:
    detail = case["detail"]
    return {
        "id": case["id"],
        "opened_at": case["opened_at"],
        "closed_at": case["closed_at"],
        "resolution": case["resolution"],
        "words": detail.get("words", ""),
        "evidence": detail.get("evidence", ""),
        "deadline": datetime.fromisoformat(detail["deadline"]) if "deadline" in detail else None,
    }


def _timeline(order: Mapping[str, Any], complaints: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everything that concerns the reseller, in time's order."""
    events = [_event(order["created_at"], "placed", reference=order["reference"])]
    events += [
        _event(t["created_at"], t["event"], amount=t["amount"])
        for t in order["transfers"]
        if t["event"] in _OWN_EVENTS
    ]
    events += [
        _event(h["at"], f"state.{h['to_state']}", reason=h["reason"] or "")
        for h in order["history"]
        if h["from_state"] is not None
    ]
    for callback in order["callbacks"]:
        events.append(_event(callback["occurred_at"], "callback", name=callback["event"]))
        if callback["delivered_at"] is not None:
            status = callback["last_status"]
            events.append(_event(callback["delivered_at"], "acknowledged", status=status))
    for complaint in complaints:
        events.append(_event(complaint["opened_at"], "complaint"))
        if complaint["closed_at"] is not None:
            events.append(_event(complaint["closed_at"], "complaint_closed"))
    return sorted(events, key=lambda event: event["at"])


def _event(at: Any, what: str, **more: Any) -> dict[str, Any]:
    return {"at": at, "what": what, "more": more}
