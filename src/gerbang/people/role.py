"""Roles and what each may do. Every page and every action names one permission."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a person is here."""

    OWNER = "owner"
    FINANCE = "finance"
    SUPPORT = "support"
    VIEWER = "viewer"
    RESELLER = "reseller"
    """Somebody of a reseller: the portal, never the console."""


CONSOLE_ROLES: Final = (Role.OWNER, Role.FINANCE, Role.SUPPORT, Role.VIEWER)


class Permission(StrEnum):
    """One thing that may be allowed."""

    OVERVIEW_READ = "overview.read"
    ORDERS_READ = "orders.read"
    ORDERS_EXPORT = "orders.export"
    ORDERS_ASK = "orders.ask"
    ORDERS_DECIDE = "orders.decide"
    ORDERS_TEST = "orders.test"
    RESELLERS_READ = "resellers.read"
    RESELLERS_CHANGE = "resellers.change"
    KYC_DECIDE = "kyc.decide"
    CREDENTIALS_CHANGE = "credentials.change"
    BALANCE_CHANGE = "balance.change"
    CATALOG_READ = "catalog.read"
    CATALOG_CHANGE = "catalog.change"
    SUPPLIERS_READ = "suppliers.read"
    SUPPLIERS_CHANGE = "suppliers.change"
    RECON_READ = "recon.read"
    RECON_CHANGE = "recon.change"
    DEPOSITS_READ = "deposits.read"
    DEPOSITS_CHANGE = "deposits.change"
    CARDS_READ = "cards.read"
    CARDS_CHANGE = "cards.change"
    MERCHANTS_CHANGE = "merchants.change"
    CALLBACKS_READ = "callbacks.read"
    CALLBACKS_RESEND = "callbacks.resend"
    CASES_READ = "cases.read"
    CASES_CLOSE = "cases.close"
    LEDGER_READ = "ledger.read"
    LEDGER_VERIFY = "ledger.verify"
    PEOPLE_READ = "people.read"
    PEOPLE_CHANGE = "people.change"
    AUDIT_READ = "audit.read"
    OWN_ACCOUNT = "own.account"
    """One's own password, second factor and sessions."""
    PORTAL_USE = "portal.use"
    """Everything of the portal, for one's own reseller only."""


_P = Permission

_VIEWER: Final = frozenset(
    {
        _P.OVERVIEW_READ,
        _P.ORDERS_READ,
        _P.RESELLERS_READ,
        _P.CATALOG_READ,
        _P.SUPPLIERS_READ,
        _P.RECON_READ,
        _P.DEPOSITS_READ,
        _P.CARDS_READ,
        _P.CALLBACKS_READ,
        _P.CASES_READ,
        _P.LEDGER_READ,
        _P.OWN_ACCOUNT,
    }
)
_SUPPORT: Final = _VIEWER | {
    _P.ORDERS_EXPORT,
    _P.ORDERS_ASK,
    _P.ORDERS_TEST,
    _P.CALLBACKS_RESEND,
    _P.CASES_CLOSE,
}
_FINANCE: Final = _VIEWER | {
    _P.ORDERS_EXPORT,
    _P.ORDERS_ASK,
    _P.ORDERS_DECIDE,
    _P.KYC_DECIDE,
    _P.BALANCE_CHANGE,
    _P.RECON_CHANGE,
    _P.DEPOSITS_CHANGE,
    _P.CARDS_CHANGE,
    _P.MERCHANTS_CHANGE,
    _P.CASES_CLOSE,
    _P.LEDGER_VERIFY,
    _P.AUDIT_READ,
}
_OWNER: Final = frozenset(Permission) - {_P.PORTAL_USE}

ALLOWED: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.OWNER: _OWNER,
    Role.FINANCE: _FINANCE,
    Role.SUPPORT: _SUPPORT,
    Role.VIEWER: _VIEWER,
    Role.RESELLER: frozenset({_P.PORTAL_USE, _P.OWN_ACCOUNT}),
}


def may(role: Role, permission: Permission) -> bool:
    """Tell whether a role is allowed something."""
    return permission in ALLOWED[role]
