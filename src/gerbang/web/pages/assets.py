"""Static files of the pages: named by their content, so that browsers keep them for a year."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PREFIX: Final = "/assets"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
    ".ico": "image/x-icon",
}
_FOREVER: Final = "public, max-age=31536000, immutable"
_PACKED_BYTES_MIN: Final = 1_000


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """One file."""

    name: str
    content: bytes
    packed: bytes | None
    media_type: str
    digest: str


class Assets:
    """All files below ``web/static/pages``, read once."""

    def __init__(self) -> None:
        """Nothing is read before `load`."""
        self._assets: dict[str, Asset] = {}

    async def load(self) -> None:
        """Read and compress, off the loop."""
        self._assets = await asyncio.to_thread(lambda: {a.name: a for a in _read()})

    def url(self, name: str) -> str:
        """Give the address of a file; it changes when the file does."""
        return f"{PREFIX}/{self._assets[name].digest}/{name}"

    def route(self) -> Route:
        """Serve them."""
        return Route(PREFIX + "/{digest}/{name:path}", self._serve, methods=["GET", "HEAD"])

    async def _serve(self, request: Request) -> Response:
        asset = self._assets.get(request.path_params["name"])
        if asset is None:
            return Response("not found", 404, media_type="text/plain")
        current = request.path_params["digest"] == asset.digest
        headers = {
            "cache-control": _FOREVER if current else "no-cache",
            "x-content-type-options": "nosniff",
            "vary": "accept-encoding",
        }
        body = asset.content
        if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            body = asset.packed
            headers["content-encoding"] = "gzip"
        return Response(body, 200, headers, media_type=asset.media_type)


def _read() -> Iterator[Asset]:
    root = Path(str(files("gerbang.web"))) / "static" / "pages"
    for path in sorted(root.rglob("*")):
        media_type = _TYPES.get(path.suffix)
        if media_type is None or not path.is_file():
            continue
        content = path.read_bytes()
        packs = len(content) >= _PACKED_BYTES_MIN and path.suffix not in {".png", ".woff2"}
        yield Asset(
            name=path.relative_to(root).as_posix(),
            content=content,
            packed=gzip.compress(content, 6, mtime=0) if packs else None,
            media_type=media_type,
            digest=hashlib.sha256(content).hexdigest()[:12],
        )
