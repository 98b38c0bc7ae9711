"""Who calls: the peer, or what a trusted proxy says of it."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send


class ClientAddress:
    """Set ``scope["gerbang.client_ip"]``. X-Forwarded-For counts only behind a trusted proxy."""

    def __init__(self, app: ASGIApp, *, trusted_proxies: Sequence[str]) -> None:
        """Wrap an application."""
        self._app = app
        self._trusted = [ip_network(text.strip(), strict=False) for text in trusted_proxies]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its true address."""
        if scope["type"] == "http" and self._trusted:
            scope["gerbang.client_ip"] = self._find(scope)
        await self._app(scope, receive, send)

    def _find(self, scope: Scope) -> str:
        client = scope.get("client")
        peer: str = client[0] if client else ""
        if not self._is_trusted(peer):
            return peer
        forwarded = [
            part.strip()
            for name, value in scope["headers"]
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
