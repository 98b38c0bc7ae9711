"""SocX's calls: a bearer token and JSON, query, form or XML; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from gerbang.developer import words
from gerbang.developer.call import Asker, Call, CallBook, Step, Words

_BASE: Final = "/reseller/api/v1"
_TEST: Final = Words(
    en="A test order: answered 68 at once, then delivered. Without testing it is real.",
    id="Order uji coba: langsung dijawab 68, lalu sukses. Tanpa testing, order ini sungguhan.",
)
_ORDER: Final = {
    "code": "HSA5",
    "msisdn": "081234561230",
    "request_id": "{reference}",
}

_BILL: Final = {"code": "MPBPJS", "idpel": "0001234561230"}


def _call(name: str, path: str, *, method: str = "POST", **rest: Any) -> Call:
    return Call(dialect="socx", name=name, method=method, path=_BASE + path, **rest)


CALLS: Final = (
    _call(
        "saldo",
        "/saldo",
        method="GET",
        style="query",
        title=words.BALANCE,
        about=words.BALANCE_ABOUT,
        good='"balance"',
    ),
    _call(
        "purchase",
        "/purchase",
        title=Words(en="Buy, JSON", id="Beli, JSON"),
        about=_TEST,
        fields={**_ORDER, "testing": True},
        good='"rc":"68"',
    ),
    _call(
        "http-get",
        "/http/purchase",
        method="GET",
        style="query",
        title=Words(en="Buy, query", id="Beli, query"),
        about=_TEST,
        fields={**_ORDER, "testing": "1"},
        suffix="-Q",
        good='"rc":"68"',
    ),
    _call(
        "http-form",
        "/http/purchase",
        style="form",
        title=Words(en="Buy, form", id="Beli, form"),
        about=_TEST,
        fields={**_ORDER, "testing": "1"},
        suffix="-F",
        good='"rc":"68"',
    ),
    _call(
        "xml",
        "/xml/purchase",
        style="xml",
        title=Words(en="Buy, XML-RPC", id="Beli, XML-RPC"),
        about=_TEST,
        fields={
            "NOHP": "081234561230",
            "REQUESTID": "{reference}",
            "PIN": "",
            "NOM": "HSA5",
            "TESTING": "1",
        },
        suffix="-X",
        good="68",
    ),
    _call(
        "status",
        "/status",
        title=words.STATUS,
        about=words.STATUS_ABOUT,
        follows="order",
        fields={"request_id": "{reference}", "testing": True},
        good='"rc":"00"',
    ),
    _call(
        "inquiry",
        "/inquiry",
        title=words.BILL,
        about=words.BILL_ABOUT,
        fields={**_BILL, "request_id": "{reference}", "testing": True},
        suffix="-I",
        good='"total"',
    ),
    _call(
        "payment",
        "/payment",
        title=words.PAY,
        about=Words(
            en="With a request_id of its own: the newest bill shown is paid. Answered 68 at once.",
            id="Dengan request_id sendiri: tagihan terakhir yang dibayar. Langsung dijawab 68.",
        ),
        fields={**_BILL, "request_id": "{reference}", "testing": True},
        suffix="-P",
        good='"rc":"68"',
    ),
    _call(
        "deposit-ticket",
        "/deposit_ticket",
        title=words.TICKET,
        about=words.TICKET_ABOUT,
        fields={"amount": 100_000, "testing": True},
        good='"instruction"',
    ),
)


def _compute(call: Call, fields: Mapping[str, Any], _asker: Asker) -> Mapping[str, Any]:
    return {
        "body": {
            "json": lambda: json.dumps(dict(fields), separators=(",", ":")),
            "query": lambda: urlencode(dict(fields)),
            "form": lambda: urlencode(dict(fields)),
            "xml": lambda: _xml(fields),
        }[call.style](),
    }


def _xml(fields: Mapping[str, Any]) -> str:
    """Write the documented XML-RPC call; our samples' values need no escaping."""
    members = "".join(
        f"    <member><name>{name}</name><value><string>{value}</string></value></member>\n"
        for name, value in fields.items()
    )
    return (
        '<?xml version="1.0"?>\n<methodCall>\n  <methodName>topUpRequest</methodName>\n'
        f"  <params><param><value><struct>\n{members}"
        "  </struct></value></param></params>\n</methodCall>"
    )


def _explain(_call: Call, _fields: Mapping[str, Any], _asker: Asker) -> Sequence[Step]:
    return (
        Step(
            Words(
                en="There is no signature: the token in this header says who you are.",
                id="Tidak ada signature: token di header ini yang menyatakan siapa Anda.",
            ),
            "Authorization: Bearer $TOKEN",
        ),
    )


BOOK: Final = CallBook(
    dialect="socx",
    title="SocX",
    id_names=(),
    secret_names={"token": "TOKEN"},
    calls=CALLS,
    compute=_compute,
    explain=_explain,
    error_block="socx-codes",
    page="dialects/socx",
)
