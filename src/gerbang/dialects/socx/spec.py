"""SocX's tables: result codes, texts, what a supplier's answers mean, and what is safe; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gerbang.dialects.supplier_contract import AnswerRule, LearnRules
from gerbang.orders.reasons import Reason

NAME: Final = "socx"
BASE_PATH: Final = "/reseller/api/v1"

RC_SUCCESS: Final = "00"
RC_INVALID: Final = "01"
RC_AUTH: Final = "02"
RC_INTERNAL: Final = "08"
RC_NOT_FOUND: Final = "11"
RC_REFUNDED: Final = "21"
RC_BILLER_FAILED: Final = "23"
RC_PENDING: Final = "68"

MESSAGE_SUCCESS: Final = "SUKSES"
MESSAGE_PENDING: Final = "PENDING, Transaksi sedang diproses"


# --- server half: every reason as rc (§8, §10 number 3) -----------------------------------------

REASONS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.INVALID_REQUEST: RC_INVALID,
        # Digits were checked by the dialect; this number does not fit the product.
        Reason.INVALID_DESTINATION: "07",
        Reason.INVALID_QUANTITY: RC_INVALID,
        # Only where the known order cannot be shown; a known order is answered instead (§4.6).
        Reason.REFERENCE_REUSED: "10",
        Reason.DUPLICATE_SAME_DAY: "77",
        Reason.ORDER_NOT_FOUND: RC_NOT_FOUND,
        Reason.UNKNOWN_CREDENTIAL: RC_AUTH,
        Reason.INVALID_SIGNATURE: RC_AUTH,
        Reason.WRONG_PIN: RC_AUTH,
        Reason.WRONG_PASSWORD: RC_AUTH,
        Reason.TIMESTAMP_EXPIRED: RC_AUTH,
        Reason.ADDRESS_NOT_ALLOWED: RC_AUTH,
        Reason.RESELLER_SUSPENDED: "71",
        Reason.DIALECT_NOT_ENABLED: RC_AUTH,
        Reason.NOT_LIVE: "71",
        Reason.RATE_LIMITED: "36",
        Reason.DAILY_LIMIT_REACHED: "72",
        Reason.PRODUCT_NOT_FOUND: "05",
        Reason.PRODUCT_NOT_IN_GROUP: "25",
        # One code of each pair with the same meaning: 22 not 75, 19 not 74, 23 not 70 (§8).
        Reason.PRODUCT_CLOSED: "22",
        Reason.PRODUCT_DISTURBED: "22",
        Reason.PRODUCT_WRONG_KIND: "73",
        Reason.PRICE_NOT_SET: "19",
        Reason.PRICE_ABOVE_LIMIT: "19",
        Reason.OUT_OF_STOCK: "22",
        Reason.CUT_OFF: "35",
        Reason.NO_ROUTE: "22",
        Reason.INSUFFICIENT_BALANCE: "18",
        Reason.MAINTENANCE: "09",
        Reason.NUMBER_NOT_FOUND: "07",
        Reason.NUMBER_EXPIRED: "12",
        Reason.NUMBER_BLOCKED: "13",
        Reason.DESTINATION_NOT_ALLOWED: "77",
        Reason.OUT_OF_AREA: "77",
        Reason.BILLER_FAILED: RC_BILLER_FAILED,
        Reason.BILLER_UNREACHABLE: "06",
        Reason.PROVIDER_LIMIT: "36",
        Reason.CANCELLED: RC_BILLER_FAILED,
        Reason.REFUNDED: RC_REFUNDED,
        Reason.EXPIRED: RC_BILLER_FAILED,
        Reason.SUPPLIER_REFUSED_US: "06",
        Reason.BILL_NOT_FOUND: "101",
        Reason.BILL_ALREADY_PAID: "100",
        Reason.BILL_CHANGED: "80",
        Reason.INQUIRY_NOT_FOUND: "10",
        Reason.INQUIRY_EXPIRED: "79",
        Reason.INQUIRY_MISMATCH: "10",
        Reason.METER_WRONG: "115",
        Reason.TOKEN_BELOW_MINIMUM: "241",
        Reason.KWH_LIMIT: "247",
        Reason.INVALID_AMOUNT: RC_INVALID,
        Reason.NO_UNIQUE_AMOUNT: "09",
    }
)

NOT_OF_AN_ORDER: Final = frozenset({RC_INVALID, RC_AUTH, "03", "08", "09", "11", "71", "76"})
"""Codes that a buyer's status question reads as an answer about the question (§11 number 2)."""

ORDER_RC: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        # A stored order that failed must never carry them: its buyer would ask forever.
        reason: RC_BILLER_FAILED if rc in NOT_OF_AN_ORDER else rc
        for reason, rc in REASONS.items()
    }
)

MESSAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        RC_SUCCESS: MESSAGE_SUCCESS,
        RC_PENDING: MESSAGE_PENDING,
        RC_INVALID: "GAGAL, isi permintaan tidak valid",
        RC_AUTH: "GAGAL, otorisasi ditolak",
        "05": "GAGAL, kode produk tidak dikenal",
        "06": "GAGAL, koneksi ke biller terganggu",
        "07": "GAGAL, nomor pelanggan tidak ditemukan",
        RC_INTERNAL: "GAGAL, terjadi kesalahan di sistem kami",
        "09": "GAGAL, sistem sedang dipelihara, silakan coba lagi nanti",
        "10": "GAGAL, kode referensi tidak valid",
        RC_NOT_FOUND: "Transaksi tidak ditemukan",
        "12": "GAGAL, masa aktif nomor pelanggan sudah habis",
        "13": "GAGAL, nomor pelanggan diblokir",
        "18": "GAGAL, saldo deposit tidak mencukupi",
        "19": "GAGAL, harga produk belum ditetapkan",
        RC_REFUNDED: "REFUND, dana sudah dikembalikan",
        "22": "GAGAL, produk sedang ditutup",
        RC_BILLER_FAILED: "GAGAL, transaksi gagal di biller",
        "25": "GAGAL, produk tidak tersedia untuk akun Anda",
        "35": "GAGAL, sistem sedang cut off",
        "36": "GAGAL, batas pemakaian akun sudah tercapai",
        "71": "GAGAL, akun tidak aktif",
        "72": "GAGAL, batas transaksi harian sudah tercapai",
        "73": "GAGAL, produk tidak dapat dibeli lewat endpoint ini",
        "77": "GAGAL, nomor tujuan tidak diizinkan",
        "79": "GAGAL, referensi tagihan sudah kedaluwarsa",
        "80": "GAGAL, tagihan berubah",
        "100": "GAGAL, tagihan sudah lunas",
        "101": "GAGAL, tagihan tidak ada",
        "102": "GAGAL, nomor pelanggan salah",
        "114": "GAGAL, ID pelanggan PLN salah",
        "115": "GAGAL, nomor meter salah",
        "177": "GAGAL, pelanggan PLN diblokir",
        "241": "GAGAL, pembelian token minimal 20.000",
        "247": "GAGAL, kWh melebihi batas",
    }
)


# --- client half: what a supplier's rc means (§8, §11) ------------------------------------------

_SEED: Final = "sheet §8 [seed]"
_DGP: Final = "sheet §8 [source DGP]"


def _rejected(
    answer: str,
    reason: Reason,
    *,
    source: str,
    reroutable: bool = True,
    consumed: bool = True,
) -> AnswerRule:
    return AnswerRule(
        answer=f"rc {answer}",
        outcome="rejected",
        reason=reason,
        reroutable=reroutable,
        reference_consumed=consumed,
        source=source,
    )


def _supplier_trouble(answer: str, reason: Reason, source: str) -> AnswerRule:
    """It did not happen, and it was the supplier's trouble: another one may deliver."""
    return _rejected(answer, reason, source=source)


def _early_trouble(answer: str, reason: Reason, source: str) -> AnswerRule:
    """The same, refused before an order existed: the reference stays free (§4.6)."""
    return _rejected(answer, reason, source=source, consumed=False)


def _destination_fault(answer: str, reason: Reason, source: str) -> AnswerRule:
    """It did not happen, and no other supplier could deliver to this destination either."""
    return _rejected(answer, reason, source=source, reroutable=False)


def _unknown(answer: str, source: str) -> AnswerRule:
    return AnswerRule(answer=f"rc {answer}", outcome="unknown", source=source)


