"""Who is to blame for an outcome, and the circuits of all suppliers and products of a node; pure.

A node watches with its own eyes: what it sent and what came of it. What it concludes is shared by
desk.py: all nodes take over the circuits that one of them opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from gerbang.orders.outcome import (
    Accepted,
    Delivered,
    NotFound,
    Outcome,
    Rejected,
    StatusOutcome,
    Unavailable,
    Unknown,
)
from gerbang.orders.reasons import Reason
from gerbang.routing.health import (
    FRESH,
    Circuit,
    CircuitState,
    HealthSettings,
    Signal,
    judge,
    may_be_asked,
    note_answer,
    note_choice,
    note_outcome,
    note_probe,
    note_silence,
)
from gerbang.routing.standing import HEALTHY, Language, Standing, Subject, trouble_text
from gerbang.routing.terms import PRODUCT_HEALTH, SUPPLIER_HEALTH, HealthTerms

CIRCUITS_MAX: Final = 50_000
"""How many circuits a node keeps; beyond it the oldest closed one is forgotten."""

Key = tuple[int, int]
"""Supplier id and product id; product 0 is the supplier itself."""


class Blame(StrEnum):
    """Whose doing a rejection is."""

    ORDER = "order"
    """The destination's, the reseller's or the bill's: supplier and product work."""
    PRODUCT = "product"
    SUPPLIER = "supplier"


_PRODUCT_REASONS: Final = frozenset(
    {
        Reason.PRODUCT_NOT_FOUND,
        Reason.PRODUCT_NOT_IN_GROUP,
        Reason.PRODUCT_CLOSED,
        Reason.PRODUCT_DISTURBED,
        Reason.PRODUCT_WRONG_KIND,
        Reason.PRICE_NOT_SET,
        Reason.PRICE_ABOVE_LIMIT,
        Reason.OUT_OF_STOCK,
        Reason.CUT_OFF,
        Reason.NO_ROUTE,
        Reason.BILLER_FAILED,
        Reason.BILLER_UNREACHABLE,
        Reason.PROVIDER_LIMIT,
    }
)
_SUPPLIER_REASONS: Final = frozenset(
    {
        Reason.SUPPLIER_REFUSED_US,
        Reason.MAINTENANCE,
        Reason.UNKNOWN_CREDENTIAL,
        Reason.INVALID_SIGNATURE,
        Reason.WRONG_PIN,
        Reason.WRONG_PASSWORD,
        Reason.TIMESTAMP_EXPIRED,
        Reason.ADDRESS_NOT_ALLOWED,
        Reason.RESELLER_SUSPENDED,
        Reason.DIALECT_NOT_ENABLED,
        Reason.NOT_LIVE,
        Reason.RATE_LIMITED,
        Reason.DAILY_LIMIT_REACHED,
        Reason.INSUFFICIENT_BALANCE,
    }
)


def blame_of(reason: Reason) -> Blame:
    """Say whose doing a rejection is; what is listed nowhere is the order's own."""
    if reason in _PRODUCT_REASONS:
        return Blame.PRODUCT
    return Blame.SUPPLIER if reason in _SUPPLIER_REASONS else Blame.ORDER


_SIGNALS_OF_BLAME: Final[Mapping[Blame, tuple[Signal, Signal]]] = MappingProxyType(
    {
        Blame.ORDER: (Signal.GOOD, Signal.NOTHING),
        Blame.PRODUCT: (Signal.NOTHING, Signal.BAD),
        Blame.SUPPLIER: (Signal.BAD, Signal.NOTHING),
    }
)


def signals_of(outcome: Outcome | StatusOutcome) -> tuple[Signal, Signal]:
    """Say what an outcome tells of the supplier and of its product."""
    match outcome:
        case Delivered():
            return Signal.GOOD, Signal.GOOD
        case Accepted():
            return Signal.WAITING, Signal.WAITING
        case Rejected():
            return _SIGNALS_OF_BLAME[blame_of(outcome.reason)]
        case Unavailable() | Unknown():
            return Signal.BAD, Signal.NOTHING
        case NotFound():
            return Signal.NOTHING, Signal.NOTHING


class HealthChange(msgspec.Struct, frozen=True, kw_only=True):
    """A circuit changed its state: for the log, the audit and the operator."""

    supplier_id: int
    product_id: int | None
    before: CircuitState
    after: CircuitState
    circuit: Circuit

    def sentence(self, language: Language = "en") -> str:
        """Say why."""
        return trouble_text(self.circuit.trouble, self.circuit.facts, language)


