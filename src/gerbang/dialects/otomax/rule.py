"""One parsing rule: how it is written down, and when it is admitted; pure.

A rule is a regular expression with the trade's group names and what a match means.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

import msgspec

from gerbang.dialects.otomax.regex_cost import FLAGS, PatternError, steps_max
from gerbang.orders.reasons import Reason

TEXT_CHARS_MAX: Final = 4_096
PATTERN_CHARS_MAX: Final = 600
STEPS_MAX: Final = 20_000_000
"""A tenth of a second at worst."""


class ReadAs(StrEnum):
    """What a rule makes of a text."""

    SUCCESS = "success"
    PENDING = "pending"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_FOUND = "not_found"
    PREVIOUS = "previous"
    """The text tells of an earlier request; the group ``status`` says how that one stands."""


class About(StrEnum):
    """What a rule's text speaks of."""

    ORDER = "order"
    REQUEST = "request"
    """Login, address or format: it says nothing about an order that may exist."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule as it is written down. `reasons` maps words of the text to reasons, in order.

    `certain` keeps the outcome although the text speaks of a timeout or a duplicate.
    """

    name: str
    pattern: str
    outcome: ReadAs
    about: About = About.ORDER
    reason: Reason | None = None
    reasons: dict[str, Reason] = {}
    certain: bool = False


class CompiledRule(msgspec.Struct, frozen=True):
    """A rule ready to match."""

    rule: Rule
    regex: re.Pattern[str]


class RuleError(ValueError):
    """A rule cannot be used."""


def compile_rule(rule: Rule) -> CompiledRule:
    """Admit a rule, or raise RuleError that says why not."""
    # The trade's own software writes groups as (?<name>...).
    pattern = re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", rule.pattern)
    if len(pattern) > PATTERN_CHARS_MAX:
        raise RuleError(f"{rule.name}: longer than {PATTERN_CHARS_MAX} characters")
    try:
        steps = steps_max(pattern, text_chars=TEXT_CHARS_MAX)
    except PatternError as error:
        raise RuleError(f"{rule.name}: {error}") from error
    if steps > STEPS_MAX:
        raise RuleError(
            f"{rule.name}: may take {steps:,} steps, {STEPS_MAX:,} are admitted; begin it with \\A "
            "and give every .* or .+ a limit such as .{1,80}"
        )
    return CompiledRule(rule, re.compile(pattern, FLAGS))
