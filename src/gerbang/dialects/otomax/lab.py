"""The parsing laboratory: what every rule reads in a text, and what a change would break; pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gerbang.dialects.otomax.outcomes import Whose, ask_outcome, buy_outcome, whose
from gerbang.dialects.otomax.rule import CompiledRule, ReadAs
from gerbang.dialects.otomax.rules import Reading, open_text, read_text
from gerbang.dialects.supplier_contract import SupplierOrder
from gerbang.orders.outcome import Outcome, StatusOutcome
from gerbang.orders.reasons import Reason


class RuleMatch(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule makes of a text; `groups` are the parts it names."""

    rule: str
    matched: bool
    wins: bool
    outcome: ReadAs
    groups: dict[str, str] = {}
    start: int = 0
    end: int = 0


class LabReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the laboratory shows of a text.

    `text` is the line that rules see; `whose` and the outcomes are given for an order.
    """

    text: str
    reading: Reading
    matches: Sequence[RuleMatch]
    whose: Whose | None = None
    as_buy: Outcome | None = None
    as_ask: StatusOutcome | None = None


def explain(
    text: str,
    rules: Sequence[CompiledRule],
    *,
    status: int | None = None,
    order: SupplierOrder | None = None,
) -> LabReport:
    """Say what each rule reads in a text, which one wins, and what comes of it."""
    reading = read_text(text, rules, status=status)
    line, _ = open_text(text)
    report = LabReport(text=line, reading=reading, matches=_matches(line, rules, reading.rule))
    if order is None:
        return report
    return msgspec.structs.replace(
        report,
        whose=whose(reading, text, order),
        as_buy=buy_outcome(reading, text, order),
        as_ask=ask_outcome(reading, text, order, by_number=False),
    )


def _matches(line: str, rules: Sequence[CompiledRule], winner: str) -> list[RuleMatch]:
    return [_match(one, line, wins=one.rule.name == winner) for one in rules]


def _match(compiled: CompiledRule, line: str, *, wins: bool) -> RuleMatch:
    rule, match = compiled.rule, compiled.regex.search(line)
    if match is None:
        return RuleMatch(rule=rule.name, matched=False, wins=False, outcome=rule.outcome)
    return RuleMatch(
        rule=rule.name,
        matched=True,
        wins=wins,
        outcome=rule.outcome,
        groups={name: value for name, value in match.groupdict().items() if value is not None},
        start=match.start(),
        end=match.end(),
    )


# --- regression cases -------------------------------------------------------------------------


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A real text and what it must be read as; members left out are not compared."""

    name: str
    text: str
    outcome: ReadAs
    status: int | None = None
    reason: Reason | None = None
    refid: str | None = None
    trxid: str | None = None
    kode: str | None = None
    tujuan: str | None = None
    sn: str | None = None
    harga: int | None = None
    saldo: int | None = None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that new rules read otherwise than a case says."""

    case: str
    what: str
    expected: str
    got: str
    rule: str


_COMPARED = ("reason", "refid", "trxid", "kode", "tujuan", "sn", "harga", "saldo")


def check_rules(rules: Sequence[CompiledRule], cases: Sequence[Case]) -> list[Difference]:
    """Run all cases through new rules; an empty list means nothing is read otherwise."""
    return [difference for case in cases for difference in _differences(rules, case)]


def make_case(name: str, text: str, rules: Sequence[CompiledRule]) -> Case:
    """Write down what rules read today, as a case for tomorrow."""
    reading = read_text(text, rules)
    said = {what: getattr(reading, what) or None for what in _COMPARED}
    return Case(name=name, text=text, outcome=reading.outcome, **said)


def _differences(rules: Sequence[CompiledRule], case: Case) -> list[Difference]:
    reading = read_text(case.text, rules, status=case.status)
    expected = {"outcome": case.outcome} | {
        what: wanted for what in _COMPARED if (wanted := getattr(case, what)) is not None
    }
    return [
        Difference(case=case.name, what=what, expected=str(wanted), got=str(got), rule=reading.rule)
        for what, wanted in expected.items()
        if (got := getattr(reading, what)) != wanted
    ]
