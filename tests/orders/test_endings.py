"""What was placed leaves in one message with COMMIT, as text; its values stay what they were."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from asyncpg.exceptions import DivisionByZeroError as DivisionByZero

from gerbang.dialects.contract import Refusal
from gerbang.orders.endings import SQL
from gerbang.orders.writes import Placed, RecordRefusal
from gerbang.postgres.lane_worker import Worker
from gerbang.postgres.pool import connect
from gerbang.postgres.sql import quote_literal
from orders.house import House, open_house

HOSTILE = (
    "it's",
    "''; DROP TABLE orders; --",
    "\\'; SELECT 1; --",
    "E'\\x41' $1 $$ %s {} :name",
    '"quoted" \\" \\\\ \\n',
    "Rp5.000 · pulsa ✓ 𝄞",
    "COMMIT; BEGIN",
    "'",
)


async def test_hostile_texts_are_stored_as_they_are(database_url: str) -> None:
    async with open_house(database_url) as house:
        for text in HOSTILE:
            order = house.purchase(reference=text, destination=text, product_name=text, price=1)
            placed = await house.lane.submit(order)
            assert isinstance(placed, Placed)
            row = await house.connection.fetchrow(
                "SELECT reference, destination, product_name FROM orders WHERE id = $1",
                placed.order.id,
            )
            assert tuple(row) == (text, text, text)
        assert (await house.verify()).clean


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_literal_reads_as_its_text(database_url: str, text: str) -> None:
    connection = await connect(database_url)
    try:
        assert await connection.fetchval(f"SELECT {quote_literal(text)}") == text
    finally:
        await connection.close()


def test_no_literal_holds_a_nul() -> None:
    with pytest.raises(ValueError, match="NUL"):
        quote_literal("a\0b")


async def test_a_batch_of_orders_is_one_message_after_its_locks(database_url: str) -> None:
    async with open_house(database_url, workers=1) as house:
        said: list[str] = []
        _listen(house, said)
        await house.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        await house.lane.submit(house.purchase())  # on a new connection: prepares
        said.clear()
        await house.lane.submit(house.purchase())
        assert [text.split("(")[0] for text in said] == ["BEGIN", "EXECUTE write_placed"]
        assert said[-1].endswith("COMMIT")


async def test_what_follows_an_order_is_written_after_it(database_url: str) -> None:
    async with open_house(database_url, workers=1) as house:
        refusal = RecordRefusal(
            reseller_id=house.reseller_id,
            dialect="socx",
            testing=False,
            reference="no",
            product_code="X",
            destination="08",
            reason="product_not_found",
            message="",
        )
        first = house.lane.submit_soon(house.purchase(price=1))
        told = house.lane.submit_soon(refusal)
        second = house.lane.submit_soon(house.purchase(price=1))
        assert isinstance(await first, Placed)
        assert isinstance(await second, Placed)
        await told
        assert await house.connection.fetchval("SELECT count(*) FROM refusals") == 1
        assert await house.connection.fetchval("SELECT count(*) FROM orders") == 2


async def test_an_order_the_database_refuses_takes_no_other_with_it(database_url: str) -> None:
    async with open_house(database_url, workers=1) as house:
        orders = [house.purchase(price=1) for _ in range(7)]
        orders[3] = house.purchase(price=1, kind="no such kind")
        waiting = [house.lane.submit_soon(order) for order in orders]
        with pytest.raises(Exception, match="product_kind"):
            await waiting[3]
        kept = [await future for at, future in enumerate(waiting) if at != 3]
        assert all(isinstance(result, Placed) for result in kept)
        assert await house.connection.fetchval("SELECT count(*) FROM orders") == 6
        assert (await house.verify()).clean


async def test_rows_that_are_not_there_stop_the_commit(database_url: str) -> None:
    connection = await connect(database_url)
    try:
        nothing: tuple[Any, ...] = ([], [], "sale.hold", 1, "", 0)
        now: tuple[Any, ...] = (datetime.now(UTC), [])
        await connection.execute(SQL.write_placed, *nothing, 0, *now)
        with pytest.raises(DivisionByZero):
            await connection.execute(SQL.write_placed, *nothing, 1, *now)
    finally:
        await connection.close()


async def test_a_poor_reseller_is_refused_without_an_error(database_url: str) -> None:
    async with open_house(database_url, balance=10) as house:
        results = [
            await future
            for future in [house.lane.submit_soon(house.purchase(price=4)) for _ in range(5)]
        ]
        assert [isinstance(result, Refusal) for result in results] == [
            False,
            False,
            True,
            True,
            True,
        ]


async def test_plans_are_made_anew_each_time_the_batches_have_doubled(database_url: str) -> None:
    async with open_house(database_url, workers=1) as house:
        said: list[str] = []
        heard: Any = _Heard(await connect(database_url), said)
        worker = Worker(house.lane, heard, -1)
        try:
            made_at = []
            for batch in range(1, 70):
                await worker._forget_old_plans()
                if said:
                    made_at.append(batch)
                    said.clear()
            assert made_at == [1, 2, 4, 8, 16, 32, 64]
        finally:
            worker.close()


def _listen(house: House, said: list[str]) -> None:
    open_connection = house.lane._open_connection

    async def open_heard() -> Any:
        return _Heard(await open_connection(), said)

    house.lane._open_connection = open_heard


class _Heard:
    """A connection that notes the texts it executes."""

    def __init__(self, connection: Any, said: list[str]) -> None:
        self._connection = connection
        self._said = said

    async def execute(self, sql: str, *values: Any) -> Any:
        self._said.append(sql)
        return await self._connection.execute(sql, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)