class Watch:
    """Every circuit of a node."""

    def __init__(
        self,
        settings: HealthSettings = SUPPLIER_HEALTH,
        product_settings: HealthSettings = PRODUCT_HEALTH,
        *,
        terms_of: Callable[[int], HealthTerms] | None = None,
    ) -> None:
        """Judge all suppliers and products alike, or each supplier by terms of its own."""
        alike = HealthTerms(supplier=settings, product=product_settings)
        self._terms_of = terms_of or (lambda _supplier_id: alike)
        self._circuits: dict[Key, Circuit] = {}
        self._tripped: set[Key] = set()

    def standing(
        self, supplier_id: int, product_id: int, at: datetime, *, has_place: bool = False
    ) -> Standing:
        """Say whether an order of this product may go to this supplier now.

        A product is tried again when its time has come; a supplier only once it answered. An order
        that was chosen as a probe has a place, which it need not share with itself.
        """
        if not self._tripped or not self._terms_of(supplier_id).watched:
            return HEALTHY
        own = self._judge((supplier_id, 0), at, has_place=has_place)
        if not own.usable:
            return own
        of_product = self._judge((supplier_id, product_id), at, has_place=has_place)
        return own if of_product is HEALTHY else of_product

    def note_choice(self, *, supplier_id: int, product_id: int, at: datetime) -> list[HealthChange]:
        """Hear that an order was chosen as a probe and is about to be written."""
        changes = []
        for key in ((supplier_id, 0), (supplier_id, product_id)):
            if key in self._tripped:
                changes += self._keep(key, note_choice(self._woken(key, at), at))
        return changes

    def note_sent(
        self, *, supplier_id: int, product_id: int, attempt_id: int, at: datetime
    ) -> list[HealthChange]:
        """Hear that an order is about to be sent; counts it where the circuit is half-open."""
        if not self._tripped:
            return []
        changes = []
        for key in ((supplier_id, 0), (supplier_id, product_id)):
            circuit = self._woken(key, at)
            changes += self._keep(
                key, note_probe(circuit, attempt_id, at, settings=self._settings_of(key))
            )
        return changes

    def note_outcome(
        self,
        outcome: Outcome | StatusOutcome,
        *,
        supplier_id: int,
        product_id: int,
        attempt_id: int,
        latency_ms: int | None,
        at: datetime,
    ) -> list[HealthChange]:
        """Take in one outcome; gives the changes of state it caused.

        `latency_ms` is None where nothing was waited for (a callback). A slow answer counts
        against the supplier alone.
        """
        changes: list[HealthChange] = []
        if not self._terms_of(supplier_id).watched:
            return changes
        signals = signals_of(outcome)
        for key, signal, latency in (
            ((supplier_id, 0), signals[0], latency_ms),
            ((supplier_id, product_id), signals[1], None),
        ):
            circuit = note_outcome(
                self._circuits.get(key, FRESH),
                signal,
                attempt_id=attempt_id,
                latency_ms=latency,
                at=at,
                settings=self._settings_of(key),
            )
            changes += self._keep(key, circuit)
        return changes

    def note_question(
        self, supplier_id: int, at: datetime, *, answered: bool
    ) -> list[HealthChange]:
        """Hear what became of a balance or status question."""
        key = (supplier_id, 0)
        note = note_answer if answered else note_silence
        circuit = self._circuits.get(key, FRESH)
        return self._keep(key, note(circuit, at, settings=self._settings_of(key)))

    # --- what other nodes concluded -------------------------------------------------------------

    def circuit(self, key: Key) -> Circuit:
        """Give a circuit as it stands, for sharing."""
        return self._circuits.get(key, FRESH)

    def adopt(self, key: Key, circuit: Circuit) -> None:
        """Take over a circuit that another node changed; our own probes stay under way."""
        own = self._circuits.get(key, FRESH)
        if own.state is CircuitState.HALF_OPEN and circuit.state is CircuitState.HALF_OPEN:
            circuit = replace(
                circuit, probes=own.probes, probes_good=own.probes_good, reserved=own.reserved
            )
        self._keep(key, circuit)

    def tripped(self) -> list[Key]:
        """Name what is not trusted now, or only with probes."""
        return sorted(self._tripped)

    def open_circuits(self, at: datetime) -> list[tuple[int, int | None, Standing]]:
        """List what is not trusted: supplier id, product id or None, and why."""
        return [(key[0], key[1] or None, self._judge(key, at)) for key in sorted(self._tripped)]

    def _judge(self, key: Key, at: datetime, *, has_place: bool = False) -> Standing:
        if key not in self._tripped:
            return HEALTHY
        subject: Subject = "product" if key[1] else "supplier"
        circuit = self._woken(key, at)
        settings = self._settings_of(key)
        return judge(circuit, at, subject=subject, settings=settings, has_place=has_place)

    def _woken(self, key: Key, at: datetime) -> Circuit:
        """Give a circuit; a product's is half-open when its time has come, without a question."""
        circuit = self._circuits.get(key, FRESH)
        if key[1] and may_be_asked(circuit, at):
            return note_answer(circuit, at, settings=self._settings_of(key))
        return circuit

    def _settings_of(self, key: Key) -> HealthSettings:
        terms = self._terms_of(key[0])
        return terms.product if key[1] else terms.supplier

    def _keep(self, key: Key, circuit: Circuit) -> list[HealthChange]:
        before = self._circuits.get(key, FRESH)
        if circuit is before:
            return []
        self._circuits[key] = circuit
        if circuit.state is before.state:
            self._forget_one()
            return []
        (self._tripped.discard if circuit.state is CircuitState.CLOSED else self._tripped.add)(key)
        change = HealthChange(
            supplier_id=key[0],
            product_id=key[1] or None,
            before=before.state,
            after=circuit.state,
            circuit=circuit,
        )
        return [change]

    def _forget_one(self) -> None:
        if len(self._circuits) <= CIRCUITS_MAX:
            return
        oldest = next((key for key in self._circuits if key not in self._tripped), None)
        if oldest is not None:
            del self._circuits[oldest]
