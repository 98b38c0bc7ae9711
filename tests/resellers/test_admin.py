from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gerbang.errors import BadInputError, ConflictError, NotFoundError
from gerbang.postgres.pool import connect
from gerbang.resellers.admin import (
    CallbackChange,
    LimitsChange,
    ResellerChange,
    change_reseller,
    create_reseller,
    list_resellers,
    show_reseller,
)
from gerbang.resellers.credentials import (
    NewCredential,
    issue_credential,
    revoke_credential,
    rotate_credential,
)
from gerbang.secrets_box import SecretBox, hash_token

BOX = SecretBox(bytes(32))


@pytest.fixture
async def c(database_url: str) -> AsyncIterator[Any]:
    connection = await connect(database_url)
    yield connection
    await connection.close()


async def make(c: Any, code: str = "TOKO", **more: Any) -> dict[str, Any]:
    return await create_reseller(c, code, "Toko Satu", actor="test", box=BOX, **more)


async def change(c: Any, **values: Any) -> dict[str, Any]:
    return await change_reseller(c, "TOKO", ResellerChange(**values), actor="test", box=BOX)


async def test_a_new_reseller_has_two_accounts_and_no_money(c: Any) -> None:
    shown = await make(c)
    assert (shown["code"], shown["balance"], shown["available"]) == ("TOKO", 0, 0)
    kinds = await c.fetch("SELECT code FROM accounts WHERE code LIKE '%:TOKO' ORDER BY code")
    assert [row[0] for row in kinds] == ["receivable:TOKO", "reseller:TOKO"]


async def test_a_code_is_taken_once(c: Any) -> None:
    await make(c)
    with pytest.raises(ConflictError):
        await make(c)


async def test_everything_about_a_reseller_can_be_changed_and_is_audited(c: Any) -> None:
    await make(c)
    shown = await change(
        c,
        name="Toko Dua",
        status="suspended",
        allowed_ips=["203.0.113.7", "198.51.100.9/24"],
        dialects=["otomax"],
        callback=CallbackChange(url="https://toko.example/cb", format="socx-data", secret="s3cret"),
        credit_limit=50_000,
        limits=LimitsChange(orders_per_day_max=10),
        live=False,
        reply_wait_ms={"socx": 2_000},
        settings={"otomax.slug": "toko", "otomax.profile": "classic"},
    )
    assert shown["allowed_ips"] == ["203.0.113.7/32", "198.51.100.0/24"]
    assert shown["callback"] == {
        "url": "https://toko.example/cb",
        "format": "socx-data",
        "has_secret": True,
    }
    assert shown["limits"]["orders_per_day_max"] == 10
    assert shown["credit_limit"] == 50_000
    sealed = await c.fetchval("SELECT callback_secret_sealed FROM resellers")
    assert BOX.open(sealed) == {"callback_secret": "s3cret"}
    row = await c.fetchrow("SELECT * FROM audit_log WHERE action = 'reseller.changed'")
    assert row["before"]["name"] == "Toko Satu"
    assert row["after"]["name"] == "Toko Dua"
    assert "s3cret" not in str(row)


async def test_settings_are_merged_and_null_takes_one_away(c: Any) -> None:
    await make(c)
    await change(c, settings={"a": 1, "b": 2})
    shown = await change(c, settings={"a": None, "c": 3})
    assert shown["settings"] == {"b": 2, "c": 3}


async def test_a_credit_limit_in_use_cannot_be_taken_away(c: Any) -> None:
    await make(c)
    await change(c, credit_limit=50_000)
    await c.execute("UPDATE accounts SET held = 20000 WHERE code = 'reseller:TOKO'")
    with pytest.raises(BadInputError, match="uses more than that"):
        await change(c, credit_limit=10_000)


@pytest.mark.parametrize(
    "values",
    [
        {"allowed_ips": ["203.0.113.0/33"]},
        {"dialects": ["telnet"]},
        {"credit_limit": -1},
        {"credit_limit": 2**63},
        {"callback": CallbackChange(url="javascript:alert(1)")},
        {"callback": CallbackChange(url="http://[::1")},
        {"callback": CallbackChange(format="fax")},
        {"name": "  "},
        {"price_list": "none"},
        {"reply_wait_ms": {"socx": 999_999}},
        {"limits": LimitsChange(orders_per_day_max=-1)},
        {"settings": {"a": "\x00"}},
    ],
)
async def test_values_that_make_no_sense_are_refused(c: Any, values: dict[str, Any]) -> None:
    await make(c)
    with pytest.raises(BadInputError):
        await change(c, **values)


