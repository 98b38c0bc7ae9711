"""The desk where people decide: what they want is committed first, then carried out once.

Where the setting `two_persons_for` names it, somebody else must approve, and both must be persons
that can be told apart, whichever way they came. A node that dies between
the approval and the deed leaves the deed to the next look of any node.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import structlog

from gerbang.approvals.read import SQL, show_proposal
from gerbang.audit import write_audit
from gerbang.errors import (
    BadInputError,
    ConflictError,
    NotFoundError,
    UserError,
    database_errors_told,
)
from gerbang.ledger.credit import check_key, check_text, move_told
from gerbang.ledger.move import MoveMoney
from gerbang.ledger.transfer import TransferEvent
from gerbang.money import RUPIAH_MAX
from gerbang.orders.decide import CannotDecideError, Decision, check_decidable, decide_order
from gerbang.orders.writes import Recorded
from gerbang.people.person import require_person, require_two_persons
from gerbang.postgres.lane import Lane
from gerbang.postgres.pool import Connection, Pool
from gerbang.repeated import Repeated

log = structlog.get_logger()

DECISIONS: Final = "decisions"
CORRECTIONS: Final = "corrections"
LOOK_EVERY_S: Final = 5.0


class ApprovalDesk:
    """One node's desk; several nodes share the work through the database."""

    def __init__(
        self,
        *,
        pool: Pool,
        lane: Lane,
        account_ids: Callable[[int], tuple[int, int]],
        after_recorded: Callable[[Recorded], None],
        two_persons_for: Collection[str],
    ) -> None:
        """Wire it."""
        unknown = set(two_persons_for) - {DECISIONS, CORRECTIONS}
        if unknown:
            raise ValueError(f"two_persons_for: {', '.join(sorted(unknown))} is not known")
        self._pool = pool
        self._lane = lane
        self._account_ids = account_ids
        self._after_recorded = after_recorded
        self._two_persons_for = frozenset(two_persons_for)
        self._looks = Repeated(
            self._finish_what_is_left,
            every_s=LOOK_EVERY_S,
            complaint="approvals.not_looked",
            at_once=False,
        )

    # --- life ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to finish what others left."""
        self._looks.start()

    async def stop(self) -> None:
        """End."""
        await self._looks.stop()

    async def _finish_what_is_left(self) -> None:
        for row in await self._pool.fetch(SQL.left_over):
            await self._carry_out(row["id"])

    # --- proposing -------------------------------------------------------------------------------

    async def decide_order(
        self, order_id: int, decision: Decision, *, reason: str, actor: str, sn: str = ""
    ) -> dict[str, Any]:
        """Say what became of an unknown order; gives the proposal, done or waiting."""
        check_text("sn", sn)
        await check_decidable(self._pool, order_id, reason)
        content = {"order_id": order_id, "decision": decision, "sn": sn}
        return await self._propose(
            "order_decision",
            f"order:{order_id}",
            content,
            reason=reason,
            actor=actor,
            two_persons=DECISIONS in self._two_persons_for,
        )

    async def correct(
        self, *, debit: str, credit: str, amount: int, key: str, reason: str, actor: str
    ) -> dict[str, Any]:
        """Move money between two accounts by hand, once per key; gives the proposal."""
        if not 0 < amount <= RUPIAH_MAX:
            raise BadInputError("an amount in rupiah is needed", {"amount": f"1 to {RUPIAH_MAX}"})
        check_key(key)
        if debit == credit:
            raise BadInputError("two different accounts are needed", {"credit": "another one"})
        for code in (debit, credit):
            await self._account_id(code)
        return await self._propose(
            "correction",
            f"correction:{key}",
            {"debit": debit, "credit": credit, "amount": amount, "key": key},
            reason=reason,
            actor=actor,
            two_persons=CORRECTIONS in self._two_persons_for,
        )

    async def _propose(
        self,
        kind: str,
        subject: str,
        content: Mapping[str, Any],
        *,
        reason: str,
        actor: str,
        two_persons: bool,
    ) -> dict[str, Any]:
        check_text("reason", reason, needed=True)
        if two_persons:
            require_person(actor)
        async with self._pool.acquire() as connection, connection.transaction():
            with database_errors_told():
                proposal_id: int = await connection.fetchval(
                    SQL.insert_proposal, kind, subject, content, reason, actor, two_persons
                )
            await _audited(connection, proposal_id, actor, "made", {**content, "reason": reason})
        if not two_persons:
            await self._carry_out(proposal_id)
        shown = await show_proposal(self._pool, proposal_id)
        if not two_persons and shown["state"] == "overtaken":
            raise ConflictError(shown["result"])
        return shown

    # --- the second person -----------------------------------------------------------------------

    async def approve(self, proposal_id: int, *, actor: str) -> dict[str, Any]:
        """Agree with somebody else's proposal, and carry it out."""
        await self._decided(proposal_id, "approved", actor=actor, note="")
        await self._carry_out(proposal_id)
        return await show_proposal(self._pool, proposal_id)

    async def reject(self, proposal_id: int, *, reason: str, actor: str) -> dict[str, Any]:
        """Disagree: nothing happens. Who proposed it may take it back himself."""
        check_text("reason", reason, needed=True)
        await self._decided(proposal_id, "rejected", actor=actor, note=reason)
        return await show_proposal(self._pool, proposal_id)

    async def _decided(self, proposal_id: int, state: str, *, actor: str, note: str) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(SQL.lock_proposal, proposal_id)
            if row is None:
                raise NotFoundError(f"no proposal {proposal_id}")
            if row["state"] != "waiting":
                raise ConflictError(f"proposal {proposal_id} is {row['state']}")
            if state == "approved":
                require_two_persons(row["maker"], actor)
            await connection.execute(SQL.decide_proposal, proposal_id, state, actor, note)
            await _audited(connection, proposal_id, actor, state, {"reason": note})

    # --- carrying out ----------------------------------------------------------------------------

    async def _carry_out(self, proposal_id: int) -> None:
        """Do what is approved; doing it twice does it once."""
        row = await self._pool.fetchrow(SQL.list_proposals, 2**62, "approved", proposal_id, 1)
        if row is None:
            return
        state, result = "done", ""
        try:
            result = await self._do(row)
        except (UserError, CannotDecideError) as error:
            state, result = "overtaken", str(error)
        await self._pool.execute(SQL.finish_proposal, proposal_id, state, result)
        log.info("proposal.carried_out", proposal_id=proposal_id, state=state, result=result)

    async def _do(self, row: Any) -> str:
        content = row["content"]
        people = " and ".join(filter(None, (row["maker"], row["checker"])))
        if row["kind"] == "correction":
            moved = await move_told(
                self._lane,
                MoveMoney(
                    key=content["key"],
                    event=TransferEvent.CORRECTION,
                    debit_account_id=await self._account_id(content["debit"]),
                    credit_account_id=await self._account_id(content["credit"]),
                    amount=content["amount"],
                    actor=people,
                    note=row["reason"],
                ),
            )
            return f"transfer {moved.transfer.id}"
        recorded = await decide_order(
            content["order_id"],
            content["decision"],
            lane=self._lane,
            pool=self._pool,
            account_ids=self._account_ids,
            reason=row["reason"],
            actor=people,
            sn=content["sn"],
        )
        self._after_recorded(recorded)
        order = recorded.order
        await self._pool.execute(
            SQL.close_decision_case, order.id, people, f"{content['decision']}: {row['reason']}"
        )
        return f"order {order.id} is {order.state.value}"

    async def _account_id(self, code: str) -> int:
        row = await self._pool.fetchrow(SQL.account_by_code, code)
        if row is None:
            raise NotFoundError(f"no account {code}")
        found: int = row["id"]
        return found


async def _audited(
    connection: Connection, proposal_id: int, actor: str, what: str, after: Mapping[str, Any]
) -> None:
    await write_audit(
        connection,
        actor=actor,
        action=f"proposal.{what}",
        subject=f"proposal:{proposal_id}",
        after=after,
    )
