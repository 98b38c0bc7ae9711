"""The console: its menu, and which file has which pages."""

from __future__ import annotations

from typing import Final

from gerbang.console import (
    access,
    areas,
    callbacks,
    card_figures,
    cards,
    cases,
    deposits,
    export,
    ledger,
    merchant_terms,
    merchants,
    order_list,
    order_page,
    overview,
    people,
    portal_people,
    products,
    proposals,
    recon,
    reply_lab,
    resellers,
    sandbox_clock,
    start,
    suppliers,
    terms,
    test_order,
    tokens,
    welcome,
)
from gerbang.people.role import Permission
from gerbang.web.pages.account import add_account_pages
from gerbang.web.pages.job_pages import add_job_pages
from gerbang.web.pages.kit import Kit
from gerbang.web.pages.site import NavigationItem, Site

PREFIX: Final = "/console"


def _item(key: str, path: str, icon: str, permission: Permission) -> NavigationItem:
    return NavigationItem(key=f"menu.{key}", path=path, icon=icon, permission=permission)


_P = Permission
NAVIGATION: Final = (
    _item("overview", "", "dashboard", _P.OVERVIEW_READ),
    _item("orders", "/orders", "receipt", _P.ORDERS_READ),
    _item("resellers", "/resellers", "building-store", _P.RESELLERS_READ),
    _item("products", "/products", "package", _P.CATALOG_READ),
    _item("suppliers", "/suppliers", "truck-delivery", _P.SUPPLIERS_READ),
    _item("deposits", "/deposits", "building-bank", _P.DEPOSITS_READ),
    _item("cards", "/cards", "credit-card", _P.CARDS_READ),
    _item("callbacks", "/callbacks", "send", _P.CALLBACKS_READ),
    _item("cases", "/cases", "flag", _P.CASES_READ),
    _item("proposals", "/proposals", "users", _P.LEDGER_READ),
    _item("recon", "/recon", "scale", _P.RECON_READ),
    _item("ledger", "/ledger", "book-2", _P.LEDGER_READ),
    _item("jobs", "/jobs", "hourglass", _P.OWN_ACCOUNT),
    _item("people", "/people", "users", _P.PEOPLE_READ),
    _item("audit", "/audit", "history", _P.AUDIT_READ),
    _item("start", "/start", "rocket", _P.OVERVIEW_READ),
)
MODULES: Final = (
    overview,
    welcome,
    start,
    # Before one order, so that its address is not taken for an id.
    export,
    test_order,
    order_list,
    order_page,
    resellers,
    access,
    portal_people,
    terms,
    products,
    reply_lab,
    # Before one supplier, for the same reason.
    areas,
    suppliers,
    recon,
    deposits,
    # Before one payment, so that its address is not taken for a tXid.
    card_figures,
    merchants,
    sandbox_clock,
    merchant_terms,
    cards,
    callbacks,
    cases,
    proposals,
    ledger,
    people,
    tokens,
)


def create_console(kit: Kit) -> Site:
    """Make the console of a node."""
    site = Site(kit, realm="console", prefix=PREFIX, navigation=NAVIGATION)
    site.welcome = welcome.nobody_yet
    for module in MODULES:
        module.add_pages(site)
    add_account_pages(site)
    add_job_pages(site)
    return site
