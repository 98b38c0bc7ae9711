"""The client as the tests of this folder use it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gerbang.outbound.client import OutboundClient, OutboundSettings


@pytest.fixture
async def client() -> AsyncIterator[OutboundClient]:
    async with OutboundClient(OutboundSettings(answer_bytes_max=10_000)) as made:
        yield made
