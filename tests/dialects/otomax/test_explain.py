"""A tester is told where his sign parts from ours, and never a PIN or a password."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from urllib.parse import urlencode

import pytest

from dialects.stand_in import make_credential
from gerbang.dialects.otomax.explain import explain_fields, explain_request, sign_request
from gerbang.dialects.otomax.wire import Login, make_sign
from gerbang.outbound.message import InboundRequest

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/otomax.json").read_text())
LOGIN = Login("YUSUF", "1144", "abcd")
FIELDS = {"memberid": "YUSUF", "product": "X10", "dest": "08123456789", "refid": "2140669"}
TEXT = "OtomaX|YUSUF|X10|08123456789|2140669|1144|abcd"


def differs(sign: str, *, kind: str = "order") -> str:
    found = explain_fields({**FIELDS, "sign": sign}, LOGIN, kind=kind)
    assert "1144" not in str(found)
    assert "abcd" not in str(found)
    return found.differs


MISTAKES = {
    "OtomaX|YUSUF|X10|08123456789|2140669|abcd|1144": "order",
    "OtomaX|YUSUF|08123456789|X10|2140669|1144|abcd": "order",
    "OtomaX | YUSUF | X10 | 08123456789 | 2140669 | 1144 | abcd": "spacing",
    f"{TEXT}\n": "spacing",
    TEXT.replace("|", ""): "spacing",
    TEXT.lower(): "escaping",
    TEXT.removeprefix("OtomaX|"): "members",
    "something else": "unexplained",
    TEXT: "nothing",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_the_kind_of_a_difference_in_the_text_is_named(text: str) -> None:
    assert differs(make_sign(text)) == MISTAKES[text]


def test_the_kind_of_a_difference_in_the_hash_is_named() -> None:
    raw = TEXT.encode()
    for wrong in (
        hashlib.sha1(raw, usedforsecurity=False).hexdigest(),
        base64.b64encode(hashlib.sha1(raw, usedforsecurity=False).hexdigest().encode()).decode(),
        hashlib.md5(raw, usedforsecurity=False).hexdigest(),
        base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).decode(),
    ):
        assert differs(wrong) == "hash form"


def test_a_balance_signed_as_an_order_of_the_same_length_is_told() -> None:
    assert differs(make_sign("OtomaX|CheckBalance|YUSUF|1144|abcd"), kind="balance") == "nothing"
    assert differs(make_sign("OtomaX|YUSUF|1144|abcd"), kind="balance") == "members"


def test_it_signs_as_the_documented_string_does() -> None:
    documented = next(v for v in VECTORS["accepted"] if v["name"] == "documented string")
    assert documented["string"] == TEXT
    assert sign_request(FIELDS, LOGIN, kind="order") == documented["sign"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("OtomaX|ticket|YUSUF|1144|abcd|1000000", "nothing"),
        ("OtomaX|ticket|YUSUF|abcd|1144|1000000", "order"),
        ("OtomaX|ticket|YUSUF|1144|abcd", "members"),
        (TEXT, "unexplained"),
    ],
)
@pytest.mark.parametrize("address", ["/ticket", "/?cmd=ticket"])
def test_a_ticket_s_sign_is_explained_as_a_ticket_s(text: str, kind: str, address: str) -> None:
    query = {"memberID": "YUSUF", "amount": "1000000", "sign": make_sign(text)}
    path, _, more = address.partition("?")
    request = InboundRequest(
        method="GET",
        path=path,
        query="&".join(filter(None, (more, urlencode(query)))).encode(),
        headers=(),
        body=b"",
        client_ip="127.0.0.1",
    )
    credential = make_credential("otomax", "YUSUF", secrets={"pin": "1144", "password": "abcd"})
    found = explain_request(request, credential)
    assert found is not None
    assert found.differs == kind
    assert found.steps[0][1] == "OtomaX|ticket|YUSUF|<pin>|<password>|1000000"
