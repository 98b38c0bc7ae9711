"""Which route an order takes: a pure function that explains itself.

Every candidate gets a verdict: chosen, or passed over with a code and its facts. The verdicts are
made only when somebody asks for them; what is stored with the attempt is `Choice.explanation`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec
from msgspec.structs import asdict

from gerbang.routing.candidate import Candidate, Wish
from gerbang.routing.explain import Code, Language, explain_text, sentences
from gerbang.routing.route import Route
from gerbang.routing.rules import Obstacle, cost_of, obstacle_to_order, obstacle_to_route

__all__ = ["Candidate", "Choice", "Code", "Verdict", "Wish", "choose"]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Why one candidate was chosen or passed over; `code` and `facts` are for programs."""

    route_id: int
    supplier: str
    code: Code
    sentence: str
    sentence_id: str
    facts: dict[str, int | str]


Finding: TypeAlias = tuple[int, str, Code, tuple[tuple[str, int | str], ...]]
"""Of one candidate: its route, its supplier, the code and its facts."""


class Choice(msgspec.Struct, frozen=True):
    """The chosen candidate, if any, and what stands against the others."""

    best: Candidate | None
    candidates: Sequence[Candidate]
    obstacles: Sequence[Obstacle | None]
    wish: Wish

    @property
    def route(self) -> Route | None:
        """The chosen route, or None."""
        return self.best.route if self.best is not None else None

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """One verdict for each candidate, in their order."""
        return tuple(_verdict(finding) for finding in self._findings())

    def _findings(self) -> tuple[Finding, ...]:
        pairs = zip(self.candidates, self.obstacles, strict=True)
        return tuple([_finding(self, candidate, obstacle) for candidate, obstacle in pairs])

    def explanation(self) -> dict[str, Any]:
        """Give what is stored with the attempt; not to be changed, for equal choices share it."""
        route = self.route
        return _explanation(route.id if route is not None else None, self._findings())

    def text(self, language: Language = "en") -> str:
        """Write the choice for people."""
        return explain_text(self.explanation(), language)


def choose(candidates: Sequence[Candidate], wish: Wish, *, roll: Callable[[], float]) -> Choice:
    """Choose by priority (the lowest number first), then cost, then by weight among equals.

    `roll` gives a number from 0 up to 1; it is asked only where weights decide. The same arguments
    and the same roll give the same choice, in whatever order the candidates come. When all that
    could deliver are busy, the best of them is chosen, and the order waits its turn there.
    """
    stop = obstacle_to_order(wish)
    if stop is not None:
        return Choice(None, candidates, [stop] * len(candidates), wish)
    obstacles = [obstacle_to_route(candidate, wish) for candidate in candidates]
    pairs = zip(candidates, obstacles, strict=True)
    fit = [c for c, obstacle in pairs if obstacle is None] or _only_busy(candidates, obstacles)
    return Choice(_best(fit, roll), candidates, obstacles, wish)


def _only_busy(
    candidates: Sequence[Candidate], obstacles: Sequence[Obstacle | None]
) -> list[Candidate]:
    pairs = zip(candidates, obstacles, strict=True)
    return [c for c, obstacle in pairs if obstacle is not None and obstacle[0] is Code.BUSY]


def _best(fit: Sequence[Candidate], roll: Callable[[], float]) -> Candidate | None:
    if len(fit) <= 1:
        return fit[0] if fit else None
    rank = min(map(_rank, fit))
    equals = [c for c in fit if _rank(c) == rank]
    return equals[0] if len(equals) == 1 else _draw(equals, roll())


def _rank(c: Candidate) -> tuple[int, int]:
    return c.route.priority, c.route.cost


def _draw(equals: Sequence[Candidate], rolled: float) -> Candidate:
    """Draw by weight; sorted, so that the order of the rows in memory decides nothing."""
    ordered = sorted(equals, key=lambda c: c.route.id)
    point = rolled * sum(c.route.weight for c in ordered)
    for candidate in ordered:
        point -= candidate.route.weight
        if point < 0:
            return candidate
    return ordered[-1]


def _finding(choice: Choice, c: Candidate, obstacle: Obstacle | None) -> Finding:
    code, facts = obstacle or _finding_of_fit(choice, c)
    if c is choice.best and code is Code.BUSY:
        code = Code.CHOSEN_TO_WAIT
    return c.route.id, c.supplier_code, code, tuple(facts.items())


def _verdict(finding: Finding) -> Verdict:
    route_id, supplier, code, facts = finding
    english, indonesian = sentences(code, facts)
    return Verdict(
        route_id=route_id,
        supplier=supplier,
        code=code,
        sentence=english,
        sentence_id=indonesian,
        facts=dict(facts),
    )


@lru_cache(maxsize=1024)
def _explanation(route_id: int | None, findings: tuple[Finding, ...]) -> dict[str, Any]:
    """Most orders of a product are routed alike: their explanation is made once."""
    return {
        "route_id": route_id,
        "verdicts": [asdict(_verdict(finding)) for finding in findings],
    }


def _finding_of_fit(choice: Choice, c: Candidate) -> Obstacle:
    """Say of a candidate that nothing stood against whether and why it was not the best."""
    best = choice.best
    if best is None or c is best:
        probing = c.health is not None and c.health.probing
        code = Code.CHOSEN_AS_PROBE if probing else Code.CHOSEN
        return code, {"priority": c.route.priority, "cost": cost_of(c, choice.wish)}
    if c.route.priority != best.route.priority:
        facts = {"priority": c.route.priority, "best": best.route.priority}
        return Code.LATER_PRIORITY, facts
    if c.route.cost != best.route.cost:
        costs = {"cost": cost_of(c, choice.wish), "best": cost_of(best, choice.wish)}
        return Code.DEARER, costs
    weights = sum(
        other.route.weight
        for other, obstacle in zip(choice.candidates, choice.obstacles, strict=True)
        if obstacle is None and _rank(other) == _rank(best)
    )
    return Code.LOST_DRAW, {"weight": c.route.weight, "weights": weights}
