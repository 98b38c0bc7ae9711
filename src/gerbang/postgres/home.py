"""Where a cluster and its socket live, without changing rights outside the data folder."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from gerbang.postgres import cluster as clusters
from gerbang.postgres.account import (
    Account,
    can_own_inside,
    make_private_folder,
    owner_of,
    service_account,
)
from gerbang.postgres.cluster import ClusterRefusedError

FALLBACK_BASE: Final = Path("/var/lib/gerbang")
"""For root only: holds what the service account could not reach elsewhere."""
RUN_BASE: Final = Path("/run")
POINTER: Final = "cluster-home"
SOCKET_PATH_BYTES_MAX: Final = 107 if sys.platform == "linux" else 103

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one cluster, and the account that runs it."""

    folder: Path
    account: Account

    @property
    def cluster(self) -> Path:
        """Give the folder that PostgreSQL owns."""
        return self.folder / "cluster"

    @property
    def log_dir(self) -> Path:
        """Give the folder of the server's log files."""
        return self.folder / "log"

    @property
    def start_log(self) -> Path:
        """Give the file with what the server said before it opened its log."""
        return self.folder / "start.log"


def find_home(data_dir: Path) -> Home | None:
    """Find the home of the data folder's cluster; None if none was made yet."""
    folder = _pointed_to(data_dir) or data_dir
    cluster = folder / "cluster"
    if not clusters.exists(cluster):
        if folder != data_dir:
            msg = f"{data_dir / POINTER} says the cluster is in {folder}, but it is not there"
            raise ClusterRefusedError(msg)
        return None
    return Home(folder=folder, account=_account_for(cluster, data_dir))


def choose_home(data_dir: Path) -> Home:
    """Choose where a new cluster goes: the data folder, if the service account can use it."""
    account = service_account()
    if can_own_inside(account, data_dir):
        return Home(folder=data_dir, account=account)
    if account.is_us:
        raise ClusterRefusedError(f"{data_dir} is not writable for {account.name}")
    folder = _fallback_folder()
    if not can_own_inside(account, folder):
        msg = f"the account {account.name} can use neither {data_dir} nor {folder}"
        raise ClusterRefusedError(msg)
    log.warning(
        "embedded.home_moved", data_dir=str(data_dir), home=str(folder), account=account.name
    )
    return Home(folder=folder, account=account)


def remember_home(data_dir: Path, home: Home) -> None:
    """Leave a note in the data folder when the cluster is elsewhere."""
    if home.folder != data_dir:
        (data_dir / POINTER).write_text(f"{home.folder}\n", encoding="utf-8")


def shared_base() -> Path:
    """Make the folder for what must be reachable by the service account."""
    if not FALLBACK_BASE.exists():
        FALLBACK_BASE.mkdir(parents=True)
        FALLBACK_BASE.chmod(0o755)
    return FALLBACK_BASE


def socket_dir(home: Home) -> Path:
    """Name the folder of the socket: in the home, or in a shorter place if the path is too long."""
    return next(each for each in _socket_dirs(home) if _fits(each))


def make_socket_dir(home: Home) -> Path:
    """Make the folder of the socket, which only the account can enter."""
    folder = socket_dir(home)
    if folder.parent != home.folder:
        log.info("embedded.socket_moved", home=str(home.folder), socket_dir=str(folder))
    make_private_folder(folder, home.account)
    return folder


def _socket_dirs(home: Home) -> Iterator[Path]:
    yield home.folder / "run"
    mark = hashlib.sha256(os.fsencode(home.folder)).hexdigest()[:12]
    if os.geteuid() == 0 and os.access(RUN_BASE, os.W_OK):
        yield RUN_BASE / f"gerbang-{mark}"
    yield Path("/tmp") / f"gerbang-{mark}"  # noqa: S108 - made 0700, its owner is checked


def _fits(folder: Path) -> bool:
    socket = folder / f".s.PGSQL.{clusters.PORT}"
    return len(os.fsencode(socket)) <= SOCKET_PATH_BYTES_MAX


def _pointed_to(data_dir: Path) -> Path | None:
    try:
        return Path((data_dir / POINTER).read_text(encoding="utf-8").strip())
    except FileNotFoundError:
        return None


def _account_for(cluster: Path, data_dir: Path) -> Account:
    account = owner_of(cluster)
    if account.uid == 0:
        msg = (
            f"{cluster} belongs to root, as which PostgreSQL refuses to run; give it back: "
            f"chown -R {service_account().name}: {cluster}"
        )
        raise ClusterRefusedError(msg)
    if not account.is_us and os.geteuid() != 0:
        msg = f"{cluster} belongs to {account.name}; start as that account, or as root"
        raise ClusterRefusedError(msg)
    if not account.is_us and not can_own_inside(account, cluster):
        msg = (
            f"the account {account.name} owns {cluster} but cannot reach it any more; let it "
            f"enter the folders above, or move {data_dir} to where it can"
        )
        raise ClusterRefusedError(msg)
    return account


def _fallback_folder() -> Path:
    folder = shared_base() / f"cluster-{secrets.token_hex(6)}"
    folder.mkdir()
    folder.chmod(0o711)
    return folder
