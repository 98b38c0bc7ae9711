"""The fake supplier as its buyers meet it: another process, over real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gerbang.orders.outcome import Accepted, Delivered, NotFound, Outcome, Rejected, StatusOutcome
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered, HttpRequest, NoAnswer
from sandbox.process import Buyer, FakeSupplier, make_order, market

Market = tuple[FakeSupplier, Buyer]


@pytest.fixture
async def socx(tmp_path: Path) -> AsyncIterator[Market]:
    async with market("socx", tmp_path) as opened:
        yield opened


async def eventually(true: Callable[[], bool], *, within_s: float = 60.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 (what is waited for happens in another process)
            await asyncio.sleep(0.02)


def kinds(news: list[StatusOutcome]) -> list[type]:
    return [type(one) for one in news]


async def test_1230_succeeds_at_once(socx: Market) -> None:
    _, buyer = socx
    outcome = await buyer.buy(make_order("R1", "1230"))
    assert isinstance(outcome, Delivered)
    assert outcome.sn
    assert outcome.cost == 5_000


@pytest.mark.parametrize(
    ("ending", "reason", "reroutable"),
    [("1232", Reason.NUMBER_NOT_FOUND, False), ("1239", Reason.PRODUCT_CLOSED, True)],
)
async def test_1232_and_1239_are_rejected(
    socx: Market, ending: str, reason: Reason, reroutable: bool
) -> None:
    _, buyer = socx
    outcome = await buyer.buy(make_order("R1", ending))
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, outcome.reroutable) == (reason, reroutable)


async def test_orders_that_are_pending_end_as_the_table_says(socx: Market) -> None:
    _, buyer = socx
    orders = {ending: make_order(f"R{ending}", ending) for ending in ("1231", "1233", "1234")}
    for order in orders.values():
        assert isinstance(await buyer.buy(order), Accepted)
    await eventually(lambda: kinds(buyer.news("R1231")) == [Delivered])
    await eventually(lambda: kinds(buyer.news("R1234")) == [Rejected])
    assert buyer.news("R1233") == []
    assert isinstance(await buyer.ask(orders["1233"]), Delivered)


async def test_an_ordinary_number_is_delivered_by_callback_within_300_ms(socx: Market) -> None:
    _, buyer = socx
    assert isinstance(await buyer.buy(make_order("R1", "6789")), Accepted)
    await eventually(lambda: kinds(buyer.news("R1")) == [Delivered])
    taken, changed = await _journal_times(buyer, "R1")
    assert changed - taken < 30  # 0.3 s at most was drawn; the rest is a busy machine


async def test_1235_delivers_and_drops_the_connection_without_an_answer(socx: Market) -> None:
    _, buyer = socx
    order = make_order("R1", "1235")
    assert isinstance(await buyer.send_purchase(order), NoAnswer)
    assert isinstance(await buyer.ask(order), Delivered)


async def test_not_one_byte_comes_back_over_a_dropped_connection(socx: Market) -> None:
    _, buyer = socx
    request = buyer.half.buy(buyer.view, make_order("R1", "1236"), now=_now())
    assert await _raw_answer(buyer.supplier_base_url, request) == b""


async def test_1236_is_not_taken_until_it_is_sent_again(socx: Market) -> None:
    _, buyer = socx
    order = make_order("R1", "1236")
    assert isinstance(await buyer.send_purchase(order), NoAnswer)
    assert isinstance(await buyer.ask(order), NotFound)
    assert isinstance(await buyer.buy(order), Delivered)


async def test_1237_gets_its_serial_number_later(socx: Market) -> None:
    _, buyer = socx
    outcome = await buyer.buy(make_order("R1", "1237"))
    assert isinstance(outcome, Delivered)
    assert outcome.sn == ""
    await eventually(lambda: kinds(buyer.news("R1")) == [Delivered])
    (news,) = buyer.news("R1")
    assert isinstance(news, Delivered)
    assert news.sn


async def test_1238_is_reversed_after_its_success(socx: Market) -> None:
    _, buyer = socx
    assert isinstance(await buyer.buy(make_order("R1", "1238")), Delivered)
    await eventually(lambda: kinds(buyer.news("R1")) == [Rejected])
    stats = await buyer.stats()
    assert stats["states"] == {"reversed": 1}
    assert stats["balance"] == 1_000_000_000_000


async def test_a_second_sending_gives_the_stored_order_and_shows_in_the_counts(
    socx: Market,
) -> None:
    _, buyer = socx
    order = make_order("R1", "1230")
    first, second = await buyer.buy(order), await buyer.buy(order)
    assert _sn(first) == _sn(second)
    await buyer.buy(make_order("R2", "1230"))
    stats = await buyer.stats()
    assert stats["orders"] == 2
    assert stats["requests_by_reference_max"] == 2
    assert stats["references"]["R1"]["requests"] == 2
    assert stats["references"]["R1"]["deliveries"] == 1
    assert stats["references"]["R2"]["requests"] == 1


async def test_parallel_sendings_of_one_reference_are_delivered_once(socx: Market) -> None:
    _, buyer = socx
    order = make_order("R1", "1230")
    outcomes = await asyncio.gather(*(buyer.buy(order) for _ in range(20)))
    assert len({_sn(outcome) for outcome in outcomes}) == 1
    counts = (await buyer.stats())["references"]["R1"]
    assert (counts["requests"], counts["deliveries"]) == (20, 1)


async def test_pending_events_and_counts_survive_a_kill(socx: Market) -> None:
    supplier, buyer = socx
    order = make_order("R1", "1231")
    assert isinstance(await buyer.buy(order), Accepted)
    await buyer.buy(order)
    await supplier.kill()
    buyer.supplier_base_url = (await supplier.start()).base_url
    await eventually(lambda: kinds(buyer.news("R1")) == [Delivered])
    counts = (await buyer.stats())["references"]["R1"]
    assert (counts["requests"], counts["deliveries"]) == (2, 1)


async def test_a_callback_that_was_not_heard_comes_again_even_after_a_kill(socx: Market) -> None:
    supplier, buyer = socx
    buyer.refuse_callbacks = True
    order = make_order("R1", "6789")
    await buyer.buy(order)
    await asyncio.sleep(0.3)
    await supplier.kill()
    buyer.refuse_callbacks = False
    buyer.supplier_base_url = (await supplier.start()).base_url
    await eventually(lambda: kinds(buyer.news("R1")) == [Delivered])


async def test_a_line_torn_by_a_kill_is_forgotten(socx: Market, tmp_path: Path) -> None:
    supplier, buyer = socx
    await buyer.buy(make_order("R1", "1230"))
    await supplier.kill()
    with (tmp_path / "supplier.jsonl").open("ab") as journal:
        journal.write(b'{"event":"taken","refer')
    buyer.supplier_base_url = (await supplier.start()).base_url
    await buyer.buy(make_order("R2", "1230"))
    await supplier.kill()
    buyer.supplier_base_url = (await supplier.start()).base_url
    assert set((await buyer.stats())["references"]) == {"R1", "R2"}


async def test_sigterm_is_a_clean_end(socx: Market) -> None:
    supplier, buyer = socx
    await buyer.buy(make_order("R1", "1231"))
    assert await supplier.stop() == 0


async def test_prices_come_from_the_file(tmp_path: Path) -> None:
    prices = tmp_path / "prices.json"
    prices.write_text('{"TSEL21": 21000}')
    async with market("socx", tmp_path, "--prices", str(prices)) as (_, buyer):
        outcome = await buyer.buy(make_order("R1", "1230"))
        assert isinstance(outcome, Delivered)
        assert outcome.cost == 21_000


@pytest.mark.parametrize("dialect", ["isikuota", "otomax"])
async def test_the_other_dialects_play_the_same_table(dialect: str, tmp_path: Path) -> None:
    async with market(dialect, tmp_path) as (_, buyer):
        assert isinstance(await buyer.buy(make_order("R1230", "1230")), Delivered)
        assert isinstance(await buyer.buy(make_order("R1232", "1232")), Rejected)
        assert _reroutable(await buyer.buy(make_order("R1239", "1239")))
        assert isinstance(await buyer.buy(make_order("R6789", "6789")), Accepted)
        await eventually(lambda: kinds(buyer.news("R6789")) == [Delivered])
        await _check_drops(buyer)


async def _check_drops(buyer: Buyer) -> None:
    taken, not_taken = make_order("R1235", "1235"), make_order("R1236", "1236")
    assert isinstance(await buyer.send_purchase(taken), NoAnswer)
    assert isinstance(await buyer.ask(taken), Delivered)
    assert isinstance(await buyer.send_purchase(not_taken), NoAnswer)
    assert isinstance(await buyer.ask(not_taken), NotFound)
    assert isinstance(await buyer.buy(not_taken), Delivered)


def _reroutable(outcome: Outcome) -> bool:
    return isinstance(outcome, Rejected) and outcome.reroutable


def _sn(outcome: Outcome) -> str:
    assert isinstance(outcome, Delivered)
    return outcome.sn


def _now() -> datetime:
    return datetime.now(UTC)


async def _journal_times(buyer: Buyer, reference: str) -> list[float]:
    """When an order was taken and when it changed, in seconds."""
    url = f"{buyer.supplier_base_url}/_sandbox/journal"
    result = await buyer.send(HttpRequest(method="GET", url=url), "question")
    assert isinstance(result, Answered)
    entries = [json.loads(line) for line in result.body.splitlines()]
    return [
        datetime.fromisoformat(entry["at"]).timestamp()
        for entry in entries
        if entry["reference"] == reference and entry["event"] in ("taken", "changed")
    ]


async def _raw_answer(base_url: str, request: HttpRequest) -> bytes:
    """Send a request by hand; give every byte that came back before the end."""
    parts = urlsplit(request.url)
    host, port = urlsplit(base_url).netloc.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = [f"{request.method} {parts.path} HTTP/1.1", f"host: {host}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    lines += [f"content-length: {len(request.body)}", "", ""]
    writer.write("\r\n".join(lines).encode() + request.body)
    got = b""
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(60):
            got = await reader.read()
    writer.close()
    return got
