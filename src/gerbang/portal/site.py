"""The portal: its menu, and which file has which pages."""

from __future__ import annotations

from typing import Final

from gerbang.people.role import Permission
from gerbang.portal import (
    callbacks,
    cards,
    deposits,
    developer,
    home,
    merchants,
    money,
    orders,
    prices,
    settings,
    terms,
)
from gerbang.portal.month_orders import MonthOrders
from gerbang.web.pages.account import add_account_pages
from gerbang.web.pages.job_pages import add_job_pages
from gerbang.web.pages.kit import Kit
from gerbang.web.pages.site import NavigationItem, Site

PREFIX: Final = "/portal"


def _item(key: str, path: str, icon: str) -> NavigationItem:
    return NavigationItem(
        key=f"portal.menu_{key}", path=path, icon=icon, permission=Permission.PORTAL_USE
    )


NAVIGATION: Final = (
    _item("home", "", "home"),
    _item("orders", "/orders", "shopping-cart"),
    _item("statement", "/statement", "list-details"),
    _item("prices", "/prices", "tags"),
    _item("deposits", "/deposits", "building-bank"),
    _item("terms", "/terms", "file-text"),
    _item("callbacks", "/callbacks", "webhook"),
    _item("cards", "/cards", "credit-card"),
    _item("developer", "/developer", "code"),
    _item("settings", "/settings", "settings"),
)


_MODULES: Final = (
    orders,
    money,
    prices,
    deposits,
    callbacks,
    merchants,  # before cards, whose addresses end in any tXid
    cards,
    developer,
    settings,
)


def create_portal(kit: Kit) -> Site:
    """Make the portal of a node."""
    site = Site(kit, realm="portal", prefix=PREFIX, navigation=NAVIGATION)
    site.brand, site.stylesheet = "portal.brand", "portal.css"
    counted = MonthOrders()
    home.add_pages(site, counted)
    terms.add_pages(site, counted)
    for module in _MODULES:
        module.add_pages(site)
    add_job_pages(site)
    add_account_pages(site)
    return site
