"""The cards that a buyer may try on the hosted page in testing mode, with what they do; pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from gerbang.cards.acquirers.sandbox_cards import TEST_CARDS
from gerbang.cards.merchant import Merchant
from gerbang.dialects.card_contract import TrialCard

CVV: Final = "100"
HOLDER: Final = "BUDI SANTOSO"
YEARS_GOOD: Final = 3
_GROUP: Final = 4
_SECURE_WORD: Final = "3-D Secure"

MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Visa, approved": "Visa, disetujui",
        "Mastercard, approved": "Mastercard, disetujui",
        "card not active": "kartu tidak aktif",
        "card expired": "kartu kedaluwarsa",
        "no such card number": "nomor kartu tidak ada",
        "CVV wrong": "CVV salah",
        "network not supported": "jaringan tidak didukung",
        "daily amount reached": "batas jumlah harian tercapai",
        "daily count reached": "batas pemakaian harian tercapai",
        "insufficient funds": "dana tidak cukup",
        "suspected fraud": "dicurigai penipuan",
        "no answer; was approved": "tanpa jawaban; sebenarnya disetujui",
        "no answer; was declined (05)": "tanpa jawaban; sebenarnya ditolak (05)",
        "Visa 3-D Secure fails": "3-D Secure Visa gagal",
        "Mastercard 3-D Secure fails": "3-D Secure Mastercard gagal",
        "3-D Secure without a question": "3-D Secure tanpa pertanyaan",
        "capture and cancel get no answer": "pengambilan dan pembatalan tanpa jawaban",
        "capture and cancel are declined": "pengambilan dan pembatalan ditolak",
    }
)
"""What a test card does, in English and in Indonesian."""


def trial_cards(merchant: Merchant, now: datetime) -> tuple[TrialCard, ...]:
    """Give the cards of the sandbox issuer; none where a real card would be charged."""
    if not merchant.sandboxed:
        return ()
    expiry = f"01/{(now.year + YEARS_GOOD) % 100:02}"
    return tuple(
        TrialCard(
            number=" ".join(
                card.number[at : at + _GROUP] for at in range(0, len(card.number), _GROUP)
            ),
            expiry=expiry,
            cvv=CVV,
            holder=HOLDER,
            code=card.code,
            meaning={"id": MEANINGS[card.meaning], "en": card.meaning},
        )
        for card in TEST_CARDS
        if merchant.features.secure or _SECURE_WORD not in card.meaning
    )
