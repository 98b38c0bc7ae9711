"""Whatever comes over HTTP, the answer is the dialect's own, and nothing breaks behind it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from random import Random
from typing import Final
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from e2e.buyer import Buyer, make_buyer
from e2e.hostile_http import JUDGES, SOCX, Sent, Wire, judge, unexpected_errors
from e2e.hostile_requests import BOMBS, JSON_TYPE, NASTY_RAW, Hostile
from e2e.running_demo import RunningDemo
from proof import record
from scale import scale

SEED: Final = 20_261_120
FUNDS: Final = 50_000_000
FUZZ_S_MAX: Final = scale(45, 1_200)


async def _make(demo: RunningDemo) -> Buyer:
    async with asyncio.timeout(120), demo.http() as http:
        return await make_buyer(demo, http, funds=FUNDS, reply_wait_ms={"isikuota": 0})


@pytest.fixture(scope="module")
def buyer(demo: RunningDemo) -> Buyer:
    return asyncio.run(_make(demo))


@pytest.fixture
def wire(demo: RunningDemo) -> Iterator[Wire]:
    """Give a connection; afterwards the gateway must be as well as before."""
    read_before = len(demo.log())
    wire = Wire(demo)
    try:
        yield wire
    finally:
        wire.close()
    assert unexpected_errors(demo.log()[read_before:]) == []
    assert demo.is_ready()
    verification = asyncio.run(_verified(demo))
    assert verification == []


async def _verified(demo: RunningDemo) -> list[str]:
    async with asyncio.timeout(120):
        verification = await demo.verify()
    return [text for check in verification.checks for text in check.differences]


def ask(wire: Wire, sent: Sent) -> None:
    judge(sent, wire.send(sent))


def test_a_seeded_fuzz_run_gets_nothing_but_the_dialects_own_answers(
    wire: Wire, buyer: Buyer
) -> None:
    hostile = Hostile(buyer, Random(SEED))
    count = scale(3_000, 200_000)
    give_up_at = time.monotonic() + FUZZ_S_MAX
    for _ in range(count):
        ask(wire, hostile.any())
        assert time.monotonic() < give_up_at, f"only {wire.count} of {count} in time"
    record(
        "hostile requests",
        seed=SEED,
        requests=wire.count,
        by_status={str(status): wire.statuses[status] for status in sorted(wire.statuses)},
        server_errors=0,
        tracebacks=0,
        not_in_form=0,
    )


@pytest.mark.parametrize("path", JUDGES)
def test_a_wrong_method_is_refused_in_the_dialects_form(wire: Wire, path: str) -> None:
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "GET", "POST"):
        ask(wire, Sent(method, path))
    assert wire.send(Sent("PROPFIND", path)).status == 405


@pytest.mark.parametrize("path", JUDGES)
def test_a_head_request_gets_no_server_error(wire: Wire, path: str) -> None:
    assert wire.send(Sent("HEAD", path)).status < 500


@pytest.mark.parametrize("path", JUDGES)
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [65_537, 200_000])
def test_an_oversized_body_is_refused_in_the_dialects_form(
    wire: Wire, path: str, size: int, *, chunked: bool
) -> None:
    body = b'{"cmd":"' + b"a" * size + b'"}'
    ask(wire, Sent("POST", path, (JSON_TYPE,), body, chunked))


@pytest.mark.parametrize("path", JUDGES)
def test_an_oversized_query_is_refused_in_the_dialects_form(wire: Wire, path: str) -> None:
    for method in ("GET", "POST"):
        ask(wire, Sent(method, f"{path}?product={'a' * 20_000}"))


def test_entity_bombs_and_deep_documents_are_refused_quickly(wire: Wire, buyer: Buyer) -> None:
    bearer = ("Authorization", f"Bearer {buyer.token}".encode())
    for path in JUDGES:
        for body in (*BOMBS, *NASTY_RAW):
            started = time.monotonic()
            ask(wire, Sent("POST", path, (bearer, JSON_TYPE), body))
            assert time.monotonic() - started < 20


def test_a_bar_inside_signed_fields_never_makes_an_order(wire: Wire, buyer: Buyer) -> None:
    """Move the bar over the fields: every split hashes to the same text."""
    for product, dest, reference in (
        ("X10", "081234561230|R1", "R2"),
        ("X10|081234561230", "R1", "R2"),
        ("X10", "081234561230", "R1|R2"),
        ("X10|", "081234561230", "R1"),
    ):
        made = buyer.sign(product=product, dest=dest, reference=reference)
        query = f"product={product}&dest={dest}&refID={reference}&memberID={buyer.member}"
        sent = Sent("GET", f"/trx?{query.replace('|', '%7C')}&sign={made}")
        reply = wire.send(sent)
        judge(sent, reply)
        assert b"akan diproses" not in reply.body
        assert b"SUKSES" not in reply.body


# --- properties -------------------------------------------------------------------------------

PROPERTY: Final = settings(
    max_examples=scale(60, 3_000),
    deadline=5_000,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
ENDPOINTS: Final = st.sampled_from(tuple(JUDGES))
METHOD: Final = st.sampled_from(("GET", "POST", "PUT"))


@PROPERTY
@given(path=ENDPOINTS, method=METHOD, body=st.binary(max_size=400))
def test_any_bytes_get_the_dialects_answer(
    wire: Wire, buyer: Buyer, path: str, method: str, body: bytes
) -> None:
    bearer = ("Authorization", f"Bearer {buyer.token}".encode())
    ask(wire, Sent(method, path, (bearer,), body))


@PROPERTY
@given(values=st.dictionaries(st.sampled_from(("code", "msisdn", "request_id", "testing")), JSON))
def test_any_json_members_get_the_socx_answer(
    wire: Wire, buyer: Buyer, values: dict[str, object]
) -> None:
    bearer = ("Authorization", f"Bearer {buyer.token}".encode())
    body = msgspec.json.encode(values)
    for path in ("purchase", "status"):
        ask(wire, Sent("POST", f"{SOCX}/{path}", (bearer, JSON_TYPE), body))


@PROPERTY
@given(
    values=st.dictionaries(
        st.sampled_from(("cmd", "code", "customer_no", "ref_id", "testing")) | st.text(), JSON
    )
)
def test_any_signed_json_members_get_the_isikuota_answer(
    wire: Wire, buyer: Buyer, values: dict[str, object]
) -> None:
    body = msgspec.json.encode(_signed(buyer, values))
    ask(wire, Sent("POST", "/v1/order", (JSON_TYPE,), body))


def _signed(buyer: Buyer, values: dict[str, object]) -> dict[str, object]:
    try:
        return buyer.signed(values)
    except UnicodeEncodeError:
        return values


@PROPERTY
@given(
    product=st.text(max_size=70),
    dest=st.text(max_size=70),
    reference=st.text(max_size=70),
    qty=st.text(max_size=5),
)
def test_any_signed_texts_get_the_otomax_answer(
    wire: Wire, buyer: Buyer, product: str, dest: str, reference: str, qty: str
) -> None:
    made = buyer.sign(product=product.strip(), dest=dest.strip(), reference=reference.strip())
    fields = {"product": product, "dest": dest, "refID": reference, "qty": qty, "sign": made}
    query = urlencode({**fields, "memberID": buyer.member})
    ask(wire, Sent("GET", f"/trx?{query}"))
