"""Every refusal of the management API as JSON: {error, message, fields?}."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from gerbang.errors import (
    BadInputError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    UserError,
)
from gerbang.ids import new_error_id
from gerbang.ledger.read import AccountNotFoundError
from gerbang.orders.decide import CannotDecideError
from gerbang.orders.read import OrderNotFoundError
from gerbang.postgres.errors import (
    DataError,
    IntegrityViolation,
    InterfaceError,
    LockNotAvailable,
    PostgresConnectionError,
    QueryCanceled,
    StatementTooComplex,
    UniqueViolation,
)
from gerbang.postgres.lane import NotWrittenError, OutcomeUnknownError

log = structlog.get_logger()

_USER_ERRORS: Final[tuple[tuple[type[UserError], int, str], ...]] = (
    (BadInputError, 422, "bad_input"),
    (NotFoundError, 404, "not_found"),
    (ConflictError, 409, "conflict"),
    (ForbiddenError, 403, "forbidden"),
)
_HTTP_WORDS: Final[Mapping[int, str]] = {
    400: "bad_input",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
}


class ErrorAnswer(BaseModel):
    """What every refusal looks like."""

    error: str = Field(examples=["bad_input"])
    message: str = Field(examples=["credit_limit must be 0 to 9000000000000000"])
    fields: dict[str, str] | None = Field(default=None, examples=[{"credit_limit": "must be …"}])


_REFUSALS: Final[Mapping[str, str]] = {
    "400": "The body cannot be read.",
    "401": "The token is missing or does not hold.",
    "403": "The role of the token's person does not allow it.",
    "404": "Nothing has that code or id.",
    "409": "It clashes with what is there.",
    "413": "The body is too large.",
    "422": "A value is not acceptable; `fields` says which.",
    "503": "The database is away; nothing was done.",
    "504": "Whether it was done is not known: ask again with the same key.",
}
_OF_THE_FRAMEWORK: Final = ("HTTPValidationError", "ValidationError")


def with_refusals(schema: dict[str, Any]) -> dict[str, Any]:
    """Complete a description: every operation may be refused in these ways, all of one form."""
    schemas = schema["components"]["schemas"]
    for name in _OF_THE_FRAMEWORK:
        schemas.pop(name, None)
    schemas[ErrorAnswer.__name__] = ErrorAnswer.model_json_schema()
    form = {"schema": {"$ref": f"#/components/schemas/{ErrorAnswer.__name__}"}}
    refusals = {
        status: {"description": text, "content": {"application/json": form}}
        for status, text in _REFUSALS.items()
    }
    for operations in schema["paths"].values():
        for operation in operations.values():
            operation["responses"].update(refusals)
    return schema


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error in one form."""
    app.add_exception_handler(UserError, _user_error)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    for kind, status, word in (
        (AccountNotFoundError, 404, "not_found"),
        (OrderNotFoundError, 404, "not_found"),
        (CannotDecideError, 409, "conflict"),
        (UniqueViolation, 409, "conflict"),
        (IntegrityViolation, 422, "bad_input"),
        (DataError, 422, "bad_input"),
        (StatementTooComplex, 422, "bad_input"),
        (UnicodeEncodeError, 422, "bad_input"),
        (OverflowError, 422, "bad_input"),
        (NotWrittenError, 503, "unavailable"),
        (OutcomeUnknownError, 504, "uncertain"),
        (PostgresConnectionError, 503, "unavailable"),
        (InterfaceError, 503, "unavailable"),
        (LockNotAvailable, 503, "unavailable"),
        (QueryCanceled, 503, "unavailable"),
        (ConnectionError, 503, "unavailable"),
    ):
        app.add_exception_handler(kind, _plain(status, word))
    app.add_exception_handler(Exception, _crashed)


def error_answer(
    status: int, word: str, message: str, fields: Mapping[str, str] | None = None
) -> JSONResponse:
    """Make one refusal."""
    content: dict[str, Any] = {"error": word, "message": message}
    if fields:
        content["fields"] = dict(fields)
    headers = {"www-authenticate": "Bearer"} if status == 401 else None  # noqa: PLR2004 (HTTP)
    return JSONResponse(_printable(content), status, headers)


def _plain(status: int, word: str) -> Any:
    async def answer(_request: Request, error: Exception) -> JSONResponse:
        return error_answer(status, word, str(error) or type(error).__name__)

    return answer


async def _user_error(_request: Request, error: Exception) -> JSONResponse:
    for kind, status, word in _USER_ERRORS:
        if isinstance(error, kind):
            return error_answer(status, word, error.message, error.fields)
    return error_answer(422, "bad_input", str(error))


async def _validation(_request: Request, error: Exception) -> JSONResponse:
    fields: dict[str, str] = {}
    for problem in error.errors() if isinstance(error, RequestValidationError) else ():
        place = ".".join(str(part) for part in problem["loc"][1:]) or str(problem["loc"][0])
        fields[place] = problem["msg"]
    named = "; ".join(f"{place}: {text}" for place, text in fields.items())
    return error_answer(422, "bad_input", named[:1000], fields)


async def _http(_request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 400
    text = str(error.detail) if isinstance(error, HTTPException) else str(error)
    return error_answer(status, _HTTP_WORDS.get(status, "refused"), text)


async def _crashed(request: Request, error: Exception) -> JSONResponse:
    error_id = new_error_id()
    log.error("api.crashed", error_id=error_id, path=request.url.path, exc_info=error)
    return error_answer(500, "internal", f"something broke here; the log has it as {error_id}")


def _printable(value: Any) -> Any:
    """Take out what JSON in UTF-8 cannot say (lone surrogates come from hostile bodies)."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_printable(k): _printable(v) for k, v in value.items()}
    return value
