"""Errors that a person can do something about; the API and the command line show their text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import msgspec

from gerbang.postgres.errors import DataError, IntegrityViolation, PostgresError, UniqueViolation

_T = TypeVar("_T")


class UserError(Exception):
    """What was asked cannot be done; the message says why."""

    def __init__(self, message: str, fields: Mapping[str, str] | None = None) -> None:
        """Keep the message, and what is wrong with which field."""
        super().__init__(message)
        self.message = message
        self.fields = dict(fields or {})


class BadInputError(UserError):
    """A value is not acceptable."""


class NotFoundError(UserError):
    """Nothing has that code or id."""


class ConflictError(UserError):
    """It clashes with what is already there."""


class ForbiddenError(UserError):
    """It is not allowed here."""


_CONSTRAINTS: Final[Mapping[str, str]] = {
    "accounts_within_credit_limit": "the reseller uses more than that credit limit now",
    "products_cut_off_has_both_ends": "a cut-off window needs a start and an end",
    "products_open_amounts": "an open denomination needs amount_min and amount_max",
    "accounts_credit_limit_not_negative": "a credit limit is not negative",
    "products_category_fkey": "no such category",
    "margins_category_fkey": "no such category",
}


@contextmanager
def database_errors_told() -> Iterator[None]:
    """Say the database's refusals in words: taken → ConflictError, not allowed → BadInputError."""
    try:
        yield
    except UniqueViolation as error:
        raise ConflictError(f"already there: {_detail(error)}") from error
    except (IntegrityViolation, DataError) as error:
        name = str(getattr(error, "constraint_name", None) or "")
        message = _CONSTRAINTS.get(name) or str(error)
        raise BadInputError(message) from error


def _detail(error: PostgresError) -> str:
    detail = str(getattr(error, "detail", None) or error)
    return detail.removeprefix("Key ").removesuffix(" already exists.")


def converted(values: Mapping[str, Any], into: type[_T]) -> _T:
    """Turn plain values into a struct. Raises BadInputError that names the wrong member."""
    try:
        return msgspec.convert(values, into)
    except msgspec.ValidationError as error:
        raise BadInputError(str(error)) from error
