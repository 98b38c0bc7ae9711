"""The integration checklist of a merchant: every item is judged from facts. Pure.

The items are the list of the protocol's own "integration and testing" page; what no gateway can
see (somebody read the logs) is said by a person, with a note and a name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from gerbang.cards.merchant import Features
from gerbang.cells import harmless


class ItemState(StrEnum):
    """How an item stands."""

    GREEN = "green"
    OPEN = "open"
    NOT_NEEDED = "not_needed"
    """The account does not have the feature."""


class ChecklistItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item with what proves it, or what to do for it."""

    key: str
    group: str
    title: str
    state: ItemState
    evidence: str = ""
    at: datetime | None = None
    how: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the database knows of a merchant; times of the first proof, None for never."""

    seen: Mapping[str, datetime]
    """From attempts, payments, notifications and trials: by the name of the fact."""
    evidence: Mapping[str, tuple[datetime, str]]
    """Noted behind answers, or said by a person: time and note."""


class _Item(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    group: str
    title: str
    how: str
    facts: tuple[str, ...] = ()
    """All of these must have been seen."""
    noted: str = ""
    needed: Callable[[Features], bool] | None = None
    by_person: bool = False


NEGATIVE_CODES: Final[Mapping[str, frozenset[str]]] = {
    "not_active": frozenset({"9110", "9111", "9112", "9113", "62", "57", "78", "05"}),
    "expired": frozenset({"54", "4"}),
    "number": frozenset({"14", "8027", "C117"}),
    "expiry": frozenset({"9160", "C118", "C119"}),
    "cvv": frozenset({"N7", "82", "9150", "C120"}),
    "network": frozenset({"15", "91", "92", "9119", "9142", "9162"}),
    "limit": frozenset({"9154", "9155", "61", "65", "9123", "C122"}),
    "secure": frozenset({"8026", "9117", "9157", "Q1", "C935"}),
}
"""The seed's eight cases with the result codes that show them (protocol sheet §15)."""

_NEGATIVE_TITLES: Final[Mapping[str, str]] = {
    "not_active": "Card not active",
    "expired": "Card expired",
    "number": "Invalid card number",
    "expiry": "Invalid expiry date",
    "cvv": "Invalid CVV",
    "network": "Issuer network not supported",
    "limit": "Daily limit reached",
    "secure": "Visa 3-D Secure",
}


def case_of(code: str) -> str:
    """Name the negative case that a result code shows, or nothing."""
    return next((case for case, codes in NEGATIVE_CODES.items() if code in codes), "")


def _tenor(months: int) -> _Item:
    return _Item(
        key=f"instalment_{months}",
        group="features",
        title=f"Instalment of {months} months",
        how=f"pay a registration with instmntMon {months}",
        facts=(f"instalment_{months}",),
        needed=lambda features: months in features.instalments,
    )


