"""A merchant in a test: signs, pays like a browser, receives notifications over real HTTP."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from api.running import Running, running
from cards.secrecy import secrets_kept
from gerbang.clock import WIB
from gerbang.dialects.nicepay.client import hidden_inputs
from gerbang.dialects.nicepay.tokens import cancel_token, order_token
from gerbang.installation import installation
from gerbang.postgres.pool import connect

KEY = "SIMKEY/abc+DEF0123456789=="
VISA = "4434260000000008"
BACK = "https://shop.example/back"
_numbers = itertools.count(1)


class Shop:
    """One merchant at a running node."""

    def __init__(
        self, at: Running, imid: str, notify_url: str, inbox: list[dict[str, str]]
    ) -> None:
        self.at = at
        self.imid = imid
        self.notify_url = notify_url
        self.inbox = inbox

    def stamp(self) -> str:
        return self.at.node.sandbox_clock.now().astimezone(WIB).strftime("%Y%m%d%H%M%S")

    def signed(self, reference: str, amount: int) -> dict[str, Any]:
        stamp = self.stamp()
        token = order_token(
            KEY, timestamp=stamp, imid=self.imid, reference=reference, amount=str(amount)
        )
        return {"timeStamp": stamp, "iMid": self.imid, "referenceNo": reference,
                "amt": str(amount), "merchantToken": token}  # fmt: skip

    async def call(self, path: str, fields: dict[str, Any]) -> dict[str, Any]:
        answer = await self.at.client.post(f"/nicepay/{path}", json=fields)
        said: dict[str, Any] = answer.json()
        return said

    async def register(self, amount: int = 150_000, **more: Any) -> dict[str, Any]:
        reference = f"ORD-{next(_numbers)}"
        fields = self.signed(reference, amount) | {
            "payMethod": "01", "currency": "IDR", "goodsNm": "Sepatu", "billingNm": "Budi",
            "billingPhone": "0812", "billingEmail": "b@example.com", "billingAddr": "Jl. 1",
            "billingCity": "Jakarta", "billingState": "DKI", "billingPostCd": "10210",
            "billingCountry": "Indonesia", "dbProcessUrl": self.notify_url, "userIP": "127.0.0.1",
            "instmntType": "1", "instmntMon": "1", "recurrOpt": "2",
        }  # fmt: skip
        said = await self.call("direct/v2/registration", fields | more)
        return said | {"referenceNo": reference, "amount": amount}

    async def pay(self, order: dict[str, Any], pan: str = VISA, **more: str) -> dict[str, str]:
        signed = self.signed(order["referenceNo"], order["amount"])
        fields = {
            "timeStamp": signed["timeStamp"], "merchantToken": signed["merchantToken"],
            "tXid": order["tXid"], "cardNo": pan, "cardExpYymm": "3901", "cardCvv": "100",
            "cardHolderNm": "BUDI", "callBackUrl": BACK,
        }  # fmt: skip
        answer = await self.at.client.post("/nicepay/direct/v2/payment", data=fields | more)
        return hidden_inputs(answer.text) | {"_page": answer.text}

    async def inquire(self, order: dict[str, Any], **changes: Any) -> dict[str, Any]:
        fields = self.signed(order["referenceNo"], order["amount"]) | {"tXid": order["tXid"]}
        return await self.call("direct/v2/inquiry", fields | changes)

    async def cancel(self, order: dict[str, Any], amount: int, kind: str = "1") -> dict[str, Any]:
        stamp = self.stamp()
        token = cancel_token(
            KEY, timestamp=stamp, imid=self.imid, txid=order["tXid"], amount=str(amount)
        )
        fields = {"timeStamp": stamp, "iMid": self.imid, "tXid": order["tXid"], "payMethod": "01",
                  "cancelType": kind, "amt": str(amount), "merchantToken": token}  # fmt: skip
        return await self.call("direct/v2/cancel", fields)

    async def checklist(self) -> dict[str, dict[str, Any]]:
        judged = await self.at.call("GET", f"/merchants/{self.imid}/checklist")
        return {item["key"]: item for item in judged["items"]}

    async def green(self, key: str) -> dict[str, Any]:
        """Wait until an item is green: evidence is written behind the answers."""
        item: dict[str, Any] = {}
        for _ in range(1_200):
            item = (await self.checklist())[key]
            if item["state"] == "green":
                return item
            await asyncio.sleep(0.05)
        raise AssertionError(item)

    async def told(self, order: dict[str, Any]) -> dict[str, str]:
        """Wait for a notification."""
        for _ in range(1_200):
            for fields in self.inbox:
                if fields["tXid"] == order["tXid"]:
                    return fields
            await asyncio.sleep(0.05)
        raise AssertionError("no notification came")


@asynccontextmanager
async def receiver(
    inbox: list[dict[str, str]], answers: list[int] | None = None, port: int = 0
) -> AsyncIterator[str]:
    """Receive notifications; `answers` are the next statuses, and 0 is no answer at all."""

    async def take(request: web.Request) -> web.Response:
        body = await request.text()
        inbox.append(dict(parse_qsl(body, keep_blank_values=True)))
        inbox[-1] |= {"_agent": request.headers["User-Agent"], "_body": body}
        status = answers.pop(0) if answers else 200
        if not status:
            await asyncio.sleep(60)
        return web.Response(text="OK", status=status or 500, headers={"location": "/elsewhere"})

    app = web.Application()
    app.router.add_post("/notify", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/notify"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def open_shop(
    database_url: str,
    folder: Path,
    *,
    demo: bool = True,
    settings: Mapping[str, Any] | None = None,
    **features: Any,
) -> AsyncIterator[Shop]:
    """Run a node with one merchant, whose charges move money where it is a demo."""
    if demo:
        connection = await connect(database_url)
        await installation(connection)
        await connection.execute("UPDATE installation SET demo = true")
        await connection.close()
    inbox: list[dict[str, str]] = []
    async with (
        receiver(inbox) as notify_url,
        running(
            database_url,
            folder,
            work=True,
            card_deposit_imid="MERCHANT01",
            callback_private_addresses_allowed=True,
            **(settings or {}),
        ) as at,
    ):
        body = {"imid": "MERCHANT01", "name": "Toko", "merchant_key": KEY, "features": features}
        await at.call("POST", "/merchants", 201, json=body)
        await at.node.cards.directory.refresh()
        yield Shop(at, "MERCHANT01", notify_url, inbox)
        assert await secrets_kept(at.node.pool) == []
