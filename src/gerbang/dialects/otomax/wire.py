"""OtomaX on the wire: parameters, signatures and what is asked for; pure."""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from gerbang.dialects.otomax.form import Fields
from gerbang.orders.reasons import Reason

FIELD_CHARS_MAX: Final = 64
COUNTER_MAX: Final = 99
AMOUNT_DIGITS_MAX: Final = 12

DIGEST_BYTES: Final = 20
SIGN_CHARS: Final = 27
"""Base64 of twenty bytes without its padding (sheet §4.1)."""

_ALPHABET: Final = str.maketrans(" -_", "++/")
_REFERENCE: Final = re.compile(r"[A-Za-z0-9._=-]{1,64}\Z")
_COUNTED: Final = re.compile(r"([0-9]{1,3})\.([^.]+)\Z")
_NOMINAL: Final = re.compile(r"([^#]+)#([0-9]{1,12})\Z")
_FLAGS: Final = {"1": True, "true": True, "0": False, "false": False}


# --- signatures -------------------------------------------------------------------------------


class Login(msgspec.Struct, frozen=True):
    """Who signs: the member and his two secrets."""

    member: str
    pin: str
    password: str


def order_text(login: Login, *, product: str, dest: str, reference: str) -> str:
    """Write what is hashed for an order and for `check=1` (sheet §4.1)."""
    return f"OtomaX|{login.member}|{product}|{dest}|{reference}|{login.pin}|{login.password}"


def balance_text(login: Login) -> str:
    """Write what is hashed for the balance (sheet §4.1)."""
    return f"OtomaX|CheckBalance|{login.member}|{login.pin}|{login.password}"


def balance_text_empty_slots(login: Login) -> str:
    """Write the other published form for the balance: the order's, with nothing asked for."""
    return order_text(login, product="", dest="", reference="")


def make_sign(text: str) -> str:
    """Hash and encode: raw SHA-1, URL-safe base64 without padding."""
    encoded = binascii.b2a_base64(_digest(text), newline=False).decode()
    return encoded.rstrip("=").replace("+", "-").replace("/", "_")


def decode_sign(sign: str, *, legacy: bool) -> bytes | None:
    """Give the twenty bytes a sign stands for, in any of its published spellings (§4.2).

    `legacy` also takes base64 of the hexadecimal digest, which two published clients send.
    """
    bare = sign.rstrip("=\r\n\t")
    text = (bare if len(bare) == SIGN_CHARS else sign.strip().rstrip("=")).translate(_ALPHABET)
    try:
        raw = binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
        if legacy and len(raw) == 2 * DIGEST_BYTES:
            raw = bytes.fromhex(raw.decode("ascii"))
    except ValueError:
        return None
    return raw if len(raw) == DIGEST_BYTES else None


def order_texts(fields: Fields, login: Login, *, legacy: bool) -> Iterator[str]:
    """Write every text an order's sign may be of: codes as sent and in upper case (§4.2)."""
    product = fields.get("product", "")
    products = {product: None, product.upper(): None}
    if legacy:
        # One of the clients that hash to hexadecimal also lowers the product (§4.2).
        products[product.lower()] = None
    dest, reference = fields.get("dest", ""), fields.get("refid", "")
    for one in members(fields, login):
        for code in products:
            yield order_text(one, product=code, dest=dest, reference=reference)


def balance_texts(fields: Fields, login: Login) -> Iterator[str]:
    """Write every text a balance's sign may be of: both published formulas."""
    for one in members(fields, login):
        yield balance_text(one)
        yield balance_text_empty_slots(one)


def members(fields: Fields, login: Login) -> Iterator[Login]:
    """Give the login with the member's name as sent, and in capitals (§4.2)."""
    member = fields.get("memberid", "")
    yield Login(member, login.pin, login.password)
    if member != member.upper():
        yield Login(member.upper(), login.pin, login.password)


def sign_matches(sign: bytes | None, texts: Iterator[str]) -> bool:
    """Compare in constant time with each text's digest."""
    if sign is None:
        return False
    return any(hmac.compare_digest(sign, _digest(text)) for text in texts)


def _digest(text: str) -> bytes:
    return hashlib.sha1(text.encode(), usedforsecurity=False).digest()


def check_login(
    fields: Fields, login: Login, *, texts: Iterator[str], legacy: bool = False
) -> Reason | None:
    """Verify everything that is present; None is welcome (sheet §3.2).

    Neither a sign nor both pin and password is refused, and so is a member without secrets. The
    password is looked at first, so a PIN cannot be tried out without it.
    """
    if not login.pin or not login.password:
        return Reason.INVALID_SIGNATURE
    pin, password = fields.get("pin", ""), fields.get("password", "")
    sign = fields.get("sign", "")
    if password and not _same(password, login.password):
        return Reason.WRONG_PASSWORD
    if pin and not _same(pin, login.pin):
        return Reason.WRONG_PIN
    if sign.strip():
        matched = sign_matches(decode_sign(sign, legacy=legacy), texts)
        return None if matched else Reason.INVALID_SIGNATURE
    return None if pin and password else Reason.INVALID_SIGNATURE


def _same(given: str, stored: str) -> bool:
    return hmac.compare_digest(given.encode(), stored.encode())


# --- what is asked for ------------------------------------------------------------------------


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a request to `trx` asks for, checked and taken apart."""

    product: str
    destination: str
    reference: str
    quantity: int | None = None
    counter: int | None = None
    price_max: int | None = None
    testing: bool = False
    check: bool = False


class FieldProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request to `trx` cannot be understood."""

    field: str
    reason: Reason
    message: str


