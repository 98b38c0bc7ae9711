"""Whole rupiah as integers, and the ways the market writes them."""

from __future__ import annotations

from typing import Final

RUPIAH_MAX: Final = 9_000_000_000_000_000
"""Far above any real balance and far below what a BIGINT holds."""


def format_dots(amount: int) -> str:
    """Write 75377526 as ``75.377.526``, the Indonesian way."""
    return f"{amount:,}".replace(",", ".")


def format_commas(amount: int) -> str:
    """Write 1000101 as ``1,000,101``, as the SocX deposit instruction does."""
    return f"{amount:,}"


def parse_grouped(text: str) -> int:
    """Read ``75.377.526``, ``71,900``, ``Rp. 1.234`` or ``1.234.531,77`` as whole rupiah.

    The last separator is a decimal mark only when one or two digits, or the other separator
    before it, say so. Raises ValueError when no number is there.
    """
    digits = text.strip().removeprefix("Rp").lstrip(". ").strip()
    whole = _without_decimals(digits)
    plain = whole.replace(".", "").replace(",", "")
    negative = plain.startswith("-")
    if not plain.removeprefix("-").isdecimal() or not plain.isascii():
        msg = f"not a rupiah amount: {text!r}"
        raise ValueError(msg)
    value = int(plain.removeprefix("-"))
    return -value if negative else value


def _without_decimals(digits: str) -> str:
    """Cut a decimal part off a grouped number."""
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return digits
    mark, tail = digits[last], digits[last + 1 :]
    other = "," if mark == "." else "."
    if len(tail) != 3 or (other in digits[:last] and digits.count(mark) == 1 and mark == ","):  # noqa: PLR2004 (a group has three digits)
        return digits[:last]
    return digits
