"""Who calls: the peer, or what a trusted proxy says of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


class ClientAddress:
    """Find the caller's address. X-Forwarded-For counts only behind a trusted proxy."""

    def __init__(self, trusted_proxies: Sequence[str] = ()) -> None:
        """Take the networks of our proxies."""
        self._trusted = [ip_network(text.strip(), strict=False) for text in trusted_proxies]

    def find(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """Give the true address of a request that came from `peer`; header names in lower case."""
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
                return text if _address(text) is not None else peer
        return peer

    def _is_trusted(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._trusted)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
