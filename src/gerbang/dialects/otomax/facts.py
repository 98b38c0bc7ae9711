"""What any text of the trade says beside its outcome: ids, serial number, amounts; pure.

These are the tolerant readings of sheet §5.1 and §11; a rule's own groups come before them.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from gerbang.dialects.otomax.regex_cost import FLAGS
from gerbang.money import RUPIAH_MAX, parse_grouped

SN_CHARS_MAX: Final = 400
REASON_CHARS_MAX: Final = 200


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What was found; empty or None where the text does not say it."""

    refid: str = ""
    trxid: str = ""
    sn: str = ""
    harga: int | None = None
    saldo: int | None = None
    keterangan: str = ""


_REFID: Final = re.compile(r"R#([A-Za-z0-9._=-]{1,64})", FLAGS)
# Only in front: a refusal may name the number of another order further on.
_TRXID: Final = re.compile(r"(?:\A(?:T|ID)?#|\bTrxID=)(\d{1,18})\b", FLAGS)
_SN_LABEL: Final = re.compile(r"\bSN(?:/Ref)? {0,2}: {0,2}", FLAGS)
_SN_END: Final = re.compile(r"\.(?= {0,2}(?:Saldo|Sisa|Stok|Hrg|Sal\b|Trx|@|\Z))", FLAGS)
_RP: Final = r"(?:Rp\.? ?)?"
_AMOUNT: Final = r"(\d[\d.,]{0,24})"
_SUM: Final = re.compile(
    rf"\b(?:Saldo|Stok) {_RP}{_AMOUNT} ?([-+]) ?{_RP}{_AMOUNT} ?= ?{_RP}{_AMOUNT}", FLAGS
)
_BALANCE: Final = re.compile(rf"\b(?:Saldo|Stok|Sal)\b ?[:=]? ?{_RP}{_AMOUNT}", FLAGS)
_PRICE: Final = re.compile(
    rf"\b(?:Hrg\b|Harga=|Stok Terpotong\b) ?{_RP}{_AMOUNT}", FLAGS
)  # fmt: skip


_WHY: Final = re.compile(r"\bgagal\b[ .,:]{0,3}", FLAGS)
_WHY_END: Final = re.compile(
    r" ?\b(?:Saldo (?:Rp|\d|refund)|Stok (?:Rp|\d)|Sal \d|saldo=|Hrg )| ?@|\. ?Trx ke", FLAGS
)


def read_facts(text: str) -> Facts:
    """Read a text of one line."""
    harga, saldo = read_amounts(text)
    refid, trxid = _REFID.search(text), _TRXID.search(text)
    return Facts(
        refid=refid[1] if refid else "",
        trxid=trxid[1] if trxid else "",
        sn=read_sn(text),
        harga=harga,
        saldo=saldo,
        keterangan=read_reason(text),
    )


def read_reason(text: str) -> str:
    """Read what stands between the word for failed and the sentence about money or time."""
    start = _WHY.search(text)
    if not start:
        return ""
    rest = text[start.end() :]
    end = _WHY_END.search(rest)
    return (rest[: end.start()] if end else rest).strip(" .,")[:REASON_CHARS_MAX]


def read_sn(text: str) -> str:
    """Read the serial number after its label, up to the sentence about money or time (§11)."""
    label = _SN_LABEL.search(text)
    if not label:
        return ""
    rest = text[label.end() :]
    end = _SN_END.search(rest)
    if end:
        return rest[: end.start()].strip()[:SN_CHARS_MAX]
    return rest.partition(" @")[0].rstrip(". ")[:SN_CHARS_MAX]


def read_amounts(text: str) -> tuple[int | None, int | None]:
    """Read price and balance; the price is believed only where the sum is right (§8)."""
    total = _SUM.search(text)
    if total:
        before, sign, amount, after = (
            read_amount(total[1]), total[2], read_amount(total[3]), read_amount(total[4]),
        )  # fmt: skip
        right = (
            None not in (before, amount, after)
            and sign == "-"
            and ((before or 0) - (amount or 0) == after)
        )
        return amount if right else None, after
    price, balance = _PRICE.search(text), _BALANCE.search(text)
    return (
        read_amount(price[1]) if price else None,
        read_amount(balance[1]) if balance else None,
    )


def read_amount(text: str) -> int | None:
    """Read one amount in any of the trade's spellings, or None."""
    try:
        value = parse_grouped(text.strip().rstrip(".,"))
    except ValueError:
        return None
    return value if abs(value) <= RUPIAH_MAX else None
