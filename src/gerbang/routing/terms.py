"""The numbers a supplier and its products are judged by: defaults and the supplier's own; pure.

A supplier's settings: `health.watched` (false leaves it alone), and `health.supplier` and
`health.product` with any members of `HealthSettings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gerbang.routing.health import HealthSettings

SUPPLIER_HEALTH: Final = HealthSettings()
PRODUCT_HEALTH: Final = HealthSettings(
    outcomes_min=6, bad_in_row_max=3, wait_s=60, probes_to_close=1
)


class HealthTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How one supplier is judged."""

    watched: bool = True
    supplier: HealthSettings = SUPPLIER_HEALTH
    product: HealthSettings = PRODUCT_HEALTH


DEFAULT_TERMS: Final = HealthTerms()
_GROUPS: Final = {"health.supplier": SUPPLIER_HEALTH, "health.product": PRODUCT_HEALTH}


def health_terms(settings: Mapping[str, Any]) -> HealthTerms:
    """Read a supplier's terms; what cannot be read keeps the default."""
    if not any(name.startswith("health.") for name in settings):
        return DEFAULT_TERMS
    found = {name: _read(settings.get(name), default) for name, default in _GROUPS.items()}
    return HealthTerms(
        watched=settings.get("health.watched") is not False,
        supplier=found["health.supplier"] or SUPPLIER_HEALTH,
        product=found["health.product"] or PRODUCT_HEALTH,
    )


def check_health_settings(settings: Mapping[str, Any]) -> list[str]:
    """Name everything wrong with a supplier's ``health.`` settings."""
    problems = []
    if not isinstance(settings.get("health.watched", True), bool):
        problems.append("health.watched: true or false")
    for name, default in _GROUPS.items():
        if name in settings and _read(settings[name], default) is None:
            members = ", ".join(HealthSettings.__struct_fields__)
            problems.append(f"{name}: whole numbers above 0 for any of {members}")
    return problems


def _read(value: Any, default: HealthSettings) -> HealthSettings | None:
    """Give the default with a supplier's members; None where one of them is not acceptable."""
    known = set(HealthSettings.__struct_fields__)
    if value is None:
        return default
    if not isinstance(value, Mapping) or not value.keys() <= known:
        return None
    if any(type(number) is not int or number <= 0 for number in value.values()):
        return None
    return msgspec.structs.replace(default, **value)
