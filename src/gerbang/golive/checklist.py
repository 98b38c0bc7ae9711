"""What must have happened before a reseller buys with real money: a table of checks; pure.

A flow is one line of `CHECKS`. It is asked for only where `needed` says so, so a reseller that
sells no bills is not asked to have paid one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from gerbang.money import format_dots

REFERENCES_MIN: Final = 3


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the database knows of a reseller's testing, and of its account."""

    orders: Mapping[str, int] = {}
    """Testing orders by state."""
    told: Mapping[str, int] = {}
    """Testing callbacks that were acknowledged, by event."""
    not_told: int = 0
    """Testing callbacks that were given up, later than the last that was acknowledged."""
    asked_pending: int = 0
    asked_failed: int = 0
    callback_url: str = ""
    references_own: int = 0
    references_made: int = 0
    """Orders for which we had to make a reference, because none was sent."""
    references_reused: int = 0
    """Refusals of the last week because a reference was used for something else."""
    available: int = 0
    deposit_min: int = 0
    live_credentials: int = 0
    addresses: int = 0
    speaks_weakly: bool = False
    """Whether one of his dialects is on only with an address list."""
    kyc_required: bool = False
    kyc_state: str = "none"
    sells_bills: bool = False
    bills_found: int = 0
    bills_paid: int = 0
    asks_tickets: bool = False
    tickets_tried: int = 0


class Verdict(msgspec.Struct, frozen=True):
    """Whether it is done, and why we say so: a name in `WHY` with its values."""

    done: bool
    because: str
    values: Mapping[str, Any] = {}

    @property
    def why(self) -> str:
        """The reason in English."""
        return WHY[self.because].format_map(self.values)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table."""

    name: str
    title: str
    how: str
    judge: Callable[[Facts], Verdict]
    needed: Callable[[Facts], bool] = lambda _facts: True


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a reseller's checklist; `how` says what to do where it is open."""

    name: str
    title: str
    done: bool
    why: str
    how: str
    because: str
    values: Mapping[str, Any]
    """The reason by its name, for pages that speak another language."""


class Checklist(msgspec.Struct, frozen=True, kw_only=True):
    """A reseller's checklist; green means that every line is done."""

    green: bool
    items: tuple[Item, ...]

    @property
    def open(self) -> tuple[Item, ...]:
        """The lines that are not done."""
        return tuple(item for item in self.items if not item.done)


def judge(facts: Facts) -> Checklist:
    """Judge every check that this reseller needs."""
    items = []
    for check in CHECKS:
        if check.needed(facts):
            verdict = check.judge(facts)
            items.append(
                Item(
                    name=check.name,
                    title=check.title,
                    done=verdict.done,
                    why=verdict.why,
                    how="" if verdict.done else check.how,
                    because=verdict.because,
                    values=verdict.values,
                )
            )
    return Checklist(green=all(item.done for item in items), items=tuple(items))


# --- judges ---------------------------------------------------------------------------------------

WHY: Final[Mapping[str, str]] = {
    "ended": "{count} testing orders ended {state}",
    "acknowledged": "{count} callbacks {event} were acknowledged",
    "no_address": "no callback address is set",
    "given_up": "the last {count} testing callbacks were given up without an answer of 2xx",
    "address_set": "{url} is set and nothing is unanswered",
    "asked_pending": "{count} testing orders were asked about while they were pending",
    "asked_failed": "{count} failed testing orders were asked about",
    "without_reference": "{count} orders came without a reference of yours",
    "reference_reused": "{count} times this week a used reference asked for something else",
    "references_own": "{count} orders, each with a reference of its own",
    "available": "Rp{available} of at least Rp{least}",
    "tickets": "{count} testing tickets were opened",
    "bills_found": "{count} testing bills were found",
    "bills_paid": "{count} testing bills were paid",
    "live_credentials": "{count} live credentials",
    "addresses": "{count} addresses listed",
    "kyc": "it is {state}",
}
"""Every reason in English; pages have it in their own words under the same name."""


def _some(because: str, count: int, **more: Any) -> Verdict:
    return Verdict(count > 0, because, {"count": count, **more})


def _ordered(state: str) -> Callable[[Facts], Verdict]:
    return lambda facts: _some("ended", facts.orders.get(state, 0), state=state)


def _told(event: str) -> Callable[[Facts], Verdict]:
    return lambda facts: _some("acknowledged", facts.told.get(event, 0), event=event)


