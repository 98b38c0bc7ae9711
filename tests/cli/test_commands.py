from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gerbang.cli.main import app
from gerbang.postgres.pool import connect
from orders.house import open_house

GROUPS = ("reseller", "product", "supplier", "order", "ledger", "callback", "token")


class Cli:
    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.environment = {"GERBANG_DATABASE_URL": url, "GERBANG_DATA_DIR": str(folder)}
        self.environment["COLUMNS"] = "200"

    def run(self, *arguments: str, code: int = 0, typed: str = "") -> Result:
        result = CliRunner().invoke(app, list(arguments), env=self.environment, input=typed)
        assert result.exit_code == code, (result.output, result.exception)
        return result

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments).stdout)

    def sql(self, statement: str) -> Any:
        async def run() -> Any:
            connection = await connect(self.url)
            try:
                return await connection.fetch(statement)
            finally:
                await connection.close()

        return asyncio.run(run())


@pytest.fixture
def cli(database_url: str, tmp_path: Path) -> Cli:
    return Cli(database_url, tmp_path)


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_teaches(group: str) -> None:
    result = CliRunner().invoke(app, [group, "--help"])
    assert result.exit_code == 0


def test_a_reseller_is_made_changed_and_funded(cli: Cli) -> None:
    cli.run("reseller", "create", "TOKO", "Toko Satu")
    cli.run("reseller", "set", "TOKO", "--allow-ip", "203.0.113.0/24", "--credit-limit", "5000")
    cli.run("reseller", "set", "TOKO", "--setting", "otomax.slug=toko", "--reply-wait", "socx=500")
    issued = cli.json("reseller", "credential", "issue", "TOKO", "otomax", "--key", "yusuf")
    assert issued["key"] == "YUSUF"
    credit = ("ledger", "credit", "TOKO", "100000", "--key", "k1", "--note", "BCA")
    cli.run(*credit)
    assert "yes" in cli.run(*credit).stdout
    cli.run("ledger", "debit", "TOKO", "40000", "--key", "k2")
    shown = cli.json("reseller", "show", "TOKO", "--json")
    assert (shown["balance"], shown["credit_limit"]) == (60_000, 5_000)
    assert (shown["settings"], shown["reply_wait_ms"]) == ({"otomax.slug": "toko"}, {"socx": 500})
    assert [r["code"] for r in cli.json("reseller", "list", "--json")] == ["TOKO"]
    assert "60.000" in cli.run("reseller", "list").stdout
    assert len(cli.json("ledger", "statement", "TOKO", "--json")["items"]) == 2
    cli.run("reseller", "credential", "rotate", "TOKO", str(issued["id"]))
    cli.run("reseller", "credential", "revoke", "TOKO", str(issued["id"]))


def test_mistakes_are_said_in_one_line(cli: Cli) -> None:
    for arguments in (
        ("reseller", "show", "NOBODY"),
        ("reseller", "create", "small", "x"),
        ("reseller", "set", "NOBODY", "--setting", "noequals"),
        ("reseller", "list", "--status", "odd"),
        ("ledger", "credit", "NOBODY", "5", "--key", "k"),
        ("ledger", "statement", "nothing:here"),
        ("order", "show", "99"),
        ("order", "decide", "99", "maybe", "because"),
        ("callback", "resend", "99"),
    ):
        result = cli.run(*arguments, code=1)
        assert result.stderr.startswith("gerbang: ")
        assert "Traceback" not in result.output