ITEMS: Final[tuple[_Item, ...]] = (
    _Item(key="register", group="steps", title="Registration", how="register a payment",
          facts=("registered",)),
    _Item(key="charge", group="steps", title="Charge", how="pay one", facts=("charged",)),
    _Item(key="callback", group="steps", title="Callback received, inquiry after it",
          how="arm a callback trial, pay, and inquire when the browser returns",
          facts=("callback_trial",)),
    _Item(key="notification", group="steps", title="Notification acknowledged, inquiry after it",
          how="arm a notification trial, pay, answer 200 and inquire",
          facts=("notification_trial",)),
    _Item(key="token", group="steps", title="merchantToken verified",
          how="send right tokens: the last one must not have been refused with 9010",
          noted="token_right"),
    *(
        _Item(key=f"negative_{case}", group="negative", title=title,
              how="let it happen with a test card, inquire, and charge no second time",
              noted=f"negative:{case}")
        for case, title in _NEGATIVE_TITLES.items()
    ),
    _Item(key="cancel_full", group="cancel", title="Cancel, full", how="cancel a charge whole",
          facts=("cancel_full",), needed=lambda features: features.cancels),
    _Item(key="cancel_partial", group="cancel", title="Cancel, partial",
          how="refund a part of a settled charge", facts=("cancel_partial",),
          needed=lambda features: features.cancels and features.partial_cancels
          and features.refunds and not features.preauth),
    _Item(key="full_payment", group="features", title="Full payment", how="pay with instmntMon 1",
          facts=("full_payment",), needed=lambda features: not features.preauth),
    *(_tenor(months) for months in (3, 6, 12)),
    _Item(key="recurring_first", group="features", title="Recurring, first charge",
          how="pay a registration with recurrOpt 0 or 1", facts=("recurring_first",),
          needed=lambda features: features.recurring),
    _Item(key="recurring_later", group="features", title="Recurring, later charge",
          how="pay with the recurringToken", facts=("recurring_later",),
          needed=lambda features: features.recurring),
    _Item(key="preauth", group="features", title="Pre-authorisation", how="hold an amount",
          facts=("preauth",), needed=lambda features: features.preauth),
    _Item(key="capture", group="features", title="Capture", how="capture a hold",
          facts=("capture",), needed=lambda features: features.preauth),
    _Item(key="doctor", group="review", title="Notification doctor passed, firewall reviewed",
          how="run the doctor on your dbProcessUrl", noted="doctor"),
    _Item(key="logs", group="review", title="Logs reviewed", how="a person says so",
          noted="logs", by_person=True),
    _Item(key="errors", group="review", title="Handling of time-outs and failures reviewed",
          how="a person says so", noted="errors", by_person=True),
    _Item(key="sheet_development", group="review", title="Scenario sheet run in development",
          how="a person says so, after every item above is green",
          noted="sheet_development", by_person=True),
    _Item(key="sheet_production", group="review", title="Scenario sheet run in production",
          how="a person says so, on the live account", noted="sheet_production", by_person=True),
)  # fmt: skip

BY_PERSON: Final = frozenset(item.key for item in ITEMS if item.by_person)


def judge(features: Features, facts: Facts) -> list[ChecklistItem]:
    """Judge every item."""
    return [_judged(item, features, facts) for item in ITEMS]


def is_passed(items: Sequence[ChecklistItem]) -> bool:
    """Say whether nothing is open."""
    return all(item.state is not ItemState.OPEN for item in items)


def _judged(item: _Item, features: Features, facts: Facts) -> ChecklistItem:
    state, at, evidence = ItemState.OPEN, None, ""
    if item.needed is not None and not item.needed(features):
        state = ItemState.NOT_NEEDED
    elif item.noted:
        if (noted := _noted(item.noted, facts)) is not None:
            state, (at, evidence) = ItemState.GREEN, noted
    elif all(name in facts.seen for name in item.facts):
        state, at = ItemState.GREEN, max(facts.seen[name] for name in item.facts)
    return ChecklistItem(
        key=item.key,
        group=item.group,
        title=item.title,
        state=state,
        evidence=evidence,
        at=at,
        how=item.how if state is ItemState.OPEN else "",
    )


def _noted(name: str, facts: Facts) -> tuple[datetime, str] | None:
    """Give the note; a right token counts only if no wrong one came after it."""
    noted = facts.evidence.get(name)
    wrong = facts.evidence.get("token_wrong") if name == "token_right" else None
    if noted is None or (wrong is not None and wrong[0] >= noted[0]):
        return None
    return noted


def sheet(items: Sequence[ChecklistItem]) -> str:
    """Write the scenario sheet as CSV, to be run in development and in production."""
    lines = ["no,group,item,what to do,state,evidence,at"]
    for number, (item, source) in enumerate(zip(items, ITEMS, strict=True), start=1):
        at = item.at.isoformat(timespec="seconds") if item.at else ""
        cells = (item.group, item.title, source.how, item.state.value, item.evidence, at)
        lines.append(f"{number},{','.join(_cell(cell) for cell in cells)}")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Quote a cell; nothing in it may become a formula of a spreadsheet."""
    return '"' + harmless(text).replace('"', '""') + '"'
