"""``gerbang demo`` as a process of its own, for tests that speak to it over HTTP.

The embedded PostgreSQL and the fake suppliers are processes too, and outlive a gateway that is
killed: whatever a test does, nothing of a demo runs on after its `running_demo` block.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx

from gerbang.ledger.verify import Verification, verify
from gerbang.postgres.embedded import EmbeddedPostgres
from gerbang.sandbox.demo_data import SUPPLIERS
from postgres.shared import opened, reachable_folder

READY_S: Final = 120.0
STOP_S: Final = 25.0
POLL_S: Final = 0.05
SOURCES: Final = Path(__file__).parents[2] / "src"
_GERBANG: Final = "import sys; from gerbang.cli.main import app; sys.argv[0] = 'gerbang'; app()"
_numbers = itertools.count(1)
_plain = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class DemoFailedError(Exception):
    """The demo ended, or did not become ready; the text is the end of its log."""


def free_port() -> int:
    """Give a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def gerbang_command(*words: str) -> list[str]:
    """Give the command line that runs the `gerbang` of this checkout."""
    return [sys.executable, "-c", _GERBANG, *words]


def gerbang_environ(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give the environment for `gerbang_command`, without this machine's GERBANG_ settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GERBANG_")}
    return kept | {"PYTHONPATH": str(SOURCES), "GERBANG_LOG_FORMAT": "json", **(extra or {})}


class RunningDemo:
    """One demo: its folder and port stay the same over `kill` and `restart`."""

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        """Name the folder; `settings` are more GERBANG_ variables."""
        self.data_dir = data_dir
        self.log_path = data_dir.with_suffix(".log")
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.facts: dict[str, Any] = {}
        self._environ = gerbang_environ(settings)
        self._process: subprocess.Popen[bytes] | None = None

    # --- the process ------------------------------------------------------------------------------

    def start(self, seconds: float = READY_S) -> None:
        """Start the demo and wait until it is ready."""
        self.launch()
        self.wait_ready(seconds)

    def launch(self) -> None:
        """Start the demo without waiting."""
        port, folder = str(self.port), str(self.data_dir)
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                gerbang_command("demo", "--port", port, "--data-dir", folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environ,
                start_new_session=True,
            )

    def wait_ready(self, seconds: float = READY_S) -> None:
        """Wait for GET /readyz and read demo.json."""
        give_up_at = time.monotonic() + seconds
        while not self.is_ready():
            if self.pid is None or time.monotonic() > give_up_at:
                raise DemoFailedError(self.log()[-4000:])
            time.sleep(POLL_S)
        self.facts = json.loads((self.data_dir / "demo.json").read_text())

    def is_ready(self) -> bool:
        """Tell whether GET /readyz answers 200."""
        with suppress(OSError), _plain.open(f"{self.base_url}/readyz", timeout=2) as reply:
            return bool(reply.status == 200)
        return False

    @property
    def pid(self) -> int | None:
        """Give the gateway's process number while it runs."""
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process.pid

    def kill(self, *, keep_suppliers: bool = False) -> None:
        """SIGKILL the gateway; PostgreSQL runs on.

        The fake suppliers are orphans then, and are killed too unless they are to be kept. A
        restart begins with new ones on the same journals, so it kills kept ones first.
        """
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(STOP_S)
            self._process = None
        if not keep_suppliers:
            self.kill_suppliers()

    def restart(self, seconds: float = READY_S) -> None:
        """Start again after `kill` or `stop`, or stop and start."""
        if self.pid is not None:
            self.stop()
        self.kill_suppliers()
        self.start(seconds)

    def stop(self) -> int | None:
        """SIGTERM the demo, which stops everything else; give its exit code."""
        if self._process is None:
            return None
        self._process.terminate()
        try:
            code = self._process.wait(STOP_S)
        finally:
            self.kill()
        return code

    def clear(self) -> None:
        """Stop whatever is left of this demo and remove its folder."""
        try:
            if self._process is not None:
                with suppress(subprocess.TimeoutExpired):
                    self.stop()
        finally:
            self.kill()
            self.postgres.stop()
            shutil.rmtree(self.data_dir, ignore_errors=True)
            self.log_path.unlink(missing_ok=True)

    # --- the processes beside it ----------------------------------------------------------------

    @property
    def postgres(self) -> EmbeddedPostgres:
        """Give the demo's database server (its `pid` is that of the postmaster)."""
        return EmbeddedPostgres.of(self.data_dir)

    @property
    def database_url(self) -> str:
        """Give the address of the demo's database."""
        return self.postgres.dsn

    def supplier_pids(self) -> list[int]:
        """Give the process numbers of this demo's fake suppliers, orphans included."""
        mark = os.fsencode(self.data_dir / "suppliers")
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                command = (folder / "cmdline").read_bytes()
                if b"gerbang.sandbox.supplier" in command and mark in command:
                    found.append(int(folder.name))
        return found

    def kill_suppliers(self) -> None:
        """SIGKILL the fake suppliers; their journals stay."""
        for pid in self.supplier_pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        give_up_at = time.monotonic() + 5
        while self.supplier_pids() and time.monotonic() < give_up_at:
            time.sleep(POLL_S)

    def journal(self, supplier: str) -> list[dict[str, Any]]:
        """Read what a fake supplier wrote down, such as that of ``demo-socx``."""
        path = self.data_dir / "suppliers" / f"{supplier}.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_bytes().split(b"\n") if _is_whole(line)]

    def journals(self) -> dict[str, list[dict[str, Any]]]:
        """Read all journals."""
        return {supplier.code: self.journal(supplier.code) for supplier in SUPPLIERS}

    def log(self) -> str:
        """Read what the demo printed and logged, over all its restarts."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    # --- speaking to it -------------------------------------------------------------------------

    @asynccontextmanager
    async def http(self, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
        """Open a client whose addresses are relative to the base URL."""
        settings: dict[str, Any] = {
            "base_url": self.base_url,
            "timeout": 20.0,
            "trust_env": False,
            "limits": httpx.Limits(max_connections=100),
        }
        async with httpx.AsyncClient(**(settings | options)) as client:
            yield client

    @property
    def admin(self) -> dict[str, str]:
        """Give the header of the management API."""
        return {"Authorization": f"Bearer {self.facts['admin_token']}"}

    @property
    def socx(self) -> dict[str, str]:
        """Give the header of the SocX dialect."""
        return {"Authorization": f"Bearer {self.facts['socx']['token']}"}

    async def inbox(self) -> list[dict[str, Any]]:
        """Give the callbacks received, oldest first; the demo keeps the newest 200."""
        async with self.http() as http:
            items: list[dict[str, Any]] = (await http.get("/sandbox/inbox/list")).json()["items"]
            return items[::-1]

    async def wait_for(self, condition: Callable[[], Any], seconds: float = 10.0) -> Any:
        """Ask until the answer is true, and give it; the condition may be a coroutine function."""
        give_up_at = time.monotonic() + seconds
        while True:
            answer = condition()
            if inspect.isawaitable(answer):
                answer = await answer
            if answer:
                return answer
            if time.monotonic() > give_up_at:
                msg = f"not within {seconds} s; the last answer was {answer!r}"
                raise TimeoutError(msg)
            await asyncio.sleep(POLL_S)

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        """Ask the demo's database."""
        async with opened(self.database_url) as connection:
            return list(await connection.fetch(sql, *values))

    async def verify(self) -> Verification:
        """Verify the demo's whole ledger, as ``gerbang ledger verify`` does."""
        async with opened(self.database_url, statement_timeout_ms=60_000) as connection:
            return await verify(connection)


def _is_whole(line: bytes) -> bool:
    """Say no to an empty line, and to one that a kill cut off."""
    try:
        return bool(line) and json.loads(line) is not None
    except ValueError:
        return False


@contextmanager
def running_demo(
    name: str = "demo", *, settings: Mapping[str, str] | None = None
) -> Iterator[RunningDemo]:
    """Run a demo of one's own with an empty folder; nothing of it is left afterwards."""
    folder = reachable_folder(f"{name}-{os.getpid()}-{next(_numbers)}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o711)
    demo = RunningDemo(folder, settings=settings)
    try:
        demo.start()
        yield demo
    finally:
        demo.clear()
