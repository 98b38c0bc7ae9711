"""``/deposit_ticket``: what is asked and what is answered (sheet §5.3); pure."""

from __future__ import annotations

from typing import Final

import msgspec

from gerbang.clock import WIB
from gerbang.dialects.contract import Refusal, TicketView
from gerbang.dialects.socx.spec import MESSAGES, RC_INVALID, REASONS
from gerbang.dialects.socx.wire import (
    UNREADABLE_JSON,
    UnreadableError,
    encode_json,
    refuse_duplicates,
)
from gerbang.money import format_commas, format_dots
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered
from gerbang.web.asgi import JSON_TYPE

NO_TOTAL_LEFT: Final = "GAGAL, angka unik untuk nominal ini habis, coba nominal lain"
BAD_AMOUNT: Final = "GAGAL, nominal deposit tidak valid"


class AskedTicket(msgspec.Struct, frozen=True):
    """The body of a request."""

    amount: int
    testing: bool | None = None


_decode: Final = msgspec.json.Decoder(AskedTicket).decode


def read_ticket(body: bytes) -> AskedTicket:
    """Read the body whatever its Content-Type says. Raises UnreadableError."""
    try:
        asked = _decode(body)
        refuse_duplicates(body)
    except msgspec.ValidationError as error:
        raise UnreadableError(f"payload tidak valid: {error}") from error
    except UNREADABLE_JSON as error:
        raise UnreadableError("payload bukan JSON yang valid") from error
    return asked


def ticket_answer(ticket: TicketView) -> Answered:
    """Give the ticket. `grand_total` is the sum, which the document's own sample is not (§9)."""
    valid_before = ticket.valid_before.astimezone(WIB).strftime("%d/%m/%Y %H:%M:%S")
    accounts = ", ".join(f"{bank.bank_name} {bank.account_no}" for bank in ticket.banks)
    body = {
        "instruction": (
            f"Mohon transfer nominal Rp. {format_commas(ticket.grand_total)} (harus sama), "
            f"ke rekening {accounts} sebelum {valid_before} Terima kasih"
        ),
        "amount": ticket.amount,
        "banks": [
            {
                "id": bank.id,
                "account_no": bank.account_no,
                "bank_name": bank.bank_name,
                "beneficiary_name": bank.beneficiary_name,
                "status": int(bank.active),
            }
            for bank in ticket.banks
        ],
        "unique": ticket.unique,
        "admin_fee": ticket.fee,
        "grand_total": ticket.grand_total,
        "valid_before": valid_before,
    }
    return Answered(status=200, headers=JSON_TYPE, body=encode_json(body))


def refusal_answer(refusal: Refusal) -> Answered:
    """Say why there is no ticket: 200 and an rc (§7)."""
    rc = REASONS[refusal.reason]
    match refusal.reason:
        case Reason.INVALID_AMOUNT:
            message = f"{BAD_AMOUNT}, {limits_text(refusal)}"
        case Reason.NO_UNIQUE_AMOUNT:
            message = NO_TOTAL_LEFT
        case _:
            message = refusal.message or MESSAGES[rc]
    return plain_refusal(rc, message)


def limits_text(refusal: Refusal) -> str:
    """Write the least and the most that may be asked for."""
    least, most = (refusal.fields or {}).get("amount", ("0", "0"))
    return f"{format_dots(int(least))} sampai {format_dots(int(most))}"


def plain_refusal(rc: str, message: str, *, status: int = 200) -> Answered:
    """Give an rc and a message."""
    return Answered(
        status=status, headers=JSON_TYPE, body=encode_json({"rc": rc, "message": message})
    )


def unreadable_answer(problem: str) -> Answered:
    """Refuse a body that cannot be read."""
    return plain_refusal(RC_INVALID, f"GAGAL, {problem}")
