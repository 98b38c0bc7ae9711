"""The XML channel's codec against the sheet's three samples, and against hostile documents."""

from __future__ import annotations

import xmlrpc.client

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.socx.helpers import VECTORS
from gerbang.dialects.socx import topup_xml, wire

SAMPLES = VECTORS["xml"]
REQUEST = {name: value for name, value in SAMPLES["request"].items() if name != "method"}
REPORT = {name: value for name, value in SAMPLES["report"].items() if name != "method"}

printable = st.text(st.characters(exclude_categories=("C", "Z")), max_size=30)


def call(members: str, method: str = "topUpRequest") -> bytes:
    return (
        f'<?xml version="1.0"?><methodCall><methodName>{method}</methodName><params><param>'
        f"<value><struct>{members}</struct></value></param></params></methodCall>"
    ).encode()


def member(name: str, value: str) -> str:
    return f"<member><name>{name}</name><value>{value}</value></member>"


NOHP, NOM = member("NOHP", "0818111222"), member("NOM", "HSA5")
GOOD = NOHP + NOM + member("REQUESTID", "123456")


def read(body: bytes, **query: str) -> wire.Draft:
    return topup_xml.read_xml_purchase(body, query=query)


def test_the_sample_request_is_written_and_read_by_the_standard_codec() -> None:
    body = topup_xml.encode_call(topup_xml.REQUEST, REQUEST)
    params, method = xmlrpc.client.loads(body.decode())
    assert (method, params) == (SAMPLES["request"]["method"], (REQUEST,))
    assert topup_xml.parse_call(body) == (SAMPLES["request"]["method"], REQUEST)
    assert read(body) == wire.Draft(code="HSA5", msisdn="0818111222", request_id="123456")


def test_the_sample_reply_is_written_and_read_by_the_standard_codec() -> None:
    body = topup_xml.encode_response(SAMPLES["reply"])
    assert xmlrpc.client.loads(body.decode()) == ((SAMPLES["reply"],), None)
    assert topup_xml.parse_response(body) == SAMPLES["reply"]


def test_the_sample_report_is_written_and_read_by_the_standard_codec() -> None:
    body = topup_xml.encode_call(topup_xml.REPORT, REPORT)
    assert xmlrpc.client.loads(body.decode()) == ((REPORT,), SAMPLES["report"]["method"])
    assert topup_xml.parse_call(body) == (SAMPLES["report"]["method"], REPORT)


def test_what_the_standard_library_writes_is_read() -> None:
    body = xmlrpc.client.dumps((REQUEST,), "topUpRequest").encode()
    assert read(body).problem == ""


@pytest.mark.parametrize("before", [b"\n", b"\r\n  ", b"\n\n\t"])
def test_blank_lines_before_the_declaration_are_tolerated(before: bytes) -> None:
    assert read(before + call(GOOD)).problem == ""


def test_untyped_values_integers_blanks_and_unknown_members_are_tolerated() -> None:
    members = (
        member("PIN", "")
        + member("MSISDN", "utdtronik")
        + member("X", "<double>1.5</double>")
        + member("Y", "<array><data><value>1</value></data></array>")
        + member("NOM", " <string> HSA5\n</string> ")
        + member("NOHP", "<int>0818111222</int>")
        + member("REQUESTID", "<i4>123456</i4>")
    )
    expected = wire.Draft(code="HSA5", msisdn="0818111222", request_id="123456")
    assert read(call(members)) == expected


def test_an_integer_destination_keeps_its_leading_zero() -> None:
    assert read(call(GOOD.replace("0818111222", "<int>0818111222</int>"))).msisdn == "0818111222"


def test_the_token_stands_in_the_query_or_as_pin() -> None:
    assert read(call(GOOD + member("PIN", " T "))).token == "T"
    assert read(call(GOOD + member("PIN", "T")), token="Q").token == "Q"
    assert read(b"no xml", token="Q").token == "Q"


