"""Who may call now: status, dialect, address list, rate, concurrency. In memory, no waiting."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from time import monotonic

from gerbang.orders.reasons import Reason
from gerbang.resellers.reseller import Reseller

REQUESTS_BURST_S = 2.0
"""A reseller may send this many seconds' worth of its rate at once."""


@lru_cache(maxsize=4096)
def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def refuse_address(reseller: Reseller, client_ip: str, *, weak_dialect: bool) -> Reason | None:
    """Refuse an address off the list; an empty list admits all, but never to a weak dialect."""
    if not reseller.networks:
        return Reason.ADDRESS_NOT_ALLOWED if weak_dialect else None
    address = _parse(client_ip)
    if address is None or not any(address in network for network in reseller.networks):
        return Reason.ADDRESS_NOT_ALLOWED
    return None


class TokenBucket:
    """Requests per second with a short burst."""

    __slots__ = ("_at", "_left")

    def __init__(self) -> None:
        self._left = -1.0
        self._at = 0.0

    def take(self, per_second: int, now: float) -> bool:
        """Take one request; False when the rate is used up."""
        most = per_second * REQUESTS_BURST_S
        if self._left < 0:
            self._left = most
        else:
            self._left = min(most, self._left + (now - self._at) * per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Gatekeeper:
    """Checks callers of one node."""

    def __init__(
        self,
        *,
        weak_dialects: Collection[str],
        requests_per_second_max: int,
        concurrent_requests_max: int,
    ) -> None:
        """Take the defaults that hold where a reseller has no limit of its own (0 is none)."""
        self._weak = frozenset(weak_dialects)
        self._requests_per_second_max = requests_per_second_max
        self._concurrent_requests_max = concurrent_requests_max
        self._buckets: dict[int, TokenBucket] = {}
        self._in_flight: dict[int, int] = {}

    def check(
        self, reseller: Reseller, dialect: str, client_ip: str, *, counted: bool = True
    ) -> Reason | None:
        """Give the reason to refuse a request, or None; `counted` takes one request of the rate."""
        if dialect not in reseller.dialects:
            return Reason.DIALECT_NOT_ENABLED
        refusal = refuse_address(reseller, client_ip, weak_dialect=dialect in self._weak)
        if refusal is not None:
            return refusal
        if reseller.view.status != "active":
            # After the address: some dialects still answer known orders to the suspended.
            return Reason.RESELLER_SUSPENDED
        return self._check_rate(reseller) if counted else None

    def _check_rate(self, reseller: Reseller) -> Reason | None:
        rate = reseller.requests_per_second_max or self._requests_per_second_max
        if rate:
            bucket = self._buckets.setdefault(reseller.view.id, TokenBucket())
            if not bucket.take(rate, monotonic()):
                return Reason.RATE_LIMITED
        most = reseller.concurrent_requests_max or self._concurrent_requests_max
        if most and self._in_flight.get(reseller.view.id, 0) >= most:
            return Reason.RATE_LIMITED
        return None

    def enter(self, reseller_id: int) -> None:
        """Count an order request that begins."""
        self._in_flight[reseller_id] = self._in_flight.get(reseller_id, 0) + 1

    def leave(self, reseller_id: int) -> None:
        """Count an order request that ends."""
        left = self._in_flight[reseller_id] - 1
        if left:
            self._in_flight[reseller_id] = left
        else:
            del self._in_flight[reseller_id]
