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
    WRONG_SIGNATURE = "wrong_signature"
    """Before it comes one that says the opposite under a wrong signature; where the dialect signs
    nothing, nothing happens."""


class OtherFault(StrEnum):
    """What may happen apart from replies and callbacks; each has a chance of its own."""

    PRICE_CHANGE = "price_change"
    """The order costs a tenth more than the price list says; that is the truth from then on."""
    TLS_FAILURE = "tls_failure"
    """The TLS handshake of a connection is refused; nothing can be sent over it."""


class FaultSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How often what happens: shares of 1 by fault."""

    seed: int = 0
    reply: Mapping[ReplyFault, float] = {}
    callback: Mapping[CallbackFault, float] = {}
    other: Mapping[OtherFault, float] = {}
    delay_ms: int = 1_500
    trickle_ms: int = 20
    """The pause after each piece of a trickled reply."""


class FaultsUnreadableError(ValueError):
    """The text is no list of faults."""


NO_FAULTS: Final = FaultSettings()
_WHOLE_NUMBERS: Final = ("seed", "delay_ms", "trickle_ms")
_GROUPS: Final[Mapping[str, type[StrEnum]]] = {
    "reply": ReplyFault,
    "callback": CallbackFault,
    "other": OtherFault,
}


def parse_faults(text: str) -> FaultSettings:
    """Read ``seed=42,drop_after=0.05,duplicate=0.1``."""
    numbers: dict[str, int] = {}
    shares: dict[str, dict[str, float]] = {"reply": {}, "callback": {}, "other": {}}
    for part in filter(None, text.split(",")):
        name, _, value = part.strip().partition("=")
        try:
            if name in _WHOLE_NUMBERS:
                numbers[name] = _whole(value)
            else:
                shares[_group_of(name)][name] = _share(value)
        except ValueError as error:
            raise FaultsUnreadableError(f"{part!r}: {error}") from None
    if any(sum(shares[group].values()) > 1 for group in ("reply", "callback")):
        raise FaultsUnreadableError("the shares of replies, or of callbacks, are more than 1")
    # In the order of this file, so that the order of the text decides nothing.
    listed = {
        group: {fault: shares[group][fault] for fault in faults if fault in shares[group]}
        for group, faults in _GROUPS.items()
    }
    return msgspec.convert({**listed, **numbers}, FaultSettings)


def _group_of(name: str) -> str:
    for group, faults in _GROUPS.items():
        if name in set(faults):
            return group
    known = ", ".join(fault for faults in _GROUPS.values() for fault in faults)
    raise ValueError(f"not one of {', '.join(_WHOLE_NUMBERS)}, {known}")


def _whole(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError("not below 0")
    return number


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise ValueError("a share is between 0 and 1")
    return share


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


def happens(settings: FaultSettings, fault: OtherFault, occasion: str) -> bool:
    """Say whether this happens to an order (its reference) or to a connection (its number)."""
    share = settings.other.get(fault, 0.0)
    return bool(share) and _chance(settings.seed, fault, occasion) < share


def _pick(shares: Mapping[FaultT, float], chance: float) -> FaultT | None:
    for fault, share in shares.items():
        if chance < share:
            return fault
        chance -= share
    return None


def _chance(*parts: int | str) -> float:
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:7]) / 2**56
