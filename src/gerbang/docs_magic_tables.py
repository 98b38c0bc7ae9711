"""Tables of docs/magic-numbers.md, from the plans that the sandbox follows; pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gerbang.deposits.testing import PLANS as DEPOSIT_PLANS
from gerbang.deposits.testing import USUAL as DEPOSIT_USUAL
from gerbang.markdown import code, table
from gerbang.sandbox.bills import BILL_PLANS, GROWS_BY, SHEET_FINE, BillPlan, pay_obstacle
from gerbang.sandbox.bills import USUAL as BILL_USUAL
from gerbang.sandbox.magic import DROPPED_TESTING_MS, PLANS, USUAL_MS, USUAL_TESTING_MS, Plan

_AT_ONCE: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "success": ("success at once", "success at once"),
        "pending": ("pending", "pending"),
        "rejected": ("rejected", "failed at once"),
        "drop_after_taking": (
            "takes the order, delivers it, drops the connection without an answer",
            f"pending, success after {DROPPED_TESTING_MS / 1000:g} s",
        ),
        "drop_before_taking": (
            "drops the connection and does not take the order",
            f"pending, success after {DROPPED_TESTING_MS / 1000:g} s",
        ),
        "success_without_sn": ("success without a serial number",) * 2,
    }
)
_INQUIRY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "found": "found",
        "not_found": "not found",
        "already_paid": "already paid",
        "disturbed": "disturbed: another supplier may know more",
        "wrong_number": "the number is wrong",
    }
)


def magic_table() -> str:
    """What becomes of an order, at a fake supplier and in testing."""
    rows = [(code(digits), *_plan_words(plan)) for digits, plan in PLANS.items()]
    usual = "pending, success after {:g} s"
    rows.append(("any other", usual.format(USUAL_MS / 1000), usual.format(USUAL_TESTING_MS / 1000)))
    return table(("ends in", "a fake supplier", "a testing order"), rows)


def deposit_magic_table() -> str:
    """What becomes of a testing ticket."""
    rows = [(code(f"{digits:04}"), plan.words) for digits, plan in DEPOSIT_PLANS.items()]
    rows.append(("any other", DEPOSIT_USUAL.words))
    return table(("the amount ends in", "a testing ticket"), rows)


def _plan_words(plan: Plan) -> tuple[str, str]:
    at_supplier, in_testing = _AT_ONCE[plan.on_request]
    later = ""
    for step in plan.later:
        kind = step.kind.replace("_", " ")
        later += f", {kind} after {step.after_ms / 1000:g} s"
        later += "" if step.callback else " (no callback: found only by asking)"
    reason = f" ({code(plan.reason.value)})" if plan.reason else ""
    testing_later = later.replace(" (no callback: found only by asking)", "")
    return at_supplier + later + reason, in_testing + testing_later + reason


# --- bills --------------------------------------------------------------------------------------


def bill_magic_table() -> str:
    """What becomes of an inquiry and its payment."""
    rows = [_bill_row(code(digits), digits, plan) for digits, plan in BILL_PLANS.items()]
    rows.append(_bill_row("any other", "0000", BILL_USUAL))
    return table(("ends in", "inquiry", "payment at a fake supplier", "payment in testing"), rows)


def _bill_row(name: str, digits: str, plan: BillPlan) -> tuple[str, str, str, str]:
    inquiry = _INQUIRY[plan.inquiry] + _bill_remark(plan)
    if plan.inquiry != "found":
        return name, inquiry, "", ""
    obstacle = pay_obstacle(digits)
    if obstacle is not None:
        refused = f"refused ({code(obstacle.value)})"
        return name, inquiry, refused, refused
    at_supplier, in_testing = (
        words.replace("the order", "the payment") for words in _plan_words(plan.payment)
    )
    return name, inquiry, at_supplier, in_testing


def _bill_remark(plan: BillPlan) -> str:
    if plan.grows:
        return f"; Rp{GROWS_BY:,} higher whenever it is looked at again"
    if plan.paid_elsewhere:
        return "; somebody else pays it before you do"
    if plan.sheets > 1:
        return f", {plan.sheets} sheets, each but the last with a fine of Rp{SHEET_FINE:,}"
    return ""
