"""A payout is booked once per key, and never above what we owe."""

from __future__ import annotations

import asyncio
from pathlib import Path

from api.running import running
from gerbang.ledger.account import HouseAccount
from gerbang.ledger.move import MoveMoney


async def test_a_merchant_is_paid_what_we_owe_and_no_more(
    database_url: str, tmp_path: Path
) -> None:
    async with running(database_url, tmp_path) as at:
        await at.call("POST", "/merchants", 201, json={"imid": "MERCHANT01", "name": "Toko"})
        account = await at.node.pool.fetchval(
            "SELECT account_id FROM merchants WHERE imid = 'MERCHANT01'"
        )
        await at.node.lane.submit(
            MoveMoney(
                key="owed",
                event="card.charge",
                debit_account_id=at.node.house[HouseAccount.BANK],
                credit_account_id=account,
                amount=100_000,
                actor="test",
                note="",
            )
        )
        path = "/merchants/MERCHANT01/payouts"
        first = await at.call("POST", path, 201, json={"amount": 60_000, "key": "PO-1"})
        assert (first["balance"], first["exists"]) == (40_000, False)
        again = await at.call("POST", path, 201, json={"amount": 60_000, "key": "PO-1"})
        assert (again["balance"], again["exists"]) == (40_000, True)
        await at.call("POST", path, 409, json={"amount": 40_001, "key": "PO-2"})
        await at.call("POST", path, 409, json={"amount": 1, "key": "PO-1"})
        await at.call("POST", "/merchants/NOSUCHMID1/payouts", 404, json={"amount": 1, "key": "x"})
        both = await asyncio.gather(
            *(
                at.client.post(f"/api{path}", json={"amount": 40_000, "key": key})
                for key in ("A", "B")
            )
        )
        assert sorted(one.status_code for one in both) == [201, 409]
