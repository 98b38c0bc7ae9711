"""The named SQL of checklists and trials."""

from __future__ import annotations

from typing import Final

from gerbang.postgres.sql import load_queries

SQL: Final = load_queries("gerbang.cards", "evidence.sql")
