"""The snapshot follows the database: everything at first, then what changed, and only that."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from time import thread_time
from typing import Any

import pytest

from catalog.shelf import (
    BOX,
    add_category,
    add_credential,
    add_price_list,
    add_product,
    add_reseller,
    add_route,
    add_supplier,
)
from gerbang.catalog.load import SQL, SnapshotLoader, WrongSecretKeyError
from gerbang.catalog.snapshot import Snapshot
from gerbang.clock import FixedClock
from gerbang.dialects.registry import DIALECTS
from gerbang.postgres.pool import connect, open_pool
from gerbang.secrets_box import SecretBox

NOW = datetime(2026, 5, 31, 5, 0, tzinfo=UTC)


@asynccontextmanager
async def shop(url: str) -> AsyncIterator[tuple[Any, SnapshotLoader, Snapshot]]:
    """A database with one of everything, and a loader that has not begun."""
    connection = await connect(url, statement_timeout_ms=120_000)
    pool = await open_pool(url, size_max=2)
    try:
        await add_category(connection)
        loader = SnapshotLoader(pool, BOX, DIALECTS, refresh_ms=50)
        yield connection, loader, loader.snapshot
        await loader.stop()
    finally:
        await connection.close()
        pool.terminate()


async def becomes(snapshot: Snapshot, status: str, *, within_s: float) -> None:
    """Wait until the refresh in the background brings the product's new status."""
    async with asyncio.timeout(within_s):
        while snapshot.products[1].status != status:  # noqa: ASYNC110 (nothing tells)
            await asyncio.sleep(0.01)


async def test_the_first_load_brings_everything(database_url: str) -> None:
    async with shop(database_url) as (c, loader, snapshot):
        product_id = await add_product(c)
        list_id = await add_price_list(c)
        reseller_id = await add_reseller(c, list_id)
        await add_credential(c, reseller_id, "demo_api_id", api_key="k", secret_key="s")
        supplier_id = await add_supplier(c, token="t")
        await add_route(c, product_id, supplier_id, prefixes=["0812"])
        await c.execute("INSERT INTO operator_prefixes VALUES ('0812', 'TELKOMSEL')")
        await c.execute(
            "INSERT INTO margins (price_list_id, amount, basis_points) VALUES ($1, 100, 50)",
            list_id,
        )
        await loader.start()
        product = snapshot.product("hsa5")
        reseller = snapshot.reseller_by_code("DEMO")
        assert product is not None
        assert reseller is not None
        assert snapshot.price(reseller, product) == 5_000 + 100 + 25
        credential = snapshot.credential("isikuota", "demo_api_id", FixedClock(NOW))
        assert credential is not None
        assert credential.secrets == {"api_key": "k", "secret_key": "s"}
        assert credential.reseller is reseller.view
        assert snapshot.prefixes == {"0812": "TELKOMSEL"}
        supplier = snapshot.supplier_by_code("s1")
        assert supplier is not None
        assert supplier.view.secrets == {"token": "t"}
        [route] = snapshot.routes_of(product_id)
        assert (route.supplier_id, route.rules.prefixes) == (supplier_id, ("0812",))


async def test_a_change_is_seen_within_half_a_second(database_url: str) -> None:
    async with shop(database_url) as (c, loader, snapshot):
        await add_product(c)
        await loader.start()
        await c.execute("UPDATE products SET status = 'disturbed'")
        assert loader.refresh_s <= 0.5
        await becomes(snapshot, "disturbed", within_s=60)


async def test_a_transaction_that_commits_after_a_younger_one_is_not_missed(
    database_url: str,
) -> None:
    async with shop(database_url) as (c, loader, snapshot):
        other = await connect(database_url)
        slow = c.transaction()
        await slow.start()
        await add_product(c, "OLD")
        await other.execute("INSERT INTO categories (code, name) VALUES ('younger', 'Younger')")
        await loader.refresh_now()
        assert "younger" in snapshot.categories
        assert snapshot.product("OLD") is None
        await slow.commit()
        await loader.refresh_now()
        assert snapshot.product("OLD") is not None
        await other.close()


async def test_rows_already_seen_are_not_read_again_while_an_old_transaction_is_open(
    database_url: str,
) -> None:
    async with shop(database_url) as (c, loader, snapshot):
        await add_product(c, "ANY")
        old = await connect(database_url)
        open_one = old.transaction()
        await open_one.start()
        await old.execute("SELECT pg_current_xact_id()")
        await c.execute("UPDATE products SET name = 'Changed'")
        await loader.refresh_now()
        taken = snapshot.products[1]
        await loader.refresh_now()
        assert snapshot.products[1] is taken
        await open_one.rollback()
        await old.close()


