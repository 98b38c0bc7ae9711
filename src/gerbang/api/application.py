"""The management API under ``/api``: OpenAPI at ``/api/openapi.json``, pages at ``/api/docs``."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from gerbang import __version__
from gerbang.api import (
    about,
    approvals,
    areas,
    bills,
    callbacks,
    card_integration,
    card_tokens,
    cases,
    categories,
    deposits,
    floats,
    health,
    ledger,
    merchants,
    orders,
    payouts,
    price_lists,
    price_syncs,
    products,
    recon,
    replies,
    resellers,
    routes,
    sandbox,
    suppliers,
    terms,
    testing,
)
from gerbang.api.context import BodyLimit
from gerbang.api.errors import add_error_handlers, with_refusals
from gerbang.api.services import Services

_DESCRIPTION: Final = (
    "Everything an operator can do. Amounts are whole rupiah. Lists answer `{items, next}`: give "
    "`next` back as `after`. Every change is kept under the token's name: settings in the audit "
    "log, money in the ledger."
)
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Gerbang management API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="swagger-ui/swagger-ui.css"></head>
<body><div id="page"></div><script src="swagger-ui/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({url: "openapi.json", dom_id: "#page", deepLinking: true})</script>
</body></html>
"""


class ManagementApi(FastAPI):
    """The application; its description says of each operation how it may be refused."""

    def openapi(self) -> dict[str, Any]:
        """Describe the API."""
        if self.openapi_schema is None:
            self.openapi_schema = with_refusals(super().openapi())
        return self.openapi_schema


def create_api(services: Services) -> FastAPI:
    """Make the API application.

    The routes were made when their modules were read, and are taken as they are: to include each
    router would make them all again with the first request, and hold up the node for half a second.
    """
    app = ManagementApi(
        title="Gerbang management API",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    app.add_middleware(BodyLimit)
    add_error_handlers(app)
    for module in (
        about,
        resellers,
        products,
        categories,
        price_lists,
        suppliers,
        floats,
        health,
        price_syncs,
        recon,
        replies,
        routes,
        areas,
        orders,
        deposits,
        terms,
        merchants,
        payouts,
        card_integration,
        card_tokens,
        testing,
        bills,
        callbacks,
        ledger,
        approvals,
        cases,
        sandbox,
    ):
        app.router.routes.extend(module.router.routes)
    app.get("/docs", include_in_schema=False)(_docs)
    folder = Path(str(files("gerbang.web"))) / "static" / "swagger-ui"
    app.router.routes.append(Mount("/swagger-ui", StaticFiles(directory=folder)))
    return app


async def _docs() -> HTMLResponse:
    return HTMLResponse(_PAGE)
