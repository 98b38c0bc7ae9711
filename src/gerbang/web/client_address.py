"""Who calls: the peer, or what a trusted proxy says of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

FOUND: Final = "gerbang.client_ip"
"""Where a request's scope keeps what was found."""


def client_ip_of(scope: Mapping[str, Any]) -> str:
    """Give the caller's address of a request: what was found, else the peer's."""
    client = scope.get("client")
    return str(scope.get(FOUND) or (client[0] if client else ""))


class ClientAddress:
    """Find the caller's address. X-Forwarded-For counts only behind a trusted proxy."""

    def __init__(self, trusted_proxies: Sequence[str] = ()) -> None:
        """Take the networks of our proxies."""
        self._trusted = [ip_network(text.strip(), strict=False) for text in trusted_proxies]

    def find(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """Give the true address of a request that came from `peer`; header names in lower case."""
        peer = _plain(peer)
        if not self._trusted or not self._is_trusted(peer):
            return peer
        forwarded = [
            part.strip()
            for name, value in headers
            if name == b"x-forwarded-for"
            for part in value.decode("latin-1").split(",")
        ]
        # Read from the right: the last address that is not one of our proxies is the caller.
        for text in reversed(forwarded):
            if not self._is_trusted(text):
                return _plain(text) if _address(text) is not None else peer
        return peer

    def _is_trusted(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._trusted)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _plain(text: str) -> str:
    """Write an IPv4 address that comes in IPv6 clothes (``::ffff:…``) as lists have it."""
    return str(_address(text) or text) if text.startswith("::") else text
