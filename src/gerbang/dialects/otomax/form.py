"""The parameters of a request: query, form and multipart form merged; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import unquote_plus

from python_multipart.multipart import MultipartParser, parse_options_header

from gerbang.outbound.message import InboundRequest

PARAMETERS_MAX: Final = 64

Fields = Mapping[str, str]

_NAMES: Final = frozenset(
    {
        "memberid", "product", "dest", "refid", "qty", "sign", "pin", "password", "check",
        "counter", "harga_max", "testing", "cmd", "amount",
    }
)  # fmt: skip


class UnreadableError(ValueError):
    """The parameters cannot be read."""


def read_fields(request: InboundRequest) -> dict[str, str]:
    """Merge query and form into one dictionary with lower-case names and trimmed values.

    The same name twice with two values is refused: a signature would cover only one (§4.2).
    """
    pairs = read_pairs(request)
    fields: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower()
        if key not in _NAMES:
            continue
        # A sign may begin with a space that was a plus sign (§4.2).
        text = value if key == "sign" else value.strip()
        if fields.setdefault(key, text) != text:
            raise UnreadableError(f"parameter {key} ganda")
    return fields


def read_pairs(request: InboundRequest, *, errors: str = "strict") -> list[tuple[str, str]]:
    """Give every parameter of query and form, in order."""
    pairs = _split(request.query, errors=errors)
    if request.body and request.method == "POST":
        pairs += _body_pairs(request, errors=errors)
    if len(pairs) > PARAMETERS_MAX:
        raise UnreadableError("terlalu banyak parameter")
    return pairs


def _split(encoded: bytes, *, errors: str) -> list[tuple[str, str]]:
    """Split a query string or a form; names and values must be UTF-8 where errors are strict."""
    if not encoded:
        return []
    if encoded.count(b"&") > PARAMETERS_MAX:
        raise UnreadableError("terlalu banyak parameter")
    try:
        text = encoded.decode("utf-8", errors)
        escaped = "%" in text or "+" in text
        pairs = [part.partition("=") for part in text.split("&") if part]
        if not escaped:
            return [(name, value) for name, _, value in pairs]
        return [(_unquote(name, errors), _unquote(value, errors)) for name, _, value in pairs]
    except UnicodeDecodeError as error:
        raise UnreadableError("bukan UTF-8") from error


def _unquote(text: str, errors: str) -> str:
    if "%" in text or "+" in text:
        return unquote_plus(text, errors=errors)
    return text


def _body_pairs(request: InboundRequest, *, errors: str) -> list[tuple[str, str]]:
    """Read a form; the encoding is not stated anywhere, so both usual ones are taken (§2)."""
    kind, options = parse_options_header(request.header("content-type"))
    match kind:
        case b"" | b"application/x-www-form-urlencoded" | b"text/plain":
            return _split(request.body.strip(), errors=errors)
        case b"multipart/form-data":
            return _read_multipart(request.body, options.get(b"boundary", b""))
        case _:
            raise UnreadableError("isi harus form")


def _read_multipart(body: bytes, boundary: bytes) -> list[tuple[str, str]]:
    parts = _Parts()
    try:
        parser = MultipartParser(boundary, cast("Any", parts.callbacks()))
        parser.write(body)
        parser.finalize()
        return parts.pairs()
    except UnreadableError:
        raise
    except ValueError as error:  # the parser's own errors are ValueErrors, as is bad UTF-8
        raise UnreadableError("form tidak terbaca") from error


class _Parts:
    """Collects the parts of a multipart form."""

    def __init__(self) -> None:
        self._parts: list[tuple[bytearray, bytearray]] = []
        self._header = bytearray()
        self._value = bytearray()
        self._ended = False

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._data,
            "on_end": self._end,
        }

    def pairs(self) -> list[tuple[str, str]]:
        if not self._ended:
            raise UnreadableError("form tidak lengkap")
        return [(name.decode(), value.decode()) for name, value in self._parts]

    def _begin(self) -> None:
        if len(self._parts) >= PARAMETERS_MAX:
            raise UnreadableError("terlalu banyak parameter")
        self._parts.append((bytearray(), bytearray()))

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            self._parts[-1][0][:] = options.get(b"name", b"")
        self._header.clear()
        self._value.clear()

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._parts[-1][1].extend(data[start:end])

    def _end(self) -> None:
        self._ended = True
