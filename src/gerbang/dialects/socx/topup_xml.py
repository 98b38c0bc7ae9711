"""The XML channel: XML-RPC ``topUpRequest``, its response and ``topUpReport`` (§7); pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from xml.parsers.expat import ExpatError
from xmlrpc.client import Error, Unmarshaller, dumps

from defusedxml.xmlrpc import DefusedExpatParser

from gerbang.dialects.socx.wire import (
    TOKEN_CHARS_MAX,
    Draft,
    UnreadableError,
    broken_draft,
    clean_text,
    make_draft,
    parse_flag,
)

REQUEST: Final = "topUpRequest"
REPORT: Final = "topUpReport"
EMPTY_RESPONSE: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<methodResponse><params></params></methodResponse>\n'
)

_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_UNREADABLE: Final = (
    Error,  # a fault, or no XML-RPC
    ExpatError,
    ValueError,  # also what defusedxml raises for a DTD or an entity
    TypeError,
    LookupError,
    ArithmeticError,
)


class _StrictUnmarshaller(Unmarshaller):
    """The standard codec, but numbers stay texts and no member comes twice."""

    def _end_text(self, data: str) -> None:
        # As a number, <int>0818111222</int> would lose its leading zero.
        self.append(data.strip())
        self._value = False

    def _end_struct(self, _data: str) -> None:
        mark = self._marks.pop()
        items = self._stack[mark:]
        members: dict[Any, Any] = dict(zip(items[::2], items[1::2], strict=True))
        if 2 * len(members) != len(items):
            raise ValueError("a member comes twice")
        self._stack[mark:] = [members]
        self._value = False

    dispatch: dict[str, Any] = {  # noqa: RUF012 (an instance variable in the base class)
        **Unmarshaller.dispatch,
        "struct": _end_struct,
        **dict.fromkeys(("i1", "i2", "i4", "i8", "int", "string"), _end_text),
    }


def read_xml_purchase(body: bytes, *, query: Mapping[str, str], testing: bool = False) -> Draft:
    """Read ``xml/purchase``: NOHP, REQUESTID, NOM, and a token in the query or as PIN (§2)."""
    token = query.get("token", "")[:TOKEN_CHARS_MAX]
    try:
        method, members = parse_call(body)
    except UnreadableError as error:
        return broken_draft(str(error), token=token)
    token = token or _text(members, "PIN")[:TOKEN_CHARS_MAX]
    code, msisdn = _text(members, "NOM"), _text(members, "NOHP")
    request_id = _text(members, "REQUESTID")
    try:
        _check_method(method)
        testing = _read_testing(members) or testing
    except UnreadableError as error:
        return broken_draft(
            str(error), code=code, msisdn=msisdn, request_id=request_id, token=token
        )
    return make_draft(code=code, msisdn=msisdn, request_id=request_id, testing=testing, token=token)


def _check_method(method: str) -> None:
    if method != REQUEST:
        raise UnreadableError(f"methodName harus {REQUEST}")


def _read_testing(members: Mapping[str, Any]) -> bool:
    match members.get("testing", members.get("TESTING")):
        case None:
            return False
        case bool(flag):
            return flag
        case str(text):
            return parse_flag(text)
        case _:
            raise UnreadableError("testing harus true, false, 1 atau 0")


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    return value.strip() if isinstance(value, str) else ""


# --- XML-RPC ------------------------------------------------------------------------------------


def parse_call(body: bytes) -> tuple[str, dict[str, Any]]:
    """Read a methodCall with one struct, or raise UnreadableError."""
    method, members = _parse(body)
    if method is None:
        raise UnreadableError("XML bukan methodCall")
    return method, members


def parse_response(body: bytes) -> dict[str, Any]:
    """Read a methodResponse with one struct; a fault raises UnreadableError."""
    return _parse(body)[1]


def _parse(body: bytes) -> tuple[str | None, dict[str, Any]]:
    target = _StrictUnmarshaller()
    try:
        # No document type at all: entities are of no use here (§7.4).
        parser = DefusedExpatParser(target, forbid_dtd=True)
        # Samples begin with a blank line, which strict parsers refuse (§7.4).
        parser.feed(body.lstrip())
        parser.close()
        params = target.close()
    except _UNREADABLE as error:
        raise UnreadableError("XML tidak dapat dibaca") from error
    if len(params) != 1 or not isinstance(params[0], dict):
        raise UnreadableError("XML harus berisi satu struct")
    return target.getmethodname(), params[0]


def encode_call(method: str, members: Mapping[str, str]) -> bytes:
    """Write a methodCall with one struct of strings."""
    return _document(f"<methodName>{method}</methodName>\n{_params(members)}", "methodCall")


def encode_response(members: Mapping[str, str]) -> bytes:
    """Write a methodResponse with one struct of strings; never a fault (§7.2)."""
    return _document(_params(members), "methodResponse")


def _params(members: Mapping[str, str]) -> str:
    return dumps(({name: clean_text(value) for name, value in members.items()},))


def _document(inside: str, element: str) -> bytes:
    return f"{_DECLARATION}<{element}>\n{inside}</{element}>\n".encode()
