"""`desc` of a bill (§7.1, §7.3): its members per service, written and read; pure.

The BPJS sample is the document's own; the shapes of the other services are those that neighbours
document. Whoever reads a `desc` takes what fits and keeps nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from gerbang.bills.bill import (
    Bill,
    BpjsKesehatan,
    BpjsKetenagakerjaan,
    Details,
    Ewallet,
    Gas,
    Internet,
    MobilePostpaid,
    Multifinance,
    Pbb,
    Pdam,
    Period,
    PlnNonTaglis,
    PlnPostpaid,
    PlnPrepaid,
    Service,
    Tv,
)

Desc = dict[str, Any]

# --- the members of each service ------------------------------------------------------------------


class _Form(msgspec.Struct, frozen=True, kw_only=True):
    """How the `desc` of one service is laid out: members of the wire and our names for them."""

    details: type[Details]
    before: Mapping[str, str] = {}
    """What stands before `lembar_tagihan`."""
    after: Mapping[str, str] = {}
    sheet: tuple[str, ...] | None = None
    """The members of each sheet; None where a bill has no list of them."""


_SHEET: Final[Mapping[str, str]] = {
    "periode": "name",
    "nilai_tagihan": "amount",
    "denda": "fine",
    "meter_awal": "meter_before",
    "meter_akhir": "meter_after",
    "biaya_lain": "other",
    "usage": "usage",
    "no_ref": "reference",
}
_SHEET_FEE: Final = "admin"
"""The seller's fee, shared out over the sheets."""
_METER: Final = ("meter_awal", "meter_akhir")
_NUMBERS_AS_TEXT: Final = frozenset({"jumlah_peserta"})
"""A string in the document's sample."""

_FORMS: Final[Mapping[Service, _Form]] = {
    Service.PLN_POSTPAID: _Form(
        details=PlnPostpaid,
        before={"tarif": "tariff", "daya": "power"},
        sheet=("periode", "nilai_tagihan", _SHEET_FEE, "denda", *_METER),
    ),
    Service.PLN_PREPAID: _Form(
        details=PlnPrepaid,
        before={
            "no_meter": "meter_no",
            "id_pelanggan": "subscriber_id",
            "tarif": "tariff",
            "daya": "power",
        },
    ),
    Service.PLN_NON_TAGLIS: _Form(
        details=PlnNonTaglis,
        after={
            "transaksi": "purpose",
            "no_registrasi": "registration_no",
            "tanggal_registrasi": "registered_on",
        },
    ),
    Service.PDAM: _Form(
        details=Pdam,
        before={"tarif": "tariff"},
        after={"alamat": "address", "jatuh_tempo": "due_date"},
        sheet=("periode", "nilai_tagihan", "denda", *_METER, "biaya_lain"),
    ),
    Service.BPJS_KESEHATAN: _Form(
        details=BpjsKesehatan,
        before={"jumlah_peserta": "participants"},
        after={"alamat": "address"},
        sheet=("periode",),
    ),
    Service.BPJS_KETENAGAKERJAAN: _Form(
        details=BpjsKetenagakerjaan,
        after={
            "kode_iuran": "contribution_code",
            "kode_program": "programme_code",
            "jkk": "jkk",
            "jkm": "jkm",
            "jht": "jht",
            "kantor_cabang": "branch",
            "tgl_efektif": "effective_on",
            "tgl_expired": "expires_on",
        },
    ),
    Service.INTERNET: _Form(details=Internet, sheet=("periode", "nilai_tagihan", _SHEET_FEE)),
    Service.MOBILE_POSTPAID: _Form(details=MobilePostpaid),
    Service.MULTIFINANCE: _Form(
        details=Multifinance,
        after={
            "item_name": "item",
            "no_rangka": "frame_no",
            "no_pol": "plate_no",
            "tenor": "tenor",
        },
        sheet=("periode", "denda", "biaya_lain"),
    ),
    Service.GAS: _Form(
        details=Gas, after={"alamat": "address"}, sheet=("periode", *_METER, "usage")
    ),
    Service.TV: _Form(details=Tv, sheet=("periode", "nilai_tagihan", "no_ref")),
    Service.PBB: _Form(
        details=Pbb,
        after={
            "alamat": "address",
            "tahun_pajak": "tax_year",
            "kelurahan": "village",
            "kecamatan": "district",
            "kode_kab_kota": "city_code",
            "kab_kota": "city",
            "provinsi": "province",
            "luas_tanah": "land_area",
            "luas_gedung": "building_area",
        },
    ),
    Service.EWALLET: _Form(details=Ewallet),
}
_FORM_OF: Final = {form.details: form for form in _FORMS.values()}

