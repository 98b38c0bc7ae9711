from __future__ import annotations

from pathlib import Path

import pytest

from cli.test_commands import Cli


@pytest.fixture
def cli(database_url: str, tmp_path: Path) -> Cli:
    cli = Cli(database_url, tmp_path)
    cli.run(
        "supplier", "create", "maju", "Maju", "socx", "http://127.0.0.1:1", "--secret", "token=x"
    )
    return cli


def test_the_float_is_shown_and_a_supplier_that_is_away_is_said(cli: Cli) -> None:
    cli.run("supplier", "top-up", "maju", "5000", "--key", "t1")
    (shown,) = cli.json("supplier", "float", "--json")
    assert (shown["code"], shown["ledger"], shown["reported"]) == ("maju", 5_000, None)
    failed = cli.run("supplier", "float", "maju", "--ask", code=1)
    assert "did not say its balance" in failed.stderr
    (shown,) = cli.json("supplier", "float", "maju", "--json")
    assert shown["ask_error"]
    assert "5.000" in cli.run("supplier", "float").stdout
