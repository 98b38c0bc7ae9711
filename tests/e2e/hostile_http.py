"""Hostile requests and what may be answered to them, for every public endpoint.

A `Judge` knows the one form in which its dialect refuses; whatever is sent, a reply in another
form, any 5xx, or a line in the gateway's log about an unexpected error is a defect.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from xmlrpc.client import loads

from e2e.running_demo import RunningDemo
from gerbang.dialects.isikuota.spec import HTTP_STATUS

TIMEOUT_S: Final = 60.0
SOCX_MEMBERS: Final = (
    "code", "msisdn", "request_id", "rc", "trxid", "price", "balance", "sn", "message",
)  # fmt: skip
XML_MEMBERS: Final = ("RESPONSECODE", "REQUESTID", "MESSAGE", "TRANSACTIONID")
OTOMAX_CRASHED: Final = "Silakan cek status."


@dataclass(frozen=True)
class Sent:
    """One request, well-formed as HTTP; everything in it may be garbage."""

    method: str
    target: str
    headers: tuple[tuple[str, bytes], ...] = ()
    body: bytes = b""
    chunked: bool = False


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    kind: str
    body: bytes


class NotInFormError(AssertionError):
    """The reply is not in the dialect's form."""


@dataclass
class Wire:
    """A keep-alive connection with a deadline."""

    demo: RunningDemo
    count: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    _connection: http.client.HTTPConnection | None = None

    def send(self, sent: Sent) -> Reply:
        """Send, on a fresh connection when the old one was closed."""
        try:
            reply = self._send(sent)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # Closed while idle, or after an early refusal of a large body: once more.
            self.close()
            reply = self._send(sent)
        self.count += 1
        self.statuses[reply.status] = self.statuses.get(reply.status, 0) + 1
        return reply

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send(self, sent: Sent) -> Reply:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self.demo.port, timeout=TIMEOUT_S
            )
            self._connection.connect()
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        c = self._connection
        c.putrequest(sent.method, sent.target, skip_accept_encoding=True)
        for name, value in sent.headers:
            c.putheader(name, value)
        if sent.chunked:
            c.putheader("Transfer-Encoding", "chunked")
            c.endheaders(_pieces(sent.body), encode_chunked=True)
        else:
            c.putheader("Content-Length", str(len(sent.body)))
            c.endheaders(sent.body)
        with c.getresponse() as response:
            reply = Reply(
                response.status, response.headers.get("content-type", ""), response.read()
            )
            if response.will_close:
                self.close()
        return reply


def _pieces(body: bytes) -> Iterable[bytes]:
    return (body[at : at + 4096] for at in range(0, len(body), 4096))


# --- judges -----------------------------------------------------------------------------------

Judge = Callable[[Sent, Reply], None]


def _demand(fine: object, sent: Sent, reply: Reply, why: str) -> None:
    if not fine:
        raise NotInFormError(f"{why}\n{sent!r:.1500}\n{reply!r:.1500}")


def judge_isikuota(sent: Sent, reply: Reply) -> None:
    """Demand the six members, and the HTTP status of the code."""
    value = _json(sent, reply)
    _demand(
        tuple(value) == ("success", "code", "message", "data", "errors", "meta"),
        sent, reply, "not the envelope",
    )  # fmt: skip
    code, success = value["code"], value["success"]
    if reply.status == 405:
        _demand(code == "VALIDATION_ERROR" and sent.method != "POST", sent, reply, "405")
    else:
        expected = HTTP_STATUS.get(code, 200)
        _demand(reply.status == expected, sent, reply, f"HTTP status of {code}")
    _demand(type(success) is bool, sent, reply, "success")
    _demand(isinstance(value["message"], str) and value["message"], sent, reply, "message")
    if not success and code != "ORDER_FAILED":
        _demand(value["data"] is None, sent, reply, "data of a refusal")
        _demand(value["errors"] is None or _texts(value["errors"]), sent, reply, "errors")


def _texts(errors: Any) -> bool:
    return isinstance(errors, dict) and all(
        isinstance(texts, list) and all(isinstance(text, str) for text in texts)
        for texts in errors.values()
    )


def judge_socx(sent: Sent, reply: Reply) -> None:
    """Demand the transaction object with its nine members, each of its type."""
    value = _json(sent, reply)
    _demand(tuple(value)[:9] == SOCX_MEMBERS, sent, reply, "not the transaction object")
    for name in SOCX_MEMBERS:
        kind = int if name in ("trxid", "price", "balance") else str
        _demand(type(value[name]) is kind, sent, reply, f"type of {name}")
    _demand(re.fullmatch(r"[0-9]{2,3}", value["rc"]), sent, reply, "rc")
    _demand(reply.status in (200, 401, 403, 404, 429, 503), sent, reply, "status")
    _demand(value["message"], sent, reply, "message")


def judge_socx_balance(sent: Sent, reply: Reply) -> None:
    """Demand a balance, or rc and message; a wrong method gets the transaction object."""
    value = _json(sent, reply)
    if tuple(value)[:1] == ("code",):
        judge_socx(sent, reply)
    elif reply.status == 200:
        _demand(type(value.get("balance")) is int, sent, reply, "balance")
    else:
        _demand(tuple(value) == ("rc", "message"), sent, reply, "refusal")


def judge_socx_xml(sent: Sent, reply: Reply) -> None:
    """Demand an XML-RPC response with four texts and HTTP 200, never a fault."""
    if sent.method != "POST":
        judge_socx(sent, reply)
        return
    _demand(reply.status == 200, sent, reply, "status")
    _demand(reply.kind.startswith("text/xml"), sent, reply, "content type")
    read: Any = loads(reply.body)
    members = read[0][0]
    _demand(tuple(members) == XML_MEMBERS, sent, reply, "members")
    _demand(all(isinstance(text, str) for text in members.values()), sent, reply, "types")


def judge_otomax(sent: Sent, reply: Reply) -> None:
    """Demand HTTP 200 and one line of plain text that a person can read."""
    _demand(reply.status == 200, sent, reply, "status")
    _demand(reply.kind == "text/plain; charset=utf-8", sent, reply, "content type")
    text = reply.body.decode("utf-8")
    _demand(text.strip() and text.isprintable(), sent, reply, "text")
    _demand(OTOMAX_CRASHED not in text, sent, reply, "the words after a crash")


def judge_callback(sent: Sent, reply: Reply) -> None:
    """Demand a refusal or an acknowledgement; never a 5xx."""
    _demand(reply.status in (200, 400, 401, 403, 404, 405, 413), sent, reply, "status")
    reply.body.decode("utf-8")


def _json(sent: Sent, reply: Reply) -> dict[str, Any]:
    _demand(reply.kind == "application/json", sent, reply, "content type")
    try:
        value = json.loads(reply.body)
    except ValueError as error:
        raise NotInFormError(f"no JSON\n{sent!r:.1500}\n{reply!r:.1500}") from error
    _demand(isinstance(value, dict), sent, reply, "no object")
    found: dict[str, Any] = value
    return found


SOCX: Final = "/reseller/api/v1"
JUDGES: Final[Mapping[str, Judge]] = {
    "/v1/balance": judge_isikuota,
    "/v1/order": judge_isikuota,
    f"{SOCX}/saldo": judge_socx_balance,
    f"{SOCX}/purchase": judge_socx,
    f"{SOCX}/http/purchase": judge_socx,
    f"{SOCX}/xml/purchase": judge_socx_xml,
    f"{SOCX}/status": judge_socx,
    f"{SOCX}/nothing": judge_socx,
    "/trx": judge_otomax,
    "/trx/": judge_otomax,
    "/trx/some-slug": judge_otomax,
    "/trx/status": judge_otomax,
    "/trx/balance": judge_otomax,
    "/balance": judge_otomax,
    "/callbacks/demo-socx": judge_callback,
    "/callbacks/demo-isikuota": judge_callback,
    "/callbacks/demo-otomax": judge_callback,
    "/callbacks/nobody": judge_callback,
}


def judge(sent: Sent, reply: Reply) -> None:
    """Demand the form of the endpoint that was asked."""
    path = sent.target.partition("?")[0]
    JUDGES[path](sent, reply)


def unexpected_errors(log: str) -> list[str]:
    """Give the lines of a gateway's log that only a defect writes."""
    marks = ("Traceback", "request.crashed", '"level": "error"', '"level": "critical"')
    return [line[:2000] for line in log.splitlines() if any(mark in line for mark in marks)]
