"""Named SQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from gerbang.postgres.sql import BadSqlFileError, UnknownQueryError, load_queries, parse_queries

GOOD = """\
-- The orders of resellers.

-- name: find_order
-- Find one order by its reference.
SELECT *
  FROM orders -- only live ones
 WHERE reference = $1;

-- name: count_orders
-- Count them all.
--
-- Slow; for reports only.
SELECT count(*) FROM orders;
"""


def test_a_statement_is_an_attribute_without_its_purpose() -> None:
    queries = parse_queries(GOOD, origin="orders.sql")
    assert queries.find_order == (
        "SELECT *\n  FROM orders -- only live ones\n WHERE reference = $1;"
    )
    assert queries.count_orders == "SELECT count(*) FROM orders;"
    assert list(queries) == ["find_order", "count_orders"]
    assert len(queries) == 2


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    queries = parse_queries(GOOD, origin="orders.sql")
    with pytest.raises(UnknownQueryError, match=r"'find_ordr'.*count_orders, find_order"):
        _ = queries.find_ordr


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("-- name: a\n-- Why.\nSELECT 1;\n-- name: a\n-- Why.\nSELECT 2;", 4, "twice"),
        ("-- name: a\nSELECT 1;", 1, "purpose"),
        ("-- name: a\n--\n--  \nSELECT 1;", 1, "purpose"),
        ("-- name: a\n-- Why.\n", 1, "no SQL"),
        ("-- name: a\n-- Why.\n\n-- name: b\n-- Why.\nSELECT 1;", 1, "no SQL"),
        ("SELECT 1;\n-- name: a\n-- Why.\nSELECT 1;", 1, "before the first"),
        ("-- name: Find Order\n-- Why.\nSELECT 1;", 1, "identifier"),
        ("-- name:\n-- Why.\nSELECT 1;", 1, "identifier"),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused_by_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(BadSqlFileError, match=problem) as caught:
        parse_queries(text, origin="orders.sql")
    assert caught.value.line == line
    assert str(caught.value).startswith(f"orders.sql:{line}: ")


def test_a_package_file_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "shop.sql").write_text(GOOD)
    monkeypatch.syspath_prepend(tmp_path)
    assert load_queries("shop", "shop.sql").count_orders == "SELECT count(*) FROM orders;"
