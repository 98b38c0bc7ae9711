"""Create, change and show merchants and acquirers. Each change is one transaction of the caller."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from gerbang.audit import write_audit
from gerbang.cards.card import CardBrand
from gerbang.cards.merchant import BASIS_POINTS, MDR_DEFAULT, Features, Limits, Ways
from gerbang.errors import (
    BadInputError,
    ConflictError,
    NotFoundError,
    converted,
    database_errors_told,
)
from gerbang.money import RUPIAH_MAX
from gerbang.postgres.pool import Connection, Pool, Record
from gerbang.postgres.sql import load_queries
from gerbang.secrets_box import SecretBox

SQL: Final = load_queries("gerbang.cards", "admin.sql")

KEY_BYTES: Final = 48
KEY_CHARS_MAX: Final = 200
INSTALMENTS: Final = (3, 6, 12)
_IMID: Final = re.compile(r"[A-Za-z0-9]{10}")
_CODE: Final = re.compile(r"[a-z0-9_-]{2,32}")
_BIN: Final = re.compile(r"[0-9]{1,11}")

_Part = TypeVar("_Part", Features, Limits, Ways)


class MerchantChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change; what is not set stays. Members of the mappings are changed one by one."""

    name: str | UnsetType = UNSET
    status: Literal["active", "suspended", "closed"] | UnsetType = UNSET
    features: dict[str, Any] | UnsetType = UNSET
    limits: dict[str, Any] | UnsetType = UNSET
    mdr: dict[str, int | None] | UnsetType = UNSET
    """Basis points by brand or ``default``; null removes."""
    settings: dict[str, Any] | UnsetType = UNSET


# --- merchants ------------------------------------------------------------------------------------


async def create_merchant(
    connection: Connection,
    imid: str,
    name: str,
    *,
    actor: str,
    box: SecretBox,
    acquirer: str = "sandbox",
    reseller: str = "",
    key: str = "",
    change: MerchantChange | None = None,
) -> dict[str, Any]:
    """Create a merchant with its account; gives it with its merchantKey, shown this once."""
    if not _IMID.fullmatch(imid):
        raise BadInputError("an iMid is 10 letters and digits", {"imid": "10 letters and digits"})
    if await connection.fetchval(SQL.merchant_id, imid) is not None:
        raise ConflictError(f"merchant {imid} is already there")
    if await connection.fetchval(SQL.acquirer_exists, acquirer) is None:
        raise NotFoundError(f"no acquirer {acquirer}")
    reseller_id = await _reseller_id(connection, reseller)
    key = _checked_key(key)
    with database_errors_told():
        account = await connection.fetchval(
            SQL.insert_merchant_account, f"merchant:{imid}", "merchant", "credit"
        )
        await connection.fetchval(
            SQL.insert_merchant,
            imid,
            _checked_name(name),
            account,
            reseller_id,
            acquirer,
            seal_key(box, key),
        )
    await write_audit(
        connection,
        actor=actor,
        action="merchant.created",
        subject=f"merchant:{imid}",
        after={"name": name, "acquirer": acquirer, "reseller": reseller},
    )
    if change is not None:
        await change_merchant(connection, imid, change, actor=actor)
    return await show_merchant(connection, imid) | {"merchant_key": key}


async def change_merchant(
    connection: Connection, imid: str, change: MerchantChange, *, actor: str
) -> dict[str, Any]:
    """Change what is set; gives the merchant as `show_merchant` does."""
    locked = await connection.fetchrow(SQL.lock_merchant, imid)
    if locked is None:
        raise NotFoundError(f"no merchant {imid}")
    before = dict(locked["row"])
    values = _checked(change, before)
    with database_errors_told():
        after = dict(await connection.fetchval(SQL.update_merchant, locked["id"], values))
    before["updated_at"] = after["updated_at"]
    await write_audit(
        connection,
        actor=actor,
        action="merchant.changed",
        subject=f"merchant:{imid}",
        before=before,
        after=after,
    )
    return await show_merchant(connection, imid)


async def rotate_key(
    connection: Connection, imid: str, *, actor: str, box: SecretBox, key: str = ""
) -> dict[str, Any]:
    """Give a merchant a new key at once; it is shown this once, and the old one is refused."""
    locked = await connection.fetchrow(SQL.lock_merchant, imid)
    if locked is None:
        raise NotFoundError(f"no merchant {imid}")
    key = _checked_key(key)
    await connection.execute(SQL.update_merchant_key, locked["id"], seal_key(box, key))
    await write_audit(
        connection,
        actor=actor,
        action="merchant.key_rotated",
        subject=f"merchant:{imid}",
        before={"key": ""},
        after={"key": "changed"},
    )
    return await show_merchant(connection, imid) | {"merchant_key": key}


