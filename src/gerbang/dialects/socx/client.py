"""The client half: builds requests to a SocX supplier and interprets its answers; pure (§11).

A supplier's settings: ``channel`` (json, http_get, http_form, xml) and ``xml_auth`` (bearer,
query, pin, none); its secret: ``token``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never
from urllib.parse import urlencode

from gerbang.dialects.contract import ProductKind
from gerbang.dialects.socx import topup_xml
from gerbang.dialects.socx.bill_client import SocxBills, payment_fields
from gerbang.dialects.socx.spec import (
    NOT_FOUND_RCS,
    NOT_OF_AN_ORDER,
    RULE_OF_RC,
)
from gerbang.dialects.socx.supplier_report import Form, Report, read_report, read_rupiah
from gerbang.dialects.socx.wire import decode_object, encode_json, same_msisdn
from gerbang.dialects.supplier_contract import (
    AnswerRule,
    CallbackRefused,
    SupplierNews,
    SupplierOrder,
    SupplierView,
)
from gerbang.orders.outcome import (
    Accepted,
    Delivered,
    NotFound,
    Outcome,
    Rejected,
    StatusOutcome,
    Unknown,
)
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered, HttpRequest, InboundRequest
from gerbang.web.asgi import JSON_TYPE, XML_TYPE

FORM_TYPE: Final = (("content-type", "application/x-www-form-urlencoded"),)


class Channel(StrEnum):
    """Which of the four ways to buy a supplier is used with (§3)."""

    JSON = "json"
    HTTP_GET = "http_get"
    HTTP_FORM = "http_form"
    XML = "xml"


class XmlAuth(StrEnum):
    """How the XML channel says who asks; its document shows no way at all (§2)."""

    BEARER = "bearer"
    QUERY = "query"
    PIN = "pin"
    NONE = "none"


class QuantityError(ValueError):
    """SocX cannot say a quantity, except as the nominal of an open denomination."""


class SocxClient:
    """A SocX supplier: satisfies `supplier_contract.SupplierClient`."""

    # --- purchases ------------------------------------------------------------------------------

    def buy(self, supplier: SupplierView, order: SupplierOrder, *, now: datetime) -> HttpRequest:  # noqa: ARG002 (no time in this protocol)
        """Build the purchase on the supplier's channel; a bill is paid by JSON only."""
        if order.kind is ProductKind.POSTPAID:
            return _post_json(supplier, "/payment", payment_fields(order))
        fields = {
            "code": order.product_code,
            "msisdn": _msisdn(order),
            "request_id": order.reference,
        }
        match Channel(supplier.settings.get("channel", Channel.JSON)):
            case Channel.JSON:
                return _post_json(supplier, "/purchase", fields)
            case Channel.HTTP_GET:
                return _get_form(supplier, fields)
            case Channel.HTTP_FORM:
                return _post_form(supplier, fields)
            case Channel.XML:
                return _post_xml(supplier, fields)
            case never:
                assert_never(never)

    def read_buy(
        self,
        supplier: SupplierView,  # noqa: ARG002 (every supplier speaks the same codes)
        order: SupplierOrder,
        answer: Answered,
    ) -> Outcome:
        """Interpret the body whatever the HTTP status is (§2)."""
        report = read_report(answer.body)
        if report is None:
            return Unknown(message=f"HTTP {answer.status} without a readable rc")
        if differs := _echo_difference(report, order):
            # The reference may belong to another order: neither of them has failed (§4.6).
            return Unknown(message=f"{differs} is not what was sent")
        return _outcome(report)

    # --- status ---------------------------------------------------------------------------------

    def ask(
        self,
        supplier: SupplierView,
        order: SupplierOrder,
        *,
        now: datetime,  # noqa: ARG002 (no time in this protocol)
    ) -> HttpRequest | None:
        """Ask ``/status``, which exists only with a bearer token."""
        if not _token(supplier):
            return None
        return _post_json(supplier, "/status", {"request_id": order.reference})

    def read_ask(
        self,
        supplier: SupplierView,  # noqa: ARG002 (every supplier speaks the same codes)
        order: SupplierOrder,
        answer: Answered,
    ) -> StatusOutcome:
        """Believe only what is certainly said of our order (§11 number 2)."""
        report = read_report(answer.body)
        if report is None:
            return Unknown(message=f"HTTP {answer.status} without a readable rc")
        if differs := _echo_difference(report, order):
            return Unknown(message=f"{differs} is not what was asked about")
        if report.rc in NOT_FOUND_RCS:
            return NotFound(message=_say(report))
        if report.rc in NOT_OF_AN_ORDER:
            return Unknown(message=_say(report))
        if not (report.request_id and report.has_order):
            return Unknown(message=f"{_say(report)} (without request_id or trxid)")
        return _outcome(report)

    # --- balance --------------------------------------------------------------------------------

    def ask_balance(self, supplier: SupplierView, *, now: datetime) -> HttpRequest | None:  # noqa: ARG002 (no time in this protocol)
        """Ask ``/saldo``."""
        if not _token(supplier):
            return None
        return HttpRequest(
            method="GET",
            url=_url(supplier, "/saldo"),
            headers=_bearer(supplier),
            secrets=_secrets(supplier),
        )

    def read_balance(self, supplier: SupplierView, answer: Answered) -> int | None:  # noqa: ARG002 (every supplier says it alike)
        """Read our float."""
        members = decode_object(answer.body)
        return read_rupiah(members.get("balance")) if members else None

    # --- callbacks ------------------------------------------------------------------------------

    def read_callback(
        self,
        supplier: SupplierView,  # noqa: ARG002 (unsigned: the core checks the address)
        request: InboundRequest,
    ) -> Sequence[SupplierNews] | CallbackRefused:
        """Read C1, C2 or C3; nothing in them proves who sent it (§6.4)."""
        report = read_report(request.body)
        if report is None or not report.request_id:
            return CallbackRefused(message="no rc or no reference", status=400)
        return [
            SupplierNews(
                reference=report.request_id,
                outcome=_outcome(report),
                # Nobody signed it, so what contradicts something final is asked about first.
                confirm_first=True,
                # One documented sample has ref_id and tr_id swapped (§9 number 17).
                reference_if_unknown=report.trxid if report.form is Form.DATA else "",
                answer=_XML_TAKEN if report.form is Form.XML else None,
            )
        ]

    def callback_answer(self, *, known: bool) -> Answered:
        """Answer 200 in any case; what stands in it has no effect (§6.1)."""
        status = "success" if known else "ignored"
        return Answered(status=200, headers=JSON_TYPE, body=encode_json({"status": status}))


