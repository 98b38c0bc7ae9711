"""What a browser sees that comes back from a card payment to the demo's shop; pure."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final
from urllib.parse import parse_qsl, quote

from gerbang.outbound.message import Answered, InboundRequest

_SHOWN: Final = ("resultCd", "resultMsg", "referenceNo", "amt", "tXid", "authNo", "cardNo")
_HEADERS: Final = (
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'",
    ),
)
_PAGE: Final = """<!doctype html>
<html lang="id">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Toko demo</title>
<link rel="icon" href="/nicepay/assets/pay.svg">
<link rel="stylesheet" href="/nicepay/assets/pay.css">
</head>
<body><main class="sheet">
<h1>Toko demo</h1>
<p>Di sini pembeli kembali ke toko Anda. <span lang="en">Here the buyer is back in your shop.</span></p>
<dl class="facts">{facts}</dl>
<p class="quiet">Hasil yang pasti datang lewat notifikasi dan inquiry, bukan lewat browser.
<span lang="en">The certain result comes by the notification and by an inquiry, not by the browser.</span></p>
<p><a class="primary" href="/portal/cards/{txid}">Lihat di portal · <span lang="en">See it in the portal</span></a></p>
<p class="quiet"><a href="/console/cards/{txid}">Console</a> · <a href="/sandbox/inbox/list">Inbox</a></p>
</main></body>
</html>
"""  # noqa: E501 (sentences)


def fields_of_return(request: InboundRequest) -> Mapping[str, str] | None:
    """Give what a browser brought back from a payment; None where it is no browser's return."""
    if "text/html" not in request.header("accept"):
        return None
    sent = request.body if request.method == "POST" else request.query
    fields = dict(parse_qsl(sent.decode("utf-8", "replace")))
    return fields if "resultCd" in fields else None


def shop_page(fields: Mapping[str, str]) -> Answered:
    """Show what came back, and lead on to where it can be looked at."""
    facts = "".join(
        f"<div><dt>{name}</dt><dd>{escape(fields[name])}</dd></div>"
        for name in _SHOWN
        if fields.get(name)
    )
    page = _PAGE.format(facts=facts, txid=quote(fields.get("tXid", ""), safe=""))
    return Answered(status=200, headers=_HEADERS, body=page.encode())
