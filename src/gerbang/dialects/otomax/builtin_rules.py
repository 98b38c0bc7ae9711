"""The built-in parsing rules: the wordings of sheet §5.1, one set per family; pure.

The particular sets know the whole shape of a line, so words in a footer or a product's name
cannot mislead them. `generic` reads the trade's words anywhere, in the order of §12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gerbang.dialects.otomax.rule import About, CompiledRule, ReadAs, Rule, compile_rule
from gerbang.orders.reasons import Reason

REASON_WORDS: Final[Mapping[str, Reason]] = {
    # Our own float, credential or mistake at the supplier: never the reseller's fault.
    "pin salah": Reason.SUPPLIER_REFUSED_US,
    "password salah": Reason.SUPPLIER_REFUSED_US,
    "invalid signature": Reason.SUPPLIER_REFUSED_US,
    "pengguna tidak ditemukan": Reason.SUPPLIER_REFUSED_US,
    "saldo tidak cukup": Reason.SUPPLIER_REFUSED_US,
    "saldo tidak mencukupi": Reason.SUPPLIER_REFUSED_US,
    "gangguan di pusat": Reason.SUPPLIER_REFUSED_US,
    "format salah": Reason.SUPPLIER_REFUSED_US,
    "batas transaksi hari ini": Reason.SUPPLIER_REFUSED_US,
    "harga produk belum": Reason.SUPPLIER_REFUSED_US,
    # The product there.
    "kode produk salah": Reason.PRODUCT_NOT_FOUND,
    "produk tidak tersedia": Reason.PRODUCT_NOT_FOUND,
    "produk belum tersedia": Reason.NO_ROUTE,
    "voucher tidak tersedia": Reason.OUT_OF_STOCK,
    "kosong": Reason.OUT_OF_STOCK,
    "lebih besar dari harga": Reason.PRICE_ABOVE_LIMIT,
    "gangguan": Reason.PRODUCT_DISTURBED,
    "cut off": Reason.CUT_OFF,
    "cutoff": Reason.CUT_OFF,
    "ditutup": Reason.PRODUCT_CLOSED,
    # The destination. "Try again tomorrow" is what a blacklisted number is told (§5.1).
    "coba lagi besok": Reason.NUMBER_BLOCKED,
    "diblokir": Reason.NUMBER_BLOCKED,
    "blacklist": Reason.NUMBER_BLOCKED,
    "masa tenggang": Reason.NUMBER_EXPIRED,
    "tidak aktif": Reason.NUMBER_EXPIRED,
    "hangus": Reason.NUMBER_EXPIRED,
    "nomor meter": Reason.METER_WRONG,
    "tujuan salah": Reason.NUMBER_NOT_FOUND,
    "nomor tujuan tidak ditemukan": Reason.NUMBER_NOT_FOUND,
    "nomor hp tidak benar": Reason.NUMBER_NOT_FOUND,
    "nomor salah": Reason.NUMBER_NOT_FOUND,
    "no tujuan": Reason.NUMBER_NOT_FOUND,
    "nomor tujuan anda": Reason.NUMBER_NOT_FOUND,
    "batas operator": Reason.PROVIDER_LIMIT,
    "batas kwh": Reason.KWH_LIMIT,
    "wilayah": Reason.OUT_OF_AREA,
    "area": Reason.OUT_OF_AREA,
    "qty": Reason.INVALID_QUANTITY,
    "minimum": Reason.TOKEN_BELOW_MINIMUM,
    # Bills.
    "cek tagihan tidak ditemukan": Reason.INQUIRY_NOT_FOUND,
    "cek tagihan tidak cocok": Reason.INQUIRY_MISMATCH,
    "cek tagihan sudah kedaluwarsa": Reason.INQUIRY_EXPIRED,
    "tagihan tidak ditemukan": Reason.BILL_NOT_FOUND,
    "tagihan sudah dibayar": Reason.BILL_ALREADY_PAID,
    "tagihan berubah": Reason.BILL_CHANGED,
    # The rest.
    "operator tidak dapat dihubungi": Reason.BILLER_UNREACHABLE,
    "waktu transaksi sudah habis": Reason.EXPIRED,
    "refund": Reason.CANCELLED,
    "batal": Reason.CANCELLED,
}
"""Words of a failure and what they mean, the first that is found; in small letters."""

_KODE: Final = r"(?P<kode>[A-Z0-9_-]{1,24})"
_TUJUAN: Final = r"(?:(?P<counter>\d{1,3})\.)?(?P<tujuan>[^ .,]{3,64})"
_TARGET: Final = rf"{_KODE}\.{_TUJUAN}"
_HEAD: Final = (
    r"\A(?:(?:T|ID)?#(?P<trxid>\d{1,18}) )?R#(?P<refid>[\w.=-]{0,64}),? "
    rf"(?:(?P<namaproduk>.{{1,80}}?) )??{_TARGET}"
)
_DIGI_HEAD: Final = (
    rf"\A(?:[^=]{{1,30}}\. )?(?:TrxID=(?P<trxid>\d{{1,18}}) )?kode {_KODE} ke {_TUJUAN}"
)
_SN: Final = r"SN(?:/Ref)? ?:"
_CLOCK: Final = r"(?P<waktu>\d\d[:.]\d\d(?:[:.]\d\d)?)"
_STATE: Final = r"(?P<status>[A-Z ]{3,30})"
_NAMED: Final = r"\A(?:R#[^ ]{1,64} [^ ]{1,128} )?"


def _rule(name: str, outcome: ReadAs, *parts: str, **rest: Any) -> CompiledRule:
    return compile_rule(Rule(name=name, outcome=outcome, pattern="".join(parts), **rest))


def _request(name: str, reason: Reason, *parts: str) -> CompiledRule:
    """Make a rule for a text about the request, not about an order."""
    return _rule(name, ReadAs.FAILED, *parts, about=About.REQUEST, reason=reason)


# What a Gerbang says of itself; its other texts are the families' below.
_GERBANG: Final = (
    _rule(
        "gerbang.duplicate",
        ReadAs.FAILED,
        r"GAGAL\. Tidak diproses, dobel dengan T#\d{1,18} R#",
        reason=Reason.DUPLICATE_SAME_DAY,
        certain=True,
    ),
    _request("gerbang.maintenance", Reason.MAINTENANCE, _NAMED, "Sistem sedang pemeliharaan"),
    _request(
        "gerbang.not_welcome",
        Reason.SUPPLIER_REFUSED_US,
        _NAMED,
        r"(?:Terlalu banyak permintaan|Reseller tidak aktif|Jalur IP belum|Akun belum boleh"
        r"|IP tidak sesuai)\b",
    ),
)

_OKE: Final = (
    _rule("oke.accepted", ReadAs.PENDING, _HEAD, r" ?(?:, QTY : \d{1,12} )?akan diproses\b"),
    _rule("oke.success", ReadAs.SUCCESS, _HEAD, r" SUKSES\. ", _SN),
    _rule("oke.failed", ReadAs.FAILED, _HEAD, r" GAGAL\b"),
    _rule(
        "oke.known", ReadAs.PREVIOUS, _HEAD, rf" s(?:uda|d)h pernah jam {_CLOCK}, status {_STATE}\."
    ),
    _rule(
        "oke.waiting",
        ReadAs.PREVIOUS,
        r"\AMhn tunggu trx sblmnya selesai: T#(?P<trxid>\d{1,18}) R#(?P<refid>[\w.=-]{1,64}) ",
        rf"{_TARGET} @{_CLOCK}, status {_STATE}",
    ),
    _rule(
        "oke.none", ReadAs.NOT_FOUND, r"\ATIDAK ADA transaksi Tujuan (?P<tujuan>[^ ]{3,64}) pada "
    ),
)

_PLUS: Final = (
    _rule(
        "plus.accepted",
        ReadAs.PENDING,
        rf"\ATransaksi {_TARGET} (?:Qty=\d{{1,12}} )?",
        r"Harga=(?P<harga>[\d.]{1,15}) akan diproses\b",
    ),
    _rule("plus.success", ReadAs.SUCCESS, rf"\A(?:Trx ?)?{_TARGET} SUKSES\. ", _SN),
    _rule(
        "plus.cancelled",
        ReadAs.FAILED,
        rf"\A{_TARGET} pd {_CLOCK} gagal, dibatalkan\b",
        reason=Reason.CANCELLED,
    ),
    _rule("plus.failed", ReadAs.FAILED, rf"\A{_TARGET} GAGAL\b"),
    _rule(
        "plus.known",
        ReadAs.PREVIOUS,
        rf"\ATrx {_TARGET} s(?:uda|d)h Terjadi Pada:{_CLOCK}, sts (?P<status>[A-Z]{{3,20}})",
    ),
    _rule(
        "plus.waiting",
        ReadAs.PREVIOUS,
        rf"\A(?:Yth .{{1,60}}?,? )?Transaksi\.{_TARGET} (?P<status>masih dalam proses)",
    ),
)

_DIGI: Final = (
    _rule("digi.accepted", ReadAs.PENDING, _DIGI_HEAD, r" (?:qty \d{1,12} )?sedang diproses\b"),
    _rule("digi.success", ReadAs.SUCCESS, _DIGI_HEAD, r" Sukses\. ", _SN),
    _rule("digi.failed", ReadAs.FAILED, _DIGI_HEAD, r" GAGAL\b"),
    _rule(
        "digi.known",
        ReadAs.PREVIOUS,
        _DIGI_HEAD,
        rf" s(?:uda|d)h pernah jam {_CLOCK}, status {_STATE}\.",
    ),
)

_SEED: Final = (
    _rule(
        "seed.success",
        ReadAs.SUCCESS,
        r"\ATRANSAKSI LANCAR T#(?P<trxid>\d{1,18}) R#(?P<refid>[\w.=-]{1,64}) ",
        rf"{_TARGET} SUKSES\. {_SN}",
    ),
    _rule(
        "seed.failed",
        ReadAs.FAILED,
        rf"\AR#(?P<refid>[\w.=-]{{1,64}}) {_TARGET} TRANSAKSI GAGAL\b",
    ),
)

_GENERIC: Final = (
    _request(
        "generic.login",
        Reason.SUPPLIER_REFUSED_US,
        r"\A(?:IP tidak sesuai|Pengguna tidak ditemukan|Invalid (?:user|signature|ip)",
        r"|(?:GAGAL\. )?(?:Pin|Password) salah)\b",
    ),
    _request(
        "generic.secret",
        Reason.SUPPLIER_REFUSED_US,
        r"\A(?:T#\d{1,18} )?R#[^ ]{0,64} .{0,120}?\b(?:Pin|Password) salah\b",
    ),
    _request(
        "generic.format",
        Reason.SUPPLIER_REFUSED_US,
        r"\A(?:Too short|Format (?:salah|tidak))\b",
    ),
    _rule("generic.none", ReadAs.NOT_FOUND, r"\bTIDAK ADA transaksi\b"),
    _rule(
        "generic.known",
        ReadAs.PREVIOUS,
        r"\b(?:sudah|sdh) (?:pernah|terjadi)\b.{0,20}?\b(?:status|sts):? (?P<status>[A-Z ]{3,20})",
    ),
    _rule("generic.known_without_state", ReadAs.UNKNOWN, r"\b(?:sudah|sdh) (?:pernah|terjadi)\b"),
    # §12: this belongs to another order, whatever its R# says.
    _rule(
        "generic.waiting_for_another", ReadAs.UNKNOWN, r"\b(?:trx|transaksi) (?:sblm|sebelum)nya\b"
    ),
    _rule(
        "generic.pending",
        ReadAs.PENDING,
        r"\b(?:akan diproses|sedang (?:di|dalam )proses|masih dalam proses|menunggu",
        r"|mohon (?:di)?tunggu|pending|in ?progress)\b",
    ),
    _rule(
        "generic.contradiction",
        ReadAs.UNKNOWN,
        r"\A(?=.{0,4096}?\b(?:gagal|failed)\b)(?=.{0,4096}?\b(?:sukses|berhasil|success)\b)",
    ),
    _rule(
        "generic.failed",
        ReadAs.FAILED,
        r"\b(?:gagal|failed|dibatalkan|diabaikan|tidak cukup|tidak mencukupi|tidak benar",
        r"|(?:tidak|belum) (?:sukses|berhasil))\b",
    ),
    _rule("generic.success", ReadAs.SUCCESS, r"\b(?:sukses|berhasil|success)\b"),
)

BUILTIN: Final[Mapping[str, tuple[CompiledRule, ...]]] = {
    "builtin:gerbang": _GERBANG,
    "builtin:oke": _OKE,
    "builtin:plus": _PLUS,
    "builtin:digi": _DIGI,
    "builtin:seed": _SEED,
    "builtin:generic": _GENERIC,
}
"""The sets by the names that suppliers' settings use, in the order they are tried by default."""