_XML_TAKEN: Final = Answered(status=200, headers=XML_TYPE, body=topup_xml.EMPTY_RESPONSE)


# --- requests -----------------------------------------------------------------------------------


def _msisdn(order: SupplierOrder) -> str:
    is_bill = order.kind is ProductKind.POSTPAID
    if order.open_denomination or (is_bill and order.quantity > 1):
        return f"{order.destination}#{order.quantity}"
    if order.quantity != 1:
        raise QuantityError(QuantityError.__doc__)
    return order.destination


def _token(supplier: SupplierView) -> str:
    return supplier.secrets.get("token", "")


def _secrets(supplier: SupplierView) -> tuple[str, ...]:
    token = _token(supplier)
    return (token,) if token else ()


def _bearer(supplier: SupplierView) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {_token(supplier)}"),)


def _url(supplier: SupplierView, path: str) -> str:
    # The whole base address is configured, /reseller/api/v1 included (§1).
    return supplier.base_url.rstrip("/") + path


def _post_json(supplier: SupplierView, path: str, fields: dict[str, str]) -> HttpRequest:
    return HttpRequest(
        method="POST",
        url=_url(supplier, path),
        headers=(*_bearer(supplier), *JSON_TYPE),
        body=encode_json(fields),
        secrets=_secrets(supplier),
    )


