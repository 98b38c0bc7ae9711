"""The checklist: green by evidence, and by nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cards.shop import Shop, open_shop
from gerbang.cards.checklist import (
    BY_PERSON,
    ITEMS,
    NEGATIVE_CODES,
    Facts,
    ItemState,
    case_of,
    is_passed,
    judge,
    sheet,
)
from gerbang.cards.merchant import Features

NOW = datetime(2026, 1, 2, tzinfo=UTC)
EVERYTHING = Features(secure=True, preauth=False, recurring=True, instalments=(3, 6, 12))


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(database_url, tmp_path, instalments=[3]) as here:
        here.at.node.card_office.evidence.trials.silence_s = 0.4
        yield here


async def arm(shop: Shop, kind: str) -> None:
    await shop.at.call("POST", "/merchants/MERCHANT01/trials", 201, json={"kind": kind})


async def ended(shop: Shop) -> dict[str, Any]:
    """Wait until the newest trial is over: inquiries are judged behind their answers."""
    for _ in range(200):
        newest: dict[str, Any] = (await shop.at.call("GET", "/merchants/MERCHANT01/trials"))[0]
        if newest["ended_at"]:
            return newest
        await asyncio.sleep(0.05)
    raise AssertionError(newest)


# --- pure -----------------------------------------------------------------------------------------


def test_without_facts_nothing_is_green() -> None:
    items = judge(EVERYTHING, Facts(seen={}, evidence={}))
    assert {item.state for item in items} == {ItemState.OPEN, ItemState.NOT_NEEDED}
    assert not is_passed(items)
    assert all(item.how for item in items if item.state is ItemState.OPEN)


def test_with_every_fact_everything_is_green() -> None:
    seen = {name: NOW for item in ITEMS for name in item.facts}
    noted = {item.noted: (NOW, "n") for item in ITEMS if item.noted}
    assert is_passed(judge(EVERYTHING, Facts(seen=seen, evidence=noted)))
    for name in seen:
        missing = {other: at for other, at in seen.items() if other != name}
        needed = [i for i in judge(Features(preauth=name in {"preauth", "capture"},
                  recurring=True, instalments=(3, 6, 12)), Facts(seen=missing, evidence=noted))
                  if i.state is ItemState.OPEN]  # fmt: skip
        assert needed


def test_a_wrong_token_after_the_right_one_opens_the_item_again() -> None:
    evidence = {"token_right": (NOW, ""), "token_wrong": (NOW + timedelta(seconds=1), "")}
    items = {i.key: i for i in judge(EVERYTHING, Facts(seen={}, evidence=evidence))}
    assert items["token"].state is ItemState.OPEN
    evidence["token_right"] = (NOW + timedelta(seconds=2), "")
    items = {i.key: i for i in judge(EVERYTHING, Facts(seen={}, evidence=evidence))}
    assert items["token"].state is ItemState.GREEN


def test_what_the_account_lacks_is_not_needed() -> None:
    items = {i.key: i for i in judge(Features(), Facts(seen={}, evidence={}))}
    not_needed = {"instalment_3", "recurring_first", "capture", "preauth"}
    assert {items[key].state for key in not_needed} == {ItemState.NOT_NEEDED}


def test_every_case_of_the_list_has_codes_of_its_own() -> None:
    codes = [code for codes in NEGATIVE_CODES.values() for code in codes]
    assert len(NEGATIVE_CODES) == 8
    assert len(codes) == len(set(codes))
    assert case_of("54") == "expired"
    assert case_of("0000") == ""


def test_the_sheet_has_a_line_for_each_item_and_no_formulas() -> None:
    facts = Facts(seen={}, evidence={"logs": (NOW, '=cmd("x")')})
    lines = sheet(judge(EVERYTHING, facts)).splitlines()
    assert len(lines) == len(ITEMS) + 1
    assert '"\'=cmd(""x"")"' in "\n".join(lines)


# --- by evidence ----------------------------------------------------------------------------------


async def test_the_steps_turn_green_as_they_are_done(shop: Shop) -> None:
    assert (await shop.checklist())["register"]["state"] == "open"
    order = await shop.register()
    await shop.green("register")
    assert (await shop.checklist())["charge"]["state"] == "open"
    assert (await shop.pay(order))["resultCd"] == "0000"
    await shop.green("charge")
    await shop.green("full_payment")
    assert (await shop.checklist())["token"]["state"] == "open"
    await shop.inquire(order)
    await shop.green("token")
    assert (await shop.inquire(order, merchantToken="0" * 64))["resultCd"] == "9010"
    for _ in range(100):
        if (await shop.checklist())["token"]["state"] == "open":
            break
    assert (await shop.checklist())["token"]["state"] == "open"


async def test_the_callback_is_proved_while_the_notification_is_held_back(shop: Shop) -> None:
    await arm(shop, "callback")
    order = await shop.register()
    page = await shop.pay(order)
    assert 'action="https://shop.example/back"' in page["_page"]
    assert shop.inbox == []
    await shop.inquire(order)
    await shop.green("callback")
    assert (await shop.checklist())["notification"]["state"] == "open"
    told = await shop.told(order)
    assert told["_agent"] == "Jakarta Commons-HttpClient/3.1"
    assert (await ended(shop))["state"] == "proved"


async def test_the_notification_is_proved_while_the_browser_is_not_returned(shop: Shop) -> None:
    await arm(shop, "notification")
    order = await shop.register()
    page = await shop.pay(order)
    assert page["resultCd"] == "0000"
    assert "shop.example" not in page["_page"]
    await shop.told(order)
    await shop.inquire(order)
    await shop.green("notification")
    assert (await shop.checklist())["callback"]["state"] == "open"


async def test_a_merchant_who_inquires_on_a_schedule_proves_no_callback(shop: Shop) -> None:
    """The inquiry comes while neither callback nor notification has told him of the charge."""
    shop.at.node.card_office.evidence.trials.silence_s = 60.0
    await arm(shop, "callback")
    order = await shop.register()
    paying = asyncio.create_task(shop.pay(order))
    async with asyncio.timeout(30):
        while (await shop.inquire(order))["status"] != "0":  # noqa: ASYNC110 (as his schedule does)
            await asyncio.sleep(0.05)
    over = await ended(shop)
    assert (over["state"], over["note"]) == ("ended", "an inquiry came before anything was told")
    await shop.told(order)
    paying.cancel()
    assert (await shop.checklist())["callback"]["state"] == "open"


async def test_a_merchant_who_inquires_on_a_schedule_proves_no_notification(shop: Shop) -> None:
    shop.at.node.card_office.evidence.trials.silence_s = 2.0
    await arm(shop, "notification")
    order = await shop.register()
    await shop.pay(order)
    assert shop.inbox == []
    await shop.inquire(order)
    assert (await ended(shop))["note"] == "an inquiry came before anything was told"
    await shop.told(order)
    await shop.inquire(order)
    assert (await shop.checklist())["notification"]["state"] == "open"


async def test_an_inquiry_long_after_the_browser_came_back_proves_nothing(shop: Shop) -> None:
    shop.at.node.card_office.evidence.trials.soon_s = 0.0
    await arm(shop, "callback")
    order = await shop.register()
    await shop.pay(order)
    await shop.inquire(order)
    assert (await ended(shop))["note"] == "no inquiry came soon after it was told"
    assert (await shop.checklist())["callback"]["state"] == "open"


async def test_who_armed_a_trial_and_ran_the_doctor_is_written_down(shop: Shop) -> None:
    await arm(shop, "callback")
    await shop.pay(await shop.register())
    await shop.at.call("POST", "/merchants/MERCHANT01/doctor")
    actions = await shop.at.node.pool.fetch(
        "SELECT action, actor FROM audit_log WHERE subject = 'merchant:MERCHANT01' ORDER BY id"
    )
    assert {("merchant.trial_armed", "api:test"), ("merchant.examined", "api:test")} <= {
        tuple(row) for row in actions
    }


async def test_a_trial_is_about_one_charge(shop: Shop) -> None:
    await arm(shop, "notification")
    await shop.pay(await shop.register())
    page = await shop.pay(await shop.register())
    assert "shop.example" in page["_page"]
    await shop.at.call("POST", "/merchants/MERCHANT01/trials", 422, json={"kind": "other"})


async def test_a_negative_case_needs_an_inquiry_and_no_second_charge(shop: Shop) -> None:
    order = await shop.register()
    assert (await shop.pay(order, "4434260000001022"))["resultCd"] == "54"
    assert (await shop.pay(order))["resultCd"] == "0000"
    await shop.inquire(order)
    await shop.green("token")
    assert (await shop.checklist())["negative_expired"]["state"] == "open"
    second = await shop.register()
    await shop.pay(second, "4434260000001022")
    await shop.inquire(second)
    item = await shop.green("negative_expired")
    assert item["evidence"] == second["tXid"]


async def test_an_invalid_expiry_counts_although_nothing_was_tried(shop: Shop) -> None:
    order = await shop.register()
    assert (await shop.pay(order, cardExpYymm="3913"))["resultCd"] == "9160"
    await shop.inquire(order)
    await shop.green("negative_expiry")


async def test_cancels_and_instalments_turn_green(shop: Shop) -> None:
    order = await shop.register()
    await shop.pay(order)
    assert (await shop.cancel(order, 150_000))["resultCd"] == "0000"
    await shop.green("cancel_full")
    instalment = await shop.register(instmntMon="3")
    assert (await shop.pay(instalment))["resultCd"] == "0000"
    await shop.green("instalment_3")


async def test_the_doctor_sends_the_real_notification_once_more(shop: Shop) -> None:
    await shop.at.call("POST", "/merchants/MERCHANT01/doctor", 409)
    order = await shop.register()
    await shop.pay(order)
    await shop.told(order)
    said = await shop.at.call("POST", "/merchants/MERCHANT01/doctor")
    assert said["ok"], said
    assert [one["tXid"] for one in shop.inbox] == [order["tXid"]] * 2
    await shop.green("doctor")


async def test_a_person_says_only_what_no_gateway_sees(shop: Shop) -> None:
    for item in BY_PERSON:
        body = {"note": "read the logs of today"}
        await shop.at.call("POST", f"/merchants/MERCHANT01/checklist/{item}", json=body)
        assert "api:test" in (await shop.green(item))["evidence"]
    await shop.at.call(
        "POST", "/merchants/MERCHANT01/checklist/charge", 422, json={"note": "believe me"}
    )


async def test_the_sheet_is_downloaded_as_csv(shop: Shop) -> None:
    answer = await shop.at.client.get("/api/merchants/MERCHANT01/checklist.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.startswith("no,group,item")
