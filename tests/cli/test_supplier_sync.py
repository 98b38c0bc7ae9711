from __future__ import annotations

from pathlib import Path

from cli.test_commands import Cli
from cli.test_supplier_float import cli

__all__ = ["cli"]


def test_a_price_list_is_shown_first_and_written_when_told(cli: Cli, tmp_path: Path) -> None:
    cli.sql("INSERT INTO categories (code, name) VALUES ('pulsa', 'Pulsa')")
    cli.sql("INSERT INTO products (code, name, category) VALUES ('HSA5', 'Halo', 'pulsa')")
    cli.run("supplier", "route", "add", "HSA5", "maju", "M5", "5000")
    file = tmp_path / "prices.csv"
    file.write_text("code,cost\nM5,5100\nX1,900\nY1,much\n")
    shown = cli.run("supplier", "sync", "maju", "--csv", str(file))
    assert "1 cost_changed" in shown.stdout
    assert "Nothing was written" in shown.stdout
    assert "line 4" in shown.stderr
    report = cli.json("supplier", "sync", "maju", "--csv", str(file), "--apply", "--json")
    assert (report["applied"], report["counts"]["new"]) == (True, 1)
    assert cli.sql("SELECT cost FROM routes")[0]["cost"] == 5_100
    assert "CSV" in cli.run("supplier", "sync", "maju", code=1).stderr
