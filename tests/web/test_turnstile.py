"""Few requests begin in each round of the loop, in their order, and none is forgotten."""

from __future__ import annotations

import asyncio
from typing import Any

from gerbang.web.turnstile import BEGIN_MAX, Turnstile


async def test_few_begin_in_each_round_and_all_in_order() -> None:
    loop = asyncio.get_running_loop()
    turnstile = Turnstile()
    begun: list[int] = []
    for number in range(3 * BEGIN_MAX + 1):
        turnstile.enter(loop, begun.append, number)
    assert begun == []
    counts = []
    for _ in range(5):
        await asyncio.sleep(0)
        counts.append(len(begun))
    assert counts == [BEGIN_MAX, 2 * BEGIN_MAX, 3 * BEGIN_MAX, 3 * BEGIN_MAX + 1, 3 * BEGIN_MAX + 1]
    assert begun == list(range(3 * BEGIN_MAX + 1))


async def test_who_comes_meanwhile_waits_behind_the_others() -> None:
    loop = asyncio.get_running_loop()
    turnstile = Turnstile()
    begun: list[Any] = []
    turnstile.enter(loop, begun.append, "first")
    await asyncio.sleep(0)
    turnstile.enter(loop, begun.append, "second")
    turnstile.enter(loop, lambda _name: turnstile.enter(loop, begun.append, "third"), "asks")
    for _ in range(3):
        await asyncio.sleep(0)
    assert begun == ["first", "second", "third"]
