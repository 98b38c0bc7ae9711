"""A reseller as this node keeps it in memory."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Any

import msgspec

from gerbang.dialects.contract import ResellerView


class Reseller(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a reseller that the hot path asks for."""

    view: ResellerView
    receivable_account_id: int
    price_list_id: int
    networks: tuple[IPv4Network | IPv6Network, ...]
    dialects: frozenset[str]
    callback_url: str
    callback_format: str
    callback_secret: str
    live: bool
    late_success_paid_by: str
    requests_per_second_max: int
    concurrent_requests_max: int
    orders_per_day_max: int
    settings: Mapping[str, Any]
