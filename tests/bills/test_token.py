"""Electricity tokens as suppliers write them, read into the same parts."""

from __future__ import annotations

from typing import Any

import pytest

from gerbang.bills.token import Token, read_token, token_data, token_line, token_of
from gerbang.sandbox.serials import make_serial

T = "0143-4804-9579-5519-9674"
WHOLE = Token(token=T, name="BUDI S", tariff="R1", power="1300", kwh="63,0")
OTOMAX_SAMPLE = (
    "0143 4804 9579 5519 9674/BUDI S/R1/1300 VA/63,0KWH/PLNREF:X1/IDPEL:53/RPTOKEN:90.909,00"
    "/PPN:0,00/PPJ:9.091,00/MATERAI:0,00"
)
PARSED = {
    "no_meter": "86024157967",
    "nama": "BUDI S",
    "tarif_daya": "R1/1300 VA",
    "rp_bayar": 20_000,
    "kwh": "63,0",
    "stroom_token": T,
}
RAW = (
    "STRUK PEMBELIAN LISTRIK PRABAYAR@NO_METER:86024157967@NAMA:BUDI S@ADMIN_BANK:0"
    f"@TARIF_DAYA:R1/1300 VA@RP_BAYAR:20000@JML_KWH:63,0@STROOM_TOKEN:{T}@INFO:[][AM]20000[]"
)


@pytest.mark.parametrize(
    "sn",
    [
        OTOMAX_SAMPLE,
        f"{T}/BUDI S/R1/1300VA/63,0kWh",
        "01434804957955199674/BUDI S/R1/1300/63.0",
        f"{T}/BUDI S/R1/000001300VA/KWH:63,0",
        f"TOKEN:{T}/NAMA:BUDI S/TD:R1/DAYA:1300VA/KWH:63,0",
        f"Token: {T}/BUDI S/R1/1300 VA/kwh 63,0",
    ],
)
def test_a_serial_number_with_all_parts_is_read(sn: str) -> None:
    assert read_token(sn) == WHOLE


@pytest.mark.parametrize(
    "data", [{"parsed": PARSED}, {"sn_raw": RAW}, {"parsed": {}, "sn_raw": RAW}]
)
def test_the_members_that_socx_has_for_it_are_read(data: dict[str, Any]) -> None:
    assert read_token("", data) == WHOLE


def test_groups_alone_are_a_token_but_twenty_digits_alone_may_be_any_serial_number() -> None:
    assert read_token(T) == Token(token=T)
    assert read_token(T.replace("-", "")) is None


@pytest.mark.parametrize(
    "sn",
    [
        "",
        "R260531.1236.2100F1",
        "04091234567890123456",
        "1234-5678-9012-3456",
        "0409 1234 5678 9012 34567/BUDI/R1",
        "VCR 1234-5678-9012-3456-7890/BUDI/R1/900VA/1,0kWh",
        "1234-56789012-3456-7890/X/R1",
    ],
)
def test_another_serial_number_is_no_token(sn: str) -> None:
    assert read_token(sn) is None
    assert token_data(sn, None) is None


def test_a_name_that_looks_like_a_tariff_stays_a_name() -> None:
    token = read_token(f"{T}/SITI/R1M/900VA/12,5kWh")
    assert token == Token(token=T, name="SITI", tariff="R1M", power="900", kwh="12,5")
    short = read_token(f"{T}/TI/B2/5500VA/12,5kWh")
    assert short == Token(token=T, name="TI", tariff="B2", power="5500", kwh="12,5")


def test_what_is_written_for_the_trade_is_read_back() -> None:
    assert read_token(token_line(WHOLE)) == WHOLE
    assert token_line(Token(token=T)) == T


def test_what_the_sandbox_invents_is_read_as_it_was_meant() -> None:
    serial = make_serial("R-1", "PLN20")
    token = read_token(serial.sn)
    assert token is not None
    assert serial.data == {
        n: getattr(token, n) for n in ("token", "name", "tariff", "power", "kwh")
    }


def test_an_order_keeps_what_was_said_beside_the_parts() -> None:
    kept = token_data("", {"parsed": PARSED})
    assert kept is not None
    assert kept["parsed"] == PARSED
    assert token_of(kept) == WHOLE
    assert token_of({"bill": {}}) is None
    assert token_data("123", {"sn_raw": "x"}) == {"sn_raw": "x"}


def test_hostile_text_is_no_token_and_takes_no_time() -> None:
    assert read_token("1234-5678-9012-3456-7890" + "/" * 100_000) is not None
    assert read_token("1" * 400) is None
    long = read_token(f"{T}/{'N' * 400}/R1")
    assert long is not None
    assert len(long.name) == 64
