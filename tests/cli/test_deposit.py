from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from cli.test_commands import Cli
from gerbang.clock import WIB

NUMBER = "1234567890"


@pytest.fixture
def cli(database_url: str, tmp_path: Path) -> Cli:
    cli = Cli(database_url, tmp_path)
    cli.run("reseller", "create", "TOKO", "Toko Satu")
    cli.run("deposit", "bank", "add", "BCA", NUMBER, "PT Contoh")
    return cli


def people(cli: Cli) -> list[str]:
    """Make two persons of the console and give what each types: the password."""
    return [
        cli.run("user", "create", name, name.title(), "--role", "finance").stdout
        for name in ("ani", "budi")
    ]


def statement(tmp_path: Path, *amounts: int) -> str:
    day = datetime.now(WIB).strftime("%d/%m/%Y")
    rows = [f"{day},TRSF {amount},0,{amount}.00,CR,1" for amount in amounts]
    file = tmp_path / "mutasi.csv"
    file.write_text("\n".join(["Tanggal,Keterangan,Cabang,Jumlah,,Saldo", *rows]))
    return str(file)


def test_a_ticket_is_opened_and_a_statement_pays_it(cli: Cli, tmp_path: Path) -> None:
    cli.run("deposit", "ticket", "TOKO", "1000000")
    (ticket,) = cli.json("deposit", "tickets", "--json")
    file = statement(tmp_path, ticket["grand_total"], 5_555)
    taken = cli.run("deposit", "lines", file, "--format", "bca", "--account", NUMBER)
    assert "no_candidate" in taken.stdout
    again = cli.json("deposit", "lines", file, "--account", NUMBER, "--json")
    assert (again["new"], again["known"]) == (0, 2)
    (ticket,) = cli.json("deposit", "tickets", "--state", "paid", "--json")
    shown = cli.json("reseller", "show", "TOKO", "--json")
    assert shown["balance"] == ticket["grand_total"]
    assert len(cli.json("deposit", "lines", "--json")) == 2
    cli.run("ledger", "verify")


def test_the_queue_is_shown_and_one_person_alone_decides_nothing(cli: Cli, tmp_path: Path) -> None:
    cli.run("deposit", "lines", statement(tmp_path, 77_777), "--account", NUMBER)
    (line,) = cli.json("deposit", "queue", "--json")
    line_id = str(line["id"])
    ani, budi = people(cli)
    proposal = ("deposit", "propose", line_id, "--note", "budi", "--reseller", "TOKO")
    assert "nobody can tell who you are" in cli.run(*proposal, code=1).stderr
    assert "wrong" in cli.run(*proposal, "--user", "ani", code=1, typed="no\n").stderr
    cli.run(*proposal, "--user", "ani", typed=ani)
    assert "1 by user:ani/cli:" in cli.run("deposit", "queue").stdout
    agree = ("deposit", "approve", "1", "--user")
    assert "another person" in cli.run(*agree, "ani", code=1, typed=ani).stderr
    assert "nobody can tell who you are" in cli.run(*agree[:-1], code=1).stderr
    cli.run(*agree, "budi", typed=budi)
    assert cli.json("reseller", "show", "TOKO", "--json")["balance"] == 77_777
    assert "0" in cli.run("deposit", "match").stdout


def test_tickets_accounts_formats_and_sources_are_kept(cli: Cli, tmp_path: Path) -> None:
    cli.run("deposit", "ticket", "TOKO", "50000", "--testing")
    cli.run("deposit", "cancel", "1")
    cli.run("deposit", "ticket", "TOKO", "5", code=1)
    cli.run("deposit", "bank", "set", NUMBER, "--inactive")
    assert cli.json("deposit", "bank", "list", "--json")[0]["active"] is False
    own = tmp_path / "own.json"
    own.write_text(json.dumps({"date": ["W"], "description": ["K"], "amount": ["N"]}))
    saved = cli.json("deposit", "formats", "--save", "own", "--file", str(own))
    assert saved.keys() == {"bca", "mandiri", "bri", "bni", "own"}
    own.write_text('{"date": ["W"]}')
    cli.run("deposit", "formats", "--save", "own", "--file", str(own), code=1)
    assert "/webhooks/bank-lines/jasa" in cli.run("deposit", "source", "issue", "jasa").stdout
    cli.run("deposit", "source", "close", "jasa")
    assert cli.json("deposit", "source", "list", "--json")[0]["active"] is False


def test_a_line_is_set_aside(cli: Cli, tmp_path: Path) -> None:
    cli.run("deposit", "lines", statement(tmp_path, 88_888), "--account", NUMBER)
    ani, budi = people(cli)
    proposal = ("deposit", "propose", "1", "--note", "rent", "--set-aside", "--user", "ani")
    cli.run(*proposal, typed=ani)
    cli.run("deposit", "reject", "1", "--user", "ani", typed=ani)  # taken back
    cli.run(*proposal, typed=ani)
    cli.run("deposit", "approve", "2", "--user", "budi", typed=budi)
    assert cli.json("deposit", "queue", "--json") == []
