"""IsiKuota's calls: signed JSON; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from gerbang.developer import words
from gerbang.developer.call import Asker, Call, CallBook, Step, Words
from gerbang.dialects.isikuota.wire import canonical_body, encode_request, sign

_ORDER: Final = "/v1/order"

_BILL: Final = {
    "code": "MPBPJS",
    "customer_no": "0003234561230",
    "ref_id": "{reference}",
    "testing": True,
}


def _call(name: str, *, path: str = _ORDER, **rest: Any) -> Call:
    return Call(dialect="isikuota", name=name, method="POST", path=path, **rest)


CALLS: Final = (
    _call(
        "balance",
        path="/v1/balance",
        title=words.BALANCE,
        about=Words(
            en="No business fields: the empty text is signed.",
            id="Tanpa isian: yang ditandatangani adalah teks kosong.",
        ),
        good='"success":true',
    ),
    _call(
        "prepaid",
        title=Words(en="Buy prepaid", id="Beli prabayar"),
        about=words.BOUGHT_AT_ONCE,
        fields={
            "cmd": "prepaid",
            "code": "TSEL21",
            "customer_no": "081234561230",
            "ref_id": "{reference}",
            "testing": True,
        },
        good='"code":"ORDER_SUCCESS"',
    ),
    _call(
        "game",
        title=Words(en="Buy a game voucher", id="Beli voucher game"),
        about=Words(en="The destination is the player's id.", id="Tujuannya adalah id pemain."),
        fields={
            "cmd": "game",
            "code": "ML86",
            "customer_no": "1234561230",
            "ref_id": "{reference}",
            "testing": True,
        },
        suffix="-G",
        good='"code":"ORDER_SUCCESS"',
    ),
    _call(
        "status",
        title=words.STATUS,
        about=words.STATUS_ABOUT,
        follows="order",
        fields={"cmd": "status", "ref_id": "{reference}", "testing": True},
        good='"code":"ORDER_SUCCESS"',
    ),
    _call(
        "inquiry",
        title=words.BILL,
        about=words.BILL_ABOUT,
        fields={"cmd": "inquiry", **_BILL},
        suffix="-B",
        good='"success":true',
    ),
    _call(
        "pay-pasca",
        title=words.PAY,
        about=Words(
            en="The inquiry's own code, customer_no and ref_id.",
            id="Dengan code, customer_no, dan ref_id dari cek tagihannya.",
        ),
        follows="bill",
        fields={"cmd": "pay-pasca", **_BILL},
        suffix="-B",
        good='"success":true',
    ),
    _call(
        "products",
        title=Words(en="Price list", id="Daftar harga"),
        about=Words(
            en="Your own prices, page by page.", id="Harga Anda sendiri, halaman demi halaman."
        ),
        fields={"cmd": "products", "type": "prepaid"},
        good='"success":true',
    ),
)


def _compute(_call: Call, fields: Mapping[str, Any], asker: Asker) -> Mapping[str, Any]:
    timestamp = int(asker.now.timestamp())
    canonical = canonical_body(fields)
    signature = sign(
        canonical,
        api_id=asker.ids["api_id"],
        api_key=asker.secrets["api_key"],
        secret_key=asker.secrets["secret_key"],
        timestamp=timestamp,
    )
    body = encode_request(
        fields, api_id=asker.ids["api_id"], signature=signature, timestamp=timestamp
    )
    return {
        "timestamp": timestamp,
        "canonical": canonical.decode(),
        "hash": sha256(canonical).hexdigest(),
        "signature": signature,
        "body": body.decode(),
    }


def _explain(call: Call, fields: Mapping[str, Any], asker: Asker) -> Sequence[Step]:
    made = _compute(call, fields, asker)
    return (
        Step(
            Words(
                en="Sort all fields but api_id, timestamp and signature by name; write them as "
                "JSON without spaces. No field at all is the empty text.",
                id="Urutkan semua isian selain api_id, timestamp, dan signature menurut namanya; "
                "tulis sebagai JSON tanpa spasi. Tanpa isian berarti teks kosong.",
            ),
            made["canonical"],
        ),
        Step(
            Words(en="Its SHA-256 in hexadecimal.", id="SHA-256-nya dalam heksadesimal."),
            made["hash"],
        ),
        Step(
            Words(
                en="Join the id, the key, the time and the hash with |.",
                id="Gabungkan id, kunci, waktu, dan hash dengan |.",
            ),
            f"{asker.ids['api_id']}|$API_KEY|{made['timestamp']}|{made['hash']}",
        ),
        Step(
            Words(
                en="The HMAC-SHA256 of that text under $SECRET_KEY, in hexadecimal.",
                id="HMAC-SHA256 dari teks itu dengan kunci $SECRET_KEY, dalam heksadesimal.",
            ),
            made["signature"],
        ),
    )


BOOK: Final = CallBook(
    dialect="isikuota",
    title="IsiKuota",
    id_names=("api_id",),
    secret_names={"api_key": "API_KEY", "secret_key": "SECRET_KEY"},
    calls=CALLS,
    compute=_compute,
    explain=_explain,
    error_block="isikuota-codes",
    page="dialects/isikuota",
)
