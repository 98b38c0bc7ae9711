"""What a case knows, said in words: amounts as money, times as times, orders as links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gerbang.orders.case import deadline_of
from gerbang.web.pages.formats import NOTHING, moment, number, rupiah
from gerbang.web.pages.visit import Visit

MONEY: Final = frozenset(
    {
        "amount", "ours_amount", "theirs_amount", "reported", "difference", "alarm_below", "asked",
        "took",
    }
)  # fmt: skip
SHOWN_APART: Final = frozenset({"words", "evidence", "deadline", "by", "order_state", "sn"})
"""What a complaint's own card says."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is known."""

    label: str
    text: str
    href: str = ""


def facts_of(visit: Visit, kind: str, detail: Any) -> list[Fact]:
    """Say everything a case keeps; what has no word of its own keeps its name."""
    if not isinstance(detail, Mapping):
        return []
    apart = SHOWN_APART if kind == "complaint" else frozenset()
    return [_fact(visit, name, value) for name, value in detail.items() if name not in apart]


def _fact(visit: Visit, name: str, value: Any) -> Fact:
    label = visit.t.of("case_fact", name)
    prefix = visit.site.prefix
    if name == "other_order_id" and isinstance(value, int):
        return Fact(label=label, text=f"#{value}", href=f"{prefix}/orders/{value}")
    if name == "txid" and isinstance(value, str):
        return Fact(label=label, text=value, href=f"{prefix}/cards/{value}")
    if name == "supplier" and isinstance(value, str):
        return Fact(label=label, text=value, href=f"{prefix}/suppliers/{value}")
    if name == "deadline" and (at := deadline_of({"deadline": value})) is not None:
        return Fact(label=label, text=moment(at, visit.language))
    return Fact(label=label, text=_text(visit, name, value))


def _text(visit: Visit, name: str, value: Any) -> str:
    if value in (None, "", [], {}):
        return NOTHING
    match value:
        case bool():
            return visit.t("merchants.on" if value else "merchants.off")
        case int():
            return rupiah(value) if name in MONEY else number(value)
        case Mapping():
            return " · ".join(f"{key}: {_text(visit, key, one)}" for key, one in value.items())
        case list():
            return ", ".join(_text(visit, name, one) for one in value)
    return _word(visit, str(value))


def _word(visit: Visit, text: str) -> str:
    keys = (f"{group}.{text}" for group in ("case_said", "attempt_state", "state"))
    return next((visit.t(key) for key in keys if visit.t.has(key)), text)
