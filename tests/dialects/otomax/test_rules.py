"""Every text of the catalogue is read as what it says, and rules cannot do harm."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gerbang.dialects import otomax
from gerbang.dialects.otomax.builtin_rules import BUILTIN
from gerbang.dialects.otomax.lab import Case, check_rules
from gerbang.dialects.otomax.regex_cost import FLAGS, PatternError, steps_max
from gerbang.dialects.otomax.rule import (
    STEPS_MAX,
    TEXT_CHARS_MAX,
    About,
    ReadAs,
    Rule,
    RuleError,
    compile_rule,
)
from gerbang.dialects.otomax.rules import (
    DEFAULT_RULES,
    check_rule_settings,
    load_rules,
    read_text,
)
from gerbang.orders.reasons import Reason

SAMPLES = Path(otomax.__file__).parent / "samples"
TEXTS: list[dict[str, Any]] = json.loads((SAMPLES / "texts.json").read_text())


def test_samples_have_names_of_their_own() -> None:
    names = [one["name"] for one in TEXTS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("sample", TEXTS, ids=lambda one: one["name"])
def test_a_text_of_the_catalogue_is_read_as_what_it_says(sample: dict[str, Any]) -> None:
    members = {name: value for name, value in sample.items() if name != "rule"}
    case = msgspec.convert(members, Case)
    assert check_rules(DEFAULT_RULES, [case]) == []
    assert read_text(case.text, DEFAULT_RULES).rule == sample["rule"]


@pytest.mark.parametrize("sample", TEXTS, ids=lambda one: one["name"])
def test_the_general_words_alone_never_contradict_a_particular_shape(
    sample: dict[str, Any],
) -> None:
    reading = read_text(sample["text"], BUILTIN["builtin:generic"])
    # Words alone may be too careful, never bolder.
    assert reading.outcome in (sample["outcome"], ReadAs.UNKNOWN, ReadAs.PENDING)


@pytest.mark.parametrize("sample", TEXTS, ids=lambda one: one["name"])
def test_small_and_capital_letters_are_the_same(sample: dict[str, Any]) -> None:
    assert read_text(sample["text"].upper(), DEFAULT_RULES).outcome == sample["outcome"]


def test_every_login_error_speaks_of_the_request() -> None:
    for text in ("Too short", "Pin Salah", "R#0 T1.0896 GAGAL. Pin Salah", "IP tidak sesuai @1"):
        assert read_text(text, DEFAULT_RULES).about is About.REQUEST


# --- what no rule knows ---------------------------------------------------------------------------


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error(text: str) -> None:
    reading = read_text(text, DEFAULT_RULES)
    assert reading.rule or reading.outcome is ReadAs.UNKNOWN


def test_a_text_over_four_kilobytes_is_unknown() -> None:
    text = "T#1 R#2 S5.081234567890 GAGAL. Nomor salah." + "." * TEXT_CHARS_MAX
    assert read_text(text, DEFAULT_RULES).outcome is ReadAs.UNKNOWN


def test_no_rules_at_all_read_everything_as_unknown() -> None:
    assert read_text("R#1 S5.0812 GAGAL.", ()).outcome is ReadAs.UNKNOWN


@pytest.mark.parametrize(
    "word", ["timeout", "time out", "Dobel", "duplikat", "refID sudah dipakai"]
)
def test_a_failure_that_may_have_happened_is_unknown(word: str) -> None:
    text = f"T#1 R#2 S5.081234567890 GAGAL. {word}. Saldo 1.000"
    assert read_text(text, DEFAULT_RULES).outcome is ReadAs.UNKNOWN


def test_a_custom_rule_cannot_turn_a_timeout_into_a_failure() -> None:
    rules = load_rules(
        {"reply_rules": [{"name": "own", "pattern": r"\ARUGI (?P<refid>\d+)", "outcome": "failed"}]}
    )
    assert read_text("RUGI 12", rules).outcome is ReadAs.FAILED
    assert read_text("RUGI 12 timeout", rules).outcome is ReadAs.UNKNOWN


# --- a number beside the words --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "text", "outcome"),
    [
        (20, "R#1 S5.0812345 SUKSES. SN: 1.", ReadAs.SUCCESS),
        (20, "", ReadAs.SUCCESS),
        (20, "TRANSAKSI LANCAR T", ReadAs.SUCCESS),
        (20, "R#1 S5.0812345 GAGAL. .", ReadAs.UNKNOWN),
        (20, "R#1 S5.0812345 akan diproses.", ReadAs.UNKNOWN),
        (21, "R#1 S5.0812345 SUKSES. SN: 1.", ReadAs.SUCCESS),
        (21, "", ReadAs.UNKNOWN),
        (22, "R#1 S5.0812345 akan diproses.", ReadAs.UNKNOWN),
        (40, "", ReadAs.FAILED),
        (40, "R#1 S5.0812345 GAGAL. .", ReadAs.FAILED),
        (40, "R#1 S5.0812345 SUKSES. SN: 1.", ReadAs.UNKNOWN),
        (40, "karena timeout", ReadAs.UNKNOWN),
        (52, "", ReadAs.FAILED),
        (46, "R#1 S5.0812345 GAGAL. .", ReadAs.UNKNOWN),
        (55, "R#1 S5.0812345 GAGAL. .", ReadAs.UNKNOWN),
        (55, "", ReadAs.UNKNOWN),
        (1, "", ReadAs.PENDING),
        (200, "", ReadAs.PENDING),
        (201, "", ReadAs.UNKNOWN),
        (48, "", ReadAs.UNKNOWN),
        (999, "", ReadAs.UNKNOWN),
    ],
)
def test_number_and_words_must_agree(status: int, text: str, outcome: ReadAs) -> None:
    assert read_text(text, DEFAULT_RULES, status=status).outcome is outcome


def test_a_number_alone_gives_its_reason() -> None:
    assert read_text("", DEFAULT_RULES, status=52).reason is Reason.NUMBER_NOT_FOUND


# --- custom rules ---------------------------------------------------------------------------------


def test_custom_rules_come_in_their_order_and_sets_by_name() -> None:
    settings = {
        "reply_rules": [
            {
                "name": "own.success",
                "pattern": r"\AOK (?<kode>\w{1,9}) (?<tujuan>\d{5,15}) (?<sn>\w{1,30})\Z",
                "outcome": "success",
            },
            {
                "name": "own.failed",
                "pattern": r"\ANOK (?P<refid>\S{1,20}) (?P<keterangan>.{1,60})",
                "outcome": "failed",
                "reasons": {"lewat": "number_expired"},
            },
            "builtin:generic",
        ]
    }
    assert check_rule_settings(settings["reply_rules"]) == []
    rules = load_rules(settings)
    success = read_text("OK S5 081234567890 SN123", rules)
    assert (success.rule, success.sn, success.kode) == ("own.success", "SN123", "S5")
    assert read_text("NOK R1 masa lewat", rules).reason is Reason.NUMBER_EXPIRED
    assert read_text("Pin Salah", rules).rule == "generic.login"


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("builtin:oke", "Expected `array`"),
        ([], "no rule"),
        (["builtin:nobody"], "unknown set"),
        ([{"name": "a", "pattern": "(", "outcome": "failed"}], "not a regular expression"),
        ([{"name": "a", "pattern": "x", "outcome": "maybe"}], "Invalid enum value"),
        ([{"name": "a", "pattern": "x"}], "missing required field"),
        ([{"name": "a", "pattern": "x", "outcome": "failed", "regex": ""}], "unknown field"),
        ([{"name": "a", "pattern": "x" * 601, "outcome": "failed"}], "longer than"),
        ([{"name": "a", "pattern": "x", "outcome": "failed"}] * 2, "two rules are called"),
        ([{"name": "a", "pattern": "(.*)(.*)(.*)x", "outcome": "failed"}], "steps"),
        ([object()], "unsupported"),
    ],
)
def test_a_wrong_setting_is_named_and_reads_nothing(value: object, word: str) -> None:
    problems = check_rule_settings(value)
    assert any(word in one for one in problems), problems
    assert load_rules({"reply_rules": value}) == ()


def test_without_a_setting_all_built_in_rules_apply() -> None:
    assert load_rules({}) == DEFAULT_RULES


# --- patterns that would run for ever -------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$",
        r"(a|a)*b",
        r"(a|aa)+$",
        r"(\w+\s?)*$",
        r"((((a{0,9}b?){0,9}c?){0,9}d?){0,9}e?){0,9}f",
        r".*.*.*x",
        r"(x+x+)+y",
        r"(.+)\1\1z",
        r"(?m)^a",
        r"(?x) a",
        r"(?:)*",
        r"[[a]",
        "(" * 400 + ")" * 400,
    ],
)
def test_a_pattern_that_may_run_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(RuleError):
        compile_rule(Rule(name="bad", pattern=pattern, outcome=ReadAs.FAILED))


@pytest.mark.parametrize("compiled", DEFAULT_RULES, ids=lambda one: one.rule.name)
def test_built_in_rules_keep_their_own_limit(compiled: Any) -> None:
    assert steps_max(compiled.regex.pattern, text_chars=TEXT_CHARS_MAX) <= STEPS_MAX


@pytest.mark.parametrize(
    "text",
    [
        "R#1 " * 1_024,
        "R#1 A.0812 " * 372,
        "sudah pernah " * 315,
        "kode A ke 0812 " * 273,
        "Saldo 1.0" * 455,
        "1" * 4_096,
        "TrxID=1 kode " * 315,
        "SN: . " * 680,
        "gagal sukses" + "x" * 4_000,
    ],
    ids=lambda text: text[:10],
)
def test_the_worst_texts_are_read_quickly(text: str) -> None:
    before = time.thread_time()
    read_text(text[:TEXT_CHARS_MAX], DEFAULT_RULES)
    assert time.thread_time() - before < 1.0


@given(st.from_regex(r"[ab.?*+(){}|1,2\\\[\]]{0,25}", fullmatch=True))
def test_an_admitted_pattern_is_never_slow(pattern: str) -> None:
    try:
        steps = steps_max(pattern, text_chars=500)
    except PatternError:
        return
    if steps > 2_000_000:
        return
    regex = re.compile(pattern, FLAGS)
    before = time.thread_time()
    for text in ("a" * 500, "ab" * 250, "b" * 499 + "c", "a.b1," * 100):
        regex.search(text)
    assert time.thread_time() - before < 1.0
