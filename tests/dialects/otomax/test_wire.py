"""Signatures and secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gerbang.dialects.otomax import wire
from gerbang.dialects.otomax.form import read_fields
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import InboundRequest

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "otomax.json").read_text())
LOGIN = wire.Login("YUSUF", "1144", "abcd")
FIELDS = {"memberid": "YUSUF", "product": "X10", "dest": "08123456789", "refid": "2140669"}
GOOD = "Cp9NLVuKWBt5Sey_uMlYsvnKvJI"


def signed(sign: str, *, legacy: bool = False, **changes: str) -> Reason | None:
    fields = FIELDS | {"sign": sign} | changes
    texts = wire.order_texts(fields, LOGIN, legacy=legacy)
    return wire.check_login(fields, LOGIN, texts=texts, legacy=legacy)


def by(query: str = "", body: bytes = b"", kind: str = "", method: str = "GET") -> dict[str, str]:
    headers = (("content-type", kind),) if kind else ()
    return read_fields(
        InboundRequest(
            method=method, path="/trx", query=query.encode("latin-1"), headers=headers, body=body
        )
    )


# --- signatures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS["accepted"], ids=lambda one: one["name"])
def test_signs_come_out_as_published(vector: dict[str, str]) -> None:
    assert wire.make_sign(vector["string"]) == vector["sign"]
    for spelling in ("sign", "standard_base64"):
        given_sign = wire.decode_sign(vector[spelling], legacy=False)
        assert wire.sign_matches(given_sign, iter([vector["string"]]))


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda one: one["name"])
def test_wrong_signs_are_refused(vector: dict[str, str]) -> None:
    given_sign = wire.decode_sign(vector["sign"], legacy=False)
    assert not wire.sign_matches(given_sign, iter([vector["string"]]))


def test_the_texts_are_the_documented_formulas() -> None:
    strings = {one["string"] for one in VECTORS["accepted"]}
    order = wire.order_text(LOGIN, product="X10", dest="08123456789", reference="2140669")
    assert {
        order, wire.balance_text(LOGIN), wire.balance_text_empty_slots(LOGIN)
    } <= strings  # fmt: skip


@pytest.mark.parametrize(
    "sign",
    [
        "Cp9NLVuKWBt5Sey/uMlYsvnKvJI=",
        "Cp9NLVuKWBt5Sey_uMlYsvnKvJI=",
        "  Cp9NLVuKWBt5Sey_uMlYsvnKvJI ",
        "Cp9NLVuKWBt5Sey_uMlYsvnKvJI\r\n",
    ],
)
def test_every_spelling_of_a_sign_is_taken(sign: str) -> None:
    assert signed(sign) is None


def test_a_plus_that_became_a_space_is_mended() -> None:
    login = wire.Login("M001", "1234", "secret")
    text = wire.order_text(login, product="XL5", dest="081900000001", reference="R0004")
    standard = "3dP6pmrtHdZOk5H3/7oLu5xh+p8="
    assert "+" in standard
    broken = wire.decode_sign(standard.replace("+", " "), legacy=False)
    assert wire.sign_matches(broken, iter([text]))


def test_a_sign_that_begins_with_a_lost_plus_is_mended() -> None:
    text = next(text for text in map(str, range(500)) if wire.make_sign(text).startswith("-"))
    broken = " " + wire.make_sign(text)[1:].replace("-", " ").replace("_", "/") + "="
    assert wire.sign_matches(wire.decode_sign(broken, legacy=False), iter([text]))


@pytest.mark.parametrize(
    "sign",
    ["", "x", "A" * 27, "=" * 28, "Cp9NLVuKWBt5Sey_uMlYsvnKvJ", "é" * 27, "\x00" * 27, "A" * 9999],
)
def test_a_sign_that_is_none_is_refused_not_an_error(sign: str) -> None:
    assert signed(sign) is Reason.INVALID_SIGNATURE


@pytest.mark.parametrize("prefix", ["Otomax", "OTOMAX", "otomax"])
def test_the_prefix_has_one_spelling(prefix: str) -> None:
    text = f"{prefix}|YUSUF|X10|08123456789|2140669|1144|abcd"
    assert signed(wire.make_sign(text)) is Reason.INVALID_SIGNATURE


@pytest.mark.parametrize(
    ("sent_member", "sent_product", "hashed_member", "hashed_product"),
    [
        ("yusuf", "x10", "yusuf", "x10"),
        ("yusuf", "x10", "YUSUF", "x10"),
        ("yusuf", "x10", "yusuf", "X10"),
        ("yusuf", "x10", "YUSUF", "X10"),
    ],
)
def test_codes_may_be_hashed_as_sent_or_in_capitals(
    sent_member: str, sent_product: str, hashed_member: str, hashed_product: str
) -> None:
    login = wire.Login(hashed_member, "1144", "abcd")
    text = wire.order_text(login, product=hashed_product, dest="08123456789", reference="2140669")
    assert signed(wire.make_sign(text), memberid=sent_member, product=sent_product) is None


def test_a_code_in_other_letters_than_sent_or_capitals_is_refused() -> None:
    login = wire.Login("Yusuf", "1144", "abcd")
    text = wire.order_text(login, product="X10", dest="08123456789", reference="2140669")
    assert signed(wire.make_sign(text), memberid="YUSUF") is Reason.INVALID_SIGNATURE


def test_the_hexadecimal_form_is_taken_only_by_setting() -> None:
    hexadecimal = "MGE5ZjRkMmQ1YjhhNTgxYjc5NDllY2JmYjhjOTU4YjJmOWNhYmM5Mg=="
    assert signed(hexadecimal) is Reason.INVALID_SIGNATURE
    assert signed(hexadecimal, legacy=True) is None
    lowered = "NzFmMzk4NzFlODkxNDdkMzYyNGRjMzZhNDkxMmU0NTA0ZjJhOWZmMQ=="
    assert signed(lowered) is Reason.INVALID_SIGNATURE
    assert signed(lowered, legacy=True) is None


@pytest.mark.parametrize("field", ["memberid", "product", "dest", "refid"])
@given(other=st.text(max_size=20))
def test_a_sign_holds_for_its_own_fields_only(field: str, other: str) -> None:
    if other.upper() == FIELDS[field].upper():
        return
    fields = FIELDS | {field: other, "sign": GOOD}
    texts = wire.order_texts(fields, LOGIN, legacy=False)
    assert wire.check_login(fields, LOGIN, texts=texts) is Reason.INVALID_SIGNATURE


@pytest.mark.parametrize(
    ("given_fields", "reason"),
    [
        ({"sign": GOOD}, None),
        ({"pin": "1144", "password": "abcd"}, None),
        ({"sign": GOOD, "pin": "1144", "password": "abcd"}, None),
        ({"sign": GOOD, "pin": "1144"}, None),
        ({"sign": GOOD, "pin": "", "password": ""}, None),
        ({}, Reason.INVALID_SIGNATURE),
        ({"sign": ""}, Reason.INVALID_SIGNATURE),
        ({"pin": "1144"}, Reason.INVALID_SIGNATURE),
        ({"password": "abcd"}, Reason.INVALID_SIGNATURE),
        ({"sign": GOOD, "pin": "1145", "password": "abcd"}, Reason.WRONG_PIN),
        ({"sign": GOOD, "pin": "1144", "password": "abce"}, Reason.WRONG_PASSWORD),
        ({"sign": "A" * 27, "pin": "1144", "password": "abcd"}, Reason.INVALID_SIGNATURE),
        ({"pin": "0000", "password": "abce"}, Reason.WRONG_PASSWORD),
        ({"pin": "11\uff144", "password": "abcd"}, Reason.WRONG_PIN),
    ],
)
def test_everything_that_is_present_is_verified(
    given_fields: dict[str, str], reason: Reason | None
) -> None:
    fields = FIELDS | given_fields
    texts = wire.order_texts(fields, LOGIN, legacy=False)
    assert wire.check_login(fields, LOGIN, texts=texts) is reason


@pytest.mark.parametrize("login", [wire.Login("YUSUF", "", "abcd"), wire.Login("YUSUF", "", "")])
def test_a_member_without_secrets_cannot_log_in(login: wire.Login) -> None:
    fields = FIELDS | {"pin": login.pin, "password": login.password}
    text = wire.order_text(login, product="X10", dest="08123456789", reference="2140669")
    fields["sign"] = wire.make_sign(text)
    texts = wire.order_texts(fields, login, legacy=False)
    assert wire.check_login(fields, login, texts=texts) is Reason.INVALID_SIGNATURE
