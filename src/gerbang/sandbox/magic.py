"""What the last four digits of a destination make happen, in testing and at a fake supplier; pure.

The table is part of the public contract: tests and resellers rely on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Literal, assert_never

import msgspec

from gerbang.dialects.contract import ProductKind
from gerbang.orders.reasons import Reason
from gerbang.orders.writes import SandboxStep
from gerbang.sandbox.serials import make_serial, make_testing_serial, make_token

OnRequest = Literal[
    "success",
    "pending",
    "rejected",
    "drop_after_taking",
    "drop_before_taking",
    "success_without_sn",
]
LaterKind = Literal["success", "failed", "serial_number", "reversed"]

DIGITS: Final = 4
USUAL_MS: Final = 200
"""When an ordinary number is delivered: within the 300 ms that the table promises."""
USUAL_TESTING_MS: Final = 300
DROPPED_TESTING_MS: Final = 2_000
"""Testing has no connection to drop, so these orders are pending for a while instead."""


SAMPLE_DESTINATION: Final = "08123456789"
SAMPLE_SN: Final = "1234-5678-9012-3456"
"""The number of IsiKuota's documented testing sample, and the serial number it is answered with."""


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to an order after it was answered, and whether a callback tells it."""

    after_ms: int
    kind: LaterKind
    callback: bool = True


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of an order: at once, and later. `reason` is that of a failure."""

    on_request: OnRequest
    reason: Reason | None = None
    later: tuple[Later, ...] = ()


USUAL: Final = Plan(on_request="pending", later=(Later(after_ms=USUAL_MS, kind="success"),))

PLANS: Final[Mapping[str, Plan]] = MappingProxyType(
    {
        "1230": Plan(on_request="success"),
        "1231": Plan(on_request="pending", later=(Later(after_ms=2_000, kind="success"),)),
        "1232": Plan(on_request="rejected", reason=Reason.NUMBER_NOT_FOUND),
        "1233": Plan(
            on_request="pending", later=(Later(after_ms=500, kind="success", callback=False),)
        ),
        "1234": Plan(
            on_request="pending",
            reason=Reason.BILLER_FAILED,
            later=(Later(after_ms=1_000, kind="failed"),),
        ),
        "1235": Plan(on_request="drop_after_taking"),
        "1236": Plan(on_request="drop_before_taking"),
        "1237": Plan(
            on_request="success_without_sn", later=(Later(after_ms=2_000, kind="serial_number"),)
        ),
        "1238": Plan(
            on_request="success",
            reason=Reason.REFUNDED,
            later=(Later(after_ms=3_000, kind="reversed"),),
        ),
        "1239": Plan(on_request="rejected", reason=Reason.PRODUCT_DISTURBED),
    }
)


def plan_for(destination: str) -> Plan:
    """Say what an order to this destination will go through."""
    return PLANS.get(destination[-DIGITS:], USUAL)


def testing_steps(
    destination: str, product_kind: ProductKind, *, now: datetime, is_token: bool
) -> tuple[SandboxStep, ...]:
    """Plan a testing order: the same table, with a pending time instead of a lost connection."""
    sn = make_token(destination).sn if is_token else _testing_serial(destination, product_kind)
    return tuple(
        SandboxStep(due_at=now + timedelta(milliseconds=after_ms), outcome=outcome)
        for after_ms, outcome in steps_of_plan(plan_for(destination), sn=sn)
    )


def steps_of_plan(plan: Plan, *, sn: str) -> list[tuple[int, Mapping[str, Any]]]:
    """Give what becomes of a testing order by a plan: after how long, and what."""
    return [(step.after_ms, _outcome(step, sn=sn)) for step in _testing_plan(plan)]


class _Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a testing order."""

    after_ms: int
    kind: LaterKind
    reason: Reason | None = None
    callback: bool = True
    with_sn: bool = True


def _testing_plan(plan: Plan) -> list[_Step]:
    if plan is USUAL:
        return [_Step(after_ms=USUAL_TESTING_MS, kind="success")]
    later = [
        _Step(
            after_ms=step.after_ms,
            kind=step.kind,
            callback=step.callback,
            reason=plan.reason if step.kind in ("failed", "reversed") else None,
        )
        for step in plan.later
    ]
    return [*_at_once(plan), *later]


def _at_once(plan: Plan) -> list[_Step]:
    match plan.on_request:
        case "success":
            return [_Step(after_ms=0, kind="success")]
        case "success_without_sn":
            return [_Step(after_ms=0, kind="success", with_sn=False)]
        case "rejected":
            return [_Step(after_ms=0, kind="failed", reason=plan.reason)]
        case "drop_after_taking" | "drop_before_taking":
            return [_Step(after_ms=DROPPED_TESTING_MS, kind="success")]
        case "pending":
            return []
        case never:
            assert_never(never)


def _outcome(step: _Step, *, sn: str) -> Mapping[str, Any]:
    outcome: dict[str, Any] = {"state": step.kind, "callback": step.callback}
    if step.kind in ("success", "serial_number"):
        outcome["sn"] = sn if step.with_sn else ""
    if step.reason is not None:
        outcome["reason"] = step.reason.value
    return outcome


def _testing_serial(destination: str, product_kind: ProductKind) -> str:
    if destination == SAMPLE_DESTINATION:
        return SAMPLE_SN
    if product_kind is ProductKind.POSTPAID:
        return make_serial(destination, "").sn
    return make_testing_serial(destination)
