from __future__ import annotations

import os
from collections.abc import AsyncIterator, Generator
from typing import Any

import pytest
import pytest_asyncio

from cards.rig import Rig, open_rig
from cards.secrecy import secrets_said
from postgres.shared import SharedServer


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """Fail a card test whose log says a card number, a CVV, a key or a one-time password."""
    report = yield
    said = [one for _, text in report.sections for one in secrets_said(text)]
    if said and report.passed:
        report.outcome = "failed"
        report.longrepr = f"said in the log: {', '.join(said)}"
    return report


@pytest.fixture
async def rig(database_url: str) -> AsyncIterator[Rig]:
    async with open_rig(database_url) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared_rig(
    postgres_server: SharedServer, request: pytest.FixtureRequest
) -> AsyncIterator[Rig]:
    """One desk for a whole module, whose tests each use payments of their own."""
    name = f"test_{os.getpid()}_{request.module.__name__.rpartition('.')[2]}"
    postgres_server.drop_database(name)
    url = postgres_server.create_database(name, template=postgres_server.template)
    try:
        async with open_rig(url) as opened:
            yield opened
    finally:
        postgres_server.drop_database(name)
