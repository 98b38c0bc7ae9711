"""How many cards per second are charged through the sandbox issuer: registered first, then paid.

A charge is three commits (the intention, the issuer's own book, the outcome with its money and its
notification) before the browser is answered; the merchant is told over HTTP meanwhile.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

import asyncpg
import msgspec

from gerbang.cards.admin import MerchantChange, create_merchant
from gerbang.clock import WIB
from gerbang.dialects.nicepay.tokens import order_token
from gerbang.postgres.migrate import migrate
from gerbang.postgres.pool import connect
from gerbang.secrets_box import SecretBox
from gerbang_bench.acceptance import CONNECTIONS, WARMUP_S
from gerbang_bench.loadgen import Job, Result
from gerbang_bench.measured import Measured, Meter
from gerbang_bench.processes import Child, generate, received
from gerbang_bench.server import checkpoint

MERCHANTS: Final = 20
AMOUNT: Final = 150_000
MDR: Final = {"default": 290}
APPROVED: Final = "0000"
TELL_S_MAX: Final = 60.0
CARD: Final = "4434260000000008"
_REGISTER: Final = "/nicepay/direct/v2/registration"
_PAY: Final = "/nicepay/direct/v2/payment"
_TXID: Final = re.compile(r'"tXid":"([^"]{30})","referenceNo":"([^"]+)"')
_DEMO: Final = """
INSERT INTO installation (tag, demo) VALUES ('BNCH', true) ON CONFLICT DO NOTHING
"""
_COUNT: Final = """
SELECT count(*) FILTER (WHERE state = 'paid') AS paid,
       (SELECT count(*) FROM sandbox_issuer_book) AS charged,
       (SELECT count(*) FROM sandbox_issuer_book WHERE heard > 1) AS repeated
  FROM payments
"""


class Charges(Measured, frozen=True, kw_only=True):
    """Payments that were charged, notifications included."""

    registered: Result
    approved: int
    stored: int
    """Payments that are paid in the database."""
    booked: int
    """Charges in the issuer's book; each is one."""
    repeated: int
    """References that the issuer heard of more than once."""
    told: int
    told_after_s: float
    """How long after the last charge the last notification came."""


class CardWorld(msgspec.Struct, frozen=True, kw_only=True):
    """Merchants and how to sign for them."""

    dsn: str
    keys: dict[str, str]


async def make_card_world(dsn: str, *, secret_key: bytes, merchants: int = MERCHANTS) -> CardWorld:
    """Migrate an empty database and make merchants; their charges move money, as in a demo."""
    await migrate(dsn)
    connection = await connect(dsn)
    box, keys = SecretBox(secret_key), {}
    try:
        await connection.execute(_DEMO)
        for number in range(merchants):
            made = await create_merchant(
                connection,
                f"BENCH{number:05}",
                f"Bench {number}",
                actor="bench",
                box=box,
                change=MerchantChange(mdr=dict(MDR)),
            )
            keys[made["imid"]] = made["merchant_key"]
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    return CardWorld(dsn=dsn, keys=keys)


async def measure_charges(
    world: CardWorld,
    *,
    port: int,
    receiver_port: int,
    gateway: Child,
    server_pid: int,
    seconds: float,
    payments: int,
    connections: int = CONNECTIONS,
) -> Charges:
    """Register `payments` over HTTP, then pay them as fast as answers come."""
    notify = f"http://127.0.0.1:{receiver_port}/notify"
    registered = await generate(
        _job(port, registrations(world, payments, notify), seconds=60.0, connections=connections)
    )
    orders = [found.groups() for body in registered.bodies if (found := _TXID.search(body))]
    await checkpoint(world.dsn)
    meter = Meter(gateway, server_pid)
    load = await generate(
        _job(
            port, charges(world, orders), seconds=seconds, connections=connections, warmup=WARMUP_S
        )
    )
    spent = meter.read(seconds + WARMUP_S)
    ended = time.monotonic()
    told = await _wait_for_news(receiver_port, load.markers.get(APPROVED, 0))
    counted = await _counted(world.dsn)
    return Charges(
        registered=msgspec.structs.replace(registered, bodies=()),
        load=load,
        approved=load.markers.get(APPROVED, 0),
        stored=counted["paid"],
        booked=counted["charged"],
        repeated=counted["repeated"],
        told=told,
        told_after_s=round(time.monotonic() - ended, 1),
        **msgspec.structs.asdict(spent),
    )


