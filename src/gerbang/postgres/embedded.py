"""The embedded server: PostgreSQL's programs, started and stopped by ourselves.

The server is a process of its own and outlives a gateway that is killed; the next start finds it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, Self
from urllib.parse import quote

import asyncpg
import structlog

from gerbang.postgres import cluster as clusters
from gerbang.postgres.account import can_run, make_private_folder
from gerbang.postgres.binaries import Binaries, copy_binaries, find_binaries
from gerbang.postgres.errors import is_connection_lost
from gerbang.postgres.home import (
    Home,
    choose_home,
    find_home,
    make_socket_dir,
    remember_home,
    shared_base,
    socket_dir,
)
from gerbang.postgres.postmaster import find_postmaster, forget_dead_postmaster

CONNECT_TIMEOUT_S: Final = 5.0
POLL_S: Final = 0.05
PROGRESS_EVERY_S: Final = 5.0
REMAINS_WAIT_S_MAX: Final = 120.0
LOG_TAIL_BYTES: Final = 4000

_REMAINS: Final = "pre-existing shared memory block"
_FIXED: Final = {
    "listen_addresses": "",
    "port": str(clusters.PORT),
    "unix_socket_permissions": "0700",
}

log = structlog.get_logger(__name__)


class ClusterInUseError(Exception):
    """Another gateway holds the data folder."""

    def __init__(self, data_dir: Path, holder: str) -> None:
        """Name the holder."""
        super().__init__(f"{data_dir} is in use by another gateway (process {holder})")


class ServerFailedError(Exception):
    """The server ended instead of becoming ready."""

    def __init__(self, said: str) -> None:
        """Keep what the server said last."""
        super().__init__(f"the database server did not start; it said:\n{said}")


class EmbeddedPostgres:
    """One cluster in one data folder, with role and database ``gerbang``.

    ``start`` returns when a real connection succeeded, however long recovery takes. It blocks;
    from a coroutine call it with ``asyncio.to_thread``.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        settings: Mapping[str, str] | None = None,
        bin_dir: Path | None = None,
    ) -> None:
        """Name the folder; nothing happens before `start`."""
        self._data_dir = data_dir.absolute()
        self._settings = dict(settings or {})
        self._bin_dir = bin_dir
        self._lock: IO[str] | None = None
        self._home: Home | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def of(cls, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> Self:
        """Give the server of a gateway's data folder; it lives in a folder of its own there."""
        return cls(data_dir / "postgres", settings=settings)

    def start(self) -> str:
        """Start the server, or find it still running, and give the address to connect to."""
        if self._lock is not None:
            return self.dsn
        self._lock = self._take_lock()
        try:
            self._start()
        except BaseException:
            self._abandon()
            raise
        return self.dsn

    def detach(self) -> None:
        """Let the server run on without us; the next `start` finds it, and `stop` stops it."""
        if self._process is not None and self._process.poll() is None:
            # Says to subprocess that leaving a child behind is meant.
            self._process.returncode = 0
        self._process = None
        self._release_lock()

    def stop(self) -> None:
        """Shut down fast: connections are closed, everything is written, nothing needs recovery.

        Also stops a server that another process left behind, but none that another gateway uses.
        """
        if self._lock is None and self._data_dir.exists():
            self._lock = self._take_lock()
        try:
            self._shut_down()
        finally:
            self._release_lock()

    @property
    def pid(self) -> int | None:
        """Give the server's process number, None while it does not run."""
        if self._process is not None:
            self._process.poll()
        home = self._home or self._find_home()
        return find_postmaster(home.cluster) if home is not None else None

    @property
    def dsn(self) -> str:
        """Give the address for the driver and for libpq; it holds no secret."""
        return self.dsn_for(clusters.DATABASE)

    def dsn_for(self, database: str, *, role: str = clusters.ROLE) -> str:
        """Give the address of another database of this server."""
        folder = quote(os.fspath(socket_dir(self.home)), safe="/")
        return f"postgresql://{role}@/{quote(database)}?host={folder}&port={clusters.PORT}"

    @property
    def home(self) -> Home:
        """Give the place of the cluster."""
        home = self._home or self._find_home()
        if home is None:
            msg = f"no cluster was made in {self._data_dir} yet; start it first"
            raise clusters.ClusterRefusedError(msg)
        return home

    def psql_env(self) -> dict[str, str]:
        """Give the environment with which psql, pgbench and pg_dump find the server."""
        return {
            "PGHOST": os.fspath(socket_dir(self.home)),
            "PGPORT": str(clusters.PORT),
            "PGUSER": clusters.ROLE,
            "PGDATABASE": clusters.DATABASE,
        }

    def binaries(self) -> Binaries:
        """Give the programs that fit this cluster and that its account can run."""
        found = find_binaries(self._bin_dir)
        account = self.home.account
        if can_run(account, found.tool("postgres")) and can_run(account, found.tool("initdb")):
            return found
        copied = copy_binaries(found, shared_base())
        log.warning(
            "embedded.programs_copied",
            source=str(found.bin_dir),
            copy=str(copied.bin_dir),
            account=account.name,
        )
        if not can_run(account, copied.tool("postgres")):
            msg = f"the account {account.name} can run neither {found.bin_dir} nor its copy"
            raise clusters.ClusterRefusedError(msg)
        return copied

    def _shut_down(self) -> None:
        pid = self.pid
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            self._wait_until_gone()
            log.info("embedded.stopped", pid=pid)
        self._process = None

    def _find_home(self) -> Home | None:
        self._home = find_home(self._data_dir)
        return self._home

    def _start(self) -> None:
        self._home = find_home(self._data_dir) or choose_home(self._data_dir)
        binaries = self.binaries()
        if not clusters.exists(self.home.cluster):
            self._create(binaries)
        clusters.check_version(self.home.cluster, binaries)
        if (pid := self.pid) is not None:
            log.info("embedded.found_running", pid=pid)
            if self._wait_until_ready():
                return
        self._configure()
        self._launch_until_ready(binaries)

    def _create(self, binaries: Binaries) -> None:
        home = self.home
        durable = self._settings.get("fsync", "on") != "off"
        log.info(
            "embedded.cluster_making",
            home=str(home.folder),
            version=binaries.version,
            account=home.account.name,
        )
        clusters.create(home.cluster, binaries, account=home.account, durable=durable)
        remember_home(self._data_dir, home)

    def _configure(self) -> None:
        home = self.home
        make_private_folder(home.log_dir, home.account)
        clusters.configure(home.cluster, account=home.account, log_dir=home.log_dir)
        forget_dead_postmaster(home.cluster, home.account, make_socket_dir(home))

    def _launch_until_ready(self, binaries: Binaries) -> None:
        """Start the server; wait while remains of a killed one still hold its memory."""
        give_up_at = time.monotonic() + REMAINS_WAIT_S_MAX
        while True:
            self._launch(binaries)
            if self._wait_until_ready():
                log.info("embedded.started", pid=self.pid, version=binaries.version)
                return
            said = self._last_words()
            if _REMAINS not in said or time.monotonic() > give_up_at:
                raise ServerFailedError(said)
            log.warning("embedded.remains_awaited", cluster=str(self.home.cluster))
            time.sleep(1)

    def _launch(self, binaries: Binaries) -> None:
        home = self.home
        fixed = _FIXED | {"unix_socket_directories": f'"{socket_dir(home)}"'}
        settings = [f"{name}={value}" for name, value in (self._settings | fixed).items()]
        command = [os.fspath(binaries.tool("postgres")), "-D", os.fspath(home.cluster)]
        options = home.account.process_options()
        with home.start_log.open("wb") as output:
            self._process = subprocess.Popen(
                [*command, *(word for each in settings for word in ("-c", each))],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C in a terminal must reach the gateway alone, which then stops the server.
                start_new_session=True,
                **options,
            )

    def _wait_until_ready(self) -> bool:
        """Wait as long as the server lives; False when it ended."""
        started = time.monotonic()
        progress_at = started + PROGRESS_EVERY_S
        while self._is_alive():
            if self._accepts_connections():
                return True
            if time.monotonic() > progress_at:
                progress_at += PROGRESS_EVERY_S
                seconds = round(time.monotonic() - started)
                log.info("embedded.waiting", seconds=seconds, said=self._last_words()[-200:])
            time.sleep(POLL_S)
        return False

    def _is_alive(self) -> bool:
        if self._process is not None:
            return self._process.poll() is None
        return self.pid is not None

    def _accepts_connections(self) -> bool:
        """Try a real connection, in a thread because we may be called inside an event loop."""
        with ThreadPoolExecutor(1) as thread:
            try:
                found = thread.submit(asyncio.run, _data_directory(self.dsn)).result()
            except PermissionError:
                raise
            except (OSError, asyncpg.TooManyConnectionsError):
                return False
            except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                if is_connection_lost(error):
                    return False
                raise
        if not Path(found).samefile(self.home.cluster):
            msg = f"the server behind {self.dsn} serves {found}, not {self.home.cluster}"
            raise clusters.ClusterRefusedError(msg)
        return True

    def _wait_until_gone(self) -> None:
        """Wait for the last checkpoint, however much it has to write."""
        progress_at = time.monotonic() + PROGRESS_EVERY_S
        while self._is_alive() or self.pid is not None:
            if time.monotonic() > progress_at:
                progress_at += PROGRESS_EVERY_S
                log.info("embedded.stopping", said=self._last_words()[-200:])
            time.sleep(POLL_S)

    def _last_words(self) -> str:
        """Read the end of what the server wrote last."""
        home = self.home
        files = [home.start_log, *home.log_dir.glob("*.log")]
        latest = sorted((file for file in files if file.exists()), key=lambda f: f.stat().st_mtime)
        return "\n".join(_tail(file) for file in latest[-2:]).strip()

    def _take_lock(self) -> IO[str]:
        """Hold the data folder; the lock goes with the process, however that ends."""
        if not self._data_dir.exists():
            self._data_dir.mkdir(parents=True)
            self._data_dir.chmod(0o711)
        file = (self._data_dir / "lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise ClusterInUseError(self._data_dir, holder) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        return file

    def _abandon(self) -> None:
        """Leave nothing of ours running after a failed start."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
        self._process = None
        self._release_lock()

    def _release_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


async def _data_directory(dsn: str) -> str:
    connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_S)
    try:
        return str(await connection.fetchval("SHOW data_directory"))
    finally:
        await connection.close()


def _tail(file: Path) -> str:
    with file.open("rb") as opened:
        opened.seek(0, os.SEEK_END)
        opened.seek(max(0, opened.tell() - LOG_TAIL_BYTES))
        return opened.read().decode(errors="replace")
