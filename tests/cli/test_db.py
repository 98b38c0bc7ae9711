"""``gerbang db``, command by command."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gerbang.postgres.binaries import find_binaries
from gerbang.postgres.embedded import EmbeddedPostgres
from gerbang.postgres.migrate import read_migrations
from gerbang.postgres.postmaster import find_postmaster
from postgres.shared import reachable_folder

NEWEST = read_migrations()[-1].label


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    folder = reachable_folder("cli")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    folder.chmod(0o755)
    yield folder
    EmbeddedPostgres.of(folder).stop()
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def without_own_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GERBANG_DATABASE_URL", raising=False)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a process of its own, as people do."""
    script = "from gerbang.cli.db import app; app()"
    return subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=False
    )


def test_a_started_database_runs_on_with_its_schema_until_it_is_stopped(data_dir: Path) -> None:
    started = run("start", "--data-dir", str(data_dir))
    assert started.returncode == 0, started.stderr
    server = EmbeddedPostgres.of(data_dir)
    assert started.stdout == f"{server.dsn}\n"
    running = server.pid
    assert running is not None
    migrated = run("migrate", "--data-dir", str(data_dir))
    assert migrated.stdout == "Nothing to do: the schema is up to date.\n"
    assert run("url", "--data-dir", str(data_dir)).stdout == started.stdout
    assert run("stop", "--data-dir", str(data_dir)).stdout == "Stopped.\n"
    assert find_postmaster(server.home.cluster) is None
    assert run("stop", "--data-dir", str(data_dir)).stdout == "The database was not running.\n"


def test_a_database_in_use_by_a_gateway_is_not_stopped(data_dir: Path) -> None:
    server = EmbeddedPostgres.of(data_dir)
    server.start()
    refused = run("stop", "--data-dir", str(data_dir))
    assert refused.returncode == 1
    assert "in use by another gateway" in refused.stderr
    assert server.pid is not None
    server.stop()


def test_a_backup_holds_the_whole_schema_and_only_we_can_read_it(
    data_dir: Path, tmp_path: Path
) -> None:
    target = tmp_path / "copy.dump"
    assert run("migrate", "--data-dir", str(data_dir)).returncode == 0
    done = run("backup", str(target), "--data-dir", str(data_dir))
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [target]
    content = subprocess.run(
        [find_binaries().tool("pg_restore"), "--list", target],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "TABLE DATA public schema_migrations" in content
    assert EmbeddedPostgres.of(data_dir).pid is None, "what was started for it is stopped again"


def test_a_failed_backup_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GERBANG_DATABASE_URL", f"postgresql://nobody@/none?host={tmp_path}")
    failed = run("backup", str(tmp_path / "copy.dump"))
    assert failed.returncode == 1
    assert "pg_dump failed" in failed.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_own_database_is_migrated_instead_of_the_embedded_one(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GERBANG_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("GERBANG_DATA_DIR", str(tmp_path))
    assert run("migrate").stdout.splitlines()[-1] == NEWEST
    assert run("url").stdout == f"{empty_database_url}\n"
    assert list(tmp_path.iterdir()) == []


def test_the_schema_is_printed_as_it_is_kept() -> None:
    printed = run("schema")
    assert printed.returncode == 0, printed.stderr
    assert "CREATE TABLE public.schema_migrations" in printed.stdout
    assert "embedded.started" in printed.stderr, "logs are not part of the answer"
    assert "embedded." not in printed.stdout


def test_an_address_that_does_not_exist_yet_is_told_plainly(tmp_path: Path) -> None:
    asked = run("url", "--data-dir", str(tmp_path))
    assert asked.returncode == 1
    assert asked.stderr == (
        f"gerbang db: no cluster was made in {tmp_path}/postgres yet; start it first\n"
    )


@pytest.mark.parametrize(
    "command", ["start", "stop", "migrate", "url", "shell", "backup", "schema"]
)
def test_every_command_teaches_in_its_help(command: str) -> None:
    shown = run(command, "--help")
    assert shown.returncode == 0
    assert len(shown.stdout.split()) > 30
