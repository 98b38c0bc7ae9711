"""A tester is told where his signature parts from ours, and never a secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from gerbang.dialects.isikuota.explain import Keys, explain_members
from gerbang.dialects.isikuota.wire import canonical_body, sign

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/isikuota.json").read_text())
KEYS = Keys(api_id="id1", api_key="the-api-key", secret_key="the-secret-key")
BUSINESS = {"ref_id": "A/1", "cmd": "prepaid", "code": "TSEL21", "customer_no": "0812", "x": "é"}
AT = 1748678400


def signed(text: bytes | str) -> str:
    raw = text.encode() if isinstance(text, str) else text
    return sign(
        raw, api_id=KEYS.api_id, api_key=KEYS.api_key, secret_key=KEYS.secret_key, timestamp=AT
    )


def explained(signature: Any, business: dict[str, Any] | None = None) -> Any:
    members = business or BUSINESS
    said = {**members, "api_id": KEYS.api_id, "timestamp": AT, "signature": signature}
    return explain_members(said, KEYS)


ORDERED = dict(sorted(BUSINESS.items()))
PLAIN = {"ensure_ascii": False, "separators": (",", ":")}
MISTAKES = {
    "unsorted": ("order", json.dumps(BUSINESS, **PLAIN)),  # type: ignore[arg-type]
    "spaces": ("spacing", json.dumps(ORDERED, ensure_ascii=False)),
    "lines": ("spacing", json.dumps(ORDERED, ensure_ascii=False, indent=4)),
    "slashes": ("escaping", json.dumps(ORDERED, **PLAIN).replace("/", "\\/")),  # type: ignore[arg-type]
    "letters": ("escaping", json.dumps(ORDERED, separators=(",", ":"))),
    "php without flags": (
        "escaping",
        json.dumps(ORDERED, separators=(",", ":")).replace("/", "\\/"),
    ),
    "unsorted and spaced": ("spacing", json.dumps(BUSINESS, ensure_ascii=False)),
    "empty": ("members", ""),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_the_kind_of_a_difference_in_the_text_is_named(name: str) -> None:
    differs, text = MISTAKES[name]
    assert explained(signed(text)).differs == differs


def test_the_kind_of_a_difference_in_the_hash_is_named() -> None:
    text = canonical_body(BUSINESS)
    inner = hashlib.sha256(text).hexdigest()
    right = f"id1|the-api-key|{AT}|{inner}".encode()
    outer = hmac.digest(b"the-secret-key", right, "sha256")
    wrong: dict[str, list[Any]] = {
        "hash form": [
            outer.hex().upper(),
            base64.b64encode(outer).decode(),
            hmac.digest(b"the-secret-key", right, "sha512").hex(),
            hashlib.sha256(right + b"the-secret-key").hexdigest(),
        ],
        "secret": [hmac.digest(b"the-api-key", right, "sha256").hex()],
        "join": [hmac.digest(b"the-secret-key", text, "sha256").hex()],
        "unexplained": ["0" * 64, "", None, 5],
    }
    for differs, signatures in wrong.items():
        assert [explained(one).differs for one in signatures] == [differs] * len(signatures)
    assert explained(outer.hex()).differs == "nothing"


def test_the_steps_are_those_of_the_vectors_and_hold_no_secret() -> None:
    keys = VECTORS["credentials"]
    own = Keys(**{name: keys[name] for name in ("api_id", "api_key", "secret_key")})
    for vector in VECTORS["requests"]:
        said = {
            **vector["business"],
            "timestamp": keys["timestamp"],
            "signature": vector["signature"],
        }
        found = explain_members(said, own)
        steps = dict(found.steps)
        assert found.differs == "nothing", vector["name"]
        assert steps["canonical JSON"] == vector["canonical"]
        assert steps["SHA-256 of it, lower-case hex"] == vector["body_hash"]
        assert own.api_key not in str(found)
        assert own.secret_key not in str(found)


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda one: one["name"])
def test_a_signature_that_the_vectors_refuse_is_never_called_right(vector: Any) -> None:
    keys = VECTORS["credentials"]
    own = Keys(**{name: keys[name] for name in ("api_id", "api_key", "secret_key")})
    said = {**vector["business"], "timestamp": keys["timestamp"], "signature": vector["signature"]}
    assert explain_members(said, own).differs != "nothing"
