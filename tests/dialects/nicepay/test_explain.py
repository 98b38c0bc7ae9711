"""A wrong merchantToken is explained by the usual mistake that makes it, and never with the key."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import msgspec
import pytest

from gerbang.cards.merchant import Merchant
from gerbang.dialects.nicepay.explain import FIELDS, explain_token, explained
from gerbang.dialects.nicepay.tokens import token

KEY: Final = (
    "33F49GnCMS1mFYlGXisbUDzVf2ATWCl9k3R++d5hDd3Frmuos/XLx8XhXpe+LDYAbpGKZYSwtlyyLOtS/8aD7A=="
)
PARTS: Final = {
    "timeStamp": "20260817123456",
    "iMid": "DEMOSALE01",
    "referenceNo": "ORD1",
    "amt": "10000",
}
T, M, R, A = PARTS.values()
MERCHANT: Final = Merchant(
    id=1,
    imid=M,
    name="M",
    status="active",
    account_id=1,
    reseller_id=None,
    acquirer="sandbox",
    acquirer_account_id=2,
    sandboxed=True,
    booked=False,
    key=KEY,
)


@pytest.mark.parametrize(
    ("given", "differs"),
    [
        (token(KEY, T, M, R, A), "nothing"),
        (token(KEY, T, M, R, A).upper(), "nothing"),
        (token(KEY, M, T, R, A), "order"),
        (token(KEY, T, M, A, R), "order"),
        (hashlib.sha256(f"{KEY}{T}{M}{R}{A}".encode()).hexdigest(), "order"),
        (hashlib.sha256(f"{T}|{M}|{R}|{A}|{KEY}".encode()).hexdigest(), "spacing"),
        (token(KEY, M, R, A), "members"),
        (token("another", T, M, R, A), "unexplained"),
        ("\ud800" * 300, "unexplained"),
        ("", "unexplained"),
    ],
)
def test_the_first_kind_of_difference_is_named(given: str, differs: str) -> None:
    found = explain_token(PARTS, KEY, given=given)
    assert found.differs == differs
    assert found.advice
    assert f"{T}{M}{R}{A}<merchantKey>" in dict(found.steps).values()
    assert KEY not in repr(found)


@pytest.mark.parametrize("what", FIELDS)
def test_only_a_sandbox_mid_is_told(what: str) -> None:
    fields: dict[str, Any] = {**PARTS, "tXid": "X" * 400, "merchantToken": "0" * 64}
    told = explained(fields, MERCHANT, what=what)["signatureExplained"]
    assert told["differs"] == "unexplained"
    assert all(len(step["text"]) <= 300 for step in told["steps"])
    assert KEY not in repr(told)
    live = msgspec.structs.replace(MERCHANT, sandboxed=False)
    assert explained(fields, live, what=what) == {}
