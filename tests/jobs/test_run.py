from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gerbang.errors import BadInputError
from gerbang.jobs.run import SQL, Job, JobRunner, cancel_job, read_file, show_job
from gerbang.people.admin import create_user
from gerbang.people.password import Passwords
from gerbang.people.role import Role
from gerbang.people.user import User
from gerbang.postgres.pool import Pool, open_pool


class House:
    def __init__(self, pool: Pool, runner: JobRunner, user: User) -> None:
        self.pool, self.runner, self.user = pool, runner, user

    async def begin(self, work: Any) -> int:
        return await self.runner.begin(self.user, work, realm="console", kind="x", title="X")

    async def ended(self, job_id: int) -> Any:
        for _ in range(3_000):
            job = await show_job(self.pool, job_id, self.user)
            if job["state"] != "running":
                return job
            await asyncio.sleep(0.02)
        raise TimeoutError


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    pool = await open_pool(database_url, size_max=4)
    async with pool.acquire() as connection:
        user_id = await create_user(
            connection, "ani", name="Ani", role=Role.OWNER, password="a long sentence",
            passwords=Passwords(), actor="test",
        )  # fmt: skip
    user = User(id=user_id, username="ani", name="Ani", role=Role.OWNER)
    runner = JobRunner(pool, database_url=database_url, node="here")
    yield House(pool, runner, user)
    await runner.stop()
    await pool.close()


async def test_a_job_tells_its_progress_and_leaves_a_file(house: House) -> None:
    async def work(job: Job) -> None:
        await job.progress(1, 3, now=True)
        await job.write(b"x" * 1_300_000)
        job.result["rows"] = 3

    job = await house.ended(await house.begin(work))
    assert (job["state"], job["done"], job["total"], job["result"]) == ("done", 3, 3, {"rows": 3})
    pieces = [piece async for piece in read_file(house.pool, job["id"])]
    assert len(pieces) == 3
    assert b"".join(pieces) == b"x" * 1_300_000


async def test_a_job_that_is_refused_says_why_and_one_that_crashes_has_an_id(house: House) -> None:
    async def refused(_job: Job) -> None:
        raise BadInputError("no such thing")

    async def crashed(_job: Job) -> None:
        raise RuntimeError("boom")

    job = await house.ended(await house.begin(refused))
    assert (job["state"], job["error"]) == ("failed", "no such thing")
    job = await house.ended(await house.begin(crashed))
    assert job["error"].startswith("E")
    assert "boom" not in job["error"]


async def test_a_cancelled_job_stops_at_its_next_progress(house: House) -> None:
    stopped = asyncio.Event()

    async def work(job: Job) -> None:
        try:
            while True:
                await job.progress(1, now=True)
                await asyncio.sleep(0.01)
        finally:
            stopped.set()

    job_id = await house.begin(work)
    assert await cancel_job(house.pool, job_id, house.user)
    await asyncio.wait_for(stopped.wait(), 5)
    assert (await house.ended(job_id))["state"] == "cancelled"
    assert not await cancel_job(house.pool, job_id, house.user)


async def test_a_job_of_a_node_that_is_gone_is_interrupted(house: House) -> None:
    job_id = await house.pool.fetchval(
        SQL.insert_job, "console", house.user.id, "x", "X", None, "", "", "gone"
    )
    await house.pool.execute("UPDATE jobs SET beat_at = now() - interval '1 minute'")
    house.runner.start()
    assert (await house.ended(job_id))["state"] == "interrupted"
