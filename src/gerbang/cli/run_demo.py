"""What a demo is made of: suppliers beside it, data in it, and a greeting that says where."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.console import Console

from gerbang.api.tokens import create_token
from gerbang.app import Node
from gerbang.cli.run_gateway import run_gateway
from gerbang.dialects.isikuota.wire import sign
from gerbang.installation import installation
from gerbang.ledger.account import HouseAccount
from gerbang.ledger.move import MoveMoney
from gerbang.postgres.migrate import migrate
from gerbang.postgres.pool import connect
from gerbang.sandbox import demo_cards
from gerbang.sandbox.demo_bills import fake_bills
from gerbang.sandbox.demo_catalog import demo_products
from gerbang.sandbox.demo_data import (
    ACTOR,
    FLOAT,
    FUNDS,
    ISIKUOTA,
    OTOMAX,
    RESELLER,
    SUPPLIERS,
    DemoSupplier,
    furnish,
    issue_socx_token,
)
from gerbang.sandbox.demo_people import furnish_owner, furnish_partner
from gerbang.sandbox.inbox import Inbox
from gerbang.secrets_box import SecretBox, load_secret_key
from gerbang.settings import Settings

SUPPLIER_STOP_S: Final = 5.0


def run_demo(settings: Settings, url: str) -> None:
    """Start the fake suppliers, furnish the database, and serve until a signal."""
    asyncio.run(migrate(url))
    if not settings.port:
        settings = msgspec.structs.replace(settings, port=_free_port())
    suppliers = FakeSuppliers(settings)
    try:
        suppliers.start()
        facts = asyncio.run(_furnish(settings, url, suppliers.base_urls))
        run_gateway(
            settings,
            url,
            extra_routes=Inbox().routes(),
            after_start=lambda node: _finish(node, settings, facts),
        )
    finally:
        suppliers.stop()


class FakeSuppliers:
    """Three fake suppliers as processes of their own, with durable journals."""

    def __init__(self, settings: Settings) -> None:
        """Choose free ports."""
        self._settings = settings
        self._ports = {supplier.code: _free_port() for supplier in SUPPLIERS}
        self._processes: list[subprocess.Popen[bytes]] = []
        self.base_urls = {
            s.code: f"http://127.0.0.1:{self._ports[s.code]}{s.path}" for s in SUPPLIERS
        }

    def start(self) -> None:
        """Start all of them."""
        folder = Path(self._settings.data_dir) / "suppliers"
        folder.mkdir(parents=True, exist_ok=True)
        prices = folder / "prices.json"
        products = demo_products()
        prepaid = {p.code: p.cost for p in products if p.kind != "postpaid"}
        prices.write_text(json.dumps(prepaid))
        (folder / "bills.json").write_bytes(msgspec.json.encode(fake_bills(products)))
        self._processes = [self._start(s, folder, prices) for s in SUPPLIERS]

    def _start(self, supplier: DemoSupplier, folder: Path, prices: Path) -> subprocess.Popen[bytes]:
        callback_url = f"http://127.0.0.1:{self._settings.port}/callbacks/{supplier.code}"
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gerbang.sandbox.supplier",
                "--dialect",
                supplier.dialect,
                "--port",
                str(self._ports[supplier.code]),
                "--journal",
                str(folder / f"{supplier.code}.jsonl"),
                "--callback-url",
                callback_url,
                "--prices",
                str(prices),
                "--bills",
                str(folder / "bills.json"),
            ],
            env={
                **os.environ,
                "GERBANG_SANDBOX_CREDENTIAL": json.dumps(dict(supplier.fake_credential)),
            },
            stdout=subprocess.DEVNULL,
            # A signal to our group is ours to pass on, in the right order.
            start_new_session=True,
        )

    def stop(self) -> None:
        """Stop all of them."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(SUPPLIER_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


async def _furnish(settings: Settings, url: str, base_urls: dict[str, str]) -> dict[str, Any]:
    """Complete the demo's data; give what goes into demo.json."""
    data_dir = Path(settings.data_dir)
    box = SecretBox(load_secret_key(data_dir, given=settings.secret_key))
    before = _read_facts(data_dir)
    connection = await connect(url, statement_timeout_ms=60_000)
    try:
        await installation(connection)
        async with connection.transaction():
            token = await furnish(
                connection,
                box=box,
                base_urls=base_urls,
                inbox_url=f"http://127.0.0.1:{settings.port}/sandbox/inbox",
            )
            token = token or before.get("socx", {}).get("token")
            token = token or await issue_socx_token(connection, box)
            console = await furnish_owner(connection, before.get("console", {}))
            portal = await furnish_partner(connection, before.get("portal", {}))
            admin_token = before.get("admin_token") or await _new_admin_token(connection)
    finally:
        await connection.close()
    facts = _facts(settings, token, admin_token)
    return {
        **facts,
        "console": {"url": f"{facts['base_url']}/console", **console},
        "portal": {"url": f"{facts['base_url']}/portal", **portal},
    }


async def _new_admin_token(connection: Any) -> str:
    await connection.execute("DELETE FROM api_tokens WHERE name = 'demo'")
    return await create_token(connection, "demo", actor=ACTOR)


