"""The composition root: the only file that knows every package."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import structlog

from gerbang.approvals.desk import ApprovalDesk
from gerbang.bills.desk import BillDesk
from gerbang.bills.inquire import BillSettings
from gerbang.callbacks.deliver import Deliverer, DeliverySettings
from gerbang.callbacks.standard import STANDARD_FORMAT, standard_encoder
from gerbang.callbacks.store import DatabaseCallbackStore
from gerbang.cards.desk import CardDesk
from gerbang.cards.office import open_card_office
from gerbang.catalog.load import SnapshotLoader
from gerbang.clock import SystemClock
from gerbang.deposits.desk import DepositDesk
from gerbang.deposits.ticket import TicketTerms
from gerbang.dialects.registry import CARD_DIALECTS, DIALECTS
from gerbang.gateway import LiveGateway
from gerbang.housekeeping import Housekeeping
from gerbang.installation import installation
from gerbang.ledger.read import house_account_ids, untracked_account_ids
from gerbang.memory import Memory
from gerbang.orders.batch import OrderProgram
from gerbang.orders.intake import Intake, reply_wait_ms
from gerbang.orders.sweep import Sweep
from gerbang.orders.waiters import Waiters
from gerbang.orders.writes import Placed, Recorded, SettledTesting
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient, OutboundSettings
from gerbang.outbound.message import HttpRequest
from gerbang.postgres.lane import Lane
from gerbang.postgres.pool import (
    LANE_SETTINGS,
    OwnConnection,
    Pool,
    close_pool,
    connect,
    open_pool,
)
from gerbang.resellers.access import Gatekeeper
from gerbang.resellers.day_orders import DayOrders
from gerbang.routing.desk import HealthDesk
from gerbang.routing.dispatch import Dispatcher
from gerbang.routing.planner import Planner
from gerbang.sandbox.clock import SandboxClock
from gerbang.secrets_box import SecretBox, load_secret_key
from gerbang.settings import Settings
from gerbang.suppliers.float_position import Reading
from gerbang.suppliers.news import NewsDesk
from gerbang.suppliers.serials import SerialWatch
from gerbang.suppliers.watch_float import FloatSettings, FloatWatch
from gerbang.testing.desk import TestingDesk
from gerbang.web.metrics import Metrics
from gerbang.web.pages.kit import Kit

log = structlog.get_logger()

GAUGES_EVERY_S = 2.0
SEAL_EVERY_S = 600.0
LANE_LOCK_TIMEOUT_MS = 500
_TAG_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Node:
    """One process of Gerbang: everything it runs; `application.py` has what it answers."""

    def __init__(self, settings: Settings, *, database_url: str) -> None:
        """Prepare; `start` connects."""
        self.settings = settings
        self.database_url = database_url
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self.clock = SystemClock()
        self.metrics = Metrics()
        self.waiters = Waiters()
        self.box = SecretBox(load_secret_key(Path(settings.data_dir), given=settings.secret_key))
        self.ready = False
        self.housekeeping = Housekeeping(self)
        self.on_fatal: Callable[[BaseException], None] = _end_process

    # --- life -------------------------------------------------------------------------------------

    async def start(self, *, work: bool = True) -> None:
        """Connect, load, and begin to work. `work` False serves requests only."""
        await self._open_database()
        await self._open_lane()
        self._open_cards()
        self._open_dispatch(work=work)
        self._open_callbacks()
        self.card_office = await open_card_office(self, work=work)
        self._open_deposits()
        self._open_intake()
        self._open_gateway()
        await self.housekeeping.count_day_orders()
        self.pages = Kit(self, packages=["gerbang.console", "gerbang.portal"])
        await self.pages.start()
        await self.health.start(work=work)
        if work:
            self.dispatcher.start()
            self.deliverer.start()
            self.deposits.start()
            self.approvals.start()
            self.serials.start()
            self.float_watch.start()
        self.sweep.start()
        self.housekeeping.start(work=work)
        log.info("node.started", node=self.name)

    async def stop(self) -> None:
        """Stop taking requests, finish what is on the wire, write what is queued, close."""
        self.ready = False
        await self.pages.stop()
        await self.housekeeping.stop()
        await self.sweep.stop()
        await self.float_watch.stop()
        await self.dispatcher.stop()
        await self.health.stop()
        await self.deliverer.stop()
        await self.deposits.stop()
        await self.approvals.stop()
        await self.serials.stop()
        await self.card_office.stop()
        await self.lane.stop()
        await self.loader.stop()
        await self.outbound.close()
        await close_pool(self.pool)
        log.info("node.stopped", node=self.name)

    async def _open_database(self) -> None:
        self.pool: Pool = await open_pool(self.database_url, size_min=2, size_max=12)
        self.tag, self.is_demo = await installation(self.pool)
        self.loader = SnapshotLoader(
            self.pool, self.box, DIALECTS, refresh_ms=self.settings.cache_refresh_ms
        )
        await self.loader.start()
        self.snapshot = self.loader.snapshot
        self.sandbox_clock = SandboxClock(self.clock, self.snapshot)
        self.health = HealthDesk(
            pool=self.pool,
            directory=self.snapshot,
            clock=self.clock,
            node=self.name,
            observe=self._observe_health,
        )
        self.planner = Planner(
            self.snapshot,
            clock=self.clock,
            order_attempts_max=self.settings.order_attempts_max,
            order_deadline_s=self.settings.order_deadline_s,
            areas=self.snapshot.areas,
            pulse=self.health.pulse,
        )
        self.memory = Memory(self.snapshot, DIALECTS, self.planner, self.clock)

    async def _open_lane(self) -> None:
        house = await house_account_ids(self.pool)
        self.untracked_ids = await untracked_account_ids(self.pool)
        program = OrderProgram(
            clock=self.clock,
            directory=self.memory,
            house=house,
            untracked_ids=lambda: self.untracked_ids | self._float_ids(),
            installation_tag=self.tag,
            node=self.name,
        )
        self.house = house
        self.lane = Lane(
            self._open_lane_connection,
            program,
            workers=self.settings.lane_workers,
            batch_writes_max=self.settings.lane_batch_writes_max,
            queue_writes_max=self.settings.lane_queue_writes_max,
            on_death=self._die,
        )
        self.lane.observe_batch = self.metrics.observe_batch
        await self.lane.start()

    def _die(self, error: BaseException) -> None:
        self.on_fatal(error)

    def _float_ids(self) -> frozenset[int]:
        """Supplier floats may be newer than the start of this process."""
        return frozenset(s.float_account_id for s in self.snapshot.suppliers.values())

    async def _open_lane_connection(self) -> OwnConnection:
        return await connect(
            self.database_url,
            application_name=f"gerbang lane {self.name}",
            lock_timeout_ms=LANE_LOCK_TIMEOUT_MS,
            settings=LANE_SETTINGS,
        )

    def _open_dispatch(self, *, work: bool) -> None:
        s = self.settings
        self.outbound = OutboundClient(
            OutboundSettings(
                supplier_idle_reuse_ms_max=s.supplier_idle_reuse_ms_max,
                callback_source_ip=s.callback_source_ip,
            )
        )
        self.dispatcher = Dispatcher(
            lane=self.lane,
            pool=self.pool,
            outbound=self.outbound,
            directory=self.memory,
            dialects=DIALECTS,
            clock=self.clock,
            node=self.name,
            addresses=AddressPolicy(allow_private=s.supplier_private_addresses_allowed),
            after_recorded=self.after_recorded,
            health=self.health,
            concurrency_max=s.dispatch_concurrency_max,
            poll_interval_ms=s.poll_interval_ms,
            paused=s.dispatch_paused or not work,
            observe=self._observe_supplier,
        )
        self.health.ask = self.dispatcher.ask_supplier
        self.news = NewsDesk(
            lane=self.lane, directory=self.memory, locator=self.dispatcher, dialects=DIALECTS
        )
        self.float_watch = FloatWatch(
            pool=self.pool,
            outbound=self.outbound,
            directory=self.memory,
            dialects=DIALECTS,
            clock=self.clock,
            addresses=AddressPolicy(allow_private=s.supplier_private_addresses_allowed),
            settings=msgspec.convert(s, FloatSettings, from_attributes=True),
            observe=self._observe_float,
        )
        self.dispatcher.note_balance = self.float_watch.note
        self.sweep = Sweep(
            lane=self.lane,
            pool=self.pool,
            waiters=self.waiters,
            after_testing=self._after_testing,
        )

    def _open_callbacks(self) -> None:
        s = self.settings
        self.callback_store = DatabaseCallbackStore(
            lane=self.lane,
            pool=self.pool,
            targets=self.memory,
            node=self.name,
            merchants=self.cards,
        )
        formats: dict[str, Callable[[Any], HttpRequest]] = {}
        formats.update({n: e for d in DIALECTS.values() for n, e in d.callback_formats.items()})
        formats.update({name: dialect.encode for name, dialect in CARD_DIALECTS.items()})
        self.callback_formats = {**formats, STANDARD_FORMAT: standard_encoder(self.clock)}
        self.callback_addresses = AddressPolicy(allow_private=s.callback_private_addresses_allowed)
        self.deliverer = Deliverer(
            self.callback_store,
            self.outbound,
            formats=self.callback_formats,
            addresses=self.callback_addresses,
            clock=self.clock,
            settings=msgspec.convert(s, DeliverySettings, from_attributes=True),
        )

    def _open_intake(self) -> None:
        s = self.settings
        defaults = {d.name: d.reply_wait_ms_default for d in DIALECTS.values()}
        self.intake = Intake(
            lane=self.lane,
            pool=self.pool,
            catalog=self.memory,
            waiters=self.waiters,
            clock=self.clock,
            after_placed=self._after_placed,
            claim_node=lambda: self.name if self.dispatcher.takes_more else None,
            wait_ms=lambda credential, dialect: reply_wait_ms(credential, dialect, defaults),
            deadline_s=s.request_deadline_ms / 1000,
            maintenance=lambda: s.maintenance,
            held_replies_max=s.held_replies_max,
        )
        self.bills = BillDesk(
            pool=self.pool,
            outbound=self.outbound,
            intake=self.intake,
            directory=self.memory,
            dialects=DIALECTS,
            addresses=AddressPolicy(allow_private=s.supplier_private_addresses_allowed),
            clock=self.clock,
            session_clock=self.sandbox_clock,
            installation_tag=self.tag,
            settings=msgspec.convert(s, BillSettings, from_attributes=True),
            maintenance=lambda: s.maintenance,
            claim_node=lambda: self.name if self.dispatcher.takes_more else None,
        )

    def _open_gateway(self) -> None:
        s = self.settings
        self.gatekeeper = Gatekeeper(
            weak_dialects=[d.name for d in DIALECTS.values() if d.weak],
            requests_per_second_max=s.requests_per_second_max,
            concurrent_requests_max=s.concurrent_requests_max,
        )
        self.day_orders = DayOrders(orders_per_day_max=s.orders_per_day_max)
        self.gateway = LiveGateway(
            clock=self.clock,
            snapshot=self.snapshot,
            memory=self.memory,
            gatekeeper=self.gatekeeper,
            intake=self.intake,
            pool=self.pool,
            metrics=self.metrics,
            day_orders=self.day_orders,
            deposits=self.deposits,
            bills=self.bills,
        )
        self.testing = TestingDesk(
            snapshot=self.snapshot,
            memory=self.memory,
            gateway=self.gateway,
            pool=self.pool,
            lane=self.lane,
            store=self.callback_store,
            formats=self.callback_formats,
            dialects=DIALECTS,
            clock=self.clock,
            node=self.name,
        )

    def _open_cards(self) -> None:
        s = self.settings
        self.cards = CardDesk(
            pool=self.pool,
            box=self.box,
            secret=load_secret_key(Path(s.data_dir), given=s.secret_key),
            clock=self.clock,
            sandbox_clock=self.sandbox_clock,
            house=self.house,
            untracked_ids=self.untracked_ids,
            open_connection=self._open_lane_connection,
            node=self.name,
            is_demo=self.is_demo,
            public_url=_public_url(s),
            refresh_ms=s.cache_refresh_ms,
            on_death=self._die,
        )
        self.cards.told = lambda row: self.deliverer.submit(self.callback_store.due(row))

    def _open_deposits(self) -> None:
        s = self.settings
        self.serials = SerialWatch(self.pool)
        self.approvals = ApprovalDesk(
            pool=self.pool,
            lane=self.lane,
            account_ids=self.memory.account_ids,
            after_recorded=self.after_recorded,
            two_persons_for=s.two_persons_for,
        )
        self.deposits = DepositDesk(
            pool=self.pool,
            lane=self.lane,
            house=self.house,
            clock=self.clock,
            terms=TicketTerms(
                amount_min=s.deposit_amount_min,
                amount_max=s.deposit_amount_max,
                fee=s.deposit_fee,
                unique_max=s.deposit_unique_max,
                valid_s=s.deposit_ticket_valid_s,
                unpaid_max=s.deposit_unpaid_tickets_max,
            ),
        )

    # --- what follows a commit -------------------------------------------------------------------

    def _after_placed(self, placed: Placed) -> None:
        if placed.attempt is not None and self.dispatcher.takes_more:
            self.dispatcher.submit(placed.order, placed.attempt)
        elif placed.order.testing:
            self.sweep.hint()

    def after_recorded(self, recorded: Recorded) -> None:
        """Tell whoever waits, and deliver the callbacks this commit wrote."""
        supplier = self.snapshot.suppliers.get(recorded.attempt.supplier_id)
        if supplier is not None:
            self.metrics.supplier_outcomes.labels(supplier.view.code, recorded.attempt.state).inc()
        if recorded.final:
            order = recorded.order
            self.metrics.settled.labels(order.dialect, order.state).inc()
            self.waiters.notify(order)
            log.info(
                "order.settled",
                order_id=order.id,
                state=order.state.value,
                attempt_id=recorded.attempt.id,
            )
        for callback in recorded.callbacks:
            self.deliverer.submit(self.callback_store.due(callback))

    def _after_testing(self, settled: SettledTesting) -> None:
        self.waiters.notify(settled.order)
        for callback in settled.callbacks:
            self.deliverer.submit(self.callback_store.due(callback))

    def _observe_supplier(self, supplier: str, result: str, seconds: float) -> None:
        self.metrics.supplier_seconds.labels(supplier, result).observe(seconds)

    def _observe_health(self, unhealthy: Mapping[str, int], products: int) -> None:
        for code, value in unhealthy.items():
            self.metrics.supplier_unhealthy.labels(code).set(value)
        self.metrics.supplier_products_unhealthy.set(products)

    def _observe_float(self, reading: Reading) -> None:
        self.metrics.supplier_float.labels(reading.supplier).set(reading.reported)
        self.metrics.supplier_float_low.labels(reading.supplier).set(reading.low)
        if reading.difference is not None:
            self.metrics.supplier_float_difference.labels(reading.supplier).set(reading.difference)

    @property
    def dialect_names(self) -> list[str]:
        """The dialects this program speaks."""
        return list(DIALECTS)


def _public_url(settings: Settings) -> str:
    """Give the address that browsers are sent to."""
    everywhere = settings.host in {"0.0.0.0", "::"}  # noqa: S104 (a comparison)
    host = "127.0.0.1" if everywhere else settings.host
    return settings.public_url.rstrip("/") or f"http://{host}:{settings.port}"


def _end_process(_error: BaseException) -> None:
    """A lane that dies ends the process: a node that cannot write must not answer."""
    os._exit(70)
