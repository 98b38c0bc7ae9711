"""What a buyer typed on our own card form, checked field by field and put into wire form.

The browser checks the same for kindness; this is the check that counts. What it gives holds a
card number: hand it on at once, never keep, print or log it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

import msgspec

from gerbang.clock import WIB

BRANDS: Final = ("visa", "mastercard", "jcb", "amex")

_SPACES: Final = re.compile(r"[\s\u00a0-]+")
_EXPIRY: Final = re.compile(r"(\d{1,2})\s*/\s*(?:20)?(\d{2})|(\d{2})(?:20)?(\d{2})")
_HOLDER: Final = re.compile(r"[^\W\d_][^\W\d_ .'-]*(?:[ .'-]+[^\W\d_ .'-]+)*\.?")
_LENGTHS: Final[Mapping[str, tuple[int, ...]]] = {
    "visa": (13, 16, 19),
    "mastercard": (16,),
    "jcb": (16, 17, 18, 19),
    "amex": (15,),
}
_PREFIXES: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("visa", re.compile(r"4")),
    ("mastercard", re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720")),
    ("jcb", re.compile(r"35(?:2[89]|[3-8])")),
    ("amex", re.compile(r"3[47]")),
)


class TypedCard(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it was read: wire fields, and problems by the name of the field."""

    fields: Mapping[str, str]
    problems: Mapping[str, str]

    def __repr__(self) -> str:
        """Show no card data."""
        return f"TypedCard(problems={dict(self.problems)!r})"

    __str__ = __repr__


def brand_of(number: str) -> str:
    """Name the brand of a card number, or nothing."""
    return next((name for name, prefix in _PREFIXES if prefix.match(number)), "")


def luhn_holds(number: str) -> bool:
    """Say whether the check digit fits."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 (the two digits' sum)
    return total % 10 == 0


def read_card_form(
    form: Mapping[str, str],
    *,
    now: datetime,
    brands: Collection[str] = BRANDS,
    cvv_needed: bool = True,
    tenors: Collection[int] = (1,),
    luhn_checked: bool = True,
) -> TypedCard:
    """Read the typed card. `problems` maps field names to keys of the page's words."""
    number = _SPACES.sub("", form.get("cardNo", ""))
    cvv = form.get("cardCvv", "").strip()
    holder = " ".join(form.get("cardHolderNm", "").split())
    expiry = _read_expiry(form.get("cardExp", ""))
    tenor = form.get("instmntMon", "1") or "1"
    found = {
        "cardNo": _number_problem(number, brands, luhn_checked=luhn_checked),
        "cardExp": _expiry_problem(form.get("cardExp", ""), expiry, now=now),
        "cardCvv": _cvv_problem(cvv, brand_of(number), needed=cvv_needed),
        "cardHolderNm": _holder_problem(holder),
        "instmntMon": "" if tenor in {str(one) for one in tenors} else "tenor_wrong",
    }
    fields = {
        "cardNo": number,
        "cardExpYymm": expiry,
        "cardCvv": cvv,
        "cardHolderNm": holder,
        "instmntMon": tenor,
    }
    return TypedCard(fields=fields, problems={k: v for k, v in found.items() if v})


def _number_problem(number: str, brands: Collection[str], *, luhn_checked: bool) -> str:
    if not number:
        return "number_empty"
    if not (number.isascii() and number.isdigit()):
        return "number_wrong"
    brand = brand_of(number)
    if brand not in brands:
        return "number_brand"
    lengths = _LENGTHS[brand]
    if len(number) < min(lengths):
        return "number_short"
    fits = len(number) in lengths and (luhn_holds(number) or not luhn_checked)
    return "" if fits else "number_wrong"


def _read_expiry(text: str) -> str:
    """Turn MM/YY, M/YYYY, MMYY or MMYYYY into the wire's YYMM; nothing where it is none."""
    found = _EXPIRY.fullmatch(text.strip()) if text.isascii() else None
    if found is None:
        return ""
    month = int(found[1] or found[3])
    year = found[2] or found[4]
    return f"{year}{month:02d}" if 1 <= month <= 12 else ""  # noqa: PLR2004 (months)


def _expiry_problem(typed: str, expiry: str, *, now: datetime) -> str:
    if not typed.strip():
        return "expiry_empty"
    if not expiry:
        return "expiry_wrong"
    return "expiry_past" if expiry < now.astimezone(WIB).strftime("%y%m") else ""


def _cvv_problem(cvv: str, brand: str, *, needed: bool) -> str:
    if not cvv:
        return "cvv_empty" if needed else ""
    length = 4 if brand == "amex" else 3
    fits = cvv.isascii() and cvv.isdigit() and len(cvv) == length
    return "" if fits else "cvv_wrong"


def _holder_problem(holder: str) -> str:
    if not holder:
        return "holder_empty"
    return "" if len(holder) <= 50 and _HOLDER.fullmatch(holder) else "holder_wrong"  # noqa: PLR2004
