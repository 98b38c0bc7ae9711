"""A receipt (struk): what is printed for a customer, as lines; pure.

Tokens and airtime get one too. The words are the trade's, in Indonesian.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from gerbang.bills.bill import Bill, Quote, Service, quote_of
from gerbang.bills.receipt_words import TITLES, describe, token_lines
from gerbang.bills.token import token_of
from gerbang.clock import wib_text

WIDTH: Final = 42
"""Characters of a line: what an 80 mm printer fits with a plain font."""
_LABEL_WIDTH: Final = 14


class ReceiptUnavailableError(Exception):
    """There is no receipt for an order that did not succeed."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on the paper: a title, pairs, and closing words. An empty pair is a rule."""

    title: str
    pairs: tuple[tuple[str, str], ...]
    footer: tuple[str, ...]


RULE: Final = ("", "")


def make_receipt(order: Mapping[str, Any], *, issuer: str) -> Receipt:
    """Make the receipt of an order as `orders.read.show_order` gives it.

    Raises ReceiptUnavailableError.
    """
    if order["state"] != "success":
        raise ReceiptUnavailableError(f"order {order['id']} is {order['state']}: no receipt")
    quoted = quote_of(order["data"])
    pairs = _bill_pairs(order, quoted) if quoted else _sale_pairs(order)
    footer = ["Simpan struk ini sebagai bukti pembayaran yang sah."]
    if order["testing"]:
        footer.insert(0, "*** TRANSAKSI UJI COBA, BUKAN PEMBAYARAN ***")
    return Receipt(title=_title(order, quoted), pairs=tuple(pairs), footer=(*footer, issuer))


def _title(order: Mapping[str, Any], quoted: Quote | None) -> str:
    if quoted is not None:
        return TITLES[quoted.bill.service]
    return "STRUK PEMBELIAN" if token_of(order["data"]) is None else TITLES[Service.PLN_PREPAID]


def _head(order: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    at: datetime = order["final_at"] or order["created_at"]
    yield "TANGGAL", f"{wib_text(at)} WIB"
    yield "NO TRANSAKSI", str(order["id"])
    yield "NO REF", str(order["reference"])
    yield RULE


def _sale_pairs(order: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _head(order)
    yield "PRODUK", order["product_name"]
    yield "NOMOR", order["destination"]
    token = token_of(order["data"])
    if token is not None:
        yield from token_lines(token)
    yield RULE
    yield "HARGA", rupiah(order["price"])
    if token is None:
        yield "SN", order["sn"]


def _bill_pairs(order: Mapping[str, Any], quoted: Quote) -> Iterator[tuple[str, str]]:
    bill = quoted.bill
    yield from _head(order)
    yield "LAYANAN", order["product_name"]
    yield "ID PELANGGAN", bill.customer_no
    yield "NAMA", bill.customer_name
    yield from describe(bill)
    yield RULE
    yield from _sheets(bill)
    yield "TAGIHAN", rupiah(bill.amount)
    if bill.fine:
        yield "DENDA", rupiah(bill.fine)
    yield "ADMIN", rupiah(quoted.fee)
    yield "TOTAL BAYAR", rupiah(quoted.total)
    yield RULE
    yield "NO REFERENSI", order["sn"]


def _sheets(bill: Bill) -> Iterator[tuple[str, str]]:
    for sheet in bill.periods:
        text = rupiah(sheet.amount) if sheet.amount is not None else ""
        yield "PERIODE", f"{sheet.name} {text}".strip()
        if sheet.meter_before or sheet.meter_after:
            yield "STAND METER", f"{sheet.meter_before}-{sheet.meter_after}"
    yield "LEMBAR", str(bill.sheets)


def rupiah(amount: int) -> str:
    """Write an amount as the trade does: ``Rp25.200``."""
    return "Rp" + f"{amount:,}".replace(",", ".")


# --- as text ------------------------------------------------------------------------------------


def receipt_lines(receipt: Receipt) -> list[str]:
    """Lay the receipt out in lines of at most `WIDTH` characters."""
    lines = [receipt.title.center(WIDTH).rstrip(), "=" * WIDTH]
    for label, value in receipt.pairs:
        lines.extend(_pair_lines(label, value) if label else ["-" * WIDTH])
    lines.append("=" * WIDTH)
    for text in receipt.footer:
        lines.extend(part.center(WIDTH).rstrip() for part in _wrapped(text, WIDTH))
    return lines


def receipt_text(receipt: Receipt) -> str:
    """Write the receipt as text."""
    return "\n".join(receipt_lines(receipt)) + "\n"


def _pair_lines(label: str, value: str) -> list[str]:
    parts = _wrapped(_printable(value), WIDTH - _LABEL_WIDTH - 2) or [""]
    first = f"{label:<{_LABEL_WIDTH}}: {parts[0]}".rstrip()
    return [first, *(" " * (_LABEL_WIDTH + 2) + part for part in parts[1:])]


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _wrapped(text: str, width: int) -> list[str]:
    """Break at blanks where there are some, else anywhere: a token has none."""
    lines: list[str] = []
    for word in text.split():
        while len(word) > width:
            lines.append(word[:width])
            word = word[width:]  # noqa: PLW2901 (the rest of a word that is too long)
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        elif word:
            lines.append(word)
    return lines
