"""Receipts (struk) as downloads, for the console and the portal alike."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.responses import PlainTextResponse, Response

from gerbang.bills.receipt import ReceiptUnavailableError, make_receipt, receipt_text
from gerbang.bills.receipt_pdf import receipt_pdf
from gerbang.errors import NotFoundError
from gerbang.web.pages.visit import Visit


async def receipt_answer(visit: Visit, order: Mapping[str, Any]) -> Response:
    """Answer with the receipt of an order, as PDF unless text is asked for."""
    try:
        receipt = make_receipt(order, issuer=order["reseller_name"])
    except ReceiptUnavailableError as error:
        raise NotFoundError(visit.t("bill.no_receipt")) from error
    if visit.query.get("format") == "text":
        return _download(PlainTextResponse(receipt_text(receipt)), f"struk-{order['id']}.txt")
    content = await asyncio.to_thread(receipt_pdf, receipt)
    return _download(Response(content, media_type="application/pdf"), f"struk-{order['id']}.pdf")


def _download(answer: Response, name: str) -> Response:
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
