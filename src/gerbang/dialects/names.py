"""Names that follow the registry, asked for when they are needed."""

from __future__ import annotations

from gerbang.dialects.credential_form import CredentialForm
from gerbang.dialects.registry import CARD_DIALECTS, DIALECTS


def dialect_names() -> tuple[str, ...]:
    """Every dialect a reseller may be given: of orders, then of cards."""
    return (*DIALECTS, *CARD_DIALECTS)


def callback_formats() -> tuple[str, ...]:
    """Every form of callback; ``auto`` speaks the dialect of the order."""
    own = [name for dialect in DIALECTS.values() for name in dialect.callback_formats]
    return ("auto", *own, "standard")


def credential_forms() -> dict[str, CredentialForm]:
    """By dialect: what a credential is made of, for dialects that resellers log in with."""
    return {name: d.credential for name, d in DIALECTS.items() if d.credential is not None}


def dialects_with_tokens() -> list[str]:
    """Name those whose credentials are found by a secret, so that its key must not be shown."""
    return [name for name, form in credential_forms().items() if form.key_is_secret]


def weak_dialects() -> frozenset[str]:
    """Name those that are on only with an address list."""
    return frozenset(name for name, dialect in DIALECTS.items() if dialect.weak)


def own_addresses() -> dict[str, str]:
    """By dialect: the setting that is a reseller's own address, where there is one."""
    return {n: d.extras.own_address for n, d in DIALECTS.items() if d.extras.own_address}
