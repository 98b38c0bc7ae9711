"""Generated tables in Indonesian: the same rows, with their words replaced cell by cell.

The words are in `documentation/table_words/`, English on the left as a table has them: an English
text that changes loses its Indonesian one, and a test asks for another.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from gerbang.cards.trial_cards import MEANINGS as TRIAL_MEANINGS
from gerbang.dialects.nicepay.page_words import WORDS as BUYER_WORDS
from gerbang.routing.explain import TEXTS


@cache
def words() -> Mapping[str, str]:
    """Give every cell that has words of its own: English to Indonesian."""
    said: dict[str, str] = {}
    for file in sorted(files("gerbang.documentation").joinpath("table_words").iterdir(), key=str):
        said |= tomllib.loads(file.read_text(encoding="utf-8"))
    said |= TRIAL_MEANINGS
    said |= {english: indonesian for indonesian, english in BUYER_WORDS.values()}
    return MappingProxyType(said | {fact_names(en): fact_names(id_) for en, id_ in TEXTS.values()})


def fact_names(sentence: str) -> str:
    """Show the places of a sentence that facts are put into."""
    return re.sub(r"{(\w+?)(?:_id)?}", r"*\1*", sentence)


_PLAN: Final = (
    (
        r" \(no callback: found only by asking\)",
        " (tanpa callback: hanya ketahuan dengan bertanya)",
    ),
    (
        "takes the order, delivers it, drops the connection without an answer",
        "menerima transaksi, mengirimnya, lalu memutus sambungan tanpa jawaban",
    ),
    (
        "takes the payment, delivers it, drops the connection without an answer",
        "menerima pembayaran, membayarnya, lalu memutus sambungan tanpa jawaban",
    ),
    (
        "drops the connection and does not take the payment",
        "memutus sambungan dan tidak menerima pembayarannya",
    ),
    (
        r"found; Rp([\d.,]+) higher whenever it is looked at again",
        r"ditemukan; Rp\1 lebih tinggi setiap kali dilihat lagi",
    ),
    ("found; somebody else pays it before you do", "ditemukan; orang lain lebih dulu membayarnya"),
    (
        r"found, (\d+) sheets, each but the last with a fine of Rp([\d.,]+)",
        r"ditemukan, \1 lembar, masing-masing selain yang terakhir dengan denda Rp\2",
    ),
    ("^refused", "ditolak"),
    (
        "drops the connection and does not take the order",
        "memutus sambungan dan tidak menerima transaksinya",
    ),
    ("success without a serial number", "sukses tanpa SN"),
    (r"serial number after ([\d.]+) s", r"SN menyusul setelah \1 detik"),
    ("success at once", "langsung sukses"),
    ("failed at once", "langsung gagal"),
    (r"success after ([\d.]+) s", r"sukses setelah \1 detik"),
    (r"failed after ([\d.]+) s", r"gagal setelah \1 detik"),
    (r"reversed after ([\d.]+) s", r"dibatalkan setelah \1 detik"),
    ("^rejected", "ditolak"),
    ("the hold ends, nothing is taken$", "penahanan berakhir, tidak ada yang dipotong"),
    (r"^(\d+) answers over (\d+) s", r"\1 jawaban selama \2 detik"),
)
"""What plans of magic numbers are written with; the rest of a cell stays."""

KEPT: Final = frozenset(
    {"HTTP", "IsiKuota", "SocX", "OtomaX (transaksi via IP)", "counter", "histogram", "gauge",
     "resultMsg", "status"}
)  # fmt: skip
"""Cells that are the same in both languages."""


def in_indonesian(block: str) -> str:
    """Give a generated block with the words of its tables in Indonesian."""
    return "\n".join(
        _row(line, _translated) if line.startswith("| ") else line for line in block.split("\n")
    )


def cells_of(line: str) -> list[str]:
    """Give the cells of a table's line."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])]


def _row(line: str, change: Callable[[str], str]) -> str:
    return "| " + " | ".join(change(cell) for cell in cells_of(line)) + " |"


def _translated(cell: str) -> str:
    if cell in words():
        return words()[cell]
    said = cell
    for english, indonesian in _PLAN:
        said = re.sub(english, indonesian, said)
    return re.sub(r"(\d)\.(\d+ detik)", r"\1,\2", said)
