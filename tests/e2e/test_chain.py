"""A reseller, Gerbang A, Gerbang B and a fake supplier, in every pair of dialects.

A's supplier is B: the same program speaks each dialect as a buyer and as a seller. Nobody asks for
a state here (the first question would come after a minute), so what arrives at the reseller came
the whole way as callbacks.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from e2e import chain_bills
from e2e.chain_bills import BillStory, live_bills
from e2e.served import (
    FUNDS,
    Ear,
    ServedGateway,
    SupplierProcess,
    add_product,
    add_reseller,
    add_route,
    add_supplier,
    ended,
    listening,
    read_news,
    supplier_view,
)
from gerbang.dialects.contract import ProductKind
from gerbang.dialects.registry import DIALECTS
from gerbang.dialects.supplier_contract import BillFound, BillRefused, SupplierOrder, SupplierView
from gerbang.orders.outcome import Accepted, Delivered, Outcome, Rejected
from gerbang.orders.reasons import Reason
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient, OutboundSettings
from gerbang.outbound.message import Answered, InboundRequest
from gerbang.postgres.pool import Connection
from postgres.shared import SharedServer, run_apart
from proof import record

NAMES: Final = ("socx", "isikuota", "otomax")
PAIRS: Final = list(itertools.product(NAMES, NAMES))
ENDINGS: Final = {"at_once": "1230", "later": "1231", "refused": "1232"}
COST, PRICE_B, PRICE_A = 5_000, 5_300, 5_500
NOBODY_ASKS: Final = [60_000]
LIMIT_S: Final = 300


@dataclass
class Story:
    """What became of one pair's three orders, by name, and of its money."""

    replies: dict[str, Outcome] = field(default_factory=dict)
    news: dict[str, list[Any]] = field(default_factory=dict)
    raw: dict[str, list[InboundRequest]] = field(default_factory=dict)
    sn: dict[str, str] = field(default_factory=dict)
    at_a: dict[str, Any] = field(default_factory=dict)
    at_b: dict[str, Any] = field(default_factory=dict)


@dataclass
class Street:
    """All pairs' stories and the two ledgers."""

    stories: dict[tuple[str, str], Story]
    bills: dict[tuple[str, str], BillStory]
    differences: dict[str, list[Any]]
    journal: list[dict[str, Any]]
    bill_journal: list[dict[str, Any]]


@pytest.fixture(scope="module")
def street(
    postgres_server: SharedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Street]:
    """Live all pairs' stories at once, in one street of processes."""
    names = [f"chain_{os.getpid()}_{which}" for which in "ab"]
    folder = tmp_path_factory.mktemp("chain")
    for name in names:
        postgres_server.drop_database(name)
    urls = [
        postgres_server.create_database(name, template=postgres_server.template) for name in names
    ]
    try:
        yield run_apart(_live(folder, *urls))
    finally:
        for name in names:
            postgres_server.drop_database(name)


async def _live(folder: Path, url_a: str, url_b: str) -> Street:
    a, b = ServedGateway("a", folder, url_a), ServedGateway("b", folder, url_b)
    fake = SupplierProcess("fake", "socx", folder, f"{b.base_url}/callbacks/fake")
    biller, known_bills = chain_bills.make_fake(folder, b)
    started = time.monotonic()
    async with asyncio.timeout(LIMIT_S), listening() as ear, _client() as client:
        with ended(a, b, fake, biller):
            await asyncio.gather(_furnish_a(a, b, ear), _furnish_b(a, b, fake, biller))
            await asyncio.gather(
                a.start(), b.start(), fake.start(), biller.start(bills=known_bills)
            )
            stories, bills = await asyncio.gather(
                asyncio.gather(
                    *(_live_pair(pair, i, a, ear, client) for i, pair in enumerate(PAIRS))
                ),
                asyncio.gather(
                    *(live_bills(pair, i, (a, b), ear, client) for i, pair in enumerate(PAIRS))
                ),
            )
            for i, story in enumerate(stories):
                story.at_a = await _money(a, f"R{i}", f"float:via-{i}")
                story.at_b = await _money(b, f"A{i}", "float:fake")
            differences = {n.name: await _differences(n) for n in (a, b)}
            street = Street(
                dict(zip(PAIRS, stories, strict=True)),
                dict(zip(PAIRS, bills, strict=True)),
                differences,
                fake.journal(),
                biller.journal(),
            )
    record(
        "chain of two gateways",
        pairs=len(PAIRS),
        orders=len(PAIRS) * len(ENDINGS),
        callbacks=len(ear.heard),
        seconds=round(time.monotonic() - started, 1),
    )
    return street


@asynccontextmanager
async def _client() -> AsyncIterator[OutboundClient]:
    async with OutboundClient(OutboundSettings()) as client:
        yield client


