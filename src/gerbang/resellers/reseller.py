"""A reseller as this node keeps it in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, TypeAlias

import msgspec

from gerbang.dialects.contract import ResellerView

Network: TypeAlias = IPv4Network | IPv6Network


class AddressInvalidError(ValueError):
    """An address list holds something that is no address and no network."""


class Reseller(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a reseller that the hot path asks for."""

    view: ResellerView
    receivable_account_id: int
    price_list_id: int
    networks: tuple[Network, ...]
    dialects: frozenset[str]
    callback_url: str
    callback_format: str
    callback_secret: str
    live: bool
    sandboxed: bool = False
    listening_until: datetime | None = None
    late_success_paid_by: str
    requests_per_second_max: int
    concurrent_requests_max: int
    orders_per_day_max: int
    settings: Mapping[str, Any]


def read_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read addresses and networks in CIDR; host bits behind a mask are forgiven.

    Raises AddressInvalidError.
    """
    return tuple(_network(text) for text in texts)


def _network(text: str) -> Network:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise AddressInvalidError(f"{text!r} is no address and no network in CIDR") from error


def reseller_from_row(row: Mapping[str, Any], callback_secret: str) -> Reseller:
    """Read a reseller of the database. Raises AddressInvalidError."""
    networks = read_networks(row["allowed_ips"])
    return Reseller(
        view=ResellerView(
            id=row["id"],
            code=row["code"],
            name=row["name"],
            status=row["status"],
            account_id=row["account_id"],
            settings=row["settings"],
            pending_reply_wait_ms=row["reply_wait_ms"],
            has_address_list=bool(networks),
        ),
        receivable_account_id=row["receivable_account_id"],
        price_list_id=row["price_list_id"],
        networks=networks,
        dialects=frozenset(row["dialects"]),
        callback_url=row["callback_url"],
        callback_format=row["callback_format"],
        callback_secret=callback_secret,
        live=row["live"],
        sandboxed=row["sandboxed"],
        listening_until=row["listening_until"],
        late_success_paid_by=row["late_success_paid_by"],
        requests_per_second_max=row["requests_per_second_max"],
        concurrent_requests_max=row["concurrent_requests_max"],
        orders_per_day_max=row["orders_per_day_max"],
        settings=row["settings"],
    )
