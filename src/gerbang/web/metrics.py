"""Metrics at ``/metrics``: what an operator's alarms are made of."""

from __future__ import annotations

import os
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from gerbang.outbound.message import Answered, InboundRequest

SHARED_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Names, in the environment of processes that share a port, the folder of their common counts."""
LATENCY_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 130)
BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """All metrics of one node; every name starts with ``gerbang_``."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.inquired = Counter(
            "gerbang_bills_inquired",
            "Inquiries about bills, by what came of them",
            ["dialect", "result"],
            registry=self.registry,
        )
        self.placed = Counter(
            "gerbang_orders_placed",
            "Answers to purchases, by dialect and what they said",
            ("dialect", "result"),
            registry=self.registry,
        )
        self.settled = Counter(
            "gerbang_orders_settled",
            "Orders that became final, by dialect and state",
            ("dialect", "state"),
            registry=self.registry,
        )
        self.place_seconds = Histogram(
            "gerbang_order_place_seconds",
            "From the decoded request to the answer",
            ("dialect",),
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self.supplier_seconds = Histogram(
            "gerbang_supplier_call_seconds",
            "Calls to suppliers, by supplier and how they ended",
            ("supplier", "result"),
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self.supplier_outcomes = Counter(
            "gerbang_supplier_outcomes",
            "What attempts came to, by supplier",
            ("supplier", "outcome"),
            registry=self.registry,
        )
        self.lane_depth = Gauge(
            "gerbang_lane_depth",
            "Writes waiting in the lane",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.lane_batch_writes = Histogram(
            "gerbang_lane_batch_writes",
            "Writes in one commit",
            buckets=BATCH_BUCKETS,
            registry=self.registry,
        )
        self.lane_batch_seconds = Histogram(
            "gerbang_lane_batch_seconds",
            "One commit of the lane",
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self.supplier_float = Gauge(
            "gerbang_supplier_float",
            "Our float at a supplier as it said last, in rupiah",
            ("supplier",),
            registry=self.registry,
            multiprocess_mode="livemostrecent",
        )
        self.supplier_float_difference = Gauge(
            "gerbang_supplier_float_difference",
            "What it said above what our ledger explains, in rupiah",
            ("supplier",),
            registry=self.registry,
            multiprocess_mode="livemostrecent",
        )
        self.supplier_float_low = Gauge(
            "gerbang_supplier_float_low",
            "1 while the float is below its alarm",
            ("supplier",),
            registry=self.registry,
            multiprocess_mode="livemostrecent",
        )
        self.supplier_unhealthy = Gauge(
            "gerbang_supplier_unhealthy",
            "1 while a supplier is not trusted with orders",
            ("supplier",),
            registry=self.registry,
            multiprocess_mode="livemostrecent",
        )
        self.supplier_products_unhealthy = Gauge(
            "gerbang_supplier_products_unhealthy",
            "Products that are not bought at a supplier because they fail there",
            registry=self.registry,
            multiprocess_mode="livemostrecent",
        )
        self.attempts_in_flight = Gauge(
            "gerbang_attempts_in_flight",
            "Attempts worked on here",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.callback_backlog = Gauge(
            "gerbang_callback_backlog",
            "Callbacks waiting, all nodes",
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.callback_oldest_seconds = Gauge(
            "gerbang_callback_oldest_seconds",
            "Age of the oldest waiting callback",
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.orders_needing_decision = Gauge(
            "gerbang_orders_needing_decision",
            "Unknown orders that wait for a person",
            registry=self.registry,
            multiprocess_mode="livemax",
        )

    def observe_batch(self, size: int, seconds: float) -> None:
        """Note one commit of the lane."""
        self.lane_batch_writes.observe(size)
        self.lane_batch_seconds.observe(seconds)

    async def show(self, _request: InboundRequest) -> Answered:
        """Answer ``/metrics``; of all processes that share a port, whichever is asked."""
        registry = self.registry
        if SHARED_FOLDER in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Answered(
            status=200,
            headers=(("content-type", CONTENT_TYPE_LATEST),),
            body=generate_latest(registry),
        )
