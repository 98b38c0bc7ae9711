from __future__ import annotations

import pytest

from gerbang.developer.pasted import fields_of, read_request


def test_a_json_body_is_a_body() -> None:
    request = read_request(' {"a": 1} ')
    assert (request.method, request.body, request.query) == ("POST", b'{"a": 1}', b"")


@pytest.mark.parametrize(
    "text",
    [
        "https://h2h.example/trx/toko?product=X10&sign=abc",
        "curl 'https://h2h.example/trx/toko?product=X10&sign=abc'",
        "# The sign belongs to these.\ncurl -s \\\n  'https://h2h.example/trx/toko?product=X10&sign=abc'",
        "/trx/toko?product=X10&sign=abc",
    ],
)
def test_an_address_is_taken_apart_however_it_was_pasted(text: str) -> None:
    request = read_request(text)
    assert request.path == "/trx/toko"
    assert request.query == b"product=X10&sign=abc"


def test_a_query_alone_is_a_query() -> None:
    assert read_request("?product=X10&sign=abc").query == b"product=X10&sign=abc"


def test_the_body_of_a_curl_line_is_found() -> None:
    request = read_request("curl 'https://h/v1/order' -H 'A: b' -d '{\"cmd\":\"x\"}'")
    assert (request.path, request.body) == ("/v1/order", b'{"cmd":"x"}')


@pytest.mark.parametrize("text", ["curl 'unclosed", "http://[", "\x00", ""])
def test_nonsense_is_no_crash(text: str) -> None:
    read_request(text)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('{"amt": "5", "iMid": null}', {"amt": "5"}),
        ("curl http://127.0.0.1/x -d 'amt=5&tXid='", {"amt": "5", "tXid": ""}),
        ("http://127.0.0.1/x?amt=5", {"amt": "5"}),
        ("{", {}),
    ],
)
def test_the_fields_of_a_pasted_request_are_read(text: str, fields: dict[str, str]) -> None:
    assert fields_of(read_request(text)) == fields
