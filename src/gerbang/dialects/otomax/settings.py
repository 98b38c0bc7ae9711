"""The settings and secrets of this dialect: which there are, and what is wrong with some; pure.

Console and management API ask here before they save. NOTES.md says what each setting does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from gerbang.dialects.otomax.profiles import PROFILES, SN_LABEL_CHARS_MAX
from gerbang.dialects.otomax.rules import check_rule_settings
from gerbang.dialects.otomax.templates import check_template

RESERVED_SLUGS: Final = frozenset({"balance", "status", "pricelist", "inquiry"})
"""§12 number 8."""

_SLUG: Final = re.compile(r"[A-Za-z0-9_-]{3,64}\Z")
_MEMBER: Final = re.compile(r"[A-Z0-9._-]{2,32}\Z")
_PATH: Final = re.compile(r"/[A-Za-z0-9._~/-]{1,100}\Z")

Check = Callable[[Any], list[str]]


def check_reseller_settings(settings: Mapping[str, Any]) -> list[str]:
    """Name everything wrong with a reseller's ``otomax.`` settings."""
    return _check(settings, _RESELLER, prefix="otomax.")


def check_supplier_settings(settings: Mapping[str, Any]) -> list[str]:
    """Name everything wrong with the settings of a supplier that speaks this dialect."""
    return _check(settings, _SUPPLIER, prefix="")


def check_member(member: str) -> list[str]:
    """Say what is wrong with a member code: upper case, and nothing that breaks a sign (§4.2)."""
    return [] if _MEMBER.match(member) else ["memberID: capitals, digits, . _ -; 2 to 32 of them"]


def _check(settings: Mapping[str, Any], checks: Mapping[str, Check], *, prefix: str) -> list[str]:
    problems = []
    for name, check in checks.items():
        key = prefix + name
        if key in settings:
            problems += [f"{key}: {problem}" for problem in check(settings[key])]
    return problems


# --- one setting each ---------------------------------------------------------------------------


def _one_of(*allowed: str) -> Check:
    return lambda value: [] if value in allowed else [f"one of {', '.join(allowed)}"]


def _boolean(value: object) -> list[str]:
    return [] if isinstance(value, bool) else ["true or false"]


def _slug(value: object) -> list[str]:
    if not isinstance(value, str) or not _SLUG.match(value):
        return ["letters, digits, - and _; 3 to 64 of them"]
    return ["is reserved"] if value in RESERVED_SLUGS else []


def _templates(value: object) -> list[str]:
    if not isinstance(value, Mapping):
        return ["a template for each event"]
    problems = []
    for event, text in value.items():
        found = check_template(str(event), text) if isinstance(text, str) else ["not a text"]
        problems += [f"{event}: {problem}" for problem in found]
    return problems


def _label(value: object) -> list[str]:
    fine = isinstance(value, str) and 0 < len(value) <= SN_LABEL_CHARS_MAX and value.isprintable()
    return [] if fine else [f"a word of at most {SN_LABEL_CHARS_MAX} characters"]


def _path(value: object) -> list[str]:
    fine = isinstance(value, str) and _PATH.match(value)
    return [] if fine else ["a path such as /trx"]


def _text(value: object) -> list[str]:
    return check_member(value.strip().upper()) if isinstance(value, str) else ["not a text"]


_RESELLER: Final[Mapping[str, Check]] = {
    "profile": _one_of(*PROFILES),
    "templates": _templates,
    "sn_label": _label,
    "slug": _slug,
    "legacy_sign": _boolean,
    "require_sign": _boolean,
}
_SUPPLIER: Final[Mapping[str, Check]] = {
    "member_id": _text,
    "auth": _one_of("sign", "pin", "both"),
    "method": _one_of("GET", "POST"),
    "trx_path": _path,
    "balance_path": _path,
    "balance_sign": _one_of("check", "empty"),
    "counter_as": _one_of("parameter", "dest", "none"),
    "nominal_as": _one_of("qty", "dest"),
    "check": _boolean,
    "ask_matches_reference": _boolean,
    "resend_same_reference": _one_of("safe", "unsafe"),
    "reply_rules": check_rule_settings,
}
