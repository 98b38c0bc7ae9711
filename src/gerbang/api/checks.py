"""Changes as people write them, checked by the dialects they are about; for API and CLI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gerbang.dialects.registry import DIALECTS
from gerbang.errors import BadInputError, converted
from gerbang.resellers.admin import ResellerChange
from gerbang.routing.terms import check_health_settings
from gerbang.suppliers.admin import SupplierChange


def reseller_change(values: Mapping[str, Any]) -> ResellerChange:
    """Make a change of a reseller. Raises BadInputError."""
    change = converted(values, ResellerChange)
    settings = _set(values.get("settings"))
    _refuse([said for one in DIALECTS.values() for said in one.extras.check_reseller(settings)])
    return change


def supplier_change(values: Mapping[str, Any], dialect: str) -> SupplierChange:
    """Make a change of a supplier that speaks `dialect`. Raises BadInputError."""
    change = converted(values, SupplierChange)
    settings = _set(values.get("settings"))
    _refuse(check_health_settings(settings))
    if dialect in DIALECTS:
        _refuse(DIALECTS[dialect].extras.check_supplier(settings))
    return change


def _set(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give what is set; null takes a setting away."""
    return {name: value for name, value in (settings or {}).items() if value is not None}


def _refuse(problems: list[str]) -> None:
    if problems:
        raise BadInputError("; ".join(problems), {"settings": "; ".join(problems)})
