"""`gerbang sign` makes the signatures of the vectors, step by step, and prints no secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gerbang.cli.main import app

VECTORS = Path(__file__).parents[1] / "vectors"


def run(*arguments: str, code: int = 0, stdin: str = "") -> str:
    found = CliRunner().invoke(app, ["sign", *arguments], input=stdin)
    assert found.exit_code == code, found.output
    return found.output


def vectors(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text())


def test_isikuota_requests_are_signed_as_in_the_vectors() -> None:
    found = vectors("isikuota")
    keys = found["credentials"]
    options = [f"--{name.replace('_', '-')}={keys[name]}" for name in keys]
    for vector in found["requests"]:
        body = json.dumps(vector["business"])
        output = run("isikuota", "-", *options, stdin=body)
        assert f"= {vector['signature']}" in output
        assert vector["canonical"] in output
        assert keys["secret_key"] not in output
        assert keys["api_key"] not in output


def test_a_wrong_isikuota_signature_is_explained_and_ends_with_one() -> None:
    keys = vectors("isikuota")["credentials"]
    options = [f"--{name.replace('_', '-')}={keys[name]}" for name in keys]
    output = run("isikuota", '{"cmd":"status"}', "--signature=00", *options, code=1)
    assert "yours: unexplained" in output
    assert "no JSON object" in run("isikuota", "nothing.json", *options, code=1)


def test_otomax_is_signed_as_documented_and_an_exchange_is_found() -> None:
    sent = ["--member=YUSUF", "--product=X10", "--dest=08123456789", "--ref=2140669"]
    output = run("otomax", *sent, "--pin=1144", "--password=abcd")
    assert "= Cp9NLVuKWBt5Sey_uMlYsvnKvJI" in output
    assert "1144" not in output
    exchanged = run("otomax", *sent, "--pin=abcd", "--password=1144").rpartition("= ")[2].strip()
    output = run(
        "otomax", *sent, "--pin=1144", "--password=abcd", f"--signature={exchanged}", code=1
    )
    assert "pin comes before password" in output


@pytest.mark.parametrize(
    ("name", "what"), [("registration", "order"), ("cancel full", "cancel"), ("inquiry", "inquiry")]
)
def test_nicepay_tokens_are_those_of_the_vectors(name: str, what: str) -> None:
    found = vectors("nicepay")
    vector = next(one for one in found["tokens"] if one["name"] == name)
    timestamp, imid, reference, amount = vector["parts"]
    options = [f"--imid={imid}", f"--timestamp={timestamp}", f"--amount={amount}"]
    options.append(f"--txid={reference}" if what == "cancel" else f"--ref={reference}")
    output = run("nicepay", what, f"--key={found['merchantKey']}", *options)
    assert f"= {vector['merchantToken']}" in output
    assert found["merchantKey"] not in output
