"""A card desk for tests: merchants of every kind, a sandbox issuer, and a client that signs."""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import urlencode

import msgspec

from cards.secrecy import secrets_kept
from gerbang.cards.admin import MerchantChange, create_merchant
from gerbang.cards.desk import SANDBOX_PASSWORD, CardDesk
from gerbang.cards.payment import Payment
from gerbang.clock import WIB, SystemClock
from gerbang.dialects.nicepay.server import NicepayServer
from gerbang.dialects.nicepay.tokens import cancel_token, order_token
from gerbang.ledger.read import house_account_ids, untracked_account_ids
from gerbang.ledger.verify import Verification, verify
from gerbang.orders.writes import DueCallbackRow
from gerbang.outbound.message import Answered, InboundRequest
from gerbang.postgres.pool import OwnConnection, Pool, connect, open_pool
from gerbang.sandbox.clock import SandboxClock
from gerbang.secrets_box import SecretBox

KEY = "SIMKEY/abc+DEF0123456789=="
SECRET = b"k" * 32
VISA, MASTERCARD = "4434260000000008", "5123450000000008"
BACK = "https://shop.example/back?order=1"
NOTIFY = "https://shop.example/notify"
MIDS: dict[str, dict[str, Any]] = {
    "SALE000001": {"instalments": [3, 6, 12]},
    "SECURE0001": {"secure": True},
    "PREAUTH001": {"preauth": True},
    "RECUR00001": {"secure": True, "recurring": True},
    "AUTOPAID01": {"autopaid": True},
    "PLAINREC01": {"recurring": True},
    "NOREFUND01": {"refunds": False},
    "NOCANCEL01": {"cancels": False},
    "NOPART0001": {"partial_cancels": False},
    "STRICT0001": {},
}
Fields = dict[str, Any]
_numbers = itertools.count(1)


class SandboxTime:
    """What the sandbox clock reads; moved by tests."""

    def __init__(self) -> None:
        self.sandbox_offset_s = 0

    def is_sandboxed(self, reseller_id: int) -> bool:
        return False


class Page:
    """An HTML answer as clients without a browser read it."""

    def __init__(self, answer: Answered) -> None:
        self.answer = answer
        self.html = answer.body.decode()
        self.hidden = {
            name: unescape(value)
            for name, value in re.findall(
                r'<input type="hidden" name="([^"]*)" value="([^"]*)"', self.html
            )
        }
        found = re.search(r'<form [^>]*action="([^"]*)"', self.html)
        self.action = unescape(found[1]) if found else ""

    @property
    def code(self) -> str:
        return self.hidden.get("resultCd", "")


