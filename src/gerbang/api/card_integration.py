"""Checklists, trials, the notification doctor, payments by hand, deposits by card."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Query
from fastapi.responses import PlainTextResponse
from pydantic import Field

from gerbang.api.context import AfterId, Authorized, Code, Id, Limit, Rupiah
from gerbang.api.models import Page, Taken
from gerbang.cards.evidence import say
from gerbang.cards.operate import cancel_payment, capture_payment

router = APIRouter(tags=["cards"])
Imid = Annotated[str, Path(max_length=10)]
Txid = Annotated[str, Path(max_length=30)]


class TrialNew(Taken):
    """Arm the next charge of a merchant."""

    kind: Literal["callback", "notification"]


class Said(Taken):
    """What a person looked at."""

    note: str = Field(min_length=1, max_length=200)


class CancelBody(Taken):
    """Take back all (no amount), or a part of a settled charge."""

    amount: Rupiah | None = None
    reason: str = Field(default="", max_length=255)


class CaptureBody(Taken):
    """Take a part or all of a hold, as a payment with this reference."""

    amount: Rupiah
    reference: str = Field(min_length=1, max_length=40)


class CardDepositNew(Taken):
    """What a reseller pays in by card."""

    amount: Rupiah


@router.get("/merchants/{imid}/checklist")
async def get_checklist(caller: Authorized, imid: Imid) -> dict[str, Any]:
    """Judge the integration checklist: every item green by evidence, or open with what to do."""
    return await caller.node.card_office.evidence.checklist(imid)


@router.get("/merchants/{imid}/checklist.csv")
async def get_sheet(caller: Authorized, imid: Imid) -> PlainTextResponse:
    """Give the scenario sheet, to be run in development and again in production."""
    text = await caller.node.card_office.evidence.sheet(imid)
    name = f'attachment; filename="checklist-{imid}.csv"'
    return PlainTextResponse(text, media_type="text/csv", headers={"content-disposition": name})


@router.post("/merchants/{imid}/checklist/{item}")
async def post_said(
    caller: Authorized, imid: Imid, item: Annotated[str, Path(max_length=40)], body: Said
) -> dict[str, Any]:
    """Say that something was looked at; only for what no gateway can see."""
    node = caller.node
    await say(node.pool, imid, item, note=body.note, actor=caller.actor)
    return await node.card_office.evidence.checklist(imid)


@router.post("/merchants/{imid}/trials", status_code=201)
async def post_trial(caller: Authorized, imid: Imid, body: TrialNew) -> dict[str, Any]:
    """Arm the next charge: its notification is held back, or its browser is not returned."""
    trials = caller.node.card_office.evidence.trials
    return await trials.arm(imid, body.kind, actor=caller.actor)


@router.get("/merchants/{imid}/trials")
async def get_trials(caller: Authorized, imid: Imid) -> list[dict[str, Any]]:
    """Show the latest trials and what came of them, newest first."""
    return await caller.node.card_office.evidence.trials.show(imid)


@router.post("/merchants/{imid}/doctor")
async def post_doctor(caller: Authorized, imid: Imid) -> dict[str, Any]:
    """Send the newest notification once more, step by step, and say why it fails."""
    node = caller.node
    findings = await node.card_office.evidence.examine(
        imid,
        encode=node.callback_formats["nicepay"],
        client=node.outbound,
        addresses=node.callback_addresses,
        actor=caller.actor,
    )
    shown = [msgspec.to_builtins(finding) for finding in findings]
    return {"ok": all(finding.ok for finding in findings), "findings": shown}


@router.post("/card-payments/{txid}/cancel")
async def post_cancel(caller: Authorized, txid: Txid, body: CancelBody) -> dict[str, Any]:
    """Take a charge back; `result` is cancelled, or unknown until the acquirer says."""
    node = caller.node
    return await cancel_payment(
        node.pool, node.cards, txid, amount=body.amount, reason=body.reason, actor=caller.actor
    )


@router.post("/card-payments/{txid}/capture", status_code=201)
async def post_capture(caller: Authorized, txid: Txid, body: CaptureBody) -> dict[str, Any]:
    """Capture a hold by a payment of its own."""
    node = caller.node
    return await capture_payment(
        node.pool,
        node.cards,
        txid,
        amount=body.amount,
        reference=body.reference,
        actor=caller.actor,
    )


@router.post("/resellers/{code}/card-deposits", status_code=201)
async def post_card_deposit(caller: Authorized, code: Code, body: CardDepositNew) -> dict[str, Any]:
    """Register a payment that fills a reseller's balance: send him to `payment_url`."""
    deposits = caller.node.card_office.deposits
    return await deposits.open(code, body.amount, actor=caller.actor)


@router.get("/card-deposits")
async def get_card_deposits(
    caller: Authorized,
    reseller: Annotated[str | None, Query(max_length=64)] = None,
    after: AfterId = None,
    limit: Limit = 100,
) -> Page[dict[str, Any]]:
    """List deposits by card, newest first."""
    page = await caller.node.card_office.deposits.list(code=reseller, before=after, limit=limit)
    return Page[dict[str, Any]].model_validate(page)


@router.get("/card-deposits/{number}")
async def get_card_deposit(caller: Authorized, number: Id) -> dict[str, Any]:
    """Show one deposit by card."""
    return await caller.node.card_office.deposits.show(number)
