"""A shop that takes cards through Gerbang, with nothing but Python's standard library.

    python3 shop.py --gateway http://127.0.0.1:8080 --mids var/demo.json --port 9000

Open http://127.0.0.1:9000/ and buy something. The shop follows docs/card-integration.md: it
registers an order, sends the buyer to pay, and believes nothing but an inquiry: neither the
returning browser nor a notification makes an order paid by itself.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import html
import itertools
import json
import re
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

PAYMENT_TIMEOUT_S = 30


class Mid:
    """One merchant account: signs requests and checks what comes in."""

    def __init__(self, gateway: str, imid: str, key: str) -> None:
        self.gateway, self.imid, self.key = gateway.rstrip("/"), imid, key

    def token(self, *parts: object) -> str:
        text = "".join(str(part) for part in parts) + self.key
        return hashlib.sha256(text.encode()).hexdigest()

    def call(self, path: str, fields: dict) -> dict:
        request = urllib.request.Request(  # noqa: S310
            f"{self.gateway}/nicepay/{path}",
            data=json.dumps(fields).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PAYMENT_TIMEOUT_S) as answer:  # noqa: S310
            return json.load(answer)

    def register(self, order: dict, shop: str, *, hosted: bool) -> dict:
        now = stamp()
        fields = {
            "timeStamp": now,
            "iMid": self.imid,
            "payMethod": "01",
            "currency": "IDR",
            "amt": str(order["amount"]),
            "referenceNo": order["reference"],
            "goodsNm": order["goods"],
            "billingNm": "Budi Santoso",
            "billingPhone": "081200000000",
            "billingEmail": "budi@example.com",
            "billingAddr": "Jl. Contoh 1",
            "billingCity": "Jakarta",
            "billingState": "DKI Jakarta",
            "billingPostCd": "10210",
            "billingCountry": "Indonesia",
            "userIP": "127.0.0.1",
            "description": order["goods"],
            "dbProcessUrl": f"{shop}/notify",
            "callBackUrl": f"{shop}/callback",
            "instmntType": "1",
            "instmntMon": str(order["months"]),
            "recurrOpt": order["recurr"],
            "cartData": json.dumps(
                {
                    "count": "1",
                    "item": [
                        {
                            "goods_name": order["goods"],
                            "goods_amt": str(order["amount"]),
                            "goods_quantity": "1",
                        }
                    ],
                }
            ),
            "sellers": "[]",
            "merchantToken": self.token(now, self.imid, order["reference"], order["amount"]),
        }
        return self.call(f"{'redirect' if hosted else 'direct'}/v2/registration", fields)

    def payment_fields(self, order: dict, shop: str) -> dict:
        now = stamp()
        return {
            "timeStamp": now,
            "tXid": order["txid"],
            "referenceNo": order["reference"],
            "callBackUrl": f"{shop}/callback",
            "merchantToken": self.token(now, self.imid, order["reference"], order["amount"]),
        }

    def inquire(self, order: dict) -> dict:
        now = stamp()
        return self.call(
            "direct/v2/inquiry",
            {
                "timeStamp": now,
                "tXid": order["txid"],
                "iMid": self.imid,
                "referenceNo": order["reference"],
                "amt": str(order["amount"]),
                "merchantToken": self.token(now, self.imid, order["reference"], order["amount"]),
            },
        )

    def cancel(self, order: dict, amount: int, *, full: bool) -> dict:
        now = stamp()
        return self.call(
            "direct/v2/cancel",
            {
                "timeStamp": now,
                "tXid": order["txid"],
                "iMid": self.imid,
                "payMethod": "01",
                "cancelType": "1" if full else "2",
                "amt": str(amount),
                "cancelMsg": "asked by the buyer",
                "merchantToken": self.token(now, self.imid, order["txid"], amount),
            },
        )

    def is_ours(self, fields: dict) -> bool:
        """Check the token of a notification: iMid + tXid + amt + key."""
        expected = self.token(self.imid, fields.get("tXid", ""), fields.get("amt", ""))
        return hmac.compare_digest(expected, fields.get("merchantToken", "").lower())


def stamp() -> str:
    """Jakarta time, as every timeStamp."""
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() + 7 * 3600))


class Shop:
    """Orders in memory; each is delivered once, when an inquiry says that it is paid."""

    def __init__(self, gateway: str, mids: dict, address: str) -> None:
        self.gateway, self.address = gateway.rstrip("/"), address
        self.mids = {
            name: Mid(gateway, one["iMid"], one["merchantKey"]) for name, one in mids.items()
        }
        self.orders: dict[str, dict] = {}
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)
        self.run = f"{int(time.time()):x}"

    def new_order(
        self, mid: str, amount: int, *, hosted: bool, months: int = 1, recurr: str = "2"
    ) -> dict:
        reference = f"PY-{self.run}-{next(self.numbers)}"
        order = {
            "reference": reference, "mid": mid, "amount": amount, "goods": "Sepatu lari",
            "months": months, "recurr": recurr, "state": "new", "delivered": 0, "log": [],
        }  # fmt: skip
        self.orders[reference] = order
        said = self.mids[mid].register(order, self.address, hosted=hosted)
        self.note(order, "registration", said)
        if said["resultCd"] == "0000":
            order["txid"] = said["tXid"]
            order["page"] = f"{said['paymentURL']}?tXid={said['tXid']}" if hosted else ""
        return order

    def note(self, order: dict, step: str, said: dict) -> None:
        order["log"].append(
            {"step": step, "code": said.get("resultCd"), "words": said.get("resultMsg")}
        )

    def confirm(self, order: dict, step: str) -> dict:
        """Ask the gateway, and deliver at most once."""
        said = self.mids[order["mid"]].inquire(order)
        self.note(order, step, said)
        with self.lock:
            if said["resultCd"] == "0000":
                order["state"] = said["resultMsg"].lower()
                order["status"] = said["status"]
                for name in ("recurringToken", "preauthToken", "cardNo", "cancelAmt"):
                    if said.get(name):
                        order[name] = said[name]
            if order["state"] == "paid" and not order["delivered"]:
                order["delivered"] += 1
        return said

    def order_of(self, fields: dict) -> dict | None:
        """Find an order by what a browser or a notification says of it."""
        return next((o for o in self.orders.values() if o.get("txid") == fields.get("tXid")), None)

    def on_callback(self, fields: dict) -> dict | None:
        order = self.order_of(fields)
        if order is not None:
            self.note(order, "callback", fields)
            self.confirm(order, "inquiry after callback")
        return order

    def on_notification(self, fields: dict) -> bool:
        order = self.order_of(fields)
        if order is None or not self.mids[order["mid"]].is_ours(fields):
            return False
        self.note(
            order, "notification", {"resultCd": "-", "resultMsg": f"status {fields['status']}"}
        )
        self.confirm(order, "inquiry after notification")
        return True

    def cancel(self, order: dict, amount: int | None) -> dict:
        full = amount is None
        said = self.mids[order["mid"]].cancel(order, order["amount"] if full else amount, full=full)
        self.note(order, "cancel", said)
        self.confirm(order, "inquiry after cancel")
        return said

    def pay_by_token(self, order: dict, name: str, token: str) -> str:
        """Capture a hold or charge a known card: no browser is needed, the page is read here."""
        fields = {**self.mids[order["mid"]].payment_fields(order, self.address), name: token}
        request = urllib.request.Request(  # noqa: S310
            f"{self.gateway}/nicepay/direct/v2/payment", data=urlencode(fields).encode()
        )
        with urllib.request.urlopen(request, timeout=PAYMENT_TIMEOUT_S) as answer:  # noqa: S310
            said = hidden_inputs(answer.read().decode())
        self.note(order, "payment", said)
        self.confirm(order, "inquiry after payment")
        return said.get("resultCd", "")

    def capture(self, hold: dict, amount: int) -> dict:
        order = self.new_order(hold["mid"], amount, hosted=False)
        self.pay_by_token(order, "preauthToken", hold["preauthToken"])
        return order

    def again(self, first: dict) -> dict:
        order = self.new_order(first["mid"], first["amount"], hosted=False)
        self.pay_by_token(order, "recurringToken", first["recurringToken"])
        return order


def hidden_inputs(page: str) -> dict:
    """Read a result page as the protocol means it: hidden inputs by name."""
    found = {}
    for tag in re.findall(r"<input\b[^>]*>", page):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type") == "hidden":
            found[html.unescape(attributes["name"])] = html.unescape(attributes["value"])
    return found


# --- the pages of the shop ------------------------------------------------------------------------

HEAD = (
    '<!doctype html><html lang="id"><meta charset="utf-8"><title>Toko</title>'
    '<meta name="viewport" content="width=device-width">'
    '<meta name="referrer" content="no-referrer">'
    "<style>body{font:1rem system-ui;max-width:44rem;margin:2rem auto;padding:0 1rem}"
    "label{display:block;margin:.5rem 0}</style>"
)


def home(shop: Shop) -> str:
    options = "".join(f"<option>{html.escape(name)}</option>" for name in shop.mids)
    rows = "".join(
        f'<li><a href="/orders/{quote(o["reference"])}">{o["reference"]}</a> {o["mid"]}'
        f" Rp{o['amount']} <b>{html.escape(o['state'])}</b></li>"
        for o in shop.orders.values()
    )
    return f"""{HEAD}<h1>Toko</h1><form method="post" action="/buy">
