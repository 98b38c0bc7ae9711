"""The load generator: a process of its own that spends almost nothing per request.

A job comes as JSON on stdin (or in a file named as argument), the result goes to stdout. Requests
are encoded before the clock starts. In the closed loop each connection sends its next request when
the answer is there; with a rate, requests are due at fixed times and latency counts from then.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from array import array
from collections import Counter, deque
from pathlib import Path
from typing import cast

import msgspec
import uvloop

from gerbang_bench.signed import SignedPurchases, signed_purchase

TICK_S = 0.001
DRAIN_S_MAX = 15.0
KEPT_CHARS_MAX = 2000
MARKER_BYTES_MAX = 16
ID_DIGITS = 9
PHONE_DIGITS = 12
_LENGTHS = (b"content-length: ", b"Content-Length: ")


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to do.

    In each template ``{id}`` is replaced by a nine-digit number, from `first_id` on, and ``{to}``
    by a phone number of twelve digits; templates take turns. Where `requests` are given they are
    sent instead, each once; where purchases are to be `signed`, those. A `rate` of 0 means the
    closed loop; `until_exhausted` ends it with the last answer.
    """

    host: str = "127.0.0.1"
    port: int
    connections: int = 64
    seconds: float = 15.0
    warmup_s: float = 1.0
    rate: float = 0.0
    templates: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    signed: SignedPurchases | None = None
    until_exhausted: bool = False
    first_id: int = 1
    requests_max: int = 400_000
    marker_after: str = ""
    keep_bodies: int = 0


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen; rates and latencies leave the warm-up out, `sent` and `answered` do not."""

    seconds: float
    sent: int
    answered: int
    measured: int
    per_second: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float
    statuses: dict[str, int]
    markers: dict[str, int]
    lost_connections: int
    unanswered: int
    exhausted: bool
    cpu_seconds: float
    cpu_share: float
    series: tuple[int, ...]
    bodies: tuple[str, ...]


def post_template(path: str, headers: dict[str, str], body: str) -> str:
    """Write the template of a POST; `body` holds ``{id}`` and then ``{to}``."""
    length = len(body) - len("{id}{to}") + ID_DIGITS + PHONE_DIGITS
    head = {"Host": "gerbang", **headers, "Content-Length": str(length)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n{body}"


def phone(number: int) -> str:
    """Give a destination that no rule of the fake suppliers singles out."""
    return f"0812{number // 5000 % 10_000:04}{5000 + number % 5000}"


def encode_requests(job: Job) -> list[bytes]:
    """Write every request that may be needed, before the clock starts."""
    if job.requests:
        return [request.encode() for request in job.requests]
    if job.signed is not None:
        return _sign_requests(job, job.signed)
    parts = [_cut(template) for template in job.templates]
    requests = []
    for index in range(job.requests_max):
        before, between, after = parts[index % len(parts)]
        number = job.first_id + index
        text = f"{before}{number:0{ID_DIGITS}}{between}{phone(number)}{after}"
        requests.append(text.encode())
    return requests


def _sign_requests(job: Job, signed: SignedPurchases) -> list[bytes]:
    """Sign with the time of now, which stays valid for some minutes."""
    timestamp = int(time.time())
    return [
        signed_purchase(
            signed.signers[index % len(signed.signers)],
            product=signed.product,
            destination=phone(job.first_id + index),
            reference=f"{signed.prefix}{job.first_id + index:0{ID_DIGITS}}",
            timestamp=timestamp,
        )
        for index in range(job.requests_max)
    ]


def _cut(template: str) -> tuple[str, str, str]:
    before, found_id, rest = template.partition("{id}")
    between, found_to, after = rest.partition("{to}")
    if not (found_id and found_to):
        raise ValueError("a template needs {id} and then {to}")
    return before, between, after


class Load:
    """The state all connections share."""

    def __init__(self, job: Job, requests: list[bytes]) -> None:
        self.job = job
        self.requests = requests
        self.next = 0
        self.open_until = 0.0
        self.measure_from = 0.0
        self.last_at = 0.0
        self.latencies = array("d")
        self.answered = 0
        self.statuses: Counter[bytes] = Counter()
        self.markers: Counter[bytes] = Counter()
        self.seconds: Counter[int] = Counter()
        self.bodies: list[str] = []
        self.lost = 0
        self.in_flight = 0
        self.idle: deque[Connection] = deque()
        self.due: deque[float] = deque()
        self.marker = job.marker_after.encode()
        self.open_loop = job.rate > 0

    def take(self, connection: Connection, now: float) -> None:
        """Give a free connection its next request."""
        if self.open_loop:
            if self.due:
                self._send(connection, self.due.popleft())
            else:
                self.idle.append(connection)
        elif now < self.open_until:
            self._send(connection, now)

    def _send(self, connection: Connection, since: float) -> None:
        if self.next < len(self.requests):
            request = self.requests[self.next]
            self.next += 1
            self.in_flight += 1
            connection.send(request, since)

    def note(self, since: float, now: float, status: bytes, body: bytes) -> None:
        """Count one answer."""
        self.in_flight -= 1
        self.answered += 1
        self.statuses[status] += 1
        if self.marker:
            at = body.find(self.marker)
            start = at + len(self.marker)
            end = body.find(b'"', start, start + MARKER_BYTES_MAX) if at >= 0 else -1
            self.markers[body[start:end] if end >= 0 else b""] += 1
        if self.measure_from <= now < self.open_until:
            self.latencies.append(now - since)
            self.last_at = now
            self.seconds[int(now - self.measure_from)] += 1
        if len(self.bodies) < self.job.keep_bodies:
            self.bodies.append(body[:KEPT_CHARS_MAX].decode(errors="replace"))

    async def pace(self, started: float) -> None:
        """Make requests due at their times (open loop)."""
        made = 0
        while (now := time.perf_counter()) < self.open_until:
            wanted = int((now - started) * self.job.rate)
            while made < wanted:
                self.due.append(started + made / self.job.rate)
                made += 1
            while self.idle and self.due:
                self._send(self.idle.popleft(), self.due.popleft())
            await asyncio.sleep(TICK_S)


class Connection(asyncio.Protocol):
    """One keep-alive connection with one request at a time."""

    __slots__ = ("_buffer", "_load", "_since", "_transport")

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: asyncio.WriteTransport | None = None
        self._buffer = b""
        self._since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out (uvloop's transports are not of asyncio's classes)."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it unless it was us; its request stays unanswered."""
        del exc
        self._transport = None
        self._load.lost += time.perf_counter() < self._load.open_until

    def send(self, request: bytes, since: float) -> None:
        """Send one request that was due at `since`."""
        self._since = since
        if self._transport is not None:
            self._transport.write(request)

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Read an answer; usually it comes whole."""
        if self._buffer:
            data = self._buffer + data
        head = data.find(b"\r\n\r\n")
        end = head + 4 + _content_length(data, head) if head >= 0 else len(data) + 1
        if len(data) < end:
            self._buffer = data
            return
        self._buffer = b""
        now = time.perf_counter()
        self._load.note(self._since, now, data[9:12], data[head + 4 : end])
        self._load.take(self, now)


def _content_length(data: bytes, head: int) -> int:
    for name in _LENGTHS:
        at = data.find(name, 0, head)
        if at >= 0:
            return int(data[at + len(name) : data.find(b"\r", at)])
    return 0


async def run(job: Job) -> Result:
    """Do the job."""
    load = Load(job, encode_requests(job))
    loop = asyncio.get_running_loop()
    connections = [
        (await loop.create_connection(lambda: Connection(load), job.host, job.port))[1]
        for _ in range(job.connections)
    ]
    started, cpu = time.perf_counter(), _cpu_seconds()
    load.measure_from = started + job.warmup_s
    load.open_until = load.measure_from + job.seconds
    for connection in connections:
        load.take(connection, time.perf_counter())
    if load.open_loop:
        await load.pace(started)
    await _wait(load)
    spent, elapsed = _cpu_seconds() - cpu, time.perf_counter() - started
    await _drain(load)
    for connection in connections:
        connection.close()
    return _result(load, spent, elapsed)


async def _wait(load: Load) -> None:
    """Let the time pass; a job that ends with its requests is looked at now and then."""
    while (left := load.open_until - time.perf_counter()) > 0:
        over = load.job.until_exhausted and load.next >= len(load.requests)
        if over and load.in_flight <= load.lost:
            return
        await asyncio.sleep(min(left, 0.05) if load.job.until_exhausted else left)


async def _drain(load: Load) -> None:
    """Wait for the answers still to come; the requests of lost connections get none."""
    give_up_at = time.perf_counter() + DRAIN_S_MAX
    while load.in_flight > load.lost and time.perf_counter() < give_up_at:  # noqa: ASYNC110 (an event would cost each answer)
        await asyncio.sleep(0.01)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _result(load: Load, spent: float, elapsed: float) -> Result:
    ordered = sorted(load.latencies)
    exhausted = load.next >= len(load.requests)
    # Out of requests, the time counts until the last answer.
    seconds = max(TICK_S, load.last_at - load.measure_from) if exhausted else load.job.seconds
    return Result(
        seconds=round(seconds, 3),
        sent=load.next,
        answered=load.answered,
        measured=len(ordered),
        per_second=round(len(ordered) / seconds, 1),
        p50_ms=_percentile(ordered, 0.50),
        p90_ms=_percentile(ordered, 0.90),
        p99_ms=_percentile(ordered, 0.99),
        max_ms=_percentile(ordered, 1.0),
        statuses={status.decode(): count for status, count in load.statuses.items()},
        markers={marker.decode(): count for marker, count in load.markers.items()},
        lost_connections=load.lost,
        unanswered=load.in_flight,
        exhausted=exhausted,
        cpu_seconds=round(spent, 2),
        cpu_share=round(spent / elapsed, 3),
        series=tuple(load.seconds[second] for second in range(int(load.job.seconds))),
        bodies=tuple(load.bodies),
    )


def _percentile(ordered: list[float], share: float) -> float:
    if not ordered:
        return 0.0
    at = min(len(ordered) - 1, int(len(ordered) * share))
    return round(ordered[at] * 1000, 3)


def main() -> None:
    """Read the job, do it, write the result."""
    raw = Path(sys.argv[1]).read_bytes() if len(sys.argv) > 1 else sys.stdin.buffer.read()
    job = msgspec.json.decode(raw, type=Job)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result = runner.run(run(job))
    # Where Python is told not to buffer, one write may take only a part of a long result.
    with Path("/dev/stdout").open("wb") as out:
        out.write(msgspec.json.encode(result) + b"\n")


if __name__ == "__main__":
    main()
