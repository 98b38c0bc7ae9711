"""A fake supplier as a process, and a buyer with the client half who hears its callbacks."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from aiohttp import web

from gerbang.dialects.contract import ProductKind
from gerbang.dialects.registry import DIALECTS
from gerbang.dialects.supplier_contract import (
    CallbackRefused,
    SupplierNews,
    SupplierOrder,
    SupplierView,
)
from gerbang.orders.outcome import Outcome, StatusOutcome
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient, OutboundSettings, Purpose
from gerbang.outbound.message import Answered, HttpRequest, InboundRequest, SendResult

CREDENTIALS: Final[Mapping[str, dict[str, str]]] = {
    "socx": {"token": "fake-token"},
    "isikuota": {"api_id": "fake", "api_key": "fake_key", "secret_key": "fake_secret"},
    "otomax": {"memberID": "FAKE", "pin": "1144", "password": "abcd"},
}
SETTINGS: Final[Mapping[str, dict[str, str]]] = {
    "socx": {},
    "isikuota": {"status_by": "cmd_status"},
    "otomax": {},
}
BASE_PATH: Final = {"socx": "/reseller/api/v1", "isikuota": "/v1", "otomax": ""}
HOUSE: Final = AddressPolicy(allow_private=True)
DEADLINE_MS: Final = 5_000
READY_S: Final = 90.0


class FakeSupplier:
    """The process; `base_url` is known once it is started."""

    def __init__(self, dialect: str, journal: Path, *, callback_url: str, more: list[str]) -> None:
        self.dialect = dialect
        self.base_url = ""
        self._journal = journal
        self._callback_url = callback_url
        self._more = more
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gerbang.sandbox.supplier"),
            *("--dialect", self.dialect, "--port", "0", "--journal", str(self._journal)),
            *("--callback-url", self._callback_url, *self._more),
            env=os.environ | {"GERBANG_SANDBOX_CREDENTIAL": json.dumps(CREDENTIALS[self.dialect])},
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(READY_S):
            line = (await self._process.stdout.readline()).decode()
        assert line.startswith("ready: "), line
        self.base_url = line.split()[-1]
        return self

    async def kill(self) -> None:
        """Let it die at once, as in a power cut."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        """Ask it to stop; give its exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.terminate()
        return await self._process.wait()


class Buyer:
    """Buys with the dialect's client half over real HTTP, and hears the callbacks."""

    def __init__(self, dialect: str, client: OutboundClient) -> None:
        self.half = DIALECTS[dialect].client
        self.dialect = dialect
        self.supplier_base_url = ""
        self.callbacks: list[InboundRequest] = []
        self.refuse_callbacks = False
        self.refused: list[CallbackRefused] = []
        """Callbacks that were not believed."""
        self._client = client

    @property
    def view(self) -> SupplierView:
        return SupplierView(
            id=1,
            code="FAKE",
            dialect=self.dialect,
            base_url=self.supplier_base_url + BASE_PATH[self.dialect],
            secrets=CREDENTIALS[self.dialect],
            settings=SETTINGS[self.dialect]
            | ({"member_id": "FAKE"} if self.dialect == "otomax" else {}),
        )

    async def send_purchase(self, order: SupplierOrder) -> SendResult:
        return await self.send(self.half.buy(self.view, order, now=datetime.now(UTC)), "purchase")

    async def buy(self, order: SupplierOrder) -> Outcome:
        result = await self.send_purchase(order)
        assert isinstance(result, Answered), result
        return self.half.read_buy(self.view, order, result)

    async def ask(self, order: SupplierOrder) -> StatusOutcome:
        question = self.half.ask(self.view, order, now=datetime.now(UTC))
        assert question is not None
        result = await self.send(question, "question")
        assert isinstance(result, Answered), result
        return self.half.read_ask(self.view, order, result)

    async def stats(self) -> dict[str, Any]:
        request = HttpRequest(method="GET", url=f"{self.supplier_base_url}/_sandbox/stats")
        result = await self.send(request, "question")
        assert isinstance(result, Answered), result
        stats: dict[str, Any] = json.loads(result.body)
        return stats

    async def send(self, request: HttpRequest, purpose: Purpose) -> SendResult:
        return await self._client.send(
            request, deadline_ms=DEADLINE_MS, purpose=purpose, addresses=HOUSE
        )

    def news(self, reference: str) -> list[StatusOutcome]:
        """What the callbacks so far said of a reference."""
        return [one.outcome for one in self._all_news() if one.reference == reference]

    def _all_news(self) -> list[SupplierNews]:
        heard: list[SupplierNews] = []
        for request in self.callbacks:
            news = self.half.read_callback(self.view, request)
            assert not isinstance(news, CallbackRefused), news
            heard.extend(news)
        return heard

    async def hear(self, request: web.Request) -> web.Response:
        if self.refuse_callbacks:
            return web.Response(status=503)
        inbound = InboundRequest(
            method=request.method,
            path=request.path,
            query=request.query_string.encode(),
            headers=tuple((k.lower(), v) for k, v in request.headers.items()),
            body=await request.read(),
            client_ip="127.0.0.1",
        )
        news = self.half.read_callback(self.view, inbound)
        if isinstance(news, CallbackRefused):
            self.refused.append(news)
            return web.Response(status=news.status)
        self.callbacks.append(inbound)
        return web.Response(text="OK")


def make_order(reference: str, ending: str, **changes: Any) -> SupplierOrder:
    members: dict[str, Any] = {
        "reference": reference,
        "product_code": "TSEL21",
        "destination": f"0812345{ending}",
        "quantity": 1,
        "counter": 1,
        "kind": ProductKind.PREPAID,
    }
    return SupplierOrder(**(members | changes))


@asynccontextmanager
async def market(
    dialect: str, folder: Path, *more: str
) -> AsyncIterator[tuple[FakeSupplier, Buyer]]:
    """Open a fake supplier and a buyer who knows each other."""
    ca_file = str(folder / "supplier.pem") if "--tls" in more else ""
    async with OutboundClient(OutboundSettings(ca_file=ca_file)) as client:
        buyer = Buyer(dialect, client)
        runner = await _listen(buyer)
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/callback"
        supplier = FakeSupplier(
            dialect, folder / "supplier.jsonl", callback_url=url, more=list(more)
        )
        await supplier.start()
        buyer.supplier_base_url = supplier.base_url
        try:
            yield supplier, buyer
        finally:
            await supplier.stop()
            await runner.cleanup()


async def _listen(buyer: Buyer) -> web.AppRunner:
    app = web.Application()
    app.router.add_route("*", "/callback", buyer.hear)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner
