"""What the pages say, in Indonesian and English, and which words a result code has for a buyer.

A buyer is told what he can do about it; the code itself stands small beside the words, for the
merchant's support. Words for merchants are the protocol's own texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Language = Literal["id", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("id", "en")

Pair = tuple[str, str]
"""The same thing in Indonesian and in English."""

WORDS: Final[Mapping[str, Pair]] = {
    "pay_title": ("Pembayaran", "Payment"),
    "pay_to": ("Bayar ke", "Pay to"),
    "amount": ("Jumlah", "Amount"),
    "order": ("Pesanan", "Order"),
    "testing": (
        "Mode uji coba: tidak ada uang yang berpindah.",
        "Test mode: no money moves.",
    ),
    "trials": ("Kartu uji", "Test cards"),
    "trials_about": (
        "Nomor-nomor ini hanya ada dalam mode uji coba. Tekan satu untuk mengisi formulirnya.",
        "These numbers exist in test mode only. Press one to fill the form with it.",
    ),
    "trials_all": ("Semua kartu uji dan hasilnya", "All test cards and what they do"),
    "card_details": ("Detail kartu", "Card details"),
    "card_number": ("Nomor kartu", "Card number"),
    "expiry": ("Masa berlaku", "Expiry date"),
    "expiry_hint": ("BB/TT, seperti tertulis di kartu", "MM/YY, as printed on the card"),
    "cvv": ("Kode CVV", "CVV code"),
    "cvv_hint": (
        "3 angka di belakang kartu (Amex: 4 angka di depan)",
        "3 digits on the back (Amex: 4 digits on the front)",
    ),
    "holder": ("Nama di kartu", "Name on card"),
    "tenor": ("Cara bayar", "How to pay"),
    "tenor_full": ("Bayar penuh", "Pay in full"),
    "tenor_months": ("bulan", "months"),
    "tenor_each": ("per bulan", "a month"),
    "tenor_note": (
        "Perkiraan; bunga mengikuti bank penerbit.",
        "Estimate; interest is up to your bank.",
    ),
    "pay": ("Bayar", "Pay"),
    "busy": ("Sedang diproses…", "Processing…"),
    "busy_note": ("Jangan tutup halaman ini.", "Do not close this page."),
    "cancel": ("Batal", "Cancel"),
    "privacy": (
        "Data kartu dikirim terenkripsi dan tidak disimpan.",
        "Card data is sent encrypted and is not stored.",
    ),
    "accepted": ("Kartu yang diterima", "Accepted cards"),
    "summary": ("Periksa lagi isian ini:", "Please check these fields:"),
    "attempts_left": ("Sisa percobaan", "Attempts left"),
    "language": ("Bahasa", "Language"),
    "challenge_title": ("Verifikasi pembayaran", "Verify your payment"),
    "challenge_intro": (
        "Bank Anda ingin memastikan bahwa ini benar Anda.",
        "Your bank wants to make sure that it is you.",
    ),
    "challenge_sent": (
        "Masukkan kode sekali pakai (OTP) yang dikirim ke ponsel Anda.",
        "Enter the one-time code (OTP) that was sent to your phone.",
    ),
    "challenge_code": ("Kode OTP", "One-time code"),
    "challenge_card": ("Kartu", "Card"),
    "challenge_merchant": ("Penjual", "Merchant"),
    "challenge_confirm": ("Verifikasi", "Verify"),
    "challenge_time": ("Sisa waktu", "Time left"),
    "challenge_over": (
        "Waktu habis. Batalkan untuk kembali ke penjual.",
        "Time is up. Cancel to return to the merchant.",
    ),
    "challenge_warning": (
        "Jangan berikan kode ini kepada siapa pun.",
        "Never give this code to anybody.",
    ),
    "begin_title": ("Menghubungi bank Anda", "Contacting your bank"),
    "return_title": ("Kembali ke penjual", "Returning to the merchant"),
    "return_note": (
        "Anda akan kembali dengan sendirinya. Bila tidak, tekan tombol ini.",
        "You will be returned automatically. If not, press this button.",
    ),
    "continue": ("Lanjutkan", "Continue"),
    "result_paid": ("Pembayaran berhasil", "Payment successful"),
    "result_failed": ("Pembayaran tidak berhasil", "Payment not completed"),
    "result_unknown": ("Pembayaran sedang diperiksa", "Payment is being checked"),
    "result_unknown_note": (
        "Hasilnya belum pasti. Jangan bayar lagi sebelum ada kabar dari penjual.",
        "The result is not certain yet. Do not pay again before the merchant tells you.",
    ),
    "result_close": ("Halaman ini boleh ditutup.", "You may close this page."),
    "result_paid_next": (
        "Simpan nomor pembayaran ini. Penjual sudah diberi tahu dan akan memproses pesanan Anda.",
        "Keep this payment id. The merchant has been told and will handle your order.",
    ),
    "result_failed_next": (
        "Kembalilah ke penjual untuk mencoba lagi atau memilih cara bayar lain.",
        "Go back to the merchant to try again or to pay in another way.",
    ),
    "result_again": ("Kembali ke halaman pembayaran", "Back to the payment page"),
    "result_code": ("Kode", "Code"),
    "result_id": ("Nomor pembayaran", "Payment id"),
    # --- what is wrong with a field, as the browser and the server say it -----------------------
    "number_empty": ("Isi nomor kartu.", "Enter the card number."),
    "number_wrong": (
        "Nomor kartu ini tidak benar. Periksa lagi angkanya.",
        "This card number is not valid. Check its digits.",
    ),
    "number_short": ("Nomor kartu kurang lengkap.", "The card number is incomplete."),
    "number_brand": (
        "Kartu jenis ini tidak diterima di sini.",
        "This kind of card is not accepted here.",
    ),
    "expiry_empty": ("Isi masa berlaku kartu.", "Enter the expiry date."),
    "expiry_wrong": (
        "Tulis bulan dan tahun, misalnya 08/29.",
        "Write month and year, for example 08/29.",
    ),
    "expiry_past": ("Kartu ini sudah kedaluwarsa.", "This card has expired."),
    "cvv_empty": ("Isi kode keamanan.", "Enter the security code."),
    "cvv_wrong": (
        "Kode keamanan tidak sesuai: 3 angka, atau 4 untuk Amex.",
        "The security code does not fit: 3 digits, or 4 for Amex.",
    ),
    "cvv_refused": ("Kode keamanan ditolak bank.", "The bank refused the security code."),
    "holder_empty": ("Isi nama yang tertulis di kartu.", "Enter the name on the card."),
    "holder_wrong": (
        "Nama hanya boleh berisi huruf dan spasi.",
        "The name may hold letters and spaces only.",
    ),
    "tenor_wrong": (
        "Cicilan ini tidak tersedia untuk kartu Anda.",
        "This instalment plan is not available for your card.",
    ),
    "otp_empty": ("Isi kode OTP.", "Enter the one-time code."),
    "otp_wrong": ("Kode OTP terdiri dari 6 angka.", "The one-time code has 6 digits."),
    # --- what a payment came to -------------------------------------------------------------------
    "declined": (
        "Bank penerbit menolak kartu ini. Hubungi bank Anda atau pakai kartu lain.",
        "The bank declined this card. Contact your bank or use another card.",
    ),
    "inactive": (
        "Kartu ini belum aktif atau diblokir. Hubungi bank Anda atau pakai kartu lain.",
        "This card is not active or is blocked. Contact your bank or use another card.",
    ),
    "no_network": (
        "Bank penerbit kartu ini tidak didukung. Pakai kartu lain.",
        "The issuer of this card is not supported. Use another card.",
    ),
    "limit": (
        "Batas pemakaian kartu sudah tercapai. Coba lagi besok atau pakai kartu lain.",
        "The limit of this card is reached. Try tomorrow or use another card.",
    ),
    "secure_failed": (
        "Verifikasi 3-D Secure tidak berhasil. Tidak ada uang yang ditarik.",
        "3-D Secure verification failed. No money was taken.",
    ),
    "funds": (
        "Saldo atau limit kartu tidak cukup. Pakai kartu lain.",
        "Insufficient funds. Use another card.",
    ),
    "fraud": (
        "Pembayaran ini ditolak demi keamanan. Hubungi penjual.",
        "This payment was refused for security reasons. Contact the merchant.",
    ),
    "unknown": (
        "Bank belum menjawab. Hasilnya sedang diperiksa; jangan bayar lagi dulu.",
        "The bank has not answered. The result is being checked; do not pay again yet.",
    ),
    "already": (
        "Pesanan ini sudah dibayar atau sedang diproses. Jangan bayar lagi.",
        "This order is already paid or in process. Do not pay again.",
    ),
    "expired": (
        "Waktu pembayaran sudah habis. Buat pesanan baru di toko penjual.",
        "The time to pay is over. Place a new order with the merchant.",
    ),
    "not_found": (
        "Pembayaran ini tidak dikenal. Mulai lagi dari toko penjual.",
        "This payment is not known. Start again from the merchant's shop.",
    ),
    "refused": (
        "Permintaan pembayaran ini tidak sah. Mulai lagi dari toko penjual.",
        "This payment request is not valid. Start again from the merchant's shop.",
    ),
    "cancelled": ("Pembayaran dibatalkan.", "The payment was cancelled."),
    "problem": (
        "Pembayaran tidak dapat diproses. Coba lagi atau hubungi penjual.",
        "The payment could not be processed. Try again or contact the merchant.",
    ),
}

PROBLEM_OF_CODE: Final[Mapping[str, str]] = {
    "9110": "inactive", "9111": "inactive", "9112": "inactive", "9113": "inactive",
    "62": "inactive", "78": "inactive", "57": "inactive", "41": "inactive", "43": "inactive",
    "54": "expiry_past", "4": "expiry_past",
    "14": "number_wrong", "8027": "number_wrong", "C117": "number_wrong",
    "9160": "expiry_wrong", "C118": "expiry_wrong", "C119": "expiry_wrong",
    "N7": "cvv_refused", "82": "cvv_refused", "9150": "cvv_refused", "9140": "cvv_empty",
    "C120": "cvv_wrong",
    "9158": "holder_empty",
    "15": "no_network", "91": "no_network", "92": "no_network", "9119": "no_network",
    "9142": "no_network", "9153": "no_network", "9162": "no_network",
    "9154": "limit", "9155": "limit", "61": "limit", "65": "limit", "9123": "limit",
    "8026": "secure_failed", "9117": "secure_failed", "9157": "secure_failed",
    "Q1": "secure_failed",
    "51": "funds", "16": "funds",
    "9151": "fraud", "9152": "fraud", "9132": "fraud", "59": "fraud",
    "1004": "unknown", "9507": "unknown", "68": "unknown",
    "9116": "already", "9126": "already", "9127": "already",
    "9129": "expired",
    "8022": "not_found", "9003": "not_found", "8004": "not_found",
    "9010": "refused",
    "9029": "tenor_wrong", "9118": "tenor_wrong",
    "C935": "cancelled", "9130": "no_network", "9106": "declined",
    "05": "declined", "9128": "declined", "9125": "declined",
}  # fmt: skip

FIELD_OF_PROBLEM: Final[Mapping[str, str]] = {
    "number_empty": "cardNo", "number_wrong": "cardNo", "number_short": "cardNo",
    "number_brand": "cardNo", "no_network": "cardNo",
    "expiry_empty": "cardExp", "expiry_wrong": "cardExp", "expiry_past": "cardExp",
    "cvv_empty": "cardCvv", "cvv_wrong": "cardCvv", "cvv_refused": "cardCvv",
    "holder_empty": "cardHolderNm", "holder_wrong": "cardHolderNm",
    "tenor_wrong": "instmntMon",
    "otp_empty": "otp", "otp_wrong": "otp",
}  # fmt: skip
"""The field that a problem stands beside; the others stand above the form."""


def problem_of(result_cd: str) -> str:
    """Name what a result code means to a buyer; a code nobody listed is a plain problem."""
    return PROBLEM_OF_CODE.get(result_cd, "problem")


def result_of(result_cd: str) -> str:
    """Say which of the three results a code is: paid, unknown, failed."""
    if result_cd == "0000":
        return "paid"
    return "unknown" if problem_of(result_cd) == "unknown" else "failed"


def choose_language(*, asked: str, accept_language: str) -> Language:
    """Take the language asked for, else the browser's first that we speak, else Indonesian."""
    if asked in ("id", "en"):
        return "en" if asked == "en" else "id"
    best: tuple[float, Language] = (0.0, "id")
    for part in accept_language[:200].split(","):
        tag, _, weight = part.strip().partition(";q=")
        name = tag.strip().lower().partition("-")[0]
        known: Language | None = {"id": "id", "in": "id", "ms": "id", "en": "en"}.get(name)  # type: ignore[assignment]
        if known is not None and (rank := _weight(weight)) > best[0]:
            best = (rank, known)
    return best[1]


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