class Rig:
    """What a test holds in its hand."""

    def __init__(self, url: str, pool: Pool) -> None:
        self.url = url
        self.pool = pool
        self.time = SandboxTime()
        self.clock = SandboxClock(SystemClock(), self.time)
        self.desk: CardDesk
        self.server: NicepayServer
        self.told: list[DueCallbackRow] = []

    # --- time ------------------------------------------------------------------------------------

    def now(self) -> datetime:
        return self.clock.now()

    def stamp(self) -> str:
        return self.now().astimezone(WIB).strftime("%Y%m%d%H%M%S")

    async def advance(self, *, hours: float = 0, days: float = 0) -> None:
        """Move the sandbox clock, and let the sweep see it."""
        self.time.sandbox_offset_s += int(hours * 3600 + days * 86_400)
        await self.pool.execute(
            "UPDATE installation SET sandbox_clock_offset_s = $1", self.time.sandbox_offset_s
        )
        await self.desk.sweep.sweep()

    async def find_truth(self) -> None:
        """Let every open attempt be due, and ask about it."""
        await self.pool.execute("UPDATE payment_attempts SET due_at = now() WHERE due_at > now()")
        await self.desk.sweep.sweep()

    # --- calls -----------------------------------------------------------------------------------

    async def call(
        self,
        path: str,
        body: bytes = b"",
        *,
        method: str = "POST",
        query: str = "",
        content_type: str = "application/json",
        cookie: str = "",
    ) -> Answered:
        return await self.server.answer(
            InboundRequest(
                method=method,
                path=path,
                query=query.encode(),
                headers=(("content-type", content_type), ("cookie", cookie)),
                body=body,
                client_ip="127.0.0.1",
            )
        )

    async def json(self, path: str, fields: Mapping[str, Any]) -> Fields:
        answer = await self.call(path, msgspec.json.encode(fields))
        assert answer.status == 200
        decoded: Fields = msgspec.json.decode(answer.body)
        return decoded

    def order(self, imid: str = "SALE000001", amount: Any = 150_000, **changes: Any) -> Fields:
        """Make a signed registration."""
        fields: Fields = {
            "timeStamp": self.stamp(),
            "iMid": imid,
            "payMethod": "01",
            "currency": "IDR",
            "amt": str(amount),
            "referenceNo": f"ORD-{next(_numbers)}",
            "goodsNm": "Sepatu",
            "billingNm": "Budi Santoso",
            "billingPhone": "081200000000",
            "billingEmail": "budi@example.com",
            "billingAddr": "Jl. Contoh 1",
            "billingCity": "Jakarta",
            "billingState": "DKI Jakarta",
            "billingPostCd": "10210",
            "billingCountry": "Indonesia",
            "dbProcessUrl": NOTIFY,
            "userIP": "127.0.0.1",
            "instmntType": "1",
            "instmntMon": "1",
            "recurrOpt": "2",
            **changes,
        }
        if "merchantToken" not in changes:
            fields["merchantToken"] = order_token(
                KEY,
                timestamp=fields["timeStamp"],
                imid=imid,
                reference=str(fields["referenceNo"]),
                amount=str(fields["amt"]),
            )
        return fields

    async def register(
        self, imid: str = "SALE000001", amount: int = 150_000, **more: Any
    ) -> Fields:
        """Register; gives the reply, with referenceNo and iMid of the order."""
        order = self.order(imid, amount, **more)
        reply = await self.json("/nicepay/direct/v2/registration", order)
        assert reply["resultCd"] == "0000", reply
        return {**reply, "iMid": imid}

    def payment(self, order: Fields, pan: str = VISA, **changes: Any) -> Fields:
        """Make a signed payment form."""
        stamp = self.stamp()
        fields: Fields = {
            "timeStamp": stamp,
            "tXid": order["tXid"],
            "cardNo": pan,
            "cardExpYymm": "3901",
            "cardCvv": "100",
            "cardHolderNm": "BUDI SANTOSO",
            "callBackUrl": BACK,
            "merchantToken": order_token(
                KEY,
                timestamp=stamp,
                imid=order["iMid"],
                reference=order["referenceNo"],
                amount=order["amt"],
            ),
        }
        return {name: value for name, value in {**fields, **changes}.items() if value is not None}

    async def pay(self, order: Fields, pan: str = VISA, **changes: Any) -> Page:
        return await self.form("/nicepay/direct/v2/payment", self.payment(order, pan, **changes))

    async def form(self, path: str, fields: Mapping[str, Any]) -> Page:
        return Page(
            await self.call(
                path,
                urlencode(fields).encode(),
                content_type="application/x-www-form-urlencoded",
            )
        )

    async def answer_challenge(self, page: Page, otp: str = SANDBOX_PASSWORD, **more: Any) -> Page:
        """Go through 3-D Secure from the first page on."""
        question = await self.form("/nicepay/api/mpgsAuth.do", page.hidden)
        if "resultCd" in question.hidden:
            return question  # nothing was asked
        return await self.form(
            "/nicepay/api/mpgsAuth.do",
            {**question.hidden, "otp": otp, "answer": "verify", **more},
        )

    async def charge(
        self, imid: str = "SALE000001", amount: int = 150_000, pan: str = VISA, **more: Any
    ) -> Fields:
        """Register and pay to the end; gives the order."""
        order = await self.register(imid, amount, **more)
        page = await self.pay(order, pan)
        if "challenge" in page.hidden:
            page = await self.answer_challenge(page)
        assert page.code == "0000", page.hidden
        return {**order, **page.hidden}

    async def inquire(self, order: Fields, **changes: Any) -> Fields:
        stamp = self.stamp()
        fields = {
            "timeStamp": stamp,
            "tXid": order["tXid"],
            "iMid": order["iMid"],
            "referenceNo": order["referenceNo"],
            "amt": order["amt"],
            **changes,
        }
        if "merchantToken" not in changes:
            fields["merchantToken"] = order_token(
                KEY,
                timestamp=stamp,
                imid=fields["iMid"],
                reference=fields["referenceNo"],
                amount=fields["amt"],
            )
        return await self.json("/nicepay/direct/v2/inquiry", fields)

    async def cancel(
        self, order: Fields, amount: Any = None, kind: str = "1", **changes: Any
    ) -> Fields:
        stamp = changes.pop("timeStamp", self.stamp())
        amt = str(order["amt"] if amount is None else amount)
        fields = {
            "timeStamp": stamp,
            "tXid": order["tXid"],
            "iMid": order["iMid"],
            "payMethod": "01",
            "cancelType": kind,
            "amt": amt,
            **changes,
        }
        if "merchantToken" not in changes:
            fields["merchantToken"] = cancel_token(
                KEY, timestamp=stamp, imid=fields["iMid"], txid=fields["tXid"], amount=amt
            )
        return await self.json("/nicepay/direct/v2/cancel", fields)

    # --- what is stored ---------------------------------------------------------------------------

    async def stored(self, order: Fields) -> Payment:
        payment = await self.desk.find(order["tXid"])
        assert payment is not None
        return payment

    async def state(self, order: Fields) -> str:
        return (await self.stored(order)).state.value

    async def balance(self, code: str) -> int:
        total: int = await self.pool.fetchval(
            "SELECT coalesce(sum(e.amount), 0)::bigint FROM entries e JOIN accounts a"
            " ON a.id = e.account_id WHERE a.code = $1",
            code,
        )
        return total

    async def charges_at_issuer(self, order: Fields) -> list[tuple[str, int]]:
        """What the issuer did for a payment, and how often each was asked for."""
        rows = await self.pool.fetch(
            "SELECT b.kind, b.heard FROM sandbox_issuer_book b JOIN payment_attempts a"
            " ON a.reference = b.reference JOIN payments p ON p.id = a.payment_id"
            " WHERE p.txid = $1 AND b.outcome->>'type' = 'approved' ORDER BY b.id",
            order["tXid"],
        )
        return [(row[0], row[1]) for row in rows]

    async def verify(self) -> Verification:
        async with self.pool.acquire() as connection:
            return await verify(connection)


