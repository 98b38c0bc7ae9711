"""One order: its whole story, and what may be done about it now."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from starlette.responses import Response

from gerbang.bills.bill import quote_of
from gerbang.callbacks.resend import resend_callback
from gerbang.orders.ask import ask_status_now
from gerbang.orders.decide import REASON_LENGTH_MIN
from gerbang.orders.read import show_order, show_order_at_once
from gerbang.people.role import Permission
from gerbang.routing.explain import explain_text
from gerbang.web.pages.formats import rupiah
from gerbang.web.pages.receipts import receipt_answer
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

_PHASES: Final = ("direct", "pending", "posted", "voided")
COLOURS: Final = {
    "placed": "azure",
    "success": "green",
    "delivered": "green",
    "failed": "red",
    "rejected": "red",
    "unavailable": "red",
    "exhausted": "red",
    "unknown": "orange",
    "reversed": "purple",
}


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/orders/{id}", order_page, may=Permission.ORDERS_READ)
    site.get("/orders/{id}/receipt", receipt, may=Permission.ORDERS_READ)
    site.post("/orders/{id}/ask", ask, may=Permission.ORDERS_ASK)
    site.post("/orders/{id}/decide", decide, may=Permission.ORDERS_DECIDE, form_page=order_page)
    site.post("/orders/{id}/callbacks/{callback}/resend", resend, may=Permission.CALLBACKS_RESEND)


async def order_page(visit: Visit) -> Response:
    """Show it; while it is pending the page asks for its story again."""
    order = await show_order_at_once(visit.pool, visit.number())
    last = order["attempts"][-1] if order["attempts"] else None
    open_attempt = (
        last if last and last["state"] in {"accepted", "unknown"} and _pending(order) else None
    )
    values: dict[str, Any] = {
        "order": order,
        "story": [_told(event, visit) for event in order["timeline"]],
        "why": {a["number"]: _why(a, visit.language) for a in order["attempts"]},
        "can_ask": open_attempt is not None and open_attempt["due_at"] is not None,
        "can_decide": open_attempt is not None,
        "messages": _by_attempt(order["messages"], visit),
        "pending": _pending(order),
        "quote": quote_of(order["data"]),
    }
    template = "console/order_story.html" if visit.is_fragment else "console/order.html"
    return visit.page(template, **values)


def _pending(order: dict[str, Any]) -> bool:
    return bool(order["state"] == "pending")


def _told(event: dict[str, Any], visit: Visit) -> dict[str, Any]:
    """Say one event of the story in words."""
    t, what, detail = visit.t, event["what"], event["detail"]
    area, _, step = what.partition(".")
    if area == "supplier":
        said = said_outcome(detail, visit)
        return {
            **event,
            "title": t.of("story.supplier", step),
            "detail": said[1],
            "colour": said[0],
        }
    phase, _, amount = detail.partition(" ")
    if amount.isdecimal() and phase in _PHASES:
        text = f"{rupiah(int(amount))} · {t.of('phase', phase)}"
        return {**event, "title": t.of("event", what), "detail": text, "colour": ""}
    return {
        **event,
        "title": t.of(f"story.{area}", step),
        "detail": t.of("reason", detail),
        "colour": COLOURS.get(step, ""),
    }


def said_outcome(text: str, visit: Visit) -> tuple[str, str]:
    """Give colour and words of a kept outcome (JSON, as the transcript has it)."""
    try:
        said = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError):
        return "", text
    kind = str(said.get("type", ""))
    parts = [visit.t.of("attempt_state", kind)]
    if said.get("sn"):
        parts.append(f"SN {said['sn']}")
    if isinstance(said.get("cost"), int):
        parts.append(rupiah(said["cost"]))
    if said.get("reason"):
        parts.append(visit.t.of("reason", said["reason"]))
    parts += [str(said[name]) for name in ("message", "why") if said.get(name)]
    return COLOURS.get(kind, "azure"), " · ".join(parts)


def _why(attempt: dict[str, Any], language: str) -> list[str]:
    told: Literal["en", "id"] = "id" if language == "id" else "en"
    return explain_text(attempt["explanation"], told).splitlines()


def _by_attempt(messages: list[dict[str, Any]], visit: Visit) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for message in messages:
        told = {**message, "outcome": said_outcome(message["outcome"], visit)[1]}
        found.setdefault(message["attempt_id"], []).append(told)
    return found


async def receipt(visit: Visit) -> Response:
    """Give its receipt."""
    return await receipt_answer(visit, await show_order(visit.pool, visit.number()))


async def ask(visit: Visit) -> Response:
    """Ask the supplier now."""
    order_id = visit.number()
    async with visit.changing() as connection:
        await ask_status_now(connection, order_id, actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/orders/{order_id}", visit.t("order.asked"))


async def decide(visit: Visit) -> Response:
    """Settle an order whose outcome nobody can learn, with a reason that stays."""
    order_id, form, node = visit.number(), visit.form, visit.node
    decision = form.choice("decision", ("delivered", "rejected"))
    reason = form.text("reason", most=500)
    sn = form.text("sn", needed=False, most=200)
    if reason and len(reason) < REASON_LENGTH_MIN:
        form.refuse("reason", visit.t("order.reason_short", least=REASON_LENGTH_MIN))
    form.check()
    await node.approvals.decide_order(
        order_id,
        "delivered" if decision == "delivered" else "rejected",
        reason=reason,
        actor=visit.actor,
        sn=sn,
    )
    return visit.go(f"{visit.site.prefix}/orders/{order_id}", visit.t("order.decided"))


async def resend(visit: Visit) -> Response:
    """Send a callback once more."""
    order_id, callback_id = visit.number(), visit.number("callback")
    async with visit.changing() as connection:
        await resend_callback(connection, callback_id, actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/orders/{order_id}#callbacks", visit.t("callback.resent"))
