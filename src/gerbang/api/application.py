"""The management API under ``/api``."""

from __future__ import annotations

from fastapi import FastAPI

from gerbang.api.services import Services


def create_api(services: Services) -> FastAPI:
    """Make the API application."""
    app = FastAPI(title="Gerbang management API", docs_url=None, redoc_url=None)
    app.state.services = services
    return app