async def _furnish_a(a: ServedGateway, b: ServedGateway, ear: Ear) -> None:
    async def work(connection: Connection) -> None:
        for i, (reseller, supplier) in enumerate(PAIRS):
            url = ear.url(f"R{i}")
            await add_reseller(connection, a.box, f"R{i}", [reseller], callback_url=url)
            await add_product(connection, f"P{i}", price=PRICE_A)
            await add_supplier(
                connection,
                a.box,
                f"via-{i}",
                supplier,
                base_url=b.base_url,
                buyer=f"A{i}",
                ask_again_after_ms=NOBODY_ASKS,
            )
            await add_route(connection, f"P{i}", f"via-{i}", code="HSA5", cost=PRICE_B)
        await chain_bills.furnish_a(connection, a, b, ear, PAIRS)

    await a.furnish(work, resellers=[f"R{k}{i}" for i in range(len(PAIRS)) for k in ("", "B")])


async def _furnish_b(
    a: ServedGateway, b: ServedGateway, fake: SupplierProcess, biller: SupplierProcess
) -> None:
    async def work(connection: Connection) -> None:
        await add_product(connection, "HSA5", price=PRICE_B)
        await add_supplier(
            connection,
            b.box,
            "fake",
            "socx",
            base_url=fake.base_url,
            buyer="GERBANG",
            ask_again_after_ms=NOBODY_ASKS,
        )
        await add_route(connection, "HSA5", "fake", code="F5", cost=COST)
        for i, (_, supplier) in enumerate(PAIRS):
            url = f"{a.base_url}/callbacks/via-{i}"
            await add_reseller(connection, b.box, f"A{i}", [supplier], callback_url=url)
        await chain_bills.furnish_b(connection, a, b, biller, PAIRS)

    await b.furnish(work, resellers=[f"A{k}{i}" for i in range(len(PAIRS)) for k in ("", "B")])


async def _live_pair(
    pair: tuple[str, str], number: int, a: ServedGateway, ear: Ear, client: OutboundClient
) -> Story:
    dialect = pair[0]
    view = supplier_view(dialect, f"R{number}", a.base_url)
    story = Story()
    for name, ending in ENDINGS.items():
        order = SupplierOrder(
            reference=f"PAIR{number}-{name}",
            product_code=f"P{number}",
            destination=f"08123{number:02d}{ending}",
            quantity=1,
            counter=1,
            kind=ProductKind.PREPAID,
        )
        story.replies[name] = await _buy(view, order, client)
    while not all(name in story.news for name in ENDINGS):
        await asyncio.sleep(0.05)
        _listen(story, dialect, view, number, ear)
    await asyncio.sleep(0.5)  # whatever else may come
    _listen(story, dialect, view, number, ear)
    rows = await a.fetch("SELECT reference, sn FROM orders WHERE product_code = $1", f"P{number}")
    story.sn = {row["reference"].partition("-")[2]: row["sn"] for row in rows}
    return story


async def _buy(view: SupplierView, order: SupplierOrder, client: OutboundClient) -> Outcome:
    half = DIALECTS[view.dialect].client
    request = half.buy(view, order, now=datetime.now(UTC))
    house = AddressPolicy(allow_private=True)
    result = await client.send(request, deadline_ms=15_000, purpose="purchase", addresses=house)
    assert isinstance(result, Answered), result
    return half.read_buy(view, order, result)


def _listen(story: Story, dialect: str, view: SupplierView, number: int, ear: Ear) -> None:
    """Read all that came to this pair's reseller so far."""
    story.news.clear()
    story.raw.clear()
    for request in [r for r in ear.heard if r.path == f"/R{number}"]:
        for item in read_news(dialect, view, request):
            name = item.reference.partition("-")[2]
            story.news.setdefault(name, []).append(item.outcome)
            story.raw.setdefault(name, []).append(request)


async def _money(node: ServedGateway, reseller: str, supplier_float: str) -> dict[str, Any]:
    (account,) = await node.fetch(
        "SELECT balance, held FROM accounts WHERE code = $1", f"reseller:{reseller}"
    )
    (orders,) = await node.fetch(
        "SELECT array_agg(o.state::text ORDER BY o.destination) AS states FROM orders o"
        " JOIN resellers r ON r.id = o.reseller_id WHERE r.code = $1",
        reseller,
    )
    (spent,) = await node.fetch(
        "SELECT coalesce(sum(e.amount), 0)::bigint AS amount FROM entries e"
        " JOIN accounts a ON a.id = e.account_id WHERE a.code = $1",
        supplier_float,
    )
    return {
        "spent": FUNDS - account["balance"],
        "held": account["held"],
        "float": spent["amount"],
        "states": orders["states"],
    }


