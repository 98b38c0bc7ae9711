"""How the truth about an unknown attempt may be learned from one supplier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gerbang.dialects.supplier_contract import LearnRules


def learn_rules(dialect: LearnRules, settings: Mapping[str, Any]) -> LearnRules:
    """Narrow a dialect's rules by a supplier's settings, never widen them.

    `resend_same_reference` may be ``unsafe``; `not_found_after` {answers, quiet_s} may ask for
    more answers or a longer quiet time, or 0 answers for "never evidence". Where the dialect
    leaves it open, ``resend_same_reference: safe`` declares what the operator knows.
    `ask_safe_days` may be fewer days; 0 never asks.
    """
    resend = _resend_safe(dialect, settings.get("resend_same_reference"))
    answers, quiet_s = _not_found(dialect, settings.get("not_found_after") or {})
    waits = settings.get("ask_again_after_ms") or dialect.ask_again_after_ms
    safe_days = settings.get("ask_safe_days")
    return msgspec.structs.replace(
        dialect,
        resend_same_reference_safe=resend,
        not_found_answers=answers,
        not_found_quiet_s=quiet_s,
        ask_again_after_ms=tuple(waits),
        ask_safe_days=min(
            dialect.ask_safe_days, dialect.ask_safe_days if safe_days is None else int(safe_days)
        ),
    )


def _resend_safe(dialect: LearnRules, wanted: object) -> bool:
    if dialect.resend_same_reference_declarable and wanted == "safe":
        return True
    return dialect.resend_same_reference_safe and wanted != "unsafe"


def _not_found(dialect: LearnRules, wanted: Mapping[str, Any]) -> tuple[int, int]:
    if not dialect.not_found_answers or wanted.get("answers") == 0:
        return 0, 0
    answers = max(dialect.not_found_answers, int(wanted.get("answers", 0)))
    quiet_s = max(dialect.not_found_quiet_s, int(wanted.get("quiet_s", 0)))
    return answers, quiet_s
