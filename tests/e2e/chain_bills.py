"""Bills through the chain: a reseller, Gerbang A, Gerbang B and a fake supplier, every pair."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from e2e.served import (
    ACTOR,
    FUNDS,
    Ear,
    ServedGateway,
    SupplierProcess,
    add_reseller,
    add_route,
    add_supplier,
    read_news,
    supplier_view,
)
from gerbang.bills.bill import Service
from gerbang.catalog.admin import ProductChange, create_product
from gerbang.dialects.contract import ProductKind
from gerbang.dialects.registry import DIALECTS
from gerbang.dialects.supplier_contract import (
    BillAnswer,
    BillFound,
    SupplierInquiry,
    SupplierOrder,
    SupplierView,
)
from gerbang.orders.outcome import Outcome
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient
from gerbang.outbound.message import Answered, HttpRequest
from gerbang.postgres.pool import Connection

DUE: Final = 22_500
FAKE_FEE, FAKE_KEEPS = 2_700, 1_200
FEE_B, NET_B = 2_700, 1_500
FEE_A, NET_A = 3_000, 1_900
ENDINGS: Final = {"at_once": "1230", "later": "1231", "changed": "1241", "nobody": "1232"}
PAID: Final = ("at_once", "later")
HOUSE: Final = AddressPolicy(allow_private=True)


@dataclass
class BillStory:
    """What became of one pair's bills, by name."""

    shown: dict[str, BillAnswer] = field(default_factory=dict)
    replies: dict[str, Outcome] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    news: dict[str, list[Any]] = field(default_factory=dict)
    money: dict[str, int] = field(default_factory=dict)


def make_fake(folder: Path, b: ServedGateway) -> tuple[SupplierProcess, Path]:
    """Give the supplier behind B, and the file of the bills it knows."""
    bills = folder / "bills.json"
    known = {"service": Service.BPJS_KESEHATAN.value, "fee": FAKE_FEE, "net": FAKE_KEEPS}
    bills.write_text(json.dumps({"FB": known}))
    fake = SupplierProcess("fake-bills", "isikuota", folder, f"{b.base_url}/callbacks/fake-bills")
    return fake, bills


async def furnish_a(
    connection: Connection, a: ServedGateway, b: ServedGateway, ear: Ear, pairs: list[Any]
) -> None:
    """Let A sell each pair's bill, and have it from B."""
    for i, (reseller, supplier) in enumerate(pairs):
        await add_reseller(connection, a.box, f"RB{i}", [reseller], callback_url=ear.url(f"RB{i}"))
        await _product(connection, f"PB{i}", fee=FEE_A, net=NET_A)
        await add_supplier(
            connection,
            a.box,
            f"bills-via-{i}",
            supplier,
            base_url=b.base_url,
            buyer=f"AB{i}",
            ask_again_after_ms=[60_000],
        )
        await add_route(connection, f"PB{i}", f"bills-via-{i}", code="MPB", cost=NET_B)


async def furnish_b(
    connection: Connection, a: ServedGateway, b: ServedGateway, fake: SupplierProcess, pairs: Any
) -> None:
    """Let B sell the bill to A, and have it from the fake supplier."""
    await _product(connection, "MPB", fee=FEE_B, net=NET_B)
    await add_supplier(
        connection,
        b.box,
        fake.name,
        fake.dialect,
        base_url=fake.base_url,
        buyer="GERBANG",
        ask_again_after_ms=[60_000],
    )
    await add_route(connection, "MPB", fake.name, code="FB", cost=FAKE_KEEPS)
    for i, (_, supplier) in enumerate(pairs):
        url = f"{a.base_url}/callbacks/bills-via-{i}"
        await add_reseller(connection, b.box, f"AB{i}", [supplier], callback_url=url)


async def _product(connection: Connection, code: str, *, fee: int, net: int) -> None:
    change = ProductChange(
        name=code,
        category="pulsa",
        kind="postpaid",
        base_price=net,
        cost=0,
        admin_fee=fee,
        service=Service.BPJS_KESEHATAN.value,
        biller=code,
    )
    await create_product(connection, code, change, actor=ACTOR)


async def live_bills(
    pair: tuple[str, str],
    number: int,
    nodes: tuple[ServedGateway, ServedGateway],
    ear: Ear,
    client: OutboundClient,
) -> BillStory:
    """Ask for and pay all bills of a pair, and wait until each is final and told."""
    a, b = nodes
    view = supplier_view(pair[0], f"RB{number}", a.base_url)
    story = BillStory()
    await asyncio.gather(*(_live(story, view, number, name, client) for name in ENDINGS))
    while True:
        rows = await a.fetch(
            "SELECT reference, state::text AS state, reason, sn, price FROM orders"
            " WHERE product_code = $1",
            f"PB{number}",
        )
        story.orders = {row["reference"].partition("-")[2]: dict(row) for row in rows}
        _listen(story, pair[0], view, number, ear)
        over = all(order["state"] != "pending" for order in story.orders.values())
        if over and set(PAID) <= set(story.news) and set(story.orders) <= set(story.news):
            break
        await asyncio.sleep(0.05)
    story.money = {
        "a spent": await _spent(a, f"RB{number}"),
        "a float": await _float(a, f"float:bills-via-{number}"),
        "b spent": await _spent(b, f"AB{number}"),
    }
    return story


async def _live(
    story: BillStory, view: SupplierView, number: int, name: str, client: OutboundClient
) -> None:
    half = DIALECTS[view.dialect]
    assert half.bills is not None
    reference = f"BILL{number}-{name}"
    customer = f"7700{number:02d}{ENDINGS[name]}"
    question = SupplierInquiry(
        # IsiKuota pays with the reference of its inquiry; elsewhere they are two.
        reference=reference if view.dialect == "isikuota" else f"Q{reference}",
        product_code=f"PB{number}",
        customer_no=customer,
        quantity=1,
        details_of=Service.BPJS_KESEHATAN,
    )
    asked = half.bills.inquire(view, question, now=datetime.now(UTC))
    shown = half.bills.read_inquiry(view, question, await _send(client, asked))
    story.shown[name] = shown
    if not isinstance(shown, BillFound):
        return
    order = SupplierOrder(
        reference=reference,
        product_code=f"PB{number}",
        destination=customer,
        quantity=1,
        counter=1,
        kind=ProductKind.POSTPAID,
    )
    paid = half.client.buy(view, order, now=datetime.now(UTC))
    story.replies[name] = half.client.read_buy(view, order, await _send(client, paid))


async def _send(client: OutboundClient, request: HttpRequest) -> Answered:
    result = await client.send(request, deadline_ms=60_000, purpose="purchase", addresses=HOUSE)
    assert isinstance(result, Answered), result
    return result


def _listen(story: BillStory, dialect: str, view: SupplierView, number: int, ear: Ear) -> None:
    story.news.clear()
    for request in [r for r in ear.heard if r.path == f"/RB{number}"]:
        for item in read_news(dialect, view, request):
            name = item.reference.partition("-")[2]
            story.news.setdefault(name, []).append(item.outcome)


async def _spent(node: ServedGateway, reseller: str) -> int:
    (account,) = await node.fetch(
        "SELECT balance, held FROM accounts WHERE code = $1", f"reseller:{reseller}"
    )
    assert account["held"] == 0
    return FUNDS - int(account["balance"])


async def _float(node: ServedGateway, code: str) -> int:
    (spent,) = await node.fetch(
        "SELECT coalesce(sum(e.amount), 0)::bigint AS amount FROM entries e"
        " JOIN accounts a ON a.id = e.account_id WHERE a.code = $1",
        code,
    )
    return int(spent["amount"])
