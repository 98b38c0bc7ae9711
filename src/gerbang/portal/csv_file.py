"""A list as a CSV file: written while it is read, or in the background with a progress bar."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from starlette.responses import Response, StreamingResponse

from gerbang.cells import harmless
from gerbang.clock import WIB
from gerbang.jobs.run import Job
from gerbang.web.pages.job_pages import begin_job
from gerbang.web.pages.visit import Visit

CSV_TYPE: Final = "text/csv; charset=utf-8"


def csv_answer(name: str, rows: AsyncIterator[Sequence[Any]]) -> StreamingResponse:
    """Answer with a file."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_encoded(rows), media_type=CSV_TYPE, headers=headers)


async def begin_file(
    visit: Visit, rows: AsyncIterator[Sequence[Any]], *, kind: str, title: str
) -> Response:
    """Begin to write a file in the background, and go to its page; the first row is the head."""

    async def work(job: Job) -> None:
        done = -1
        async for row in rows:
            done += 1
            await job.write(_line(row))
            await job.progress(done)
        await job.progress(done, done, now=True)

    now = visit.kit.clock.now().astimezone(WIB)
    name = f"{kind}-{now:%Y%m%d-%H%M%S}.csv"
    return await begin_job(
        visit, work, kind=f"portal.{kind}", title=title, file_name=name, file_type=CSV_TYPE
    )


async def _encoded(rows: AsyncIterator[Sequence[Any]]) -> AsyncIterator[bytes]:
    async for row in rows:
        yield _line(row)


def _line(row: Sequence[Any]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([_safe(cell) for cell in row])
    return buffer.getvalue().encode()


def _safe(cell: Any) -> Any:
    if isinstance(cell, str):
        return harmless(cell)
    return "" if cell is None else cell
