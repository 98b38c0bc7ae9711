"""The turns of a lane's workers end with the lane, at whatever moment it stops."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gerbang.postgres.lane_worker import Turns


@pytest.mark.parametrize("rounds", range(4))
async def test_a_worker_that_waits_its_turn_can_be_stopped_as_the_turn_ends(rounds: int) -> None:
    turns = Turns()
    other: Any = object()

    async def wait_for_ever() -> None:
        while True:
            turns.begin(other)
            await turns.wait()

    waiting = asyncio.create_task(wait_for_ever())
    await asyncio.sleep(0.01)
    turns.end(other)
    for _ in range(rounds):
        await asyncio.sleep(0)
    waiting.cancel()
    done, _ = await asyncio.wait({waiting}, timeout=0.2)
    waiting.cancel()
    assert done == {waiting}


async def test_nobody_waits_for_a_worker_that_is_held_up() -> None:
    turns = Turns()
    other: Any = object()
    turns.begin(other)
    async with asyncio.timeout(30):
        await turns.wait()
