"""Hostile requests through the routes: the dialect's error, never a crash, never an order."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.socx.helpers import (
    BASE,
    BEARER,
    FORM,
    MEMBERS,
    MULTIPART,
    ORDER,
    ask,
    make_gateway,
    post_json,
    read_xml,
)
from gerbang.outbound.message import HttpRequest

BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaaaaaaaa"><!ENTITY b
"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><methodCall><methodName>topUpRequest</methodName><params><param>
<value><struct><member><name>NOHP</name><value>&b;</value></member></struct></value></param></params>
</methodCall>"""

HOSTILE = [
    b"",
    b"\x00",
    b"\xff\xfe\xfd",
    b"[" * 60_000,
    b'{"code":' * 8_000,
    b'{"code":"HSA5","code":"X","msisdn":"0812","request_id":"1"}',
    b'{"code":"HSA5","msisdn":"0812","request_id":"1\\u0000"}',
    b'{"code":"HSA5","msisdn":"0812|0813","request_id":"1"}',
    b'{"code":["HSA5"],"msisdn":812,"request_id":null}',
    b'{"code":"HSA5","msisdn":1e999,"request_id":"1"}',
    b"a=1&" * 16_000,
    b"<methodCall/>",
    BOMB,
]


def never_crashes(request: HttpRequest, *, xml: bool = False) -> None:
    gateway = make_gateway(socx_weak_token=True)
    answer = asyncio.run(ask(gateway, request))
    reply: Any = read_xml(answer) if xml else json.loads(answer.body)
    # A crash would be answered as pending.
    assert reply["RESPONSECODE" if xml else "rc"] in ("01", "02", "05")
    assert xml or list(reply) == MEMBERS
    assert gateway.orders == {}


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_body_is_refused_by_every_channel(body: bytes) -> None:
    never_crashes(post_json("/purchase", body))
    never_crashes(post_json("/status", body[:60_000].replace(b'"1"', b"1")))
    for content_type in (
        FORM,
        ("Content-Type", MULTIPART),
        ("Content-Type", "multipart/form-data"),
    ):
        headers = (BEARER, content_type)
        url = BASE + "/http/purchase"
        never_crashes(HttpRequest(method="POST", url=url, headers=headers, body=body))
    url = BASE + "/xml/purchase"
    never_crashes(HttpRequest(method="POST", url=url, headers=(BEARER,), body=body), xml=True)


@given(body=st.binary(max_size=200))
def test_no_body_crashes_a_channel(body: bytes) -> None:
    never_crashes(post_json("/purchase", body))
    url = BASE + "/xml/purchase"
    never_crashes(HttpRequest(method="POST", url=url, headers=(BEARER,), body=body), xml=True)


@given(query=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80))
def test_no_query_crashes_a_channel(query: str) -> None:
    safe = query.replace("#", "")
    url = f"{BASE}/http/purchase?{safe}"
    never_crashes(HttpRequest(method="GET", url=url, headers=(BEARER,)))


@given(header=st.text(st.characters(max_codepoint=255), max_size=40))
def test_no_header_crashes_a_channel(header: str) -> None:
    headers = (("Authorization", header), ("Content-Type", header))
    never_crashes(post_json("/purchase", ORDER, headers=headers))
