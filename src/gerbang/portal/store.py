"""The portal's named SQL. Every statement names the reseller or its account."""

from __future__ import annotations

from typing import Final

from gerbang.postgres.sql import load_queries

SQL: Final = load_queries("gerbang.portal", "portal.sql")
NEWEST: Final = 2**62
