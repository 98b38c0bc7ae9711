"""Callbacks waiting in memory: who may be sent to now, so that no receiver starves the others."""

from __future__ import annotations

from collections import deque

import msgspec

from gerbang.callbacks.message import DueCallback, host_of


class QueueLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much waits, and how much goes to one receiver at a time."""

    callback_host_concurrency_max: int = 8
    callback_host_backlog_max: int = 2_000
    callback_backlog_max: int = 10_000
    callback_wait_ms_max: int = 30_000
    """Longer than this nothing waits here: its claim could run out and another node send it."""


class _Host:
    """One receiver. A silent one is sent one callback at a time until it answers again."""

    __slots__ = ("active", "allowed", "in_ring", "waiting")

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        self.active = 0
        self.in_ring = False
        self.waiting: deque[tuple[float, DueCallback]] = deque()

    def may_start(self) -> bool:
        return bool(self.waiting) and self.active < self.allowed


class CallbackQueue:
    """A queue per receiver, taken from in turn; times are seconds of any steady clock."""

    def __init__(self, limits: QueueLimits) -> None:
        """Begin empty."""
        self._limits = limits
        self._hosts: dict[str, _Host] = {}
        self._ring: deque[_Host] = deque()
        self._ids: set[int] = set()
        self._active = 0

    def __len__(self) -> int:
        """Count what waits or is being sent."""
        return len(self._ids)

    @property
    def active(self) -> int:
        """How many are being sent."""
        return self._active

    @property
    def room(self) -> int:
        """How many more may wait."""
        return max(self._limits.callback_backlog_max - len(self._ids), 0)

    def offer(self, due: DueCallback, *, now: float) -> bool:
        """Let it wait; False when it is here already or there is no room: its claim runs out."""
        if due.id in self._ids or not self.room:
            return False
        host = self._host(due)
        if len(host.waiting) >= self._limits.callback_host_backlog_max:
            return False
        self._ids.add(due.id)
        host.waiting.append((now, due))
        self._enter_ring(host)
        return True

    def take(self, *, now: float) -> DueCallback | None:
        """Give the next that may be sent now, receivers in turn; None when there is none."""
        while self._ring:
            host = self._ring.popleft()
            host.in_ring = False
            due = self._take_from(host, now)
            self._enter_ring(host)
            if due is not None:
                return due
        return None

    def follow(self, finished: DueCallback, following: DueCallback) -> bool:
        """Hand a finished one's place to the next of its order, if the receiver is the same."""
        same = host_of(finished.message.url) == host_of(following.message.url)
        if not same or following.id in self._ids:
            return False
        self._ids.discard(finished.id)
        self._ids.add(following.id)
        return True

    def finish(self, due: DueCallback, *, answered: bool) -> None:
        """Give back the place of one that was sent; a receiver that answers is allowed more."""
        host = self._host(due)
        self._ids.discard(due.id)
        self._active -= 1
        host.active -= 1
        most = self._limits.callback_host_concurrency_max
        host.allowed = min(host.allowed + 1, most) if answered else 1
        self._enter_ring(host)
        if not host.active and not host.waiting and host.allowed == most:
            del self._hosts[host_of(due.message.url)]

    def _take_from(self, host: _Host, now: float) -> DueCallback | None:
        oldest = now - self._limits.callback_wait_ms_max / 1000
        while host.may_start():
            offered_at, due = host.waiting.popleft()
            if offered_at >= oldest:
                host.active += 1
                self._active += 1
                return due
            self._ids.discard(due.id)
        return None

    def _enter_ring(self, host: _Host) -> None:
        if not host.in_ring and host.may_start():
            host.in_ring = True
            self._ring.append(host)

    def _host(self, due: DueCallback) -> _Host:
        name = host_of(due.message.url)
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = _Host(self._limits.callback_host_concurrency_max)
        return host