async def show_merchant(connection: Connection | Pool, imid: str) -> dict[str, Any]:
    """Show one merchant; its key is never shown again."""
    row = await connection.fetchrow(SQL.list_merchants, "", imid, 1)
    if row is None:
        raise NotFoundError(f"no merchant {imid}")
    return _shown(row)


async def list_merchants(
    connection: Connection | Pool, *, after: str = "", limit: int = 100
) -> dict[str, Any]:
    """List merchants by iMid; `after` is the `next` of the page before."""
    rows = await connection.fetch(SQL.list_merchants, after, None, limit)
    items = [_shown(row) for row in rows]
    return {"items": items, "next": items[-1]["imid"] if len(items) == limit else None}


def seal_key(box: SecretBox, key: str) -> bytes:
    """Seal a merchantKey as the `sealed` column holds it: it must be read back to sign."""
    return box.seal({"key": key})


def _shown(row: Record) -> dict[str, Any]:
    """Show every member of the mappings, those with a default too."""
    shown = dict(row)
    shown["features"] = msgspec.to_builtins(converted(shown["features"], Features))
    shown["limits"] = msgspec.to_builtins(converted(shown["limits"], Limits))
    shown["settings"] = msgspec.to_builtins(converted(shown["settings"], Ways))
    return shown


# --- acquirers ------------------------------------------------------------------------------------


