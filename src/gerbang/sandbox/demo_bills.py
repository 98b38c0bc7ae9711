"""The demo's bills: at least one product per service, and who keeps what of the fee."""

from __future__ import annotations

from typing import Final

from gerbang.bills.bill import Service
from gerbang.sandbox.bills import FakeBill
from gerbang.sandbox.demo_product import DemoProduct

SUPPLIER_KEEPS: Final = 1_200
"""Rupiah per sheet that a fake supplier keeps of its fee."""
WE_KEEP: Final = 600
"""And what we keep; the rest of the fee is the reseller's share."""


def _bill(code: str, name: str, brand: str, service: Service, fee: int) -> DemoProduct:
    return DemoProduct(
        code=code,
        name=name,
        category="bill",
        brand=brand,
        kind="postpaid",
        price=SUPPLIER_KEEPS + WE_KEEP,
        cost=SUPPLIER_KEEPS,
        admin_fee=fee,
        service=service.value,
        biller=code,
    )


_BILLS: Final = (
    _bill("MPBPJS", "BPJS Kesehatan", "BPJS", Service.BPJS_KESEHATAN, 2_700),
    _bill("MPBPJSTK", "BPJS Ketenagakerjaan", "BPJS", Service.BPJS_KETENAGAKERJAAN, 2_700),
    _bill("MPPLN", "PLN Pascabayar", "PLN", Service.PLN_POSTPAID, 2_500),
    _bill("MPPLNNT", "PLN Non Taglis", "PLN", Service.PLN_NON_TAGLIS, 2_500),
    _bill("MPPDAM", "PDAM Kota Demo", "PDAM", Service.PDAM, 2_500),
    _bill("MPINET", "Internet Demo", "INTERNET", Service.INTERNET, 2_500),
    _bill("MPHALO", "Pascabayar Seluler Demo", "SELULER", Service.MOBILE_POSTPAID, 2_500),
    _bill("MPFIN", "Multifinance Demo", "MULTIFINANCE", Service.MULTIFINANCE, 5_000),
    _bill("MPGAS", "Gas Demo", "GAS", Service.GAS, 2_500),
    _bill("MPTV", "TV Demo", "TV", Service.TV, 2_500),
    _bill("MPPBB", "PBB Kota Demo", "PBB", Service.PBB, 2_500),
    DemoProduct(
        code="MPDANA",
        name="DANA bebas nominal",
        category="wallet",
        brand="DANA",
        kind="postpaid",
        price=200,
        cost=100,
        admin_fee=700,
        amount_min=1_000,
        amount_max=2_000_000,
        service=Service.EWALLET.value,
        biller="MPDANA",
    ),
    DemoProduct(
        code="CPLN",
        name="Cek nama PLN",
        category="pln",
        brand="PLN",
        kind="postpaid",
        price=0,
        cost=0,
        service=Service.PLN_PREPAID.value,
    ),
)


def demo_bills() -> tuple[DemoProduct, ...]:
    """Give the bills of the catalogue."""
    return _BILLS


def fake_bills(products: list[DemoProduct]) -> dict[str, FakeBill]:
    """Give what a fake supplier is told of the products that can be asked about."""
    return {
        p.code: FakeBill(service=Service(p.service), fee=p.admin_fee, net=p.cost)
        if p.kind == "postpaid"
        else FakeBill(service=Service(p.service))
        for p in products
        if p.service
    }
