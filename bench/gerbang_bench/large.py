"""A database with months of orders in it, bulk-loaded by COPY under all laws of the schema.

Every order is a whole life: hold, sale and cost with their entries, one delivered attempt, one
delivered callback. The days are over, so they are sealed as a node would have sealed them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec

from gerbang.clock import WIB
from gerbang.ledger.seal import seal_days
from gerbang.postgres.id_blocks import BLOCK_SIZE
from gerbang.postgres.pool import Connection, connect
from gerbang_bench.loadgen import phone
from gerbang_bench.world import COST, DIALECT, PRICE, PRODUCT, SUPPLIER

ORDERS = 10_000_000
CHUNK = 20_000
DAYS = 100
TRANSFERS_EACH = 3
PROGRESS_EVERY = 25
TAG = "BNCH"

_RESELLERS = """
SELECT r.id, r.account_id, a.balance, a.version, c.id AS credential_id
  FROM resellers r JOIN accounts a ON a.id = r.account_id
  JOIN credentials c ON c.reseller_id = r.id
 ORDER BY r.id
"""
_PARENTS = """
SELECT p.id AS product_id, s.id AS supplier_id, s.float_account_id, r.id AS route_id,
       (SELECT id FROM accounts WHERE code = 'house:sales') AS sales_id,
       (SELECT id FROM accounts WHERE code = 'house:cost') AS cost_id
  FROM products p, suppliers s, routes r
 WHERE p.code = $1 AND s.code = $2 AND r.product_id = p.id AND r.supplier_id = s.id
"""
_BALANCES = """
UPDATE accounts a SET balance = x.balance, version = x.version
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS x (id, balance, version)
 WHERE a.id = x.id