async def test_rows_of_a_restored_backup_are_loaded_once_and_not_at_every_poll(
    database_url: str,
) -> None:
    async with shop(database_url) as (c, loader, snapshot):
        await c.execute("ALTER TABLE products DISABLE TRIGGER products_note_change")
        await add_product(c, "ANY")
        await c.execute("UPDATE products SET changed_xid = '99999999999'")
        await c.execute("ALTER TABLE products ENABLE TRIGGER products_note_change")
        await loader.refresh_now()
        taken = snapshot.product("ANY")
        assert taken is not None
        await c.execute("UPDATE categories SET name = 'Other'")
        await loader.refresh_now()
        assert snapshot.product("ANY") is taken
        await c.execute("UPDATE products SET name = 'Newer'")
        await loader.refresh_now()
        found = snapshot.product("ANY")
        assert found is not None
        assert found.name == "Newer"


async def test_a_changed_reseller_shows_in_its_credentials(database_url: str) -> None:
    async with shop(database_url) as (c, loader, snapshot):
        reseller_id = await add_reseller(c, await add_price_list(c))
        await add_credential(c, reseller_id, "A")
        await loader.refresh_now()
        before = snapshot.credential("isikuota", "A", FixedClock(NOW))
        await c.execute("UPDATE resellers SET status = 'suspended'")
        await loader.refresh_now()
        after = snapshot.credential("isikuota", "A", FixedClock(NOW))
        assert before is not None
        assert after is not None
        assert (before.reseller.status, after.reseller.status) == ("active", "suspended")


async def test_revoked_and_expired_credentials_are_not_found(database_url: str) -> None:
    async with shop(database_url) as (c, loader, snapshot):
        reseller_id = await add_reseller(c, await add_price_list(c))
        for key in ("GONE", "ENDS"):
            await add_credential(c, reseller_id, key)
        await c.execute("UPDATE credentials SET revoked_at = now() WHERE key = 'GONE'")
        await c.execute("UPDATE credentials SET expires_at = $1 WHERE key = 'ENDS'", NOW)
        await loader.refresh_now()
        assert snapshot.credential("isikuota", "GONE", FixedClock(NOW)) is None
        assert snapshot.credential("isikuota", "ENDS", FixedClock(NOW)) is None
        assert (
            snapshot.credential("isikuota", "ENDS", FixedClock(NOW - timedelta(seconds=1)))
            is not None
        )


async def test_the_newest_live_credential_signs_callbacks(database_url: str) -> None:
    async with shop(database_url) as (c, loader, snapshot):
        reseller_id = await add_reseller(c, await add_price_list(c))
        for key in ("FIRST", "SECOND", "TESTS"):
            await add_credential(c, reseller_id, key, secret_key=key)
        await c.execute("UPDATE credentials SET testing = true WHERE key = 'TESTS'")
        await loader.refresh_now()
        owner = (reseller_id, "isikuota")
        assert snapshot.callback_secrets[owner] == {"secret_key": "SECOND"}
        await c.execute("UPDATE credentials SET revoked_at = now() WHERE key = 'SECOND'")
        await loader.refresh_now()
        assert snapshot.callback_secrets[owner] == {"secret_key": "FIRST"}
        await c.execute("UPDATE credentials SET label = 'x' WHERE key = 'FIRST'")
        await c.execute("UPDATE credentials SET revoked_at = now() WHERE key = 'FIRST'")
        await loader.refresh_now()
        assert snapshot.callback_secrets[owner] == {"secret_key": "TESTS"}


async def test_a_price_of_null_takes_the_margin_again(database_url: str) -> None:
    async with shop(database_url) as (c, loader, snapshot):
        product_id = await add_product(c)
        list_id = await add_price_list(c)
        reseller_id = await add_reseller(c, list_id)
        await c.execute("INSERT INTO prices VALUES ($1, $2, 4_000)", list_id, product_id)
        await loader.refresh_now()
        reseller, product = snapshot.resellers[reseller_id], snapshot.products[product_id]
        assert snapshot.price(reseller, product) == 4_000
        await c.execute("UPDATE prices SET price = NULL")
        await loader.refresh_now()
        assert snapshot.price(reseller, product) == 5_000


