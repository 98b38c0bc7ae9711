"""What calls of several dialects are called, said once; pure."""

from __future__ import annotations

from typing import Final

from gerbang.developer.call import Words

BALANCE: Final = Words(en="Balance", id="Cek saldo")
BALANCE_ABOUT: Final = Words(en="What you can spend now.", id="Saldo yang bisa dipakai sekarang.")
BOUGHT_AT_ONCE: Final = Words(
    en="A test order that is delivered at once. Without testing it is real.",
    id="Order uji coba yang langsung sukses. Tanpa testing, order ini sungguhan.",
)
STATUS: Final = Words(en="Ask how an order stands", id="Tanya status order")
STATUS_ABOUT: Final = Words(
    en="Buys nothing. Ask with the same testing flag the order was sent with.",
    id="Tidak membeli apa pun. Kirim testing yang sama dengan ordernya.",
)
BILL: Final = Words(en="Ask for a bill", id="Cek tagihan")
BILL_ABOUT: Final = Words(
    en="No money moves. What is shown can be paid for five minutes.",
    id="Saldo tidak berkurang. Yang ditampilkan bisa dibayar selama lima menit.",
)
PAY: Final = Words(en="Pay the bill", id="Bayar tagihan")
TICKET: Final = Words(en="Deposit ticket", id="Tiket deposit")
TICKET_ABOUT: Final = Words(
    en="An exact amount to transfer; a test ticket is never credited.",
    id="Nominal persis yang ditransfer; tiket uji coba tidak pernah dikreditkan.",
)
