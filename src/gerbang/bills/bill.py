"""A bill: who owes what for which periods, with details of their own kind per service. Pure.

Rupiah throughout. `amount` is what the biller asks for before fines; what is due is amount and
fine together. The fee of whoever sells the payment is no part of a bill: see `Quote`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec

PERIODS_MAX: Final = 36
RUPIAH_MAX: Final = 10**12


class Service(StrEnum):
    """What a bill is for; decides the shape of its details."""

    PLN_POSTPAID = "pln_postpaid"
    PLN_PREPAID = "pln_prepaid"
    """No bill: a name check before a token is bought."""
    PLN_NON_TAGLIS = "pln_non_taglis"
    PDAM = "pdam"
    BPJS_KESEHATAN = "bpjs_kesehatan"
    BPJS_KETENAGAKERJAAN = "bpjs_ketenagakerjaan"
    INTERNET = "internet"
    MOBILE_POSTPAID = "mobile_postpaid"
    MULTIFINANCE = "multifinance"
    GAS = "gas"
    TV = "tv"
    PBB = "pbb"
    EWALLET = "ewallet"
    """Open amount: the customer says how much, so nothing is paid twice by mistake."""


class Period(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One sheet of a bill. Amounts are None where the biller gives only the total."""

    name: str
    """As the biller writes it: ``201901``, ``01``, ``MEI 2026``."""
    amount: int | None = None
    fine: int = 0
    fee: int | None = None
    """The part of the seller's fee for this sheet, where it was said."""
    other: int = 0
    meter_before: str = ""
    meter_after: str = ""
    usage: str = ""
    reference: str = ""


# --- details per service ------------------------------------------------------------------------


class PlnPostpaid(msgspec.Struct, frozen=True, kw_only=True, tag="pln_postpaid"):
    """Electricity paid afterwards."""

    tariff: str = ""
    power: int = 0
    """Volt-ampere."""


class PlnPrepaid(msgspec.Struct, frozen=True, kw_only=True, tag="pln_prepaid"):
    """Who stands behind a meter that takes tokens."""

    meter_no: str = ""
    subscriber_id: str = ""
    tariff: str = ""
    power: int = 0


class PlnNonTaglis(msgspec.Struct, frozen=True, kw_only=True, tag="pln_non_taglis"):
    """A single charge of the electricity company, such as a new connection."""

    purpose: str = ""
    registration_no: str = ""
    registered_on: str = ""


class Pdam(msgspec.Struct, frozen=True, kw_only=True, tag="pdam"):
    """Water."""

    tariff: str = ""
    address: str = ""
    due_date: str = ""


class BpjsKesehatan(msgspec.Struct, frozen=True, kw_only=True, tag="bpjs_kesehatan"):
    """Health insurance."""

    participants: int = 0
    address: str = ""


class BpjsKetenagakerjaan(msgspec.Struct, frozen=True, kw_only=True, tag="bpjs_ketenagakerjaan"):
    """Workers' insurance: contributions for accidents (jkk), death (jkm) and old age (jht)."""

    contribution_code: str = ""
    programme_code: str = ""
    jkk: int = 0
    jkm: int = 0
    jht: int = 0
    branch: str = ""
    effective_on: str = ""
    expires_on: str = ""


class Internet(msgspec.Struct, frozen=True, kw_only=True, tag="internet"):
    """Internet and telephone."""


class MobilePostpaid(msgspec.Struct, frozen=True, kw_only=True, tag="mobile_postpaid"):
    """A mobile number paid afterwards."""


class Multifinance(msgspec.Struct, frozen=True, kw_only=True, tag="multifinance"):
    """An instalment for a vehicle or another thing."""

    item: str = ""
    frame_no: str = ""
    plate_no: str = ""
    tenor: str = ""


class Gas(msgspec.Struct, frozen=True, kw_only=True, tag="gas"):
    """Town gas."""

    address: str = ""


class Tv(msgspec.Struct, frozen=True, kw_only=True, tag="tv"):
    """Television."""


class Pbb(msgspec.Struct, frozen=True, kw_only=True, tag="pbb"):
    """Tax on land and buildings."""

    address: str = ""
    tax_year: str = ""
    village: str = ""
    district: str = ""
    city_code: str = ""
    city: str = ""
    province: str = ""
    land_area: str = ""
    building_area: str = ""


class Ewallet(msgspec.Struct, frozen=True, kw_only=True, tag="ewallet"):
    """A wallet that takes any amount."""


Details = (
    PlnPostpaid
    | PlnPrepaid
    | PlnNonTaglis
    | Pdam
    | BpjsKesehatan
    | BpjsKetenagakerjaan
    | Internet
    | MobilePostpaid
    | Multifinance
    | Gas
    | Tv
    | Pbb
    | Ewallet
)

