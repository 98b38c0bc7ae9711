"""Create, change and show resellers. Each change is one transaction of the caller."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from ipaddress import ip_network
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from gerbang.audit import write_audit
from gerbang.dialects.names import (
    callback_formats,
    dialect_names,
    dialects_with_tokens,
    own_addresses,
)
from gerbang.errors import BadInputError, ConflictError, NotFoundError, database_errors_told
from gerbang.golive.read import require_green
from gerbang.money import RUPIAH_MAX
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries
from gerbang.secrets_box import SecretBox
from gerbang.terms.store import operator_terms

SQL = load_queries("gerbang.resellers", "admin.sql")

REPLY_WAIT_MS_MAX: Final = 60_000
URL_CHARS_MAX: Final = 2_000
LIMIT_MAX: Final = 2_000_000_000
_CODE: Final = re.compile(r"[A-Z0-9_-]{2,32}")
_LIMITS: Final = ("requests_per_second_max", "concurrent_requests_max", "orders_per_day_max")


class CallbackChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Where callbacks go, in which form, and the secret that signs the standard form."""

    url: str | UnsetType = UNSET
    format: str | UnsetType = UNSET
    secret: str | UnsetType = UNSET


class LimitsChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Limits; 0 means the installation's default."""

    requests_per_second_max: int | UnsetType = UNSET
    concurrent_requests_max: int | UnsetType = UNSET
    orders_per_day_max: int | UnsetType = UNSET


class ResellerChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change; what is not set stays. In `settings` and `reply_wait_ms` null removes."""

    name: str | UnsetType = UNSET
    status: Literal["active", "suspended", "closed"] | UnsetType = UNSET
    allowed_ips: list[str] | UnsetType = UNSET
    dialects: list[str] | UnsetType = UNSET
    callback: CallbackChange | UnsetType = UNSET
    credit_limit: int | UnsetType = UNSET
    limits: LimitsChange | UnsetType = UNSET
    live: bool | UnsetType = UNSET
    sandboxed: bool | UnsetType = UNSET
    late_success_paid_by: Literal["us", "reseller"] | UnsetType = UNSET
    reply_wait_ms: dict[str, int | None] | UnsetType = UNSET
    settings: dict[str, Any] | UnsetType = UNSET
    price_list: str | UnsetType = UNSET


async def create_reseller(
    connection: Connection,
    code: str,
    name: str,
    *,
    actor: str,
    box: SecretBox,
    price_list: str = "default",
    change: ResellerChange | None = None,
) -> dict[str, Any]:
    """Create a reseller with its two accounts, and apply `change` to it."""
    if not _CODE.fullmatch(code):
        problem = "capitals, digits, _ and -; 2 to 32 of them"
        raise BadInputError("the code is not acceptable", {"code": problem})
    if await connection.fetchrow(SQL.reseller_by_code, code) is not None:
        raise ConflictError(f"reseller {code} is already there")
    with database_errors_told():
        account = await connection.fetchval(
            SQL.insert_account, f"reseller:{code}", "reseller", "credit", 0
        )
        receivable = await connection.fetchval(
            SQL.insert_account, f"receivable:{code}", "receivable", "debit", 0
        )
        list_id = await _price_list_id(connection, price_list)
        await connection.execute(
            SQL.insert_reseller, code, _clean_name(name), account, receivable, list_id
        )
    await write_audit(
        connection,
        actor=actor,
        action="reseller.created",
        subject=f"reseller:{code}",
        after={"name": name, "price_list": price_list},
    )
    if change is not None:
        return await change_reseller(connection, code, change, actor=actor, box=box)
    return await show_reseller(connection, code)


async def change_reseller(
    connection: Connection, code: str, change: ResellerChange, *, actor: str, box: SecretBox
) -> dict[str, Any]:
    """Change what is set; gives the reseller as `show_reseller` does."""
    locked = await connection.fetchrow(SQL.lock_reseller, code)
    if locked is None:
        raise NotFoundError(f"no reseller {code}")
    before = dict(locked["row"])
    values = _checked(change, before)
    if change.price_list is not UNSET:
        values["price_list_id"] = await _price_list_id(connection, change.price_list)
    await _check_slug(connection, code, values.get("settings", {}))
    if values.get("live") and not before["live"]:
        await _check_live(connection, code)
    with database_errors_told():
        after = dict(await connection.fetchval(SQL.update_reseller, locked["id"], values))
        if change.callback is not UNSET and change.callback.secret is not UNSET:
            secret = change.callback.secret
            sealed = box.seal({"callback_secret": secret}) if secret else None
            await connection.execute(SQL.update_callback_secret, locked["id"], sealed)
            before["callback_secret"], after["callback_secret"] = "", "changed"
        if change.credit_limit is not UNSET:
            limit = _whole("credit_limit", change.credit_limit, RUPIAH_MAX)
            account_id = locked["account_id"]
            before["credit_limit"] = await connection.fetchval(SQL.account_for_limit, account_id)
            await connection.execute(SQL.update_credit_limit, account_id, limit)
            after["credit_limit"] = limit
    before["updated_at"] = after["updated_at"]
    await write_audit(
        connection,
        actor=actor,
        action="reseller.changed",
        subject=f"reseller:{code}",
        before=before,
        after=after,
    )
    return await show_reseller(connection, code)


async def show_reseller(connection: Connection | Pool, code: str) -> dict[str, Any]:
    """Show one reseller with its money and its credentials, without secrets."""
    row = await connection.fetchrow(SQL.list_resellers, "", None, code, 1, None)
    if row is None:
        raise NotFoundError(f"no reseller {code}")
    shown = _shown(row)
    credentials = await connection.fetch(SQL.list_credentials, row["id"], dialects_with_tokens())
    shown["credentials"] = [dict(c) for c in credentials]
    return shown


async def list_resellers(
    connection: Connection | Pool,
    *,
    after: str = "",
    limit: int = 100,
    status: str | None = None,
    search: str | None = None,
) -> dict[str, Any]:
    """List resellers by code; `after` is the `next` of the page before."""
    rows = await connection.fetch(SQL.list_resellers, after, status, None, limit, search)
    items = [_shown(row) for row in rows]
    return {"items": items, "next": items[-1]["code"] if len(items) == limit else None}


async def find_reseller(connection: Connection | Pool, code: str) -> Any:
    """Give id, code and accounts of a reseller. Raises NotFoundError."""
    row = await connection.fetchrow(SQL.reseller_by_code, code)
    if row is None:
        raise NotFoundError(f"no reseller {code}")
    return row


# --- what is acceptable ---------------------------------------------------------------------------


def _checked(change: ResellerChange, before: Mapping[str, Any]) -> dict[str, Any]:
    """Give the columns that change, checked."""
    values: dict[str, Any] = {}
    if change.name is not UNSET:
        values["name"] = _clean_name(change.name)
    plain = msgspec.to_builtins(change)
    for name in ("status", "live", "sandboxed", "late_success_paid_by"):
        if name in plain:
            values[name] = plain[name]
    if change.allowed_ips is not UNSET:
        values["allowed_ips"] = check_networks("allowed_ips", change.allowed_ips)
    if change.dialects is not UNSET:
        values["dialects"] = _known("dialects", change.dialects, dialect_names())
    if change.callback is not UNSET:
        values |= _checked_callback(change.callback)
    if change.limits is not UNSET:
        limits = msgspec.to_builtins(change.limits)
        values |= {name: _whole(name, value, LIMIT_MAX) for name, value in limits.items()}
    return values | _checked_merges(change, before)


def _checked_merges(change: ResellerChange, before: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if change.reply_wait_ms is not UNSET:
        _known("reply_wait_ms", change.reply_wait_ms, dialect_names())
        for name, wait_ms in change.reply_wait_ms.items():
            _whole(f"reply_wait_ms.{name}", wait_ms or 0, REPLY_WAIT_MS_MAX)
        values["reply_wait_ms"] = merged(before["reply_wait_ms"], change.reply_wait_ms)
    if change.settings is not UNSET:
        values["settings"] = merged(before["settings"], change.settings)
    return values


def _checked_callback(callback: CallbackChange) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if callback.url is not UNSET:
        values["callback_url"] = check_url("callback.url", callback.url) if callback.url else ""
    if callback.format is not UNSET:
        _known("callback.format", [callback.format], callback_formats())
        values["callback_format"] = callback.format
    return values


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Lay new members over old ones; null takes one away."""
    return {k: v for k, v in {**old, **new}.items() if v is not None}


