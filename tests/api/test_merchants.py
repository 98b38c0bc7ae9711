"""Merchants, acquirers, payments and settlements through the management API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.running import Running, running

MERCHANT: dict[str, Any] = {
    "imid": "MERCHANT01",
    "name": "Toko Sepatu",
    "features": {"secure": True, "instalments": [3, 6]},
    "mdr": {"default": 180, "amex": 290},
}


@pytest.fixture
async def at(database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(database_url, tmp_path) as here:
        yield here


async def test_a_merchant_is_made_with_a_key_that_is_shown_once(at: Running) -> None:
    made = await at.call("POST", "/merchants", 201, json=MERCHANT)
    assert len(made["merchant_key"]) == 64
    assert made["features"]["secure"] is True
    assert made["limits"]["amount_min"] == 5_000
    shown = await at.call("GET", "/merchants/MERCHANT01")
    assert "merchant_key" not in shown
    assert "sealed" not in shown
    assert shown["mdr"] == {"default": 180, "amex": 290}
    again = await at.call("POST", "/merchants", 409, json=MERCHANT)
    assert "already there" in again["message"]


async def test_members_are_changed_one_by_one(at: Running) -> None:
    await at.call("POST", "/merchants", 201, json=MERCHANT)
    changed = await at.call(
        "PATCH",
        "/merchants/MERCHANT01",
        json={
            "features": {"recurring": True},
            "limits": {"amount_min": 100},
            "mdr": {"amex": None},
            "settings": {"strict": True},
            "status": "suspended",
        },
    )
    assert changed["features"]["secure"] is True
    assert changed["features"]["recurring"] is True
    assert changed["limits"]["amount_min"] == 100
    assert changed["mdr"] == {"default": 180}
    assert changed["settings"]["strict"] is True
    assert changed["status"] == "suspended"


async def test_a_default_is_given_back_by_null(at: Running) -> None:
    await at.call("POST", "/merchants", 201, json=MERCHANT)
    changed = await at.call("PATCH", "/merchants/MERCHANT01", json={"features": {"secure": None}})
    assert changed["features"]["secure"] is False
    kept = await at.node.pool.fetchval("SELECT features FROM merchants")
    assert kept == {"instalments": [3, 6]}


@pytest.mark.parametrize(
    "change",
    [
        {"features": {"secure": "yes"}},
        {"features": {"nonsense": True}},
        {"features": {"instalments": [9]}},
        {"limits": {"amount_min": 0}},
        {"limits": {"amount_max": -1}},
        {"limits": {"bins_refused": ["44a"]}},
        {"features": {"foreign_cards": False}},
        {"features": {"foreign_cards": False}, "limits": {"bins_domestic": ["44a"]}},
        {"mdr": {"diners": 1}},
        {"mdr": {"default": 10_000}},
        {"settings": {"settle_hour": 24}},
        {"settings": {"callback_method": "put"}},
        {"name": " "},
    ],
)
async def test_what_is_not_acceptable_is_named(at: Running, change: dict[str, Any]) -> None:
    await at.call("POST", "/merchants", 201, json=MERCHANT)
    await at.call("PATCH", "/merchants/MERCHANT01", 422, json=change)
    unchanged = await at.call("GET", "/merchants/MERCHANT01")
    assert unchanged["name"] == "Toko Sepatu"


@pytest.mark.parametrize("imid", ["SHORT", "MERCHANT-1", "MERCHANT012"])
async def test_an_imid_has_ten_letters_and_digits(at: Running, imid: str) -> None:
    await at.call("POST", "/merchants", 422, json=MERCHANT | {"imid": imid})


async def test_a_key_is_rotated_and_the_log_does_not_say_it(at: Running) -> None:
    first = await at.call("POST", "/merchants", 201, json=MERCHANT)
    second = await at.call("POST", "/merchants/MERCHANT01/key", json={})
    assert first["merchant_key"] != second["merchant_key"]
    sealed = await at.node.pool.fetchval("SELECT sealed FROM merchants")
    assert at.node.box.open(sealed) == {"key": second["merchant_key"]}
    log = str(await at.node.pool.fetch("SELECT * FROM audit_log"))
    assert "key_rotated" in log
    assert second["merchant_key"] not in log
    given = await at.call("POST", "/merchants/MERCHANT01/key", json={"merchant_key": "KEY/=="})
    assert given["merchant_key"] == "KEY/=="


async def test_a_merchant_may_be_a_resellers(at: Running) -> None:
    await at.reseller("TOKO")
    made = await at.call("POST", "/merchants", 201, json=MERCHANT | {"reseller": "TOKO"})
    assert made["reseller"] == "TOKO"
    missing = MERCHANT | {"imid": "MERCHANT02", "reseller": "NOBODY"}
    await at.call("POST", "/merchants", 404, json=missing)


async def test_an_acquirer_beyond_the_network_is_made_and_changed(at: Running) -> None:
    body = {
        "code": "live",
        "base_url": "https://www.nicepay.example",
        "imid": "OURMID0001",
        "merchant_key": "SECRET==",
    }
    made = await at.call("POST", "/acquirers", 201, json=body)
    assert (made["kind"], made["sandbox"]) == ("nicepay", False)
    assert "SECRET" not in str(await at.call("GET", "/acquirers"))
    await at.call("PATCH", "/acquirers/live", 422, json={"imid": "OURMID0002"})
    moved = await at.call("PATCH", "/acquirers/live", json={"base_url": "https://new.example"})
    assert moved["base_url"] == "https://new.example"
    await at.call("PATCH", "/acquirers/sandbox", 404, json={"base_url": "https://x.example"})
    merchant = MERCHANT | {"acquirer": "live"}
    assert (await at.call("POST", "/merchants", 201, json=merchant))["sandboxed"] is False


async def test_payments_are_listed_and_shown(at: Running) -> None:
    await at.call("POST", "/merchants", 201, json=MERCHANT)
    txid = "MERCHANT0101202601021530000001"
    await at.node.pool.execute(
        "INSERT INTO payments (id, txid, merchant_id, reference, channel, sandboxed, booked,"
        " amount, details, notify_url, registered_at, expires_at)"
        " SELECT 1, $1, id, 'ORD-1', 'direct', sandboxed, false, 5000, '{}', '', $2, $2"
        " FROM merchants",
        txid,
        datetime(2026, 1, 2, tzinfo=UTC),
    )
    listed = await at.call("GET", "/card-payments?imid=MERCHANT01&state=initialised")
    assert [one["txid"] for one in listed["items"]] == [txid]
    assert (await at.call("GET", "/card-payments?reference=other"))["items"] == []
    await at.call("GET", "/card-payments?state=nonsense", 422)
    shown = await at.call("GET", f"/card-payments/{txid}")
    assert (shown["attempts"], shown["notifications"]) == ([], [])
    await at.call("GET", "/card-payments/nothing", 404)


async def test_settlement_reports_say_gross_fee_and_net(at: Running) -> None:
    await at.call("POST", "/merchants", 201, json=MERCHANT)
    await at.node.pool.execute(
        "INSERT INTO settlements (merchant_id, day, charges_count, gross, fee, refunds_count,"
        " refunded) SELECT id, '2026-01-02', 2, 100000, 1800, 1, 5000 FROM merchants"
    )
    (report,) = (await at.call("GET", "/settlements?day=2026-01-02"))["items"]
    assert (report["gross"], report["fee"], report["net"]) == (100_000, 1_800, 93_200)
    shown = await at.call("GET", "/settlements/MERCHANT01/2026-01-02")
    assert shown["lines"] == []
    await at.call("GET", "/settlements/MERCHANT01/2026-01-03", 404)