# --- writing ------------------------------------------------------------------------------------


def write_desc(bill: Bill, *, fee: int) -> Desc:
    """Write the `desc` of a bill; `fee` is shared out over its sheets."""
    form = _FORM_OF[type(bill.details)]
    desc = {
        **_written(form.before, bill.details),
        "lembar_tagihan": bill.sheets,
        **_written(form.after, bill.details),
    }
    if form.sheet is not None:
        share = fee // bill.sheets
        desc["detail"] = [_written_sheet(form.sheet, p, share) for p in bill.periods]
    return desc


def _written(members: Mapping[str, str], details: Details) -> Desc:
    values = {member: getattr(details, name) for member, name in members.items()}
    return {m: str(v) if m in _NUMBERS_AS_TEXT else v for m, v in values.items()}


def _written_sheet(members: Sequence[str], period: Period, fee: int) -> Desc:
    return {m: fee if m == _SHEET_FEE else getattr(period, _SHEET[m]) for m in members}


# --- reading ------------------------------------------------------------------------------------


def read_bill(
    desc: Any, service: Service, *, customer_no: str, customer_name: str, amount: int
) -> Bill:
    """Read a supplier's bill; `amount` is its `tagihan`, fines with it."""
    members = desc if isinstance(desc, Mapping) else {}
    sheets = members.get("detail")
    periods = tuple(map(_period, sheets)) if isinstance(sheets, list) else ()
    fine = sum(p.fine for p in periods)
    if fine > amount or not _adds_up(periods, amount):
        # What it says of its sheets does not make the sum: only the sum is believed.
        periods = tuple(Period(name=p.name) for p in periods)
        fine = 0
    return Bill(
        customer_no=customer_no,
        customer_name=customer_name,
        amount=amount - fine,
        fine=fine,
        sheets=max(1, _number(members.get("lembar_tagihan")) or len(periods) or 1),
        periods=periods,
        details=_read(_FORMS[service], members),
    )


def _read(form: _Form, members: Mapping[str, Any]) -> Details:
    """Read the members that we know; those that are missing or no such value stay empty."""
    empty = form.details()
    found: dict[str, Any] = {}
    for member, name in {**form.before, **form.after}.items():
        is_number = isinstance(getattr(empty, name), int)
        found[name] = (_number if is_number else _text)(members.get(member))
    return form.details(**found)


def _adds_up(periods: Sequence[Period], amount: int) -> bool:
    amounts = [p.amount for p in periods]
    if None in amounts:
        return True
    return not amounts or sum((p.amount or 0) + p.fine + p.other for p in periods) == amount


def _period(value: Any) -> Period:
    sheet = value if isinstance(value, Mapping) else {}
    amount = sheet.get("nilai_tagihan")
    return Period(
        name=_text(sheet.get("periode")),
        amount=_number(amount) if amount is not None else None,
        fine=_number(sheet.get("denda")),
        other=_number(sheet.get("biaya_lain")),
        meter_before=_text(sheet.get("meter_awal")),
        meter_after=_text(sheet.get("meter_akhir")),
        usage=_text(sheet.get("usage")),
        reference=_text(sheet.get("no_ref")),
    )


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value[:200]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _number(value: Any) -> int:
    """Read a whole number, written as one or as digits; anything else is 0."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0  # noqa: PLR2004
