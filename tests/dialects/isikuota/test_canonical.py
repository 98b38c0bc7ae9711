"""The text that is signed is the one PHP writes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gerbang.dialects.isikuota.wire import (
    InvalidJsonError,
    canonical_body,
    decode_object,
    encode_php,
    encode_request,
    ksort,
    php_float,
)

PLAIN = st.none() | st.booleans() | st.text() | st.integers(-(2**63), 2**63 - 1)
NAMES = st.text().filter(lambda name: name[:1] >= ":")


@given(st.dictionaries(NAMES, PLAIN, min_size=1))
def test_plain_members_are_sorted_compact_json(business: dict[str, Any]) -> None:
    text = json.dumps(business, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    expected = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    assert canonical_body(business).decode() == expected


@given(st.dictionaries(st.text(), PLAIN, min_size=1), st.randoms())
def test_the_order_of_members_on_the_wire_does_not_matter(
    business: dict[str, Any], random: Any
) -> None:
    names = list(business)
    random.shuffle(names)
    shuffled = {name: business[name] for name in names}
    if not any(name[:1] < ":" for name in names):
        assert canonical_body(shuffled) == canonical_body(business)


@given(st.dictionaries(st.text(), PLAIN))
def test_what_is_sent_is_what_is_read_back(business: dict[str, Any]) -> None:
    apart = ("api_id", "timestamp", "signature")
    business = {name: value for name, value in business.items() if name not in apart}
    body = encode_request(business, api_id="a", signature="s", timestamp=1)
    members = decode_object(body)
    for name in apart:
        del members[name]
    assert members == business


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (10.50, "10.5"),
        (1e3, "1000"),
        (0.1, "0.1"),
        (0.0001, "0.0001"),
        (0.00001, "1.0e-5"),
        (1.5e-7, "1.5e-7"),
        (1e17, "1.0e+17"),
        (1.25e25, "1.25e+25"),
        (123456.789, "123456.789"),
        (-2.5, "-2.5"),
        (0.0, "0"),
        (-0.0, "-0"),
    ],
)
def test_floats_are_written_as_php_writes_them(value: float, text: str) -> None:
    assert php_float(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_written_as_php_does_reads_back_the_same(value: float) -> None:
    assert float(php_float(value)) == value


def test_a_float_in_a_request_is_signed_in_its_short_form() -> None:
    members = decode_object(b'{"b":[1.0,{"c":10.50}],"a":1e3}')
    assert canonical_body(members) == b'{"a":1000,"b":[1,{"c":10.5}]}'


def test_an_integer_beyond_64_bits_is_a_float() -> None:
    members = decode_object(b'{"a":92233720368547758070,"b":9223372036854775807}')
    assert canonical_body(members) == b'{"a":9.223372036854776e+19,"b":9223372036854775807}'


def test_an_integer_beyond_all_floats_is_refused() -> None:
    with pytest.raises(InvalidJsonError):
        canonical_body(decode_object(b'{"a":' + b"9" * 400 + b"}"))


def test_empty_objects_and_numbered_objects_are_lists() -> None:
    members = decode_object(b'{"a":{},"b":[],"c":{"0":"x","1":"y"},"d":{"1":"x"}}')
    assert canonical_body(members) == b'{"a":[],"b":[],"c":["x","y"],"d":{"1":"x"}}'


def test_a_whole_request_of_numbered_members_is_a_list() -> None:
    assert canonical_body(decode_object(b'{"1":"y","0":"x"}')) == b'["x","y"]'


def test_names_that_look_like_numbers_are_sorted_as_numbers() -> None:
    assert ksort(["b", "10", "9", "a", "-1", "1.5"]) == ["-1", "1.5", "9", "10", "a", "b"]
    assert canonical_body({"cmd": "x", "10": 1, "9": 2}) == b'{"9":2,"10":1,"cmd":"x"}'


def test_of_equal_members_the_last_one_wins() -> None:
    assert canonical_body(decode_object(b'{"a":1,"b":2,"a":3}')) == b'{"a":3,"b":2}'


def test_inner_members_keep_their_order() -> None:
    assert canonical_body({"a": {"z": 1, "b": 1.5}}) == b'{"a":{"z":1,"b":1.5}}'


def test_line_separators_are_escaped_even_inside_names_and_lists() -> None:
    members = {"a\u2028": ["\u2029"]}
    assert canonical_body(members) == b'{"a\\u2028":["\\u2029"]}'


def test_dashes_that_share_bytes_with_line_separators_stay_raw() -> None:
    assert canonical_body({"a": "1\u20132"}) == '{"a":"1\u20132"}'.encode()


def test_webhooks_are_written_with_phps_default_escapes() -> None:
    assert encode_php({"a": "1/2 é \\/"}) == b'{"a":"1\\/2 \\u00e9 \\\\\\/"}'


@given(st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_webhook_bytes_are_json_of_the_same_value(value: Any) -> None:
    assert json.loads(encode_php(value)) == value
