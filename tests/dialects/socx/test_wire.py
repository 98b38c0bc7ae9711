"""The JSON channel's codec and the rules of its fields."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gerbang.dialects.socx import wire

GOOD = {"code": "HSA5", "msisdn": "08121231231", "request_id": "999999"}

printable = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=64)


def draft_of(**fields: object) -> wire.Draft:
    return wire.read_json_purchase(json.dumps({**GOOD, **fields}).encode())


def test_a_documented_purchase_is_read() -> None:
    assert draft_of() == wire.Draft(code="HSA5", msisdn="08121231231", request_id="999999")


@given(code=printable, msisdn=st.from_regex(r"[0-9]{1,40}", fullmatch=True), request_id=printable)
def test_any_printable_code_and_request_id_come_through(
    code: str, msisdn: str, request_id: str
) -> None:
    draft = draft_of(code=code, msisdn=msisdn, request_id=request_id)
    assert (draft.code, draft.msisdn, draft.request_id) == (code, msisdn, request_id)
    assert draft.problem == ""


@pytest.mark.parametrize(
    "msisdn",
    [
        "",
        "0812 123",
        "0812-123",
        "+62812123",
        "0812a",
        "０８１２",  # noqa: RUF001 (digits, but not ours)
        "0812#",
        "0812#0",
        "0812#01000",
        "0812#10#10",
        "#1000",
        "0812#-5",
        "1" * 41,
        "0812\n",
        "0812|1",
    ],
)
def test_a_destination_of_anything_but_digits_is_unfit(msisdn: str) -> None:
    assert "msisdn" in draft_of(msisdn=msisdn).problem


def test_a_nominal_may_follow_a_hash() -> None:
    assert draft_of(msisdn="089678549508#1000").problem == ""
    assert wire.split_msisdn("089678549508#1000") == ("089678549508", 1000)
    assert wire.split_msisdn("089678549508") == ("089678549508", None)


@pytest.mark.parametrize("request_id", ["", "a\x00b", "a\nb", "x" * 101, "\u200b", "a\u0085"])
def test_a_request_id_that_no_database_or_xml_can_carry_is_unfit(request_id: str) -> None:
    draft = draft_of(request_id=request_id)
    assert "request_id" in draft.problem
    assert draft.request_id.isprintable()


@pytest.mark.parametrize("request_id", ["PULSA-20250322-0001", "eg45e10xpxge57760", "x" * 100])
def test_the_shape_of_a_request_id_is_free(request_id: str) -> None:
    assert draft_of(request_id=request_id).problem == ""


@pytest.mark.parametrize(
    ("value", "testing"), [(True, True), (False, False), (None, False), ("absent", False)]
)
def test_testing_is_a_boolean_or_null(value: object, testing: bool) -> None:
    draft = draft_of() if value == "absent" else draft_of(testing=value)
    assert (draft.testing, draft.problem) == (testing, "")


@pytest.mark.parametrize("value", ["true", 1, 0, "", [], {}])
def test_testing_of_another_type_is_unfit_and_never_live(value: object) -> None:
    assert draft_of(testing=value).problem


@pytest.mark.parametrize("name", ["code", "msisdn", "request_id"])
@pytest.mark.parametrize("value", [None, 12, True, [], {}])
def test_fields_of_another_type_are_unfit_and_the_rest_is_echoed(name: str, value: object) -> None:
    draft = draft_of(**{name: value})
    assert name in draft.problem
    assert getattr(draft, name) == ""
    assert {draft.code, draft.msisdn, draft.request_id} == {*GOOD.values(), ""} - {GOOD[name]}


@pytest.mark.parametrize("name", list(GOOD))
def test_a_missing_field_is_named(name: str) -> None:
    body = {key: value for key, value in GOOD.items() if key != name}
    assert name in wire.read_json_purchase(json.dumps(body).encode()).problem


@pytest.mark.parametrize(
    "body",
    [
        b'{"code":"HSA5","msisdn":"0811","msisdn":"0812","request_id":"1"}',
        b'{"code":"HSA5","msisdn":"0811","request_id":"1","request_id" : "2"}',
        b'{"code":"HSA5","msisdn":"0811","request_id":"1","testing":true,"testing":false}',
    ],
)
def test_a_field_that_comes_twice_is_unfit(body: bytes) -> None:
    assert "dua kali" in wire.read_json_purchase(body).problem


def test_a_value_that_looks_like_a_name_is_no_duplicate() -> None:
    assert draft_of(code="msisdn", request_id='"code": "x"').problem == ""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"7",
        b"{",
        b'{"code":"\xff"}',
        b'{"code":"\\ud800"}',
        b"[" * 60_000,
        b'{"x":' * 10_000,
        b'{"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b"code=HSA5&msisdn=0811&request_id=1",
        b"\x00" * 100,
        b"\xef\xbb\xbf{}",
    ],
)
def test_a_body_that_is_no_json_object_is_unfit_and_never_an_exception(body: bytes) -> None:
    assert wire.read_json_purchase(body).problem
    assert wire.read_json_status(body).problem


@given(body=st.binary(max_size=300))
def test_no_bytes_make_an_exception(body: bytes) -> None:
    assert wire.read_json_purchase(body).problem
    assert wire.read_json_status(body).problem


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_no_json_value_as_a_field_makes_an_exception_and_echoes_stay_printable(
    value: object,
) -> None:
    for name in GOOD:
        draft = draft_of(**{name: value})
        assert draft.code.isprintable()
        assert draft.request_id.isprintable()
        assert draft.msisdn.isprintable()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("0812", "0812", True),
        ("62812", "0812", True),
        ("620812", "0812", True),
        ("62812#1000", "0812#1000", True),
        ("0812#1000", "0812#2000", False),
        ("0812", "0813", False),
        ("812", "0812", False),
        ("", "0812", False),
    ],
)
def test_a_phone_has_two_spellings(one: str, other: str, same: bool) -> None:
    assert wire.same_msisdn(one, other) is same
    assert wire.same_msisdn(other, one) is same


def test_a_status_question_needs_only_its_request_id() -> None:
    assert wire.read_json_status(b'{"request_id":"999999"}') == wire.Draft(request_id="999999")
    assert wire.read_json_status(b"{}").problem
    assert wire.read_json_status(b'{"request_id":"a\\u0000"}').problem


def test_a_token_is_looked_up_by_its_hash() -> None:
    assert wire.token_key("abc") == hashlib.sha256(b"abc").hexdigest()
    wire.token_key("\ud800")


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer abc ", "abc"),
        ("BEARER abc", "abc"),
        ("Basic abc", ""),
        ("Bearer", ""),
        ("", ""),
        ("Bearer " + "x" * 5_000, ""),
    ],
)
def test_the_token_of_a_header(header: str, token: str) -> None:
    assert wire.bearer_token(header) == token


@pytest.mark.parametrize(("text", "flag"), [("true", True), (" 1", True), ("FALSE", False)])
def test_flags_of_forms(text: str, flag: bool) -> None:
    assert wire.parse_flag(text) is flag


@pytest.mark.parametrize("text", ["", "yes", "2", "null", "ya"])
def test_another_flag_is_refused(text: str) -> None:
    with pytest.raises(wire.UnreadableError):
        wire.parse_flag(text)


@given(text=st.text(max_size=40))
def test_clean_text_is_printable_and_leaves_clean_text_alone(text: str) -> None:
    assert wire.clean_text(text).isprintable()
    if text.isprintable():
        assert wire.clean_text(text) == text
