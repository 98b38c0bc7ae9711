from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from deposits.counter import Counter, open_counter


@pytest.fixture
async def at(database_url: str) -> AsyncIterator[Counter]:
    async with open_counter(database_url) as counter:
        yield counter
