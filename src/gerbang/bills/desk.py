"""The bill desk of a node: inquiries and payments, wired."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from gerbang.bills.admit import as_purchase
from gerbang.bills.inquire import BillDirectory, BillSettings, Inquirer, SessionClock
from gerbang.bills.pay import Payer
from gerbang.clock import Clock
from gerbang.dialects.contract import BillView, Credential, Inquiry, Pay, PlaceResult, Refusal
from gerbang.dialects.dialect import Dialect
from gerbang.orders.intake import SQL as ORDER_SQL
from gerbang.orders.intake import Intake
from gerbang.orders.reasons import Reason
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient
from gerbang.postgres.pool import Pool


class BillDesk:
    """One node's desk."""

    def __init__(
        self,
        *,
        pool: Pool,
        outbound: OutboundClient,
        intake: Intake,
        directory: BillDirectory,
        dialects: Mapping[str, Dialect],
        addresses: AddressPolicy,
        clock: Clock,
        session_clock: SessionClock,
        installation_tag: str,
        settings: BillSettings,
        maintenance: Callable[[], bool],
        claim_node: Callable[[], str | None],
    ) -> None:
        """Wire it."""
        self._pool = pool
        self._intake = intake
        self._inquirer = Inquirer(
            pool=pool,
            outbound=outbound,
            directory=directory,
            dialects=dialects,
            addresses=addresses,
            clock=clock,
            session_clock=session_clock,
            installation_tag=installation_tag,
            settings=settings,
            maintenance=maintenance,
        )
        self._payer = Payer(
            pool=pool,
            intake=intake,
            inquirer=self._inquirer,
            directory=directory,
            dialects=dialects,
            clock=clock,
            session_clock=session_clock,
            settings=settings,
            claim_node=claim_node,
        )

    async def inquire(self, credential: Credential, inquiry: Inquiry) -> BillView | Refusal:
        """Ask what a customer owes; the reseller's balance is told with it."""
        result = await self._inquirer.inquire(credential, inquiry)
        balance = await self._pool.fetchval(
            ORDER_SQL.available_balance, credential.reseller.account_id
        )
        if isinstance(result, Refusal) and result.reason is not Reason.REFERENCE_REUSED:
            self._intake.note_refusal(credential, as_purchase(inquiry), result)
        return msgspec.structs.replace(result, balance=balance)

    async def pay(self, credential: Credential, payment: Pay) -> PlaceResult:
        """Pay a bill that was shown."""
        return await self._payer.pay(credential, payment)
