"""The ``http/purchase`` channel: query strings, urlencoded and multipart forms; pure."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, parse_form, parse_options_header

from gerbang.dialects.socx.wire import (
    TOKEN_CHARS_MAX,
    Draft,
    UnreadableError,
    broken_draft,
    make_draft,
    parse_flag,
)

FIELDS_MAX: Final = 50
NAMES: Final = ("code", "msisdn", "request_id", "token", "testing")

Pairs = Sequence[tuple[str, str]]


def read_query_purchase(query: bytes) -> Draft:
    """Read ``GET http/purchase``."""
    try:
        return _draft(_urlencoded(query))
    except UnreadableError as error:
        return broken_draft(str(error))


def read_form_purchase(content_type: str, body: bytes) -> Draft:
    """Read ``POST http/purchase``, urlencoded or multipart (§9 number 8)."""
    try:
        return _draft(_form(content_type, body))
    except UnreadableError as error:
        return broken_draft(str(error))


def read_query(query: bytes) -> dict[str, str]:
    """Read a query string beside a body; raises UnreadableError."""
    if not query:
        return {}
    pairs = _urlencoded(query)
    _refuse_duplicates(pairs)
    return _first_of_each(pairs)


def _draft(pairs: Pairs) -> Draft:
    fields = _first_of_each(pairs)
    code, msisdn = fields.get("code", ""), fields.get("msisdn", "")
    request_id = fields.get("request_id", "")
    token = fields.get("token", "")[:TOKEN_CHARS_MAX]
    try:
        _refuse_duplicates(pairs)
        testing = parse_flag(fields.get("testing", "0"))
    except UnreadableError as error:
        return broken_draft(
            str(error), code=code, msisdn=msisdn, request_id=request_id, token=token
        )
    return make_draft(code=code, msisdn=msisdn, request_id=request_id, testing=testing, token=token)


def _first_of_each(pairs: Pairs) -> dict[str, str]:
    return {name: _unquote(value) for name, value in reversed(pairs)}


def _refuse_duplicates(pairs: Pairs) -> None:
    names = [name for name, _ in pairs if name in NAMES]
    if len(names) != len(set(names)):
        raise UnreadableError("ada field yang ditulis dua kali")


def _unquote(value: str) -> str:
    # Other clients send the quotes that curl strips from --form 'code="HSA5"' (§9 number 7).
    if len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value


def _form(content_type: str, body: bytes) -> Pairs:
    if content_type.partition(";")[0].strip().lower() == "multipart/form-data":
        return _multipart(content_type, body)
    # A missing or garbled Content-Type reads as the ordinary form (§9 number 6).
    return _urlencoded(body)


def _urlencoded(raw: bytes) -> Pairs:
    try:
        return parse_qsl(
            raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX
        )
    except ValueError as error:  # UnicodeDecodeError is one, too many fields another
        raise UnreadableError("form tidak dapat dibaca") from error


def _multipart(content_type: str, body: bytes) -> Pairs:
    found: list[Field] = []
    try:
        _require_end(content_type, body)
        parse_form(
            {"Content-Type": content_type.encode("latin-1")},
            io.BytesIO(body),
            found.append,
            File.close,  # a file is none of our fields
        )
        if len(found) > FIELDS_MAX:
            raise UnreadableError("terlalu banyak field")
        return [(_text(field.field_name), _text(field.value)) for field in found]
    except (FormParserError, ValueError) as error:
        raise UnreadableError("multipart tidak dapat dibaca") from error


def _require_end(content_type: str, body: bytes) -> None:
    # The parser does not mind a missing end, and `testing` may have stood there.
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not body.rstrip().endswith(b"--" + boundary + b"--"):
        raise UnreadableError("multipart tidak lengkap")


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode()
