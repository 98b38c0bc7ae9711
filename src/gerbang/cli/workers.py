"""Several gateway processes on one port: the kernel spreads connections among them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Final

import structlog
from prometheus_client.multiprocess import mark_process_dead

from gerbang.web.metrics import SHARED_FOLDER

log = structlog.get_logger()

RESTART_PAUSE_S: Final = 1.0
STOP_TIMEOUT_S: Final = 30.0
POLL_S: Final = 0.2


def run_workers(count: int, arguments: Sequence[str], environ: dict[str, str]) -> None:
    """Run `count` processes of ``gerbang serve`` until a signal; one that dies is replaced."""
    command = [sys.executable, "-m", "gerbang", "serve", *arguments]
    with tempfile.TemporaryDirectory(prefix="gerbang-metrics-") as folder:
        _watch(count, command, {**os.environ, **environ, SHARED_FOLDER: folder})


def _watch(count: int, command: Sequence[str], environ: dict[str, str]) -> None:
    processes = [_start(command, environ) for _ in range(count)]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            time.sleep(POLL_S)
            for number, process in enumerate(processes):
                if process.poll() is not None:
                    log.error("worker.died", worker=number, code=process.returncode)
                    mark_process_dead(process.pid, environ[SHARED_FOLDER])  # type: ignore[no-untyped-call]
                    time.sleep(RESTART_PAUSE_S)
                    processes[number] = _start(command, environ)
    except KeyboardInterrupt:
        log.info("workers.stopping")
    finally:
        _stop(processes)


def _start(command: Sequence[str], environ: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env=environ, start_new_session=True)


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + STOP_TIMEOUT_S
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()


def shared_socket(host: str, port: int) -> socket.socket:
    """Listen on a port together with the other workers."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, port))
    listener.set_inheritable(True)
    return listener
