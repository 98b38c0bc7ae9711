"""``gerbang bill`` and ``gerbang order receipt``: inquiries, receipts, the override."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from gerbang.bills.allow_again import allow_again
from gerbang.bills.read import list_inquiries
from gerbang.bills.receipt import ReceiptUnavailableError, make_receipt, receipt_text
from gerbang.bills.receipt_pdf import receipt_pdf
from gerbang.cli.context import AsJson, DataDir, Limit, actor, in_database, show, show_one
from gerbang.cli.order import OrderId
from gerbang.errors import BadInputError, ConflictError
from gerbang.orders.read import show_order
from gerbang.postgres.pool import Connection
from gerbang.resellers.admin import find_reseller
from gerbang.secrets_box import SecretBox

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Bills.\n\n"
        "  gerbang bill inquiries --reseller TOKO1\n\n"
        "  gerbang bill allow-again 1234 'paid twice on the customer\\'s wish'"
    ),
)


@app.command("inquiries")
def inquiries(
    reseller: Annotated[str | None, typer.Option(help="Only of this reseller.")] = None,
    ref: Annotated[str | None, typer.Option(help="The reseller's reference.")] = None,
    customer_no: Annotated[str | None, typer.Option(help="The customer's number.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List inquiries, newest first; one row per supplier that was asked.

    Example: gerbang bill inquiries --customer-no 8801234561230
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        found = await find_reseller(connection, reseller) if reseller else None
        return await list_inquiries(
            connection,
            reseller_id=found["id"] if found else None,
            reference=ref,
            customer_no=customer_no,
            limit=limit,
        )

    columns = {
        "id": "id",
        "created_at": "at (WIB)",
        "reseller_code": "reseller",
        "reference": "reference",
        "product_code": "product",
        "customer_no": "customer",
        "state": "state",
        "reason": "reason",
        "total": "total",
        "supplier_code": "supplier",
        "order_id": "order",
    }
    rows = in_database(data_dir, work)["items"]
    show(
        [{**row, "id": str(row["id"])} for row in rows] if not as_json else rows,
        columns,
        as_json=as_json,
    )


@app.command("allow-again")
def allow_again_(
    order_id: OrderId,
    reason: Annotated[str, typer.Argument(help="Why; it stays in the audit log.")],
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Let the bill that an order paid be paid once more.

    Example: gerbang bill allow-again 4711 "the customer pays two months"
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        async with connection.transaction():
            return await allow_again(connection, order_id, reason=reason, actor=actor())

    show_one(in_database(data_dir, work), as_json=as_json)


def receipt(
    order_id: OrderId,
    kind: Annotated[str, typer.Option("--format", help="text or pdf.")] = "text",
    data_dir: DataDir = None,
) -> None:
    """Write the receipt (struk) of an order to standard output.

    Example: gerbang order receipt 1234 --format pdf > struk.pdf
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        if kind not in {"text", "pdf"}:
            raise BadInputError("the format is text or pdf")
        order = await show_order(connection, order_id)
        try:
            return {"receipt": make_receipt(order, issuer=order["reseller_name"])}
        except ReceiptUnavailableError as error:
            raise ConflictError(str(error)) from error

    made = in_database(data_dir, work)["receipt"]
    if kind == "pdf":
        sys.stdout.buffer.write(receipt_pdf(made))
    else:
        typer.echo(receipt_text(made), nl=False)
