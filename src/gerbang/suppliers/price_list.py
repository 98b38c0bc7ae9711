"""A supplier's price list against our routes: what is new, gone, dearer, closed. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

JUMP_BASIS_POINTS_DEFAULT: Final = 2_000
GONE_BASIS_POINTS_DEFAULT: Final = 2_000
GONE_ALWAYS_TAKEN: Final = 3
"""So few routes may always go; more only below their share."""
OURS: Final = "price list: "
"""Begins the reason of a route that a price list closed; only such a one does it open again."""
_WHOLE: Final = 10_000


class PriceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One product of the supplier; `cost` None where the list does not say it."""

    code: str
    name: str = ""
    cost: int | None = None
    open: bool = True


class KnownRoute(msgspec.Struct, frozen=True, kw_only=True):
    """A route of ours to this supplier."""

    id: int
    product: str
    code: str
    cost: int
    enabled: bool
    disabled_reason: str


class DifferenceKind(StrEnum):
    """How a line differs from our routes."""

    NEW = "new"
    GONE = "gone"
    COST_CHANGED = "cost_changed"
    CLOSED = "closed"
    REOPENED = "reopened"


class PriceDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference; `quarantined` says why it is not applied unless a person accepts it."""

    kind: DifferenceKind
    code: str
    name: str = ""
    product: str = ""
    route_id: int | None = None
    before: int | None = None
    after: int | None = None
    quarantined: str = ""


class SyncRules(msgspec.Struct, frozen=True, kw_only=True):
    """What is suspicious, in hundredths of a percent."""

    jump_basis_points_max: int = JUMP_BASIS_POINTS_DEFAULT
    gone_basis_points_max: int = GONE_BASIS_POINTS_DEFAULT


class PriceRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a product's base price follows its cheapest cost; rupiah."""

    amount: int = 0
    basis_points: int = 0
    round_up_to: int = 1

    def price(self, cost: int) -> int:
        """Give the base price for a cost; the database computes the same."""
        raised = cost + self.amount + -(-cost * self.basis_points // _WHOLE)
        return -(-raised // self.round_up_to) * self.round_up_to


def compare_prices(
    routes: Sequence[KnownRoute],
    lines: Iterable[PriceLine],
    rules: SyncRules,
    *,
    complete: bool,
    accepted: Collection[str] = (),
) -> list[PriceDifference]:
    """Find every difference, by code.

    Only a `complete` list says that something is gone. Codes in `accepted` are not quarantined.
    """
    known: dict[str, list[KnownRoute]] = {}
    for route in routes:
        known.setdefault(route.code, []).append(route)
    listed = {line.code: line for line in lines}
    found: list[PriceDifference] = []
    for code, line in listed.items():
        if code not in known:
            found.append(
                PriceDifference(kind=DifferenceKind.NEW, code=code, name=line.name, after=line.cost)
            )
        for route in known.get(code, ()):
            found.extend(_differences(route, line, rules, accepted=code in accepted))
    if complete:
        gone = [r for r in routes if r.code not in listed and r.enabled]
        found.extend(_gone(gone, sum(r.enabled for r in routes), rules, accepted))
    return sorted(found, key=lambda d: (d.code, d.product, d.kind))


def _differences(
    route: KnownRoute, line: PriceLine, rules: SyncRules, *, accepted: bool
) -> Iterable[PriceDifference]:
    if line.cost is not None and line.cost != route.cost:
        why = "" if accepted else _jump(route.cost, line.cost, rules)
        yield _difference(
            DifferenceKind.COST_CHANGED, route, line, after=line.cost, quarantined=why
        )
    if route.enabled and not line.open:
        yield _difference(DifferenceKind.CLOSED, route, line)
    if line.open and not route.enabled and route.disabled_reason.startswith(OURS):
        yield _difference(DifferenceKind.REOPENED, route, line)


def _difference(
    kind: DifferenceKind,
    route: KnownRoute,
    line: PriceLine,
    *,
    after: int | None = None,
    quarantined: str = "",
) -> PriceDifference:
    return PriceDifference(
        kind=kind,
        code=route.code,
        name=line.name,
        product=route.product,
        route_id=route.id,
        before=route.cost,
        after=after,
        quarantined=quarantined,
    )


def _jump(before: int, after: int, rules: SyncRules) -> str:
    """Say why a change of cost is suspicious, or nothing."""
    if after == 0:
        return "a cost of nothing"
    if abs(after - before) * _WHOLE > before * rules.jump_basis_points_max:
        return f"a jump of more than {rules.jump_basis_points_max} basis points"
    return ""


def _gone(
    gone: Sequence[KnownRoute], enabled: int, rules: SyncRules, accepted: Collection[str]
) -> Iterable[PriceDifference]:
    too_many = (
        len(gone) > GONE_ALWAYS_TAKEN and len(gone) * _WHOLE > enabled * rules.gone_basis_points_max
    )
    why = f"{len(gone)} of {enabled} routes are gone at once" if too_many else ""
    for route in gone:
        yield PriceDifference(
            kind=DifferenceKind.GONE,
            code=route.code,
            product=route.product,
            route_id=route.id,
            before=route.cost,
            quarantined="" if route.code in accepted else why,
        )
