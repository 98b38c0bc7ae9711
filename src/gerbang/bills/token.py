"""An electricity token (PLN prepaid): its parts, however a supplier wrote them; pure.

Suppliers that have one field write ``token/name/tariff/power/kWh/…`` into the serial number. SocX
has members of its own (``parsed``) and the paper's text (``sn_raw``). All are read into the same
parts, which stay with the order beside what the supplier said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

TOKEN_DIGITS: Final = 20
PART_CHARS_MAX: Final = 64
SEGMENTS_MAX: Final = 24

_DIGITS: Final = re.compile(r"\d{4}([ -]?)\d{4}(?:\1\d{4}){3}")
_KWH: Final = re.compile(r"(?:kwh ?:? ?)?(\d{1,6}(?:[.,]\d{1,3})?) ?(?:kwh)?", re.IGNORECASE)
_POWER: Final = re.compile(r"0*([1-9]\d{2,6}) ?(?:va)?", re.IGNORECASE)
_TARIFF: Final = re.compile(r"[RBIPSLCT]\d?[A-Z]{0,2}", re.IGNORECASE)
_LABELS: Final[Mapping[str, str]] = {
    "TOKEN": "token", "STROOM_TOKEN": "token", "NAMA": "name", "NAME": "name", "TARIF": "tariff",
    "TRF": "tariff", "GOL": "tariff", "DAYA": "power", "KWH": "kwh", "JML_KWH": "kwh",
    "TARIF_DAYA": "tariff_power", "TD": "tariff_power",
}  # fmt: skip
_MEMBERS: Final = ("token", "name", "tariff", "power", "kwh")


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer types into the meter, and what the paper says beside it."""

    token: str
    """Twenty digits in five groups: ``1234-5678-9012-3456-7890``."""
    name: str = ""
    tariff: str = ""
    power: str = ""
    """Volt-ampere."""
    kwh: str = ""
    """With a decimal comma, as it is printed."""


def read_token(sn: str, data: Mapping[str, Any] | None = None) -> Token | None:
    """Read a token's parts; None where this is no token.

    Twenty digits alone may be any serial number: a token is known by its groups, by its kWh or
    tariff beside it, or because a supplier names it so.
    """
    if data:
        named = _from_members(data)
        if named is not None:
            return named
    # Nearly all serial numbers end here.
    if _DIGITS.match(sn.strip().upper().removeprefix("TOKEN:").lstrip()) is None:
        return None
    return _from_segments(sn.split("/"), first="token")


def token_of(data: Mapping[str, Any] | None) -> Token | None:
    """Give the token that an order keeps; None where there is none."""
    if not data or not data.get("token"):
        return None
    return Token(**{name: str(data.get(name) or "") for name in _MEMBERS})


def token_data(sn: str, data: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Give what an order keeps of a delivery: what the supplier said, and a token's parts."""
    token = read_token(sn, data)
    if token is None:
        return dict(data) if data else None
    return {**(data or {}), **token_parts(token)}


def token_parts(token: Token) -> dict[str, str]:
    """Give the parts by name."""
    return {name: getattr(token, name) for name in _MEMBERS}


def token_line(token: Token) -> str:
    """Write a token as a serial number of the trade; `read_token` reads it back."""
    power = f"{token.power}VA" if token.power else ""
    kwh = f"{token.kwh}kWh" if token.kwh else ""
    return "/".join(part for part in (token.token, token.name, token.tariff, power, kwh) if part)


# --- reading --------------------------------------------------------------------------------------


def _from_members(data: Mapping[str, Any]) -> Token | None:
    """Read SocX's ``parsed`` or ``sn_raw``, or parts that are named as ours are."""
    if data.get("token"):
        pairs = [(name.upper(), str(data.get(name) or "")) for name in _MEMBERS]
        return _collect(pairs)
    parsed = data.get("parsed")
    if isinstance(parsed, Mapping):
        found = _collect((str(name).upper(), str(value)) for name, value in parsed.items())
        if found is not None:
            return found
    raw = data.get("sn_raw")
    return _from_segments(raw.split("@"), first="") if isinstance(raw, str) else None


def _collect(pairs: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> Token | None:
    parts: dict[str, str] = {}
    for label, value in pairs:
        if label in {"POWER", "TARIFF"}:
            _keep(parts, label.lower(), value)
        elif label in _LABELS:
            _keep(parts, _LABELS[label], value)
    return _token(parts)


def _from_segments(segments: list[str], *, first: str) -> Token | None:
    parts: dict[str, str] = {}
    for index, segment in enumerate(segments[:SEGMENTS_MAX]):
        label, colon, value = segment.partition(":")
        name = _LABELS.get(label.strip().upper().replace(" ", "_"), "") if colon else ""
        if name:
            _keep(parts, name, value)
        elif index == 0 and first:
            _keep(parts, first, segment)
        elif not colon and first:
            _guess(parts, segment.strip(), second=index == 1)
    return _token(parts)


def _guess(parts: dict[str, str], text: str, *, second: bool) -> None:
    """Take a segment without a label by its shape; the name is the second."""
    if second and not re.fullmatch(r"[\d.,]*", text):
        _keep(parts, "name", text)
    elif "kwh" in text.lower() or re.fullmatch(r"\d{1,5}[.,]\d{1,2}", text):
        _keep(parts, "kwh", text)
    elif _TARIFF.fullmatch(text):
        _keep(parts, "tariff", text)
    elif _POWER.fullmatch(text):
        _keep(parts, "power", text)


def _keep(parts: dict[str, str], name: str, value: str) -> None:
    one_line = " ".join(value.split())
    value = "".join(letter for letter in one_line if letter.isprintable())[:PART_CHARS_MAX]
    match name:
        case "tariff_power":
            tariff, _, power = value.partition("/")
            _keep(parts, "tariff", tariff)
            _keep(parts, "power", power)
            return
        case "kwh":
            found = _KWH.fullmatch(value)
            value = found[1].replace(".", ",") if found else ""
        case "power":
            found = _POWER.fullmatch(value)
            value = found[1] if found else ""
    if value and name not in parts:
        parts[name] = value


def _token(parts: Mapping[str, str]) -> Token | None:
    found = _DIGITS.fullmatch(parts.get("token", ""))
    if found is None:
        return None
    if not (found[1] or parts.get("kwh") or parts.get("tariff")):
        return None
    digits = re.sub(r"\D", "", parts["token"])
    groups = "-".join(digits[at : at + 4] for at in range(0, TOKEN_DIGITS, 4))
    return Token(**{**parts, "token": groups})
