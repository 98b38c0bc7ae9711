"""Card numbers, CVVs, one-time passwords and keys are nowhere: log and whole database searched."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from e2e.running_demo import RunningDemo
from gerbang.clock import WIB
from gerbang.dialects.nicepay.client import hidden_inputs
from gerbang.dialects.nicepay.tokens import order_token

VISA, MASTERCARD, DECLINED = "4434260000000008", "5123450000000008", "4434260000001089"
CVV = "917"


async def test_a_run_with_cards_leaves_no_card_anywhere(demo: RunningDemo) -> None:
    async with httpx.AsyncClient(base_url=demo.base_url, timeout=60) as http:
        await _pay(demo, http, "sale", VISA, how="get")
        await _pay(demo, http, "sale", DECLINED, how="form")
        await _pay(demo, http, "sale", MASTERCARD, how="json")
        page = await _pay(demo, http, "secure", VISA, how="form")
        form = hidden_inputs(page) | {"otp": demo.facts["nicepay"]["otp"], "answer": "verify"}
        answer = await http.post("/nicepay/api/mpgsAuth.do", data=form)
        assert hidden_inputs(answer.text)["resultCd"] == "0000"
        bad = f"/nicepay/direct/v2/payment?tXid=none&cardNo={VISA}&cardCvv={CVV}"
        await http.get(bad)
        await http.get(f"/nicepay/nowhere?cardNo={VISA}")
    logged = "\n".join(line for line in demo.log().splitlines() if line.startswith("{"))
    spaced = f"{VISA[:4]} {VISA[4:8]}"
    patterns = [
        VISA, MASTERCARD, DECLINED, spaced, f"cardCvv={CVV}", f'"cardCvv":"{CVV}"',
        f'"cardCvv": "{CVV}"', "otp=123456", '"otp":"123456"', '"otp": "123456"',
        *(one["merchantKey"] for one in demo.facts["nicepay"]["mids"].values()),
    ]  # fmt: skip
    found = [f"log: {one[:6]}" for one in patterns if one in logged]
    tables = await demo.fetch(
        "SELECT table_name AS name FROM information_schema.tables"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    assert {"payments", "payment_attempts", "callback_deliveries"} <= {t["name"] for t in tables}
    for table in tables:
        rows = await demo.fetch(f'SELECT t::text AS line FROM "{table["name"]}" t')  # noqa: S608
        text = "\n".join(row["line"] for row in rows)
        found += [f"{table['name']}: {one[:6]}" for one in patterns if one in text]
    assert found == []


async def _pay(demo: RunningDemo, http: httpx.AsyncClient, mid: str, pan: str, *, how: str) -> str:
    account = demo.facts["nicepay"]["mids"][mid]
    stamp = datetime.now(UTC).astimezone(WIB).strftime("%Y%m%d%H%M%S")
    reference = f"SCAN-{time.monotonic_ns()}"
    token = order_token(
        account["merchantKey"],
        timestamp=stamp,
        imid=account["iMid"],
        reference=reference,
        amount="150000",
    )
    inbox = f"{demo.base_url}/sandbox/inbox/cards"
    order: dict[str, Any] = {
        "timeStamp": stamp, "iMid": account["iMid"], "payMethod": "01", "currency": "IDR",
        "amt": "150000", "referenceNo": reference, "goodsNm": "Sepatu", "billingNm": "Budi",
        "billingPhone": "0812", "billingEmail": "b@example.com", "billingAddr": "Jl. 1",
        "billingCity": "Jakarta", "billingState": "DKI", "billingPostCd": "10210",
        "billingCountry": "Indonesia", "dbProcessUrl": inbox, "userIP": "127.0.0.1",
        "instmntType": "1", "instmntMon": "1", "recurrOpt": "2", "merchantToken": token,
    }  # fmt: skip
    said = (await http.post("/nicepay/direct/v2/registration", json=order)).json()
    assert said["resultCd"] == "0000", said
    fields = {
        "timeStamp": stamp, "tXid": said["tXid"], "merchantToken": token, "cardNo": pan,
        "cardExpYymm": "3901", "cardCvv": CVV, "cardHolderNm": "BUDI", "callBackUrl": inbox,
    }  # fmt: skip
    path = "/nicepay/direct/v2/payment"
    if how == "get":
        answer = await http.get(f"{path}?{urlencode(fields)}")
    elif how == "json":
        answer = await http.post(path, json=fields)
    else:
        answer = await http.post(path, data=fields)
    assert answer.status_code == 200
    return answer.text
