"""The client as the tests of this folder use it, on both event loops: uvloop is the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from gerbang.outbound.client import OutboundClient, OutboundSettings


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run every test once on asyncio's loop and once on uvloop's."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def client() -> AsyncIterator[OutboundClient]:
    """Give a client whose answers may have 10,000 bytes."""
    async with OutboundClient(OutboundSettings(answer_bytes_max=10_000)) as made:
        yield made