def _callback(facts: Facts) -> Verdict:
    if not facts.callback_url:
        return Verdict(done=False, because="no_address")
    if facts.not_told:
        return Verdict(done=False, because="given_up", values={"count": facts.not_told})
    return Verdict(done=True, because="address_set", values={"url": facts.callback_url})


def _references(facts: Facts) -> Verdict:
    for because, count in (
        ("without_reference", facts.references_made),
        ("reference_reused", facts.references_reused),
    ):
        if count:
            return Verdict(done=False, because=because, values={"count": count})
    own = facts.references_own
    return Verdict(own >= REFERENCES_MIN, "references_own", {"count": own})


def _deposit(facts: Facts) -> Verdict:
    amounts = {"available": facts.available, "least": facts.deposit_min}
    values = {name: format_dots(amount) for name, amount in amounts.items()}
    return Verdict(facts.available >= facts.deposit_min, "available", values)


CHECKS: Final[tuple[Check, ...]] = (
    Check(
        name="flow.success",
        title="An order that succeeds",
        how="buy in testing for a number that ends in 1230",
        judge=_ordered("success"),
    ),
    Check(
        name="flow.failed",
        title="An order that fails",
        how="buy in testing for a number that ends in 1234",
        judge=_ordered("failed"),
    ),
    Check(
        name="flow.reversed",
        title="A success that is taken back",
        how="buy in testing for a number that ends in 1238, and wait three seconds",
        judge=_ordered("reversed"),
    ),
    Check(
        name="flow.serial_number",
        title="A serial number that follows",
        how="buy in testing for a number that ends in 1237, and answer the second callback",
        judge=_told("order.sn_received"),
    ),
    Check(
        name="flow.bill_found",
        title="A bill that is asked for",
        how="ask in testing for a bill (see the magic numbers)",
        judge=lambda facts: _some("bills_found", facts.bills_found),
        needed=lambda facts: facts.sells_bills,
    ),
    Check(
        name="flow.bill_paid",
        title="A bill that is paid",
        how="ask in testing for a bill and pay it with the same reference",
        judge=lambda facts: _some("bills_paid", facts.bills_paid),
        needed=lambda facts: facts.sells_bills,
    ),
    Check(
        name="pending.handled",
        title="Pending is asked about",
        how="buy for a number that ends in 1231 and ask for its status before it is final",
        judge=lambda facts: _some("asked_pending", facts.asked_pending),
    ),
    Check(
        name="failure.handled",
        title="A failure is asked about",
        how="ask for the status of a testing order that failed",
        judge=lambda facts: _some("asked_failed", facts.asked_failed),
    ),
    Check(
        name="callback.configured",
        title="Callbacks are received",
        how="have a callback address set, and answer it with 2xx within ten seconds",
        judge=_callback,
    ),
    Check(
        name="callback.success",
        title="A success is heard",
        how="answer the callback order.success of a testing order with 2xx",
        judge=_told("order.success"),
    ),
    Check(
        name="callback.failed",
        title="A failure is heard",
        how="answer the callback order.failed of a testing order with 2xx",
        judge=_told("order.failed"),
    ),
    Check(
        name="references.unique",
        title="References are unique",
        how=f"send your own reference, another one for each of {REFERENCES_MIN} orders or more",
        judge=_references,
    ),
    Check(
        name="flow.deposit",
        title="A deposit ticket",
        how="ask in testing for a deposit ticket, by your dialect",
        judge=lambda facts: _some("tickets", facts.tickets_tried),
        needed=lambda facts: facts.asks_tickets,
    ),
    Check(
        name="deposit.sufficient",
        title="The deposit is sufficient",
        how="deposit what is missing",
        judge=_deposit,
    ),
    Check(
        name="credential.live",
        title="There is a live credential",
        how="have one issued that is not for testing only",
        judge=lambda facts: _some("live_credentials", facts.live_credentials),
    ),
    Check(
        name="addresses.listed",
        title="Your addresses are listed",
        how="have the addresses you call from listed: a weak dialect needs it",
        judge=lambda facts: _some("addresses", facts.addresses),
        needed=lambda facts: facts.speaks_weakly,
    ),
    Check(
        name="kyc.approved",
        title="KYC is approved",
        how="hand in what the operator asks for",
        judge=lambda facts: Verdict(
            facts.kyc_state == "approved", "kyc", {"state": facts.kyc_state}
        ),
        needed=lambda facts: facts.kyc_required,
    ),
)
