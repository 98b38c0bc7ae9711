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
