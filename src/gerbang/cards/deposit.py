"""Deposit by card: a reseller pays on our page, and his balance is credited once.

The intention comes first, then the payment; the credit follows when the payment is charged *and*
the acquirer, asked once more, says so. What goes back to the card is taken from the balance, or
where that does not do becomes a receivable. A sandbox issuer credits nothing outside a demo: the
query leaves such payments out, and a trigger refuses them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from gerbang.cards.acquirers.contract import Approved
from gerbang.cards.payment import PAYABLE, AttemptKind
from gerbang.cards.reasons import Refused
from gerbang.dialects.card_contract import Registration
from gerbang.errors import BadInputError, ConflictError, NotFoundError
from gerbang.ledger.book import InsufficientBalanceError
from gerbang.ledger.credit import collect_receivable, move_told
from gerbang.ledger.move import MoveMoney
from gerbang.ledger.seal import SQL as LEDGER_SQL
from gerbang.ledger.transfer import TransferEvent
from gerbang.postgres.lane import Lane
from gerbang.postgres.pool import Pool
from gerbang.postgres.sql import load_queries
from gerbang.repeated import Repeated

if TYPE_CHECKING:
    from gerbang.cards.desk import CardDesk

log = structlog.get_logger()

SQL: Final = load_queries("gerbang.cards", "deposit.sql")
LOOK_EVERY_S: Final = 1.0
POST_DEADLINE_S: Final = 10.0
NEWEST: Final = 2**62
CHECKOUT: Final = "/nicepay/redirect/v2/payment"
RETURN: Final = "/portal/deposits/returned"
"""Where the reseller's browser comes back to."""