"""

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "transfers": (
        "id",
        "key",
        "event",
        "phase",
        "pending_id",
        "debit_account_id",
        "credit_account_id",
        "amount",
        "order_id",
        "business_day",
        "created_at",
    ),
    "entries": ("transfer_id", "account_id", "amount", "previous", "balance", "version"),
    "orders": (
        "id",
        "reseller_id",
        "credential_id",
        "testing",
        "dialect",
        "kind",
        "reference",
        "product_id",
        "product_code",
        "product_name",
        "destination",
        "quantity",
        "counter",
        "price",
        "hold_id",
        "state",
        "sn",
        "supplier_id",
        "cost",
        "business_day",
        "created_at",
        "updated_at",
        "final_at",
    ),
    "order_history": ("order_id", "at", "from_state", "to_state"),
    "attempts": (
        "id",
        "order_id",
        "number",
        "supplier_id",
        "route_id",
        "supplier_product_code",
        "reference",
        "state",
        "cost_expected",
        "cost",
        "sn",
        "sends",
        "sent_at",
        "created_at",
        "updated_at",
    ),
    "callbacks": (
        "id",
        "order_id",
        "reseller_id",
        "sequence",
        "event",
        "format",
        "occurred_at",
        "snapshot",
        "state",
        "attempts_count",
        "delivered_at",
        "last_status",
    ),
}
"""In the order in which rows must come: transfers before entries, orders before attempts."""


class Purse(msgspec.Struct):
    """A reseller whose balance moves while orders are made up."""

    id: int
    account_id: int
    balance: int
    version: int
    credential_id: int


class Parents(msgspec.Struct, frozen=True):
    """What all orders have in common."""

    product_id: int
    supplier_id: int
    float_account_id: int
    route_id: int
    sales_id: int
    cost_id: int


class Firsts(msgspec.Struct, frozen=True):
    """The first id of each kind that belongs to one chunk."""

    order: int
    transfer: int
    attempt: int
    callback: int


async def load_orders(dsn: str, orders: int, *, say: Callable[[str], None]) -> None:
    """Load, seal the days, and leave the tables as a database in use has them."""
    started = time.monotonic()
    connection = await connect(dsn)
    try:
        await connection.execute("SET statement_timeout = 0")
        await _load(connection, orders, say)
        sealed = await seal_days(connection)
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    say(f"{orders:,} orders, {len(sealed)} sealed days, {time.monotonic() - started:.0f} s")


async def _load(connection: Connection, orders: int, say: Callable[[str], None]) -> None:
    purses = [Purse(*row) for row in await connection.fetch(_RESELLERS)]
    row = await connection.fetchrow(_PARENTS, PRODUCT, SUPPLIER)
    if row is None:
        raise LookupError("the world has no route")
    parents = Parents(*row)
    today = datetime.now(WIB).date()
    for done in range(0, orders, CHUNK):
        count = min(CHUNK, orders - done)
        day = today - timedelta(days=DAYS - done * DAYS // orders)
        async with connection.transaction():
            firsts = await _take_ids(connection, count)
            await _copy(connection, _make_rows(firsts, count, done, purses, parents, day))
            await connection.execute(_BALANCES, *_balances(purses))
        if done // CHUNK % PROGRESS_EVERY == 0:
            say(f"{done + count:,} of {orders:,} orders")


async def _take_ids(connection: Connection, count: int) -> Firsts:
    return Firsts(
        order=await _take(connection, "order_ids", count),
        transfer=await _take(connection, "transfer_ids", count * TRANSFERS_EACH),
        attempt=await _take(connection, "attempt_ids", count),
        callback=await _take(connection, "callback_ids", count),
    )


async def _take(connection: Connection, sequence: str, count: int) -> int:
    """Take blocks that follow each other; nobody else is here yet."""
    first = int(await connection.fetchval("SELECT nextval($1::text::regclass)", sequence))
    last = first + (count - 1) // BLOCK_SIZE * BLOCK_SIZE
    await connection.execute("SELECT setval($1::text::regclass, $2)", sequence, last)
    return first


def _balances(purses: list[Purse]) -> tuple[list[int], list[int], list[int]]:
    return (
        [purse.account_id for purse in purses],
        [purse.balance for purse in purses],
        [purse.version for purse in purses],
    )


async def _copy(connection: Connection, rows: dict[str, list[tuple[Any, ...]]]) -> None:
    for table, columns in COLUMNS.items():
        await connection.copy_records_to_table(table, records=rows[table], columns=list(columns))


def _make_rows(
    firsts: Firsts, count: int, done: int, purses: list[Purse], parents: Parents, day: date
) -> dict[str, list[tuple[Any, ...]]]:
    rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
    noon = datetime(day.year, day.month, day.day, 5, tzinfo=UTC)  # noon in WIB
    for index in range(count):
        purse = purses[(done + index) % len(purses)]
        at = noon + timedelta(milliseconds=index)
        for table, row in _life(firsts, index, done + index, purse, parents, day, at):
            rows[table].append(row)
    return rows


def _life(
    firsts: Firsts,
    index: int,
    number: int,
    purse: Purse,
    parents: Parents,
    day: date,
    at: datetime,
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Give the rows of one order."""
    order_id, attempt_id = firsts.order + index, firsts.attempt + index
    hold_id = firsts.transfer + index * TRANSFERS_EACH
    yield from _money(order_id, attempt_id, hold_id, purse, parents, day, at)
    sn = f"{number:016}"
    yield (
        "orders",
        (
            *(order_id, purse.id, purse.credential_id, False, DIALECT, "prepaid", f"old{number}"),
            *(parents.product_id, PRODUCT, "Bench 5.000", phone(number), 1, 1, PRICE, hold_id),
            *("success", sn, parents.supplier_id, COST, day, at, at, at),
        ),
    )
    yield "order_history", (order_id, at, "pending", "success")
    yield (
        "attempts",
        (
            *(attempt_id, order_id, 1, parents.supplier_id, parents.route_id, PRODUCT),
            *(f"{TAG}-{attempt_id}", "delivered", COST, COST, sn, 1, at, at, at),
        ),
    )
    yield (
        "callbacks",
        (
            *(firsts.callback + index, order_id, purse.id, 1, "success", "socx", at, {}),
            *("delivered", 1, at, 200),
        ),
    )


def _money(
    order_id: int,
    attempt_id: int,
    hold_id: int,
    purse: Purse,
    parents: Parents,
    day: date,
    at: datetime,
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    post_id, cost_id = hold_id + 1, hold_id + 2
    sale = (purse.account_id, parents.sales_id, PRICE, order_id, day, at)
    key = f"order:{order_id}"
    yield "transfers", (hold_id, f"{key}:hold", "sale.hold", "pending", None, *sale)
    yield "transfers", (post_id, f"{key}:post", "sale.post", "posted", hold_id, *sale)
    yield (
        "transfers",
        (
            *(cost_id, f"attempt:{attempt_id}:cost", "cost", "direct", None),
            *(parents.cost_id, parents.float_account_id, COST, order_id, day, at),
        ),
    )
    previous = purse.balance
    purse.balance -= PRICE
    purse.version += 1
    yield (
        "entries",
        (post_id, purse.account_id, -PRICE, previous, purse.balance, purse.version),
    )
    yield "entries", (post_id, parents.sales_id, PRICE, None, None, None)
    yield "entries", (cost_id, parents.cost_id, -COST, None, None, None)
    yield "entries", (cost_id, parents.float_account_id, COST, None, None, None)
