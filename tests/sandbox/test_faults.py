"""Faults that the fake supplier makes on purpose."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gerbang.cli.sandbox import app
from gerbang.orders.outcome import Accepted, Delivered, NotFound, Rejected, Unknown
from gerbang.outbound.message import Answered, NoAnswer
from gerbang.sandbox.faults import (
    CallbackFault,
    FaultsUnreadableError,
    ReplyFault,
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


@pytest.mark.parametrize("text", ["oops=0.1", "delay=x", "delay=1.5", "delay=0.6,garbage=0.6"])
def test_a_text_that_is_no_list_of_faults_is_refused(text: str) -> None:
    with pytest.raises(FaultsUnreadableError):
        parse_faults(text)


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


async def _wait_for_news(buyer: Buyer, count: int) -> None:
    async with asyncio.timeout(5):
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
        (["--credential", '{"token": "t"}', "--prices", "missing.json"], "missing.json"),
    ],
)
def test_the_command_says_what_is_wrong_with_its_options(more: list[str], said: str) -> None:
    options = ["--dialect", "socx", "--port", "0", "--journal", "j", *more]
    result = CliRunner().invoke(app, ["supplier", *options])
    assert result.exit_code == 2
    assert said in result.output