DETAILS_OF: Final[Mapping[Service, type[Details]]] = {
    Service.PLN_POSTPAID: PlnPostpaid,
    Service.PLN_PREPAID: PlnPrepaid,
    Service.PLN_NON_TAGLIS: PlnNonTaglis,
    Service.PDAM: Pdam,
    Service.BPJS_KESEHATAN: BpjsKesehatan,
    Service.BPJS_KETENAGAKERJAAN: BpjsKetenagakerjaan,
    Service.INTERNET: Internet,
    Service.MOBILE_POSTPAID: MobilePostpaid,
    Service.MULTIFINANCE: Multifinance,
    Service.GAS: Gas,
    Service.TV: Tv,
    Service.PBB: Pbb,
    Service.EWALLET: Ewallet,
}


# --- the bill -----------------------------------------------------------------------------------


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer owes a biller. `info` are pairs to show where a supplier has no structure."""

    customer_no: str
    customer_name: str
    amount: int
    details: Details
    fine: int = 0
    sheets: int = 1
    periods: tuple[Period, ...] = ()
    info: tuple[tuple[str, str], ...] = ()

    @property
    def service(self) -> Service:
        """What it is for."""
        return Service(str(self.details.__struct_config__.tag))

    @property
    def due(self) -> int:
        """What the biller gets."""
        return self.amount + self.fine


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A bill as it is offered to one reseller: with our fee, and the reseller's share of it."""

    bill: Bill
    fee: int
    share: int

    @property
    def total(self) -> int:
        """What is held and charged."""
        return self.bill.due + self.fee


class BillUnsoundError(ValueError):
    """The figures of a bill contradict each other or are none."""


def check_bill(bill: Bill) -> None:
    """Raise BillUnsoundError where nobody should pay on these figures."""
    figures = [bill.amount, bill.fine, *(p.fine for p in bill.periods)]
    figures += [p.other for p in bill.periods]
    figures += [value for p in bill.periods for value in (p.amount, p.fee) if value is not None]
    if any(not 0 <= figure <= RUPIAH_MAX for figure in figures):
        raise BillUnsoundError("an amount below zero or beyond reason")
    if not 1 <= bill.sheets <= PERIODS_MAX or len(bill.periods) > PERIODS_MAX:
        raise BillUnsoundError(f"not 1 to {PERIODS_MAX} sheets")
    amounts = [p.amount for p in bill.periods]
    if amounts and None not in amounts:
        summed = sum(period_due(p) for p in bill.periods)
        if summed != bill.due:
            raise BillUnsoundError(f"the periods sum to {summed}, the bill is {bill.due}")


def period_due(period: Period) -> int:
    """What the biller gets for one sheet."""
    return (period.amount or 0) + period.fine + period.other


def quote(bill: Bill, *, admin_fee: int, net: int) -> Quote:
    """Offer a bill: `admin_fee` is what customers pay per sheet, `net` what we keep of it.

    What the net price leaves of the fee is the reseller's share; a name check costs nothing.
    """
    if bill.service is Service.PLN_PREPAID:
        return Quote(bill=bill, fee=0, share=0)
    return Quote(
        bill=bill, fee=admin_fee * bill.sheets, share=max(0, admin_fee - net) * bill.sheets
    )


# --- paid once ----------------------------------------------------------------------------------


def guarded_periods(bill: Bill, *, month: str) -> tuple[str, ...]:
    """Name what of this bill may be paid only once; an open amount may be paid again.

    Where a supplier names no period, the month (WIB) stands for it.
    """
    if bill.service in {Service.EWALLET, Service.PLN_PREPAID}:
        return ()
    if isinstance(bill.details, PlnNonTaglis) and bill.details.registration_no:
        return (f"reg:{bill.details.registration_no}",)
    if isinstance(bill.details, Pbb) and bill.details.tax_year:
        return (f"year:{bill.details.tax_year}",)
    names = sorted({normal_period(p.name) for p in bill.periods if p.name.strip()})
    return tuple(names) or (f"month:{month}",)


def normal_period(name: str) -> str:
    """Write a period so that spelling makes no second one of it."""
    return " ".join(name.split()).upper()


def same_bill(shown: Quote, now: Quote) -> bool:
    """Whether the bill is still what was shown: the same sheets and the same total."""
    one, other = ({normal_period(p.name) for p in quoted.bill.periods} for quoted in (shown, now))
    return shown.total == now.total and one == other


# --- in an order --------------------------------------------------------------------------------


def bill_data(quoted: Quote) -> dict[str, Any]:
    """Write what an order keeps of its bill."""
    return {
        "bill": msgspec.to_builtins(quoted.bill),
        "fee": quoted.fee,
        "share": quoted.share,
        "total": quoted.total,
    }


def quote_of(data: Mapping[str, Any] | None) -> Quote | None:
    """Read the bill that an order keeps; None where there is none."""
    if not data or "bill" not in data:
        return None
    bill = msgspec.convert(data["bill"], Bill)
    return Quote(bill=bill, fee=int(data["fee"]), share=int(data.get("share", 0)))


def sum_periods(periods: Sequence[Period]) -> tuple[int, int]:
    """Give amount and fine of periods that all have amounts."""
    amount = sum((p.amount or 0) + p.other for p in periods)
    return amount, sum(p.fine for p in periods)


class BillParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a payment's money is made of; the total is due and fee together."""

    due: int
    fee: int
    share: int
    supplier_total: int
    """What the supplier asked for when the bill was seen, its own fee with it."""
