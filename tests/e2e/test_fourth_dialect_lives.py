"""A fourth dialect is put into a copy of the program: its folder, and one line of the core.

Everything then runs from that copy as processes: a fake supplier that speaks it, a gateway that
buys there, and a reseller who buys by it from the gateway and is called back in it.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from filecmp import dircmp
from pathlib import Path
from typing import Any, Final

import pytest

from dialects.mini import DIALECT
from e2e.running_demo import SOURCES, gerbang_environ
from e2e.served import (
    LOOPBACK,
    Ear,
    ServedGateway,
    SupplierProcess,
    add_product,
    ended,
    listening,
)
from gerbang.api.tokens import create_token
from gerbang.dialects import registry
from gerbang.dialects.contract import ProductKind
from gerbang.dialects.supplier_contract import CallbackRefused, SupplierOrder, SupplierView
from gerbang.orders.outcome import Accepted, Delivered, Rejected, StatusOutcome
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient, OutboundSettings
from gerbang.outbound.message import Answered, HttpRequest
from gerbang.postgres.pool import Connection
from postgres.shared import opened

PRICE: Final = 5_500
KEY: Final = "mini-key"
ENDINGS: Final = {
    "081200001230": Delivered,
    "081200001231": Delivered,
    "081200001232": Rejected,
    "081200001235": Delivered,
    "081200007700": Delivered,
}
HOUSE: Final = AddressPolicy(allow_private=True)
WAIT_S: Final = 60.0


@pytest.fixture(name="copy", scope="module")
def _copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the program, add the folder, and edit the registry as the documentation says."""
    root = tmp_path_factory.mktemp("fourth")
    package = root / "gerbang"
    shutil.copytree(SOURCES / "gerbang", package, ignore=shutil.ignore_patterns("__pycache__"))
    own = package / "dialects" / "mini"
    own.mkdir()
    for path in (Path(__file__).parents[1] / "dialects" / "mini").glob("*.py"):
        text = path.read_text().replace("from dialects.mini", "from gerbang.dialects.mini")
        (own / path.name).write_text(text)
    listed = package / "dialects" / "registry.py"
    text = listed.read_text()
    text = text.replace("import isikuota, nicepay", "import isikuota, mini, nicepay")
    text = text.replace("otomax.DIALECT)", "otomax.DIALECT, mini.DIALECT)")
    listed.write_text(text)
    return root


def _changed(before: Path, after: Path) -> Iterator[str]:
    """Name every file and folder that differs."""
    waiting = [(dircmp(before, after, ignore=["__pycache__"]), "")]
    while waiting:
        found, path = waiting.pop()
        for name in (*found.left_only, *found.right_only, *found.diff_files):
            yield f"{path}{name}"
        waiting.extend((sub, f"{path}{name}/") for name, sub in found.subdirs.items())


def test_one_file_of_the_core_is_touched_in_its_import_and_in_one_place(copy: Path) -> None:
    assert sorted(_changed(SOURCES / "gerbang", copy / "gerbang")) == [
        "dialects/mini",
        "dialects/registry.py",
    ]
    before = Path(registry.__file__).read_text().splitlines()
    after = (copy / "gerbang" / "dialects" / "registry.py").read_text().splitlines()
    assert len(before) == len(after)
    differing = [new for old, new in zip(before, after, strict=True) if old != new]
    assert len(differing) == 2, "its import, and its place in DIALECTS"


