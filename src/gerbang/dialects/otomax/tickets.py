"""``/ticket`` and ``/?cmd=ticket``: what is asked, how it is signed, what is answered; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from gerbang.clock import WIB
from gerbang.dialects.contract import Refusal, TicketView
from gerbang.dialects.otomax import wire
from gerbang.dialects.otomax.form import Fields
from gerbang.dialects.otomax.profiles import Voice
from gerbang.dialects.otomax.replies import json_answer, message_answer, text_answer
from gerbang.dialects.otomax.spec import reason_text
from gerbang.money import format_dots
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered

NO_TOTAL_LEFT: Final = "Angka unik untuk nominal ini habis, coba nominal lain"


class WantedTicket(msgspec.Struct, frozen=True):
    """What is asked for."""

    amount: int
    testing: bool


def ticket_text(login: wire.Login, *, amount: str) -> str:
    """Write what is hashed for a ticket (sheet §4.1)."""
    return f"OtomaX|ticket|{login.member}|{login.pin}|{login.password}|{amount}"


def ticket_texts(fields: Fields, login: wire.Login) -> Iterator[str]:
    """Write every text a ticket's sign may be of: the amount counts as it was sent."""
    for one in wire.members(fields, login):
        yield ticket_text(one, amount=fields.get("amount", ""))


def read_ticket(fields: Fields) -> WantedTicket | wire.FieldProblem:
    """Check the fields of a ticket."""
    try:
        testing = wire.is_testing(fields)
        amount = wire.number(fields, "amount", reason=Reason.INVALID_AMOUNT)
    except wire.ProblemError as error:
        return error.problem
    if amount is None:
        return wire.FieldProblem(
            field="amount", reason=Reason.INVALID_AMOUNT, message="amount kosong"
        )
    return WantedTicket(amount, testing)


def ticket_answer(voice: Voice, ticket: TicketView) -> Answered:
    """Say what to send, until when, and where to: a pair of lines for each bank (§6)."""
    until = ticket.valid_before.astimezone(WIB).strftime("%d/%m/%Y %H:%M:%S")
    total = format_dots(ticket.grand_total)
    lines = [f"Silakan transfer Rp.{total} (harus sama persis) sebelum {until} WIB ke salah satu:"]
    for bank in ticket.banks:
        lines += [f"{bank.bank_name} : {bank.account_no}", bank.beneficiary_name]
    text = "\n".join(lines)
    if not voice.profile.as_json:
        return text_answer(text)
    data = {
        "amount": ticket.amount,
        "unique": ticket.unique,
        "fee": ticket.fee,
        "total": ticket.grand_total,
        "valid_before": until,
        "banks": [
            {"bank": bank.bank_name, "account": bank.account_no, "name": bank.beneficiary_name}
            for bank in ticket.banks
        ],
    }
    return json_answer(ok=True, message=text, data=data)


def refusal_answer(voice: Voice, refusal: Refusal) -> Answered:
    """Say why there is no ticket."""
    text = reason_text(refusal.reason)
    if refusal.reason is Reason.NO_UNIQUE_AMOUNT:
        text = NO_TOTAL_LEFT
    limits = (refusal.fields or {}).get("amount")
    if refusal.reason is Reason.INVALID_AMOUNT and limits:
        least, most = (format_dots(int(limit)) for limit in limits)
        text = f"{text}, {least} sampai {most}"
    return message_answer(voice, text)
