"""The fake supplier's process: a dialect's server half over a gateway that invents.

``python -m gerbang.sandbox.supplier --help`` lists the options.
"""

from __future__ import annotations

import signal
import socket
from pathlib import Path
from typing import Any, Final

import msgspec
import uvicorn
import uvloop
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from gerbang.dialects.registry import DIALECTS
from gerbang.outbound.client import OutboundClient, OutboundSettings
from gerbang.sandbox.bills import FakeBill
from gerbang.sandbox.buyer import make_credential
from gerbang.sandbox.dropping import AbortableProtocol, drop_on_demand
from gerbang.sandbox.faults import FaultSettings, OtherFault, parse_faults
from gerbang.sandbox.gateway import FakeSupplierGateway, FakeSupplierSettings
from gerbang.sandbox.journal import Journal
from gerbang.sandbox.spoiling import spoil_on_demand
from gerbang.sandbox.tls import refuse_some_handshakes, write_certificate

GRACE_S: Final = 5


class SupplierOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says."""

    dialect: str
    host: str
    port: int
    journal: Path
    callback_url: str
    credential: str
    prices: Path | None = None
    bills: Path | None = None
    orders_max: int = 1_000_000
    tls: bool = False
    faults: str = ""


class OptionsRefusedError(ValueError):
    """The options cannot be used; the text says why."""


def run_supplier(options: SupplierOptions) -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = _settings(options)
    # uvicorn raises the signal that stopped it once more; a clean end is exit code 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    uvloop.run(_serve(options, settings))


def _settings(options: SupplierOptions) -> FakeSupplierSettings:
    try:
        members = msgspec.json.decode(options.credential, type=dict[str, str])
        settings = FakeSupplierSettings(
            credential=make_credential(options.dialect, members),
            callback_url=options.callback_url,
            prices=_read_prices(options.prices),
            bills=_read_bills(options.bills),
            orders_max=options.orders_max,
            faults=parse_faults(options.faults),
        )
    except (ValueError, OSError, msgspec.DecodeError) as error:
        raise OptionsRefusedError(str(error)) from error
    if OtherFault.TLS_FAILURE in settings.faults.other and not options.tls:
        raise OptionsRefusedError("tls_failure needs --tls")
    return settings


def _read_prices(path: Path | None) -> dict[str, int]:
    if path is None:
        return {}
    prices: dict[str, int] = msgspec.json.decode(path.read_bytes(), type=dict[str, int])
    return prices


def _read_bills(path: Path | None) -> dict[str, FakeBill]:
    if path is None:
        return {}
    bills: dict[str, FakeBill] = msgspec.json.decode(path.read_bytes(), type=dict[str, FakeBill])
    return bills


async def _serve(options: SupplierOptions, settings: FakeSupplierSettings) -> None:
    dialect = DIALECTS[options.dialect]
    async with OutboundClient(OutboundSettings(user_agent="Gerbang sandbox")) as client:
        gateway = FakeSupplierGateway(dialect, settings, Journal(options.journal), client)
        try:
            gateway.resume()
            await _listen(make_app(gateway, options.dialect), options, settings.faults)
        finally:
            await gateway.close()


async def _listen(app: ASGIApp, options: SupplierOptions, faults: FaultSettings) -> None:
    pem = write_certificate(options.journal, options.host) if options.tls else None
    config = uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        http=AbortableProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
        backlog=4096,
        ssl_certfile=pem,
    )
    config.load()
    if config.ssl is not None:
        refuse_some_handshakes(config.ssl, faults)
    await _Server(config, f"sandbox supplier {options.dialect}").serve()


class _Server(uvicorn.Server):
    """A server that says when it is ready, and where."""

    def __init__(self, config: uvicorn.Config, name: str) -> None:
        super().__init__(config)
        self._name = name

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then print one line."""
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            scheme = "https" if self.config.ssl is not None else "http"
            print(f"ready: {self._name} on {scheme}://{host}:{port}", flush=True)  # noqa: T201


def make_app(gateway: FakeSupplierGateway, dialect: str) -> ASGIApp:
    """Give the dialect's own paths, and those of the sandbox."""

    async def stats(request: Request) -> Response:
        references = request.query_params.get("references") != "0"
        return JSONResponse(gateway.book.stats(references=references))

    async def journal(_request: Request) -> Response:
        await gateway.journal.flushed()
        return FileResponse(gateway.journal.path, media_type="application/x-ndjson")

    routes: list[Any] = [Route("/_sandbox/stats", stats), Route("/_sandbox/journal", journal)]
    router = Router([*routes, *DIALECTS[dialect].routes(gateway)])
    return drop_on_demand(spoil_on_demand(router))


if __name__ == "__main__":
    import typer

    from gerbang.cli.sandbox import supplier

    typer.run(supplier)
