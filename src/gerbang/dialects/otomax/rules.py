"""Named parsing rules: what a supplier's text says, found by the first rule that matches; pure.

Rules only ever narrow: a text that no rule knows is unknown, never a failure, and a failure that
speaks of a timeout or a duplicate is unknown too (sheet §7, §12).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from gerbang.dialects.otomax.builtin_rules import BUILTIN, REASON_WORDS
from gerbang.dialects.otomax.facts import Facts, read_amount, read_facts
from gerbang.dialects.otomax.regex_cost import FLAGS
from gerbang.dialects.otomax.rule import (
    TEXT_CHARS_MAX,
    About,
    CompiledRule,
    ReadAs,
    Rule,
    RuleError,
    compile_rule,
)
from gerbang.dialects.otomax.spec import StatusClass, status_class, status_reason
from gerbang.orders.reasons import Reason

RULES_MAX: Final = 100
RULE_SETS_CACHED_MAX: Final = 256

DEFAULT_RULES: Final = tuple(rule for rules in BUILTIN.values() for rule in rules)
"""Every built-in rule, the particular wordings before the general words."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a text says. `previous` tells that it spoke of an earlier request."""

    rule: str
    outcome: ReadAs
    about: About = About.ORDER
    previous: bool = False
    reason: Reason | None = None
    refid: str = ""
    trxid: str = ""
    kode: str = ""
    tujuan: str = ""
    sn: str = ""
    harga: int | None = None
    saldo: int | None = None
    keterangan: str = ""


# --- a supplier's rules -----------------------------------------------------------------------


def check_rule_settings(value: object) -> list[str]:
    """Name everything wrong with a supplier's `reply_rules`; empty means it may be saved."""
    try:
        return _load(msgspec.json.encode(value))[1]
    except (TypeError, ValueError) as error:
        return [str(error)]


def load_rules(settings: Mapping[str, Any]) -> tuple[CompiledRule, ...]:
    """Give a supplier's rules in order; none at all where one of them is wrong.

    With no rules every text is unknown, which is safe; the wrong rule was named when it was saved.
    """
    value = settings.get("reply_rules")
    if value is None:
        return DEFAULT_RULES
    try:
        rules, problems = _load(msgspec.json.encode(value))
    except (TypeError, ValueError):
        return ()
    return () if problems else rules


@lru_cache(maxsize=RULE_SETS_CACHED_MAX)
def _load(encoded: bytes) -> tuple[tuple[CompiledRule, ...], list[str]]:
    try:
        entries = msgspec.json.decode(encoded, type=list[str | Rule])
    except msgspec.ValidationError as error:
        return (), [str(error)]
    rules: list[CompiledRule] = []
    problems = ["there is no rule at all"] if not entries else []
    for entry in entries[:RULES_MAX]:
        try:
            rules += _builtin(entry) if isinstance(entry, str) else (compile_rule(entry),)
        except RuleError as error:
            problems.append(str(error))
    if len(entries) > RULES_MAX:
        problems.append(f"more than {RULES_MAX} rules")
    return tuple(rules), problems + _same_names(rules)


def _builtin(name: str) -> Sequence[CompiledRule]:
    if name not in BUILTIN:
        raise RuleError(f"unknown set {name!r}; one of {', '.join(BUILTIN)}")
    return BUILTIN[name]


def _same_names(rules: Sequence[CompiledRule]) -> list[str]:
    names = [one.rule.name for one in rules]
    return [f"two rules are called {name!r}" for name in sorted({*names}) if names.count(name) > 1]


# --- reading a text ---------------------------------------------------------------------------

_STATUS_BODY: Final = re.compile(r"\Astatus=(\d{1,3})&message=", FLAGS)
_DOUBT: Final = re.compile(
    r"time ?out|\bdobel\b|\bdouble\b|\bduplikat|\bduplicate|\bref ?id (?:sudah|not unique)", FLAGS
)
"""A failure with these words may have happened after all (§7: 46 and 55)."""

_NO_ORDER: Final = re.compile(r"\btidak ada transaksi\b", FLAGS)
_LOGIN_WORDS: Final = re.compile(r"\b(?:(?:pin|password) salah|invalid signature)\b", FLAGS)

_INNER: Final = (
    (re.compile(r"gagal|batal|failed", FLAGS), ReadAs.FAILED),
    (re.compile(r"menunggu|proses|pending", FLAGS), ReadAs.PENDING),
    (re.compile(r"sukses|berhasil|success", FLAGS), ReadAs.SUCCESS),
)

_NUMBER_READS: Final[Mapping[StatusClass, ReadAs]] = {
    StatusClass.PENDING: ReadAs.PENDING,
    StatusClass.SUCCESS: ReadAs.SUCCESS,
    StatusClass.SUCCESS_IF_SAID: ReadAs.UNKNOWN,
    StatusClass.FAILED: ReadAs.FAILED,
    StatusClass.UNKNOWN: ReadAs.UNKNOWN,
}


