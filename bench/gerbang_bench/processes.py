"""The processes of a bench: gateway, fake supplier, callback receiver, load generator."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psutil

from gerbang_bench.loadgen import Job, Result
from gerbang_bench.machine import ROOT
from gerbang_bench.receiver import Stats
from gerbang_bench.world import World

if TYPE_CHECKING:
    from gerbang_bench.charges import CardWorld

READY_S_MAX = 60.0
STOP_S_MAX = 30.0
POLL_S = 0.1
REQUEST_TIMEOUT_S = 5.0
LOG_TAIL_CHARS = 3000
MB = 2**20


class ProcessFailedError(Exception):
    """A process of the bench ended or never became ready; the text is what it said last."""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What a process and its children have used so far."""

    cpu_seconds: float
    rss_mb: float


class Child:
    """A running process with its log."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    def require_running(self) -> None:
        """Raise when it has ended."""
        if self._process.poll() is not None:
            raise ProcessFailedError(
                f"{self.name} ended ({self._process.returncode}):\n{self.said}"
            )

    @property
    def said(self) -> str:
        """Give the end of its log."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL_CHARS:]

    @property
    def usage(self) -> Usage:
        """Look at its processor time and memory."""
        return usage_of(self._process.pid)

    def stop(self) -> None:
        """Ask it to stop, and insist after a while."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def usage_of(pid: int) -> Usage:
    """Look at a process and its children, with the time of those that ended."""
    spent, memory = 0.0, 0
    root = psutil.Process(pid)
    for process in (root, *root.children(recursive=True)):
        try:
            times, rss = process.cpu_times(), process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
        spent += times.user + times.system + times.children_user + times.children_system
        memory += rss
    return Usage(cpu_seconds=spent, rss_mb=round(memory / MB, 1))


class Watch:
    """How much of the machine others used since it was made: figures of a busy machine say little.

    A machine that is shared counts what its host took away (steal) among the others.
    """

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._others = _others_seconds()

    def others_share(self) -> float:
        """Give it as a share of one core."""
        seconds = time.monotonic() - self._started
        return round(max(0.0, _others_seconds() - self._others) / seconds, 2)


def _others_seconds() -> float:
    times = psutil.cpu_times()
    unused = times.idle + getattr(times, "iowait", 0.0) + getattr(times, "guest", 0.0)
    return float(sum(times)) - unused - usage_of(os.getpid()).cpu_seconds


def free_port() -> int:
    """Find a port nobody uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def child(
    name: str, command: Sequence[str], *, folder: Path, env: Mapping[str, str] | None = None
) -> Iterator[Child]:
    """Run a process until the block ends."""
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=ROOT,
        )
    running = Child(name, process, log)
    try:
        yield running
    finally:
        running.stop()


def wait_until_ready(running: Child, url: str) -> None:
    """Wait for status 200."""
    give_up_at = time.monotonic() + READY_S_MAX
    while time.monotonic() < give_up_at:
        running.require_running()
        if fetch(url) is not None:
            return
        time.sleep(POLL_S)
    raise ProcessFailedError(f"{running.name} is not ready at {url}:\n{running.said}")


def fetch(url: str) -> bytes | None:
    """Give the body of a 200; None for anything else."""
    try:
        with urllib.request.urlopen(url, timeout=REQUEST_TIMEOUT_S) as answer:  # noqa: S310 (our own loopback)
            return bytes(answer.read())
    except (urllib.error.URLError, OSError):
        return None


@contextmanager
def gateway(
    world: World | CardWorld,
    *,
    port: int,
    secret_key: bytes,
    folder: Path,
    workers: int = 1,
    **settings: str,
) -> Iterator[Child]:
    """Run ``gerbang serve``; `settings` are more of its settings, such as ``dispatch_paused``."""
    wanted = {
        "database_url": world.dsn,
        "secret_key": base64.b64encode(secret_key).decode(),
        "data_dir": os.fspath(folder),
        "log_level": "warning",
        "callback_private_addresses_allowed": "true",
        **settings,
    }
    env = {f"GERBANG_{name.upper()}": value for name, value in wanted.items()}
    program = os.fspath(Path(sys.executable).with_name("gerbang"))
    command = [program, "serve", "--port", str(port), "--workers", str(workers)]
    with child("gateway", command, folder=folder, env=env) as it:
        wait_until_ready(it, f"http://127.0.0.1:{port}/readyz")
        yield it


@contextmanager
def supplier(world: World, *, port: int, callback_url: str, folder: Path) -> Iterator[Child]:
    """Run the fake supplier."""
    command = [
        *(sys.executable, "-m", "gerbang.sandbox.supplier"),
        *("--dialect", "socx", "--port", str(port)),
        *("--journal", os.fspath(folder / "journal.ndjson")),
        *("--callback-url", callback_url),
        *("--credential", msgspec.json.encode({"token": world.supplier_token}).decode()),
    ]
    with child("supplier", command, folder=folder) as it:
        wait_until_ready(it, f"http://127.0.0.1:{port}/_sandbox/stats?references=0")
        yield it


@contextmanager
def receiver(*, port: int, folder: Path) -> Iterator[Child]:
    """Run the callback receiver."""
    command = [sys.executable, "-m", "gerbang_bench.receiver", str(port)]
    with child("receiver", command, folder=folder, env=_bench_env()) as it:
        wait_until_ready(it, f"http://127.0.0.1:{port}/stats")
        yield it


def received(port: int) -> Stats:
    """Ask the receiver what came."""
    body = fetch(f"http://127.0.0.1:{port}/stats")
    return msgspec.json.decode(body, type=Stats) if body else Stats()


async def generate(job: Job) -> Result:
    """Run the load generator as its own process."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gerbang_bench.loadgen"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **_bench_env()},
    )
    said, _ = await process.communicate(msgspec.json.encode(job))
    if process.returncode:
        raise ProcessFailedError(f"the load generator ended with {process.returncode}")
    return msgspec.json.decode(said, type=Result)


def _bench_env() -> dict[str, str]:
    return {"PYTHONPATH": os.fspath(ROOT / "bench")}
