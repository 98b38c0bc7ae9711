"""The readable schema is the schema."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gerbang.postgres.pool import OwnConnection
from gerbang.postgres.schema import dump_schema, tidy
from gerbang.postgres.sql import parse_queries
from postgres.shared import SharedServer, opened

QUERIES = parse_queries(
    Path(__file__).with_name("catalog.sql").read_text(), origin="tests/postgres/catalog.sql"
)

SMALL_SCHEMA = """
CREATE TYPE e AS ENUM ('a', 'b');
CREATE TABLE t (n int);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER first BEFORE INSERT ON t EXECUTE FUNCTION f();
"""


async def catalog(connection: OwnConnection) -> list[str]:
    return [row[0] for row in await connection.fetch(QUERIES.read_catalog)]


async def test_schema_sql_makes_the_same_database_as_the_migrations(
    database_url: str, empty_database_url: str
) -> None:
    schema = files("gerbang.postgres").joinpath("schema.sql").read_text(encoding="utf-8")
    async with opened(database_url) as migrated, opened(empty_database_url) as loaded:
        await loaded.execute(schema)
        there, here = await catalog(migrated), await catalog(loaded)
    assert here == there, "run `make schema`"
    kinds = {line.split(" ", 1)[0] for line in there}
    assert kinds >= {"table", "column", "constraint", "index", "trigger", "function", "enum"}


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE t ALTER COLUMN n SET DEFAULT 2",
        "ALTER TABLE t ALTER COLUMN n TYPE bigint",
        "ALTER TABLE t ALTER COLUMN n SET NOT NULL",
        "ALTER TABLE t ADD COLUMN m int",
        "ALTER TABLE t ADD CONSTRAINT positive CHECK (n > 0)",
        "ALTER TABLE t SET (fillfactor = 50)",
        "CREATE UNIQUE INDEX ON t (n) WHERE n > 5",
        "CREATE TRIGGER g BEFORE UPDATE ON t EXECUTE FUNCTION f()",
        "ALTER TABLE t DISABLE TRIGGER first",
        "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "ALTER TYPE e ADD VALUE 'c' BEFORE 'b'",
        "COMMENT ON COLUMN t.n IS 'a number'",
        "CREATE VIEW v AS SELECT 1 AS one",
        "CREATE SEQUENCE s",
    ],
)
async def test_the_comparison_sees_every_kind_of_change(
    empty_database_url: str, change: str
) -> None:
    async with opened(empty_database_url) as connection:
        await connection.execute(SMALL_SCHEMA)
        before = await catalog(connection)
        await connection.execute(change)
        assert await catalog(connection) != before


async def test_a_schema_is_dumped_without_noise(
    postgres_server: SharedServer, empty_database_url: str
) -> None:
    async with opened(empty_database_url) as connection:
        await connection.execute("CREATE TABLE t (n int)")
    name = urlsplit(empty_database_url).path.strip("/")
    dump = dump_schema(postgres_server.server, name)
    assert dump.endswith("-- table t\n\nCREATE TABLE public.t (\n    n integer\n);\n")


def test_versions_and_session_settings_are_noise() -> None:
    dump = (
        "--\n-- PostgreSQL database dump\n--\n\\restrict abc\n\n"
        "-- Dumped from database version 18\n"
        "SET client_encoding = 'UTF8';\n\n\n\n"
        "--\n-- Name: t; Type: TABLE; Schema: public; Owner: -\n--\n\nCREATE TABLE t ();\n"
        "\\unrestrict abc\n"
    )
    assert tidy(dump) == "-- table t\n\nCREATE TABLE t ();\n"
