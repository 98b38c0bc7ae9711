"""What a dialect may bring beside its two halves, so that the core need name no dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

Settings = Mapping[str, Any]


def no_problems(_settings: Settings) -> list[str]:
    """Find nothing wrong: the dialect has no settings of its own."""
    return []


class ReplyRules(msgspec.Struct, frozen=True, kw_only=True):
    """How free text is read by named rules: for dialects whose replies have no result code.

    Rules stand in a supplier's setting `reply_rules`; what `keep` gives is stored as JSON.
    """

    explain: Callable[[str, Settings, int | None], dict[str, Any]]
    """What each rule reads in a text, by a supplier's settings; `status` is that of HTTP."""
    problems: Callable[[Sequence[Any]], list[str]]
    """Name everything wrong with rules as they are written."""
    keep: Callable[[str, str, Settings], dict[str, Any]]
    """Make a named regression case of a text, as it is read today."""
    differences: Callable[[Settings, Sequence[Mapping[str, Any]]], list[dict[str, Any]]]
    """Say which kept cases these settings read otherwise."""


class Extras(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside the two halves of a dialect; everything may be left out."""

    supplier_secrets: tuple[str, ...] = ()
    """What we are given to buy with: the names of a supplier's secrets."""
    check_supplier: Callable[[Settings], list[str]] = no_problems
    """Name everything wrong with a supplier's settings."""
    check_reseller: Callable[[Settings], list[str]] = no_problems
    """Name everything wrong with a reseller's settings."""
    own_address: str = ""
    """A reseller's setting that is part of his address: no two may have the same."""
    reply_rules: ReplyRules | None = None
    states: Mapping[str, str] = MappingProxyType({})
    """By order state: what a reseller reads; for the documentation, in Markdown."""
    states_head: str = ""
    """What the words of `states` are."""


NO_EXTRAS: Final = Extras()
