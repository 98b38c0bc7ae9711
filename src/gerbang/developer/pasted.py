"""A request that a person pasted: a JSON body, an address, a query or a curl line; pure."""

from __future__ import annotations

import re
import shlex
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from gerbang.outbound.message import InboundRequest

_DATA: Final = frozenset({"-d", "--data", "--data-raw", "--data-binary", "--json"})


def read_request(text: str) -> InboundRequest:
    """Make the request that a pasted text stands for; nonsense becomes a body nobody can read."""
    text = text.strip()
    address, body = text, ""
    if re.match(r"(#[^\n]*\n)*\s*curl\b", text):
        address, body = _curl(text)
    elif text.startswith("{"):
        address, body = "", text
    parts = _split(address)
    query = parts[1] or ("" if body else address.lstrip("?"))
    return InboundRequest(
        method="POST" if body else "GET",
        path=parts[0],
        query=query.encode("utf-8", "replace"),
        headers=(("content-type", "application/json"),) if body else (),
        body=body.encode("utf-8", "replace"),
        client_ip="",
    )


def fields_of(request: InboundRequest) -> dict[str, str]:
    """Read JSON, a form or a query; what is neither has no fields."""
    try:
        said = msgspec.json.decode(request.body) if request.body[:1] == b"{" else None
    except (msgspec.DecodeError, RecursionError):
        return {}
    if isinstance(said, dict):
        return {str(name): str(value) for name, value in said.items() if value is not None}
    text = (request.body or request.query).decode("utf-8", "replace")
    return dict(parse_qsl(text, keep_blank_values=True))


def _curl(text: str) -> tuple[str, str]:
    try:
        words = shlex.split(text.replace("\\\n", " "), comments=True)
    except ValueError:
        return "", ""
    body = address = ""
    for before, word in zip(["", *words], words, strict=False):
        if before in _DATA:
            body = word
        elif word.startswith(("http://", "https://")):
            address = word
    return address, body


def _split(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", ""
    return (parts.path, parts.query) if parts.scheme or address.startswith("/") else ("", "")
