"""The line before a supplier."""

from __future__ import annotations

import asyncio

from gerbang.routing.gate import Gate


async def test_no_more_are_let_in_than_allowed_and_they_come_in_turn() -> None:
    order: list[int] = []
    most = 0
    gate = Gate(lambda: 2)

    async def pass_through(number: int) -> None:
        nonlocal most
        async with gate:
            order.append(number)
            most = max(most, gate.inside)
            await asyncio.sleep(0)

    await asyncio.gather(*(pass_through(n) for n in range(20)))
    assert (order, most, gate.inside) == (list(range(20)), 2, 0)


async def test_a_limit_that_is_changed_holds_at_once() -> None:
    limit = 1
    gate = Gate(lambda: limit)
    await gate.__aenter__()
    second = asyncio.create_task(gate.__aenter__())
    third = asyncio.create_task(gate.__aenter__())
    await asyncio.sleep(0)
    limit = 2
    await gate.__aexit__(None, None, None)
    await asyncio.gather(second, third)
    assert gate.inside == 2


async def test_who_stops_waiting_takes_no_turn() -> None:
    gate = Gate(lambda: 1)
    await gate.__aenter__()
    gone = asyncio.create_task(gate.__aenter__())
    patient = asyncio.create_task(gate.__aenter__())
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    await gate.__aexit__(None, None, None)
    await patient
    assert gate.inside == 1
