"""The style, the script and the icon of the payment pages, from our own address."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from gerbang.outbound.message import Answered, InboundRequest

_TYPES: Final = {
    "pay.css": "text/css; charset=utf-8",
    "pay.js": "text/javascript; charset=utf-8",
    "pay.svg": "image/svg+xml",
}
CACHED_S: Final = 600


def answer_asset(request: InboundRequest) -> Answered:
    """Answer ``GET /nicepay/assets/{name}``; each file is read once."""
    name = request.path.rpartition("/")[2]
    if name not in _TYPES:
        return Answered(status=404, headers=(("content-type", "text/plain"),), body=b"not found")
    headers = (
        ("content-type", _TYPES[name]),
        ("cache-control", f"public, max-age={CACHED_S}"),
        ("x-content-type-options", "nosniff"),
    )
    return Answered(status=200, headers=headers, body=_content(name))


@cache
def _content(name: str) -> bytes:
    return files("gerbang").joinpath("web", "static", "pay", name).read_bytes()
