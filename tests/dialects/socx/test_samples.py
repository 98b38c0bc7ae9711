"""The golden requests and replies of the dialect, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from typing import Final

import msgspec
import pytest

from dialects.socx.helpers import ask, credential_of, make_order, make_supplier
from dialects.socx.test_callback import message
from dialects.stand_in import PENDING, Scripted, StandInGateway, make_product, make_reseller
from gerbang.dialects.contract import Credential, OrderState, Refusal
from gerbang.dialects.socx import DIALECT
from gerbang.orders.outcome import (
    Accepted,
    Delivered,
    NotFound,
    Outcome,
    Rejected,
    StatusOutcome,
    Unknown,
)
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered, HttpRequest

SAMPLES: Final = resources.files("gerbang.dialects.socx") / "samples"
SAMPLE_TOKEN: Final = "SAMPLE-TOKEN"
REFERENCE: Final = "PULSA-20260531-0001"
ORDER: Final = make_order(reference=REFERENCE, product_code="S10", destination="081298765432")

Prepare = Callable[[StandInGateway], object]


def head_and_body(name: str) -> tuple[str, tuple[tuple[str, str], ...], bytes]:
    """Split a sample into its first line, its headers and its body."""
    head, _, body = (SAMPLES / name).read_bytes().partition(b"\n\n")
    first, *lines = head.decode().split("\n")
    headers = tuple((line.partition(": ")[0], line.partition(": ")[2]) for line in lines)
    return first, headers, body


def read_request(case: str) -> HttpRequest:
    first, headers, body = head_and_body(f"{case}.request.http")
    method, path = first.split(" ")
    url = f"http://gerbang.test{path}"
    return HttpRequest(method=method, url=url, headers=headers, body=body)


def read_reply(case: str) -> Answered:
    first, headers, body = head_and_body(f"{case}.reply.http")
    return Answered(status=int(first), headers=headers, body=body)


def gateway_of_samples() -> StandInGateway:
    reseller = make_reseller(settings={"socx.weak_token": True}, has_address_list=True)
    credentials: list[Credential] = [credential_of(SAMPLE_TOKEN, reseller=reseller)]
    products = [make_product("S10", name="Simpati 10.000", price=10_450)]
    return StandInGateway(credentials=credentials, products=products, balance=341_900_450)


def fresh(_: StandInGateway) -> None:
    """Do nothing: the reseller has not ordered yet."""


def pending(gateway: StandInGateway) -> None:
    gateway.script.append(PENDING)


def failing(gateway: StandInGateway) -> None:
    gateway.script.append(Scripted(state=OrderState.FAILED, reason=Reason.BILLER_FAILED))


def penniless(gateway: StandInGateway) -> None:
    gateway.script.append(Refusal(reason=Reason.INSUFFICIENT_BALANCE, price=10_450, balance=1_000))


CASES: Final[dict[str, tuple[Prepare, type[object] | None]]] = {
    "saldo": (fresh, None),
    "purchase_json": (pending, Accepted),
    "purchase_json_failed": (failing, Rejected),
    "purchase_json_no_balance": (penniless, Rejected),
    "purchase_json_wrong_token": (fresh, Rejected),
    "purchase_json_bad_msisdn": (fresh, Unknown),
    "purchase_http_get": (pending, Accepted),
    "purchase_http_form": (pending, Accepted),
    "purchase_http_multipart": (pending, Accepted),
    "purchase_xml": (pending, Accepted),
    "status_not_found": (fresh, NotFound),
    "status_wrong_token": (fresh, Unknown),
}


def interpret(case: str) -> Outcome | StatusOutcome:
    read = DIALECT.client.read_ask if case.startswith("status") else DIALECT.client.read_buy
    return read(make_supplier(), ORDER, read_reply(case))


@pytest.mark.parametrize("case", CASES)
async def test_a_sample_request_gets_its_sample_reply(case: str) -> None:
    gateway = gateway_of_samples()
    CASES[case][0](gateway)
    answer = await ask(gateway, read_request(case))
    reply = read_reply(case)
    assert answer.body == reply.body
    assert answer.status == reply.status
    assert set(reply.headers) <= set(answer.headers)


@pytest.mark.parametrize("case", [case for case, (_, kind) in CASES.items() if kind])
def test_the_client_half_reads_a_sample_reply(case: str) -> None:
    kind = CASES[case][1]
    assert kind is not None
    assert isinstance(interpret(case), kind)


async def test_the_status_of_an_order_that_was_delivered() -> None:
    gateway = gateway_of_samples()
    gateway.script.append(Scripted(sn="04092900001248875319"))
    await ask(gateway, read_request("purchase_json"))
    answer = await ask(gateway, read_request("status"))
    assert answer.body == read_reply("status").body
    outcome = interpret("status")
    assert isinstance(outcome, Delivered)
    assert outcome.sn == "04092900001248875319"


@pytest.mark.parametrize(
    ("case", "form"),
    [("callback_flat", "socx"), ("callback_data", "socx-data"), ("callback_xml", "socx-xml")],
)
def test_a_callback_is_its_sample(case: str, form: str) -> None:
    told = msgspec.structs.replace(message(), url="http://gerbang.test/report")
    assert DIALECT.callback_formats[form](told) == read_request(case)


def test_every_sample_is_used() -> None:
    used = {*CASES, "status", "callback_flat", "callback_data", "callback_xml"}
    exchanges = [entry.name for entry in SAMPLES.iterdir() if entry.name.endswith(".http")]
    assert {name.split(".")[0] for name in exchanges} == used