def _get_form(supplier: SupplierView, fields: dict[str, str]) -> HttpRequest:
    query = urlencode({**fields, "token": _token(supplier)})
    return HttpRequest(
        method="GET", url=_url(supplier, f"/http/purchase?{query}"), secrets=_secrets(supplier)
    )


def _post_form(supplier: SupplierView, fields: dict[str, str]) -> HttpRequest:
    return HttpRequest(
        method="POST",
        url=_url(supplier, "/http/purchase"),
        headers=FORM_TYPE,
        body=urlencode({**fields, "token": _token(supplier)}).encode(),
        secrets=_secrets(supplier),
    )


def _post_xml(supplier: SupplierView, fields: dict[str, str]) -> HttpRequest:
    auth = XmlAuth(supplier.settings.get("xml_auth", XmlAuth.BEARER))
    token = _token(supplier)
    query = f"?{urlencode({'token': token})}" if auth is XmlAuth.QUERY else ""
    members = {
        "NOHP": fields["msisdn"],
        "REQUESTID": fields["request_id"],
        "PIN": token if auth is XmlAuth.PIN else "",
        "NOM": fields["code"],
    }
    return HttpRequest(
        method="POST",
        url=_url(supplier, f"/xml/purchase{query}"),
        headers=(*(_bearer(supplier) if auth is XmlAuth.BEARER else ()), *XML_TYPE),
        body=topup_xml.encode_call(topup_xml.REQUEST, members),
        secrets=_secrets(supplier),
    )


# --- answers ------------------------------------------------------------------------------------


def _echo_difference(report: Report, order: SupplierOrder) -> str:
    """Name the member whose echo is another order's; a member left out differs from nothing."""
    ids = {report.request_id, report.trxid} if report.form is Form.DATA else {report.request_id}
    if report.request_id and order.reference not in ids:
        return "request_id"
    if report.msisdn and not same_msisdn(report.msisdn, _msisdn(order)):
        return "msisdn"
    # Some sellers lower the case of product codes (§6.2).
    # Inquiries and payments may name the biller's own code (§9 number 15).
    is_bill = order.kind is ProductKind.POSTPAID
    if not is_bill and report.code and report.code.upper() != order.product_code.upper():
        return "code"
    return ""


def _outcome(report: Report) -> Delivered | Accepted | Rejected | Unknown:
    """Look the rc up in the table; what is not listed there is Unknown."""
    rule = RULE_OF_RC.get(report.rc)
    match rule.outcome if rule else "":
        case "delivered":
            return _delivered(report)
        case "accepted":
            return _accepted(report)
        case "rejected" if rule and rule.reason:
            return _rejected(report, rule, rule.reason)
        case _:
            return Unknown(message=_say(report))


def _delivered(report: Report) -> Delivered:
    return Delivered(
        sn=report.sn,
        cost=_cost(report),
        supplier_order_id=_order_id(report),
        supplier_balance=report.balance,
        message=report.message,
        data=report.data,
    )


def _accepted(report: Report) -> Accepted:
    return Accepted(
        supplier_order_id=_order_id(report),
        cost=_cost(report),
        supplier_balance=report.balance,
        message=report.message,
    )


def _rejected(report: Report, rule: AnswerRule, reason: Reason) -> Rejected:
    # Whatever produced a trxid consumed the reference (§4.6); without the member, the table says.
    consumed = report.has_order if report.trxid else rule.reference_consumed
    return Rejected(
        reason=reason,
        reroutable=rule.reroutable,
        reference_consumed=consumed,
        supplier_order_id=_order_id(report),
        supplier_balance=report.balance,
        message=_say(report),
    )


def _cost(report: Report) -> int | None:
    # Samples carry 0 where nothing was looked up: that is no price (§6.1).
    return report.price if report.price is not None and report.price > 0 else None


def _order_id(report: Report) -> str:
    return report.trxid if report.has_order else ""


def _say(report: Report) -> str:
    return f"rc {report.rc} {report.message}".strip()


BILLS: Final = SocxBills(_post_json)
