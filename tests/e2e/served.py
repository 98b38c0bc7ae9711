"""`gerbang serve` and fake suppliers as processes on databases of the shared test server.

Whoever opens one of these with ``with`` finds nothing of it running afterwards.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from e2e.running_demo import free_port, gerbang_command, gerbang_environ
from gerbang.app import Node
from gerbang.catalog.admin import ProductChange, create_product, save_category, save_price_list
from gerbang.dialects.registry import DIALECTS
from gerbang.dialects.supplier_contract import CallbackRefused, SupplierNews, SupplierView
from gerbang.installation import installation
from gerbang.ledger.credit import credit_reseller
from gerbang.ledger.verify import Verification, verify
from gerbang.outbound.message import InboundRequest
from gerbang.postgres.pool import Connection
from gerbang.resellers.admin import CallbackChange, ResellerChange, create_reseller
from gerbang.resellers.credentials import NewCredential, issue_credential
from gerbang.secrets_box import SecretBox, load_secret_key
from gerbang.settings import Settings
from gerbang.suppliers.admin import RouteChange, SupplierChange, create_route, create_supplier
from postgres.shared import opened

ACTOR: Final = "test"
READY_S: Final = 90.0
STOP_S: Final = 15.0
LOOPBACK: Final = ["127.0.0.0/8"]
PATH: Final = {"socx": "/reseller/api/v1", "isikuota": "/v1", "otomax": ""}
"""Where a Gerbang, or a fake supplier, serves a dialect."""
FUNDS: Final = 1_000_000_000
_plain = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NotReadyError(Exception):
    """A process ended, or did not become ready; the text is the end of its log."""


class _Process:
    """One process that is killed as a group and says on a path that it is ready."""

    def __init__(self, log_path: Path, ready_path: str) -> None:
        self.log_path = log_path
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._ready_path = ready_path
        self._process: subprocess.Popen[bytes] | None = None

    def _launch(self, command: list[str], environ: Mapping[str, str]) -> None:
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environ,
                start_new_session=True,
            )

    def _is_ready(self) -> bool:
        with suppress(OSError), _plain.open(self.base_url + self._ready_path, timeout=2) as reply:
            return bool(reply.status == 200)
        return False

    async def wait_ready(self) -> None:
        give_up_at = time.monotonic() + READY_S
        while not await asyncio.to_thread(self._is_ready):
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > give_up_at:
                raise NotReadyError(self.log()[-4000:])
            await asyncio.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL it and everything it started."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(STOP_S)
        self._process = None

    def stop(self) -> int:
        """SIGTERM it; give its exit code."""
        assert self._process is not None
        self._process.terminate()
        try:
            return self._process.wait(STOP_S)
        finally:
            self.kill()

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""


class ServedGateway(_Process):
    """One installation: its own database, key and port, which stay over `kill` and `start`."""

    def __init__(
        self,
        name: str,
        folder: Path,
        database_url: str,
        *,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Name it; `settings` are more GERBANG_ variables."""
        super().__init__(folder / f"{name}.log", "/readyz")
        self.name = name
        self.data_dir = folder / name
        self.data_dir.mkdir()
        self.database_url = database_url
        self.box = SecretBox(load_secret_key(self.data_dir))
        self._environ = gerbang_environ(
            {
                "GERBANG_DATABASE_URL": database_url,
                "GERBANG_DATA_DIR": str(self.data_dir),
                "GERBANG_CALLBACK_PRIVATE_ADDRESSES_ALLOWED": "true",
                "GERBANG_LOG_LEVEL": "warning",
                **(settings or {}),
            }
        )

    async def start(self) -> None:
        self._launch(gerbang_command("serve", "--port", str(self.port)), self._environ)
        await self.wait_ready()

    async def furnish(
        self, work: Callable[[Connection], Awaitable[None]], *, resellers: list[str]
    ) -> None:
        """Do `work` in one transaction, then give each reseller FUNDS through the write lane."""
        async with opened(self.database_url) as connection:
            await installation(connection)
            async with connection.transaction():
                await save_category(connection, "pulsa", "Pulsa", actor=ACTOR)
                await save_price_list(connection, "default", "Default", actor=ACTOR)
                await work(connection)
        settings = Settings(data_dir=str(self.data_dir), database_url=self.database_url)
        node = Node(settings, database_url=self.database_url)
        await node.start(work=False)
        try:
            for code in resellers:
                await credit_reseller(
                    node.pool, node.lane, code, FUNDS, key=f"fund:{code}", note="", actor=ACTOR
                )
        finally:
            await node.stop()

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        async with opened(self.database_url, statement_timeout_ms=60_000) as connection:
            return list(await connection.fetch(sql, *values))

    async def verify(self) -> Verification:
        async with opened(self.database_url, statement_timeout_ms=120_000) as connection:
            return await verify(connection)


