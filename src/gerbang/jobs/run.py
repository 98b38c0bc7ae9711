"""Runs jobs in this process and keeps their progress in the database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import structlog

from gerbang.errors import NotFoundError, UserError
from gerbang.ids import new_error_id
from gerbang.people.user import User
from gerbang.postgres.pool import Connection, Pool, connect
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.jobs", "jobs.sql")
log = structlog.get_logger()

BEAT_EVERY_S: Final = 1.0
SILENT_S_MAX: Final = 30
"""A job whose node says nothing for so long is interrupted."""
FILES_KEPT_S: Final = 86_400
PROGRESS_EVERY_S: Final = 0.4
CHUNK_BYTES: Final = 512 * 1024
JOBS_AT_ONCE_MAX: Final = 2
"""More wait for their turn: each may read the whole database."""


class JobCancelledError(Exception):
    """Somebody cancelled the job."""


class Job:
    """What the work of a job is handed: progress, result, and a file to write."""

    def __init__(self, pool: Pool, job_id: int, *, database_url: str) -> None:
        """Begin at zero."""
        self.id = job_id
        self.result: dict[str, Any] = {}
        self.latest: tuple[int, int | None] = (0, None)
        """How far it is, from code that cannot wait; told with the next beat."""
        self._pool = pool
        self._database_url = database_url
        self._told_at = 0.0
        self._buffer = bytearray()
        self._chunks = 0

    async def progress(self, done: int, total: int | None = None, *, now: bool = False) -> None:
        """Tell how far it is, a few times a second at most. Raises JobCancelledError."""
        if not now and time.monotonic() - self._told_at < PROGRESS_EVERY_S:
            return
        self._told_at = time.monotonic()
        if await self._pool.fetchval(SQL.note_progress, self.id, done, total) is None:
            raise JobCancelledError

    async def write(self, content: bytes) -> None:
        """Write on in the job's file."""
        self._buffer += content
        while len(self._buffer) >= CHUNK_BYTES:
            piece = bytes(self._buffer[:CHUNK_BYTES])
            del self._buffer[:CHUNK_BYTES]
            await self._store(piece)

    async def close(self) -> None:
        """Write the rest."""
        if self._buffer:
            await self._store(bytes(self._buffer))
            self._buffer.clear()

    async def _store(self, piece: bytes) -> None:
        await self._pool.execute(SQL.insert_chunk, self.id, self._chunks, piece)
        self._chunks += 1

    async def own_connection(self) -> Any:
        """Open a connection without a limit on how long a statement runs; close it."""
        return await connect(
            self._database_url,
            application_name="gerbang job",
            statement_timeout_ms=0,
            idle_in_transaction_timeout_ms=0,
        )


Work = Callable[[Job], Awaitable[None]]


class JobRunner:
    """The jobs of this process."""

    def __init__(self, pool: Pool, *, database_url: str, node: str) -> None:
        """Wire it."""
        self._pool = pool
        self._database_url = database_url
        self._node = node
        self._room = asyncio.Semaphore(JOBS_AT_ONCE_MAX)
        self._running: dict[int, asyncio.Task[None]] = {}
        self._jobs: dict[int, Job] = {}
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep house."""
        self._keeper = asyncio.create_task(self._keep_house())

    async def stop(self) -> None:
        """Interrupt what runs."""
        tasks = [*self._running.values(), *([self._keeper] if self._keeper else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def begin(
        self,
        user: User,
        work: Work,
        *,
        realm: str,
        kind: str,
        title: str,
        total: int | None = None,
        file_name: str = "",
        file_type: str = "",
    ) -> int:
        """Write the job down and begin it; give its id."""
        job_id: int = await self._pool.fetchval(
            SQL.insert_job, realm, user.id, kind, title, total, file_name, file_type, self._node
        )
        self._running[job_id] = asyncio.create_task(self._run(job_id, work))
        return job_id

    async def _run(self, job_id: int, work: Work) -> None:
        job = Job(self._pool, job_id, database_url=self._database_url)
        self._jobs[job_id] = job
        state, error = "interrupted", ""
        try:
            async with self._room:
                await work(job)
                await job.close()
            state = "done"
        except JobCancelledError:
            return
        except UserError as problem:
            state, error = "failed", problem.message
        except Exception:
            state, error = "failed", new_error_id()
            log.exception("job.crashed", job_id=job_id, error_id=error)
        finally:
            self._running.pop(job_id, None)
            self._jobs.pop(job_id, None)
            with suppress(Exception):
                await self._pool.execute(SQL.finish_job, job_id, state, job.result, error)

    async def _keep_house(self) -> None:
        while True:
            try:
                await self._pool.execute(SQL.beat, list(self._running))
                for job in list(self._jobs.values()):
                    if job.latest[1] is not None:
                        await self._pool.fetchval(SQL.note_progress, job.id, *job.latest)
                await self._pool.execute(SQL.interrupt_silent, SILENT_S_MAX)
                await self._pool.execute(SQL.delete_old_chunks, FILES_KEPT_S)
            except Exception as error:  # noqa: BLE001 (the database may be away)
                log.warning("jobs.house_not_kept", error=repr(error))
            await asyncio.sleep(BEAT_EVERY_S)


async def show_job(pool: Connection | Pool, job_id: int, user: User) -> Mapping[str, Any]:
    """Show a job of one's own. Raises NotFoundError."""
    row = await pool.fetchrow(SQL.job_by_id, job_id, user.id)
    if row is None:
        raise NotFoundError("no such job")
    return dict(row)


async def list_jobs(
    pool: Connection | Pool, user: User, *, realm: str, limit: int = 50
) -> list[dict[str, Any]]:
    """List one's own newest jobs."""
    return [dict(row) for row in await pool.fetch(SQL.list_jobs, user.id, realm, limit)]


async def cancel_job(pool: Connection | Pool, job_id: int, user: User) -> bool:
    """Cancel a job of one's own; False when it had ended."""
    return await pool.fetchval(SQL.cancel_job, job_id, user.id) is not None


async def read_file(pool: Pool, job_id: int) -> AsyncIterator[bytes]:
    """Give the file of a job piece by piece."""
    number = 0
    while True:
        content = await pool.fetchval(SQL.chunk, job_id, number)
        if content is None:
            return
        yield bytes(content)
        number += 1