class CardDepositDesk:
    """One node's desk; several nodes share the work through keys and row states."""

    def __init__(self, *, pool: Pool, lane: Lane, cards: CardDesk, imid: str) -> None:
        """Wire it; `imid` is the merchant that deposits are charged through, empty for none."""
        self._pool = pool
        self._lane = lane
        self._cards = cards
        self._imid = imid
        self._sweeps = Repeated(
            self.sweep, every_s=LOOK_EVERY_S, complaint="card_deposits.not_swept"
        )

    def start(self) -> None:
        """Begin to credit what was paid."""
        self._sweeps.start()

    async def stop(self) -> None:
        """End."""
        await self._sweeps.stop()

    async def sweep(self) -> None:
        """Close what was never paid, credit what was, take back what went back."""
        await self._pool.fetch(SQL.close_unpaid)
        await self._each(SQL.paid_deposits, self._credit)
        await self._each(SQL.refunded_deposits, self._take_back)

    async def _each(self, query: str, act: Any) -> None:
        after = 0
        while rows := await self._pool.fetch(query, after):
            after = rows[-1]["id"]
            for row in rows:
                try:
                    await act(row)
                except Exception as error:  # noqa: BLE001 (it stays due, and the others go on)
                    log.warning("card_deposit.not_moved", deposit=row["id"], error=repr(error))

    # --- what is asked ----------------------------------------------------------------------------

    async def open(self, code: str, amount: int, *, actor: str) -> dict[str, Any]:
        """Register a payment for a reseller; gives the address of the page to pay on."""
        merchant = self._cards.merchant(self._imid) if self._imid else None
        if merchant is None:
            raise ConflictError("no merchant for deposits by card: set card_deposit_imid")
        if not merchant.booked:
            raise ConflictError("a sandbox issuer credits nothing outside a demo")
        reseller = await self._pool.fetchrow(SQL.reseller_for_deposit, code)
        if reseller is None:
            raise NotFoundError(f"no reseller {code}")
        if reseller["status"] == "closed":
            raise ConflictError(f"reseller {code} is closed")
        least, most = merchant.limits.amount_min, merchant.limits.amount_max
        if not least <= amount <= most:
            raise BadInputError(f"amount: {least} to {most}", {"amount": f"{least} to {most}"})
        number = await self._pool.fetchval(
            SQL.insert_card_deposit, reseller["id"], merchant.id, amount, actor
        )
        back = f"{self._cards.public_url}{RETURN}"
        payment = await self._cards.register(merchant, _registration(number, code, amount, back))
        if isinstance(payment, Refused):
            await self._pool.fetchval(SQL.close_card_deposit, number)
            raise ConflictError(f"the payment was not registered: {payment.reason}")
        await self._pool.fetchval(SQL.note_registered, number, payment.id)
        return await self.show(number)

    async def show(self, number: int) -> dict[str, Any]:
        """Show one deposit."""
        row = await self._pool.fetchrow(SQL.list_card_deposits, None, number, NEWEST, 1)
        if row is None:
            raise NotFoundError(f"no card deposit {number}")
        return self._shown(row)

    async def list(
        self, *, code: str | None = None, before: int | None = None, limit: int = 100
    ) -> dict[str, Any]:
        """List deposits by card, newest first."""
        rows = await self._pool.fetch(SQL.list_card_deposits, code, None, before or NEWEST, limit)
        items = [self._shown(row) for row in rows]
        return {"items": items, "next": items[-1]["id"] if len(items) == limit else None}

    def _shown(self, row: Any) -> dict[str, Any]:
        """Add the page to pay on, for as long as it can be paid."""
        payable = row["state"] == "open" and row["payment_state"] in PAYABLE
        url = f"{self._cards.public_url}{CHECKOUT}?tXid={row['txid']}"
        return dict(row) | {"payment_url": url if payable else None}

    # --- money ------------------------------------------------------------------------------------

    async def _credit(self, row: Mapping[str, Any]) -> None:
        """Credit once, after the acquirer was asked and said that it has the money."""
        if not (row["moved"] or await self._is_confirmed(row)):
            return
        key = f"card_deposit:{row['id']}"
        move = MoveMoney(
            key=key,
            event=TransferEvent.CARD_DEPOSIT,
            debit_account_id=row["merchant_account_id"],
            credit_account_id=row["account_id"],
            amount=row["amount"],
            actor=row["actor"],
            note=row["txid"],
        )
        await move_told(self._lane, move)
        await collect_receivable(
            self._pool, self._lane, row["reseller"], row["amount"], key=key, actor=row["actor"]
        )
        # Last: what is noted is not looked at again.
        await self._pool.fetchval(SQL.note_credited, row["id"])
        log.info("card_deposit.credited", deposit=row["id"], amount=row["amount"])

    async def _is_confirmed(self, row: Mapping[str, Any]) -> bool:
        """Ask the acquirer once more whether it has the money."""
        merchant = self._cards.directory.by_id(row["merchant_id"])
        if merchant is None:
            return False
        acquirer = self._cards.acquirers[merchant.acquirer]
        truth = await acquirer.inquire(row["reference"], AttemptKind(row["kind"]))
        if isinstance(truth, Approved):
            return True
        log.warning("card_deposit.not_confirmed", deposit=row["id"], said=type(truth).__name__)
        return False

    async def _take_back(self, row: Mapping[str, Any]) -> None:
        """Take from the balance what went back to the card, or let the reseller owe it.

        The intention fixes the sum and the key. Two nodes take turns, and look first for what an
        earlier one booked: so it is booked once.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(LEDGER_SQL.lock_collecting, f"card_deposit:{row['id']}")
            todo = await self._pool.fetchrow(SQL.intend_taking_back, row["id"], row["given_back"])
            if todo is None or todo["taking_back"] == todo["taken_back"]:
                return
            key = f"card_deposit:{row['id']}:back:{todo['taking_back']}"
            for booked in (key, f"{key}:receivable"):
                if await connection.fetchval(LEDGER_SQL.transfer_amount_by_key, booked) is not None:
                    break
            else:
                await self._debit(row, key, todo["taking_back"] - todo["taken_back"])
            await self._pool.fetchval(SQL.note_taken_back, row["id"], todo["taking_back"])
        log.info("card_deposit.taken_back", deposit=row["id"], amount=todo["taking_back"])

    async def _debit(self, row: Mapping[str, Any], key: str, amount: int) -> None:
        move = MoveMoney(
            key=key,
            event=TransferEvent.CARD_DEPOSIT_BACK,
            debit_account_id=row["account_id"],
            credit_account_id=row["merchant_account_id"],
            amount=amount,
            actor=row["actor"],
            note=row["txid"],
        )
        try:
            await self._lane.submit(move, deadline_s=POST_DEADLINE_S)
        except InsufficientBalanceError:
            owed = msgspec.structs.replace(
                move,
                key=f"{key}:receivable",
                event=TransferEvent.CARD_DEPOSIT_RECEIVABLE,
                debit_account_id=row["receivable_account_id"],
            )
            await self._lane.submit(owed, deadline_s=POST_DEADLINE_S)


def _registration(number: int, code: str, amount: int, return_url: str) -> Registration:
    goods = f"Deposit {code}"
    return Registration(
        channel="redirect",
        pay_method="01",
        reference=f"DEPOSIT-{number}",
        amount=amount,
        instalment_months=1,
        instalment_type="1",
        recurring_option=2,
        details={"goodsNm": goods, "billingNm": code},
        notify_url="",
        return_url=return_url,
    )
