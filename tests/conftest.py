"""What every test may ask for: a PostgreSQL server, and a database of its own."""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Iterator
from typing import Final

import pytest
import structlog
from hypothesis import HealthCheck, settings

from postgres.shared import SharedServer, shared_server
from quick import keep_compiled, quick_starts

RUN = secrets.token_hex(3)
"""A killed run leaves databases; another process with its number makes new ones."""

_numbers = itertools.count(1)

# No test says how long something takes: several processes share the machine.
settings.register_profile("gerbang", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gerbang")


LONGEST_FIRST: Final = ("e2e", "console", "cards", "postgres", "sandbox", "api")
"""Folders whose files take longest: where several processes test, none may be left with one."""


def pytest_configure() -> None:
    """Save each process what another has done."""
    keep_compiled()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long."""
    ranks = {name: rank for rank, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path.parent.name, len(ranks)))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[SharedServer]:
    """Give the server that all tests of this checkout share."""
    with shared_server() as shared:
        yield shared


@pytest.fixture(autouse=True)
def _fresh_logs() -> Iterator[None]:
    """Undo what a command did to the configuration of logs."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session", autouse=True)
def _quick_starts() -> Iterator[None]:
    """Let nodes start quickly."""
    with quick_starts():
        yield


@pytest.fixture
def database_url(postgres_server: SharedServer) -> Iterator[str]:
    """Give the address of a fresh database with the whole schema."""
    yield from _database(postgres_server, template=postgres_server.template)


@pytest.fixture
def empty_database_url(postgres_server: SharedServer) -> Iterator[str]:
    """Give the address of a fresh database without any schema."""
    yield from _database(postgres_server, template="template0")


def _database(server: SharedServer, *, template: str) -> Iterator[str]:
    name = f"test_{os.getpid()}_{RUN}_{next(_numbers)}"
    url = server.create_database(name, template=template)
    try:
        yield url
    finally:
        server.drop_database(name)
