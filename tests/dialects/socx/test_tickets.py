from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from dialects.socx.helpers import BEARER, ask, make_gateway, post_json
from dialects.stand_in import StandInGateway
from gerbang.clock import FixedClock
from gerbang.dialects.contract import Refusal
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import HttpRequest

DOCUMENT_TIME = datetime(2024, 5, 15, 18, 37, 8, tzinfo=UTC)
"""One day before the sample's 17/05/2024 01:37:08 in WIB."""


async def open_ticket(
    gateway: StandInGateway, body: object, *, path: str = "/deposit_ticket", status: int = 200
) -> dict[str, Any]:
    answer = await ask(gateway, post_json(path, body))
    assert answer.status == status
    reply: dict[str, Any] = json.loads(answer.body)
    return reply


async def test_the_documents_ticket_is_answered_field_by_field_with_the_right_sum() -> None:
    gateway = make_gateway()
    gateway.clock = FixedClock(DOCUMENT_TIME)
    bank = {"beneficiary_name": "Name", "status": 1}
    expected = {
        "instruction": (
            "Mohon transfer nominal Rp. 1,000,101 (harus sama), ke rekening BCA 1234567890, "
            "Mandiri 0987654321 sebelum 17/05/2024 01:37:08 Terima kasih"
        ),
        "amount": 1_000_000,
        "banks": [
            {"id": 1, "account_no": "1234567890", "bank_name": "BCA", **bank},
            {"id": 2, "account_no": "0987654321", "bank_name": "Mandiri", **bank},
        ],
        "unique": 101,
        "admin_fee": 0,
        "grand_total": 1_000_101,
        "valid_before": "17/05/2024 01:37:08",
    }
    reply = await open_ticket(gateway, {"amount": 1_000_000})
    assert reply == expected
    assert list(reply) == list(expected)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"amount": "1000000"},
        {"amount": 1.5},
        {"amount": None},
        [],
        b"{",
        b'{"amount":1,"amount":2}',
    ],
)
async def test_a_body_that_makes_no_sense_opens_nothing(body: object) -> None:
    gateway = make_gateway()
    reply = await open_ticket(gateway, body)
    assert reply["rc"] == "01"
    assert gateway.tickets == []


@pytest.mark.parametrize(
    ("refusal", "rc", "words"),
    [
        (Refusal(reason=Reason.INVALID_AMOUNT, fields={"amount": ["10000", "9000000"]}), "01",
         "10.000 sampai 9.000.000"),
        (Refusal(reason=Reason.NO_UNIQUE_AMOUNT), "09", "coba nominal lain"),
        (Refusal(reason=Reason.RATE_LIMITED), "36", "batas"),
        (Refusal(reason=Reason.NOT_LIVE), "71", "akun"),
    ],
)  # fmt: skip
async def test_a_refused_ticket_says_why(refusal: Refusal, rc: str, words: str) -> None:
    gateway = make_gateway()
    gateway.ticket_refusal = refusal
    reply = await open_ticket(gateway, {"amount": 5})
    assert reply["rc"] == rc
    assert words in reply["message"]


@pytest.mark.parametrize(
    ("body", "path", "testing"),
    [
        ({"amount": 50_000}, "/deposit_ticket", False),
        ({"amount": 50_000, "testing": True}, "/deposit_ticket", True),
        ({"amount": 50_000}, "/deposit_ticket?testing=1", True),
    ],
)
async def test_a_testing_ticket_says_so(body: object, path: str, *, testing: bool) -> None:
    gateway = make_gateway()
    await open_ticket(gateway, body, path=path)
    assert [one.testing for one in gateway.tickets] == [testing]


async def test_testing_that_cannot_be_read_is_never_live() -> None:
    gateway = make_gateway()
    for body, path in (
        ({"amount": 50_000, "testing": "yes"}, "/deposit_ticket"),
        ({"amount": 50_000}, "/deposit_ticket?testing=maybe"),
    ):
        assert (await open_ticket(gateway, body, path=path))["rc"] == "01"
    assert gateway.tickets == []


async def test_a_testing_credential_only_tests() -> None:
    gateway = make_gateway(testing=True)
    await open_ticket(gateway, {"amount": 50_000})
    assert [one.testing for one in gateway.tickets] == [True]


async def test_a_wrong_token_and_a_refused_caller_get_no_ticket() -> None:
    gateway = make_gateway()
    stranger = post_json("/deposit_ticket", {"amount": 50_000}, headers=())
    assert (await ask(gateway, stranger)).status == 401
    gateway.access = lambda _credential, _ip: Reason.RESELLER_SUSPENDED
    assert (await open_ticket(gateway, {"amount": 50_000}, status=403))["rc"] == "71"
    assert gateway.tickets == []


async def test_a_get_opens_nothing() -> None:
    gateway = make_gateway()
    request = HttpRequest(
        method="GET", url="http://gerbang.test/reseller/api/v1/deposit_ticket", headers=(BEARER,)
    )
    assert (await ask(gateway, request)).status == 404
