"""The http/purchase channel: query strings and forms."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.socx.helpers import MULTIPART, multipart
from gerbang.dialects.socx import forms, wire

GOOD = {"code": "HSA5", "msisdn": "081234567890", "request_id": "123456", "token": "T"}
DRAFT = wire.Draft(code="HSA5", msisdn="081234567890", request_id="123456", token="T")


def all_ways(fields: dict[str, str]) -> list[wire.Draft]:
    query = urlencode(fields).encode()
    return [
        forms.read_query_purchase(query),
        forms.read_form_purchase("application/x-www-form-urlencoded", query),
        forms.read_form_purchase(MULTIPART, multipart(fields)),
    ]


def test_all_three_ways_read_the_same() -> None:
    for draft in all_ways(GOOD):
        assert draft == DRAFT


def test_one_pair_of_quotes_is_trimmed() -> None:
    quoted = {name: f'"{value}"' for name, value in GOOD.items()}
    for draft in all_ways(quoted):
        assert draft == DRAFT
    for draft in all_ways({**GOOD, "request_id": '""a""'}):
        assert draft.request_id == '"a"'


def test_a_form_without_a_content_type_is_read_as_urlencoded() -> None:
    for content_type in ("", "\u2018application/json\u2019", "text/plain"):
        draft = forms.read_form_purchase(content_type, urlencode(GOOD).encode())
        assert draft == DRAFT


@pytest.mark.parametrize(("text", "testing"), [("true", True), ("1", True), ("false", False)])
def test_testing_is_a_word_in_a_form(text: str, testing: bool) -> None:
    for draft in all_ways({**GOOD, "testing": text}):
        assert (draft.testing, draft.problem) == (testing, "")


@pytest.mark.parametrize("text", ["yes", "2", "", "null"])
def test_another_testing_is_unfit_and_keeps_the_token_for_the_login(text: str) -> None:
    for draft in all_ways({**GOOD, "testing": text}):
        assert "testing" in draft.problem
        assert draft.token == "T"


@pytest.mark.parametrize("name", ["code", "msisdn", "request_id"])
def test_a_missing_field_is_unfit(name: str) -> None:
    fields = {key: value for key, value in GOOD.items() if key != name}
    for draft in all_ways(fields):
        assert name in draft.problem


def test_a_field_that_comes_twice_is_unfit() -> None:
    query = urlencode(GOOD).encode() + b"&msisdn=0811"
    assert "dua kali" in forms.read_query_purchase(query).problem
    with pytest.raises(wire.UnreadableError):
        forms.read_query(b"testing=1&testing=0")


@pytest.mark.parametrize(
    "raw", [b"code=%ff&msisdn=1", b"\xff=1", b"&".join(b"a=1" for _ in range(60))]
)
def test_an_unreadable_query_is_unfit(raw: bytes) -> None:
    assert "dibaca" in forms.read_query_purchase(raw).problem


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=other",
        "multipart/form-data; boundary=" + "x" * 500,
    ],
)
def test_a_multipart_form_with_a_wrong_boundary_is_unfit(content_type: str) -> None:
    assert forms.read_form_purchase(content_type, multipart(GOOD)).problem


def test_a_multipart_form_cut_short_is_unfit() -> None:
    whole = multipart(GOOD)
    for end in range(len(whole) - 2):
        assert forms.read_form_purchase(MULTIPART, whole[:end]).problem


def test_files_and_many_parts_are_not_fields() -> None:
    body = multipart(GOOD).replace(b'name="code"', b'name="code"; filename="a"')
    assert "code" in forms.read_form_purchase(MULTIPART, body).problem
    many = multipart({**GOOD, **{f"x{number}": "" for number in range(60)}})
    assert "terlalu banyak" in forms.read_form_purchase(MULTIPART, many).problem


@given(raw=st.binary(max_size=300))
def test_no_bytes_make_an_exception(raw: bytes) -> None:
    assert forms.read_query_purchase(raw).problem
    assert forms.read_form_purchase("", raw).problem
    assert forms.read_form_purchase(MULTIPART, raw).problem


@given(content_type=st.text(st.characters(max_codepoint=255), max_size=60))
def test_no_content_type_makes_an_exception(content_type: str) -> None:
    forms.read_form_purchase("multipart/form-data;" + content_type, multipart(GOOD))
