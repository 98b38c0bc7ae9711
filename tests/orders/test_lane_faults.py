"""The database stops, is killed or loses its connections while the lane is under load."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gerbang.ledger.verify import verify
from gerbang.orders.writes import Placed
from gerbang.postgres.embedded import EmbeddedPostgres
from gerbang.postgres.lane import NotWrittenError, OutcomeUnknownError
from gerbang.postgres.lane_worker import CommitInDoubtError, Worker
from gerbang.postgres.migrate import migrate
from gerbang.postgres.pool import connect
from orders.house import House, open_house
from postgres.shared import opened, reachable_folder

CALLERS = 32
DEADLINE_S = 120.0


@pytest.fixture
def own_server() -> Iterator[EmbeddedPostgres]:
    """A durable server that this test may hurt."""
    folder: Path = reachable_folder(f"hurt-{os.getpid()}")
    server = EmbeddedPostgres(folder)
    try:
        yield server
    finally:
        with suppress(Exception):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Callers:
    """Callers that buy one after the other and keep what they were told."""

    def __init__(self, house: House, *, deadline_s: float) -> None:
        self.house = house
        self.deadline_s = deadline_s
        self.told: dict[str, str] = {}
        self.stopping = False

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(CALLERS):
                group.create_task(self._buy_on())

    async def _buy_on(self) -> None:
        while not self.stopping:
            order = self.house.purchase(price=1)
            try:
                result = await self.house.lane.submit(order, deadline_s=self.deadline_s)
            except NotWrittenError:
                self.told[order.reference] = "maintenance"
            except OutcomeUnknownError:
                self.told[order.reference] = "pending"
            else:
                assert isinstance(result, Placed)
                self.told[order.reference] = "placed"


async def _check(callers: Callers) -> dict[str, int]:
    """Compare what callers were told with what is stored."""
    async with opened(callers.house.url) as c:
        stored = [row[0] for row in await c.fetch("SELECT reference FROM orders")]
    assert len(stored) == len(set(stored))
    by_word: dict[str, set[str]] = {"placed": set(), "maintenance": set(), "pending": set()}
    for reference, word in callers.told.items():
        by_word[word].add(reference)
    assert by_word["placed"] <= set(stored), "an acknowledged order is lost"
    assert not by_word["maintenance"] & set(stored), "maintenance was said of a written order"
    return {word: len(references) for word, references in by_word.items()}


async def _under_load(server: EmbeddedPostgres, hurt: Any, *, deadline_s: float) -> dict[str, int]:
    url = await asyncio.to_thread(server.start)
    async with asyncio.timeout(DEADLINE_S):
        await migrate(url)
        async with open_house(url, balance=10_000_000) as house:
            callers = Callers(house, deadline_s=deadline_s)
            load = asyncio.create_task(callers.run())
            await asyncio.sleep(0.7)
            await hurt(house)
            await asyncio.sleep(0.7)
            callers.stopping = True
            await load
            words = await _check(callers)
            async with opened(url) as connection:
                assert (await verify(connection)).clean
            return words


async def test_a_killed_server_loses_nothing_and_doubles_nothing(
    own_server: EmbeddedPostgres,
) -> None:
    """kill -9 of the whole server, away for a while, then recovery without a restart of ours."""

    async def kill(house: House) -> None:
        pid = own_server.pid
        assert pid is not None
        children = await _backend_pids(house)
        os.kill(pid, signal.SIGKILL)
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        await asyncio.sleep(1.5)
        await asyncio.to_thread(own_server.detach)
        await asyncio.to_thread(own_server.start)

    words = await _under_load(own_server, kill, deadline_s=0.4)
    assert words["placed"] > 100
    assert words["maintenance"] > 0


async def _backend_pids(house: House) -> list[int]:
    rows = await house.connection.fetch("SELECT pid FROM pg_stat_activity WHERE pid IS NOT NULL")
    return [row[0] for row in rows]


async def test_connections_cut_at_random_are_replaced_and_nothing_is_doubled(
    own_server: EmbeddedPostgres,
) -> None:
    """Cut backends again and again: commits in doubt are asked after, never guessed."""

    async def cut(house: House) -> None:
        for _ in range(40):
            await house.connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            await asyncio.sleep(0.03)

    words = await _under_load(own_server, cut, deadline_s=60.0)
    assert words["placed"] > 100
    assert words["maintenance"] == 0
    assert words["pending"] == 0


async def test_a_stopped_server_is_maintenance_and_then_recovery(
    own_server: EmbeddedPostgres,
) -> None:
    """A planned stop of the database, two seconds long."""

    async def stop(house: House) -> None:
        await house.connection.close()
        await asyncio.to_thread(own_server.stop)
        await asyncio.sleep(2)
        await asyncio.to_thread(own_server.start)

    words = await _under_load(own_server, stop, deadline_s=0.4)
    assert words["maintenance"] > 0
    assert words["placed"] > 100


async def test_a_transaction_id_given_out_again_proves_no_commit(database_url: str) -> None:
    """After a crash an id that never reached the log belongs to whoever writes next."""
    async with asyncio.timeout(DEADLINE_S), open_house(database_url) as house:
        worker = Worker(house.lane, await connect(database_url), -1)
        try:
            somebody_elses = await house.connection.fetchval("SELECT pg_current_xact_id()::text")
            assert not await worker._was_committed(CommitInDoubtError(somebody_elses, 1, []))
            in_the_future = str(int(somebody_elses) + 1_000_000)
            assert not await worker._was_committed(CommitInDoubtError(in_the_future, 1, []))
        finally:
            worker.close()


async def test_a_commit_whose_answer_was_lost_is_found(database_url: str) -> None:
    """The connection is cut after the server committed and before it could say so."""
    async with (
        asyncio.timeout(DEADLINE_S),
        open_house(database_url, workers=1, balance=10_000_000) as house,
    ):
        answers_lost = _lose_the_answers_of_commits(house)
        await house.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        results = await asyncio.gather(
            *(house.lane.submit(house.purchase(price=1)) for _ in range(600))
        )
        assert all(isinstance(result, Placed) for result in results)
        assert len(answers_lost) == 3
        stored = await house.connection.fetchval("SELECT count(*) FROM orders")
        assert stored == 600
        assert (await verify(house.connection)).clean


def _lose_the_answers_of_commits(house: House) -> list[str]:
    """Break the lane's next connection after its first COMMIT, which succeeded."""
    lost: list[str] = []
    open_connection = house.lane._open_connection

    async def open_breaking() -> Any:
        connection = await open_connection()

        async def execute(sql: str, *values: Any) -> Any:
            done = await connection.execute(sql, *values)
            if sql.endswith(("COMMIT", "COMMIT; BEGIN")) and len(lost) < 3:
                lost.append(sql)
                connection.terminate()
                raise ConnectionResetError
            return done

        return _With(connection, execute)

    house.lane._open_connection = open_breaking
    return lost


class _With:
    """A connection whose `execute` is another one."""

    def __init__(self, connection: Any, execute: Any) -> None:
        self._connection = connection
        self.execute = execute

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)