class SupplierProcess(_Process):
    """A fake supplier that keeps port and journal over restarts."""

    def __init__(
        self,
        name: str,
        dialect: str,
        folder: Path,
        callback_url: str,
        *,
        credential: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Name it; `credential` is what its buyer shows, `environ` are more variables."""
        super().__init__(folder / f"{name}.log", "/_sandbox/stats?references=0")
        self._credential = credential or fake_credential(dialect)
        self._environ = environ or {}
        self.name = name
        self.dialect = dialect
        self.journal_path = folder / f"{name}.jsonl"
        self._callback_url = callback_url

    async def start(self, *, faults: str = "", bills: Path | None = None) -> None:
        """Start it; `bills` is the file of what bills it knows."""
        command = [
            *(sys.executable, "-m", "gerbang.sandbox.supplier", "--dialect", self.dialect),
            *("--port", str(self.port), "--journal", str(self.journal_path)),
            *("--callback-url", self._callback_url, "--faults", faults),
            *(("--bills", str(bills)) if bills else ()),
        ]
        secret = {"GERBANG_SANDBOX_CREDENTIAL": json.dumps(self._credential)}
        self._launch(command, gerbang_environ({**secret, **self._environ}))
        await self.wait_ready()

    def journal(self) -> list[dict[str, Any]]:
        """Read all that it wrote down."""
        return [json.loads(line) for line in self.journal_path.read_bytes().splitlines()]


@contextmanager
def ended(*processes: _Process) -> Iterator[None]:
    """Kill all of them at the end, however it comes."""
    try:
        yield
    finally:
        for process in processes:
            process.kill()


# --- credentials, from both sides -----------------------------------------------------------------


def secrets_of(dialect: str, name: str) -> dict[str, str]:
    """Invent what a buyer called `name` keeps secret."""
    return {
        "socx": {"token": f"token-of-{name}"},
        "isikuota": {
            "api_id": f"id-{name}",
            "api_key": f"key-{name}",
            "secret_key": f"secret-{name}",
        },
        "otomax": {"pin": "4321", "password": f"password-{name}"},
    }[dialect]


def fake_credential(dialect: str) -> dict[str, str]:
    """Give what a fake supplier wants of the buyer GERBANG."""
    secrets = secrets_of(dialect, "GERBANG")
    return secrets | {"memberID": "GERBANG"} if dialect == "otomax" else secrets


def buyer_settings(dialect: str, name: str, *, ask_again_after_ms: list[int]) -> dict[str, Any]:
    """Give the settings with which a gateway buys as `name` from a Gerbang or a fake supplier."""
    own: dict[str, dict[str, Any]] = {
        "socx": {},
        "isikuota": {"status_by": "cmd_status"},
        "otomax": {"member_id": name, "resend_same_reference": "safe"},
    }
    return {**own[dialect], "ask_again_after_ms": ask_again_after_ms}


def supplier_view(dialect: str, name: str, base_url: str) -> SupplierView:
    """Let a test buy as `name` with a dialect's own client half."""
    return SupplierView(
        id=1,
        code="gateway",
        dialect=dialect,
        base_url=base_url + PATH[dialect],
        secrets=secrets_of(dialect, name),
        settings=buyer_settings(dialect, name, ask_again_after_ms=[1_000]),
        callback_ips=LOOPBACK,
    )


# --- furniture -----------------------------------------------------------------


async def add_reseller(
    connection: Connection,
    box: SecretBox,
    code: str,
    dialects: list[str],
    *,
    callback_url: str,
) -> None:
    """Create a reseller with one credential for each dialect, named as the reseller is."""
    change = ResellerChange(
        allowed_ips=list(LOOPBACK),
        dialects=dialects,
        callback=CallbackChange(url=callback_url),
        reply_wait_ms=dict.fromkeys(dialects, 0),
        settings={"socx.weak_token": True},
    )
    await create_reseller(connection, code, code, actor=ACTOR, box=box, change=change)
    for dialect in dialects:
        secrets = secrets_of(dialect, code)
        key = {"socx": "", "otomax": code}.get(dialect) or secrets.pop("api_id", "")
        new = NewCredential(dialect=dialect, key=key, secrets=secrets)
        await issue_credential(connection, code, new, box=box, actor=ACTOR)


async def add_product(connection: Connection, code: str, *, price: int) -> None:
    """Create a prepaid product."""
    change = ProductChange(
        name=code, category="pulsa", kind="prepaid", base_price=price, cost=price - 200
    )
    await create_product(connection, code, change, actor=ACTOR)


async def add_supplier(
    connection: Connection,
    box: SecretBox,
    code: str,
    dialect: str,
    *,
    base_url: str,
    buyer: str,
    ask_again_after_ms: list[int],
    settings: Mapping[str, Any] | None = None,
    **more: Any,
) -> None:
    """Create a supplier from whom we buy as `buyer`."""
    change = SupplierChange(
        secrets=secrets_of(dialect, buyer),
        settings={
            **buyer_settings(dialect, buyer, ask_again_after_ms=ask_again_after_ms),
            **(settings or {}),
        },
        callback_ips=list(LOOPBACK),
        **more,
    )
    await create_supplier(
        connection,
        code,
        name=code,
        dialect=dialect,
        base_url=base_url + PATH[dialect],
        actor=ACTOR,
        box=box,
        change=change,
    )


async def add_route(
    connection: Connection,
    product: str,
    supplier: str,
    *,
    code: str,
    cost: int,
    priority: int = 10,
) -> None:
    """Let `product` be bought from `supplier` as `code`."""
    await create_route(
        connection,
        product=product,
        supplier=supplier,
        supplier_product_code=code,
        cost=cost,
        actor=ACTOR,
        change=RouteChange(priority=priority),
    )


# --- the reseller's ear -----------------------------------------------------------------


class Ear:
    """Receives callbacks at ``/{anything}`` and says yes."""

    def __init__(self) -> None:
        """Hear nothing yet."""
        self.heard: list[InboundRequest] = []
        self.port = 0

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"

    async def _hear(self, request: web.Request) -> web.Response:
        self.heard.append(
            InboundRequest(
                method=request.method,
                path=request.path,
                query=request.rel_url.raw_query_string.encode(),
                headers=tuple((k.lower(), v) for k, v in request.headers.items()),
                body=await request.read(),
                client_ip="127.0.0.1",
            )
        )
        return web.Response(text="OK")


def read_news(dialect: str, view: SupplierView, request: InboundRequest) -> list[SupplierNews]:
    """Read a callback as a reseller that speaks `dialect` does."""
    news = DIALECTS[dialect].client.read_callback(view, request)
    assert not isinstance(news, CallbackRefused), (dialect, news, request)
    return list(news)


@asynccontextmanager
async def listening() -> AsyncIterator[Ear]:
    """Open an ear."""
    ear = Ear()
    app = web.Application()
    app.router.add_route("*", "/{name}", ear._hear)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ear.port = runner.addresses[0][1]
    try:
        yield ear
    finally:
        await runner.cleanup()
