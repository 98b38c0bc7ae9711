"""What a choice needs to know of a circuit, and the words for it; pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from gerbang.clock import WIB
from gerbang.money import format_dots

Subject = Literal["supplier", "product"]


class Trouble(StrEnum):
    """Why a circuit is as it is."""

    NONE = "none"
    BAD_IN_ROW = "bad_in_row"
    BAD_SHARE = "bad_share"
    SLOW_SHARE = "slow_share"
    PROBE_FAILED = "probe_failed"
    QUESTION_FAILED = "question_failed"
    ANSWERED = "answered"
    RECOVERED = "recovered"


Language = Literal["en", "id"]

TROUBLE_TEXTS: Final[Mapping[Trouble, tuple[str, str]]] = MappingProxyType(
    {
        Trouble.NONE: ("healthy", "sehat"),
        Trouble.BAD_IN_ROW: (
            "{bad} orders in a row failed",
            "{bad} transaksi gagal berturut-turut",
        ),
        Trouble.BAD_SHARE: (
            "{bad} of {count} orders failed within {window_s} s",
            "{bad} dari {count} transaksi gagal dalam {window_s} detik",
        ),
        Trouble.SLOW_SHARE: (
            "{slow} of {count} answers took more than {slow_ms} ms",
            "{slow} dari {count} jawaban lebih lama dari {slow_ms} ms",
        ),
        Trouble.PROBE_FAILED: ("a probe order failed", "transaksi percobaan gagal"),
        Trouble.QUESTION_FAILED: (
            "questions in a row without an answer: {count}",
            "pertanyaan berturut-turut tanpa jawaban: {count}",
        ),
        Trouble.ANSWERED: (
            "it answers again and is tried with {probes} at a time",
            "sudah menjawab lagi dan dicoba dengan {probes} transaksi sekaligus",
        ),
        Trouble.RECOVERED: (
            "probe orders that succeeded: {good}",
            "transaksi percobaan yang sukses: {good}",
        ),
    }
)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a choice needs to know of a circuit, and the words for it."""

    usable: bool
    probing: bool = False
    subject: Literal["supplier", "product"] = "supplier"
    trouble: Trouble = Trouble.NONE
    facts: Mapping[str, int] = {}
    since: datetime | None = None
    retry_at: datetime | None = None

    def sentence(self, language: Language = "en") -> str:
        """Say it in words."""
        why = trouble_text(self.trouble, self.facts, language)
        said = f"{_SUBJECTS[self.subject, language]}: {why}"
        if self.since is not None:
            said += f" ({_SINCE[language]} {_clock(self.since)} WIB)"
        if self.usable or self.retry_at is None:
            return said if self.usable else f"{said}; {_PROBE_ON_ITS_WAY[language]}"
        return f"{said}; {_NEXT[language]} {_clock(self.retry_at)} WIB"


_SUBJECTS: Final = {
    ("supplier", "en"): "supplier",
    ("supplier", "id"): "supplier",
    ("product", "en"): "product at this supplier",
    ("product", "id"): "produk di supplier ini",
}
_SINCE: Final = {"en": "since", "id": "sejak"}
_NEXT: Final = {"en": "to be tried again from", "id": "dicoba lagi mulai"}
_PROBE_ON_ITS_WAY: Final = {
    "en": "a probe order is on its way",
    "id": "transaksi percobaan sedang berjalan",
}

HEALTHY: Final = Standing(usable=True)


def trouble_text(trouble: Trouble, facts: Mapping[str, int], language: Language = "en") -> str:
    """Say why a circuit is as it is."""
    written = {name: format_dots(value) for name, value in facts.items()}
    return TROUBLE_TEXTS[trouble][language == "id"].format_map(written)


def _clock(at: datetime) -> str:
    return at.astimezone(WIB).strftime("%H:%M:%S")