@asynccontextmanager
async def open_rig(url: str, *, furnish: bool = True) -> AsyncIterator[Rig]:
    pool = await open_pool(url, size_max=8)
    rig = Rig(url, pool)
    box = SecretBox(SECRET)
    if furnish:
        await pool.execute("INSERT INTO installation (tag, demo) VALUES ('TEST', true)")
        async with pool.acquire() as connection:
            for imid, features in MIDS.items():
                await create_merchant(
                    connection,
                    imid,
                    f"Shop {imid}",
                    actor="test",
                    box=box,
                    key=KEY,
                    change=MerchantChange(
                        settings={"strict": imid == "STRICT0001"},
                        features=features,
                        mdr={"default": 200, "amex": 300},
                    ),
                )

    async def lane_connection() -> OwnConnection:
        return await connect(url, lock_timeout_ms=500)

    rig.desk = CardDesk(
        pool=pool,
        box=box,
        secret=SECRET,
        clock=SystemClock(),
        sandbox_clock=rig.clock,
        house=await house_account_ids(pool),
        untracked_ids=await untracked_account_ids(pool),
        open_connection=lane_connection,
        node="test-node",
        is_demo=True,
        public_url="http://gateway.example",
    )
    rig.desk.issuer._timeout_s = 0.02
    rig.desk.told = rig.told.append
    rig.server = NicepayServer(rig.desk)
    await rig.desk.start(work=False)
    try:
        yield rig
        assert await secrets_kept(pool) == []
    finally:
        await rig.desk.stop()
        pool.terminate()
