"""A list as a CSV file that is written while it is read, page by page."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any

from starlette.responses import StreamingResponse

from gerbang.cells import harmless


def csv_answer(name: str, rows: AsyncIterator[Sequence[Any]]) -> StreamingResponse:
    """Answer with a file."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_encoded(rows), media_type="text/csv; charset=utf-8", headers=headers)


async def _encoded(rows: AsyncIterator[Sequence[Any]]) -> AsyncIterator[bytes]:
    async for row in rows:
        buffer = io.StringIO()
        csv.writer(buffer).writerow([_safe(cell) for cell in row])
        yield buffer.getvalue().encode()


def _safe(cell: Any) -> Any:
    if isinstance(cell, str):
        return harmless(cell)
    return "" if cell is None else cell
