"""Which card does what at the sandbox issuer. Pure; docs/cards.md's table is made from here."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from gerbang.cards.acquirers.contract import ChargeRequest, Declined
from gerbang.cards.card import CardBrand, CardData, CardNumber

WRONG_CVV: Final = "000"
EXPIRY_CHARS: Final = 4


class Behaviour(StrEnum):
    """What a test card does."""

    GOOD = "good"
    NOT_ACTIVE = "not_active"
    EXPIRED = "expired"
    NO_SUCH_NUMBER = "no_such_number"
    WRONG_CVV = "wrong_cvv"
    NETWORK_NOT_SUPPORTED = "network_not_supported"
    DAY_AMOUNT = "day_amount"
    DAY_COUNT = "day_count"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    SUSPECTED_FRAUD = "suspected_fraud"
    TIMEOUT_APPROVED = "timeout_approved"
    TIMEOUT_DECLINED = "timeout_declined"
    SECURE_FAILS_VISA = "secure_fails_visa"
    SECURE_FAILS_MASTERCARD = "secure_fails_mastercard"
    FRICTIONLESS = "frictionless"
    FOLLOW_UP_TIMEOUT = "follow_up_timeout"
    FOLLOW_UP_DECLINED = "follow_up_declined"


class TestCard(msgspec.Struct, frozen=True):
    """One trigger: the number, what it does, the code of a decline, in words."""

    __test__ = False  # not a test of pytest's

    number: str
    behaviour: Behaviour
    code: str
    meaning: str


TEST_CARDS: Final[tuple[TestCard, ...]] = (
    TestCard("4434260000000008", Behaviour.GOOD, "0000", "Visa, approved"),
    TestCard("5123450000000008", Behaviour.GOOD, "0000", "Mastercard, approved"),
    TestCard("4434260000001014", Behaviour.NOT_ACTIVE, "9110", "card not active"),
    TestCard("4434260000001022", Behaviour.EXPIRED, "54", "card expired"),
    TestCard("4434260000001030", Behaviour.NO_SUCH_NUMBER, "14", "no such card number"),
    TestCard("4434260000001048", Behaviour.WRONG_CVV, "N7", "CVV wrong"),
    TestCard("4434260000001055", Behaviour.NETWORK_NOT_SUPPORTED, "15", "network not supported"),
    TestCard("4434260000001063", Behaviour.DAY_AMOUNT, "9155", "daily amount reached"),
    TestCard("4434260000001071", Behaviour.DAY_COUNT, "9154", "daily count reached"),
    TestCard("4434260000001089", Behaviour.INSUFFICIENT_FUNDS, "51", "insufficient funds"),
    TestCard("4434260000001097", Behaviour.SUSPECTED_FRAUD, "9152", "suspected fraud"),
    TestCard("4434260000001105", Behaviour.TIMEOUT_APPROVED, "1004", "no answer; was approved"),
    TestCard(
        "4434260000001121", Behaviour.TIMEOUT_DECLINED, "1004", "no answer; was declined (05)"
    ),
    TestCard("4434260000001113", Behaviour.SECURE_FAILS_VISA, "8026", "Visa 3-D Secure fails"),
    TestCard(
        "5123450000001014", Behaviour.SECURE_FAILS_MASTERCARD, "9117", "Mastercard 3-D Secure fails"
    ),
    TestCard("4434260000001147", Behaviour.FRICTIONLESS, "0000", "3-D Secure without a question"),
    TestCard(
        "4434260000001139", Behaviour.FOLLOW_UP_TIMEOUT, "0000", "capture and cancel get no answer"
    ),
    TestCard(
        "4434260000001154", Behaviour.FOLLOW_UP_DECLINED, "0000", "capture and cancel are declined"
    ),
)
_BY_NUMBER: Final = MappingProxyType({card.number: card for card in TEST_CARDS})

UNCHECKED_NUMBERS: Final = frozenset(
    {
        "4561347179821189",
        "4516176337289748",
        "4222222222222222",
        "4222222222226523",
        "4512111111111111",
        "4546332287652768",
        "5243254563453245",
        "5409123456789123",
    }
)
"""Numbers of public samples whose check digit is wrong; they are approved all the same."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the issuer does: a decline, or (None) an approval; `silent` says nothing of it."""

    outcome: Declined | None
    behaviour: Behaviour = Behaviour.GOOD
    silent: bool = False


def behaviour_of(number: CardNumber) -> Behaviour:
    """Look the card up."""
    card = _BY_NUMBER.get(number.reveal())
    return card.behaviour if card is not None else Behaviour.GOOD


def judge(request: ChargeRequest, card: CardData, month: str) -> Verdict:
    """Decide a charge; `month` is the present one as YYMM."""
    trigger = _BY_NUMBER.get(card.number.reveal())
    behaviour = trigger.behaviour if trigger is not None else Behaviour.GOOD
    if request.autopaid:
        return Verdict(outcome=None)
    declined = _judge_number(card) or _judge_card(card, month)
    if declined is not None:
        return Verdict(outcome=declined)
    if behaviour is Behaviour.TIMEOUT_APPROVED:
        return Verdict(outcome=None, behaviour=behaviour, silent=True)
    if behaviour is Behaviour.TIMEOUT_DECLINED:
        return Verdict(
            outcome=Declined(code="05", message="do not honour"), behaviour=behaviour, silent=True
        )
    if trigger is not None and trigger.code != "0000":
        outcome = Declined(code=trigger.code, message=trigger.meaning)
        return Verdict(outcome=outcome, behaviour=behaviour)
    return Verdict(outcome=None, behaviour=behaviour)


def _judge_number(card: CardData) -> Declined | None:
    if card.number.brand is CardBrand.OTHER:
        return Declined(code="15", message="network not supported")
    if card.number.passes_luhn or card.number.reveal() in UNCHECKED_NUMBERS:
        return None
    return Declined(code="14", message="no such card number")


def _judge_card(card: CardData, month: str) -> Declined | None:
    if len(card.expiry) == EXPIRY_CHARS and card.expiry < month:
        return Declined(code="54", message="card expired")
    if card.cvv.reveal() == WRONG_CVV:
        return Declined(code="N7", message="CVV wrong")
    return None
