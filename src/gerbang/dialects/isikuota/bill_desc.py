"""`desc` of a bill (§7.1, §7.3): its members per service, written and read; pure.

The BPJS sample is the document's own; the shapes of the other services are those that neighbours
document. Whoever reads a `desc` takes what fits and keeps nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

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

# --- writing ------------------------------------------------------------------------------------


def write_desc(bill: Bill, *, fee: int) -> Desc:
    """Write the `desc` of a bill; `fee` is shared out over its sheets."""
    head, middle, detail = _parts(bill, fee_per_sheet=fee // bill.sheets)
    desc = {**head, "lembar_tagihan": bill.sheets, **middle}
    if detail is not None:
        desc["detail"] = detail
    return desc


def _parts(  # noqa: C901, PLR0911 (one case per service)
    bill: Bill, *, fee_per_sheet: int
) -> tuple[Desc, Desc, list[Desc] | None]:
    """Give what stands before `lembar_tagihan`, after it, and the sheets."""
    d = bill.details
    match d:
        case PlnPostpaid():
            sheets = [_pln_sheet(p, fee_per_sheet) for p in bill.periods]
            return {"tarif": d.tariff, "daya": d.power}, {}, sheets
        case PlnPrepaid():
            head: Desc = {
                "no_meter": d.meter_no,
                "id_pelanggan": d.subscriber_id,
                "tarif": d.tariff,
                "daya": d.power,
            }
            return head, {}, None
        case PlnNonTaglis():
            after: Desc = {
                "transaksi": d.purpose,
                "no_registrasi": d.registration_no,
                "tanggal_registrasi": d.registered_on,
            }
            return {}, after, None
        case Pdam():
            after = {"alamat": d.address, "jatuh_tempo": d.due_date}
            return {"tarif": d.tariff}, after, [_pdam_sheet(p) for p in bill.periods]
        case BpjsKesehatan():
            # A string in the document's sample.
            head = {"jumlah_peserta": str(d.participants)}
            return head, {"alamat": d.address}, [{"periode": p.name} for p in bill.periods]
        case BpjsKetenagakerjaan():
            after = {
                "kode_iuran": d.contribution_code,
                "kode_program": d.programme_code,
                "jkk": d.jkk,
                "jkm": d.jkm,
                "jht": d.jht,
                "kantor_cabang": d.branch,
                "tgl_efektif": d.effective_on,
                "tgl_expired": d.expires_on,
            }
            return {}, after, None
        case Internet():
            sheets = [
                {"periode": p.name, "nilai_tagihan": p.amount, "admin": fee_per_sheet}
                for p in bill.periods
            ]
            return {}, {}, sheets
        case Multifinance():
            after = {
                "item_name": d.item,
                "no_rangka": d.frame_no,
                "no_pol": d.plate_no,
                "tenor": d.tenor,
            }
            sheets = [
                {"periode": p.name, "denda": p.fine, "biaya_lain": p.other} for p in bill.periods
            ]
            return {}, after, sheets
        case Pbb():
            after = {
                "alamat": d.address,
                "tahun_pajak": d.tax_year,
                "kelurahan": d.village,
                "kecamatan": d.district,
                "kode_kab_kota": d.city_code,
                "kab_kota": d.city,
                "provinsi": d.province,
                "luas_tanah": d.land_area,
                "luas_gedung": d.building_area,
            }
            return {}, after, None
        case Gas():
            sheets = [
                {
                    "periode": p.name,
                    "meter_awal": p.meter_before,
                    "meter_akhir": p.meter_after,
                    "usage": p.usage,
                }
                for p in bill.periods
            ]
            return {}, {"alamat": d.address}, sheets
        case Tv():
            sheets = [
                {"periode": p.name, "nilai_tagihan": p.amount, "no_ref": p.reference}
                for p in bill.periods
            ]
            return {}, {}, sheets
        case MobilePostpaid() | Ewallet():
            return {}, {}, None


def _pln_sheet(p: Period, fee: int) -> Desc:
    return {
        "periode": p.name,
        "nilai_tagihan": p.amount,
        "admin": fee,
        "denda": p.fine,
        "meter_awal": p.meter_before,
        "meter_akhir": p.meter_after,
    }


def _pdam_sheet(p: Period) -> Desc:
    return {
        "periode": p.name,
        "nilai_tagihan": p.amount,
        "denda": p.fine,
        "meter_awal": p.meter_before,
        "meter_akhir": p.meter_after,
        "biaya_lain": p.other,
    }


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
        details=_DETAILS[service](members),
    )


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


def _pln(m: Mapping[str, Any]) -> Details:
    return PlnPostpaid(tariff=_text(m.get("tarif")), power=_number(m.get("daya")))


def _pln_prepaid(m: Mapping[str, Any]) -> Details:
    return PlnPrepaid(
        meter_no=_text(m.get("no_meter")),
        subscriber_id=_text(m.get("id_pelanggan")),
        tariff=_text(m.get("tarif")),
        power=_number(m.get("daya")),
    )


def _non_taglis(m: Mapping[str, Any]) -> Details:
    return PlnNonTaglis(
        purpose=_text(m.get("transaksi")),
        registration_no=_text(m.get("no_registrasi")),
        registered_on=_text(m.get("tanggal_registrasi")),
    )


def _pdam(m: Mapping[str, Any]) -> Details:
    return Pdam(
        tariff=_text(m.get("tarif")),
        address=_text(m.get("alamat")),
        due_date=_text(m.get("jatuh_tempo")),
    )


def _bpjs(m: Mapping[str, Any]) -> Details:
    return BpjsKesehatan(
        participants=_number(m.get("jumlah_peserta")), address=_text(m.get("alamat"))
    )


def _bpjs_tk(m: Mapping[str, Any]) -> Details:
    return BpjsKetenagakerjaan(
        contribution_code=_text(m.get("kode_iuran")),
        programme_code=_text(m.get("kode_program")),
        jkk=_number(m.get("jkk")),
        jkm=_number(m.get("jkm")),
        jht=_number(m.get("jht")),
        branch=_text(m.get("kantor_cabang")),
        effective_on=_text(m.get("tgl_efektif")),
        expires_on=_text(m.get("tgl_expired")),
    )


def _multifinance(m: Mapping[str, Any]) -> Details:
    return Multifinance(
        item=_text(m.get("item_name")),
        frame_no=_text(m.get("no_rangka")),
        plate_no=_text(m.get("no_pol")),
        tenor=_text(m.get("tenor")),
    )


def _pbb(m: Mapping[str, Any]) -> Details:
    return Pbb(
        address=_text(m.get("alamat")),
        tax_year=_text(m.get("tahun_pajak")),
        village=_text(m.get("kelurahan")),
        district=_text(m.get("kecamatan")),
        city_code=_text(m.get("kode_kab_kota")),
        city=_text(m.get("kab_kota")),
        province=_text(m.get("provinsi")),
        land_area=_text(m.get("luas_tanah")),
        building_area=_text(m.get("luas_gedung")),
    )


_DETAILS: Final[Mapping[Service, Callable[[Mapping[str, Any]], Details]]] = {
    Service.PLN_POSTPAID: _pln,
    Service.PLN_PREPAID: _pln_prepaid,
    Service.PLN_NON_TAGLIS: _non_taglis,
    Service.PDAM: _pdam,
    Service.BPJS_KESEHATAN: _bpjs,
    Service.BPJS_KETENAGAKERJAAN: _bpjs_tk,
    Service.INTERNET: lambda _: Internet(),
    Service.MOBILE_POSTPAID: lambda _: MobilePostpaid(),
    Service.MULTIFINANCE: _multifinance,
    Service.GAS: lambda m: Gas(address=_text(m.get("alamat"))),
    Service.TV: lambda _: Tv(),
    Service.PBB: _pbb,
    Service.EWALLET: lambda _: Ewallet(),
}
