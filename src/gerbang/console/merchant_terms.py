"""A merchant's terms, one page each: rates with a preview, limits, BINs, protocol."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from starlette.responses import Response

from gerbang.cards.admin import INSTALMENTS, MerchantChange, change_merchant, show_merchant
from gerbang.cards.card import CardBrand
from gerbang.cards.merchant import (
    MDR_DEFAULT,
    Features,
    Limits,
    fee_at,
    refused_by_digits,
)
from gerbang.clock import business_day
from gerbang.errors import converted
from gerbang.figures.cards import group, read_card_sums
from gerbang.people.role import Permission
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

BRANDS: Final = tuple(one.value for one in CardBrand if one is not CardBrand.OTHER)
RATES: Final = (MDR_DEFAULT, *BRANDS)
EXAMPLE: Final = 1_000_000
DAYS: Final = 30
COUNTS: Final = ("card_day_count_max", "card_hour_attempts_max", "attempts_max")
COUNT_MOST: Final = 1_000_000
AMOUNT_MOST: Final = 999_999_999
BINS: Final = ("bins_refused", "bins_allowed", "bins_domestic")
BINS_LETTERS_MAX: Final = 20_000
BIN_DIGITS_MAX: Final = 11
TIMES: Final = {
    "order_valid_s": (60, 90 * 86_400),
    "hold_valid_s": (60, 30 * 86_400),
    "timestamp_skew_s_max": (1, 86_400),
    "refund_days_max": (0, 365),
    "settle_hour": (0, 23),
}
WAYS: Final = ("strict", "nulls", "notify_failures", "notify_partial_refunds")
METHODS: Final = ("post", "get")


def add_pages(site: Site) -> None:
    """Add them."""
    change = Permission.MERCHANTS_CHANGE
    base = "/cards/merchants/{imid}"
    site.get(f"{base}/rates", rates_page, may=Permission.CARDS_READ)
    site.post(f"{base}/rates", save_rates, may=change, form_page=rates_page)
    site.get(f"{base}/limits", limits_page, may=Permission.CARDS_READ)
    site.post(f"{base}/limits", save_limits, may=change, form_page=limits_page)
    site.get(f"{base}/bins", bins_page, may=Permission.CARDS_READ)
    site.post(f"{base}/bins", save_bins, may=change, form_page=bins_page)
    site.get(f"{base}/protocol", protocol_page, may=Permission.CARDS_READ)
    site.post(f"{base}/protocol", save_protocol, may=change, form_page=protocol_page)


async def _keep(visit: Visit, change: MerchantChange, part: str) -> Response:
    imid = visit.name("imid")
    async with visit.changing() as connection:
        await change_merchant(connection, imid, change, actor=visit.actor)
    path = f"{visit.site.prefix}/cards/merchants/{imid}/{part}"
    return visit.go(path, visit.t("layout.saved"))


# --- rates ----------------------------------------------------------------------------------------


async def rates_page(visit: Visit, preview: Any = None, shown: str = "") -> Response:
    """Show what it pays, and after a preview what it would pay."""
    merchant = await show_merchant(visit.pool, visit.name("imid"))
    return visit.page(
        "console/merchant_rates.html",
        x=merchant,
        rates=RATES,
        example=EXAMPLE,
        fees={name: fee_at(EXAMPLE, _points(merchant["mdr"], name)) for name in RATES},
        preview=preview,
        shown=shown,
        days=DAYS,
    )


async def save_rates(visit: Visit) -> Response:
    """Show what new rates change; the same form sent again after that keeps them."""
    form = visit.form
    given = {name: form.percent(name, needed=name == MDR_DEFAULT) for name in RATES}
    form.check()
    merchant = await show_merchant(visit.pool, visit.name("imid"))
    before: dict[str, int] = merchant["mdr"]
    after = {name: points for name, points in given.items() if points is not None}
    shown = f"{_told(before)} {_told(after)}"
    if form.raw("shown") == shown:
        return await _keep(visit, MerchantChange(mdr=dict(given)), "rates")
    preview = await _preview(visit, merchant["imid"], before, after)
    visit.keep_typed()
    return await rates_page(visit, preview, shown)


def _told(mdr: Mapping[str, int]) -> str:
    """Name rates, so that what was shown is known again."""
    return ",".join(f"{name}={mdr[name]}" for name in sorted(mdr))


def _points(mdr: Mapping[str, int], brand: str) -> int:
    return mdr.get(brand, mdr.get(MDR_DEFAULT, 0))


async def _preview(
    visit: Visit, imid: str, before: Mapping[str, int], after: Mapping[str, int]
) -> dict[str, Any]:
    """Give each brand's fee before and after: for an example, and for the last month's volume."""
    last = business_day(visit.kit.clock.now())
    sums = await read_card_sums(visit.pool, last - timedelta(days=DAYS - 1), last)
    volumes = group((one for one in sums if one.imid == imid), lambda one: one.brand)
    lines = []
    for brand in BRANDS:
        volume = volumes[brand].volume if brand in volumes else 0
        old, new = _points(before, brand), _points(after, brand)
        lines.append(
            {
                "brand": brand,
                "old": old,
                "new": new,
                "old_fee": fee_at(EXAMPLE, old),
                "new_fee": fee_at(EXAMPLE, new),
                "volume": volume,
                "more": fee_at(volume, new) - fee_at(volume, old),
            }
        )
    return {"lines": lines, "more": sum(line["more"] for line in lines)}


# --- limits and instalments -----------------------------------------------------------------------


async def limits_page(visit: Visit) -> Response:
    """Show limits and what instalments are offered."""
    merchant = await show_merchant(visit.pool, visit.name("imid"))
    return visit.page(
        "console/merchant_limits.html", x=merchant, counts=COUNTS, instalments=INSTALMENTS
    )


async def save_limits(visit: Visit) -> Response:
    """Keep them."""
    form = visit.form
    limits: dict[str, Any] = {
        "amount_min": form.rupiah("amount_min", least=1, most=AMOUNT_MOST),
        "amount_max": form.rupiah("amount_max", least=1, most=AMOUNT_MOST),
        "card_day_amount_max": form.rupiah("card_day_amount_max"),
        **{name: form.integer(name, most=COUNT_MOST) for name in COUNTS},
    }
    low, high = limits["amount_min"], limits["amount_max"]
    if low is not None and high is not None and low > high:
        form.refuse("amount_min", visit.t("merchants.min_above_max"))
    months = [number for number in INSTALMENTS if form.flag(f"months_{number}")]
    form.check()
    change = MerchantChange(limits=limits, features={"instalments": months})
    return await _keep(visit, change, "limits")


# --- first digits of cards ------------------------------------------------------------------------


async def bins_page(visit: Visit) -> Response:
    """Show which cards are taken by their first digits, and try a card on them."""
    merchant = await show_merchant(visit.pool, visit.name("imid"))
    text = visit.query.get("try", "").replace(" ", "")[:16]
    digits = text if text.isascii() and text.isdecimal() else ""
    tried = ""
    if digits:
        limits = converted(merchant["limits"], Limits)
        reason = refused_by_digits(digits, limits, converted(merchant["features"], Features))
        tried = reason.value if reason is not None else "taken"
    return visit.page(
        "console/merchant_bins.html", x=merchant, bins=BINS, tried=tried, text=text, digits=digits
    )


async def save_bins(visit: Visit) -> Response:
    """Keep the lists; what is wrong is told beside its list."""
    form = visit.form
    lists = {name: _digits(visit, name) for name in BINS}
    foreign = form.flag("foreign_cards")
    if not foreign and not lists["bins_domestic"]:
        form.refuse("bins_domestic", visit.t("merchants.domestic_needed"))
    form.check()
    change = MerchantChange(limits=lists, features={"foreign_cards": foreign})
    return await _keep(visit, change, "bins")


def _digits(visit: Visit, name: str) -> list[str]:
    words = visit.form.text(name, needed=False, most=BINS_LETTERS_MAX).replace(",", " ").split()
    found = sorted(set(words))
    wrong = [
        one
        for one in found
        if not (one.isascii() and one.isdecimal() and len(one) <= BIN_DIGITS_MAX)
    ]
    if wrong:
        said = visit.t("merchants.not_bins", which=", ".join(wrong[:5])[:80])
        visit.form.refuse(name, said)
    return found


# --- protocol -------------------------------------------------------------------------------------


async def protocol_page(visit: Visit) -> Response:
    """Show times and habits of the protocol."""
    merchant = await show_merchant(visit.pool, visit.name("imid"))
    return visit.page(
        "console/merchant_protocol.html", x=merchant, times=TIMES, ways=WAYS, methods=METHODS
    )


async def save_protocol(visit: Visit) -> Response:
    """Keep them."""
    form = visit.form
    settings: dict[str, Any] = {
        name: form.integer(name, least=least, most=most) for name, (least, most) in TIMES.items()
    }
    settings |= {name: form.flag(name) for name in WAYS}
    settings["callback_method"] = form.choice("callback_method", METHODS)
    features: dict[str, Any] = {}
    merchant = await show_merchant(visit.pool, visit.name("imid"))
    if merchant["sandboxed"]:
        features["autopaid"] = form.flag("autopaid")
    form.check()
    return await _keep(visit, MerchantChange(settings=settings, features=features), "protocol")
