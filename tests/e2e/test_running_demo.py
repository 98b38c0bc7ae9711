from __future__ import annotations

import asyncio
from pathlib import Path

from e2e.running_demo import RunningDemo, running_demo


async def balance(demo: RunningDemo) -> int:
    async with demo.http() as http:
        reply = await http.get("/reseller/api/v1/saldo", headers=demo.socx)
        amount: int = reply.json()["balance"]
        return amount


def runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


async def test_a_demo_is_killed_and_restarted_with_its_data_and_leaves_nothing_running() -> None:
    async with asyncio.timeout(60):
        with running_demo() as demo:
            assert await balance(demo) == 100_000_000
            first, suppliers, database = demo.pid, demo.supplier_pids(), demo.postgres.pid
            assert first
            assert database
            assert len(suppliers) == 3
            token = demo.facts["socx"]["token"]
            demo.kill()
            assert not runs(first)
            assert not demo.supplier_pids()
            assert demo.postgres.pid == database
            demo.restart()
            assert demo.facts["socx"]["token"] == token
            assert await balance(demo) == 100_000_000
            assert len(demo.supplier_pids()) == 3
            assert not set(demo.supplier_pids()) & set(suppliers)
            assert (await demo.verify()).clean
        assert not demo.supplier_pids()
        assert not runs(database)
        assert not demo.data_dir.exists()


def test_a_demo_told_to_stop_ends_well() -> None:
    with running_demo() as own:
        database = own.postgres.pid
        assert own.stop() == 0
        assert not own.supplier_pids()
        assert database
        assert not runs(database)
