"""``gerbang product route``: who would get an order right now, and why."""

from __future__ import annotations

from pathlib import Path

from cli.test_commands import Cli


def test_the_winner_is_named_with_what_stands_against_the_others(
    database_url: str, tmp_path: Path
) -> None:
    cli = Cli(database_url, tmp_path)
    cli.run("reseller", "create", "TOKO", "Toko")
    table = tmp_path / "products.csv"
    table.write_text("code,name,category,kind,price\nS5,Simpati 5,pulsa,prepaid,5400\n")
    cli.run("product", "import", str(table))
    for code, cost in (("maju", "5000"), ("mahal", "6000")):
        login = ("socx", "http://127.0.0.1:1", "--secret", "token=x")
        cli.run("supplier", "create", code, code, *login)
        cli.run("supplier", "route", "add", "S5", code, "X5", cost)
    words = ("product", "route", "S5", "--reseller", "TOKO", "--destination", "081234561230")
    said = cli.run(*words).stdout
    assert "maju would get it for Rp5.000, sold for Rp5.400." in said
    assert "passed over: cost 6.000 above price 5.400" in said
    seen = cli.json(*words, "--json")
    assert (seen["supplier"], [v["code"] for v in seen["verdicts"]]) == (
        "maju",
        ["chosen", "below_cost"],
    )
    cli.run("product", "disturb", "S5", "slow")
    assert "would be refused: product_disturbed (slow)" in cli.run(*words).stdout
    assert "no reseller NOBODY" in cli.run(*words[:4], "NOBODY", *words[5:], code=1).stderr
