"""The console: its menu, and which file has which pages."""

from __future__ import annotations

from typing import Final

from gerbang.console import overview, welcome
from gerbang.people.role import Permission
from gerbang.web.pages.account import add_account_pages
from gerbang.web.pages.job_pages import add_job_pages
from gerbang.web.pages.kit import Kit
from gerbang.web.pages.site import NavigationItem, Site

PREFIX: Final = "/console"


def _item(key: str, path: str, icon: str, permission: Permission) -> NavigationItem:
    return NavigationItem(key=f"menu.{key}", path=path, icon=icon, permission=permission)


NAVIGATION: Final = (_item("overview", "", "dashboard", Permission.OVERVIEW_READ),)


def create_console(kit: Kit) -> Site:
    """Make the console of a node."""
    site = Site(kit, realm="console", prefix=PREFIX, navigation=NAVIGATION)
    site.welcome = welcome.nobody_yet
    for module in (overview, welcome):
        module.add_pages(site)
    add_account_pages(site)
    add_job_pages(site)
    return site
