"""Generated tables in Indonesian: the same rows, with their words replaced cell by cell; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gerbang.dialects.nicepay.page_words import WORDS as BUYER_WORDS

_CELLS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # heads
        "reason": "sebab",
        "code": "kode",
        "message": "pesan",
        "rc of a refusal": "rc penolakan",
        "rc of a failed order": "rc transaksi gagal",
        "OtomaX number": "nomor OtomaX",
        "text": "teks",
        "never with GAGAL": "tidak pernah dengan GAGAL",
        "dialect": "dialek",
        "needs an address list": "perlu daftar alamat IP",
        "a reply waits for the result": "balasan menunggu hasil",
        "callback formats": "bentuk callback",
        "events": "kejadian",
        "ends in": "berakhiran",
        "a fake supplier": "supplier tiruan",
        "a testing order": "transaksi uji coba",
        "the amount ends in": "jumlahnya berakhiran",
        "a testing ticket": "tiket uji coba",
        "inquiry": "cek",
        "payment at a fake supplier": "bayar di supplier tiruan",
        "payment in testing": "bayar dalam uji coba",
        "found": "ditemukan",
        "not found": "tidak ditemukan",
        "already paid": "sudah dibayar",
        "disturbed: another supplier may know more": (
            "gangguan: supplier lain mungkin tahu lebih banyak"
        ),
        "the number is wrong": "nomornya salah",
        "state of the payment": "status pembayaran",
        "card": "kartu",
        "result": "hasil",
        "what it does": "yang terjadi",
        "meaning": "arti",
        "refused by": "ditolak oleh",
        "what the buyer reads": "yang dibaca pembeli",
        "metric": "metrik",
        "type": "jenis",
        "what it tells": "yang dikatakannya",
        # words
        "yes": "ya",
        "no": "tidak",
        "any other": "lainnya",
        "8 s": "8 detik",
        "0 s": "0 detik",
        # orders
        "state": "status",
        "IsiKuota code, status": "code dan status IsiKuota",
        "SocX rc": "rc SocX",
        "OtomaX status": "status OtomaX",
        "no report": "tanpa laporan",
        "the reason's code, see below": "kode sebabnya, lihat dialeknya",
        "supplier speaks": "supplier memakai",
        "same reference again": "referensi yang sama lagi",
        '"not found"': '"tidak ditemukan"',
        "asked again after (s)": "ditanya lagi setelah (detik)",
        "safe": "aman",
        "unsafe": "tidak aman",
        "unsafe, unless declared": "tidak aman, kecuali dinyatakan",
        "never evidence": "tidak pernah menjadi bukti",
        # deposit tickets
        "opened, `paid` at once": "dibuka, langsung `paid`",
        "opened, `paid` after 2 s": "dibuka, `paid` setelah 2 detik",
        "refused: the amount": "ditolak: jumlahnya",
        "opened for 1 s; the money comes `late`, after 2 s": (
            "dibuka 1 detik; uangnya datang terlambat (`late`), setelah 2 detik"
        ),
        "opened for 1 s; no money comes": "dibuka 1 detik; uangnya tidak datang",
        "opened; the digits were forgotten, so a `near_miss` waits for a person": (
            "dibuka; angka uniknya lupa, jadi `near_miss` menunggu orang"
        ),
        "refused: no unique total is left, try another amount": (
            "ditolak: angka uniknya habis, coba jumlah lain"
        ),
        "opened; no money comes, and its time runs out as always": (
            "dibuka; uangnya tidak datang, dan waktunya habis seperti biasa"
        ),
        # payments
        "initialised": "terdaftar",
        "processing": "diproses",
        "challenged": "menunggu 3-D Secure",
        "paid": "dibayar",
        "preauthed": "ditahan",
        "settled": "diselesaikan",
        "partly refunded": "dikembalikan sebagian",
        "captured": "diambil",
        "void": "dibatalkan",
        "refunded": "dikembalikan",
        "failed": "gagal",
        "expired": "kedaluwarsa",
        # test cards
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
        # metrics
        "Inquiries about bills, by what came of them": "Pengecekan tagihan, menurut hasilnya",
        "Answers to purchases, by dialect and what they said": (
            "Jawaban atas pembelian, menurut dialek dan isinya"
        ),
        "Orders that became final, by dialect and state": (
            "Transaksi yang menjadi final, menurut dialek dan status"
        ),
        "From the decoded request to the answer": "Dari permintaan terbaca sampai jawabannya",
        "Calls to suppliers, by supplier and how they ended": (
            "Panggilan ke supplier, menurut supplier dan akhirnya"
        ),
        "What attempts came to, by supplier": "Hasil percobaan, menurut supplier",
        "Writes waiting in the lane": "Penulisan yang menunggu di jalur",
        "Writes in one commit": "Penulisan dalam satu commit",
        "One commit of the lane": "Satu commit jalur tulis",
        "Our float at a supplier as it said last, in rupiah": (
            "Saldo kami di supplier menurut kabar terakhirnya, dalam rupiah"
        ),
        "What it said above what our ledger explains, in rupiah": (
            "Selisihnya di atas yang dijelaskan buku besar kami, dalam rupiah"
        ),
        "1 while the float is below its alarm": "1 selama saldonya di bawah alarm",
        "1 while a supplier is not trusted with orders": (
            "1 selama supplier tidak dipercaya menerima transaksi"
        ),
        "Products that are not bought at a supplier because they fail there": (
            "Produk yang tidak dibeli di sebuah supplier karena gagal di sana"
        ),
        "Attempts worked on here": "Percobaan yang sedang dikerjakan di sini",
        "Callbacks waiting, all nodes": "Callback yang menunggu, semua node",
        "Age of the oldest waiting callback": "Umur callback tertua yang menunggu",
        "Unknown orders that wait for a person": (
            "Transaksi tidak diketahui yang menunggu keputusan orang"
        ),
        **{english: indonesian for indonesian, english in BUYER_WORDS.values()},
    }
)

_PLAN: Final = (
    (
        r" \(no callback: found only by asking\)",
        " (tanpa callback: hanya ketahuan dengan bertanya)",
    ),
    (
        "takes the order, delivers it, drops the connection without an answer",
        "menerima transaksi, mengirimnya, lalu memutus sambungan tanpa jawaban",
    ),
    (
        "takes the payment, delivers it, drops the connection without an answer",
        "menerima pembayaran, membayarnya, lalu memutus sambungan tanpa jawaban",
    ),
    (
        "drops the connection and does not take the payment",
        "memutus sambungan dan tidak menerima pembayarannya",
    ),
    (
        r"found; Rp([\d.,]+) higher whenever it is looked at again",
        r"ditemukan; Rp\1 lebih tinggi setiap kali dilihat lagi",
    ),
    ("found; somebody else pays it before you do", "ditemukan; orang lain lebih dulu membayarnya"),
    (
        r"found, (\d+) sheets, each but the last with a fine of Rp([\d.,]+)",
        r"ditemukan, \1 lembar, masing-masing selain yang terakhir dengan denda Rp\2",
    ),
    ("^refused", "ditolak"),
    (
        "drops the connection and does not take the order",
        "memutus sambungan dan tidak menerima transaksinya",
    ),
    ("success without a serial number", "sukses tanpa SN"),
    (r"serial number after ([\d.]+) s", r"SN menyusul setelah \1 detik"),
    ("success at once", "langsung sukses"),
    ("failed at once", "langsung gagal"),
    (r"success after ([\d.]+) s", r"sukses setelah \1 detik"),
    (r"failed after ([\d.]+) s", r"gagal setelah \1 detik"),
    (r"reversed after ([\d.]+) s", r"dibatalkan setelah \1 detik"),
    ("^rejected", "ditolak"),
    (r"^(\d+) answers over (\d+) s", r"\1 jawaban selama \2 detik"),
)
"""What plans of magic numbers are written with; the rest of a cell stays."""

KEPT: Final = frozenset(
    {"HTTP", "IsiKuota", "SocX", "OtomaX (transaksi via IP)", "counter", "histogram", "gauge",
     "resultMsg", "status"}
)  # fmt: skip
"""Cells that are the same in both languages."""


def in_indonesian(block: str) -> str:
    """Give a generated block with the words of its tables in Indonesian."""
    return "\n".join(
        _row(line, _translated) if line.startswith("| ") else line for line in block.split("\n")
    )


def cells_of(line: str) -> list[str]:
    """Give the cells of a table's line."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])]


def _row(line: str, change: Callable[[str], str]) -> str:
    return "| " + " | ".join(change(cell) for cell in cells_of(line)) + " |"


def _translated(cell: str) -> str:
    if cell in _CELLS:
        return _CELLS[cell]
    said = cell
    for english, indonesian in _PLAN:
        said = re.sub(english, indonesian, said)
    return re.sub(r"(\d)\.(\d+ detik)", r"\1,\2", said)
