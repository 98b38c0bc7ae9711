"""The sweep goes on past what cannot be done."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gerbang.orders.sweep import Sweep
from gerbang.orders.waiters import Waiters
from gerbang.orders.writes import SettleTesting
from gerbang.postgres.lane import NotWrittenError


class Steps:
    """A database with three due steps, and a lane that cannot do the first of them."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.settled: list[Any] = []

    async def fetch(self, *_: Any) -> list[dict[str, Any]]:
        return [{"id": n, "order_id": n, "outcome": {}} for n in (1, 2, 3)]

    async def submit(self, step: SettleTesting) -> Any:
        if step.step_id == 1:
            raise self.error
        return SimpleNamespace(order_id=step.order_id)


def sweep_of(steps: Any) -> Sweep:
    return Sweep(lane=steps, pool=steps, waiters=Waiters(), after_testing=steps.settled.append)


async def test_a_step_that_cannot_be_done_does_not_keep_the_others_from_happening() -> None:
    steps = Steps(ValueError("no text of a database"))
    await sweep_of(steps).settle_due_steps()
    assert [each.order_id for each in steps.settled] == [2, 3]


async def test_while_the_database_is_away_nothing_is_tried_in_vain() -> None:
    steps = Steps(NotWrittenError("away"))
    with pytest.raises(NotWrittenError):
        await sweep_of(steps).settle_due_steps()
    assert steps.settled == []
