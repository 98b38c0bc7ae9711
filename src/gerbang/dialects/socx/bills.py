"""``/inquiry`` and ``/payment`` (§5.4, §5.5): what they say and what is said to them; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gerbang.bills.bill import Bill, PlnPrepaid, Service, quote_of
from gerbang.bills.receipt_words import describe
from gerbang.clock import WIB
from gerbang.dialects.contract import BillView, OrderState, OrderView, Refusal, Uncertain
from gerbang.dialects.socx.replies import order_msisdn, order_rc
from gerbang.dialects.socx.spec import MESSAGES, RC_INVALID, RC_PENDING, RC_SUCCESS, REASONS
from gerbang.dialects.socx.wire import (
    CODE_CHARS_MAX,
    ECHO_CHARS_MAX,
    REQUEST_ID_CHARS_MAX,
    UNREADABLE_JSON,
    clean_text,
    encode_json,
)
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered
from gerbang.web.asgi import JSON_TYPE

HEADER_SETTING: Final = "socx.receipt_header"
FOOTER_SETTING: Final = "socx.receipt_footer"
HEADER: Final = "GERBANG"
FOOTER: Final = "Simpan struk ini sebagai bukti pembayaran yang sah"
_NUMBER_REASONS: Final = frozenset(
    {Reason.INVALID_DESTINATION, Reason.NUMBER_NOT_FOUND, Reason.METER_WRONG}
)
_RC_OF_NUMBER: Final[Mapping[str, str]] = {
    Service.PLN_POSTPAID.value: "114",
    Service.PLN_NON_TAGLIS.value: "114",
    Service.PLN_PREPAID.value: "115",
}
_BLOCKED_AT_PLN: Final = "177"


class BillDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An inquiry or payment as it was read; `problem` is empty where it is fit to be used."""

    code: str = ""
    idpel: str = ""
    request_id: str = ""
    testing: bool = False
    problem: str = ""


class _Members(msgspec.Struct):
    code: str
    idpel: str
    request_id: str
    testing: bool | None = None


_decode: Final = msgspec.json.Decoder(_Members).decode


def read_bill_request(body: bytes, *, testing: bool) -> BillDraft:
    """Read code, idpel and request_id, whatever the content type says."""
    try:
        asked = _decode(body)
    except UNREADABLE_JSON:
        return BillDraft(problem="code, idpel dan request_id wajib diisi, semuanya teks")
    return BillDraft(
        code=clean_text(asked.code, chars_max=ECHO_CHARS_MAX),
        idpel=clean_text(asked.idpel, chars_max=ECHO_CHARS_MAX),
        request_id=clean_text(asked.request_id, chars_max=ECHO_CHARS_MAX),
        testing=testing or asked.testing is True,
        problem=_problem(asked),
    )


def _problem(asked: _Members) -> str:
    if not (asked.code and len(asked.code) <= CODE_CHARS_MAX and asked.code.isprintable()):
        return "code wajib diisi"
    number, hash_sign, nominal = asked.idpel.partition("#")
    is_number = bool(number) and len(asked.idpel) <= 64 and asked.idpel.isprintable()  # noqa: PLR2004
    if not is_number or (hash_sign and not _is_nominal(nominal)):
        return "idpel wajib diisi; nominal di belakang # harus angka"
    fits = 0 < len(asked.request_id) <= REQUEST_ID_CHARS_MAX and asked.request_id.isprintable()
    return "" if fits else "request_id wajib diisi"


