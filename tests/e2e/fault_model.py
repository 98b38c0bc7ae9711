"""What must be true after a run with faults, judged from the suppliers' own books; pure.

The journals are the truth about what was delivered: each was on disk before its supplier answered.
The gateway's database is only compared with them. The fault plan is known too (the same seed spoils
the same occasions), so the model knows which supplier lied to us about which order: only there may
the gateway believe something else than the truth, and only if it was really told so.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from gerbang.sandbox.faults import CallbackFault, FaultSettings, pick_callback_fault
from gerbang.sandbox.magic import Plan, plan_for

FINAL: Final = ("success", "failed", "reversed")
CASES_WITHOUT_LIE: Final = frozenset({"needs_decision", "reversed", "bill_total_differs"})
SENDS_MAX: Final = 5
"""After so many sendings only a person decides."""


@dataclass
class Sale:
    """One order in a supplier's book."""

    supplier: str
    reference: str
    destination: str = ""
    state: str = ""
    requests: int = 0
    delivered: list[list[datetime]] = field(default_factory=list)
    """From when to when it was delivered; without an end where it still is."""
    steps_done: int = 0
    steps_told: int = 0
    unheard: bool = False
    """Whether the callback of its last step was lost, or not acknowledged."""
    plan_of: Callable[[str], Plan] = plan_for

    @property
    def is_delivered(self) -> bool:
        """Whether the customer has it now."""
        return self.state == "success"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen, and whoever was to be told was told."""
        later = self.plan_of(self.destination).later
        told = not later or not later[-1].callback or self.steps_told >= len(later)
        return not self.state or (self.steps_done >= len(later) and told)

    def lies(self, faults: FaultSettings) -> bool:
        """Whether it told both: a callback with its opposite, or a reversal before the success."""
        told = [
            (step.kind, pick_callback_fault(faults, self.reference, i))
            for i, step in enumerate(self.plan_of(self.destination).later)
            if step.callback
        ]
        return any(
            fault is CallbackFault.CONTRADICT
            or (fault is CallbackFault.BEFORE_REPLY and kind == "reversed")
            for kind, fault in told
        )


def read_book(
    supplier: str,
    journal: Iterable[Mapping[str, Any]],
    *,
    plan_of: Callable[[str], Plan] = plan_for,
) -> dict[str, Sale]:
    """Read a journal: every reference with all that happened to it; a look at a bill is no sale."""
    book: dict[str, Sale] = {}
    for entry in journal:
        if entry["event"] == "inquired":
            continue
        sale = book.setdefault(
            entry["reference"], Sale(supplier, entry["reference"], plan_of=plan_of)
        )
        match entry["event"]:
            case "asked":
                sale.requests += 1
            case "taken":
                sale.requests += 1
                sale.destination = entry["destination"]
                _turn(sale, entry)
            case "changed":
                sale.steps_done = entry["step"] + 1
                _turn(sale, entry)
            case "told":
                sale.steps_told = entry["step"] + 1
                sale.unheard = not entry["acknowledged"]
    return book


def _turn(sale: Sale, entry: Mapping[str, Any]) -> None:
    at = datetime.fromisoformat(entry["at"])
    if entry["state"] == "success" and sale.state != "success":
        sale.delivered.append([at])
    elif entry["state"] != "success" and sale.state == "success":
        sale.delivered[-1].append(at)
    sale.state = entry["state"]


@dataclass
class Told:
    """All of the gateway's database that the model looks at; rows as mappings."""

    orders: Sequence[Mapping[str, Any]]
    attempts: Sequence[Mapping[str, Any]]
    callbacks: Sequence[Mapping[str, Any]]
    cases: Sequence[Mapping[str, Any]]
    news: Mapping[int, set[str]]
    """By attempt: the outcomes that callbacks told."""


@dataclass
class Judgement:
    """What is wrong, and what there was."""

    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    lied_to: set[str] = field(default_factory=set)
    """The destinations of orders about which a supplier lied to us."""