async def create_acquirer(
    connection: Connection,
    code: str,
    *,
    base_url: str,
    imid: str,
    key: str,
    actor: str,
    box: SecretBox,
    sandbox: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Create an acquirer that speaks NICEPAY: our merchant account there.

    `sandbox` says that it moves no money: a development account.
    """
    if not _CODE.fullmatch(code):
        raise BadInputError("small letters, digits, _ and -", {"code": "2 to 32 characters"})
    if await connection.fetchval(SQL.acquirer_exists, code) is not None:
        raise ConflictError(f"acquirer {code} is already there")
    _check_url(base_url)
    sealed = box.seal({"imid": imid, "key": _checked_key(key)})
    with database_errors_told():
        account = await connection.fetchval(
            SQL.insert_merchant_account, f"acquirer:{code}", "house", "debit"
        )
        await connection.execute(
            SQL.insert_acquirer, code, base_url, sealed, sandbox, account, dict(settings or {})
        )
    await write_audit(
        connection,
        actor=actor,
        action="acquirer.created",
        subject=f"acquirer:{code}",
        after={"base_url": base_url, "imid": imid, "sandbox": sandbox},
    )
    return await _show_acquirer(connection, code)


async def change_acquirer(
    connection: Connection,
    code: str,
    *,
    actor: str,
    box: SecretBox,
    base_url: str | None = None,
    imid: str | None = None,
    key: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Change an acquirer beyond the network; iMid and key are changed together."""
    if (imid is None) != (key is None):
        raise BadInputError("iMid and key are changed together", {"key": "with imid"})
    if base_url is not None:
        _check_url(base_url)
    sealed = None if key is None or imid is None else box.seal({"imid": imid, "key": key})
    chosen = None if settings is None else dict(settings)
    if await connection.fetchval(SQL.update_acquirer, code, base_url, sealed, chosen) is None:
        raise NotFoundError(f"no acquirer {code} beyond the network")
    changed = {"base_url": base_url, "imid": imid, "key": "changed" if key else None}
    await write_audit(
        connection,
        actor=actor,
        action="acquirer.changed",
        subject=f"acquirer:{code}",
        after={name: value for name, value in changed.items() if value is not None},
    )
    return await _show_acquirer(connection, code)


async def list_acquirers(connection: Connection | Pool) -> dict[str, Any]:
    """List all acquirers; there are few."""
    return {"items": [dict(row) for row in await connection.fetch(SQL.list_acquirers)]}


async def _show_acquirer(connection: Connection, code: str) -> dict[str, Any]:
    rows = (await list_acquirers(connection))["items"]
    return next(row for row in rows if row["code"] == code)


# --- what is acceptable ---------------------------------------------------------------------------


def generate_key() -> str:
    """Make a merchantKey that looks as they do: base64 of random bytes, used as text."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _checked_key(key: str) -> str:
    if not key:
        return generate_key()
    if len(key) > KEY_CHARS_MAX or not key.isascii() or not key.isprintable() or " " in key:
        raise BadInputError("a key is up to 200 visible characters", {"key": "not acceptable"})
    return key


def _checked_name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not 0 < len(cleaned) <= 100:  # noqa: PLR2004 (what a page has room for)
        raise BadInputError("a name has 1 to 100 characters", {"name": "1 to 100 characters"})
    return cleaned


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query:
        raise BadInputError("an http(s) address is needed", {"base_url": "like https://host"})


def _checked(change: MerchantChange, before: Mapping[str, Any]) -> dict[str, Any]:
    """Give the members to write, each mapping merged into what is there."""
    values: dict[str, Any] = {}
    if change.name is not UNSET:
        values["name"] = _checked_name(change.name)
    if change.status is not UNSET:
        values["status"] = change.status
    if change.features is not UNSET:
        features = _merged("features", before["features"], change.features, Features)
        _check_features(features)
        values["features"] = _told(features)
    if change.limits is not UNSET:
        limits = _merged("limits", before["limits"], change.limits, Limits)
        _check_limits(limits)
        values["limits"] = _told(limits)
    _check_foreign(values, before)
    if change.settings is not UNSET:
        ways = _merged("settings", before["settings"], change.settings, Ways)
        _check_ways(ways)
        values["settings"] = _told(ways)
    if change.mdr is not UNSET:
        values["mdr"] = _merged_mdr(before["mdr"], change.mdr)
    return values


def _merged(
    name: str, before: Mapping[str, Any], change: Mapping[str, Any], into: type[_Part]
) -> _Part:
    merged = {k: v for k, v in {**before, **change}.items() if v is not None}
    try:
        return converted(merged, into)
    except BadInputError as error:
        raise BadInputError(f"{name}: {error.message}", {name: error.message}) from None


def _told(part: Features | Limits | Ways) -> dict[str, Any]:
    """Keep what differs from the defaults, so that a better default reaches old merchants."""
    told: dict[str, Any] = msgspec.to_builtins(part)
    plain = msgspec.to_builtins(type(part)())
    return {name: value for name, value in told.items() if value != plain[name]}


def _check_features(features: Features) -> None:
    if not set(features.instalments) <= set(INSTALMENTS):
        raise BadInputError("instalments: 3, 6 and 12 months", {"features": "instalments"})


def _check_foreign(values: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Who takes no foreign cards must say how domestic ones begin."""
    features = values.get("features", before["features"])
    limits = values.get("limits", before["limits"])
    if features.get("foreign_cards", True) is False and not limits.get("bins_domestic"):
        raise BadInputError(
            "without foreign cards the first digits of domestic ones are needed",
            {"limits": "bins_domestic"},
        )


def _check_limits(limits: Limits) -> None:
    amounts = msgspec.to_builtins(limits)
    bins = (*limits.bins_refused, *limits.bins_allowed, *limits.bins_domestic)
    numbers = [value for value in amounts.values() if isinstance(value, int)]
    if any(not 0 <= value <= RUPIAH_MAX for value in numbers):
        raise BadInputError("limits are not negative", {"limits": f"0 to {RUPIAH_MAX}"})
    if limits.amount_min < 1 or limits.amount_min > limits.amount_max:
        raise BadInputError("amount_min is 1 to amount_max", {"limits": "amount_min"})
    if any(not _BIN.fullmatch(one) for one in bins):
        raise BadInputError("BINs are first digits of cards", {"limits": "bins"})


_WAYS: Final[Mapping[str, tuple[int, int]]] = {
    "timestamp_skew_s_max": (1, 86_400),
    "order_valid_s": (60, 90 * 86_400),
    "hold_valid_s": (60, 30 * 86_400),
    "refund_days_max": (0, 365),
    "settle_hour": (0, 23),
}


def _check_ways(ways: Ways) -> None:
    for name, (least, most) in _WAYS.items():
        if not least <= getattr(ways, name) <= most:
            raise BadInputError(f"{name}: {least} to {most}", {"settings": name})
    if ways.callback_method not in ("post", "get"):
        raise BadInputError("callback_method: post or get", {"settings": "callback_method"})


def _merged_mdr(before: Mapping[str, int], change: Mapping[str, int | None]) -> dict[str, int]:
    known = {MDR_DEFAULT, *(brand.value for brand in CardBrand)} - {CardBrand.OTHER.value}
    merged = {name: points for name, points in {**before, **change}.items() if points is not None}
    if not merged.keys() <= known:
        raise BadInputError(f"mdr: {', '.join(sorted(known))}", {"mdr": "unknown brand"})
    if any(not 0 <= points < BASIS_POINTS for points in merged.values()):
        raise BadInputError("mdr: basis points below 10000", {"mdr": "0 to 9999"})
    return merged


async def _reseller_id(connection: Connection, code: str) -> int | None:
    if not code:
        return None
    found: int | None = await connection.fetchval(SQL.reseller_id_by_code, code)
    if found is None:
        raise NotFoundError(f"no reseller {code}")
    return found
