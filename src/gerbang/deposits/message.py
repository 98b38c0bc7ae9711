"""Bank lines as JSON, from the management API or a statement service, and how these sign; pure."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec

from gerbang.clock import WIB
from gerbang.deposits.line import Direction, NewLine, day_begins

LINES_MAX: Final = 2_000
"""Lines in one message."""
SIGNATURE_AGE_MAX: Final = timedelta(minutes=5)
_DAY_CHARS: Final = len("2026-05-31")


class SaidLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line as JSON says it. A `reference` is the source's own id of the line."""

    account_no: str
    amount: int
    direction: Direction = "in"
    description: str = ""
    at: str = ""
    reference: str = ""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement service pushes."""

    lines: list[SaidLine]


class MessageError(ValueError):
    """The message cannot be read or is not believed."""


def read_message(body: bytes, *, now: datetime) -> list[NewLine]:
    """Read a pushed body. Raises MessageError."""
    try:
        message = msgspec.json.decode(body, type=Message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(f"the body cannot be read: {error}") from error
    return new_lines(message.lines, now=now)


def new_lines(said: list[SaidLine], *, now: datetime) -> list[NewLine]:
    """Turn said lines into lines. Raises MessageError that names the line."""
    if len(said) > LINES_MAX:
        raise MessageError(f"at most {LINES_MAX} lines in one message")
    lines = []
    for index, one in enumerate(said):
        try:
            lines.append(_new_line(one, now=now))
        except ValueError as error:
            raise MessageError(f"lines.{index}: {error}") from error
    return lines


def _new_line(one: SaidLine, *, now: datetime) -> NewLine:
    reference = one.reference.strip()
    if not one.at.strip() and not reference:
        raise ValueError("a line needs its time (at) or its own id (reference)")
    at, is_day = read_moment(one.at, now=now)
    return NewLine(
        account_no=one.account_no.strip(),
        amount=one.amount,
        direction=one.direction,
        description=" ".join(one.description.split()),
        at=at,
        at_is_day=is_day,
        reference=reference,
        reference_is_id=bool(reference),
    )


def read_moment(text: str, *, now: datetime) -> tuple[datetime, bool]:
    """Read ``2026-05-31T12:36:46+07:00`` or a day; without a zone it is WIB, empty is now."""
    plain = text.strip()
    if not plain:
        return now, False
    try:
        if len(plain) == _DAY_CHARS:
            return day_begins(date.fromisoformat(plain)), True
        read = datetime.fromisoformat(plain)
        return (read if read.tzinfo else read.replace(tzinfo=WIB)).astimezone(UTC), False
    except (ValueError, OverflowError) as error:
        raise ValueError(f"at is no ISO 8601 time: {text[:40]!r}") from error


def make_signature(secret: str, timestamp: str, body: bytes) -> str:
    """Sign: HMAC-SHA256 over ``timestamp.body``, in hexadecimal."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def check_signature(
    secret: str, *, timestamp: str, signature: str, body: bytes, now: datetime
) -> bool:
    """Whether the holder of the secret said this within the last five minutes."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):  # noqa: PLR2004 (seconds)
        return False
    if abs(now.timestamp() - int(timestamp)) > SIGNATURE_AGE_MAX.total_seconds():
        return False
    given = signature.removeprefix("sha256=").lower().encode("utf-8", "replace")
    return hmac.compare_digest(given, make_signature(secret, timestamp, body).encode())
