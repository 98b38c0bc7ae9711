"""IsiKuota's tables: codes, HTTP statuses, texts and what a supplier's answers mean; pure.

The public documents name four success codes and no error code at all; the others are ours and
stand in §0 of the protocol notes (NOTES.md repeats them).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gerbang.dialects.contract import OrderState, ProductKind
from gerbang.dialects.supplier_contract import AnswerRule, LearnRules
from gerbang.orders.reasons import Reason

NAME: Final = "isikuota"

TESTING_HEADER: Final = ("X-Gerbang-Testing", "true")
REASON_HEADER: Final = "x-gerbang-reason"
"""An addition of ours beside the documented body: why, in one word, for machines."""

# --- what we answer -----------------------------------------------------------------------------

HTTP_STATUS: Final[Mapping[str, int]] = {
    "INVALID_JSON": 400,
    "INVALID_CREDENTIALS": 401,
    "TIMESTAMP_EXPIRED": 401,
    "IP_NOT_ALLOWED": 403,
    "VALIDATION_ERROR": 422,
    "PRODUCT_NOT_FOUND": 422,
    "PRODUCT_UNAVAILABLE": 422,
    "INSUFFICIENT_BALANCE": 422,
    "INQUIRY_NOT_FOUND": 422,
    "INQUIRY_EXPIRED": 422,
    "BILL_NOT_FOUND": 422,
    "BILL_ALREADY_PAID": 422,
    "BILL_CHANGED": 422,
    # An addition of ours, only said to cmd status.
    "ORDER_NOT_FOUND": 422,
    "DUPLICATE_REF_ID": 409,
    "RATE_LIMITED": 429,
    "MAINTENANCE": 503,
    # A failed order is an answered question (§0).
    "ORDER_FAILED": 200,
}

ORDER_CODE: Final[Mapping[OrderState, str]] = {
    OrderState.SUCCESS: "ORDER_SUCCESS",
    OrderState.PENDING: "ORDER_PENDING",
    OrderState.FAILED: "ORDER_FAILED",
    OrderState.REVERSED: "ORDER_FAILED",
}

STATUS_WORD: Final[Mapping[OrderState, str]] = {
    OrderState.SUCCESS: "Success",
    OrderState.PENDING: "Pending",
    OrderState.FAILED: "Failed",
    # Three words are all there are (§9): a reversed order counts as failed, and the message tells.
    OrderState.REVERSED: "Failed",
}

REASONS: Final[Mapping[Reason, str]] = {
    Reason.INVALID_REQUEST: "VALIDATION_ERROR",
    Reason.INVALID_DESTINATION: "VALIDATION_ERROR",
    Reason.INVALID_QUANTITY: "VALIDATION_ERROR",
    Reason.REFERENCE_REUSED: "DUPLICATE_REF_ID",
    # Said only to orders without ref_id; sending one is the way out, so a field is wrong.
    Reason.DUPLICATE_SAME_DAY: "VALIDATION_ERROR",
    Reason.ORDER_NOT_FOUND: "ORDER_NOT_FOUND",
    Reason.UNKNOWN_CREDENTIAL: "INVALID_CREDENTIALS",
    Reason.INVALID_SIGNATURE: "INVALID_CREDENTIALS",
    Reason.WRONG_PIN: "INVALID_CREDENTIALS",
    Reason.WRONG_PASSWORD: "INVALID_CREDENTIALS",
    Reason.TIMESTAMP_EXPIRED: "TIMESTAMP_EXPIRED",
    Reason.ADDRESS_NOT_ALLOWED: "IP_NOT_ALLOWED",
    Reason.RESELLER_SUSPENDED: "INVALID_CREDENTIALS",
    Reason.DIALECT_NOT_ENABLED: "INVALID_CREDENTIALS",
    Reason.NOT_LIVE: "INVALID_CREDENTIALS",
    Reason.RATE_LIMITED: "RATE_LIMITED",
    Reason.DAILY_LIMIT_REACHED: "RATE_LIMITED",
    Reason.PRODUCT_NOT_FOUND: "PRODUCT_NOT_FOUND",
    Reason.PRODUCT_NOT_IN_GROUP: "PRODUCT_NOT_FOUND",
    Reason.PRODUCT_CLOSED: "PRODUCT_UNAVAILABLE",
    Reason.PRODUCT_DISTURBED: "PRODUCT_UNAVAILABLE",
    Reason.PRODUCT_WRONG_KIND: "VALIDATION_ERROR",
    Reason.PRICE_NOT_SET: "PRODUCT_UNAVAILABLE",
    Reason.PRICE_ABOVE_LIMIT: "PRODUCT_UNAVAILABLE",
    Reason.OUT_OF_STOCK: "PRODUCT_UNAVAILABLE",
    Reason.CUT_OFF: "PRODUCT_UNAVAILABLE",
    Reason.NO_ROUTE: "PRODUCT_UNAVAILABLE",
    Reason.INSUFFICIENT_BALANCE: "INSUFFICIENT_BALANCE",
    Reason.MAINTENANCE: "MAINTENANCE",
    Reason.NUMBER_NOT_FOUND: "ORDER_FAILED",
    Reason.NUMBER_EXPIRED: "ORDER_FAILED",
    Reason.NUMBER_BLOCKED: "VALIDATION_ERROR",
    Reason.DESTINATION_NOT_ALLOWED: "VALIDATION_ERROR",
    Reason.OUT_OF_AREA: "ORDER_FAILED",
    Reason.BILLER_FAILED: "ORDER_FAILED",
    Reason.BILLER_UNREACHABLE: "ORDER_FAILED",
    Reason.PROVIDER_LIMIT: "ORDER_FAILED",
    Reason.CANCELLED: "ORDER_FAILED",
    Reason.REFUNDED: "ORDER_FAILED",
    Reason.EXPIRED: "ORDER_FAILED",
    Reason.SUPPLIER_REFUSED_US: "PRODUCT_UNAVAILABLE",
    Reason.BILL_NOT_FOUND: "BILL_NOT_FOUND",
    Reason.BILL_ALREADY_PAID: "BILL_ALREADY_PAID",
    Reason.BILL_CHANGED: "BILL_CHANGED",
    Reason.INQUIRY_NOT_FOUND: "INQUIRY_NOT_FOUND",
    Reason.INQUIRY_EXPIRED: "INQUIRY_EXPIRED",
    # The same reference with other content, as for orders (§0).
    Reason.INQUIRY_MISMATCH: "DUPLICATE_REF_ID",
    Reason.METER_WRONG: "ORDER_FAILED",
    Reason.TOKEN_BELOW_MINIMUM: "ORDER_FAILED",
    Reason.KWH_LIMIT: "ORDER_FAILED",
    # Deposits are not spoken of in this dialect.
    Reason.INVALID_AMOUNT: "VALIDATION_ERROR",
    Reason.NO_UNIQUE_AMOUNT: "MAINTENANCE",
}

ERROR_FIELD: Final[Mapping[Reason, str]] = {
    Reason.INVALID_DESTINATION: "customer_no",
    Reason.NUMBER_BLOCKED: "customer_no",
    Reason.DESTINATION_NOT_ALLOWED: "customer_no",
    Reason.INVALID_QUANTITY: "amount",
    Reason.REFERENCE_REUSED: "ref_id",
    Reason.DUPLICATE_SAME_DAY: "ref_id",
    Reason.PRODUCT_WRONG_KIND: "cmd",
}
"""Which field to name in `errors` where a refusal does not say it itself."""

REASON_TEXT: Final[Mapping[Reason, str]] = {
    Reason.INVALID_REQUEST: "Permintaan tidak valid",
    Reason.INVALID_DESTINATION: "Nomor pelanggan tidak valid",
    Reason.INVALID_QUANTITY: "Nominal (amount) wajib untuk produk ini dan harus sesuai batasnya",
    Reason.REFERENCE_REUSED: "ref_id sudah dipakai untuk transaksi lain",
    Reason.DUPLICATE_SAME_DAY: "Transaksi yang sama sudah ada hari ini; kirim ref_id yang unik",
    Reason.ORDER_NOT_FOUND: "Transaksi tidak ditemukan",
    Reason.UNKNOWN_CREDENTIAL: "api_id atau signature salah",
    Reason.INVALID_SIGNATURE: "api_id atau signature salah",
    Reason.WRONG_PIN: "api_id atau signature salah",
    Reason.WRONG_PASSWORD: "api_id atau signature salah",
    Reason.TIMESTAMP_EXPIRED: "timestamp di luar batas waktu; periksa jam server Anda",
    Reason.ADDRESS_NOT_ALLOWED: "Alamat IP tidak terdaftar",
    Reason.RESELLER_SUSPENDED: "Akun tidak aktif",
    Reason.DIALECT_NOT_ENABLED: "API belum diaktifkan untuk akun ini",
    Reason.NOT_LIVE: "Akun baru boleh memakai mode testing",
    Reason.RATE_LIMITED: "Terlalu banyak permintaan, coba lagi sebentar",
    Reason.DAILY_LIMIT_REACHED: "Batas transaksi harian sudah tercapai",
    Reason.PRODUCT_NOT_FOUND: "Produk tidak ditemukan",
    Reason.PRODUCT_NOT_IN_GROUP: "Produk tidak ditemukan",
    Reason.PRODUCT_CLOSED: "Produk sedang ditutup",
    Reason.PRODUCT_DISTURBED: "Produk sedang gangguan",
    Reason.PRODUCT_WRONG_KIND: "Produk tidak dapat dibeli dengan cmd atau amount ini",
    Reason.PRICE_NOT_SET: "Harga produk belum tersedia",
    Reason.PRICE_ABOVE_LIMIT: "Harga produk di atas batas Anda",
    Reason.OUT_OF_STOCK: "Stok produk kosong",
    Reason.CUT_OFF: "Produk sedang dalam jam cut off",
    Reason.NO_ROUTE: "Produk sedang tidak tersedia",
    Reason.INSUFFICIENT_BALANCE: "Saldo tidak mencukupi",
    Reason.MAINTENANCE: "Sistem sedang dalam pemeliharaan, coba lagi nanti",
    Reason.NUMBER_NOT_FOUND: "Nomor pelanggan tidak ditemukan",
    Reason.NUMBER_EXPIRED: "Nomor pelanggan sudah tidak aktif",
    Reason.NUMBER_BLOCKED: "Nomor pelanggan diblokir",
    Reason.DESTINATION_NOT_ALLOWED: "Nomor pelanggan tidak dapat dilayani produk ini",
    Reason.OUT_OF_AREA: "Nomor pelanggan di luar wilayah produk",
    Reason.BILLER_FAILED: "Transaksi gagal di operator",
    Reason.BILLER_UNREACHABLE: "Operator tidak dapat dihubungi",
    Reason.PROVIDER_LIMIT: "Batas pengisian dari operator sudah tercapai",
    Reason.CANCELLED: "Transaksi dibatalkan",
    Reason.REFUNDED: "Transaksi dibatalkan setelah sukses, saldo dikembalikan",
    Reason.EXPIRED: "Transaksi kedaluwarsa",
    Reason.SUPPLIER_REFUSED_US: "Produk sedang gangguan",
    Reason.BILL_NOT_FOUND: "Tagihan tidak ditemukan",
    Reason.BILL_ALREADY_PAID: "Tagihan sudah dibayar",
    Reason.BILL_CHANGED: "Nilai tagihan berubah, lakukan inquiry ulang",
    Reason.INQUIRY_NOT_FOUND: "Inquiry tidak ditemukan",
    Reason.INQUIRY_EXPIRED: "Sesi inquiry sudah berakhir, lakukan inquiry ulang",
    Reason.INQUIRY_MISMATCH: "code atau customer_no tidak sama dengan saat inquiry",
    Reason.METER_WRONG: "Nomor meter salah",
    Reason.TOKEN_BELOW_MINIMUM: "Nominal token di bawah minimum",
    Reason.KWH_LIMIT: "Melebihi batas KWH",
    Reason.INVALID_AMOUNT: "Nominal tidak valid",
    Reason.NO_UNIQUE_AMOUNT: "Sistem sedang sibuk, coba lagi nanti",
}

STATE_TEXT: Final[Mapping[OrderState, str]] = {
    # The first text is the documented one (§6).
    OrderState.SUCCESS: "Transaksi berhasil diproses",
    OrderState.PENDING: "Transaksi sedang diproses",
    OrderState.FAILED: "Transaksi gagal",
    OrderState.REVERSED: REASON_TEXT[Reason.REFUNDED],
}

_OUR_OWN_AFFAIRS: Final = frozenset({Reason.SUPPLIER_REFUSED_US, Reason.NO_ROUTE})


def public_reason(reason: Reason) -> Reason:
    """Give the reason a reseller may see: our trouble with a supplier is a disturbed product."""
    return Reason.PRODUCT_DISTURBED if reason in _OUR_OWN_AFFAIRS else reason


# --- what a request may hold --------------------------------------------------------------------

CODE_CHARACTERS_MAX: Final = 64
CUSTOMER_NO_CHARACTERS_MAX: Final = 64
REF_ID_CHARACTERS_MAX: Final = 128
FILTER_CHARACTERS_MAX: Final = 128
PRODUCTS_PER_PAGE_MAX: Final = 1000

TIMESTAMP_WINDOW_SETTING: Final = "isikuota.timestamp_window_s"
TIMESTAMP_WINDOW_S: Final = 300
TIMESTAMP_WINDOW_S_MAX: Final = 86_400
REPLY_WAIT_MS: Final = 8_000

FIXED_KINDS: Final[Mapping[str, ProductKind]] = {
    "prepaid": ProductKind.PREPAID,
    "game": ProductKind.GAME,
}
"""What each buying command buys at a fixed price; see NOTES.md for open denominations."""

BUY_COMMAND: Final[Mapping[ProductKind, str]] = {
    ProductKind.PREPAID: "prepaid",
    ProductKind.OPEN: "prepaid",
    ProductKind.GAME: "game",
    ProductKind.POSTPAID: "pay-pasca",
}
"""The command that buys a kind from a supplier."""

# --- what a supplier's answers mean -------------------------------------------------------------

REROUTABLE: Final = frozenset(
    {
        Reason.PRODUCT_NOT_FOUND,
        Reason.PRODUCT_CLOSED,
        Reason.PRODUCT_DISTURBED,
        Reason.PRICE_NOT_SET,
        Reason.PRICE_ABOVE_LIMIT,
        Reason.OUT_OF_STOCK,
        Reason.CUT_OFF,
        Reason.BILLER_FAILED,
        Reason.BILLER_UNREACHABLE,
        Reason.CANCELLED,
        Reason.REFUNDED,
        Reason.EXPIRED,
        Reason.SUPPLIER_REFUSED_US,
    }
)
"""Failures that say nothing bad about the destination: another supplier may succeed."""

PEER_REASONS: Final = frozenset(
    {
        Reason.INVALID_DESTINATION,
        Reason.PRODUCT_CLOSED,
        Reason.PRODUCT_DISTURBED,
        Reason.OUT_OF_STOCK,
        Reason.CUT_OFF,
        Reason.NUMBER_NOT_FOUND,
        Reason.NUMBER_EXPIRED,
        Reason.NUMBER_BLOCKED,
        Reason.DESTINATION_NOT_ALLOWED,
        Reason.OUT_OF_AREA,
        Reason.BILLER_FAILED,
        Reason.BILLER_UNREACHABLE,
        Reason.PROVIDER_LIMIT,
        Reason.CANCELLED,
        Reason.REFUNDED,
        Reason.EXPIRED,
        Reason.METER_WRONG,
        Reason.TOKEN_BELOW_MINIMUM,
        Reason.KWH_LIMIT,
        Reason.BILL_NOT_FOUND,
        Reason.BILL_ALREADY_PAID,
        Reason.BILL_CHANGED,
    }
)
"""Reasons that a Gerbang peer's header may give: those about the product and the destination,
never those about the peer's own customer, who is us."""