def clean_text(text: str) -> str:
    """Make one line of a reply: several lines and tabs are spaces."""
    return " ".join(text.split())


def read_text(text: str, rules: Sequence[CompiledRule], *, status: int | None = None) -> Reading:
    """Say what a text means; `status` is the number that came beside it, if one did.

    Where number and words disagree nothing is believed (§8).
    """
    if len(text) > TEXT_CHARS_MAX:
        return Reading(rule="", outcome=ReadAs.UNKNOWN, keterangan="the text is too long")
    line, inside = open_text(text)
    reading = _first(line, rules)
    number = inside if status is None else status
    return reading if number is None else _with_status(reading, number, line=line)


def open_text(text: str) -> tuple[str, int | None]:
    """Give the line that rules see, and the number of a body like ``status=1&message=...``."""
    line = clean_text(text[:TEXT_CHARS_MAX])
    match = _STATUS_BODY.match(line)
    return (line[match.end() :], int(match[1])) if match else (line, None)


def _first(line: str, rules: Sequence[CompiledRule]) -> Reading:
    for compiled in rules:
        if match := compiled.regex.search(line):
            return _reading(compiled.rule, match, line)
    facts = read_facts(line)
    return Reading(
        rule="", outcome=ReadAs.UNKNOWN, refid=facts.refid, trxid=facts.trxid, sn=facts.sn
    )


def _reading(rule: Rule, match: re.Match[str], line: str) -> Reading:
    groups = {name: value.strip() for name, value in match.groupdict("").items()}
    facts = read_facts(line)
    outcome = _outcome(rule, groups, line)
    keterangan = groups.get("keterangan", "").strip(" .") or facts.keterangan
    return Reading(
        rule=rule.name,
        outcome=outcome,
        about=About.REQUEST if _is_login_error(rule, groups, line) else rule.about,
        previous=rule.outcome is ReadAs.PREVIOUS,
        reason=_reason(rule, keterangan or line) if outcome is ReadAs.FAILED else None,
        refid=groups.get("refid") or facts.refid,
        trxid=groups.get("trxid") or facts.trxid,
        kode=groups.get("kode") or groups.get("kodeproduk", ""),
        tujuan=groups.get("tujuan", ""),
        sn=_serial_number(groups, facts, outcome),
        harga=_amount(groups, ("harga", "hargabeli"), facts.harga),
        saldo=_amount(groups, ("saldo",), facts.saldo),
        keterangan=keterangan,
    )


def _is_login_error(rule: Rule, groups: Mapping[str, str], line: str) -> bool:
    """A login error in an order's clothes, ``R#0 ... GAGAL. Pin Salah``, is about no order."""
    return rule.outcome is ReadAs.FAILED and (
        groups.get("refid") == "0" or _LOGIN_WORDS.search(line) is not None
    )


def _outcome(rule: Rule, groups: Mapping[str, str], line: str) -> ReadAs:
    outcome = rule.outcome
    if outcome is ReadAs.PREVIOUS:
        word = groups.get("status", "")
        outcome = next((one for regex, one in _INNER if regex.search(word)), ReadAs.UNKNOWN)
    if outcome is ReadAs.FAILED and _NO_ORDER.search(line):
        return ReadAs.NOT_FOUND
    doubtful = outcome is ReadAs.FAILED and rule.about is About.ORDER and not rule.certain
    return ReadAs.UNKNOWN if doubtful and _DOUBT.search(line) else outcome


def _serial_number(groups: Mapping[str, str], facts: Facts, outcome: ReadAs) -> str:
    if outcome is not ReadAs.SUCCESS:
        return ""
    return groups["sn"].rstrip(".").strip() if groups.get("sn") else facts.sn


def _amount(groups: Mapping[str, str], names: Sequence[str], otherwise: int | None) -> int | None:
    said = next((groups[name] for name in names if groups.get(name)), "")
    return read_amount(said) if said else otherwise


def _reason(rule: Rule, words: str) -> Reason:
    low = words.lower()
    for table in (rule.reasons, REASON_WORDS if rule.reason is None else {}):
        for word, reason in table.items():
            if word.lower() in low:
                return reason
    return rule.reason or Reason.BILLER_FAILED


def _with_status(reading: Reading, status: int, *, line: str) -> Reading:
    """Combine the words with a status number: agreeing, or the number where the words are none."""
    kind = status_class(status)
    if kind is StatusClass.SUCCESS_IF_SAID and reading.outcome is ReadAs.SUCCESS:
        return reading
    number = _NUMBER_READS[kind]
    if reading.rule:
        agreed = reading.outcome is number
        return reading if agreed else msgspec.structs.replace(reading, outcome=ReadAs.UNKNOWN)
    if number is ReadAs.FAILED and _DOUBT.search(line):
        number = ReadAs.UNKNOWN
    reason = status_reason(status) if number is ReadAs.FAILED else None
    return msgspec.structs.replace(reading, rule=f"status={status}", outcome=number, reason=reason)
