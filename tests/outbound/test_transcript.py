"""Transcripts are readable and carry no secret, whatever shape it travelled in."""

from __future__ import annotations

import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gerbang.outbound.message import Answered, HttpRequest, NeverSent, NoAnswer
from gerbang.outbound.transcript import CUT_CHARS, MASK, mask, scrub, scrub_text

SECRET = 'p&ss/w "ör" +%d\\'


def request(**changes: object) -> HttpRequest:
    fields: dict[str, object] = {"method": "POST", "url": "https://h2h.example/trx"}
    return HttpRequest(**(fields | changes))  # type: ignore[arg-type]


def texts(made: HttpRequest, body: bytes = b"ok") -> tuple[str, str]:
    return scrub(made, Answered(status=200, body=body))


@pytest.mark.parametrize(
    "shape",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote(SECRET).replace("%2B", "%2b").replace("%C3%B6", "%c3%b6"),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(SECRET)[1:-1].replace("/", "\\/"),
        SECRET.replace("&", "&amp;").replace('"', "&quot;"),
    ],
)
def test_a_listed_secret_is_replaced_in_every_shape(shape: str) -> None:
    made = request(
        url=f"https://h.example/{quote(SECRET)}?a={quote_plus(SECRET)}",
        headers=(("X-Other", shape),),
        body=f"before {shape} after".encode(),
        secrets=(SECRET,),
    )
    said, heard = texts(made, f"you sent {shape}!".encode())
    assert shape not in said + heard
    assert f"before {MASK} after" in said
    assert f"you sent {MASK}!" in heard


@given(st.text(min_size=1, max_size=30), st.sampled_from([str, quote, quote_plus, json.dumps]))
def test_no_secret_survives_in_any_encoding(secret: str, encode: object) -> None:
    if "\ud800" <= secret <= "\udfff" or secret.strip(" \n.0") in {MASK, "•", "••"}:
        return
    assert callable(encode)
    shape = str(encode(secret))
    if encode is json.dumps:
        shape = shape[1:-1]
    masked = mask(f"<<{shape}>>", (secret,))
    assert masked.count(shape) <= masked.count(MASK) if shape in f"<<{MASK}>>" else True
    if not set(shape) & set(f"<>{MASK}"):
        assert shape not in masked


def test_a_longer_secret_is_replaced_before_one_that_it_holds() -> None:
    assert mask("abcdef abc", ("abc", "abcdef")) == f"{MASK} {MASK}"


def test_an_empty_secret_replaces_nothing() -> None:
    assert mask("abc", ("",)) == "abc"


@pytest.mark.parametrize(
    ("text", "gone", "kept"),
    [
        ("/trx?product=X10&dest=081234&pin=1144&sign=ab-c_d", "1144", "dest=081234"),
        ("saldo?token=s3cr3t&x=1", "s3cr3t", "&x=1"),
        ("iMid=IONPAY&merchantToken=6cf9&cardNo=4111111111111111&amt=10", "4111", "amt=10"),
        ("a=1&cardCvv=123&cardExpYymm=2912", "2912", "a=1"),
        ('{"password": "a\\"b,c", "msisdn": "0812"}', "b,c", '"msisdn": "0812"'),
        ('{"pin": 1144, "n": 2}', "1144", '"n": 2'),
        ('{"api_secret":"zz', "zz", "api_secret"),
        ('{"data": "{\\"pin\\":\\"1144\\",\\"n\\":2}"}', "1144", '\\"n\\":2'),
        ("<pin>1144</pin><msisdn>0812</msisdn>", "1144", "<msisdn>0812<"),
        ("<PIN type='x'>1144", "1144", "PIN"),
        (
            "<member><name>pin</name><value><string>1144</string></value></member>",
            "1144",
            "</string>",
        ),
        ("see https://user:hunter2@h.example/x", "hunter2", "h.example/x"),
    ],
)
def test_secret_parameters_are_replaced_and_their_neighbours_stay(
    text: str, gone: str, kept: str
) -> None:
    masked = mask(text)
    assert gone not in masked
    assert kept in masked


@pytest.mark.parametrize(
    "text",
    [
        "SN: 0123456789012345, refid=INV-1&price=10500",
        '{"sn": "4111111111111111", "ref_id": "a"}',
        "dest=081234567890&counter=1",
        "spinning signs, no value",
        "<sn>12345</sn>",
    ],
)
def test_what_is_not_secret_stays_readable(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    "name", ["Authorization", "X-Signature", "Cookie", "webhook-signature", "X-API-Key"]
)
def test_headers_that_authenticate_are_replaced(name: str) -> None:
    said, _ = texts(request(headers=((name, "s3cr3t"), ("X-Plain", "kept"))))
    assert "s3cr3t" not in said
    assert f"{name}: {MASK}" in said
    assert "X-Plain: kept" in said


def test_each_text_stays_within_its_limit_even_where_characters_are_wide() -> None:
    made = request(body="é€".encode() * 20_000)
    said, heard = scrub(made, Answered(status=200, body=b"\xff\x00" * 9_000), bytes_max=4096)
    for text in (said, heard):
        assert len(text.encode()) <= 4096
        assert text.endswith("…")
        assert "\x00" not in text, "PostgreSQL keeps no NUL in a text"


@given(
    secret=st.text(alphabet="abcdef0123456789", min_size=8, max_size=64),
    count=st.integers(200, 600),
    pad=st.integers(0, 70),
)
def test_a_cut_never_leaves_half_a_secret(secret: str, count: int, pad: int) -> None:
    """Many secrets shrink to masks, which draws the cut into what is shown."""
    text = scrub_text("-" * pad + secret * count, (secret,), bytes_max=1024)
    assert secret[:8] not in text.replace(MASK, "")
    assert len(text.encode()) <= 1024


def test_what_never_left_and_what_was_never_answered_say_so() -> None:
    assert scrub(request(), NeverSent(error="cannot connect"))[1] == "never sent: cannot connect"
    assert scrub(request(), NoAnswer(error="deadline"))[1] == "no answer: deadline"


@pytest.mark.parametrize("unit", ["a", "<", '"', "=", "pin", '"pin":', "<pin", "_-_.", "https://@"])
def test_hostile_texts_are_scrubbed_in_linear_time(unit: str) -> None:
    began = time.thread_time()
    scrub_text(unit * 300_000, ("s3cr3t",))
    assert time.thread_time() - began < 0.5


def test_the_margin_before_a_cut_holds_any_secret_parameter_of_our_protocols() -> None:
    """An RSA-4096 signature in percent-encoded base64 is the longest there is."""
    assert CUT_CHARS > 3 * 684
