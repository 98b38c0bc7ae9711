"""An append-only file of lines: whoever awaits an append knows that it survives a power cut.

All lines that arrive while the disk is busy share the next fsync, so its cost is divided.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


class Journal:
    """A durable file of lines, for one event loop."""

    def __init__(self, path: Path) -> None:
        """Open `path` for appending; a line torn by a kill was promised to nobody and goes."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._thread = ThreadPoolExecutor(1, "journal")
        self._lines: list[bytes] = []
        self._waiting: asyncio.Future[None] | None = None
        self._writer: asyncio.Task[None] | None = None

    def read(self) -> Iterator[bytes]:
        """Give all whole lines; cut off a torn one. Before the first append only."""
        whole_bytes = 0
        with self.path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    os.ftruncate(self._fd, whole_bytes)
                    return
                whole_bytes += len(line)
                yield line

    def append(self, line: bytes) -> asyncio.Future[None]:
        """Add a line; the future is done when it is safe on disk. May be left unawaited."""
        self._lines.append(line)
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().create_future()
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        return self._waiting

    async def flushed(self) -> None:
        """Wait until everything that was appended is safe."""
        while self._writer is not None:
            await asyncio.shield(self._writer)

    async def close(self) -> None:
        """Write what is left and close the file."""
        await self.flushed()
        self._thread.shutdown()
        os.close(self._fd)

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while (waiting := self._waiting) is not None:
            lines, self._lines, self._waiting = self._lines, [], None
            try:
                await loop.run_in_executor(self._thread, self._write_and_sync, lines)
            except OSError as error:
                waiting.set_exception(error)
            else:
                waiting.set_result(None)
        self._writer = None

    def _write_and_sync(self, lines: list[bytes]) -> None:
        data = memoryview(b"\n".join(lines) + b"\n")
        while data:
            data = data[os.write(self._fd, data) :]
        os.fdatasync(self._fd)
