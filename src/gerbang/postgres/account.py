"""Who the server runs as: ourselves, or a service account when we are root."""

from __future__ import annotations

import os
import pwd
import secrets
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

SERVICE_ACCOUNTS: Final = ("postgres", "nobody")
CHECK_TIMEOUT_S: Final = 30.0


class NoServiceAccountError(Exception):
    """PostgreSQL refuses to run as root, and no account to run it as exists."""

    def __init__(self) -> None:
        """Name the accounts looked for."""
        names = " nor ".join(SERVICE_ACCOUNTS)
        super().__init__(f"PostgreSQL refuses to run as root, and neither {names} exists")


class ProcessOptions(TypedDict, total=False):
    """Arguments of subprocess."""

    cwd: str
    env: dict[str, str]
    umask: int
    user: int
    group: int
    extra_groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """An operating system account that runs the server."""

    name: str
    uid: int
    gid: int

    @property
    def is_us(self) -> bool:
        """Tell whether no change of account is needed."""
        return self.uid == os.geteuid()

    def process_options(self) -> ProcessOptions:
        """Give subprocess the options that make it run as this account, knowing none of ours."""
        options = ProcessOptions(cwd="/", env=_clean_environment(), umask=0o077)
        if not self.is_us:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": ()}
        return options

    def give(self, path: Path) -> None:
        """Make the account the owner of a file or folder."""
        if not self.is_us:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def current_account() -> Account:
    """Describe the account we run as."""
    return _described(os.geteuid())


def owner_of(path: Path) -> Account:
    """Describe the account that owns a file or folder."""
    return _described(path.stat().st_uid)


def service_account() -> Account:
    """Choose who a new cluster belongs to."""
    if os.geteuid() != 0:
        return current_account()
    for name in SERVICE_ACCOUNTS:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise NoServiceAccountError


def can_run(account: Account, program: Path) -> bool:
    """Try whether the account reaches and starts a program."""
    return _succeeds(account, [os.fspath(program), "--version"])


def can_own_inside(account: Account, folder: Path) -> bool:
    """Try whether a folder made inside `folder` and given to the account is usable by it."""
    trial = folder / f".trial-{secrets.token_hex(4)}"
    try:
        trial.mkdir(mode=0o700)
        account.give(trial)
        script = 'cd "$1" && : >file && rm file'
        return _succeeds(account, ["/bin/sh", "-c", script, "sh", os.fspath(trial)])
    except OSError:
        return False
    finally:
        with suppress(OSError):
            trial.rmdir()


def make_private_folder(path: Path, account: Account) -> None:
    """Make a folder that only the account can enter, or check that it already is one."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        facts = path.lstat()
        if path.is_symlink() or facts.st_uid != account.uid or facts.st_mode & 0o022:
            msg = f"{path} is in the way: it is not a private folder of {account.name}"
            raise PermissionError(msg) from None
    else:
        account.give(path)


def write_as(account: Account, path: Path, text: str) -> None:
    """Replace a file of the account at once, without following a link somebody put there."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(temporary, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    account.give(temporary)
    temporary.replace(path)


def _described(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        msg = f"the account with number {uid} has no name, which PostgreSQL needs"
        raise PermissionError(msg) from None
    return Account(name=entry.pw_name, uid=uid, gid=entry.pw_gid)


def _succeeds(account: Account, command: Sequence[str]) -> bool:
    try:
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            timeout=CHECK_TIMEOUT_S,
            **account.process_options(),
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _clean_environment() -> dict[str, str]:
    """Hand on nothing secret and nothing that would redirect PostgreSQL's tools."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"} | kept
