"""How long a parsing rule's pattern can take at worst, found from its syntax; pure.

Python's matcher backtracks and cannot be stopped, and the patterns are written by operators. So a
pattern is admitted only when an upper bound of its steps over the longest text we read is small.
The bound follows the matcher: a repeat whose next character cannot be part of it has one end; any
other repeat multiplies what comes after it by the number of ends it can have.
"""

from __future__ import annotations

import re
import warnings
from typing import Any, Final

# The standard library's own parser of patterns; the public module of that name is deprecated.
_parser: Final[Any] = vars(re)["_parser"]
_code: Final[Any] = vars(re)["_constants"]

FLAGS: Final = re.ASCII | re.IGNORECASE
"""Every rule is compiled with these, and brings none of its own."""

UNROLLED_MAX: Final = 16
"""How often a group of several characters may repeat."""

WORK_MAX: Final = 20_000
"""How many items of a pattern, repeats written out, are looked at before it is given up."""

_OTHER: Final = 1 << 128
_ALL: Final = (1 << 129) - 1


class PatternError(ValueError):
    """The pattern is not admitted."""


def steps_max(pattern: str, *, text_chars: int) -> int:
    """Give an upper bound of the steps of one search; raises PatternError for what has none."""
    try:
        tree = _parse(pattern)
        items = list(tree)
        steps, _ = _Walk(text_chars).sequence(items, steps=1, follow=0)
    except (re.error, OverflowError) as error:
        raise PatternError(f"not a regular expression: {error}") from error
    except RecursionError as error:
        raise PatternError("the pattern is nested too deeply") from error
    if tree.state.flags & ~int(FLAGS):
        raise PatternError("flags inside the pattern are not admitted")
    return int(steps * (1 if _anchored(items) else text_chars))