async def _differences(node: ServedGateway) -> list[Any]:
    return [check for check in (await node.verify()).checks if check.differences]


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_success_a_late_success_and_a_refusal_reach_the_reseller(
    street: Street, pair: tuple[str, str]
) -> None:
    story = street.stories[pair]
    for name in ("at_once", "later"):
        assert isinstance(story.replies[name], (Accepted, Delivered)), name
        (outcome,) = story.news[name]
        assert isinstance(outcome, Delivered), name
        delivered = [
            entry
            for entry in street.journal
            if entry.get("sn") and _destination(street, entry["reference"]) == _to(pair, name)
        ]
        (true_sn,) = {entry["sn"] for entry in delivered}
        assert outcome.sn == story.sn[name] == true_sn
    assert isinstance(story.replies["refused"], (Accepted, Rejected))
    (refused,) = story.news["refused"]
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.NUMBER_NOT_FOUND


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_both_gateways_took_and_paid_for_exactly_two_orders(
    street: Street, pair: tuple[str, str]
) -> None:
    story = street.stories[pair]
    states = ["success", "success", "failed"]
    assert story.at_a == {
        "spent": 2 * PRICE_A,
        "held": 0,
        "float": 2 * PRICE_B,
        "states": states,
    }
    assert story.at_b == {
        "spent": 2 * PRICE_B,
        "held": 0,
        "float": 2 * COST * len(PAIRS),
        "states": states,
    }


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_callbacks_have_the_form_of_the_resellers_own_dialect(
    street: Street, pair: tuple[str, str]
) -> None:
    """By eye, not by the client half that shares its author with the server half."""
    for name, requests in street.stories[pair].raw.items():
        for request in requests:
            _FORMS[pair[0]](request, f"PAIR{PAIRS.index(pair)}-{name}")


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_bill_is_shown_and_paid_through_both_gateways_once(
    street: Street, pair: tuple[str, str]
) -> None:
    story = street.bills[pair]
    for name in chain_bills.PAID:
        shown = story.shown[name]
        assert isinstance(shown, BillFound), name
        assert shown.total == chain_bills.DUE + chain_bills.FEE_A
        assert shown.bill.customer_name == "Demo Member"
        assert isinstance(story.replies[name], (Accepted, Delivered))
        (told,) = story.news[name]
        assert isinstance(told, Delivered)
        (taken,) = [e for e in street.bill_journal if _pays(e, pair, name)]
        same = [e for e in street.bill_journal if e["reference"] == taken["reference"]]
        (sn,) = {e["sn"] for e in same if e.get("sn")}
        assert told.sn == story.orders[name]["sn"] == sn
    paid = len(chain_bills.PAID)
    at_b = paid * (chain_bills.DUE + chain_bills.NET_B)
    at_a = paid * (chain_bills.DUE + chain_bills.NET_A)
    assert story.money == {"a spent": at_a, "a float": at_b, "b spent": at_b}


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_bill_that_changed_or_that_nobody_has_costs_nobody_anything(
    street: Street, pair: tuple[str, str]
) -> None:
    story = street.bills[pair]
    nobody = story.shown["nobody"]
    assert isinstance(nobody, BillRefused)
    assert nobody.reason is Reason.BILL_NOT_FOUND
    changed = story.replies["changed"]
    if isinstance(changed, Accepted):
        (changed,) = story.news["changed"]
    assert isinstance(changed, Rejected)
    assert changed.reason is Reason.BILL_CHANGED
    assert not [e for e in street.bill_journal if _pays(e, pair, "changed")]


def _pays(entry: Mapping[str, Any], pair: tuple[str, str], name: str) -> bool:
    customer = f"7700{PAIRS.index(pair):02d}{chain_bills.ENDINGS[name]}"
    return bool(entry["event"] == "taken" and entry["destination"] == customer)


def test_both_ledgers_are_clean(street: Street) -> None:
    assert street.differences == {"a": [], "b": []}


def test_the_supplier_was_asked_exactly_once_for_each_order(street: Street) -> None:
    taken = [entry["destination"] for entry in street.journal if entry["event"] == "taken"]
    assert sorted(taken) == sorted(_to(pair, name) for pair in PAIRS for name in ENDINGS)
    assert not [entry for entry in street.journal if entry["event"] == "asked"]


def _to(pair: tuple[str, str], name: str) -> str:
    return f"08123{PAIRS.index(pair):02d}{ENDINGS[name]}"


def _destination(street: Street, reference: str) -> str:
    found: Mapping[str, Any] = next(
        e for e in street.journal if e["event"] == "taken" and e["reference"] == reference
    )
    return str(found["destination"])


def _is_socx(request: InboundRequest, reference: str) -> None:
    body = json.loads(request.body)
    assert request.method == "POST"
    assert (body["request_id"], body["trxid"] != "0") == (reference, True)
    assert body["rc"]


def _is_isikuota(request: InboundRequest, reference: str) -> None:
    assert request.method == "POST"
    assert len(request.header("x-signature") or "") == 64
    body = json.loads(request.body)
    assert body["event"].startswith("order.")
    assert reference in request.body.decode()


def _is_otomax(request: InboundRequest, reference: str) -> None:
    assert request.method == "GET"
    assert f"refid={reference}".lower() in request.query.decode().lower()
    assert b"message=" in request.query.lower()


_FORMS: Final = {"socx": _is_socx, "isikuota": _is_isikuota, "otomax": _is_otomax}
