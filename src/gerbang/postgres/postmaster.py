"""The running server of a cluster: found through its pid file, and checked to be really it."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

from gerbang.postgres.account import Account, write_as

PID_FILE: Final = "postmaster.pid"
PID_OF_NOBODY: Final = 2**31 - 1
"""Above every system's largest process number, so no process ever has it."""

PROC: Final = Path("/proc")
"""Linux has it; elsewhere `ps` is asked."""

_PROGRAMS: Final = ("postgres", "postmaster")


def find_postmaster(cluster: Path) -> int | None:
    """Give the process number of the cluster's running server, if it is running."""
    pid = read_pid(cluster)
    return pid if pid is not None and is_postmaster(pid, cluster) else None


def read_pid(cluster: Path) -> int | None:
    """Give the process number in the cluster's pid file, whoever has it now."""
    try:
        first = (cluster / PID_FILE).read_text(encoding="utf-8").split("\n", 1)[0]
        return abs(int(first))
    except (FileNotFoundError, ValueError):
        return None


def is_postmaster(pid: int, cluster: Path) -> bool:
    """Tell whether a process is the server of this very cluster, and not a recycled number."""
    if pid in (0, PID_OF_NOBODY) or _owner(pid) != cluster.stat().st_uid:
        return False
    command = _command_line(pid)
    if not command or Path(command[0]).name not in _PROGRAMS:
        return False
    return any(_same_folder(word.removeprefix("-D"), cluster) for word in command[1:])


def forget_dead_postmaster(cluster: Path, account: Account, socket_dir: Path) -> None:
    """Make the files of a dead server harmless when its process number is somebody else's now.

    PostgreSQL refuses to start while the number in its pid file is alive. The file itself stays:
    it names the shared memory by which PostgreSQL notices processes of the dead server that still
    run, and starting beside those would destroy the data.
    """
    file = cluster / PID_FILE
    with suppress(FileNotFoundError):
        rest = file.read_text(encoding="utf-8").split("\n", 1)[1:]
        write_as(account, file, "\n".join([str(PID_OF_NOBODY), *rest]))
    for left in socket_dir.glob(".s.PGSQL.*"):
        left.unlink(missing_ok=True)


def _same_folder(word: str, cluster: Path) -> bool:
    return bool(word) and os.path.realpath(word) == os.path.realpath(cluster)


def _owner(pid: int) -> int | None:
    if PROC.is_dir():
        with suppress(OSError):
            return (PROC / str(pid)).stat().st_uid
        return None
    answer = _ask_ps("uid=", pid)
    return int(answer) if answer else None


def _command_line(pid: int) -> list[str]:
    if PROC.is_dir():
        with suppress(OSError):
            # World-readable, unlike the working folder, which needs a right that containers lack.
            return (PROC / str(pid) / "cmdline").read_text(errors="replace").split("\0")
        return []
    return _ask_ps("command=", pid).split(" ")


def _ask_ps(column: str, pid: int) -> str:
    command = ["/bin/ps", "-ww", "-o", column, "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
