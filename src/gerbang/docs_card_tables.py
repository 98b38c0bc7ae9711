"""Tables of docs/card-integration.md, from the code's own words and codes; pure."""

from __future__ import annotations

from gerbang.cards.payment import PaymentState
from gerbang.cards.reasons import CardReason
from gerbang.dialects.nicepay.page_words import PROBLEM_OF_CODE, WORDS
from gerbang.dialects.nicepay.spec import (
    CANCEL_CODES,
    PAYMENT_CODES,
    REGISTRATION_CODES,
    STATUS_WORDS,
    TEXTS,
)
from gerbang.markdown import code, table


def nicepay_states() -> str:
    """What an inquiry says of each state of ours."""
    rows = []
    for state in PaymentState:
        status, word = STATUS_WORDS[state]
        rows.append((code(word), code(status), state.value.replace("_", " ")))
    return table(("resultMsg", "status", "state of the payment"), rows)


def nicepay_codes() -> str:
    """Every result code of ours, where we say it, and what a buyer reads on our pages."""
    rows = []
    for number, text in sorted(TEXTS.items()):
        problem = PROBLEM_OF_CODE.get(number, "")
        rows.append((code(number), text, _calls(number), WORDS[problem][1] if problem else ""))
    return table(("code", "meaning", "refused by", "what the buyer reads"), rows)


def _calls(number: str) -> str:
    found: list[str] = []
    by_call = (
        ("registration", REGISTRATION_CODES),
        ("payment", PAYMENT_CODES),
        ("cancel", CANCEL_CODES),
    )
    for call, codes in by_call:
        reasons: list[CardReason] = [reason for reason, one in codes.items() if one == number]
        if reasons:
            found.append(f"{call} ({', '.join(reason.replace('_', ' ') for reason in reasons)})")
    return "; ".join(found)
