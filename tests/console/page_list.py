"""Every page of console and portal, from the routes: a new page cannot be forgotten.

A page whose address has a name or a number in it is listed with something that is there in a demo;
what is no page, or is looked at by another test, is listed with the reason. Anything else fails.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from unittest.mock import MagicMock

from gerbang.console.site import create_console
from gerbang.portal.site import create_portal
from gerbang.web.pages.site import Entry, Site

CONSOLE_NAMES: Final = {
    "/resellers/{code}": "/resellers/DEMO",
    "/products/{code:path}": "/products/HSA5",
    "/suppliers/{code}/lab": "/suppliers/demo-otomax/lab",
    "/suppliers/{code}": "/suppliers/demo-socx",
    "/ledger/accounts/{code:path}": "/ledger/accounts/reseller:DEMO",
    "/cards/merchants/{imid}": "/cards/merchants/DEMO3DS001",
}
CONSOLE_MORE: Final = (
    "/console/orders?state=failed",
    "/console/orders?q=nothing-has-this-reference",
    "/console/ledger/profit?by=supplier",
    "/console/suppliers/areas?number=081234561230",
)
PORTAL_NAMES: Final = {
    "/developer/{dialect}/codes": "/developer/socx/codes",
    "/developer/{dialect}/signature": "/developer/otomax/signature",
    "/developer/{dialect}/{call}": "/developer/isikuota/prepaid",
    "/developer/{dialect}": "/developer/isikuota",
    "/cards/merchants/{imid}": "/cards/merchants/DEMOSALE01",
}
PORTAL_MORE: Final = ("/portal/prices?q=tsel", "/portal/developer/nicepay/payment")
ELSEWHERE: Final = {
    "/console/live": "a stream of events",
    "/console/welcome": "test_first_run.py, for it is gone once there is an owner",
    "/console/second-factor": "test_account.py, for it asks only whom it must",
    "/portal/second-factor": "the same page",
    "/portal/complaints/{id}/files/{number}": "a file",
    "/console/cases/{id}/files/{number}": "a file",
    "/console/jobs/{id}/file": "a file",
    "/portal/jobs/{id}": "the same page as the console's",
    "/portal/jobs/{id}/file": "a file",
    "/console/orders/{id}/receipt": "a file",
    "/portal/orders/{id}/receipt": "a file",
    "/console/cards/settlements/{imid}/{day}": "test_tour.py, for a day must have passed",
    "/portal/cards/settlements/{imid}/{day}": "test_tour.py, for a day must have passed",
}


class NotListedError(AssertionError):
    """A page that nobody looks at: name what it shows in a demo, or why it is none."""


def console_pages(numbers: Mapping[str, str]) -> list[str]:
    """Give every page of the console; `numbers` has what stands for a number in a path."""
    site = create_console(MagicMock(https=False))
    return [*_pages(site, CONSOLE_NAMES, numbers), *CONSOLE_MORE]


def portal_pages(numbers: Mapping[str, str]) -> list[str]:
    """Give every page of the portal."""
    site = create_portal(MagicMock(https=False))
    return [*_pages(site, PORTAL_NAMES, numbers), *PORTAL_MORE]


def _pages(site: Site, names: Mapping[str, str], numbers: Mapping[str, str]) -> list[str]:
    known = {**names, **numbers}
    pages = [entry for entry in site.entries if entry.method == "GET" and not _is_a_file(entry)]
    return [_address(site.prefix, entry.path, known) for entry in pages]


def _is_a_file(entry: Entry) -> bool:
    return entry.path.endswith(".csv") or entry.path in ELSEWHERE


def _address(prefix: str, path: str, known: Mapping[str, str]) -> str:
    rest = path.removeprefix(prefix)
    for pattern in sorted(known, key=len, reverse=True):
        if rest == pattern or rest.startswith(f"{pattern}/"):
            rest = known[pattern] + rest.removeprefix(pattern)
            break
    if re.search(r"[{}]", rest):
        raise NotListedError(path)
    return prefix + rest
