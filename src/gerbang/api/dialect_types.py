"""Names of dialects as the API takes them: checked against the registry when they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from gerbang.dialects.names import callback_formats, credential_forms, dialect_names


def _among(names: Callable[[], Iterable[str]]) -> tuple[AfterValidator, Any]:
    def check(value: str) -> str:
        if value not in names():
            raise ValueError(f"one of {', '.join(names())}")
        return value

    def show(schema: dict[str, Any]) -> None:
        schema["enum"] = list(names())

    return AfterValidator(check), Field(json_schema_extra=show)


DialectName = Annotated[str, *_among(dialect_names)]
OrderDialect = Annotated[str, *_among(credential_forms)]
CallbackFormat = Annotated[str, *_among(callback_formats)]