@pytest.mark.parametrize(
    ("value", "testing"),
    [("<boolean>1</boolean>", True), ("<boolean>0</boolean>", False), ("true", True), ("0", False)],
)
def test_testing_is_a_boolean_or_a_word(value: str, testing: bool) -> None:
    draft = read(call(GOOD + member("testing", value)))
    assert (draft.testing, draft.problem) == (testing, "")


@pytest.mark.parametrize("value", ["ya", "", "<double>1</double>", "<int>2</int>"])
def test_another_testing_is_unfit_and_never_live(value: str) -> None:
    assert read(call(GOOD + member("testing", value))).problem


BOMB = """<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;">]><methodCall><methodName>topUpRequest</methodName><params><param>
<value><struct><member><name>NOHP</name><value>&d;</value></member></struct></value></param>
</params></methodCall>"""
EXTERNAL = """<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>
<methodCall><methodName>&b;</methodName><params/></methodCall>"""


@pytest.mark.parametrize(
    "body",
    [
        BOMB.encode(),
        EXTERNAL.encode(),
        b'<!DOCTYPE a SYSTEM "http://198.51.100.1/a.dtd">' + call(GOOD)[21:],
        b"",
        b"<",
        b"<a>",
        b"{}",
        b"\x00\x01",
        b"<methodCall></methodCall>",
        b"<html><body>502 Bad Gateway</body></html>",
        call(GOOD).replace(b"HSA5", b"\xff\xfe"),
        call(GOOD).replace(b"HSA5", b"\x00"),
        call(GOOD).replace(b"HSA5", b"&#0;"),
        call(GOOD).replace(b"HSA5", b"&#xD800;"),
        call(GOOD).replace(b"HSA5", b"&unknown;"),
        call(GOOD + NOM),
        call(GOOD.replace("<name>NOM</name>", "")),
        call(GOOD + member("X", "<boolean>7</boolean>")),
        call(GOOD + member("X", "<double>x</double>")),
        call(GOOD + member("X", "<strange>x</strange>")),
        call(GOOD + member("X", "<bigdecimal>x</bigdecimal>")),
        call("") + call(GOOD),
        b"<methodResponse><fault><value>x</value></fault></methodResponse>",
        b"<methodCall><params><param><value>1</value></param></params></methodCall>",
        b"<a>" * 8_000,
        b"<struct>" * 5_000 + b"</struct>" * 5_000,
        b"</struct>",
        call("<struct>" * 500 + "</struct>" * 500),
    ],
)
def test_a_hostile_or_strange_document_is_unfit_and_never_an_exception(body: bytes) -> None:
    draft = read(body)
    assert draft.problem
    assert len(draft.msisdn) <= 128


def test_another_method_is_unfit_but_echoed() -> None:
    draft = read(call(GOOD, method="topUpInquiry"))
    assert "topUpRequest" in draft.problem
    assert draft.request_id == "123456"


@given(body=st.binary(max_size=200))
def test_no_bytes_make_an_exception(body: bytes) -> None:
    assert read(body).problem


@given(inside=st.text(st.sampled_from("<>/&;struct memberNOHPvalue0123"), max_size=80))
def test_no_members_make_an_exception(inside: str) -> None:
    read(call(GOOD + inside))


@given(values=st.lists(printable, min_size=1, max_size=4))
def test_printable_texts_come_through_both_codecs(values: list[str]) -> None:
    members = {f"M{number}": value.strip() for number, value in enumerate(values)}
    body = topup_xml.encode_response(members)
    assert topup_xml.parse_response(body) == members
    assert xmlrpc.client.loads(body.decode())[0] == (members,)


@given(text=st.text(max_size=30))
def test_whatever_is_written_is_well_formed(text: str) -> None:
    topup_xml.parse_response(topup_xml.encode_response({"MESSAGE": text}))


def test_the_empty_response_is_valid_xml_rpc() -> None:
    assert xmlrpc.client.loads(topup_xml.EMPTY_RESPONSE.decode()) == ((), None)
