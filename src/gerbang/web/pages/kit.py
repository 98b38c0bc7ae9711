"""What every site of one node shares: database, templates, texts, assets, passwords, jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import structlog

from gerbang.jobs.run import JobRunner
from gerbang.people.password import Passwords
from gerbang.people.sign_in import Limits
from gerbang.postgres.pool import Pool, open_pool
from gerbang.web.pages.assets import Assets
from gerbang.web.pages.catalogue import load_catalogue
from gerbang.web.pages.templating import create_environment

if TYPE_CHECKING:
    from gerbang.app import Node

log = structlog.get_logger()

CONNECTIONS_MAX: Final = 4
"""Pages read through a pool of their own: however slow a list is, no order waits for it."""
STATEMENT_TIMEOUT_MS: Final = 15_000
PAGES: Final = "gerbang.web.pages"


class Kit:
    """The shared parts; `start` before the first page."""

    def __init__(self, node: Node, *, packages: Sequence[str]) -> None:
        """Name the packages whose ``templates`` and ``words`` are used."""
        self.node = node
        self.settings = node.settings
        self.box = node.box
        self.clock = node.clock
        self.packages = (PAGES, *packages)
        self.catalogue = load_catalogue(self.packages)
        self.assets = Assets()
        self.templates = create_environment(self.packages, assets=self.assets, clock=self.clock)
        self.passwords = Passwords()
        self.limits = Limits(
            failures_max=self.settings.sign_in_failures_max,
            window_s=self.settings.sign_in_window_s,
        )
        self.https = self.settings.public_url.startswith("https://")

    async def start(self) -> None:
        """Read the assets and open the pool."""
        await self.assets.load()
        self.pool: Pool = await open_pool(
            self.node.database_url,
            size_min=0,
            size_max=CONNECTIONS_MAX,
            application_name=f"gerbang pages {self.node.name}",
            statement_timeout_ms=STATEMENT_TIMEOUT_MS,
        )
        self.jobs = JobRunner(self.pool, database_url=self.node.database_url, node=self.node.name)
        self.jobs.start()
        if not await self.pool.fetchval("SELECT EXISTS (SELECT 1 FROM users WHERE role = 'owner')"):
            code = self.box.code("first owner")
            log.info("console.waits_for_owner", path="/console/welcome", setup_code=code)

    async def stop(self) -> None:
        """Interrupt jobs and close."""
        await self.jobs.stop()
        self.pool.terminate()
