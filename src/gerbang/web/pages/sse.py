"""Server-sent events: a page that stays up to date."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import StreamingResponse

from gerbang.web.pages.protection import HEADERS

STREAM_S_MAX: Final = 600.0
"""A stream ends after this; browsers open it again. So no session outlives its end for long."""
_HEADERS: Final = {**HEADERS, "cache-control": "no-store", "x-accel-buffering": "no"}


def event(name: str, data: str) -> str:
    """Write one event; the data may have several lines."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"event: {name}\n{lines}\n"


def event_stream(events: AsyncIterator[str]) -> StreamingResponse:
    """Answer with a stream of events."""
    return StreamingResponse(events, headers=_HEADERS, media_type="text/event-stream")
