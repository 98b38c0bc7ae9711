"""Faults that the fake supplier makes on purpose."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gerbang.cli.sandbox import app
from gerbang.orders.outcome import Accepted, Delivered, NotFound, Rejected, Unknown
from gerbang.outbound.message import Answered, NeverSent, NoAnswer
from gerbang.sandbox.faults import (
    CallbackFault,
    FaultsUnreadableError,
    OtherFault,
    ReplyFault,
    happens,
    parse_faults,
    pick_callback_fault,
    pick_reply_fault,
)
from sandbox.process import Buyer, make_order, market


def test_the_same_seed_spoils_the_same_occasions() -> None:
    settings = parse_faults("seed=42,drop_after=0.3,garbage=0.3")
    picked = [pick_reply_fault(settings, f"R{n}", "purchase 0") for n in range(200)]
    again = [pick_reply_fault(settings, f"R{n}", "purchase 0") for n in range(200)]
    other = parse_faults("seed=43,drop_after=0.3,garbage=0.3")
    assert picked == again
    assert picked != [pick_reply_fault(other, f"R{n}", "purchase 0") for n in range(200)]


def test_faults_come_about_as_often_as_asked_for() -> None:
    settings = parse_faults("seed=1,drop_after=0.05,delay=0.2,duplicate=0.1")
    replies = [pick_reply_fault(settings, f"R{n}", "purchase 0") for n in range(10_000)]
    callbacks = [pick_callback_fault(settings, f"R{n}", 0) for n in range(10_000)]
    assert 400 < replies.count(ReplyFault.DROP_AFTER) < 600
    assert 1_800 < replies.count(ReplyFault.DELAY) < 2_200
    assert 850 < callbacks.count(CallbackFault.DUPLICATE) < 1_150


@pytest.mark.parametrize(
    "text", ["oops=0.1", "delay=x", "delay=1.5", "delay=nan", "seed=-1", "delay=0.6,garbage=0.6"]
)
def test_a_text_that_is_no_list_of_faults_is_refused(text: str) -> None:
    with pytest.raises(FaultsUnreadableError):
        parse_faults(text)


RECORDED = [
    None,
    None,
    None,
    ReplyFault.GARBAGE,
    ReplyFault.DROP_BEFORE,
    ReplyFault.DROP_BEFORE,
    None,
    ReplyFault.DROP_AFTER,
]
SILENT = [False, False, True, False, False, True, True, False]


@given(st.integers(0, 2**32), st.text(max_size=20), st.text(max_size=20))
def test_a_fault_depends_on_nothing_but_seed_reference_and_occasion(
    seed: int, reference: str, occasion: str
) -> None:
    settings = parse_faults(f"seed={seed},delay=0.5,trickle=0.5,lost=0.5,price_change=0.5")
    again = parse_faults(f"price_change=0.5,lost=0.5,trickle=0.5,delay=0.5,seed={seed}")
    for a, b in ((settings, again), (again, settings)):
        assert pick_reply_fault(a, reference, occasion) == pick_reply_fault(b, reference, occasion)
        assert pick_callback_fault(a, reference, 0) == pick_callback_fault(b, reference, 0)
        assert happens(a, OtherFault.PRICE_CHANGE, reference) == happens(
            b, OtherFault.PRICE_CHANGE, reference
        )


def test_a_recorded_run_can_be_replayed_by_a_later_version() -> None:
    """These are what seed 42 picked when it was first recorded."""
    settings = parse_faults("seed=42,drop_before=0.2,drop_after=0.2,garbage=0.2,duplicate=0.5")
    picked = [pick_reply_fault(settings, f"R{n}", "purchase 0") for n in range(8)]
    assert picked == RECORDED
    assert [pick_callback_fault(settings, f"R{n}", 0) is None for n in range(8)] == SILENT


def test_every_fault_can_be_asked_for_by_name() -> None:
    names = [*ReplyFault, *CallbackFault, *OtherFault]
    settings = parse_faults(",".join(f"{name}=0.05" for name in names))
    assert set(settings.reply) | set(settings.callback) | set(settings.other) == set(names)


def test_every_fault_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()
    for name in [*ReplyFault, *CallbackFault, *OtherFault]:
        assert f"| `{name}` |" in page


def test_no_text_is_no_fault() -> None:
    assert pick_reply_fault(parse_faults(""), "R1", "purchase 0") is None


async def test_a_drop_before_takes_nothing(tmp_path: Path) -> None:
    async with market("socx", tmp_path, "--faults", "drop_before=1") as (_, buyer):
        assert isinstance(await buyer.send_purchase(make_order("R1", "1230")), NoAnswer)
        stats = await buyer.stats()
        assert (stats["orders"], stats["requests"]) == (0, 1)


@pytest.mark.parametrize("fault", ["drop_after", "half_body"])
async def test_a_cut_reply_is_no_answer_but_the_order_is_there(tmp_path: Path, fault: str) -> None:
    async with market("socx", tmp_path, "--faults", f"{fault}=1") as (_, buyer):
        assert isinstance(await buyer.send_purchase(make_order("R1", "1230")), NoAnswer)
        assert (await buyer.stats())["references"]["R1"]["state"] == "success"


async def test_garbage_tells_a_buyer_nothing(tmp_path: Path) -> None:
    async with market("socx", tmp_path, "--faults", "garbage=1") as (_, buyer):
        assert isinstance(await buyer.buy(make_order("R1", "1230")), Unknown)
        assert (await buyer.stats())["references"]["R1"]["state"] == "success"


@pytest.mark.parametrize("faults", ["delay=1,delay_ms=400", "trickle=1,trickle_ms=30"])
async def test_a_slow_reply_is_whole(tmp_path: Path, faults: str) -> None:
    async with market("socx", tmp_path, "--faults", faults) as (_, buyer):
        result = await buyer.send_purchase(make_order("R1", "1230"))
        assert isinstance(result, Answered)
        assert result.elapsed_ms >= 300
        assert isinstance(
            buyer.half.read_buy(buyer.view, make_order("R1", "1230"), result), Delivered
        )


async def test_a_status_question_may_find_nothing_while_faults_are_rare(tmp_path: Path) -> None:
    async with market("socx", tmp_path, "--faults", "seed=1,garbage=0.0001") as (_, buyer):
        assert isinstance(await buyer.ask(make_order("R1", "1230")), NotFound)


async def test_a_callback_comes_before_the_reply(tmp_path: Path) -> None:
    async with market("socx", tmp_path, "--faults", "before_reply=1") as (_, buyer):
        assert isinstance(await buyer.buy(make_order("R1", "1231")), Accepted)
        assert len(buyer.news("R1")) == 1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("duplicate", [Delivered, Delivered, Delivered]),
        ("contradict", [Delivered, Rejected]),
        ("lost", []),
    ],
)
async def test_callbacks_are_spoiled(tmp_path: Path, fault: str, expected: list[type]) -> None:
    async with market("socx", tmp_path, "--faults", f"{fault}=1") as (_, buyer):
        order = make_order("R1", "6789")
        assert isinstance(await buyer.buy(order), Accepted)
        await _wait_for_news(buyer, len(expected))
        assert [type(one) for one in buyer.news("R1")] == expected
        assert isinstance(await buyer.ask(order), Delivered)


async def test_a_forged_callback_comes_first_and_whether_it_was_believed_is_counted(
    tmp_path: Path,
) -> None:
    async with market("isikuota", tmp_path, "--faults", "wrong_signature=1") as (_, buyer):
        assert isinstance(await buyer.buy(make_order("R1", "6789")), Accepted)
        await _wait_for_news(buyer, 1)
        assert len(buyer.refused) == 1
        assert [type(one) for one in buyer.news("R1")] == [Delivered]
        stats = await buyer.stats()
        assert (stats["forgeries"], stats["forgeries_believed"]) == (1, 0)


async def test_a_dialect_that_signs_nothing_cannot_be_forged(tmp_path: Path) -> None:
    async with market("socx", tmp_path, "--faults", "wrong_signature=1") as (_, buyer):
        assert isinstance(await buyer.buy(make_order("R1", "6789")), Accepted)
        await _wait_for_news(buyer, 1)
        assert len(buyer.callbacks) == 1
        assert (await buyer.stats())["forgeries"] == 0


async def test_a_changed_price_is_the_truth_from_then_on(tmp_path: Path) -> None:
    async with market("socx", tmp_path, "--faults", "price_change=1") as (_, buyer):
        order = make_order("R1", "1230")
        outcome, again = await buyer.buy(order), await buyer.ask(order)
        assert isinstance(outcome, Delivered)
        assert isinstance(again, Delivered)
        assert outcome.cost == again.cost == 5_500
        assert (await buyer.stats())["balance"] == 1_000_000_000_000 - 5_500


async def test_orders_go_over_tls_to_the_suppliers_own_certificate(tmp_path: Path) -> None:
    async with market("socx", tmp_path, "--tls") as (supplier, buyer):
        assert supplier.base_url.startswith("https://")
        assert isinstance(await buyer.buy(make_order("R1", "1230")), Delivered)
        assert isinstance(await buyer.send_purchase(make_order("R2", "1235")), NoAnswer)
        assert isinstance(await buyer.ask(make_order("R2", "1235")), Delivered)


async def test_a_refused_handshake_means_that_nothing_was_sent(tmp_path: Path) -> None:
    faults = "seed=1,tls_failure=0.5"
    async with market("socx", tmp_path, "--tls", "--faults", faults) as (_, buyer):
        results = await asyncio.gather(
            *(buyer.send_purchase(make_order(f"R{n}", "1230")) for n in range(40))
        )
        failed = [n for n, result in enumerate(results) if isinstance(result, NeverSent)]
        assert 5 < len(failed) < 35
        assert len(failed) + sum(isinstance(one, Answered) for one in results) == 40
        stats = await _patient_stats(buyer)
        assert set(stats["references"]) == {f"R{n}" for n in range(40) if n not in failed}


async def _patient_stats(buyer: Buyer) -> dict[str, Any]:
    """Ask until a handshake succeeds."""
    for _ in range(50):
        try:
            return await buyer.stats()
        except AssertionError:
            continue
    raise AssertionError("no handshake succeeded")


async def test_a_full_supplier_refuses_new_orders_and_still_knows_the_old_ones(
    tmp_path: Path,
) -> None:
    async with market("socx", tmp_path, "--orders-max", "2") as (_, buyer):
        for reference in ("R1", "R2", "R1"):
            assert isinstance(await buyer.buy(make_order(reference, "1230")), Delivered)
        refused = await buyer.buy(make_order("R3", "1230"))
        assert isinstance(refused, Rejected)
        assert refused.reroutable
        assert (await buyer.stats())["requests"] == 3


async def test_a_run_with_the_same_seed_and_orders_fails_in_the_same_places(tmp_path: Path) -> None:
    async def play(folder: Path) -> list[str]:
        faults = "seed=7,drop_before=0.2,drop_after=0.2,garbage=0.2"
        async with market("socx", folder, "--faults", faults) as (_, buyer):
            orders = [make_order(f"R{n}", "1230") for n in range(20)]
            results = await asyncio.gather(*map(buyer.send_purchase, orders))
            taken = (await buyer.stats())["references"]
        return [
            f"{type(result).__name__} {taken[order.reference]['state']}"
            for order, result in zip(orders, results, strict=True)
        ]

    first, second = await play(tmp_path / "1"), await play(tmp_path / "2")
    assert first == second
    assert {"NoAnswer None", "NoAnswer success", "Answered success"} == set(first)


async def _wait_for_news(buyer: Buyer, count: int) -> None:
    async with asyncio.timeout(60):
        while len(buyer.callbacks) < count:  # noqa: ASYNC110 (it happens in another process)
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.4)


def test_the_command_refuses_an_unknown_dialect() -> None:
    options = ["--dialect", "nope", "--port", "0", "--journal", "j", "--credential", "{}"]
    result = CliRunner().invoke(app, ["supplier", *options])
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--credential", "{}"], "token"),
        (["--credential", "no JSON"], "malformed"),
        (["--credential", '{"token": "t"}', "--faults", "oops=1"], "oops"),
        (["--credential", '{"token": "t"}', "--faults", "tls_failure=0.1"], "--tls"),
        (["--credential", '{"token": "t"}', "--prices", "missing.json"], "missing.json"),
    ],
)
def test_the_command_says_what_is_wrong_with_its_options(more: list[str], said: str) -> None:
    options = ["--dialect", "socx", "--port", "0", "--journal", "j", *more]
    result = CliRunner().invoke(app, ["supplier", *options])
    assert result.exit_code == 2
    assert said in result.output
