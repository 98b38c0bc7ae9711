"""The table of measurements for docs/performance.id.md: the same rows in Indonesian; pure."""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final = (
    (r"\bper second\b", "per detik"),
    (r"\bvs TPC-B\b", "dibanding TPC-B"),
    (r"\bgoal\b", "sasaran"),
    (r"\bload generator\b", "pembuat beban"),
    (r"\bTPC-B spread\b", "TPC-B tersebar"),
    (r"\bTPC-B hot\b", "TPC-B panas"),
    (r"\bscale (\d+)", r"skala \1"),
    (r"\b(\d+) clients\b", r"\1 klien"),
    (r" avg\b", " rata-rata"),
    (r"\bAccepted by signature\b", "Diterima dengan tanda tangan"),
    (r"\bAccepted by\b", "Diterima dengan"),
    (r"\bAccepted\b", "Diterima"),
    (r"\b([\d.,]+) resellers?\b", r"\1 reseller"),
    (r"\b(\d+) callers\b", r"\1 pemanggil"),
    (r"\bWhole lives, sustained\b", "Seumur hidup transaksi, bertahan"),
    (r"\bWhole lives, NOT sustained\b", "Seumur hidup transaksi, TIDAK bertahan"),
    (r"\bCards charged, merchants told\b", "Kartu ditagih, merchant dikabari"),
    (r"\b(\d+) cores\b", r"\1 inti"),
    (r"Processor columns are shares of one core\.", "Kolom prosesor adalah bagian dari satu inti."),
    (r"^During whole lives:", "Selama seumur hidup transaksi:"),
    (r"\bothers used (\S+) of a core", r"proses lain memakai \1 satu inti"),
    (r"\bthe load generator was the limit\b", "pembuat bebannya yang menjadi batas"),
)
_NUMBER: Final = re.compile(r"(?<![\w.])\d[\d.,]*\d(?![\w.])")
_SWAPPED: Final = str.maketrans(",.", ".,")


def in_indonesian(table: str) -> str:
    """Give the table and the lines around it with Indonesian words and numbers."""
    return "\n".join(_line(line) for line in table.split("\n"))


def _line(line: str) -> str:
    for english, indonesian in _WORDS:
        line = re.sub(english, indonesian, line)
    is_row = line.startswith("|")
    return _NUMBER.sub(lambda n: n[0].translate(_SWAPPED), line) if is_row else line
