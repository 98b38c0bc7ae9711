"""Processes that share a port show the counts of all of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from gerbang.outbound.message import InboundRequest
from gerbang.web.metrics import SHARED_FOLDER, Metrics

WORKER = """
import asyncio, sys
from gerbang.outbound.message import InboundRequest
from gerbang.web.metrics import Metrics

metrics = Metrics()
metrics.placed.labels("socx", "pending").inc(int(sys.argv[1]))
metrics.lane_depth.set(int(sys.argv[1]))
metrics.callback_backlog.set(9)
print("ready", flush=True)
sys.stdin.readline()
answer = asyncio.run(metrics.show(InboundRequest(method="GET", path="/metrics")))
print(answer.body.decode())
"""


def _worker(count: int, folder: Path) -> subprocess.Popen[str]:
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(count)],
        env={**os.environ, SHARED_FOLDER: str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    return worker


def test_whichever_worker_is_asked_answers_for_all(tmp_path: Path) -> None:
    one, other = _worker(3, tmp_path), _worker(4, tmp_path)
    said, _ = one.communicate("go\n", timeout=60)
    other.communicate("go\n", timeout=60)
    assert 'gerbang_orders_placed_total{dialect="socx",result="pending"} 7.0' in said
    assert "gerbang_lane_depth 7.0" in said
    assert "gerbang_callback_backlog 9.0" in said, "what every worker counts alike is not added up"


async def test_a_process_alone_shows_its_own() -> None:
    metrics = Metrics()
    metrics.placed.labels("socx", "pending").inc()
    answer = await metrics.show(InboundRequest(method="GET", path="/metrics"))
    assert b'gerbang_orders_placed_total{dialect="socx",result="pending"} 1.0' in answer.body