def check_networks(field: str, texts: Collection[str]) -> list[str]:
    """Give addresses and networks (CIDR) in one form. Raises BadInputError."""
    networks = []
    for text in texts:
        try:
            networks.append(str(ip_network(text.strip(), strict=False)))
        except ValueError as error:
            problem = f"{text!r} is not an address or a network like 203.0.113.0/24"
            raise BadInputError(problem, {field: problem}) from error
    return networks


def check_url(field: str, text: str) -> str:
    """Give an http or https address back. Raises BadInputError."""
    try:
        parts = urlsplit(text.strip())
        fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if not fine or len(text) > URL_CHARS_MAX or not text.isprintable():
        problem = "not an http:// or https:// address"
        raise BadInputError(f"{field} is {problem}", {field: problem})
    return text.strip()


def _known(field: str, values: Collection[str], allowed: Collection[str]) -> list[str]:
    unknown = [value for value in values if value not in allowed]
    if unknown:
        problem = f"{', '.join(unknown)} is none of {', '.join(allowed)}"
        raise BadInputError(f"{field}: {problem}", {field: problem})
    return list(dict.fromkeys(values))


def _whole(field: str, value: int, most: int) -> int:
    if not 0 <= value <= most:
        problem = f"must be 0 to {most}"
        raise BadInputError(f"{field} {problem}", {field: problem})
    return value


def _clean_name(name: str) -> str:
    clean = name.strip()
    if not clean or len(clean) > 200 or not clean.isprintable():  # noqa: PLR2004 (letters)
        raise BadInputError("a name is needed", {"name": "1 to 200 printable letters"})
    return clean


async def _price_list_id(connection: Connection, code: str) -> int:
    found: int | None = await connection.fetchval(SQL.price_list_id, code)
    if found is None:
        raise BadInputError(f"no price list {code}", {"price_list": "no such price list"})
    return found


async def _check_live(connection: Connection, code: str) -> None:
    """Refuse live access while the checklist is not green, where the operator asks for that."""
    if (await operator_terms(connection)).checklist_required:
        await require_green(connection, code)


async def _check_slug(connection: Connection, code: str, settings: Mapping[str, Any]) -> None:
    for dialect, name in own_addresses().items():
        slug = settings.get(name)
        if slug and (owner := await connection.fetchval(SQL.slug_taken, name, str(slug), code)):
            raise ConflictError(f"the {dialect} address {slug} belongs to reseller {owner}")


def _shown(row: Any) -> dict[str, Any]:
    shown = dict(row)
    shown["callback"] = {
        "url": shown.pop("callback_url"),
        "format": shown.pop("callback_format"),
        "has_secret": shown.pop("has_callback_secret"),
    }
    shown["limits"] = {name: shown.pop(name) for name in _LIMITS}
    shown["available"] = shown["balance"] - shown["held"]
    return shown