def _facts(settings: Settings, token: str, admin_token: str) -> dict[str, Any]:
    return {
        "base_url": settings.public_url or f"http://{_reachable(settings.host)}:{settings.port}",
        "admin_token": admin_token,
        "reseller": RESELLER,
        "isikuota": {"api_id": "demo_api_id", **ISIKUOTA},
        "socx": {"token": token},
        "otomax": {"memberID": "YUSUF", **OTOMAX, "slug": "demo"},
        "nicepay": demo_cards.facts(),
    }


def _read_facts(data_dir: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads((data_dir / "demo.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return facts


async def _finish(node: Node, settings: Settings, facts: dict[str, Any]) -> None:
    """Fund the demo through the ledger, write demo.json, and say where to go."""
    await _move(node, "demo:fund", "manual.credit", credit=f"reseller:{RESELLER}", amount=FUNDS)
    for supplier in SUPPLIERS:
        await _top_up(node, supplier)
    path = Path(settings.data_dir) / "demo.json"
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(facts, indent=2) + "\n")
    fresh.replace(path)
    inbox_url = f"{facts['base_url']}/sandbox/inbox"
    _greet(facts, path)
    _greet_merchants(facts, await demo_cards.open_hosted_page(node.cards, inbox_url=inbox_url))


async def _move(node: Node, key: str, event: str, *, credit: str, amount: int) -> None:
    account_id = await node.pool.fetchval("SELECT id FROM accounts WHERE code = $1", credit)
    await node.lane.submit(
        MoveMoney(
            key=key,
            event=event,
            debit_account_id=node.house[HouseAccount.BANK],
            credit_account_id=account_id,
            amount=amount,
            actor=ACTOR,
            note="demo data",
        )
    )


async def _top_up(node: Node, supplier: DemoSupplier) -> None:
    found = node.snapshot.supplier_by_code(supplier.code)
    if found is None:
        return
    await node.lane.submit(
        MoveMoney(
            key=f"demo:float:{supplier.code}:{FLOAT}",
            event="float.top_up",
            debit_account_id=found.float_account_id,
            credit_account_id=node.house[HouseAccount.BANK],
            amount=FLOAT,
            actor=ACTOR,
            note="demo data",
        )
    )


def _greet(facts: dict[str, Any], path: Path) -> None:
    console = Console(stderr=False, highlight=False, soft_wrap=True)
    url, token = facts["base_url"], facts["socx"]["token"]
    body = '{"code":"HSA5","msisdn":"081234561230","request_id":"TRY-1"}'
    console.print(f"\n[bold]Gerbang demo is ready[/bold] at {url}  (credentials: {path})\n")
    console.print("SocX: balance, then an order that is delivered at once")
    console.print(f"  curl -H 'Authorization: Bearer {token}' {url}/reseller/api/v1/saldo")
    console.print(
        f"  curl -H 'Authorization: Bearer {token}' -d '{body}' {url}/reseller/api/v1/purchase\n"
    )
    console.print("OtomaX: an order by pin and password, then its state")
    query = "product=X10&qty=1&dest=081234561230&refID=TRY-2&memberID=YUSUF&pin=1144&password=abcd"
    console.print(f"  curl '{url}/trx/demo?{query}'")
    console.print(f"  curl '{url}/trx/demo?{query}&check=1'\n")
    console.print("IsiKuota: signed JSON; this balance request is signed for this minute")
    console.print(f"  curl -d '{_isikuota_balance()}' {url}/v1/balance\n")
    console.print(f"Callbacks received by the demo reseller: curl {url}/sandbox/inbox/list")
    signs_in = f"{facts['console']['username']} / {facts['console']['password']}"
    console.print(f"Operator console: {facts['console']['url']}  ({signs_in})")
    signs_in = f"{facts['portal']['username']} / {facts['portal']['password']}"
    console.print(f"Reseller portal: {facts['portal']['url']}  ({signs_in})")
    console.print(f"Documentation: {url}/docs")
    console.print(f"Management API: {url}/api/docs (bearer token: admin_token in demo.json)\n")


def _greet_merchants(facts: dict[str, Any], hosted_page: str) -> None:
    console = Console(stderr=False, highlight=False, soft_wrap=True)
    url, now = facts["base_url"], datetime.now(UTC)
    line = demo_cards.registration_line(url, f"{url}/sandbox/inbox", now)
    console.print("NICEPAY: register a payment; pay it with the tXid of the answer")
    console.print(f"  {line}")
    console.print(f"  {demo_cards.payment_line(url, now)}")
    otp = facts["nicepay"]["otp"]
    console.print(f"A hosted card page (card 4434260000000008, 01/39, 100, password {otp}):")
    console.print(f"  {hosted_page}\n")


def _isikuota_balance() -> str:
    timestamp = int(time.time())
    signature = sign(b"", timestamp=timestamp, api_id="demo_api_id", **ISIKUOTA)
    return json.dumps(
        {"api_id": "demo_api_id", "timestamp": timestamp, "signature": signature},
        separators=(",", ":"),
    )


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 (a comparison)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
