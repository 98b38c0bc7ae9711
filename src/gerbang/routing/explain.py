"""Verdicts in words: one table of sentences, English and Indonesian, over codes and facts.

A verdict keeps its facts, so programs never parse a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Literal

from gerbang.money import format_dots

Language = Literal["en", "id"]
Facts = Mapping[str, int | str]


class Code(StrEnum):
    """What a choice may say of a candidate."""

    CHOSEN = "chosen"
    CHOSEN_AS_PROBE = "chosen_as_probe"
    CHOSEN_TO_WAIT = "chosen_to_wait"
    # The order itself may go nowhere any more.
    ATTEMPTS_USED_UP = "attempts_used_up"
    DEADLINE_PASSED = "deadline_passed"
    # This route, for this order.
    ROUTE_DISABLED = "route_disabled"
    SUPPLIER_NOT_ACTIVE = "supplier_not_active"
    ALREADY_TRIED = "already_tried"
    CLOSED_NOW = "closed_now"
    PREFIX = "prefix"
    AREA = "area"
    RESELLER = "reseller"
    RESELLER_GROUP = "reseller_group"
    # The supplier, now.
    CIRCUIT_OPEN = "circuit_open"
    BUSY = "busy"
    DAILY_LIMIT = "daily_limit"
    FLOAT_LOW = "float_low"
    FLOAT_SHORT = "float_short"
    BELOW_COST = "below_cost"
    # It would do, and another one is better.
    LATER_PRIORITY = "later_priority"
    DEARER = "dearer"
    LOST_DRAW = "lost_draw"


CHOSEN_CODES: Final = frozenset({Code.CHOSEN, Code.CHOSEN_AS_PROBE, Code.CHOSEN_TO_WAIT})

_CHOSEN: Final = "priority {priority}, cost {cost}"
_CHOSEN_ID: Final = "prioritas {priority}, harga beli {cost}"

TEXTS: Final[Mapping[Code, tuple[str, str]]] = MappingProxyType(
    {
        Code.CHOSEN: (f"chosen: {_CHOSEN}", f"dipilih: {_CHOSEN_ID}"),
        Code.CHOSEN_AS_PROBE: (
            f"chosen as a probe of a supplier that had failed: {_CHOSEN}",
            f"dipilih untuk mencoba supplier yang tadinya gangguan: {_CHOSEN_ID}",
        ),
        Code.CHOSEN_TO_WAIT: (
            "chosen, and waits its turn: {in_flight} orders in flight of {most} allowed",
            "dipilih, dan antre: {in_flight} transaksi sedang berjalan dari batas {most}",
        ),
        Code.ATTEMPTS_USED_UP: (
            "passed over: no attempts left for this order",
            "dilewati: batas percobaan transaksi ini habis",
        ),
        Code.DEADLINE_PASSED: (
            "passed over: the deadline of this order was {deadline} WIB",
            "dilewati: batas waktu transaksi ini {deadline} WIB",
        ),
        Code.ROUTE_DISABLED: (
            "passed over: route disabled ({why})",
            "dilewati: jalur nonaktif ({why})",
        ),
        Code.SUPPLIER_NOT_ACTIVE: (
            "passed over: supplier is {status}",
            "dilewati: status supplier {status}",
        ),
        Code.ALREADY_TRIED: (
            "passed over: already tried for this order",
            "dilewati: sudah dicoba untuk transaksi ini",
        ),
        Code.CLOSED_NOW: (
            "passed over: open only {open_from}-{open_until} WIB",
            "dilewati: hanya buka {open_from}-{open_until} WIB",
        ),
        Code.PREFIX: (
            "passed over: the destination has none of its prefixes",
            "dilewati: nomor tujuan di luar prefix jalur",
        ),
        Code.AREA: (
            "passed over: area {area} is not served",
            "dilewati: area {area} tidak dilayani",
        ),
        Code.RESELLER: (
            "passed over: not for reseller {reseller}",
            "dilewati: bukan untuk reseller {reseller}",
        ),
        Code.RESELLER_GROUP: (
            "passed over: not for reseller group {group}",
            "dilewati: bukan untuk grup reseller {group}",
        ),
        Code.CIRCUIT_OPEN: (
            "passed over: unhealthy, {why}",
            "dilewati: gangguan, {why_id}",
        ),
        Code.BUSY: (
            "passed over: {in_flight} orders in flight of {most} allowed",
            "dilewati: {in_flight} transaksi sedang berjalan dari batas {most}",
        ),
        Code.DAILY_LIMIT: (
            "passed over: {today} orders today of {most} allowed",
            "dilewati: {today} transaksi hari ini dari batas {most}",
        ),
        Code.FLOAT_LOW: (
            "passed over: float {float_left} below minimum {float_min}",
            "dilewati: saldo {float_left} di bawah minimum {float_min}",
        ),
        Code.FLOAT_SHORT: (
            "passed over: float {float_left} less cost {cost} falls below minimum {float_min}",
            "dilewati: saldo {float_left} dikurangi {cost} di bawah minimum {float_min}",
        ),
        Code.BELOW_COST: (
            "passed over: cost {cost} above price {price}",
            "dilewati: harga beli {cost} di atas harga jual {price}",
        ),
        Code.LATER_PRIORITY: (
            "passed over: priority {priority} comes after {best}",
            "dilewati: prioritas {priority} setelah {best}",
        ),
        Code.DEARER: (
            "passed over: cost {cost} above the chosen one's {best}",
            "dilewati: harga beli {cost} di atas yang dipilih, {best}",
        ),
        Code.LOST_DRAW: (
            "passed over: not drawn, weight {weight} of {weights}",
            "dilewati: tidak terundi, bobot {weight} dari {weights}",
        ),
    }
)


def sentence(code: Code, facts: Facts, language: Language = "en") -> str:
    """Say a verdict in words; numbers are grouped with dots, as the trade writes them."""
    return sentences(code, tuple(facts.items()))[language == "id"]


@lru_cache(maxsize=4096)
def sentences(code: Code, facts: tuple[tuple[str, int | str], ...]) -> tuple[str, str]:
    """Say a verdict in English and in Indonesian; most orders repeat one that was said before."""
    written = {k: v if isinstance(v, str) else format_dots(v) for k, v in facts}
    english, indonesian = TEXTS[code]
    return english.format_map(written), indonesian.format_map(written)


def explain_text(explanation: Mapping[str, Any], language: Language = "en") -> str:
    """Write a stored explanation for people, one line for each candidate, the chosen one first."""
    verdicts = explanation.get("verdicts", [])
    if not verdicts:
        return "tidak ada jalur" if language == "id" else "there is no route"
    member = "sentence_id" if language == "id" else "sentence"
    first = sorted(verdicts, key=lambda verdict: verdict["code"] not in CHOSEN_CODES)
    return "\n".join(f"{verdict['supplier']}: {verdict[member]}" for verdict in first)
