"""What goes out over HTTP and what comes back, as plain values."""

from __future__ import annotations

import msgspec


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request to a supplier or to a reseller's callback address.

    `secrets` lists every text in url, headers or body that must never be seen in a log or a
    transcript; scrubbing replaces each of them, plain and percent-encoded.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    secrets: tuple[str, ...] = ()


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """The peer answered, whatever it said."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes
    elapsed_ms: int = 0

    def text(self) -> str:
        """Give the body as text; what is not UTF-8 is replaced, never an error."""
        return self.body.decode("utf-8", "replace")


class NeverSent(msgspec.Struct, frozen=True, kw_only=True):
    """It certainly never left: it failed before the first byte of the request was written."""

    error: str
    elapsed_ms: int = 0


class NoAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """It may have arrived: something was written and no whole answer came back."""

    error: str
    elapsed_ms: int = 0


SendResult = Answered | NeverSent | NoAnswer


class InboundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that came in, as raw as a signature check needs it.

    `query` is the raw query string, `path` the decoded path, header names are lower case.
    """

    method: str
    path: str
    query: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    client_ip: str = ""

    def header(self, name: str) -> str:
        """Give the first header of that (lower-case) name, or an empty string."""
        for key, value in self.headers:
            if key == name:
                return value
        return ""
