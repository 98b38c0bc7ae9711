"""A card number cannot be printed, formatted, copied out or serialised."""

from __future__ import annotations

import copy
import json
import pickle

import msgspec
import pytest

from gerbang.cards.card import CardBrand, CardData, CardNumber, Hidden, brand_of

PAN = "4434260000000008"
CARD = CardData(CardNumber(PAN), "3901", Hidden("100"), "BUDI SANTOSO")


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r:>30}".format, "%s".__mod__])
def test_no_way_of_printing_shows_number_or_cvv(show: object) -> None:
    assert callable(show)
    for thing in (CARD, CARD.number, CARD.cvv, [CARD.number], {"card": CARD.cvv}):
        assert PAN not in show(thing)
        assert "100" not in show(thing)


@pytest.mark.parametrize(
    "write", [pickle.dumps, json.dumps, msgspec.json.encode, copy.deepcopy, msgspec.to_builtins]
)
def test_no_way_of_serialising_takes_card_data(write: object) -> None:
    assert callable(write)
    for thing in (CARD, CARD.number, CARD.cvv):
        with pytest.raises(TypeError):
            write(thing)


def test_the_mask_is_first_six_and_last_four_and_as_long_as_the_number() -> None:
    assert CardNumber(PAN).masked == "443426******0008"
    assert CardNumber("378282246310005").masked == "378282*****0005"
    assert CardNumber("12ab").masked == "•••"


@pytest.mark.parametrize(
    ("digits", "brand"),
    [
        ("4", CardBrand.VISA),
        ("5123450000000008", CardBrand.MASTERCARD),
        ("2221000000000009", CardBrand.MASTERCARD),
        ("2720999999999999", CardBrand.MASTERCARD),
        ("2721000000000000", CardBrand.OTHER),
        ("3530111333300000", CardBrand.JCB),
        ("378282246310005", CardBrand.AMEX),
        ("6011111111111117", CardBrand.OTHER),
        ("", CardBrand.OTHER),
    ],
)
def test_the_brand_is_known_by_the_first_digits(digits: str, brand: CardBrand) -> None:
    assert brand_of(digits) is brand


def test_the_check_digit_is_checked() -> None:
    assert CardNumber(PAN).passes_luhn
    assert not CardNumber("4434260000000009").passes_luhn


def test_equal_cards_have_equal_fingerprints_under_one_key_only() -> None:
    first, same = CardNumber(PAN).fingerprint(b"k"), CardNumber(PAN).fingerprint(b"k")
    assert first == same
    assert first != CardNumber(PAN).fingerprint(b"other")
    assert PAN not in first
