"""SocX on the wire: what a purchase says, the JSON channel and the transaction object; pure.

Sections are those of the SocX sheet. The form channel is in `forms.py`, the XML one in
`topup_xml.py`.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

import msgspec

CODE_CHARS_MAX: Final = 64
REQUEST_ID_CHARS_MAX: Final = 100
"""No limit is documented; §4.1 asks for at least 64."""
ECHO_CHARS_MAX: Final = 128
TEXT_CHARS_MAX: Final = 500
TOKEN_CHARS_MAX: Final = 4096

# Digits only, except phone#nominal of an open denomination (§4.1, §9 number 10).
_MSISDN: Final = re.compile(r"[0-9]{1,40}(?:#[1-9][0-9]{0,11})?").fullmatch
_MEMBERS: Final = re.compile(rb'"(code|msisdn|request_id|testing|amount)"\s*:').findall
_BEARER: Final = "bearer "

_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}


class UnreadableError(Exception):
    """The request cannot be read as this channel's form; the text says why."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it was read, readable or not: everything a refusal needs to echo.

    `problem` is empty when the fields are fit to be ordered with. `token` is what came outside
    the Authorization header.
    """

    code: str = ""
    msisdn: str = ""
    request_id: str = ""
    testing: bool = False
    token: str = ""
    problem: str = ""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The transaction object (§4.2); the order of members is the documented one.

    All nine members are always sent, `sn` as an empty string too (§10 number 5).
    """

    code: str
    msisdn: str
    request_id: str
    rc: str
    trxid: int
    price: int
    balance: int
    sn: str
    message: str
    data: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class _JsonPurchase(msgspec.Struct):
    code: str
    msisdn: str
    request_id: str
    testing: bool | None = None


class _JsonStatus(msgspec.Struct):
    request_id: str
    testing: bool | None = None


_decode_purchase: Final = msgspec.json.Decoder(_JsonPurchase).decode
_decode_status: Final = msgspec.json.Decoder(_JsonStatus).decode
_decode_any: Final = msgspec.json.Decoder().decode
encode_json: Final = msgspec.json.Encoder().encode

UNREADABLE_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bad JSON; deep nesting ends in RecursionError."""


# --- who asks -----------------------------------------------------------------------------------


def token_key(token: str) -> str:
    """Name the credential of a token: its SHA-256, so that no token is kept anywhere."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def bearer_token(header: str) -> str:
    """Take the token out of an Authorization header; empty when there is none."""
    if header[:7].lower() != _BEARER or len(header) > TOKEN_CHARS_MAX:
        return ""
    return header[7:].strip()


# --- fields -------------------------------------------------------------------------------------


def make_draft(
    *, code: str, msisdn: str, request_id: str, testing: bool = False, token: str = ""
) -> Draft:
    """Check the three fields every channel has, and keep what may be echoed."""
    if problem := _field_problem(code, msisdn, request_id):
        return broken_draft(
            problem, code=code, msisdn=msisdn, request_id=request_id, testing=testing, token=token
        )
    return Draft(code=code, msisdn=msisdn, request_id=request_id, testing=testing, token=token)


def broken_draft(problem: str, *, token: str = "", testing: bool = False, **echo: object) -> Draft:
    """Keep of an unfit request what is safe to echo: short printable texts."""
    return Draft(
        code=_echo(echo.get("code")),
        msisdn=_echo(echo.get("msisdn")),
        request_id=_echo(echo.get("request_id")),
        testing=testing,
        token=token,
        problem=problem,
    )


def _field_problem(code: str, msisdn: str, request_id: str) -> str:
    if not (code and len(code) <= CODE_CHARS_MAX and code.isprintable()):
        return f"code wajib diisi, paling panjang {CODE_CHARS_MAX} karakter"
    if _MSISDN(msisdn) is None:
        return "msisdn harus angka saja"
    return _request_id_problem(request_id)


def _request_id_problem(request_id: str) -> str:
    # PostgreSQL keeps no NUL, XML no control characters, UTF-8 no lone surrogates: none printable.
    if not (0 < len(request_id) <= REQUEST_ID_CHARS_MAX and request_id.isprintable()):
        return f"request_id wajib diisi, paling panjang {REQUEST_ID_CHARS_MAX} karakter"
    return ""


def _echo(value: object) -> str:
    return clean_text(value, chars_max=ECHO_CHARS_MAX) if isinstance(value, str) else ""


def clean_text(text: str, *, chars_max: int = TEXT_CHARS_MAX) -> str:
    """Make any text fit for a database, for XML and for a log line: printable and short."""
    text = text[:chars_max]
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def parse_flag(text: str) -> bool:
    """Read `testing` of a form: true, false, 1 or 0; anything else is refused, never live."""
    flag = _FLAGS.get(text.strip().lower())
    if flag is None:
        raise UnreadableError("testing harus true, false, 1 atau 0")
    return flag


def split_msisdn(msisdn: str) -> tuple[str, int | None]:
    """Split ``phone#nominal`` into the phone and the nominal (None where there is none)."""
    destination, _, nominal = msisdn.partition("#")
    return destination, int(nominal) if nominal else None


def same_msisdn(one: str, other: str) -> bool:
    """Whether two spellings are one destination: a phone may be written as 62… or 0…."""
    return one == other or _national(one) == _national(other)


def _national(msisdn: str) -> str:
    return "0" + msisdn[2:].removeprefix("0") if msisdn.startswith("62") else msisdn


# --- JSON ---------------------------------------------------------------------------------------


def read_json_purchase(body: bytes, *, testing: bool = False) -> Draft:
    """Read the body of ``/purchase`` whatever its Content-Type says (§9 number 6).

    `testing` is what the query string said; the body may say it too.
    """
    try:
        asked = _decode_purchase(body)
        refuse_duplicates(body)
    except (*UNREADABLE_JSON, UnreadableError) as error:
        return broken_draft(_json_problem(error), **_members(body))
    return make_draft(
        code=asked.code,
        msisdn=asked.msisdn,
        request_id=asked.request_id,
        testing=testing or asked.testing is True,
    )


def read_json_status(body: bytes, *, testing: bool = False) -> Draft:
    """Read the body of ``/status``."""
    try:
        asked = _decode_status(body)
        refuse_duplicates(body)
    except (*UNREADABLE_JSON, UnreadableError) as error:
        return broken_draft(_json_problem(error), **_members(body))
    if problem := _request_id_problem(asked.request_id):
        return broken_draft(problem, request_id=asked.request_id)
    return Draft(request_id=asked.request_id, testing=testing or asked.testing is True)


def refuse_duplicates(body: bytes) -> None:
    """Refuse two values of one member: which was meant is open, and parsers take the last."""
    names = _MEMBERS(body)
    if len(names) != len(set(names)):
        raise UnreadableError("ada field yang ditulis dua kali")


def _json_problem(error: Exception) -> str:
    match error:
        case UnreadableError():
            return str(error)
        case msgspec.ValidationError():  # names the member, never its value
            return f"payload tidak valid: {error}"
        case _:
            return "payload bukan JSON yang valid"


def _members(body: bytes) -> dict[str, Any]:
    """Read what can still be echoed of a body that does not fit."""
    try:
        value = _decode_any(body)
    except UNREADABLE_JSON:
        return {}
    if not isinstance(value, dict):
        return {}
    return {name: value.get(name) for name in ("code", "msisdn", "request_id")}


def decode_object(body: bytes) -> dict[str, Any] | None:
    """Read any JSON object; None when it is something else."""
    try:
        value = _decode_any(body)
    except UNREADABLE_JSON:
        return None
    return value if isinstance(value, dict) else None
