"""The client half: builds requests to an OtomaX supplier, interprets its texts; sends nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import quote

from gerbang.dialects.otomax import wire
from gerbang.dialects.otomax.bills import as_payment, as_question, read_bill
from gerbang.dialects.otomax.facts import read_amounts
from gerbang.dialects.otomax.outcomes import ask_outcome, buy_outcome, short
from gerbang.dialects.otomax.report import read_report
from gerbang.dialects.otomax.rule import About
from gerbang.dialects.otomax.rules import Reading, clean_text, load_rules, read_text
from gerbang.dialects.supplier_contract import (
    BillAnswer,
    BillRefused,
    BillUnclear,
    CallbackRefused,
    SupplierInquiry,
    SupplierNews,
    SupplierOrder,
    SupplierView,
)
from gerbang.orders.outcome import Delivered, Outcome, Rejected, StatusOutcome, Unknown
from gerbang.outbound.message import Answered, HttpRequest, InboundRequest
from gerbang.web.asgi import TEXT_TYPE

FORM_TYPE: Final = (("Content-Type", "application/x-www-form-urlencoded"),)

HTTP_OK: Final = 200
HTTP_REFUSED: Final = frozenset({400, 401, 403})
"""One re-implementation says login errors with these (§2)."""

_JSON_BALANCE: Final = re.compile(r'"balance" ?: ?(\d{1,15})')


class OtomaxClient:
    """Satisfies `supplier_contract.SupplierClient`; keeps no state."""

    def buy(
        self,
        supplier: SupplierView,
        order: SupplierOrder,
        *,
        now: datetime,  # noqa: ARG002 (this dialect has no time in its requests)
    ) -> HttpRequest:
        """Build the purchase; it has no time in it, so a repeat is the same request."""
        return _request(supplier, "trx_path", _order_parameters(supplier, as_payment(order)))

    def read_buy(self, supplier: SupplierView, order: SupplierOrder, answer: Answered) -> Outcome:
        """Interpret the answer to a purchase."""
        text = answer.text()
        reading = _read(supplier, answer, text)
        if reading is None:
            return Unknown(message=f"HTTP {answer.status}: {short(text)}")
        return buy_outcome(reading, text, as_payment(order))

    def ask(
        self,
        supplier: SupplierView,
        order: SupplierOrder,
        *,
        now: datetime,  # noqa: ARG002 (this dialect has no time in its requests)
    ) -> HttpRequest | None:
        """Build the same request with `check=1`, which is not signed (§3.1, §9.1)."""
        if supplier.settings.get("check", True) is False:
            return None
        parameters = _order_parameters(supplier, as_payment(order)) | {"check": "1"}
        return _request(supplier, "trx_path", parameters)

    def read_ask(
        self, supplier: SupplierView, order: SupplierOrder, answer: Answered
    ) -> StatusOutcome:
        """Interpret the answer to `check=1`."""
        text = answer.text()
        reading = _read(supplier, answer, text)
        if reading is None or answer.status != HTTP_OK:
            return Unknown(message=f"HTTP {answer.status}: {short(text)}")
        by_number = supplier.settings.get("ask_matches_reference") is True
        return ask_outcome(reading, text, as_payment(order), by_number=by_number)

    def ask_balance(
        self,
        supplier: SupplierView,
        *,
        now: datetime,  # noqa: ARG002 (this dialect has no time in its requests)
    ) -> HttpRequest | None:
        """Build the balance question; two formulas are in use (§4.1)."""
        login = _login(supplier)
        empty_slots = supplier.settings.get("balance_sign") == "empty"
        text = wire.balance_text_empty_slots(login) if empty_slots else wire.balance_text(login)
        parameters = {"memberID": login.member} | _proof(supplier, login, signed_text=text)
        return _request(supplier, "balance_path", parameters)

    def read_balance(
        self,
        supplier: SupplierView,  # noqa: ARG002 (every supplier's form is tried)
        answer: Answered,
    ) -> int | None:
        """Read ``Saldo 1.247``, the form of several lines, or JSON (§6, §10)."""
        if answer.status != HTTP_OK:
            return None
        line = clean_text(answer.text()[:4_096])
        if match := _JSON_BALANCE.search(line):
            return int(match[1])
        return read_amounts(line.replace(" : ", " "))[1]

    def read_callback(
        self, supplier: SupplierView, request: InboundRequest
    ) -> Sequence[SupplierNews] | CallbackRefused:
        """Check and interpret a report."""
        return read_report(supplier, request)

    def callback_answer(
        self,
        *,
        known: bool,  # noqa: ARG002 (an unknown reference must not be reported for ever)
    ) -> Answered:
        """Acknowledge; what the sender expects is written nowhere, so plain OK (§8)."""
        return Answered(status=HTTP_OK, headers=TEXT_TYPE, body=b"OK")


def _read(supplier: SupplierView, answer: Answered, text: str) -> Reading | None:
    """Read a text that came with an HTTP status whose body may be believed."""
    reading = read_text(text, load_rules(supplier.settings))
    if answer.status == HTTP_OK:
        return reading
    refused = answer.status in HTTP_REFUSED and reading.about is About.REQUEST
    return reading if refused else None


# --- requests -----------------------------------------------------------------------------------


def _login(supplier: SupplierView) -> wire.Login:
    """Give who we are there; codes go in upper case, on which every server agrees (§4.2)."""
    member = supplier.settings.get("member_id") or supplier.secrets.get("member_id", "")
    return wire.Login(
        str(member).strip().upper(),
        supplier.secrets.get("pin", "").strip(),
        supplier.secrets.get("password", "").strip(),
    )


def _order_parameters(supplier: SupplierView, order: SupplierOrder) -> dict[str, str]:
    login = _login(supplier)
    product, dest = order.product_code.upper(), _dest(supplier, order)
    nominal_in_dest = order.open_denomination and supplier.settings.get("nominal_as") == "dest"
    parameters = {
        "product": product,
        "qty": "1" if nominal_in_dest else str(order.quantity),
        "dest": dest,
        "refID": order.reference,
        "memberID": login.member,
    }
    if order.counter > 1 and supplier.settings.get("counter_as", "parameter") == "parameter":
        parameters["counter"] = str(order.counter)
    text = wire.order_text(login, product=product, dest=dest, reference=order.reference)
    return parameters | _proof(supplier, login, signed_text=text)


def _dest(supplier: SupplierView, order: SupplierOrder) -> str:
    """Write the destination; some suppliers want counter or nominal inside it (§3.1)."""
    dest = order.destination
    if order.open_denomination and supplier.settings.get("nominal_as") == "dest":
        dest = f"{dest}#{order.quantity}"
    if order.counter > 1 and supplier.settings.get("counter_as") == "dest":
        dest = f"{order.counter}.{dest}"
    return dest


def _proof(supplier: SupplierView, login: wire.Login, *, signed_text: str) -> dict[str, str]:
    """Give a sign, or pin and password, or all of them, as the supplier wants it (§3.2)."""
    auth = supplier.settings.get("auth", "sign")
    sign = {"sign": wire.make_sign(signed_text)} if auth != "pin" else {}
    secrets = {"pin": login.pin, "password": login.password} if auth != "sign" else {}
    return secrets | sign


_PATHS: Final = {"trx_path": "/trx", "balance_path": "/balance"}


def _request(
    supplier: SupplierView, path_setting: str, parameters: Mapping[str, str]
) -> HttpRequest:
    path = str(supplier.settings.get(path_setting) or _PATHS[path_setting])
    url = supplier.base_url.rstrip("/") + "/" + path.lstrip("/")
    encoded = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    login = _login(supplier)
    secrets = (login.pin, login.password, parameters.get("sign", ""))
    named = tuple(one for one in secrets if one)
    if str(supplier.settings.get("method", "GET")).upper() == "POST":
        return HttpRequest(
            method="POST", url=url, headers=FORM_TYPE, body=encoded.encode(), secrets=named
        )
    return HttpRequest(method="GET", url=f"{url}?{encoded}", secrets=named)


class OtomaxBills:
    """Bills as an OtomaX supplier sells them: the same `trx`, with a code that asks."""

    binds_total = False

    def inquire(
        self,
        supplier: SupplierView,
        question: SupplierInquiry,
        *,
        now: datetime,  # noqa: ARG002 (this dialect has no time in its requests)
    ) -> HttpRequest:
        """Build the inquiry."""
        return _request(supplier, "trx_path", _order_parameters(supplier, as_question(question)))

    def read_inquiry(
        self, supplier: SupplierView, question: SupplierInquiry, answer: Answered
    ) -> BillAnswer:
        """Read the bill where the text speaks of success; a text of patience holds none."""
        text = answer.text()
        reading = _read(supplier, answer, text)
        if reading is None:
            return BillUnclear(message=f"HTTP {answer.status}: {short(text)}")
        outcome = buy_outcome(reading, text, as_question(question))
        match outcome:
            case Delivered():
                return read_bill(outcome.sn, question)
            case Rejected():
                return BillRefused(
                    reason=outcome.reason, reroutable=outcome.reroutable, message=outcome.message
                )
            case _:
                return BillUnclear(message=outcome.message)


BILLS: Final = OtomaxBills()
