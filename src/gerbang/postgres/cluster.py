"""A cluster on disk: made whole or not at all, and configured anew at every start."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gerbang.postgres.account import Account, current_account, make_private_folder, write_as
from gerbang.postgres.binaries import Binaries

ROLE: Final = "gerbang"
DATABASE: Final = "gerbang"
SUPERUSER: Final = "postgres"
PORT: Final = 5432
"""Only the name of the socket file; no port is opened."""

DEFAULTS: Final[Mapping[str, str]] = {
    "shared_buffers": "256MB",
    "max_connections": "100",
    "max_wal_size": "4GB",
    "min_wal_size": "512MB",
    "checkpoint_timeout": "15min",
    "huge_pages": "try",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_truncate_on_rotation": "on",
    "log_checkpoints": "on",
    "log_lock_waits": "on",
    # Values of rows, literals and parameters do not belong into a log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}

_FIRST_SQL: Final = f"""\
CREATE ROLE {ROLE} LOGIN CREATEDB
GRANT pg_monitor, pg_checkpoint, pg_signal_backend TO {ROLE}
CREATE DATABASE {DATABASE} OWNER {ROLE}
"""

_HBA: Final = f"""\
# Written by Gerbang at every start. The operating system says who connects; nobody else may.
local all {SUPERUSER} peer map=gerbang
local all {ROLE} peer map=gerbang
"""


class ClusterRefusedError(Exception):
    """The data folder cannot be used as a cluster."""


class WrongMajorVersionError(ClusterRefusedError):
    """The cluster was made by another major version of PostgreSQL."""

    def __init__(self, cluster: Path, *, made_by: str, programs: Binaries) -> None:
        """Say both versions and what to do."""
        super().__init__(
            f"{cluster} was made by PostgreSQL {made_by}, but the programs in {programs.bin_dir} "
            f"are version {programs.version}. Set GERBANG_POSTGRES_BIN to the bin folder of a "
            f"PostgreSQL {made_by}; to change over, run `gerbang db backup` with it and restore "
            f"the copy into a new data folder."
        )


class ProgramFailedError(Exception):
    """A program of PostgreSQL failed."""

    def __init__(self, program: str, output: str) -> None:
        """Keep what the program said."""
        super().__init__(f"{program} failed: {output.strip()[-2000:]}")


def exists(cluster: Path) -> bool:
    """Tell whether a finished cluster is there."""
    return (cluster / "PG_VERSION").exists()


def check_version(cluster: Path, binaries: Binaries) -> None:
    """Refuse a cluster of another major version: its files mean something else."""
    made_by = (cluster / "PG_VERSION").read_text(encoding="utf-8").strip()
    if made_by != str(binaries.major):
        raise WrongMajorVersionError(cluster, made_by=made_by, programs=binaries)


def create(cluster: Path, binaries: Binaries, *, account: Account, durable: bool) -> None:
    """Make the cluster beside its place, with role and database, and move it there when whole."""
    if cluster.exists():
        msg = f"{cluster} exists but is not a PostgreSQL cluster; move it away"
        raise ClusterRefusedError(msg)
    for unfinished in cluster.parent.glob(f"{cluster.name}.new-*"):
        shutil.rmtree(unfinished)
    staging = cluster.with_name(f"{cluster.name}.new-{secrets.token_hex(4)}")
    make_private_folder(staging, account)
    _initdb(staging, binaries, account=account, durable=durable)
    _first_sql(staging, binaries, account=account)
    staging.rename(cluster)
    _sync_folder(cluster.parent)


def configure(cluster: Path, *, account: Account, log_dir: Path) -> None:
    """Write our settings and who may connect; ``ALTER SYSTEM`` overrides the settings."""
    settings = {**DEFAULTS, "log_directory": os.fspath(log_dir)}
    lines = [f"{name} = '{_quoted(value)}'\n" for name, value in settings.items()]
    head = "# Written by Gerbang at every start; change settings with ALTER SYSTEM instead.\n"
    write_as(account, cluster / "gerbang.conf", head + "".join(lines))
    write_as(account, cluster / "pg_hba.conf", _HBA)
    write_as(account, cluster / "pg_ident.conf", _ident(account))


def _initdb(cluster: Path, binaries: Binaries, *, account: Account, durable: bool) -> None:
    command = [
        os.fspath(binaries.tool("initdb")),
        f"--pgdata={cluster}",
        f"--username={SUPERUSER}",
        "--encoding=UTF8",
        "--no-locale",
        "--auth-local=peer",
        "--auth-host=reject",
        "--data-checksums",
        *([] if durable else ["--no-sync"]),
    ]
    _run(command, account)
    conf = cluster / "postgresql.conf"
    text = conf.read_text(encoding="utf-8")
    write_as(account, conf, text + "\ninclude_if_exists = 'gerbang.conf'\n")


def _first_sql(cluster: Path, binaries: Binaries, *, account: Account) -> None:
    """Make role and database in single-user mode, where nobody can connect yet."""
    program = os.fspath(binaries.tool("postgres"))
    output = _run([program, "--single", "-D", os.fspath(cluster), "postgres"], account, _FIRST_SQL)
    if "ERROR:" in output or "FATAL:" in output:
        raise ProgramFailedError(program, output)


def _run(command: list[str], account: Account, text: str = "") -> str:
    done = subprocess.run(
        command,
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **account.process_options(),
    )
    if done.returncode != 0:
        raise ProgramFailedError(command[0], done.stdout)
    return done.stdout


def _ident(account: Account) -> str:
    """Let the service account, ourselves and root in, as either role."""
    people = dict.fromkeys(("root", account.name, current_account().name))
    rows = [f'gerbang "{name}" {role}\n' for name in people for role in (ROLE, SUPERUSER)]
    return "# Written by Gerbang at every start.\n" + "".join(rows)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
