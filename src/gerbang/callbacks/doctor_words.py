"""What the examination of a receiver says and advises, in English, by name; pure.

Pages have the same texts in their languages under the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SAYS: Final[Mapping[str, str]] = {
    "host": "{host} port {port}",
    "addresses": "{addresses}",
    "connected": "connected to {address}",
    "tls_version": "{version}",
    "tls_not_used": "not used: whoever is on the way can read and change callbacks",
    "not_a_url": "not a URL: {error}",
    "not_http": "not an http(s) URL",
    "not_resolved": "{host} cannot be resolved: {error}",
    "refused": "{refusals}",
    "not_connected": "{errors}",
    "certificate": "certificate: {error}",
    "tls_failed": "TLS failed: {error}",
    "too_long": "took too long",
    "no_answer": "no answer: {error}",
    "challenge": "a challenge page answered ({word})",
    "redirects": "redirects ({status}) to {where}",
    "answered": "answered {status} after {elapsed_ms} ms",
    "acknowledged": "acknowledged with {status} after {elapsed_ms} ms",
}

ADVICE: Final[Mapping[str, str]] = {
    "url": "Give a full address such as https://example.com/callback.",
    "name": "Check the spelling and that the domain has an A or AAAA record.",
    "address": "Use a public address, or let the operator allow this one.",
    "firewall": (
        "Check that the server runs and that its firewall lets our address in"
        " (GERBANG_CALLBACK_SOURCE_IP)."
    ),
    "tls": "Offer TLS 1.2 or newer on this port, or use http:// if it speaks plain HTTP.",
    "certificate": "Install a certificate of a public authority, with its whole chain.",
    "expired": "The certificate has expired: renew it.",
    "self_signed": "The certificate signed itself: install one of a public authority.",
    "authority": "The chain ends in an authority nobody knows: install a public certificate.",
    "intermediate": "The intermediate certificate is missing: install the full chain.",
    "other_name": "The certificate is for another name: use that name, or add this one to it.",
    "other_address": "The certificate is for another address: use the name it was made for.",
    "redirect": "Redirects are not followed: set the final address as callback URL.",
    "store_first": "Store the callback, answer, then work on it.",
    "in_time": "Answer within the time limit: store the callback, answer, then work on it.",
    "short": "Answer with a short text; a whole page answers here.",
    "silent": ("The server accepts connections but does not answer HTTP: look into its error log."),
    "bot": (
        "Callbacks cannot solve challenges: exempt this path from bot protection, or move to a host"
        " without it."
    ),
    "status": "Answer with 200 once the callback is stored.",
    "status_401": ("The server wants a login: let this path in without one; callbacks are signed."),
    "status_403": "The server or its firewall refuses us: let our address in.",
    "status_404": "The path does not exist: check the callback URL.",
    "status_405": ("The path does not take this method: accept the method of the callback format."),
    "status_406": "A web application firewall refuses the request: exempt this path.",
    "status_415": (
        "The server does not take this content type: accept that of the callback format."
    ),
    "status_419": "A CSRF check refuses the request: exempt this path.",
    "status_429": "The server limits us: allow more requests from our address.",
    "status_500": "The receiver's program crashed: look into its error log.",
    "status_502": "The receiver's program is not running behind its proxy.",
    "status_503": "The receiver is overloaded or in maintenance.",
    "status_504": "The receiver's program is too slow for its own proxy.",
}

OF_CERTIFICATES: Final[Mapping[int, str]] = {
    10: "expired",
    18: "self_signed",
    19: "authority",
    20: "intermediate",
    21: "intermediate",
    62: "other_name",
    64: "other_address",
}
"""The advice for OpenSSL's reasons to refuse a certificate."""


def todo_of_status(status: int) -> str:
    """Name the advice for an answer that acknowledges nothing."""
    name = f"status_{status}"
    return name if name in ADVICE else "status"
