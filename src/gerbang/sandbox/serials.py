"""Serial numbers that look like the trade's, the same ones for the same reference; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

import msgspec

_PART_DIGITS: Final = 4
_TOKEN_DIGITS: Final = 20
_SAMPLE_DIGITS: Final = 16
_PLAIN_DIGITS: Final = 16

_TARIFFS: Final = (("R1", "900"), ("R1M", "900"), ("R1", "1300"), ("R1", "2200"), ("R2", "3500"))
_NAMES: Final = ("BUDI SANTOSO", "SITI AMINAH", "AGUS SETIAWAN", "DEWI LESTARI", "JOKO SUSILO")
_KWH_HUNDREDTHS_MIN: Final = 1_200
_KWH_HUNDREDTHS_SPREAD: Final = 12_000


class Serial(msgspec.Struct, frozen=True, kw_only=True):
    """A serial number, and its parts where it has some."""

    sn: str
    data: Mapping[str, str] | None = None


def make_serial(reference: str, product_code: str) -> Serial:
    """Make the serial number of an order: a token for electricity, else a plain number."""
    if product_code.upper().startswith("PLN"):
        return make_token(reference)
    return Serial(sn=f"0409{_digits(reference, _PLAIN_DIGITS)}")


def make_testing_serial(seed: str) -> str:
    """Make a serial number in the form that IsiKuota's testing sample has."""
    return _grouped(_digits(seed, _SAMPLE_DIGITS))


def make_token(reference: str) -> Serial:
    """Make the serial number of an electricity token, with its parts."""
    token = _grouped(_digits(reference, _TOKEN_DIGITS))
    seed = _number(f"token:{reference}")
    name = _NAMES[seed % len(_NAMES)]
    tariff, power = _TARIFFS[seed // 7 % len(_TARIFFS)]
    hundredths = _KWH_HUNDREDTHS_MIN + seed // 49 % _KWH_HUNDREDTHS_SPREAD
    kwh = f"{hundredths // 100},{hundredths % 100:02d}"
    return Serial(
        sn=f"{token}/{name}/{tariff}/{power}VA/{kwh}kWh",
        data={"token": token, "name": name, "tariff": tariff, "power": power, "kwh": kwh},
    )


def _grouped(digits: str) -> str:
    parts = range(0, len(digits), _PART_DIGITS)
    return "-".join(digits[at : at + _PART_DIGITS] for at in parts)


def _digits(seed: str, count: int) -> str:
    return str(_number(seed) % 10**count).zfill(count)


def _number(seed: str) -> int:
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:16])