def _parse(pattern: str) -> Any:
    """Parse; what the standard library only warns of is refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return _parser.parse(pattern, FLAGS)
        except Warning as warning:
            raise PatternError(f"ambiguous: {warning}") from warning


def _anchored(items: list[Any]) -> bool:
    return bool(items) and items[0] in (
        (_code.AT, _code.AT_BEGINNING),
        (_code.AT, _code.AT_BEGINNING_STRING),
    )


class _Walk:
    """Goes over a pattern from its end; `follow` holds the characters that may come next."""

    def __init__(self, text_chars: int) -> None:
        self._text_chars = text_chars
        self._work = 0

    def sequence(self, items: list[Any], *, steps: int, follow: int) -> tuple[int, int]:
        """Give steps from here to the end, and which characters may stand here."""
        for item in reversed(items):
            steps, follow = self._item(item, steps=steps, follow=follow)
        return steps, follow

    def _item(self, item: Any, *, steps: int, follow: int) -> tuple[int, int]:
        op, argument = item
        self._work += 1
        if self._work > WORK_MAX:
            raise PatternError("the pattern is too complicated")
        one = _one_character(op, argument)
        if one is not None:
            return steps + 1, one
        if op in (_code.MAX_REPEAT, _code.MIN_REPEAT, _code.POSSESSIVE_REPEAT):
            return self._repeat(op, argument, steps=steps, follow=follow)
        if op is _code.AT:
            return steps + 1, _ALL
        if op in (_code.SUBPATTERN, _code.ATOMIC_GROUP):
            inside = argument[-1] if op is _code.SUBPATTERN else argument
            if op is _code.SUBPATTERN and (argument[1] or argument[2]):
                raise PatternError("flags inside the pattern are not admitted")
            return self.sequence(list(inside), steps=steps, follow=follow)
        if op is _code.BRANCH:
            return self._branch(argument[1], steps=steps, follow=follow)
        if op in (_code.ASSERT, _code.ASSERT_NOT):
            return self._look(op, argument, steps=steps)
        raise PatternError("references to earlier groups are not admitted")

    def _branch(self, ways: list[Any], *, steps: int, follow: int) -> tuple[int, int]:
        parts = [self.sequence(list(way), steps=steps, follow=follow) for way in ways]
        first = 0
        for _, one in parts:
            first |= one
        return sum(cost for cost, _ in parts), first

    def _look(self, op: Any, argument: Any, *, steps: int) -> tuple[int, int]:
        cost, first = self.sequence(list(argument[1]), steps=1, follow=0)
        ahead = op is _code.ASSERT and argument[0] == 1
        return steps + cost, first if ahead and first else _ALL

    def _repeat(self, op: Any, argument: Any, *, steps: int, follow: int) -> tuple[int, int]:
        low, high, body = argument[0], min(int(argument[1]), self._text_chars), list(argument[2])
        one = _one_character(*body[0]) if len(body) == 1 else None
        if one is None:
            return self._unrolled(body, low, high, steps=steps, follow=follow)
        first = one if low else one | follow
        single_end = op is _code.POSSESSIVE_REPEAT or low == high or not one & follow
        if single_end:
            return high + steps, first
        return (high - low + 1) * (1 + steps) + low, first

    def _unrolled(
        self, body: list[Any], low: int, high: int, *, steps: int, follow: int
    ) -> tuple[int, int]:
        if high > UNROLLED_MAX:
            raise PatternError(
                f"a group that repeats needs a limit of at most {UNROLLED_MAX}, as in (...){{0,8}}"
            )
        if self.sequence(body, steps=1, follow=0)[1] == 0:
            raise PatternError("a group that repeats must not be empty")
        for count in range(high, 0, -1):
            cost, first = self.sequence(body, steps=steps, follow=follow)
            optional = count > low
            steps, follow = (cost + steps, first | follow) if optional else (cost, first)
        return steps, follow


# --- which characters -------------------------------------------------------------------------


def _one_character(op: Any, argument: Any) -> int | None:
    """Give the characters an item stands for, if it always takes exactly one."""
    if op is _code.LITERAL:
        return _both_cases(_bit(argument))
    if op is _code.NOT_LITERAL:
        return _ALL & ~_both_cases(_bit(argument)) | _OTHER
    if op is _code.ANY:
        return _ALL
    return _set(argument) if op is _code.IN else None


def _set(members: list[Any]) -> int:
    negated = bool(members) and members[0][0] is _code.NEGATE
    chosen = 0
    for op, argument in members:
        chosen |= _member(op, argument)
    chosen = _both_cases(chosen)
    return _ALL & ~chosen | _OTHER if negated else chosen


def _member(op: Any, argument: Any) -> int:
    if op is _code.LITERAL:
        return _bit(argument)
    if op is _code.RANGE:
        low, high = argument
        bits = sum(1 << one for one in range(low, min(high, 127) + 1))
        return bits | (_OTHER if high > 127 else 0)  # noqa: PLR2004 (the end of ASCII)
    if op is _code.CATEGORY:
        return _category(argument)
    return 0


def _category(name: Any) -> int:
    for positive, negative, holds in (
        (_code.CATEGORY_DIGIT, _code.CATEGORY_NOT_DIGIT, str.isdigit),
        (_code.CATEGORY_SPACE, _code.CATEGORY_NOT_SPACE, str.isspace),
        (_code.CATEGORY_WORD, _code.CATEGORY_NOT_WORD, lambda one: one.isalnum() or one == "_"),
    ):
        chosen = sum(1 << code for code in range(128) if holds(chr(code)))
        if name is positive:
            return chosen
        if name is negative:
            return _ALL & ~chosen
    return _ALL


def _bit(code: int) -> int:
    return 1 << code if code < 128 else _OTHER  # noqa: PLR2004 (the end of ASCII)


def _both_cases(chosen: int) -> int:
    """Add the other case of every ASCII letter: rules ignore it."""
    for code in range(ord("a"), ord("z") + 1):
        pair = 1 << code | 1 << (code - 32)
        if chosen & pair:
            chosen |= pair
    return chosen
