"""OtomaX's tables: status numbers, refusal texts, what answers mean, and what is safe; pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from gerbang.dialects.contract import OrderState
from gerbang.dialects.supplier_contract import AnswerRule, LearnRules
from gerbang.orders.reasons import Reason

NAME: Final = "otomax"

STATUS_PENDING: Final = 1
STATUS_SUCCESS: Final = 20
STATUS_FAILED: Final = 40

STATUS_OF_STATE: Final[Mapping[OrderState, int]] = {
    OrderState.PENDING: STATUS_PENDING,
    OrderState.SUCCESS: STATUS_SUCCESS,
    OrderState.FAILED: STATUS_FAILED,
    # The dialect has no word for a reversal: failed, and the message tells of the refund.
    OrderState.REVERSED: STATUS_FAILED,
}


# --- server half: every reason in OtomaX's numbers (§7) and in the trade's words (§5.1) ---------

REASON_STATUS: Final[Mapping[Reason, int]] = {
    Reason.INVALID_REQUEST: 42,
    Reason.INVALID_DESTINATION: 52,
    Reason.INVALID_QUANTITY: 61,
    Reason.REFERENCE_REUSED: 46,
    Reason.DUPLICATE_SAME_DAY: 46,
    Reason.ORDER_NOT_FOUND: 64,
    Reason.UNKNOWN_CREDENTIAL: 41,
    Reason.INVALID_SIGNATURE: 49,
    Reason.WRONG_PIN: 49,
    Reason.WRONG_PASSWORD: 49,
    Reason.TIMESTAMP_EXPIRED: 42,
    Reason.ADDRESS_NOT_ALLOWED: 41,
    Reason.RESELLER_SUSPENDED: 51,
    Reason.DIALECT_NOT_ENABLED: 51,
    Reason.NOT_LIVE: 51,
    Reason.RATE_LIMITED: 64,
    Reason.DAILY_LIMIT_REACHED: 64,
    Reason.PRODUCT_NOT_FOUND: 44,
    Reason.PRODUCT_NOT_IN_GROUP: 44,
    Reason.PRODUCT_CLOSED: 45,
    Reason.PRODUCT_DISTURBED: 47,
    Reason.PRODUCT_WRONG_KIND: 44,
    Reason.PRICE_NOT_SET: 59,
    Reason.PRICE_ABOVE_LIMIT: 59,
    Reason.OUT_OF_STOCK: 45,
    Reason.CUT_OFF: 69,
    Reason.NO_ROUTE: 47,
    Reason.INSUFFICIENT_BALANCE: 43,
    Reason.MAINTENANCE: 69,
    Reason.NUMBER_NOT_FOUND: 52,
    Reason.NUMBER_EXPIRED: 58,
    Reason.NUMBER_BLOCKED: 56,
    Reason.DESTINATION_NOT_ALLOWED: 53,
    Reason.OUT_OF_AREA: 54,
    Reason.BILLER_FAILED: 40,
    # Not 55 (timeout): a buyer reads that as "not known", and this is a certain failure.
    Reason.BILLER_UNREACHABLE: 40,
    Reason.PROVIDER_LIMIT: 64,
    Reason.CANCELLED: 50,
    Reason.REFUNDED: 50,
    Reason.EXPIRED: 40,
    Reason.SUPPLIER_REFUSED_US: 47,
    Reason.BILL_NOT_FOUND: 40,
    Reason.BILL_ALREADY_PAID: 40,
    Reason.BILL_CHANGED: 59,
    Reason.INQUIRY_NOT_FOUND: 40,
    Reason.INQUIRY_EXPIRED: 40,
    Reason.INQUIRY_MISMATCH: 40,
    Reason.METER_WRONG: 52,
    Reason.TOKEN_BELOW_MINIMUM: 61,
    Reason.KWH_LIMIT: 64,
    Reason.INVALID_AMOUNT: 61,
    Reason.NO_UNIQUE_AMOUNT: 64,
}

REASON_TEXT: Final[Mapping[Reason, str]] = {
    Reason.INVALID_REQUEST: "Format salah",
    Reason.INVALID_DESTINATION: "Nomor tujuan salah",
    Reason.INVALID_QUANTITY: "Qty tidak sesuai",
    Reason.REFERENCE_REUSED: "refID sudah digunakan",
    Reason.DUPLICATE_SAME_DAY: "Trx dobel",
    Reason.ORDER_NOT_FOUND: "TIDAK ADA transaksi",
    Reason.UNKNOWN_CREDENTIAL: "Pengguna tidak ditemukan",
    Reason.INVALID_SIGNATURE: "Invalid Signature",
    Reason.WRONG_PIN: "Pin Salah",
    Reason.WRONG_PASSWORD: "Password Salah",
    Reason.TIMESTAMP_EXPIRED: "Waktu permintaan sudah lewat",
    Reason.ADDRESS_NOT_ALLOWED: "IP tidak sesuai",
    Reason.RESELLER_SUSPENDED: "Reseller tidak aktif",
    Reason.DIALECT_NOT_ENABLED: "Jalur IP belum diaktifkan",
    Reason.NOT_LIVE: "Akun belum boleh bertransaksi, hanya uji coba",
    Reason.RATE_LIMITED: "Terlalu banyak permintaan, coba lagi nanti",
    Reason.DAILY_LIMIT_REACHED: "Batas transaksi hari ini sudah tercapai",
    Reason.PRODUCT_NOT_FOUND: "Kode produk salah",
    Reason.PRODUCT_NOT_IN_GROUP: "Produk tidak tersedia untuk Anda",
    Reason.PRODUCT_CLOSED: "Produk sedang ditutup",
    Reason.PRODUCT_DISTURBED: "Produk sedang gangguan",
    Reason.PRODUCT_WRONG_KIND: "Kode produk salah untuk perintah ini",
    Reason.PRICE_NOT_SET: "Harga produk belum diatur",
    Reason.PRICE_ABOVE_LIMIT: "Harga lebih besar dari harga maksimal Anda",
    Reason.OUT_OF_STOCK: "Stok sedang kosong",
    Reason.CUT_OFF: "Produk sedang cut off",
    Reason.NO_ROUTE: "Produk belum tersedia",
    Reason.INSUFFICIENT_BALANCE: "Saldo tidak cukup",
    Reason.MAINTENANCE: "Sistem sedang pemeliharaan, coba lagi nanti",
    Reason.NUMBER_NOT_FOUND: "Nomor tujuan tidak ditemukan",
    Reason.NUMBER_EXPIRED: "Nomor tujuan tidak aktif atau sudah lewat masa tenggang",
    Reason.NUMBER_BLOCKED: "Nomor tujuan diblokir",
    Reason.DESTINATION_NOT_ALLOWED: "Tujuan di luar wilayah",
    Reason.OUT_OF_AREA: "Area tidak cocok",
    Reason.BILLER_FAILED: "Ditolak operator",
    Reason.BILLER_UNREACHABLE: "Operator tidak dapat dihubungi",
    Reason.PROVIDER_LIMIT: "Nomor tujuan sudah mencapai batas operator",
    Reason.CANCELLED: "Transaksi dibatalkan",
    Reason.REFUNDED: "Transaksi dibatalkan dan saldo dikembalikan",
    Reason.EXPIRED: "Waktu transaksi sudah habis",
    Reason.SUPPLIER_REFUSED_US: "Produk sedang gangguan di pusat",
    Reason.BILL_NOT_FOUND: "Tagihan tidak ditemukan",
    Reason.BILL_ALREADY_PAID: "Tagihan sudah dibayar",
    Reason.BILL_CHANGED: "Jumlah tagihan berubah, cek ulang tagihan",
    Reason.INQUIRY_NOT_FOUND: "Cek tagihan tidak ditemukan",
    Reason.INQUIRY_EXPIRED: "Cek tagihan sudah kedaluwarsa",
    Reason.INQUIRY_MISMATCH: "Cek tagihan tidak cocok dengan pembayaran",
    Reason.METER_WRONG: "Nomor meter salah",
    Reason.TOKEN_BELOW_MINIMUM: "Nominal token di bawah minimum",
    Reason.KWH_LIMIT: "Melebihi batas KWH",
    Reason.INVALID_AMOUNT: "Nominal tidak sah",
    Reason.NO_UNIQUE_AMOUNT: "Angka unik habis, coba lagi nanti",
}

REASONS: Final[Mapping[Reason, str]] = {
    reason: str(status) for reason, status in REASON_STATUS.items()
}

BEFORE_LOOKUP: Final = frozenset(
    {
        Reason.ADDRESS_NOT_ALLOWED,
        Reason.RESELLER_SUSPENDED,
        Reason.DIALECT_NOT_ENABLED,
        Reason.NOT_LIVE,
        Reason.RATE_LIMITED,
        Reason.MAINTENANCE,
    }
)
"""Refusals said before the reference could be looked up: the reply must not say GAGAL, because
the same reference may have been taken by an earlier request."""


def reason_text(reason: Reason | None) -> str:
    """Give the words for a reason; a failure text is never empty (§5.3)."""
    return REASON_TEXT[reason] if reason else "Transaksi gagal"


# --- client half ----------------------------------------------------------------------------------


class StatusClass(StrEnum):
    """What a status number says."""

    PENDING = "pending"
    SUCCESS = "success"
    SUCCESS_IF_SAID = "success_if_said"
    FAILED = "failed"
    UNKNOWN = "unknown"


_FAILED_STATUSES: Final[Mapping[int, Reason]] = {
    40: Reason.BILLER_FAILED,
    41: Reason.SUPPLIER_REFUSED_US,
    42: Reason.SUPPLIER_REFUSED_US,
    43: Reason.SUPPLIER_REFUSED_US,
    44: Reason.PRODUCT_NOT_FOUND,
    45: Reason.OUT_OF_STOCK,
    47: Reason.PRODUCT_DISTURBED,
    49: Reason.SUPPLIER_REFUSED_US,
    50: Reason.CANCELLED,
    51: Reason.SUPPLIER_REFUSED_US,
    52: Reason.NUMBER_NOT_FOUND,
    53: Reason.OUT_OF_AREA,
    54: Reason.OUT_OF_AREA,
    56: Reason.NUMBER_BLOCKED,
    58: Reason.NUMBER_EXPIRED,
    59: Reason.PRICE_ABOVE_LIMIT,
    61: Reason.INVALID_QUANTITY,
    63: Reason.SUPPLIER_REFUSED_US,
    64: Reason.CANCELLED,
    65: Reason.OUT_OF_STOCK,
    69: Reason.CUT_OFF,
}
_PENDING_STATUSES: Final = frozenset({0, 1, 2, 3, 4, 5, 200})


def status_class(status: int) -> StatusClass:
    """Say what a status number means: 46, 55, 201 and every unlisted one are unknown (§7)."""
    if status == STATUS_SUCCESS:
        return StatusClass.SUCCESS
    if status in (21, 22, 23):
        return StatusClass.SUCCESS_IF_SAID
    if status in _PENDING_STATUSES:
        return StatusClass.PENDING
    return StatusClass.FAILED if status in _FAILED_STATUSES else StatusClass.UNKNOWN


def status_reason(status: int) -> Reason:
    """Give the reason of a failed status number."""
    return _FAILED_STATUSES.get(status, Reason.BILLER_FAILED)


REROUTABLE: Final = frozenset(
    {
        Reason.PRODUCT_NOT_FOUND,
        Reason.PRODUCT_NOT_IN_GROUP,
        Reason.PRODUCT_CLOSED,
        Reason.PRODUCT_DISTURBED,
        Reason.PRICE_ABOVE_LIMIT,
        Reason.OUT_OF_STOCK,
        Reason.CUT_OFF,
        Reason.NO_ROUTE,
        Reason.MAINTENANCE,
        Reason.SUPPLIER_REFUSED_US,
        Reason.DUPLICATE_SAME_DAY,
        Reason.BILLER_FAILED,
        Reason.BILLER_UNREACHABLE,
        Reason.CANCELLED,
        Reason.REFUNDED,
        Reason.EXPIRED,
    }
)
"""Failures that say nothing bad about the destination: another supplier may succeed."""

REFERENCE_FREE: Final = frozenset(
    {
        Reason.PRODUCT_NOT_FOUND,
        Reason.PRODUCT_NOT_IN_GROUP,
        Reason.PRODUCT_CLOSED,
        Reason.PRICE_ABOVE_LIMIT,
        Reason.OUT_OF_STOCK,
        Reason.CUT_OFF,
        Reason.NO_ROUTE,
        Reason.MAINTENANCE,
        Reason.SUPPLIER_REFUSED_US,
        Reason.DUPLICATE_SAME_DAY,
        Reason.INVALID_REQUEST,
        Reason.INVALID_QUANTITY,
    }
)
"""Failures after which the supplier does not know the reference (§5.2)."""

LEARN: Final = LearnRules(
    # §9.1 says the same refID answers with the earlier state, but the sources differ (one large
    # buyer sees "ref id not unique") and installations are configured by hand: a supplier is safe
    # only where his settings say so. See NOTES.md.
    resend_same_reference_safe=False,
    resend_same_reference_declarable=True,
    # §12: `TIDAK ADA transaksi` may be matched by destination and date, so it is no evidence.
    not_found_answers=0,
    not_found_quiet_s=0,
    # §12: poll spaced by at least 30 to 60 seconds.
    ask_again_after_ms=(30_000, 60_000),
    # §9.1: asked again after 90 days, a server may order anew.
    ask_safe_days=90,
)


def _answer(answer: str, outcome: str, source: str, **rest: Any) -> AnswerRule:
    return AnswerRule(answer=answer, outcome=outcome, source=source, **rest)


_OURS: Final[dict[str, Any]] = {
    "reason": Reason.SUPPLIER_REFUSED_US,
    "reroutable": True,
    "reference_consumed": False,
}


def _reasoned(reason: Reason) -> dict[str, Any]:
    return {
        "reason": reason,
        "reroutable": reason in REROUTABLE,
        "reference_consumed": reason not in REFERENCE_FREE,
    }


ANSWERS: Final[tuple[AnswerRule, ...]] = (
    _answer("... akan diproses / sedang diproses, naming our order", "Accepted", "§5.1"),
    _answer("... SUKSES / BERHASIL, naming our order", "Delivered", "§5.1"),
    _answer("... SUKSES, naming another refID, code or number", "Unknown", "§12 (R# check)"),
    _answer("R#<ours> ... sudah/sdh pernah, status Sukses", "Delivered", "§5.1, §12"),
    _answer("R#<ours> ... sudah/sdh pernah, status Gagal", "Rejected", "§5.1, §12",
            **_reasoned(Reason.BILLER_FAILED)),
    _answer("R#<ours> ... status Menunggu Jawaban", "Accepted", "§5.1"),
    _answer("sdh pernah / sdh terjadi without our refID", "Unknown", "§7 (46), §9.1"),
    _answer("Transaksi sebelumnya ... masih dalam proses", "Unknown", "§12"),
    _answer("TIDAK ADA transaksi, to check=1", "NotFound", "§5.1"),
    _answer("TIDAK ADA transaksi, to an order", "Unknown", "§12"),
    _answer("GAGAL ... timeout", "Unknown", "§7 (55), §12"),
    _answer("GAGAL ... dobel (not Gerbang's own words)", "Unknown", "§7 (46)"),
    _answer("refID sudah digunakan", "Unknown", "§9.1"),
    _answer("GAGAL. Tidak diproses, dobel dengan T# (Gerbang)", "Rejected", "NOTES.md",
            **_reasoned(Reason.DUPLICATE_SAME_DAY)),
    _answer("GAGAL without a reason", "Rejected", "§5.1", **_reasoned(Reason.BILLER_FAILED)),
    _answer("GAGAL. Nomor tujuan salah / Nomor HP tidak benar", "Rejected", "§5.1, §5.2",
            **_reasoned(Reason.NUMBER_NOT_FOUND)),
    _answer("GAGAL. Nomor ... diblokir / tidak dapat diproses", "Rejected", "§5.1 (blacklist)",
            **_reasoned(Reason.NUMBER_BLOCKED)),
    _answer("GAGAL. Saldo tidak cukup", "Rejected", "§5.1 (our float there)", **_OURS),
    _answer("GAGAL. Stok sedang kosong", "Rejected", "§5.1", **_reasoned(Reason.OUT_OF_STOCK)),
    _answer("GAGAL. Produk sedang gangguan", "Rejected", "§5.1, §5.2",
            **_reasoned(Reason.PRODUCT_DISTURBED)),
    _answer("GAGAL. Kode produk salah", "Rejected", "§5.1",
            **_reasoned(Reason.PRODUCT_NOT_FOUND)),
    _answer("diabaikan karena Harga ... lebih besar", "Rejected", "§5.1 (max price)",
            **_reasoned(Reason.PRICE_ABOVE_LIMIT)),
    _answer("... gagal, dibatalkan. Saldo refund", "Rejected", "§5.1",
            **_reasoned(Reason.CANCELLED)),
    _answer("Pin Salah / Password Salah / Invalid Signature, to an order", "Rejected", "§12",
            **_OURS),
    _answer("IP tidak sesuai / Pengguna tidak ditemukan / Too short, to an order", "Rejected",
            "§12", **_OURS),
    _answer("any of these, to check=1", "Unknown", "§12"),
    _answer("report status=20 and the text agrees or says nothing", "Delivered", "§7, §8"),
    _answer("report status=40 and the text agrees or says nothing", "Rejected", "§7, §8",
            **_reasoned(Reason.BILLER_FAILED)),
    _answer("report whose status and text disagree", "Unknown", "§8"),
    _answer("status 46, 55, 201 or unlisted", "Unknown", "§7"),
    _answer("anything else, other HTTP status, over 4 KiB", "Unknown", "design §2"),
)  # fmt: skip
