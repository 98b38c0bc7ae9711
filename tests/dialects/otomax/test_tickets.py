from __future__ import annotations

import json

import pytest

from dialects.otomax.house import LOGIN, PASSWORD, PIN, get, make_gateway
from gerbang.dialects.contract import Refusal
from gerbang.dialects.otomax import tickets, wire
from gerbang.orders.reasons import Reason

DOCUMENTED_SIGN = "BzomrTDf-ZD9Fows4716JwNZd2A"
PATHS = ("/ticket", "/ticket/", "/?cmd=ticket", "/?cmd=TICKET")


def test_the_sign_of_a_ticket_is_that_of_the_vectors() -> None:
    assert wire.make_sign(tickets.ticket_text(LOGIN, amount="1000000")) == DOCUMENTED_SIGN


def fields(**changes: str) -> str:
    given = {"memberID": "YUSUF", "amount": "1000000", "sign": DOCUMENTED_SIGN} | changes
    return "&".join(f"{name}={value}" for name, value in given.items() if value)


async def ask(gateway: object, query: str, path: str = "/ticket") -> str:
    base, _, more = path.partition("?")
    answer = await get(gateway, f"{more}&{query}" if more else query, base)  # type: ignore[arg-type]
    return answer.text()


@pytest.mark.parametrize("path", PATHS)
async def test_a_ticket_is_an_amount_and_a_pair_of_lines_for_each_bank(path: str) -> None:
    gateway = make_gateway()
    text = await ask(gateway, fields(), path)
    assert text.splitlines()[1:] == ["BCA : 1234567890", "Name", "Mandiri : 0987654321", "Name"]
    assert "Rp.1.000.101 (harus sama persis) sebelum 01/06/2026 12:36:46 WIB" in text
    assert [(one.amount, one.testing) for one in gateway.tickets] == [(1_000_000, False)]


async def test_pin_and_password_open_a_ticket_too() -> None:
    query = fields(sign="", pin=PIN, password=PASSWORD)
    assert "Rp.1.000.101" in await ask(make_gateway(), query)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (fields(amount="1000001"), "Invalid Signature"),
        (fields(sign=""), "Invalid Signature"),
        (fields(memberID="NOBODY"), "Pengguna tidak ditemukan"),
    ],
)
async def test_only_the_member_opens_a_ticket_for_the_amount_that_was_signed(
    query: str, text: str
) -> None:
    gateway = make_gateway()
    assert await ask(gateway, query) == text
    assert gateway.tickets == []


@pytest.mark.parametrize("amount", ["", "0", "-5", "1e6", "1.000.000", "9" * 13, "\u0661\u0660"])
async def test_an_amount_that_makes_no_sense_opens_nothing(amount: str) -> None:
    gateway = make_gateway()
    query = fields(sign="", amount=amount, pin=PIN, password=PASSWORD)
    assert (await ask(gateway, query)).startswith("Nominal tidak sah")
    assert gateway.tickets == []


@pytest.mark.parametrize(("value", "opened"), [("1", [True]), ("0", [False]), ("maybe", [])])
async def test_testing_is_said_with_one_or_zero_and_nothing_else(
    value: str, opened: list[bool]
) -> None:
    gateway = make_gateway()
    await ask(gateway, fields(testing=value))
    assert [one.testing for one in gateway.tickets] == opened


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        (
            Refusal(reason=Reason.INVALID_AMOUNT, fields={"amount": ["10000", "9000000"]}),
            "Nominal tidak sah, 10.000 sampai 9.000.000",
        ),
        (Refusal(reason=Reason.NO_UNIQUE_AMOUNT), tickets.NO_TOTAL_LEFT),
    ],
)
async def test_a_refused_ticket_says_why(refusal: Refusal, text: str) -> None:
    gateway = make_gateway()
    gateway.ticket_refusal = refusal
    assert await ask(gateway, fields()) == text


async def test_the_json_profile_gives_the_parts() -> None:
    gateway = make_gateway(settings={"otomax.profile": "json-h2hid"})
    answer = await get(gateway, fields(), "/ticket")
    data = json.loads(answer.body)["data"]
    assert (data["total"], data["unique"], len(data["banks"])) == (1_000_101, 101, 2)


@pytest.mark.parametrize("query", ["", "cmd=trx&memberID=YUSUF", "cmd="])
async def test_the_root_knows_no_other_command(query: str) -> None:
    gateway = make_gateway()
    assert await ask(gateway, query, "/") == "Format salah: perintah tidak dikenal"
