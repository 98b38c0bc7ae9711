"""Dispatch at its one-way door: who did not claim a sending decides nothing about it."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from gerbang.clock import SystemClock
from gerbang.orders.writes import Placed
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.message import HttpRequest, NoAnswer
from gerbang.routing.dispatch import Dispatcher
from orders.house import House, open_house


class Directory:
    """One supplier, as dispatch sees it."""

    def __init__(self, house: House) -> None:
        self._house = house

    def channel(self, _supplier_id: int) -> Any:
        view = SimpleNamespace(code="s1", dialect="socx")
        return SimpleNamespace(view=view, concurrency_max=1, timeout_ms=1_000)

    def account_ids(self, _reseller_id: int) -> tuple[int, int]:
        return self._house.account_id, self._house.receivable_id


class Network:
    """Counts what is sent; nobody ever answers."""

    def __init__(self) -> None:
        self.sent = 0

    async def send(self, *_: Any, **__: Any) -> NoAnswer:
        self.sent += 1
        return NoAnswer(error="silence")


def dispatcher_of(house: House, network: Network, *, stop: str = "") -> Dispatcher:
    """A node; `stop` says why it may not send to the supplier."""
    health: Any = SimpleNamespace(
        begin=lambda *_: stop,
        withdraw=lambda *_: None,
        heard=lambda *_, **__: None,
        on_the_wire=lambda _supplier_id: nullcontext(),
        pulse=SimpleNamespace(share=lambda most: most),
    )
    buy = HttpRequest(method="POST", url="http://127.0.0.1:9/")
    dialect: Any = SimpleNamespace(client=SimpleNamespace(buy=lambda *_, **__: buy))
    outbound: Any = network
    nothing: Any = None
    return Dispatcher(
        lane=house.lane,
        pool=nothing,
        outbound=outbound,
        directory=Directory(house),
        dialects={"socx": dialect},
        clock=SystemClock(),
        node="this-node",
        addresses=AddressPolicy(),
        after_recorded=lambda _recorded: None,
        health=health,
        concurrency_max=10,
        poll_interval_ms=1_000,
    )


@pytest.mark.parametrize("elsewhere", [True, False])
async def test_a_node_that_may_not_send_gives_up_only_what_no_other_node_sends(
    database_url: str, *, elsewhere: bool
) -> None:
    async with open_house(database_url) as house:
        placed: Placed = await house.lane.submit(house.purchase())
        assert placed.attempt is not None
        if elsewhere:
            assert await house.claim(placed.attempt)
        network = Network()
        dispatcher = dispatcher_of(house, network, stop="circuit open")
        dispatcher.submit(placed.order, placed.attempt)
        await dispatcher.stop(timeout_s=60)
        row = await house.connection.fetchrow(
            "SELECT a.state::text AS attempt, o.state::text AS of_order"
            " FROM attempts a JOIN orders o ON o.id = a.order_id"
        )
        expected = ("sending", "pending") if elsewhere else ("unavailable", "failed")
        assert (row["attempt"], row["of_order"], network.sent) == (*expected, 0)
        assert (await house.verify()).clean


@pytest.mark.parametrize("stood_still_s", [0.0, 3_600.0])
async def test_a_process_that_stood_still_past_its_claim_sends_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch, stood_still_s: float
) -> None:
    async with open_house(database_url) as house:
        placed: Placed = await house.lane.submit(house.purchase())
        assert placed.attempt is not None
        times = iter((0.0, stood_still_s))
        monkeypatch.setattr("gerbang.routing.dispatch.monotonic", lambda: next(times, 0.0))
        network = Network()
        dispatcher = dispatcher_of(house, network)
        dispatcher.submit(placed.order, placed.attempt)
        await dispatcher.stop(timeout_s=60)
        state = await house.connection.fetchval("SELECT state::text FROM attempts")
        expected = ("sending", 0) if stood_still_s else ("unknown", 1)
        assert (state, network.sent) == expected
