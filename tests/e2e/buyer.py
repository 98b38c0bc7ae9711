"""A reseller of a running demo, made for one test: its own balance, credentials and callbacks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from e2e.running_demo import RunningDemo

_numbers = itertools.count(1)
UNSIGNED: Final = ("api_id", "timestamp", "signature")


@dataclass(frozen=True)
class Buyer:
    """What a reseller's developer holds in his hand."""

    demo: RunningDemo
    code: str
    token: str
    api_id: str
    api_key: str
    secret_key: str
    member: str
    pin: str
    password: str

    @property
    def bearer(self) -> dict[str, str]:
        """Give the SocX header."""
        return {"Authorization": f"Bearer {self.token}"}

    def signed(self, business: Mapping[str, Any], *, at: int | None = None) -> dict[str, Any]:
        """Sign IsiKuota members as the seed's PHP does, from the document alone."""
        timestamp = int(time.time()) if at is None else at
        ordered = dict(sorted(business.items()))
        canonical = json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))
        digest = hashlib.sha256(canonical.encode() if business else b"").hexdigest()
        text = f"{self.api_id}|{self.api_key}|{timestamp}|{digest}"
        signature = hmac.new(self.secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
        return {
            **business,
            "api_id": self.api_id,
            "timestamp": timestamp,
            "signature": signature,
        }

    def sign(self, *, product: str, dest: str, reference: str) -> str:
        """Sign an OtomaX order by the seed's formula: URL-safe and without padding."""
        parts = ("OtomaX", self.member, product, dest, reference, self.pin, self.password)
        digest = hashlib.sha1("|".join(parts).encode(), usedforsecurity=False).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    async def money(self, http: httpx.AsyncClient) -> tuple[int, int]:
        """Give balance and held, as the management API shows them."""
        shown = (await http.get(f"/api/resellers/{self.code}", headers=self.demo.admin)).json()
        return shown["balance"], shown["held"]

    async def order(self, http: httpx.AsyncClient, reference: str) -> dict[str, Any] | None:
        """Give one order with everything the management API knows of it."""
        query = {"reseller": self.code, "ref": reference}
        page = await http.get("/api/orders", params=query, headers=self.demo.admin)
        items = page.json()["items"]
        if not items:
            return None
        (shown,) = items
        whole = await http.get(f"/api/orders/{shown['id']}", headers=self.demo.admin)
        found: dict[str, Any] = whole.json()
        return found


async def make_buyer(
    demo: RunningDemo,
    http: httpx.AsyncClient,
    *,
    funds: int,
    callback_format: str = "auto",
    settings: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Buyer:
    """Create a reseller with credentials of all three dialects and so much money.

    `changes` are further members of the management API's body.
    """
    code = f"B{os.getpid()}X{next(_numbers)}"
    body = {
        "code": code,
        "name": f"Buyer {code}",
        "allowed_ips": ["127.0.0.0/8"],
        "dialects": ["isikuota", "socx", "otomax"],
        "callback": {"url": f"{demo.base_url}/sandbox/inbox", "format": callback_format},
        "settings": {"socx.weak_token": True, **(settings or {})},
        **changes,
    }
    await _post(demo, http, "", body)
    secrets = {}
    for dialect in ("socx", "isikuota", "otomax"):
        secrets[dialect] = await _post(demo, http, f"/{code}/credentials", {"dialect": dialect})
    if funds:
        credit = {"amount": funds, "key": f"{code}-funds", "note": "for a test"}
        await _post(demo, http, f"/{code}/credits", credit)
    isikuota, otomax = secrets["isikuota"], secrets["otomax"]
    buyer = Buyer(
        demo=demo,
        code=code,
        token=secrets["socx"]["secrets"]["token"],
        api_id=isikuota["key"],
        api_key=isikuota["secrets"]["api_key"],
        secret_key=isikuota["secrets"]["secret_key"],
        member=otomax["key"],
        pin=otomax["secrets"]["pin"],
        password=otomax["secrets"]["password"],
    )

    async def known() -> bool:
        reply = await http.get("/reseller/api/v1/saldo", headers=buyer.bearer)
        return reply.status_code == httpx.codes.OK

    await demo.wait_for(known, 3)
    return buyer


async def _post(
    demo: RunningDemo, http: httpx.AsyncClient, path: str, body: Mapping[str, Any]
) -> Any:
    reply = await http.post(f"/api/resellers{path}", json=body, headers=demo.admin)
    assert reply.status_code == httpx.codes.CREATED, reply.text
    return reply.json()
