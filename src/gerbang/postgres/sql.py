"""Named SQL: one ``.sql`` file per package, one purpose per statement.

A statement starts at a line ``-- name: place_orders``, goes on with comment lines that say its
purpose, and ends where the next name begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Final

_NAME_LINE: Final = re.compile(r"^--\s*name:\s*(.*?)\s*$")
_IDENTIFIER: Final = re.compile(r"[a-z][a-z0-9_]*")


class BadSqlFileError(Exception):
    """The SQL file breaks the rules of named SQL."""

    def __init__(self, origin: str, line: int, problem: str) -> None:
        """Keep where the problem is."""
        super().__init__(f"{origin}:{line}: {problem}")
        self.origin = origin
        self.line = line


class UnknownQueryError(AttributeError):
    """No statement of that name is in the SQL file."""

    def __init__(self, origin: str, wanted: str, known: list[str]) -> None:
        """Say what is there instead."""
        super().__init__(f"{origin} has no statement named {wanted!r}; it has: {', '.join(known)}")


class Queries:
    """The statements of one file: ``queries.place_orders`` is the SQL text."""

    def __init__(self, origin: str, statements: Mapping[str, str]) -> None:
        """Hold the statements by name."""
        self._origin = origin
        self._statements = dict(statements)

    def __getattr__(self, name: str) -> str:
        """Give the SQL text of a statement."""
        statements: dict[str, str] = self.__dict__.get("_statements", {})
        if name.startswith("__") or name not in statements:
            raise UnknownQueryError(self.__dict__.get("_origin", "?"), name, sorted(statements))
        return statements[name]

    def __iter__(self) -> Iterator[str]:
        """Go over the names, in the order of the file."""
        return iter(self._statements)

    def __len__(self) -> int:
        """Count the statements."""
        return len(self._statements)


def load_queries(package: str, filename: str) -> Queries:
    """Read a package's SQL file, as in ``load_queries(__package__, "orders.sql")``."""
    text = files(package).joinpath(filename).read_text(encoding="utf-8")
    return parse_queries(text, origin=f"{package}/{filename}")


def quote_literal(text: str) -> str:
    """Write a text as a literal, for a connection whose strings conform to the standard.

    Values go as arguments; this is for the one message that may not wait for an answer.
    """
    if "\0" in text:
        raise ValueError("PostgreSQL has no text with a NUL in it")
    return "'" + text.replace("'", "''") + "'"


def parse_queries(text: str, *, origin: str) -> Queries:
    """Split the text of an SQL file into its statements."""
    statements: dict[str, str] = {}
    for line, name, body in _sections(text, origin):
        if not _IDENTIFIER.fullmatch(name):
            raise BadSqlFileError(origin, line, f"{name!r} is not a lower-case identifier")
        if name in statements:
            raise BadSqlFileError(origin, line, f"{name!r} is defined twice")
        statements[name] = _statement(body, origin, line=line, name=name)
    return Queries(origin, statements)


def _sections(text: str, origin: str) -> Iterator[tuple[int, str, list[str]]]:
    """Give each name line's number, its name and the lines under it."""
    start, name, body = 0, "", list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if match := _NAME_LINE.match(line):
            if name:
                yield start, name, body
            start, name, body = number, match[1] or "?", []
        elif name:
            body.append(line)
        elif line.strip() and not line.startswith("--"):
            raise BadSqlFileError(origin, number, "SQL before the first '-- name:' line")
    if name:
        yield start, name, body


def _statement(body: list[str], origin: str, *, line: int, name: str) -> str:
    """Give the SQL without its purpose, after checking that both are there."""
    purpose_lines = next(
        (at for at, text in enumerate(body) if not text.startswith("--")), len(body)
    )
    if not any(text.strip("- ") for text in body[:purpose_lines]):
        raise BadSqlFileError(origin, line, f"{name!r} has no comment that says its purpose")
    sql = body[purpose_lines:]
    if not any(text.strip() and not text.lstrip().startswith("--") for text in sql):
        raise BadSqlFileError(origin, line, f"{name!r} has no SQL")
    return "\n".join(sql).strip()