def _is_nominal(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 12 and int(text) > 0  # noqa: PLR2004


# --- replies ------------------------------------------------------------------------------------


def _reply(
    draft: BillDraft,
    *,
    rc: str,
    msg: str,
    balance: int,
    product_name: str = "",
    client_name: str = "",
    info: list[dict[str, str]] | None = None,
    amounts: tuple[str, str, str, str, str] = ("", "", "", "", ""),
) -> dict[str, Any]:
    """Give the inquiry object (§5.4), with its documented members in any case."""
    sheets, fine, amount, fee, total = amounts
    return {
        "code": draft.code,
        "idpel": draft.idpel,
        "request_id": draft.request_id,
        "product_name": product_name,
        "client_name": client_name,
        "info": info,
        "rc": rc,
        "msg": msg,
        "jumlah_tagihan": sheets,
        "denda": fine,
        "tagihan": amount,
        "admin": fee,
        "total": total,
        "balance": balance,
    }


def inquiry_reply(draft: BillDraft, view: BillView) -> dict[str, Any]:
    """Show a bill, or whose meter it is."""
    quoted = view.quoted
    return _reply(
        draft,
        rc=RC_SUCCESS,
        msg=MESSAGES[RC_SUCCESS],
        balance=view.balance or 0,
        product_name=view.product_name,
        client_name=quoted.bill.customer_name,
        info=info_pairs(quoted.bill),
        amounts=_amounts(quoted.bill, fee=quoted.fee, total=quoted.total),
    )


def _amounts(bill: Bill, *, fee: int, total: int) -> tuple[str, str, str, str, str]:
    sheets = 0 if bill.service is Service.PLN_PREPAID else bill.sheets
    return str(sheets), str(bill.fine), str(bill.amount), str(fee), str(total)


def info_pairs(bill: Bill) -> list[dict[str, str]]:
    """Write what to display: names are no stable vocabulary (§5.4)."""
    d = bill.details
    if isinstance(d, PlnPrepaid):
        pairs = [
            ("IDPEL", d.subscriber_id),
            ("NAMA", bill.customer_name),
            ("No Meter", d.meter_no),
            ("Tarif/Daya", f"{d.tariff}/{d.power} VA"),
        ]
    else:
        pairs = [("IDPEL", bill.customer_no), ("NAMA", bill.customer_name), *describe(bill)]
        for sheet in bill.periods:
            pairs.append(("Periode", sheet.name))
            if sheet.meter_before or sheet.meter_after:
                pairs.append(("Stand Meter", f"{sheet.meter_before}-{sheet.meter_after}"))
    return [{"name": name, "value": value} for name, value in pairs]


def bill_rc(reason: Reason, *, service: str) -> str:
    """Give the rc of a refusal: with bills a wrong number has its own, PLN's again others (§8)."""
    if reason in _NUMBER_REASONS:
        return _RC_OF_NUMBER.get(service, "102")
    if reason is Reason.NUMBER_BLOCKED and service.startswith("pln"):
        return _BLOCKED_AT_PLN
    return REASONS[reason]


def refused_reply(
    draft: BillDraft, refusal: Refusal, *, service: str = "", balance: int = 0
) -> dict[str, Any]:
    """Refuse: nothing was created, and the request_id stays free."""
    rc = bill_rc(refusal.reason, service=service)
    text = MESSAGES[rc]
    return _reply(
        draft,
        rc=rc,
        msg=f"{text} ({refusal.message})" if refusal.message else text,
        balance=refusal.balance or balance,
        product_name=refusal.product_name,
    )


def unfit_reply(draft: BillDraft, *, balance: int = 0) -> dict[str, Any]:
    """Refuse fields."""
    return _reply(draft, rc=RC_INVALID, msg=f"GAGAL, {draft.problem}", balance=balance)


def stranger_reply(draft: BillDraft, rc: str, message: str) -> dict[str, Any]:
    """Refuse a caller who has no access."""
    return _reply(draft, rc=rc, msg=message or MESSAGES[rc], balance=0)


def as_payment(
    reply: dict[str, Any],
    settings: Mapping[str, Any],
    *,
    trx_id: int = 0,
    sn: str = "",
    time: str = "",
) -> dict[str, Any]:
    """Add what a payment has beside an inquiry (§5.5)."""
    return {
        **reply,
        "nomor_referensi": sn,
        "trx_id": trx_id,
        "footer": str(settings.get(FOOTER_SETTING, FOOTER)),
        "header": str(settings.get(HEADER_SETTING, HEADER)),
        "time": time,
    }


def payment_reply(
    draft: BillDraft, order: OrderView, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Tell how a payment stands; another code or number than the stored one must be seen."""
    quoted = quote_of(order.data)
    same_code = draft.code.upper() == order.product_code.upper()
    shown = msgspec.structs.replace(
        draft,
        code=draft.code if same_code else order.product_code,
        idpel=order_msisdn(order),
        request_id=order.reference,
    )
    rc = order_rc(order)
    failed = order.state is OrderState.FAILED and order.message
    reply = _reply(
        shown,
        rc=rc,
        msg=order.message if failed else MESSAGES[rc],
        balance=order.balance or 0,
        product_name=order.product_name,
        client_name=quoted.bill.customer_name if quoted else "",
        info=info_pairs(quoted.bill) if quoted else None,
        amounts=_amounts(quoted.bill, fee=quoted.fee, total=quoted.total)
        if quoted
        else ("", "", "", "", str(order.price)),
    )
    at = order.updated_at.astimezone(WIB).strftime("%d/%m/%Y %H:%M:%S")
    return as_payment(reply, settings, trx_id=order.id, sn=order.sn, time=at)


def pending_payment(
    draft: BillDraft, settings: Mapping[str, Any], uncertain: Uncertain | None = None
) -> dict[str, Any]:
    """Say pending of what may or may not exist; never a failure (§8 F*)."""
    total = str(uncertain.price) if uncertain else ""
    reply = _reply(
        draft,
        rc=RC_PENDING,
        msg=MESSAGES[RC_PENDING],
        balance=0,
        amounts=("", "", "", "", total),
    )
    return as_payment(reply, settings)


def bill_answer(reply: Mapping[str, Any], status: int = 200) -> Answered:
    """Answer with JSON."""
    return Answered(status=status, headers=JSON_TYPE, body=encode_json(reply))
