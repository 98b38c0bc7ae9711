"""KYC: who a reseller is, by what evidence of which date. Records are only added."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, Literal

import msgspec

from gerbang.audit import write_audit
from gerbang.errors import BadInputError, database_errors_told
from gerbang.postgres.pool import Connection, Pool
from gerbang.resellers.admin import find_reseller
from gerbang.terms.store import SQL

EVIDENCE_CHARS_MAX: Final = 500

KycState = Literal["submitted", "approved", "rejected", "revoked"]


class KycRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a check: `evidence` names the papers, `evidence_date` their day."""

    state: KycState
    evidence: str
    evidence_date: date
    valid_until: date | None = None


async def record_kyc(
    connection: Connection, code: str, record: KycRecord, *, actor: str
) -> dict[str, Any]:
    """Add a record; where KYC is required, live access ends with its approval."""
    evidence = record.evidence.strip()
    if not evidence or len(evidence) > EVIDENCE_CHARS_MAX or not evidence.isprintable():
        problem = f"1 to {EVIDENCE_CHARS_MAX} printable letters"
        raise BadInputError(f"evidence: {problem}", {"evidence": problem})
    reseller = await find_reseller(connection, code)
    with database_errors_told():
        await connection.execute(
            SQL.insert_kyc,
            reseller["id"],
            record.state,
            evidence,
            record.evidence_date,
            record.valid_until,
            actor,
        )
    ended = None
    if record.state in {"rejected", "revoked"}:
        ended = await connection.fetchval(SQL.take_live_away, reseller["id"])
    after = {**msgspec.to_builtins(record), "live_access_ended": ended is not None}
    await write_audit(
        connection,
        actor=actor,
        action="reseller.kyc_recorded",
        subject=f"reseller:{code}",
        after=after,
    )
    return await show_kyc(connection, code)


async def show_kyc(connection: Connection | Pool, code: str) -> dict[str, Any]:
    """Show what is known of a reseller's identity, and every record before."""
    reseller = await find_reseller(connection, code)
    terms: Any = await connection.fetchrow(SQL.terms_of_resellers, code, "", None, 1)
    records = await connection.fetch(SQL.kyc_of_reseller, reseller["id"])
    return {
        "reseller": code,
        "state": terms["kyc_state"],
        "evidence": terms["kyc_evidence"],
        "evidence_date": terms["kyc_date"],
        "valid_until": terms["kyc_valid_until"],
        "live": terms["live"],
        "records": [dict(record) for record in records],
    }
