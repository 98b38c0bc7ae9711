from __future__ import annotations

from pathlib import Path

from cli.test_commands import Cli
from cli.test_supplier_float import cli

__all__ = ["cli"]


def test_a_statement_is_run_shown_and_acted_upon(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "statement.csv"
    days = ("--from", "2026-01-01", "--to", "2026-01-31")
    file.write_text("reference,amount\nA,700\nB,much\n")
    refused = cli.run("recon", "run", "maju", str(file), *days, code=1)
    assert "Nothing was kept" in refused.stdout
    assert "line 3" in refused.stderr
    shown = cli.run("recon", "run", "maju", str(file), *days, "--skip-bad")
    assert "1 missing_here" in shown.stdout
    assert "700" in cli.run("recon", "show", "maju").stdout
    (item,) = cli.json("recon", "show", "--json")["items"]
    number = str(item["id"])
    cli.run("recon", "case", number)
    cli.run("recon", "correct", number, "--note", "their invoice")
    assert cli.json("supplier", "float", "maju", "--json")[0]["ledger"] == -700
    assert "closed" in cli.run("recon", "close", number, "--reason", "x", code=1).stderr
    assert cli.json("recon", "show", "--all", "--json")["items"][0]["case_id"]