LEARN: Final = LearnRules(
    # A resend follows only a "not found" to cmd status (settings: status_by), which only a Gerbang
    # peer can say; there the same ref_id with the same content gives the stored order (§0).
    resend_same_reference_safe=True,
    # Where a supplier's settings forbid the resend: three answers over a quiet time that is longer
    # than the peer's timestamp window, so that a delayed copy of the request cannot be taken later.
    not_found_answers=3,
    not_found_quiet_s=TIMESTAMP_WINDOW_S + 60,
)


def _rule(answer: str, outcome: str, source: str, **rest: Any) -> AnswerRule:
    return AnswerRule(answer=answer, outcome=outcome, source=source, **rest)


def _refused(code: str, reason: Reason, source: str) -> AnswerRule:
    return _rule(
        code,
        "Rejected",
        source,
        reason=reason,
        reroutable=reason in REROUTABLE,
        reference_consumed=False,
    )


REFUSALS: Final[Mapping[str, AnswerRule]] = {
    rule.answer: rule
    for rule in (
        _refused("INVALID_JSON", Reason.SUPPLIER_REFUSED_US, "§0: nothing was read"),
        _refused("INVALID_CREDENTIALS", Reason.SUPPLIER_REFUSED_US, "§0: ours at the supplier"),
        _refused("TIMESTAMP_EXPIRED", Reason.SUPPLIER_REFUSED_US, "§0: a clock is wrong"),
        _refused("IP_NOT_ALLOWED", Reason.SUPPLIER_REFUSED_US, "§0: ours at the supplier"),
        _refused("VALIDATION_ERROR", Reason.SUPPLIER_REFUSED_US, "§0: a route is set up wrong"),
        _refused("PRODUCT_NOT_FOUND", Reason.PRODUCT_DISTURBED, "§0: a route is set up wrong"),
        _refused("PRODUCT_UNAVAILABLE", Reason.PRODUCT_DISTURBED, "§0"),
        _refused("INSUFFICIENT_BALANCE", Reason.SUPPLIER_REFUSED_US, "§0: our float there"),
        _refused("BILL_NOT_FOUND", Reason.BILL_NOT_FOUND, "§0"),
        _refused("BILL_ALREADY_PAID", Reason.BILL_ALREADY_PAID, "§0"),
        _refused("BILL_CHANGED", Reason.BILL_CHANGED, "§0: nothing was taken"),
        _refused("INQUIRY_NOT_FOUND", Reason.INQUIRY_NOT_FOUND, "§0"),
        _refused("INQUIRY_EXPIRED", Reason.INQUIRY_EXPIRED, "§0"),
        _refused("RATE_LIMITED", Reason.SUPPLIER_REFUSED_US, "§0: too fast for the supplier"),
        _refused("MAINTENANCE", Reason.PRODUCT_DISTURBED, "§0: said before anything is written"),
    )
}
"""Refusals of a purchase by code. To a status question none of them says anything."""

