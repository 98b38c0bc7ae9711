"""What kind of machine and which commit figures belong to; never whose or where."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

import msgspec
import psutil

ROOT = Path(__file__).parents[2]
_CPU_INFO = Path("/proc/cpuinfo")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The kind of machine, and how busy it was with other things."""

    cores: int
    processor: str
    memory_gb: int
    system: str
    python: str
    load_before: float


def describe_machine() -> Machine:
    """Look at the machine."""
    return Machine(
        cores=os.cpu_count() or 1,
        processor=_processor(),
        memory_gb=round(psutil.virtual_memory().total / 2**30),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        load_before=round(os.getloadavg()[0], 2),
    )


def describe(machine: Machine) -> str:
    """Say it in one line."""
    return (
        f"{machine.cores} cores ({machine.processor}), {machine.memory_gb} GB, "
        f"{machine.system}, Python {machine.python}"
    )


def _processor() -> str:
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def describe_commit() -> str:
    """Give the commit, and whether files differ from it."""
    commit = _git("rev-parse", "--short=12", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return (commit or "unknown") + (" with changes" if changed else "")


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607 (the developer's own git)
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout.strip()