async def test_a_foreign_secret_key_is_refused_at_the_start(database_url: str) -> None:
    async with shop(database_url) as (c, _, _snapshot):
        reseller_id = await add_reseller(c, await add_price_list(c))
        await add_credential(c, reseller_id, "A", api_key="k")
        pool = await open_pool(database_url)
        other = SnapshotLoader(pool, SecretBox(b"x" * 32), DIALECTS)
        with pytest.raises(WrongSecretKeyError):
            await other.start()
        pool.terminate()


async def test_one_unusable_row_blinds_nobody_to_the_others(database_url: str) -> None:
    async with shop(database_url) as (c, loader, snapshot):
        await add_category(c, "broken", "([")
        reseller_id = await add_reseller(c, await add_price_list(c))
        await add_credential(c, reseller_id, "GOOD", api_key="k")
        bad = await add_credential(c, reseller_id, "BAD", api_key="k")
        await c.execute("UPDATE credentials SET sealed = '\\x00ff' WHERE id = $1", bad)
        supplier_id = await add_supplier(c)
        await c.execute("UPDATE suppliers SET sealed = '\\x00ff'")
        product_id = await add_product(c)
        await add_route(c, product_id, supplier_id, nonsense=True)
        await loader.start()
        assert set(snapshot.categories) == {"pulsa"}
        assert snapshot.credential("isikuota", "GOOD", FixedClock(NOW)) is not None
        assert snapshot.credential("isikuota", "BAD", FixedClock(NOW)) is None
        assert snapshot.suppliers[supplier_id].status == "paused"
        [route] = snapshot.routes_of(product_id)
        assert not route.enabled
        assert "nonsense" in route.disabled_reason


async def test_a_lost_connection_only_delays_the_next_refresh(database_url: str) -> None:
    async with shop(database_url) as (c, loader, snapshot):
        await add_product(c)
        await loader.start()
        await c.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        await c.execute("UPDATE products SET status = 'closed'")
        await becomes(snapshot, "closed", within_s=60)
        assert loader.age_s < 30


async def test_products_are_listed_by_code_behind_a_code(database_url: str) -> None:
    async with shop(database_url) as (c, loader, snapshot):
        for code in ("C", "A", "B"):
            await add_product(c, code)
        await loader.refresh_now()
        assert [p.code for p in snapshot.products_after()] == ["A", "B", "C"]
        await add_product(c, "AB")
        await loader.refresh_now()
        assert [p.code for p in snapshot.products_after("A")] == ["AB", "B", "C"]


@asynccontextmanager
async def seldom_collected() -> AsyncIterator[None]:
    """Look for garbage as a gateway does: never again among what was there at the start."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@pytest.mark.alone
async def test_a_hundred_thousand_changed_products_are_read_in_small_steps(
    database_url: str,
) -> None:
    """Others take their turns meanwhile: no step takes an eighth of the work."""
    async with shop(database_url) as (c, loader, snapshot), seldom_collected():
        await c.execute(
            "INSERT INTO products (code, name, category, base_price)"
            " SELECT 'P' || n, 'Product ' || n, 'pulsa', n FROM generate_series(1, 100000) n"
        )
        await loader.refresh_now()
        await c.execute("UPDATE products SET base_price = base_price + 1")
        worst, done = 0.0, asyncio.Event()

        async def watch() -> None:
            nonlocal worst
            while not done.is_set():
                before = thread_time()  # what others do on this machine does not count
                await asyncio.sleep(0)
                worst = max(worst, thread_time() - before)

        watcher = asyncio.create_task(watch())
        started = thread_time()
        await loader.refresh_now()
        whole = thread_time() - started
        done.set()
        await watcher
        assert len(snapshot.products) == 100_000
        found = snapshot.product("P7")
        assert found is not None
        assert found.base_price == 8
        assert worst < whole / 8


async def test_asking_for_changes_scans_no_table(database_url: str) -> None:
    async with shop(database_url) as (c, loader, _snapshot):
        await c.execute(
            "INSERT INTO products (code, name, category)"
            " SELECT 'P' || n, 'Product ' || n, 'pulsa' FROM generate_series(1, 20000) n"
        )
        await c.execute("ANALYZE products")
        await loader.refresh_now()
        await c.execute("SET plan_cache_mode = force_generic_plan")
        await c.execute(f"PREPARE asked(text) AS {SQL.changes}")
        plan = "\n".join(
            row[0] for row in await c.fetch(f"EXPLAIN EXECUTE asked('{loader._seen}')")
        )
        assert "products_changed" in plan
        assert "Seq Scan on products" not in plan