def test_commands_and_documentation_know_it(copy: Path) -> None:
    asked = subprocess.run(
        [sys.executable, "-c", _QUESTION],
        env=gerbang_environ({"PYTHONPATH": str(copy), "COLUMNS": "300", "TERM": "dumb"}),
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(asked.stdout)
    for name, text in said.items():
        assert "mini" in text.lower(), name


_QUESTION: Final = """
import json
from typer.testing import CliRunner
from gerbang.cli.main import app
from gerbang.docs_tables import BLOCKS
def help_of(*words):
    return CliRunner().invoke(app, [*words, "--help"]).output
print(json.dumps({
    "truth tables": BLOCKS["truth-tables"](),
    "its words for reasons": BLOCKS["mini-codes"](),
    "learning": BLOCKS["learning"](),
    "capabilities": BLOCKS["capabilities"](),
    "supplier create": help_of("supplier", "create"),
    "reseller set": help_of("reseller", "set"),
    "reseller credential issue": help_of("reseller", "credential", "issue"),
    "sandbox supplier": help_of("sandbox", "supplier"),
}))
"""


# --- alive ----------------------------------------------------------------------------------------


class Town:
    """The gateway from the copy, seen by its operator and by its reseller."""

    def __init__(self, gateway: ServedGateway, token: str, client: OutboundClient) -> None:
        self.gateway = gateway
        self._token = token
        self._client = client
        self.reseller_key = ""

    def view(self) -> SupplierView:
        return SupplierView(
            id=1,
            code="gateway",
            dialect="mini",
            base_url=self.gateway.base_url,
            secrets={"key": self.reseller_key},
            settings={},
        )

    async def api(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Do what an operator does; every answer must be a success."""
        request = HttpRequest(
            method=method,
            url=f"{self.gateway.base_url}/api{path}",
            headers=(
                ("authorization", f"Bearer {self._token}"),
                ("content-type", "application/json"),
            ),
            body=json.dumps(body).encode(),
        )
        got = await self.send(request)
        assert got.status == 201, got.text()
        answer: dict[str, Any] = json.loads(got.body)
        return answer

    async def send(self, request: HttpRequest | None) -> Answered:
        assert request is not None
        got = await self._client.send(
            request, deadline_ms=15_000, purpose="question", addresses=HOUSE
        )
        assert isinstance(got, Answered), got
        return got

    async def ask(self, order: SupplierOrder) -> StatusOutcome:
        request = DIALECT.client.ask(self.view(), order, now=datetime.now(UTC))
        return DIALECT.client.read_ask(self.view(), order, await self.send(request))


async def _furnish(town: Town, supplier: SupplierProcess, ear: Ear) -> None:
    await town.api(
        "POST",
        "/suppliers",
        {
            "code": "mini-one",
            "name": "Mini One",
            "dialect": "mini",
            "base_url": supplier.base_url,
            "secrets": {"key": KEY},
            "callback_ips": list(LOOPBACK),
            "settings": {"ask_again_after_ms": [300, 600, 1_000]},
        },
    )
    route = {"product": "M5", "supplier": "mini-one", "supplier_product_code": "M5", "cost": 5_000}
    await town.api("POST", "/routes", route)
    reseller = {
        "code": "TOKO",
        "name": "Toko",
        "dialects": ["mini"],
        "allowed_ips": list(LOOPBACK),
        "callback": {"url": ear.url("toko"), "format": "mini"},
    }
    await town.api("POST", "/resellers", reseller)
    made = await town.api("POST", "/resellers/TOKO/credentials", {"dialect": "mini"})
    town.reseller_key = made["key"]
    credit = {"amount": 1_000_000, "key": "first", "note": "to begin with"}
    await town.api("POST", "/resellers/TOKO/credits", credit)


@contextmanager
def _from_copy(
    copy: Path, folder: Path, database_url: str
) -> Iterator[tuple[ServedGateway, SupplierProcess]]:
    environ = {"PYTHONPATH": str(copy)}
    gateway = ServedGateway("g", folder, database_url, settings=environ)
    supplier = SupplierProcess(
        "mini-one",
        "mini",
        folder,
        f"{gateway.base_url}/callbacks/mini-one",
        credential={"key": KEY},
        environ=environ,
    )
    with ended(gateway, supplier):
        yield gateway, supplier


async def test_it_buys_and_sells_and_calls_back_in_both_directions_over_http(
    copy: Path, database_url: str, tmp_path: Path
) -> None:
    async def product(connection: Connection) -> None:
        await add_product(connection, "M5", price=PRICE)

    with _from_copy(copy, tmp_path, database_url) as (gateway, supplier):
        async with listening() as ear, OutboundClient(OutboundSettings()) as client:
            await gateway.furnish(product, resellers=[])
            async with opened(database_url) as connection:
                token = await create_token(connection, "test")
            await asyncio.gather(gateway.start(), supplier.start())
            town = Town(gateway, token, client)
            await _furnish(town, supplier, ear)
            orders = [_order(number) for number in ENDINGS]
            for order in orders:
                first = await town.send(
                    DIALECT.client.buy(town.view(), order, now=datetime.now(UTC))
                )
                assert not isinstance(
                    DIALECT.client.read_buy(town.view(), order, first), Rejected
                ), first
            ends = await _ends(town, orders)
            heard = await _heard(town, ear, orders)
            money = await town.send(DIALECT.client.ask_balance(town.view(), now=datetime.now(UTC)))
            told = await gateway.fetch(
                "SELECT count(*) AS news FROM attempt_messages WHERE kind = 'callback'"
            )
            unclean = [c for c in (await gateway.verify()).checks if c.differences]
    assert ends == ENDINGS
    assert heard == {order.reference: ENDINGS[order.destination] for order in orders}
    sold = sum(kind is Delivered for kind in ENDINGS.values())
    assert DIALECT.client.read_balance(town.view(), money) == 1_000_000 - PRICE * sold
    assert told[0]["news"] >= 1, "its supplier side heard callbacks too"
    assert unclean == []


def _order(destination: str) -> SupplierOrder:
    return SupplierOrder(
        reference=f"R-{destination}",
        product_code="M5",
        destination=destination,
        quantity=1,
        counter=1,
        kind=ProductKind.PREPAID,
    )


async def _ends(town: Town, orders: list[SupplierOrder]) -> dict[str, type]:
    """Ask until every order is final; give how each ended."""
    ends: dict[str, type] = {}
    give_up_at = time.monotonic() + WAIT_S
    while len(ends) < len(orders) and time.monotonic() < give_up_at:
        for order in orders:
            outcome = await town.ask(order)
            if not isinstance(outcome, Accepted):
                ends[order.destination] = type(outcome)
        await asyncio.sleep(0.2)
    return ends


async def _heard(town: Town, ear: Ear, orders: list[SupplierOrder]) -> dict[str, type]:
    """Read what the reseller was called back with, once all is there."""
    give_up_at = time.monotonic() + WAIT_S
    heard: dict[str, type] = {}
    while len(heard) < len(orders) and time.monotonic() < give_up_at:
        for request in list(ear.heard):
            news = DIALECT.client.read_callback(town.view(), request)
            assert not isinstance(news, CallbackRefused)
            heard.update({one.reference: type(one.outcome) for one in news})
        await asyncio.sleep(0.2)
    return heard
