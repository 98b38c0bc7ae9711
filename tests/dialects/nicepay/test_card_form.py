"""What a buyer types, read field by field."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gerbang.dialects.nicepay.card_form import brand_of, luhn_holds, read_card_form

NOW = datetime(2026, 7, 31, 18, tzinfo=UTC)
"""Already August in Jakarta."""
TYPED = {
    "cardNo": "4434 2600 0000 0008",
    "cardExp": "01/39",
    "cardCvv": "100",
    "cardHolderNm": " Budi  Santoso ",
}


def problems(**changes: str) -> dict[str, str]:
    return dict(read_card_form(TYPED | changes, now=NOW).problems)


def test_a_good_card_becomes_the_fields_of_the_wire() -> None:
    read = read_card_form(TYPED, now=NOW)
    assert read.problems == {}
    assert read.fields == {
        "cardNo": "4434260000000008",
        "cardExpYymm": "3901",
        "cardCvv": "100",
        "cardHolderNm": "Budi Santoso",
        "instmntMon": "1",
    }


def test_what_was_typed_is_never_shown() -> None:
    shown = repr(read_card_form(TYPED, now=NOW)) + str(read_card_form(TYPED, now=NOW))
    assert "4434" not in shown
    assert "100" not in shown


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ("", "number_empty"),
        ("4434260000000009", "number_wrong"),
        ("4434 26a0 0000 0008", "number_wrong"),
        ("٤٤٣٤260000000008", "number_wrong"),
        ("44342600", "number_short"),
        ("6011000990139424", "number_brand"),
        ("44342600000000080", "number_wrong"),
    ],
)
def test_a_wrong_number_is_named(number: str, problem: str) -> None:
    assert problems(cardNo=number) == {"cardNo": problem}


@pytest.mark.parametrize("typed", ["8/26", "08/26", "08/2026", "0826", "082026", " 08 / 26 "])
def test_an_expiry_is_read_as_people_write_it(typed: str) -> None:
    read = read_card_form(TYPED | {"cardExp": typed}, now=NOW)
    assert read.problems == {}
    assert read.fields["cardExpYymm"] == "2608"


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "expiry_empty"),
        ("13/30", "expiry_wrong"),
        ("00/30", "expiry_wrong"),
        ("1/2/3", "expiry_wrong"),
        ("\u06608/30", "expiry_wrong"),
        ("07/26", "expiry_past"),
    ],
)
def test_a_wrong_expiry_is_named(typed: str, problem: str) -> None:
    assert problems(cardExp=typed) == {"cardExp": problem}


@pytest.mark.parametrize(
    ("cvv", "problem"), [("", "cvv_empty"), ("12", "cvv_wrong"), ("1234", "cvv_wrong")]
)
def test_a_wrong_code_is_named(cvv: str, problem: str) -> None:
    assert problems(cardCvv=cvv) == {"cardCvv": problem}


def test_amex_has_four_digits_of_code() -> None:
    assert problems(cardNo="378282246310005", cardCvv="1234") == {}
    assert problems(cardNo="378282246310005") == {"cardCvv": "cvv_wrong"}


@pytest.mark.parametrize("name", ["", "4434260000000008", "Budi<", "x" * 51])
def test_a_wrong_name_is_named(name: str) -> None:
    assert "cardHolderNm" in problems(cardHolderNm=name)


@pytest.mark.parametrize("name", ["Siti", "Ni Putu Ayu", "O'Neil", "Jean-Luc P.", "Ümit Çelik"])
def test_names_of_people_are_taken(name: str) -> None:
    assert problems(cardHolderNm=name) == {}


def test_a_tenor_that_is_not_offered_is_refused() -> None:
    assert problems(instmntMon="6") == {"instmntMon": "tenor_wrong"}
    read = read_card_form(TYPED | {"instmntMon": "6"}, now=NOW, tenors=(1, 6))
    assert read.problems == {}


def test_the_test_cards_that_fail_the_check_digit_pass_where_it_is_off() -> None:
    typed = TYPED | {"cardNo": "4561347179821189"}
    assert read_card_form(typed, now=NOW, luhn_checked=False).problems == {}


@pytest.mark.parametrize(
    ("number", "brand"),
    [
        ("4", "visa"), ("51", "mastercard"), ("2221", "mastercard"), ("2720", "mastercard"),
        ("2721", ""), ("2220", ""), ("3528", "jcb"), ("3589", "jcb"), ("3527", ""),
        ("34", "amex"), ("37", "amex"), ("36", ""), ("6", ""), ("", ""),
    ],
)  # fmt: skip
def test_brands_are_told_by_their_first_digits(number: str, brand: str) -> None:
    assert brand_of(number) == brand


def test_luhn() -> None:
    assert luhn_holds("4111111111111111")
    assert not luhn_holds("4111111111111112")
