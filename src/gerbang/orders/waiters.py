"""Callers that wait for an order's final state."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from gerbang.orders.order import Order

ReferenceKey = tuple[int, bool, str]


class Waiters:
    """Who waits for which reference in this process.

    A caller registers before its commit and reads again after it, so a final state that comes in
    between is not missed.
    """

    def __init__(self) -> None:
        self._waiting: dict[ReferenceKey, list[asyncio.Future[Order]]] = defaultdict(list)

    def register(self, key: ReferenceKey) -> asyncio.Future[Order]:
        """Begin to wait; `forget` must follow."""
        future: asyncio.Future[Order] = asyncio.get_running_loop().create_future()
        self._waiting[key].append(future)
        return future

    def forget(self, key: ReferenceKey, future: asyncio.Future[Order]) -> None:
        """Wait no longer."""
        waiting = self._waiting.get(key)
        if waiting is None:
            return
        if future in waiting:
            waiting.remove(future)
        if not waiting:
            del self._waiting[key]

    def notify(self, order: Order) -> None:
        """Tell everybody who waits for this order."""
        key = (order.reseller_id, order.testing, order.reference)
        for future in self._waiting.get(key, ()):
            if not future.done():
                future.set_result(order)

    def keys(self) -> list[ReferenceKey]:
        """List what is waited for, for the poll that sees other nodes' commits."""
        return list(self._waiting)
