"""What goes wrong on purpose, and when: the same seed spoils the same occasions; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

import msgspec

FaultT = TypeVar("FaultT")


class ReplyFault(StrEnum):
    """What may happen to the reply to a purchase or a status question."""

    DELAY = "delay"
    """The whole reply comes late."""
    DROP_BEFORE = "drop_before"
    """The connection is closed and nothing was done."""
    DROP_AFTER = "drop_after"
    """The connection is closed after everything was done."""
    GARBAGE = "garbage"
    """Something that no dialect says, as a broken proxy would; everything was done."""
    HALF_BODY = "half_body"
    """Half of the reply, then the connection is closed."""
    TRICKLE = "trickle"
    """The reply comes in small pieces with pauses."""


class CallbackFault(StrEnum):
    """What may happen to a callback."""

    DUPLICATE = "duplicate"
    """It comes three times."""
    CONTRADICT = "contradict"
    """After it one comes that says the opposite; a status question tells the truth."""
    BEFORE_REPLY = "before_reply"
    """It comes before the reply to the purchase it is about."""
    LOST = "lost"
    """It never comes."""


class FaultSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How often what happens: shares of 1 by fault."""

    seed: int = 0
    reply: Mapping[ReplyFault, float] = {}
    callback: Mapping[CallbackFault, float] = {}
    delay_ms: int = 1_500
    trickle_ms: int = 20
    """The pause after each piece of a trickled reply."""


class FaultsUnreadableError(ValueError):
    """The text is no list of faults."""


NO_FAULTS: Final = FaultSettings()
_WHOLE_NUMBERS: Final = ("seed", "delay_ms", "trickle_ms")


def parse_faults(text: str) -> FaultSettings:
    """Read ``seed=42,drop_after=0.05,duplicate=0.1``."""
    numbers: dict[str, int] = {}
    reply: dict[ReplyFault, float] = {}
    callback: dict[CallbackFault, float] = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.strip().partition("=")
        try:
            if name in _WHOLE_NUMBERS:
                numbers[name] = int(value)
            elif name in set(ReplyFault):
                reply[ReplyFault(name)] = float(value)
            else:
                callback[CallbackFault(name)] = float(value)
        except ValueError as error:
            raise FaultsUnreadableError(f"{part!r}: {error}") from None
    for shares in (reply.values(), callback.values()):
        if not (all(0 <= share <= 1 for share in shares) and sum(shares) <= 1):
            raise FaultsUnreadableError("shares are between 0 and 1, also together")
    return FaultSettings(reply=reply, callback=callback, **numbers)


def pick_reply_fault(settings: FaultSettings, reference: str, occasion: str) -> ReplyFault | None:
    """Say what happens to this reply; the same arguments give the same fault."""
    if not settings.reply:
        return None
    return _pick(settings.reply, _chance(settings.seed, "reply", reference, occasion))


def pick_callback_fault(settings: FaultSettings, reference: str, step: int) -> CallbackFault | None:
    """Say what happens to the callback of this step of an order."""
    if not settings.callback:
        return None
    return _pick(settings.callback, _chance(settings.seed, "callback", reference, str(step)))


def _pick(shares: Mapping[FaultT, float], chance: float) -> FaultT | None:
    for fault, share in shares.items():
        if chance < share:
            return fault
        chance -= share
    return None


def _chance(*parts: int | str) -> float:
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:7]) / 2**56
