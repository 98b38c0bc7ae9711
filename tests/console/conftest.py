from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.browser import Browser, add_user
from gerbang.app import Node
from gerbang.people.role import Role
from gerbang.settings import Settings


@pytest.fixture
async def node(database_url: str, tmp_path: Path) -> AsyncIterator[Node]:
    node = Node(Settings(data_dir=str(tmp_path)), database_url=database_url)
    await node.start(work=False)
    yield node
    await node.stop()


@pytest.fixture
async def browser(node: Node) -> AsyncIterator[Browser]:
    """A browser that has not signed in; there is an owner."""
    await add_user(node, Role.OWNER)
    browser = Browser(node)
    yield browser
    await browser.close()


@pytest.fixture
async def owner(browser: Browser) -> Browser:
    await browser.sign_in("owner")
    return browser
