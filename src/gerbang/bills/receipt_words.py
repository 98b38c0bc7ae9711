"""The words of receipts: titles per service, and what each kind of details says; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gerbang.bills.bill import (
    Bill,
    BpjsKesehatan,
    BpjsKetenagakerjaan,
    Gas,
    Multifinance,
    Pbb,
    Pdam,
    PlnNonTaglis,
    PlnPostpaid,
    Service,
)
from gerbang.bills.token import Token

TITLES: Final[Mapping[Service, str]] = {
    Service.PLN_POSTPAID: "STRUK PEMBAYARAN TAGIHAN LISTRIK",
    Service.PLN_PREPAID: "STRUK PEMBELIAN LISTRIK PRABAYAR",
    Service.PLN_NON_TAGLIS: "STRUK NON TAGIHAN LISTRIK",
    Service.PDAM: "STRUK PEMBAYARAN TAGIHAN AIR",
    Service.BPJS_KESEHATAN: "STRUK IURAN BPJS KESEHATAN",
    Service.BPJS_KETENAGAKERJAAN: "STRUK IURAN BPJS KETENAGAKERJAAN",
    Service.INTERNET: "STRUK PEMBAYARAN INTERNET",
    Service.MOBILE_POSTPAID: "STRUK PEMBAYARAN PASCABAYAR",
    Service.MULTIFINANCE: "STRUK PEMBAYARAN ANGSURAN",
    Service.GAS: "STRUK PEMBAYARAN TAGIHAN GAS",
    Service.TV: "STRUK PEMBAYARAN TV",
    Service.PBB: "STRUK PEMBAYARAN PBB",
    Service.EWALLET: "STRUK ISI SALDO E-WALLET",
}

Pairs = Iterator[tuple[str, str]]


def describe(bill: Bill) -> Pairs:
    """Say what the details of a bill hold, without what is empty."""
    for label, value in _details(bill):
        if value and value != "0":
            yield label, value


def _details(bill: Bill) -> Pairs:
    d = bill.details
    match d:
        case PlnPostpaid():
            yield "TARIF/DAYA", f"{d.tariff}/{d.power} VA" if d.power else d.tariff
        case PlnNonTaglis():
            yield "TRANSAKSI", d.purpose
            yield "NO REGISTRASI", d.registration_no
            yield "TGL REGISTRASI", d.registered_on
        case Pdam():
            yield "TARIF", d.tariff
            yield "ALAMAT", d.address
            yield "JATUH TEMPO", d.due_date
        case BpjsKesehatan():
            yield "JML PESERTA", str(d.participants)
            yield "ALAMAT", d.address
        case BpjsKetenagakerjaan():
            yield "KODE IURAN", d.contribution_code
            yield "PROGRAM", d.programme_code
            yield "KANTOR CABANG", d.branch
        case Multifinance():
            yield "BARANG", d.item
            yield "NO RANGKA", d.frame_no
            yield "NO POLISI", d.plate_no
            yield "ANGSURAN KE", d.tenor
        case Gas():
            yield "ALAMAT", d.address
        case Pbb():
            yield "TAHUN PAJAK", d.tax_year
            yield "ALAMAT", d.address
            yield "KELURAHAN", d.village
            yield "KECAMATAN", d.district
            yield "KOTA", d.city
            yield "LUAS TANAH", d.land_area
            yield "LUAS BANGUNAN", d.building_area
        case _:
            yield from bill.info


def token_lines(token: Token) -> Pairs:
    """Say what stands beside a token, and the token."""
    tariff_power = "/".join(
        filter(None, (token.tariff, f"{token.power} VA" if token.power else ""))
    )
    for label, value in (("NAMA", token.name), ("TARIF/DAYA", tariff_power), ("KWH", token.kwh)):
        if value:
            yield label, value
    yield "TOKEN", token.token