<label>MID <select name="mid">{options}</select></label>
<label>Rp <input name="amount" value="150000" inputmode="numeric"></label>
<label>instmntMon <input name="months" value="1"></label>
<label>recurrOpt <input name="recurr" value="2"></label>
<button name="way" value="hosted">Bayar di halaman gateway</button>
<button name="way" value="direct">Bayar di sini</button></form><ul>{rows}</ul>"""


def card_form(shop: Shop, order: dict) -> str:
    """Our own card form: it posts straight to the gateway, so no card touches this server."""
    fields = shop.mids[order["mid"]].payment_fields(order, shop.address)
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
        for name, value in fields.items()
    )
    return f"""{HEAD}<h1>Rp{order["amount"]}</h1>
<form method="post" action="{shop.gateway}/nicepay/direct/v2/payment">{hidden}
<label>cardNo <input name="cardNo" autocomplete="cc-number"></label>
<label>cardExpYymm <input name="cardExpYymm"></label>
<label>cardCvv <input name="cardCvv" autocomplete="cc-csc"></label>
<label>cardHolderNm <input name="cardHolderNm" autocomplete="cc-name"></label>
<button>Bayar</button></form>"""


def order_page(order: dict) -> str:
    log = "".join(
        f"<li>{html.escape(str(one['step']))}: {html.escape(str(one['code']))}"
        f" {html.escape(str(one['words']))}</li>"
        for one in order["log"]
    )
    return f"""{HEAD}<h1 id="state">{html.escape(order["state"])}</h1>