def _job(
    port: int, requests: Sequence[str], *, seconds: float, connections: int, warmup: float = 0.0
) -> Job:
    registering = not warmup
    return Job(
        port=port,
        connections=connections,
        seconds=seconds,
        warmup_s=warmup,
        requests=tuple(requests),
        marker_after='"resultCd":"' if registering else 'name="resultCd" value="',
        keep_bodies=len(requests) if registering else 1,
        until_exhausted=registering,
    )


def registrations(world: CardWorld, count: int, notify_url: str) -> list[str]:
    """Write one signed registration for each payment."""
    stamp = _stamp()
    imids = list(world.keys)
    requests = []
    for number in range(count):
        imid, reference = imids[number % len(imids)], f"B{number:09}"
        fields = {
            **_ORDER,
            "timeStamp": stamp,
            "iMid": imid,
            "referenceNo": reference,
            "dbProcessUrl": notify_url,
            "merchantToken": _token(world, imid, stamp, reference),
        }
        body = msgspec.json.encode(fields).decode()
        requests.append(_post(_REGISTER, "application/json", body))
    return requests


def charges(world: CardWorld, orders: Sequence[Sequence[str]]) -> list[str]:
    """Write one signed payment form for each (tXid, referenceNo)."""
    stamp = _stamp()
    requests = []
    for txid, reference in orders:
        form = {
            "timeStamp": stamp,
            "tXid": txid,
            "cardNo": CARD,
            "cardExpYymm": "3901",
            "cardCvv": "100",
            "cardHolderNm": "BUDI SANTOSO",
            "cardHolderEmail": "budi@example.com",
            "callBackUrl": "http://127.0.0.1:9/back",
            "merchantToken": _token(world, txid[:10], stamp, reference),
        }
        requests.append(_post(_PAY, "application/x-www-form-urlencoded", urlencode(form)))
    return requests


def _post(path: str, content_type: str, body: str) -> str:
    head = f"Host: gerbang\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return f"POST {path} HTTP/1.1\r\n{head}\r\n{body}"


def _stamp() -> str:
    return datetime.now(UTC).astimezone(WIB).strftime("%Y%m%d%H%M%S")


def _token(world: CardWorld, imid: str, stamp: str, reference: str) -> str:
    return order_token(
        world.keys[imid], timestamp=stamp, imid=imid, reference=reference, amount=str(AMOUNT)
    )


_ORDER: Final = {
    "payMethod": "01",
    "currency": "IDR",
    "amt": str(AMOUNT),
    "goodsNm": "Sepatu",
    "billingNm": "Budi Santoso",
    "billingPhone": "081200000000",
    "billingEmail": "budi@example.com",
    "billingAddr": "Jl. Contoh 1",
    "billingCity": "Jakarta",
    "billingState": "DKI Jakarta",
    "billingPostCd": "10210",
    "billingCountry": "Indonesia",
    "userIP": "127.0.0.1",
    "instmntType": "1",
    "instmntMon": "1",
    "recurrOpt": "2",
}


async def _wait_for_news(receiver_port: int, wanted: int) -> int:
    """Wait until every approved charge was told, or for so long."""
    give_up_at = time.monotonic() + TELL_S_MAX
    while time.monotonic() < give_up_at:
        told = (await asyncio.to_thread(received, receiver_port)).distinct
        if told >= wanted:
            break
        await asyncio.sleep(0.1)
    return told


async def _counted(dsn: str) -> dict[str, int]:
    connection = await asyncpg.connect(dsn)
    try:
        row = await connection.fetchrow(_COUNT)
    finally:
        await connection.close()
    return dict(row) if row is not None else {}
