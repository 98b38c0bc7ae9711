"""A reseller doubts what became of an order: a case with words, evidence and a deadline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from gerbang.audit import write_audit
from gerbang.clock import WIB
from gerbang.errors import BadInputError, ConflictError
from gerbang.orders.evidence import EvidenceFile, keep_evidence
from gerbang.orders.intake import SQL
from gerbang.orders.read import OrderNotFoundError
from gerbang.postgres.errors import UniqueViolation
from gerbang.postgres.pool import Connection

KIND: Final = "complaint"
WORDS_LETTERS_MAX: Final = 2_000
COMPLAINT_DAYS_MAX: Final = 90
"""Suppliers answer no question about older orders."""


async def complain(
    connection: Connection,
    order_id: int,
    *,
    reseller_id: int,
    words: str,
    evidence: str,
    actor: str,
    now: datetime,
    answer_within_s: int,
    files: Sequence[EvidenceFile] = (),
) -> int:
    """Open a complaint about a reseller's own order; give the case.

    The order stays as it is: a person finds out and decides. One complaint of an order may be
    open at a time. Raises OrderNotFoundError, BadInputError or ConflictError.
    """
    order = await connection.fetchrow(SQL.order_for_complaint, order_id, reseller_id)
    if order is None:
        raise OrderNotFoundError(order_id)
    said = _said("words", words)
    if not said:
        problem = "say what is wrong"
        raise BadInputError(problem, {"words": problem})
    if now - order["created_at"] > timedelta(days=COMPLAINT_DAYS_MAX):
        raise ConflictError(f"the order is older than {COMPLAINT_DAYS_MAX} days")
    if order["open_complaint"] is not None:
        raise ConflictError("a complaint about this order is already open")
    due = now + timedelta(seconds=answer_within_s)
    detail = {
        "words": said,
        "evidence": _said("evidence", evidence),
        "deadline": due.astimezone(WIB).isoformat(timespec="seconds"),
        "by": actor,
        "order_state": order["state"],
        "sn": order["sn"],
        "reference": order["reference"],
    }
    subject = f"complaint:{order_id}:{order['complaints'] + 1}"
    try:
        case_id: int = await connection.fetchval(
            SQL.open_complaint, KIND, subject, order_id, detail
        )
    except UniqueViolation as error:
        raise ConflictError("a complaint about this order is already open") from error
    await write_audit(
        connection,
        actor=actor,
        action="complaint.opened",
        subject=f"order:{order_id}",
        after={"case_id": case_id},
    )
    await keep_evidence(connection, case_id, files, actor=actor)
    return case_id


def _said(field: str, text: str) -> str:
    clean = text.strip()
    if len(clean) > WORDS_LETTERS_MAX or "\x00" in clean:
        problem = f"a text of at most {WORDS_LETTERS_MAX} letters"
        raise BadInputError(problem, {field: problem})
    return clean
