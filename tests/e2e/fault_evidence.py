"""What a run with faults leaves: the rows of the gateway, and what came to the reseller."""

from __future__ import annotations

from collections import defaultdict

from e2e.fault_model import Told
from e2e.served import Ear, ServedGateway, read_news, supplier_view


async def end_claims(gateway: ServedGateway) -> None:
    """Let a dead node's claims run out now instead of in minutes; nobody else has any."""
    for table in ("attempts", "callbacks"):
        await gateway.fetch(
            f"UPDATE {table} SET due_at = clock_timestamp()"  # noqa: S608 (two literals)
            " WHERE claimed_by IS NOT NULL AND due_at IS NOT NULL"
        )


def read_heard(ear: Ear, buyer: str, base_url: str) -> dict[str, set[str]]:
    """Read by reference what callbacks told, each in the dialect that its form shows."""
    heard: dict[str, set[str]] = defaultdict(set)
    for request in ear.heard:
        dialect = _dialect_of(request.method, request.header("x-signature"))
        for item in read_news(dialect, supplier_view(dialect, buyer, base_url), request):
            heard[item.reference].add(type(item.outcome).__name__.lower())
    return heard


def _dialect_of(method: str, signature: str | None) -> str:
    if signature:
        return "isikuota"
    return "otomax" if method == "GET" else "socx"


async def read_told(gateway: ServedGateway) -> Told:
    """Read all of the gateway's database that the model looks at."""
    fetch = gateway.fetch
    news: dict[int, set[str]] = defaultdict(set)
    for row in await fetch(
        "SELECT DISTINCT attempt_id, outcome::jsonb->>'type' AS told FROM attempt_messages"
        " WHERE kind = 'callback'"
    ):
        news[row["attempt_id"]].add(row["told"])
    return Told(
        orders=await fetch(
            "SELECT id, reference, state::text AS state, dialect, destination, price,"
            "       needs_decision_at"
            "  FROM orders"
        ),
        attempts=await fetch(
            "SELECT a.id, a.order_id, a.number, s.code AS supplier, a.reference,"
            "       a.state::text AS state, a.reason, a.message, a.sends, a.due_at"
            "  FROM attempts a JOIN suppliers s ON s.id = a.supplier_id ORDER BY a.number"
        ),
        callbacks=await fetch(
            "SELECT order_id, sequence, event, state::text AS state, snapshot->>'state' AS told"
            "  FROM callbacks"
        ),
        cases=await fetch("SELECT order_id, attempt_id, kind FROM cases"),
        news=news,
    )