ANSWERS: Final[tuple[AnswerRule, ...]] = (
    _rule("ORDER_SUCCESS, status Success, our ref_id", "Delivered", "§6"),
    _rule("ORDER_SUCCESS or ORDER_PENDING, status Pending, our ref_id", "Accepted", "§0, §6"),
    _rule(
        "ORDER_FAILED, status Failed, our ref_id",
        "Rejected",
        "§0",
        reason=Reason.BILLER_FAILED,
        reroutable=True,
    ),
    _rule("BILL_PAYMENT_SUCCESS, status success, our ref_id", "Delivered", "§7.2"),
    _rule("BILL_NOT_FOUND, BILL_ALREADY_PAID or BILL_CHANGED with an order of status Failed",
          "Rejected", "§0: the payment was taken and failed", reason=Reason.BILL_CHANGED),
    _rule("any of these with another ref_id", "Unknown", "an answer to another question"),
    _rule("code, success and status disagree", "Unknown", "§0"),
    *REFUSALS.values(),
    _rule("VALIDATION_ERROR naming customer_no", "Rejected", "§0",
          reason=Reason.INVALID_DESTINATION, reference_consumed=False),
    _rule("DUPLICATE_REF_ID", "Unknown", "§0: our reference is known there, with other content"),
    _rule("success false with any other code", "Unknown", "§0"),
    _rule("HTTP 5xx other than MAINTENANCE", "Unknown", "§0"),
    _rule("ORDER_NOT_FOUND, to cmd status", "NotFound", "§0: an addition of ours"),
    _rule("a refusal, to cmd status or to a repeat", "Unknown", "said before ref_id is looked up"),
    _rule("webhook order.success, status Success", "Delivered", "§11.3"),
    _rule("webhook order.sn_received", "Delivered", "§11.3"),
    _rule("webhook order.failed, status Failed", "Rejected", "§11.3",
          reason=Reason.BILLER_FAILED, reroutable=True),
    _rule("webhook whose event and status disagree", "Unknown", "§11.2"),
)  # fmt: skip


def check_reseller_settings(settings: Mapping[str, Any]) -> list[str]:
    """Name everything wrong with a reseller's ``isikuota.`` settings."""
    window_s = settings.get(TIMESTAMP_WINDOW_SETTING, TIMESTAMP_WINDOW_S)
    fine = type(window_s) is int and 0 < window_s <= TIMESTAMP_WINDOW_S_MAX
    return [] if fine else [f"{TIMESTAMP_WINDOW_SETTING}: 1 to {TIMESTAMP_WINDOW_S_MAX} seconds"]
