"""What each address of the management API needs: the token of a person may what the person may.

The same permissions as the console's pages have. Every route must be found here; a test walks all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gerbang.people.role import Permission as P  # noqa: N817 (a table of them)

_READING: Final = frozenset({"GET", "HEAD"})

AREAS: Final[Mapping[str, tuple[P, P]]] = {
    "about": (P.OVERVIEW_READ, P.OVERVIEW_READ),
    "acquirers": (P.CARDS_READ, P.MERCHANTS_CHANGE),
    "areas": (P.CATALOG_READ, P.CATALOG_CHANGE),
    "bank-accounts": (P.DEPOSITS_READ, P.DEPOSITS_CHANGE),
    "bank-lines": (P.DEPOSITS_READ, P.DEPOSITS_CHANGE),
    "bill-inquiries": (P.ORDERS_READ, P.ORDERS_DECIDE),
    "callbacks": (P.CALLBACKS_READ, P.CALLBACKS_RESEND),
    "card-deposits": (P.CARDS_READ, P.CARDS_CHANGE),
    "card-key": (P.CARDS_READ, P.CARDS_CHANGE),
    "card-payments": (P.CARDS_READ, P.CARDS_CHANGE),
    "card-tokens": (P.CARDS_READ, P.CARDS_CHANGE),
    "cases": (P.CASES_READ, P.CASES_CLOSE),
    "categories": (P.CATALOG_READ, P.CATALOG_CHANGE),
    "corrections": (P.LEDGER_READ, P.BALANCE_CHANGE),
    "deposit-proposals": (P.DEPOSITS_READ, P.DEPOSITS_CHANGE),
    "deposit-tickets": (P.DEPOSITS_READ, P.DEPOSITS_CHANGE),
    "floats": (P.SUPPLIERS_READ, P.SUPPLIERS_CHANGE),
    "health": (P.SUPPLIERS_READ, P.SUPPLIERS_CHANGE),
    "ledger": (P.LEDGER_READ, P.BALANCE_CHANGE),
    "merchants": (P.CARDS_READ, P.MERCHANTS_CHANGE),
    "operator-prefixes": (P.CATALOG_READ, P.CATALOG_CHANGE),
    "orders": (P.ORDERS_READ, P.ORDERS_DECIDE),
    "price-lists": (P.CATALOG_READ, P.CATALOG_CHANGE),
    "products": (P.CATALOG_READ, P.CATALOG_CHANGE),
    "proposals": (P.LEDGER_READ, P.BALANCE_CHANGE),
    "recon": (P.RECON_READ, P.RECON_CHANGE),
    "resellers": (P.RESELLERS_READ, P.RESELLERS_CHANGE),
    "routes": (P.SUPPLIERS_READ, P.SUPPLIERS_CHANGE),
    "sandbox": (P.OVERVIEW_READ, P.ORDERS_TEST),
    "settlements": (P.CARDS_READ, P.CARDS_CHANGE),
    "suppliers": (P.SUPPLIERS_READ, P.SUPPLIERS_CHANGE),
    "terms": (P.RESELLERS_READ, P.RESELLERS_CHANGE),
    "testing": (P.ORDERS_TEST, P.ORDERS_TEST),
}
"""By the first part of the path: what reading needs, and what changing needs."""

EXCEPTIONS: Final[Mapping[tuple[str, str], P]] = {
    ("GET", "/ledger/verify"): P.LEDGER_VERIFY,
    ("GET", "/resellers/{code}/kyc"): P.KYC_DECIDE,
    ("POST", "/resellers/{code}/kyc"): P.KYC_DECIDE,
    ("POST", "/resellers/{code}/credits"): P.BALANCE_CHANGE,
    ("POST", "/resellers/{code}/credentials"): P.CREDENTIALS_CHANGE,
    ("POST", "/resellers/{code}/credentials/{credential_id}/rotate"): P.CREDENTIALS_CHANGE,
    ("DELETE", "/resellers/{code}/credentials/{credential_id}"): P.CREDENTIALS_CHANGE,
    ("POST", "/suppliers/{code}/top-ups"): P.BALANCE_CHANGE,
    ("POST", "/suppliers/{code}/reconciliation"): P.RECON_CHANGE,
    ("POST", "/recon/differences/{difference_id}/correction"): P.BALANCE_CHANGE,
    ("POST", "/suppliers/{code}/replies/try"): P.SUPPLIERS_READ,
    ("POST", "/merchants/{imid}/key"): P.CREDENTIALS_CHANGE,
}
"""Addresses that need something else than their area."""


def permission_for(method: str, path: str) -> P:
    """Give what an address needs. Raises KeyError for an area that is not listed."""
    own = EXCEPTIONS.get((method, path))
    if own is not None:
        return own
    read, change = AREAS[path.split("/", 2)[1]]
    return read if method in _READING else change
