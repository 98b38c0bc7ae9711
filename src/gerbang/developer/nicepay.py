"""NICEPAY's calls: JSON and one form, signed by SHA-256 over plain concatenation; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from gerbang.clock import WIB
from gerbang.developer.call import Asker, Call, CallBook, Step, Words
from gerbang.dialects.nicepay.tokens import cancel_token, order_token

_AMOUNT: Final = "150000"
_BUYER: Final = {
    "goodsNm": "Sepatu",
    "billingNm": "Budi Santoso",
    "billingPhone": "081200000000",
    "billingEmail": "budi@example.com",
    "billingAddr": "Jl. Contoh 1",
    "billingCity": "Jakarta",
    "billingState": "DKI Jakarta",
    "billingPostCd": "10210",
    "billingCountry": "Indonesia",
    "dbProcessUrl": "{notify}",
}
_ORDER: Final = {"currency": "IDR", "amt": _AMOUNT, "referenceNo": "{reference}", **_BUYER}
_THE_ONE: Final = {"tXid": "", "referenceNo": "{reference}", "amt": _AMOUNT}
_NEEDS: Final = {"tXid": "TXID"}


def _call(name: str, path: str, **rest: Any) -> Call:
    return Call(dialect="nicepay", name=name, method="POST", path="/nicepay" + path, **rest)


CALLS: Final = (
    _call(
        "registration",
        "/direct/v2/registration",
        title=Words(en="Register a payment", id="Daftarkan pembayaran"),
        about=Words(
            en="Nothing is charged yet. The tXid of the answer names the payment from now on.",
            id="Belum ada yang ditagih. tXid di jawabannya menamai pembayaran itu sejak sekarang.",
        ),
        fields={"payMethod": "01", **_ORDER},
        good='"resultCd":"0000"',
    ),
    _call(
        "payment",
        "/direct/v2/payment",
        style="form",
        title=Words(en="Charge the card", id="Tagih kartunya"),
        about=Words(
            en="In your shop the buyer's browser posts this form; here with a test card. The "
            "answer is a page whose form carries the result to your callBackUrl.",
            id="Di toko Anda browser pembeli yang mengirim formulir ini; di sini dengan kartu uji. "
            "Jawabannya halaman yang formulirnya membawa hasil ke callBackUrl Anda.",
        ),
        fields={
            **_THE_ONE,
            "cardNo": "4434260000000008",
            "cardExpYymm": "3901",
            "cardCvv": "100",
            "cardHolderNm": "BUDI SANTOSO",
            "callBackUrl": "https://toko.example/callback",
        },
        needs=_NEEDS,
        good='name="resultCd" value="0000"',
    ),
    _call(
        "inquiry",
        "/direct/v2/inquiry",
        title=Words(en="Ask how it stands", id="Tanya hasilnya"),
        about=Words(
            en="The only proof of a payment. Ask after every callback, notification and time-out.",
            id="Satu-satunya bukti pembayaran. Tanyakan setelah setiap callback, notifikasi, dan "
            "time-out.",
        ),
        fields=_THE_ONE,
        needs=_NEEDS,
        good='"resultMsg":"paid"',
    ),
    _call(
        "cancel",
        "/direct/v2/cancel",
        title=Words(en="Give it back", id="Kembalikan"),
        about=Words(
            en="cancelType 1 takes all of it back; 2, after settlement, a part. Its token is over "
            "the tXid.",
            id="cancelType 1 mengembalikan seluruhnya; 2, setelah penyelesaian, sebagian. Tokennya "
            "memakai tXid.",
        ),
        fields={
            "tXid": "",
            "payMethod": "01",
            "cancelType": "1",
            "amt": _AMOUNT,
            "cancelMsg": "buyer changed his mind",
        },
        needs=_NEEDS,
        good='"resultCd":"0000"',
    ),
    _call(
        "checkout",
        "/redirect/v2/registration",
        title=Words(en="Register for our page", id="Daftarkan untuk halaman kami"),
        about=Words(
            en="Send the browser to paymentURL with ?tXid= behind it: no card touches your server.",
            id="Kirim browser ke paymentURL dengan ?tXid= di belakangnya: tidak ada kartu yang "
            "menyentuh server Anda.",
        ),
        fields={
            "payMethod": "01",
            **_ORDER,
            "callBackUrl": "https://toko.example/callback",
        },
        suffix="-R",
        good='"paymentURL"',
    ),
)


def signed_fields(call: Call) -> tuple[str, str]:
    """Name the two fields that the token is over, beside time, iMid and key."""
    return ("tXid", "amt") if call.name == "cancel" else ("referenceNo", "amt")


def _compute(call: Call, fields: Mapping[str, Any], asker: Asker) -> Mapping[str, Any]:
    stamp = asker.now.astimezone(WIB).strftime("%Y%m%d%H%M%S")
    imid, key, amount = asker.ids["iMid"], asker.secrets["merchant_key"], fields["amt"]
    if call.name == "cancel":
        made = cancel_token(key, timestamp=stamp, imid=imid, txid=fields["tXid"], amount=amount)
    else:
        reference = fields["referenceNo"]
        made = order_token(key, timestamp=stamp, imid=imid, reference=reference, amount=amount)
    sent = {"timeStamp": stamp, "iMid": imid, **fields, "merchantToken": made}
    return {
        "timestamp": stamp,
        "token": made,
        "signed": signed_fields(call),
        "body": urlencode(sent) if call.style == "form" else json.dumps(sent),
    }


def _explain(call: Call, fields: Mapping[str, Any], asker: Asker) -> Sequence[Step]:
    made = _compute(call, fields, asker)
    first, second = (fields[name] or "$TXID" for name in made["signed"])
    return (
        Step(
            Words(
                en=f"Write timeStamp, iMid, {made['signed'][0]}, amt and the key one after "
                "another, with nothing between them.",
                id=f"Tulis timeStamp, iMid, {made['signed'][0]}, amt, dan kuncinya berurutan, "
                "tanpa apa pun di antaranya.",
            ),
            f"{made['timestamp']}{asker.ids['iMid']}{first}{second}$MERCHANT_KEY",
        ),
        Step(
            Words(
                en="Its SHA-256 in lower-case hexadecimal is the merchantToken.",
                id="SHA-256-nya dalam heksadesimal huruf kecil adalah merchantToken.",
            ),
            made["token"] if fields.get("tXid") != "" or call.name != "cancel" else "sha256(…)",
        ),
    )


BOOK: Final = CallBook(
    dialect="nicepay",
    title="NICEPAY",
    id_names=("iMid", "notify"),
    secret_names={"merchant_key": "MERCHANT_KEY"},
    calls=CALLS,
    compute=_compute,
    explain=_explain,
    error_block="nicepay-codes",
    page="card-integration",
)