class ProblemError(Exception):
    """A field is wrong."""

    def __init__(self, field: str, message: str, *, reason: Reason) -> None:
        self.problem = FieldProblem(field=field, message=message, reason=reason)
        super().__init__(message)


def read_wanted(fields: Fields, *, check: bool = False) -> Wanted | FieldProblem:
    """Check the fields of an order or a status question; `check` forces the question."""
    try:
        return _read_wanted(fields, check=check)
    except ProblemError as error:
        return error.problem


def _read_wanted(fields: Fields, *, check: bool) -> Wanted:
    testing = _flag(fields, "testing")
    check = check or _flag(fields, "check")
    if "cmd" in fields:
        raise ProblemError("cmd", "perintah tidak dikenal", reason=Reason.INVALID_REQUEST)
    reference = _reference(fields, check=check)
    # A status question is by reference; without one, product and destination name the order.
    needed = not (check and reference)
    product = _plain(fields, "product", needed=needed)
    counter, destination = split_counter(_plain(fields, "dest", needed=needed))
    return Wanted(
        product=product.upper(),
        # Inner spaces go only after the signature was checked over the text as sent (§12).
        destination=destination.replace(" ", ""),
        reference=reference,
        quantity=number(fields, "qty", reason=Reason.INVALID_QUANTITY),
        counter=_one_counter(_counter(fields), counter),
        price_max=_price_max(fields),
        testing=testing,
        check=check,
    )


def _flag(fields: Fields, name: str) -> bool:
    """Read 1, 0, true or false; anything else is refused, never guessed."""
    value = fields.get(name)
    if value is None or (name == "check" and not value):
        return False
    try:
        return _FLAGS[value.lower()]
    except KeyError:
        raise ProblemError(name, f"{name} harus 1 atau 0", reason=Reason.INVALID_REQUEST) from None


def _reference(fields: Fields, *, check: bool) -> str:
    reference = fields.get("refid", "")
    if not reference and check:
        return ""
    if not reference:
        raise ProblemError("refid", "refID kosong", reason=Reason.INVALID_REQUEST)
    if not _REFERENCE.match(reference):
        # §3.1: `|` would make the signature ambiguous, `&` and `#` break the URL.
        message = "refID hanya huruf, angka, titik, strip, garis bawah; paling panjang 64"
        raise ProblemError("refid", message, reason=Reason.INVALID_REQUEST)
    return reference


def _plain(fields: Fields, name: str, *, needed: bool) -> str:
    reason = Reason.INVALID_DESTINATION if name == "dest" else Reason.INVALID_REQUEST
    value = fields.get(name, "")
    if not value and needed:
        raise ProblemError(name, f"{name} kosong", reason=Reason.INVALID_REQUEST)
    if len(value) > FIELD_CHARS_MAX or "|" in value or not value.isprintable():
        raise ProblemError(name, f"{name} tidak sah", reason=reason)
    return value


def split_counter(dest: str) -> tuple[int | None, str]:
    """Take ``2.0812...`` apart into the counter and the number (§3.1); no counter gives None."""
    match = _COUNTED.match(dest)
    if not match:
        return None, dest
    number = int(match[1])
    if not 1 <= number <= COUNTER_MAX:
        raise ProblemError("dest", "counter tidak sah", reason=Reason.INVALID_REQUEST)
    return number, match[2]


def with_nominal(wanted: Wanted) -> Wanted | FieldProblem:
    """Take ``0896...#1000`` apart into the number and the nominal (§3.1)."""
    match = _NOMINAL.match(wanted.destination)
    if not match:
        return wanted
    nominal = int(match[2])
    # One large buyer always sends qty=1 beside it (§3.1).
    if wanted.quantity not in (None, 1, nominal):
        message = "qty dan nominal berbeda"
        return FieldProblem(field="qty", reason=Reason.INVALID_QUANTITY, message=message)
    return msgspec.structs.replace(wanted, destination=match[1], quantity=nominal)


def is_testing(fields: Fields) -> bool:
    """Whether a request whose `testing` was found readable asks for a test."""
    return _flag(fields, "testing")


def _counter(fields: Fields) -> int | None:
    counter = number(fields, "counter", reason=Reason.INVALID_REQUEST)
    if counter is not None and counter > COUNTER_MAX:
        raise ProblemError("counter", "counter tidak sah", reason=Reason.INVALID_REQUEST)
    return counter


def _one_counter(said: int | None, inside: int | None) -> int | None:
    if said is not None and inside is not None and said != inside:
        raise ProblemError("counter", "counter ganda", reason=Reason.INVALID_REQUEST)
    return said if said is not None else inside


def _price_max(fields: Fields) -> int | None:
    if fields.get("harga_max") == "0":
        return None
    return number(fields, "harga_max", reason=Reason.INVALID_REQUEST)


def number(fields: Fields, name: str, *, reason: Reason) -> int | None:
    """Read a positive whole number; an empty one is the same as none."""
    value = fields.get(name, "")
    if not value:
        return None
    digits = value.isascii() and value.isdecimal() and len(value) <= AMOUNT_DIGITS_MAX
    if not digits or int(value) == 0:
        raise ProblemError(name, f"{name} tidak sah", reason=reason)
    return int(value)


def shown(text: str) -> str:
    """Make a text that was not checked fit to be repeated in a reply or a log of refusals."""
    return "".join(one for one in text[:FIELD_CHARS_MAX] if one.isprintable())