def test_products_are_imported_dry_and_for_real(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_text("code,name,category,price\nS5,Simpati 5,pulsa,5400\n")
    assert "Nothing was written" in cli.run("product", "import", str(file), "--dry-run").stdout
    assert "1 new" in cli.run("product", "import", str(file)).stdout
    file.write_text("code,price\nS5,5500\nbad,1\n")
    assert "line 3" in cli.run("product", "import", str(file), code=1).stderr
    report = cli.run("product", "import", str(file), "--skip-bad").stdout
    assert "base_price 5.400 → 5.500" in report
    cli.run("product", "disturb", "S5", "slow")
    assert cli.json("product", "list", "--status", "disturbed", "--json")[0]["code"] == "S5"
    cli.run("product", "close", "S5")
    cli.run("product", "open", "S5")
    cli.run("product", "price", "S5", "5600")
    cli.run("product", "price", "S5", "5300", "--list", "default")
    shown = cli.json("product", "show", "S5", "--json")
    assert (shown["status"], shown["base_price"]) == ("open", 5_600)
    assert shown["prices"] == {"default": 5_300}


def test_a_supplier_gets_routes_and_money(cli: Cli) -> None:
    cli.sql("INSERT INTO categories (code, name) VALUES ('pulsa', 'Pulsa')")
    cli.sql("INSERT INTO products (code, name, category) VALUES ('S5', 'S', 'pulsa')")
    cli.run(
        "supplier", "create", "maju", "Maju", "socx", "http://127.0.0.1:1", "--secret", "token=x"
    )
    cli.run("supplier", "route", "add", "S5", "maju", "M5", "5000", "--priority", "3")
    made = cli.json("supplier", "route", "list", "--json")[0]
    cli.run("supplier", "route", "set", str(made["id"]), "--disable", "--rule", 'prefixes=["0812"]')
    cli.run("supplier", "set", "maju", "--status", "paused")
    cli.run("supplier", "top-up", "maju", "1000", "--key", "t1")
    listed = cli.json("supplier", "list", "--json")[0]
    assert (listed["status"], listed["float"], listed["routes"]) == ("paused", 1_000, 1)
    route = cli.json("supplier", "route", "list", "--json")[0]
    assert (route["enabled"], route["rules"]["prefixes"]) == (False, ["0812"])


def test_verify_says_clean_or_every_difference(cli: Cli) -> None:
    cli.run("reseller", "create", "TOKO", "Toko")
    cli.run("ledger", "credit", "TOKO", "5000", "--key", "k")
    assert cli.json("ledger", "verify", "--json")["clean"] is True
    assert "ok" in cli.run("ledger", "verify").stdout
    assert "Nothing to seal" in cli.run("ledger", "seal").stdout
    cli.sql("UPDATE accounts SET balance = 6000 WHERE code = 'reseller:TOKO'")
    assert "reseller:TOKO" in cli.run("ledger", "verify", code=1).stderr


def test_an_order_is_listed_and_shown(cli: Cli) -> None:
    async def place() -> int:
        async with open_house(cli.url) as house:
            placed = await house.lane.submit(house.purchase())
            order_id: int = placed.order.id
            return order_id

    order_id = asyncio.run(place())
    assert cli.json("order", "list", "--json")[0]["id"] == order_id
    assert "order.placed" in cli.run("order", "show", str(order_id)).stdout
    assert cli.json("order", "show", str(order_id), "--json")["reference"] == "R1"
    refused = cli.run("order", "decide", str(order_id), "delivered", "by phone", code=1)
    assert "prepared" in refused.stderr
    assert cli.json("callback", "list", "--json") == []


def test_a_token_is_printed_once_and_kept_as_a_hash(cli: Cli) -> None:
    token = cli.run("token", "create", "ops").stdout.strip()
    assert token not in str(cli.sql("SELECT * FROM api_tokens"))


def test_the_doctor_names_what_is_wrong(cli: Cli) -> None:
    assert "BAD" in cli.run("callback", "doctor", "http://127.0.0.1:1/cb", code=1).stdout


def test_a_credential_of_a_dialect_that_is_off_says_how_to_turn_it_on(cli: Cli) -> None:
    cli.run("reseller", "create", "TOKO", "Toko Satu")
    issued = cli.run("reseller", "credential", "issue", "TOKO", "otomax")
    assert json.loads(issued.stdout)["dialect"] == "otomax"
    command = issued.stderr.partition("gerbang ")[2].split()
    cli.run(*command)
    assert cli.run("reseller", "credential", "issue", "TOKO", "otomax").stderr == ""


def test_help_waits_neither_for_the_node_nor_for_its_web_server() -> None:
    heavy = ("gerbang.app", "fastapi", "uvicorn")
    program = f"import gerbang.cli.main, sys; print([m for m in {heavy} if m in sys.modules])"
    said = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout
    assert said.strip() == "[]"
