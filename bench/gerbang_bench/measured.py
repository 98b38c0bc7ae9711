"""What every measurement of the gateway gives: its load, and what it cost."""

from __future__ import annotations

import msgspec

from gerbang_bench.loadgen import Result
from gerbang_bench.processes import Child, Usage, Watch, usage_of


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What one load cost; shares are of one core."""

    gateway_cpu_share: float
    postgres_cpu_share: float
    others_cpu_share: float
    rss_before_mb: float
    rss_after_mb: float


class Measured(Spent, frozen=True, kw_only=True):
    """One measurement."""

    load: Result

    @property
    def gateway_us(self) -> float:
        """Give the gateway's processor time per request; a busy machine changes it least."""
        return self.gateway_cpu_share / max(1.0, self.load.per_second) * 1e6

    @property
    def postgres_us(self) -> float:
        """Give the database's processor time per request."""
        return self.postgres_cpu_share / max(1.0, self.load.per_second) * 1e6


class Meter:
    """Reads what gateway and database spend from its making to `read`."""

    def __init__(self, gateway: Child, server_pid: int) -> None:
        """Begin."""
        self._gateway = gateway
        self._server_pid = server_pid
        self._gateway_before = gateway.usage
        self._server_before = usage_of(server_pid)
        self._watch = Watch()

    def read(self, seconds: float) -> Spent:
        """Give what was spent on a load of so many seconds."""
        after = self._gateway.usage
        return Spent(
            gateway_cpu_share=share(self._gateway_before, after, seconds),
            postgres_cpu_share=share(self._server_before, usage_of(self._server_pid), seconds),
            others_cpu_share=self._watch.others_share(),
            rss_before_mb=self._gateway_before.rss_mb,
            rss_after_mb=after.rss_mb,
        )


def share(before: Usage, after: Usage, seconds: float) -> float:
    """Give the processor time used, as a share of one core."""
    return round((after.cpu_seconds - before.cpu_seconds) / seconds, 2)