class Judge:
    """Compares the gateway with the journals, order by order."""

    def __init__(
        self,
        told: Told,
        books: Mapping[str, Mapping[str, Sale]],
        faults: Mapping[str, FaultSettings],
        heard: Mapping[str, set[str]],
    ) -> None:
        """Take everything; `heard` are the states that callbacks told the reseller."""
        self._told = told
        self._books = books
        self._faults = faults
        self._heard = heard
        self._attempts: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
        for attempt in told.attempts:
            self._attempts[attempt["order_id"]].append(attempt)
        self._callbacks: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
        for callback in told.callbacks:
            self._callbacks[callback["order_id"]].append(callback)
        self._cases: dict[int, set[str]] = defaultdict(set)
        for case in told.cases:
            self._cases[case["order_id"]].add(case["kind"])
        self.result = Judgement()

    def judge(self) -> Judgement:
        """Look at everything."""
        self._judge_strays()
        for order in self._told.orders:
            self._judge_order(order)
        self.result.counts.update(f"case {case['kind']}" for case in self._told.cases)
        return self.result

    def _wrong(self, what: str, order: Mapping[str, Any], why: object = "") -> None:
        attempts = [
            (a["number"], a["supplier"], a["reference"], a["state"], a["sends"], a["due_at"])
            for a in self._attempts[order["id"]]
        ]
        sales = [vars(sale) for sale in self._sales(order)]
        self.result.counts[f"WRONG {what}"] += 1
        cases = sorted(self._cases[order["id"]])
        self.result.wrong.append(f"{what}: {dict(order)} {attempts} {sales} {cases} {why}")

    def _sales(self, order: Mapping[str, Any]) -> list[Sale]:
        found = (
            self._books[attempt["supplier"]].get(attempt["reference"])
            for attempt in self._attempts[order["id"]]
        )
        return [sale for sale in found if sale is not None]

    def _judge_strays(self) -> None:
        """Every reference at a supplier is an attempt of ours, sent no oftener than claimed."""
        known = {(a["supplier"], a["reference"]): a for a in self._told.attempts}
        for supplier, book in self._books.items():
            for sale in book.values():
                attempt = known.get((supplier, sale.reference))
                if attempt is None:
                    self.result.wrong.append(f"a stray at {supplier}: {sale}")
                elif sale.requests > attempt["sends"]:
                    self.result.wrong.append(f"sent oftener than claimed: {sale} {dict(attempt)}")
                self.result.counts["requests"] += sale.requests
                self.result.counts["sent again"] += max(0, sale.requests - 1)

    def _judge_order(self, order: Mapping[str, Any]) -> None:
        counts = self.result.counts
        counts[order["state"]] += 1
        counts["attempts"] += len(self._attempts[order["id"]])
        counts["failed over"] += len(self._attempts[order["id"]]) > 1
        sales = self._sales(order)
        counts["delivered"] += sum(sale.is_delivered for sale in sales)
        if order["state"] == "pending":
            self._judge_pending(order)
            return
        if order["state"] == "failed":
            counts[f"failed: {self._why_failed(order)}"] += 1
        if self._was_lied_to(order):
            counts["lied to"] += 1
            self.result.lied_to.add(order["destination"])
            self._judge_lied(order, sales)
        else:
            self._judge_plain(order, sales)
        self._judge_callbacks(order)

    def _why_failed(self, order: Mapping[str, Any]) -> str:
        """Say what the last attempt ended by, from what is stored of it."""
        last = max(self._attempts[order["id"]], key=lambda a: a["number"])
        if last["state"] == "unavailable":
            tripped = str(last["message"]).startswith(("supplier: ", "product at this supplier: "))
            return "no supplier was trusted" if tripped else "the supplier was not reached"
        if last["state"] == "delivered":
            return "before a late success"
        if "decided_by_not_found" in self._cases[order["id"]]:
            return "found nowhere, repeatedly"
        return str(last["reason"])

    def _was_lied_to(self, order: Mapping[str, Any]) -> bool:
        """A supplier was to lie, and did: we hold its callback that denies its own book."""
        for attempt in self._attempts[order["id"]]:
            sale = self._books[attempt["supplier"]].get(attempt["reference"])
            if sale is None or not sale.lies(self._faults[attempt["supplier"]]):
                continue
            lie = "rejected" if sale.delivered else "delivered"
            if lie in self._told.news.get(attempt["id"], set()):
                return True
        return False

    def _judge_plain(self, order: Mapping[str, Any], sales: Sequence[Sale]) -> None:
        """Nobody lied: everything must be exactly as the journals have it."""
        delivered = sum(sale.is_delivered for sale in sales)
        if at_once_max(sales) > 1:
            self._wrong("delivered twice", order)
        unheard = False
        if order["state"] != "success" and delivered:
            self._wrong("refunded and delivered", order)
        for attempt in self._attempts[order["id"]]:
            sale = self._books[attempt["supplier"]].get(attempt["reference"])
            is_delivered = sale is not None and sale.is_delivered
            if sale is not None and _is_unheard_reversal(sale, attempt):
                self.result.counts["a reversal that only a statement tells"] += 1
                unheard = True
            elif (attempt["state"] == "delivered") != is_delivered:
                self._wrong("an attempt that is not as its supplier has it", order)
        if order["state"] == "success" and delivered != 1 and not unheard:
            self._wrong("success without delivery", order)
        told_both = any(sale.delivered and sale.state == "reversed" for sale in sales)
        allowed = CASES_WITHOUT_LIE | ({"news_not_confirmed"} if told_both else frozenset())
        if self._cases[order["id"]] - allowed:
            self._wrong("a case without a lie", order)

    def _judge_lied(self, order: Mapping[str, Any], sales: Sequence[Sale]) -> None:
        """What a lie did is documented by a case, wherever it changed something."""
        delivered = sum(sale.is_delivered for sale in sales)
        counts = self.result.counts
        counts["delivered twice after a lie"] += delivered > 1
        if (order["state"] == "success") == (delivered == 1):
            return
        if order["state"] == "reversed" and not self._was_signed(order):
            self._wrong("a success taken back by an unsigned lie", order)
        counts[f"{order['state']} against the truth after a lie"] += 1
        lied = {"late_success", "reversed", "delivered_twice", "reversal_contradicted"}
        if not self._cases[order["id"]] & lied:
            counts["believed at once, as there was nothing to contradict"] += 1

    def _was_signed(self, order: Mapping[str, Any]) -> bool:
        """Whether one of its suppliers signs what it tells, so that a lie is a statement."""
        return any("isikuota" in a["supplier"] for a in self._attempts[order["id"]])

    def _judge_pending(self, order: Mapping[str, Any]) -> None:
        last = max(self._attempts[order["id"]], key=lambda a: a["number"])
        if order["needs_decision_at"] is None or last["sends"] < SENDS_MAX:
            self._wrong("left pending", order)
        self.result.counts["for a person"] += 1

    def _judge_callbacks(self, order: Mapping[str, Any]) -> None:
        own = sorted(self._callbacks[order["id"]], key=lambda c: c["sequence"])
        self.result.counts["callbacks"] += len(own)
        if not own or own[-1]["told"] != order["state"]:
            self._wrong("not called back", order, own)
        elif any(callback["state"] != "delivered" for callback in own):
            self._wrong("a callback that did not arrive", order, own)
        elif _word(order["state"]) not in self._heard.get(order["reference"], set()):
            self._wrong("the reseller did not hear", order, self._heard.get(order["reference"]))


def _is_unheard_reversal(sale: Sale, attempt: Mapping[str, Any]) -> bool:
    """It took a success back without telling: a statement is the only way to learn of it."""
    return sale.state == "reversed" and sale.unheard and attempt["state"] == "delivered"


def _word(state: str) -> str:
    """Say how a client half calls a state: a reversal is told in the form of a failure."""
    return "delivered" if state == "success" else "rejected"


def at_once_max(sales: Sequence[Sale]) -> int:
    """Count how many deliveries of one thing there were at the same time."""
    changes = []
    for sale in sales:
        for begin, *end in sale.delivered:
            changes.append((begin, 1))
            changes.extend((at, -1) for at in end)
    most = now = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most
