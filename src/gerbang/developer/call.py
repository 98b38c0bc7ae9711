"""A call of a dialect as documentation shows it, and who asks; pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec


class Language(StrEnum):
    """What a sample is written in."""

    CURL = "curl"
    PHP = "php"
    PYTHON = "python"
    NODE = "node"


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A text in both languages."""

    en: str
    id: str

    def __getitem__(self, language: str) -> str:
        """Give the text in one of them."""
        return self.id if language == "id" else self.en


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call; `fields` are the business fields in the order they are written."""

    dialect: str
    name: str
    title: Words
    about: Words
    method: str
    path: str
    style: str = "json"
    """How the fields travel: json, query, form or xml."""
    fields: Mapping[str, Any] = {}
    """``{reference}`` and the names of ids in a value stand for the reader's own."""
    needs: Mapping[str, str] = {}
    """Fields that an earlier answer gave → the variable samples read them from."""
    follows: str = ""
    """What must have gone before under the same reference: an order or a bill."""
    suffix: str = ""
    """Behind the reference, where a call must not meet another call's order."""
    good: str
    """What a good answer holds."""


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: public ids, and secrets only for what the server computes itself."""

    base_url: str
    ids: Mapping[str, str]
    """Such as api_id or memberID."""
    secrets: Mapping[str, str]
    reference: str
    now: datetime


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """A call with the asker's values in it: what is sent, and what the server computed.

    `computed` never holds a secret.
    """

    call: Call
    url: str
    fields: Mapping[str, Any]
    ids: Mapping[str, str]
    computed: Mapping[str, Any]


class Step(msgspec.Struct, frozen=True):
    """One step from fields to a signature; `text` has secrets as ``$NAME``."""

    what: Words
    text: str


class CallBook(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the developer pages know of one dialect."""

    dialect: str
    title: str
    id_names: Sequence[str]
    secret_names: Mapping[str, str]
    """Wire name of a secret → how samples call it, such as ``token`` → ``TOKEN``."""
    calls: Sequence[Call]
    compute: Callable[[Call, Mapping[str, Any], Asker], Mapping[str, Any]]
    explain: Callable[[Call, Mapping[str, Any], Asker], Sequence[Step]]
    error_block: str
    """The generated block of the documentation that lists its codes."""
    page: str
    """Its page in the documentation."""

    def find(self, name: str) -> Call | None:
        """Give a call by its name."""
        return next((call for call in self.calls if call.name == name), None)


def fill(book: CallBook, call: Call, asker: Asker) -> Filled:
    """Put the asker's values into a call and compute what the server can."""
    known = {**asker.ids, "reference": asker.reference + call.suffix}
    fields = {
        name: _put(value, known) if isinstance(value, str) else value
        for name, value in call.fields.items()
    }
    path = _put(call.path, asker.ids)
    return Filled(
        call=call,
        url=asker.base_url + path.rstrip("/"),
        fields=fields,
        ids=asker.ids,
        computed=book.compute(call, fields, asker),
    )


def _put(text: str, known: Mapping[str, str]) -> str:
    for name, value in known.items():
        text = text.replace("{" + name + "}", value)
    return text


# --- literals ---------------------------------------------------------------------------------


def literal(value: Any, language: str) -> str:
    """Write a value in a language's own notation."""
    if isinstance(value, Mapping):
        return _mapping(value, language)
    if isinstance(value, bool):
        return str(value) if language == "python" else str(value).lower()
    if isinstance(value, str) and language == "php":
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return json.dumps(value, ensure_ascii=False)


def _mapping(value: Mapping[str, Any], language: str) -> str:
    opening, arrow, closing = _BRACKETS[language]
    if not value:
        return opening + closing
    lines = (
        f"    {literal(name, language)}{arrow}{literal(inner, language)},"
        for name, inner in value.items()
    )
    return opening + "\n" + "\n".join(lines) + "\n" + closing


_BRACKETS: Final = {
    "python": ("{", ": ", "}"),
    "node": ("{", ": ", "}"),
    "php": ("[", " => ", "]"),
}


def heredoc(text: str) -> str:
    """Keep a shell from reading anything in a text between ``<<JSON`` and ``JSON``."""
    return text.replace("\\", "\\\\").replace("$", "\\$").replace("`", "\\`")


def quoted(text: str) -> str:
    """Write a text as one word of a shell."""
    return "'" + text.replace("'", "'\\''") + "'"