<p>{order["reference"]} · Rp{order["amount"]} · {html.escape(order.get("cardNo", ""))}</p>
<ol>{log}</ol><p><a href="/">Toko</a></p>"""


class Pages(BaseHTTPRequestHandler):
    shop: Shop

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/":
            self.page(home(self.shop))
        elif path == "/orders.json":
            self.answer(200, json.dumps(list(self.shop.orders.values())), "application/json")
        elif order := self.shop.orders.get(path.removeprefix("/orders/")):
            self.page(order_page(order))
        else:
            self.answer(404, "not found")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        fields = dict(parse_qsl(body, keep_blank_values=True))
        path = self.path.partition("?")[0]
        if path == "/buy":
            self.buy(fields)
        elif path == "/callback":
            order = self.shop.on_callback(fields)
            self.page(order_page(order)) if order else self.answer(400, "unknown order")
        elif path == "/notify":
            good = self.shop.on_notification(fields)
            self.answer(200 if good else 403, "OK" if good else "ERROR: token")
        else:
            self.act(path.split("/"), fields)

    def buy(self, fields: dict) -> None:
        order = self.shop.new_order(
            fields["mid"],
            int(fields["amount"]),
            hosted=fields["way"] == "hosted",
            months=int(fields.get("months", "1")),
            recurr=fields.get("recurr", "2"),
        )
        if "txid" not in order:
            self.page(order_page(order))
        elif order["page"]:
            self.send_response(303)
            self.send_header("Location", order["page"])
            self.end_headers()
        else:
            self.page(card_form(self.shop, order))

    def act(self, parts: list[str], fields: dict) -> None:
        """POST /orders/{reference}/{inquire,cancel,capture,again}."""
        order = self.shop.orders.get(parts[2]) if len(parts) == 4 else None
        if order is None:
            return self.answer(404, "not found")
        amount = int(fields["amount"]) if fields.get("amount") else None
        if parts[3] == "cancel":
            self.shop.cancel(order, amount)
        elif parts[3] == "capture":
            order = self.shop.capture(order, amount or order["amount"])
        elif parts[3] == "again":
            order = self.shop.again(order)
        else:
            self.shop.confirm(order, "inquiry")
        return self.answer(200, json.dumps(order), "application/json")

    def page(self, text: str) -> None:
        self.answer(200, text, "text/html; charset=utf-8")

    def answer(self, status: int, text: str, kind: str = "text/plain; charset=utf-8") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: a request line may hold what should not be in a log."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gateway", default="http://127.0.0.1:8080")
    parser.add_argument("--mids", default="var/demo.json", help="a file with nicepay.mids")
    parser.add_argument("--port", type=int, default=9000)
    options = parser.parse_args()
    mids = json.loads(Path(options.mids).read_text())["nicepay"]["mids"]
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Pages)
    Pages.shop = Shop(options.gateway, mids, f"http://127.0.0.1:{server.server_port}")
    print(f"shop: http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
