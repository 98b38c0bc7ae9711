"""Tokens against the published and the invented vectors."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from gerbang.dialects.nicepay.tokens import (
    cancel_token,
    notification_holds,
    notification_token,
    order_token,
    same_token,
    token,
)

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "nicepay.json").read_text()
)
KEY, IMID, TXID = VECTORS["merchantKey"], VECTORS["iMid"], VECTORS["tXid"]


@pytest.mark.parametrize("vector", VECTORS["tokens"], ids=lambda v: v["name"])
def test_every_vector_is_reproduced(vector: dict[str, Any]) -> None:
    assert token(KEY, *vector["parts"]) == vector["merchantToken"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda v: v["name"])
def test_tokens_over_other_fields_do_not_fit(vector: dict[str, Any]) -> None:
    fitting = {
        order_token(
            KEY, timestamp="20260102153000", imid=IMID, reference="ORD-0001", amount="150000"
        ),
        cancel_token(KEY, timestamp="20260103090000", imid=IMID, txid=TXID, amount="150000"),
    }
    assert not any(same_token(one, vector["merchantToken"]) for one in fitting)


def test_the_key_is_text_and_never_decoded() -> None:
    expected = hashlib.sha256(b"aKEY==").hexdigest()
    assert token("KEY==", "a") == expected


def test_a_reference_outside_ascii_is_hashed_as_utf8() -> None:
    made = order_token(
        KEY, timestamp="20260102153000", imid=IMID, reference="ORD-é-1", amount="10000"
    )
    assert made == "9ccaff0506c4a979ef07ea0d66e58dc5e5e7a5e40cddd8aa783043dae6148eb7"


def test_upper_case_is_accepted_and_anything_else_is_not() -> None:
    made = notification_token(KEY, imid=IMID, txid=TXID, amount="150000")
    assert same_token(made, made.upper())
    assert not same_token(made, made[:-1])
    assert not same_token(made, None)
    assert not same_token(made, "x" * 256)
    assert not same_token(made, "é" * 64)


def test_a_notification_holds_only_with_its_own_fields_and_key() -> None:
    fields = {"tXid": TXID, "amt": "150000"}
    fields["merchantToken"] = notification_token(KEY, imid=IMID, txid=TXID, amount="150000")
    assert notification_holds(fields, imid=IMID, key=KEY)
    assert not notification_holds(fields | {"amt": "15000"}, imid=IMID, key=KEY)
    assert not notification_holds(fields, imid="SIMMID0002", key=KEY)
    assert not notification_holds({}, imid=IMID, key=KEY)
