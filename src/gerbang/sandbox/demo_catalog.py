"""The demo's catalogue: some 200 products with prices like those of the market."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from gerbang.sandbox.demo_bills import demo_bills
from gerbang.sandbox.demo_product import DemoProduct


class DemoCategory(msgspec.Struct, frozen=True, kw_only=True):
    """A category and its rule for destinations."""

    code: str
    name: str
    pattern: str
    hint: str


PHONE: Final = "^0[0-9]{8,13}$"

CATEGORIES: Final = (
    DemoCategory(
        code="pulsa",
        name="Pulsa",
        pattern=PHONE,
        hint="a phone number like 08123456789",
    ),
    DemoCategory(
        code="data",
        name="Paket data",
        pattern=PHONE,
        hint="a phone number like 08123456789",
    ),
    DemoCategory(
        code="ewallet", name="E-wallet", pattern=PHONE, hint="a phone number like 08123456789"
    ),
    DemoCategory(
        code="pln", name="Token PLN", pattern="^[0-9]{11,12}$", hint="a meter number, 11-12 digits"
    ),
    DemoCategory(
        code="game",
        name="Voucher game",
        pattern=r"^[0-9A-Za-z()@._-]{4,40}$",
        hint="a game id, with the zone behind it where there is one",
    ),
    DemoCategory(code="voucher", name="Voucher", pattern=PHONE, hint="the buyer's phone number"),
    DemoCategory(
        code="bill", name="Tagihan", pattern="^[0-9]{6,20}$", hint="a customer number, digits"
    ),
    DemoCategory(
        code="wallet",
        name="E-wallet bebas nominal",
        pattern=PHONE,
        hint="a phone number like 08123456789",
    ),
)

PREFIXES: Final[dict[str, str]] = {
    **dict.fromkeys(
        ("0811", "0812", "0813", "0821", "0822", "0823", "0851", "0852", "0853"), "TELKOMSEL"
    ),
    **dict.fromkeys(("0814", "0815", "0816", "0855", "0856", "0857", "0858"), "INDOSAT"),
    **dict.fromkeys(("0817", "0818", "0819", "0859", "0877", "0878"), "XL"),
    **dict.fromkeys(("0831", "0832", "0833", "0838"), "AXIS"),
    **dict.fromkeys(("0895", "0896", "0897", "0898", "0899"), "TRI"),
    **dict.fromkeys(("0881", "0882", "0883", "0884", "0885", "0886", "0887", "0888"), "SMARTFREN"),
}

_DENOMINATIONS: Final = (2, 3, 5, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 300, 500, 1000)
_AIRTIME: Final = (
    ("S", "Telkomsel", "TELKOMSEL", 380),
    ("I", "Indosat", "INDOSAT", 420),
    ("X", "XL", "XL", 450),
    ("AX", "Axis", "AXIS", 460),
    ("T", "Three", "TRI", 240),
    ("SM", "Smartfren", "SMARTFREN", 150),
)
_DATA: Final = (
    ("TD", "Telkomsel Data", "TELKOMSEL"),
    ("ID", "Indosat Freedom", "INDOSAT"),
    ("XD", "XL Xtra Combo", "XL"),
    ("AD", "Axis Bronet", "AXIS"),
    ("HD", "Three Happy", "TRI"),
    ("MD", "Smartfren Nonstop", "SMARTFREN"),
)
_DATA_SIZES: Final = (
    (1, 9_800),
    (3, 21_500),
    (5, 32_000),
    (10, 58_000),
    (20, 91_000),
    (50, 148_000),
)
_GAMES: Final = (
    ("ML", "Mobile Legends", ((86, 19_800), (172, 39_300), (257, 58_700), (706, 158_000))),
    ("FF", "Free Fire", ((5, 900), (70, 9_300), (140, 18_400), (355, 46_000), (720, 91_500))),
    ("PB", "PUBG Mobile", ((60, 14_300), (325, 71_000), (660, 141_000))),
    ("GI", "Genshin Impact", ((60, 13_900), (330, 68_500), (1090, 204_000))),
    ("VR", "Valorant", ((475, 47_800), (1000, 95_500))),
)
_WALLETS: Final = (("DN", "Dana"), ("OV", "OVO"), ("GP", "GoPay"), ("SP", "ShopeePay"))
_WALLET_AMOUNTS: Final = (10, 20, 25, 50, 100)
_NAMED: Final = (
    # Codes that the protocol documents use in their samples, with the sample's prices.
    DemoProduct(
        code="TSEL21",
        name="Telkomsel 21.000",
        category="pulsa",
        brand="Telkomsel",
        operator="TELKOMSEL",
        price=21_425,
        cost=21_050,
    ),
    DemoProduct(
        code="TSEL10",
        name="Telkomsel 10.000",
        category="pulsa",
        brand="Telkomsel",
        operator="TELKOMSEL",
        price=11_500,
        cost=10_950,
    ),
    DemoProduct(
        code="HSA5", name="Halo 5.000", category="pulsa", brand="Telkomsel", price=5_400, cost=5_050
    ),
    DemoProduct(code="XL5", name="XL 5.000", category="pulsa", brand="XL", price=5_850, cost=5_400),
    DemoProduct(
        code="T1", name="Three 1.000", category="pulsa", brand="Three", price=1_321, cost=1_150
    ),
    DemoProduct(
        code="IP30",
        name="Indosat 30.000",
        category="pulsa",
        brand="Indosat",
        price=30_442,
        cost=30_000,
    ),
    DemoProduct(
        code="SP1", name="Smart 1.000", category="pulsa", brand="Smartfren", price=1_900, cost=1_500
    ),
    DemoProduct(
        code="BBSDN",
        name="Dana (bebas nominal)",
        category="ewallet",
        brand="Dana",
        kind="open",
        price=171,
        cost=100,
        amount_min=1_000,
        amount_max=10_000_000,
        amount_step=1,
    ),
    DemoProduct(
        code="GPC5",
        name="Google Play 5.000",
        category="voucher",
        brand="Google Play",
        price=5_600,
        cost=5_300,
    ),
)


def demo_products() -> list[DemoProduct]:
    """Give the whole catalogue; codes are unique, the named ones win."""
    products = {p.code: p for p in _generated()}
    products.update({p.code: p for p in _NAMED})
    products.update({p.code: p for p in demo_bills()})
    return list(products.values())


def _generated() -> Iterator[DemoProduct]:
    yield from _airtime()
    yield from _data()
    yield from _pln()
    yield from _games()
    yield from _wallets()


def _airtime() -> Iterator[DemoProduct]:
    for prefix, brand, operator, margin in _AIRTIME:
        for thousands in _DENOMINATIONS:
            amount = thousands * 1_000
            yield DemoProduct(
                code=f"{prefix}{thousands}",
                name=f"{brand} {thousands:,}.000".replace(",", "."),
                category="pulsa",
                brand=brand,
                operator=operator,
                price=amount + margin + 200,
                cost=amount + margin,
            )


def _data() -> Iterator[DemoProduct]:
    for prefix, brand, operator in _DATA:
        for gigabytes, price in _DATA_SIZES:
            yield DemoProduct(
                code=f"{prefix}{gigabytes}",
                name=f"{brand} {gigabytes} GB 30 hari",
                category="data",
                brand=brand,
                operator=operator,
                price=price,
                cost=price - 700,
            )


def _pln() -> Iterator[DemoProduct]:
    for thousands in (20, 50, 100, 200, 500, 1000):
        amount = thousands * 1_000
        yield DemoProduct(
            code=f"PLN{thousands}",
            name=f"Token PLN {thousands:,}.000".replace(",", "."),
            category="pln",
            brand="PLN",
            service="pln_prepaid",
            price=amount + 500,
            cost=amount + 100,
        )


def _games() -> Iterator[DemoProduct]:
    for prefix, brand, steps in _GAMES:
        for amount, price in steps:
            yield DemoProduct(
                code=f"{prefix}{amount}",
                name=f"{brand} {amount}",
                category="game",
                brand=brand,
                kind="game",
                price=price,
                cost=price - 400,
            )


def _wallets() -> Iterator[DemoProduct]:
    for prefix, brand in _WALLETS:
        for thousands in _WALLET_AMOUNTS:
            yield DemoProduct(
                code=f"{prefix}{thousands}",
                name=f"{brand} {thousands}.000",
                category="ewallet",
                brand=brand,
                price=thousands * 1_000 + 250,
                cost=thousands * 1_000 + 90,
            )
