from __future__ import annotations

from cli.test_commands import Cli
from cli.test_supplier_float import cli

__all__ = ["cli"]


def test_a_merchant_is_made_changed_and_given_a_new_key(cli: Cli) -> None:
    made = cli.run(
        "merchant", "create", "MERCHANT01", "Toko Sepatu", "--feature", "secure=true",
        "--mdr", "default=180", "--limit-of", "amount_min=100", "--key", "FIRST==",
    )  # fmt: skip
    assert "FIRST==" in made.stdout
    shown = cli.run("merchant", "show", "MERCHANT01").stdout
    assert "FIRST==" not in shown
    cli.run("merchant", "set", "MERCHANT01", "--feature", "instalments=[3,6]")
    (listed,) = cli.json("merchant", "list", "--json")
    assert listed["features"]["instalments"] == [3, 6]
    assert listed["features"]["secure"] is True
    assert "SECOND==" in cli.run("merchant", "rotate-key", "MERCHANT01", "--key", "SECOND==").stdout
    assert cli.json("merchant", "payments", "--json") == []
    assert cli.json("merchant", "settlements", "--json") == []
    assert "no payment" in cli.run("merchant", "payment", "x", code=1).stderr
    refused = cli.run("merchant", "set", "MERCHANT01", "--mdr", "diners=1", code=1)
    assert "mdr" in refused.stderr


def test_an_acquirer_is_made_and_its_key_is_not_listed(cli: Cli) -> None:
    cli.run(
        "merchant", "acquirer", "create", "dev", "https://dev.example", "--imid", "OURMID0001",
        "--key", "SECRET==", "--sandbox",
    )  # fmt: skip
    listed = cli.run("merchant", "acquirer", "list", "--json").stdout
    assert "dev" in listed
    assert "SECRET" not in listed


def test_payouts_tokens_and_the_public_key_have_their_commands(cli: Cli) -> None:
    cli.run("merchant", "create", "MERCHANT01", "Toko Sepatu")
    unpaid = cli.run("merchant", "payout", "MERCHANT01", "1000", "--key", "PO-1", code=1)
    assert "we owe MERCHANT01 only 0" in unpaid.stderr
    assert cli.json("merchant", "tokens", "MERCHANT01", "--json") == []
    assert "no recurring token" in cli.run("merchant", "revoke", "x", code=1).stderr
    assert "RSA/ECB/PKCS1Padding" in cli.run("merchant", "public-key").stdout