_RULES: Final[Sequence[AnswerRule]] = (
    AnswerRule(answer=f"rc {RC_SUCCESS}", outcome="delivered", source=_SEED),
    AnswerRule(answer=f"rc {RC_PENDING}", outcome="accepted", source=_SEED),
    _early_trouble("01", Reason.SUPPLIER_REFUSED_US, _SEED),
    _early_trouble("02", Reason.SUPPLIER_REFUSED_US, _SEED),
    _unknown("03", "sheet §8 F*: a timeout can hide a top-up that happened"),
    _early_trouble("05", Reason.PRODUCT_DISTURBED, _SEED),
    _supplier_trouble("06", Reason.BILLER_UNREACHABLE, _SEED),
    _rejected("07", Reason.NUMBER_NOT_FOUND, source=_SEED, reroutable=False, consumed=False),
    _unknown("08", "sheet §8 F*: an internal error can hide a top-up that happened"),
    _early_trouble("09", Reason.MAINTENANCE, _SEED),
    _destination_fault("10", Reason.SUPPLIER_REFUSED_US, _SEED),
    _unknown("11", "sheet §8: a lookup's answer, not a purchase's"),
    _destination_fault("12", Reason.NUMBER_EXPIRED, _SEED),
    _destination_fault("13", Reason.NUMBER_BLOCKED, _SEED),
    _supplier_trouble("14", Reason.BILLER_UNREACHABLE, _SEED),
    _destination_fault("17", Reason.REFUNDED, _SEED),
    _early_trouble("18", Reason.SUPPLIER_REFUSED_US, _SEED),
    _early_trouble("19", Reason.PRODUCT_DISTURBED, _SEED),
    _destination_fault("21", Reason.REFUNDED, _SEED),
    _early_trouble("22", Reason.PRODUCT_CLOSED, _SEED),
    _supplier_trouble("23", Reason.BILLER_FAILED, _SEED),
    _supplier_trouble("24", Reason.PRODUCT_DISTURBED, _DGP),
    _early_trouble("25", Reason.PRODUCT_DISTURBED, _DGP),
    _early_trouble("35", Reason.CUT_OFF, _SEED),
    _early_trouble("36", Reason.PROVIDER_LIMIT, _SEED),
    _supplier_trouble("70", Reason.BILLER_FAILED, _SEED),
    _early_trouble("71", Reason.SUPPLIER_REFUSED_US, _DGP),
    _early_trouble("72", Reason.SUPPLIER_REFUSED_US, _DGP),
    _supplier_trouble("73", Reason.PRODUCT_DISTURBED, _DGP),
    _early_trouble("74", Reason.PRODUCT_DISTURBED, _DGP),
    _early_trouble("75", Reason.PRODUCT_DISTURBED, _DGP),
    _unknown("76", "sheet §8: a lookup's answer, not a purchase's"),
    _rejected("77", Reason.DESTINATION_NOT_ALLOWED, source=_DGP, reroutable=False, consumed=False),
    _supplier_trouble("78", Reason.PRODUCT_DISTURBED, _DGP),
    _destination_fault("79", Reason.INQUIRY_EXPIRED, _DGP),
    _destination_fault("80", Reason.BILL_CHANGED, _DGP),
    _unknown("81", "sheet §8: the payment that used the reference may be ours"),
    _destination_fault("100", Reason.BILL_ALREADY_PAID, _DGP),
    _destination_fault("101", Reason.BILL_NOT_FOUND, _DGP),
    _destination_fault("102", Reason.NUMBER_NOT_FOUND, _DGP),
    _destination_fault("114", Reason.METER_WRONG, _DGP),
    _destination_fault("115", Reason.METER_WRONG, _DGP),
    _destination_fault("177", Reason.NUMBER_BLOCKED, _DGP),
    _destination_fault("241", Reason.TOKEN_BELOW_MINIMUM, _DGP),
    _destination_fault("247", Reason.KWH_LIMIT, _DGP),
    _supplier_trouble("268", Reason.BILLER_FAILED, _DGP),
    _supplier_trouble("293", Reason.BILLER_FAILED, _DGP),
    _destination_fault("290", Reason.CUT_OFF, _DGP),
)

RULE_OF_RC: Final[Mapping[str, AnswerRule]] = MappingProxyType(
    {rule.answer.removeprefix("rc "): rule for rule in _RULES}
)

NOT_FOUND_RCS: Final = frozenset({"11", "76"})

ANSWERS: Final[Sequence[AnswerRule]] = (
    *_RULES,
    AnswerRule(
        answer="purchase: echo of code, msisdn or request_id differs",
        outcome="unknown",
        source="sheet §4.6: the reference already belongs to another order",
    ),
    AnswerRule(
        answer="an unlisted rc, none, or an unreadable body, whatever the HTTP status",
        outcome="unknown",
        source="sheet §2, §8",
    ),
    AnswerRule(
        answer="status: rc 11 or 76", outcome="not_found", source="sheet §5.2, §11 number 2"
    ),
    AnswerRule(
        answer="status: rc 01, 02, 03, 08, 09 or 71",
        outcome="unknown",
        source="sheet §11 number 2: it describes the question",
    ),
    AnswerRule(
        answer="status: any rc without our request_id or with trxid 0",
        outcome="unknown",
        source="sheet §11 number 2",
    ),
)

LEARN: Final = LearnRules(
    # "Re-sending a request_id already processed does not create a transaction" (§4.6 [seed]).
    resend_same_reference_safe=True,
    not_found_answers=3,
    not_found_quiet_s=300,
)
