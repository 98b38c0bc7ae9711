"""Jinja2 set up once: escaping on, unknown names are errors, formats as filters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec
from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from gerbang.clock import WIB, Clock
from gerbang.web.pages import formats, told
from gerbang.web.pages.assets import Assets


def create_environment(packages: Sequence[str], *, assets: Assets, clock: Clock) -> Environment:
    """Make the environment; ``gerbang.console`` has its templates under ``console/``."""
    loaders = {package.rpartition(".")[2]: PackageLoader(package) for package in packages}
    environment = Environment(
        loader=PrefixLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["asset"] = assets.url
    environment.filters.update(_plain_filters())
    environment.filters.update(_filters_with_language(clock))
    environment.filters.update(told.filters())
    return environment


def _plain_filters() -> dict[str, Any]:
    return {
        "rp": formats.rupiah,
        "signed_rp": formats.signed_rupiah,
        "num": formats.number,
        "share": formats.percent,
        "browser": formats.browser,
        "seg": lambda text: quote(str(text), safe=""),
        "as_json": lambda value: msgspec.json.encode(value).decode(),
        "pretty": _pretty,
        "pairs": _pairs,
    }


def _pairs(values: Iterable[Any], value: str = "", text: str = "") -> list[tuple[Any, Any]]:
    """Make the choices of a select: of plain values, or of two members of each."""
    if not value:
        return [(one, one) for one in values]
    return [(one[value], one[text or value]) for one in values]


def _pretty(value: Any) -> str:
    """Write a value of JSON for people."""
    if value in (None, {}, []):
        return formats.NOTHING
    if isinstance(value, str):
        return value
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _filters_with_language(clock: Clock) -> dict[str, Any]:
    @pass_context
    def short_rp(context: Context, amount: int) -> str:
        return formats.short_rupiah(amount, context["lang"])

    @pass_context
    def day(context: Context, value: date | datetime | None) -> str:
        return formats.day(value, context["lang"])

    @pass_context
    def moment(context: Context, value: datetime | None) -> str:
        return formats.moment(value, context["lang"])

    @pass_context
    def when(context: Context, value: datetime | None) -> str:
        return formats.short_moment(value, context["lang"], now=clock.now())

    @pass_context
    def ago(context: Context, value: datetime | None) -> str:
        return formats.ago(value, context["lang"], now=clock.now())

    @pass_context
    def lasted(context: Context, value: timedelta | int | None) -> str:
        if isinstance(value, int):
            return formats.duration_ms(value, context["lang"])
        return formats.duration(value, context["lang"])

    def iso(value: datetime) -> str:
        return value.astimezone(WIB).isoformat(timespec="seconds")

    return {
        "short_rp": short_rp,
        "day": day,
        "moment": moment,
        "when": when,
        "ago": ago,
        "lasted": lasted,
        "iso": iso,
    }