async def test_two_resellers_cannot_share_an_otomax_address(c: Any) -> None:
    await make(c)
    await make(c, "LAIN", change=ResellerChange(settings={"otomax.slug": "sama"}))
    with pytest.raises(ConflictError, match="LAIN"):
        await change(c, settings={"otomax.slug": "sama"})


async def test_a_list_goes_on_where_the_page_before_ended(c: Any) -> None:
    for code in ("AA", "BB", "CC"):
        await make(c, code)
    first = await list_resellers(c, limit=2)
    rest = await list_resellers(c, after=first["next"], limit=2)
    assert [r["code"] for r in first["items"] + rest["items"]] == ["AA", "BB", "CC"]
    assert rest["next"] is None


async def test_an_unknown_reseller_is_not_found(c: Any) -> None:
    with pytest.raises(NotFoundError):
        await show_reseller(c, "NOBODY")


async def issue(c: Any, **values: Any) -> Any:
    return await issue_credential(c, "TOKO", NewCredential(**values), box=BOX, actor="test")


async def test_a_socx_token_is_kept_as_its_hash_only(c: Any) -> None:
    await make(c)
    issued = await issue(c, dialect="socx")
    row = await c.fetchrow("SELECT * FROM credentials")
    assert row["key"] == hash_token(issued.secrets["token"])
    assert BOX.open(row["sealed"]) == {}


async def test_given_secrets_are_kept_sealed(c: Any) -> None:
    await make(c)
    given = {"pin": "1144", "password": "abcd"}
    issued = await issue(c, dialect="otomax", key="yusuf", secrets=given)
    assert issued.key == "YUSUF"
    row = await c.fetchrow("SELECT * FROM credentials")
    assert BOX.open(row["sealed"]) == given
    assert "abcd" not in str(await c.fetch("SELECT * FROM audit_log"))


@pytest.mark.parametrize(
    "values",
    [
        {"dialect": "telnet"},
        {"dialect": "otomax", "secrets": {"pin": "1|2"}},
        {"dialect": "isikuota", "key": "a|b"},
        {"dialect": "isikuota", "secrets": {"token": "x"}},
    ],
)
async def test_credentials_that_could_not_work_are_refused(c: Any, values: dict[str, Any]) -> None:
    await make(c)
    with pytest.raises(BadInputError):
        await issue(c, **values)


async def test_the_same_key_cannot_be_issued_twice(c: Any) -> None:
    await make(c)
    await issue(c, dialect="isikuota", key="api_1")
    with pytest.raises(ConflictError):
        await issue(c, dialect="isikuota", key="api_1")


async def test_after_a_rotation_the_old_credential_works_for_the_overlap(c: Any) -> None:
    await make(c)
    old = await issue(c, dialect="isikuota", key="api_1")
    new = await rotate_credential(c, "TOKO", old.id, box=BOX, actor="test")
    assert new.key != "api_1"
    left = await c.fetchval("SELECT expires_at - now() FROM credentials WHERE id = $1", old.id)
    assert 86_000 < left.total_seconds() <= 86_400


async def test_a_rotation_may_keep_the_member_and_change_its_secrets_at_once(c: Any) -> None:
    await make(c)
    old = await issue(c, dialect="otomax", key="YUSUF")
    new = await rotate_credential(c, "TOKO", old.id, box=BOX, actor="test", keep_key=True)
    assert (new.id, new.key) == (old.id, "YUSUF")
    assert new.secrets != old.secrets
    assert BOX.open(await c.fetchval("SELECT sealed FROM credentials")) == new.secrets


async def test_a_revoked_credential_is_over(c: Any) -> None:
    await make(c)
    old = await issue(c, dialect="socx")
    await revoke_credential(c, "TOKO", old.id, actor="test")
    assert await c.fetchval("SELECT revoked_at IS NOT NULL FROM credentials")
    with pytest.raises(ConflictError):
        await rotate_credential(c, "TOKO", old.id, box=BOX, actor="test")
