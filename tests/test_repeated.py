"""Work by the clock goes on after a failure, and ends when it is told to."""

from __future__ import annotations

import asyncio

from gerbang.repeated import Repeated


async def test_a_failure_is_tried_again_and_a_stop_ends_it() -> None:
    times, third = 0, asyncio.Event()

    async def work() -> None:
        nonlocal times
        times += 1
        if times == 3:
            third.set()
        raise OSError("away")

    repeated = Repeated(work, every_s=0, complaint="work.failed")
    repeated.start()
    async with asyncio.timeout(60):
        await third.wait()
    await repeated.stop()
    seen = times
    await asyncio.sleep(0)
    assert times == seen


async def test_the_first_time_may_wait_and_what_never_began_may_be_stopped() -> None:
    times = 0

    async def work() -> None:
        nonlocal times
        times += 1

    repeated = Repeated(work, every_s=3_600, complaint="work.failed", at_once=False)
    await repeated.stop()
    repeated.start()
    await asyncio.sleep(0)
    await repeated.stop()
    assert times == 0


async def test_what_came_up_is_done_at_once() -> None:
    done = asyncio.Event()

    async def work() -> None:
        done.set()

    repeated = Repeated(work, every_s=3_600, complaint="work.failed", at_once=False)
    repeated.start()
    repeated.hurry()
    async with asyncio.timeout(60):
        await done.wait()
    await repeated.stop()


async def test_what_failed_just_now_is_not_hurried() -> None:
    failed, times = asyncio.Event(), 0

    async def work() -> None:
        nonlocal times
        times += 1
        failed.set()
        raise OSError("away")

    repeated = Repeated(work, every_s=3_600, complaint="work.failed")
    repeated.start()
    async with asyncio.timeout(60):
        await failed.wait()
    repeated.hurry()
    for _ in range(10):
        await asyncio.sleep(0)
    await repeated.stop()
    assert times == 1
