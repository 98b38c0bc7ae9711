"""What this dialect brings beside its halves: settings, reply rules, words for states; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from gerbang.dialects.contract import OrderState
from gerbang.dialects.extras import Extras, ReplyRules, Settings
from gerbang.dialects.otomax.lab import Case, check_rules, explain, make_case
from gerbang.dialects.otomax.rules import check_rule_settings, load_rules
from gerbang.dialects.otomax.settings import check_reseller_settings, check_supplier_settings
from gerbang.dialects.otomax.spec import STATUS_OF_STATE


def _explain(text: str, settings: Settings, status: int | None) -> dict[str, Any]:
    rules = load_rules(settings)
    report: dict[str, Any] = msgspec.to_builtins(explain(text, rules, status=status))
    return {
        "text": report["text"],
        "reading": report["reading"],
        "matches": [match for match in report["matches"] if match["matched"]],
        "rules": len(rules),
    }


def _keep(name: str, text: str, settings: Settings) -> dict[str, Any]:
    kept: dict[str, Any] = msgspec.to_builtins(make_case(name, text, load_rules(settings)))
    return kept


def _differences(settings: Settings, kept: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    cases = [msgspec.convert(one, Case) for one in kept]
    found: list[dict[str, Any]] = msgspec.to_builtins(check_rules(load_rules(settings), cases))
    return found


def _states() -> dict[str, str]:
    words = {state.value: f"`{number}`" for state, number in STATUS_OF_STATE.items()}
    return words | {OrderState.PENDING.value: "no report"}


EXTRAS: Final = Extras(
    supplier_secrets=("pin", "password"),
    check_supplier=check_supplier_settings,
    check_reseller=check_reseller_settings,
    own_address="otomax.slug",
    reply_rules=ReplyRules(
        explain=_explain, problems=check_rule_settings, keep=_keep, differences=_differences
    ),
    states=_states(),
    states_head="OtomaX status",
)
