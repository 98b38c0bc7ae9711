"""``gerbang order``: what was bought, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from gerbang.cli.acting import AsUser, acting
from gerbang.cli.context import (
    AsJson,
    DataDir,
    Limit,
    cell,
    in_database,
    in_node,
    print_json,
    show,
)
from gerbang.errors import BadInputError
from gerbang.orders.decide import Decision
from gerbang.orders.read import list_orders, show_order
from gerbang.postgres.pool import Connection
from gerbang.resellers.admin import find_reseller
from gerbang.routing.explain import explain_text
from gerbang.secrets_box import SecretBox

if TYPE_CHECKING:
    from gerbang.app import Node

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Orders.\n\n"
        "  gerbang order list --reseller TOKO1 --status pending\n\n"
        "  gerbang order list --needs-decision\n\n"
        "  gerbang order decide 1234 delivered --reason 'supplier confirmed by phone' --sn 0411"
    ),
)
OrderId = Annotated[int, typer.Argument(help="The order's number.", min=1, max=2**63 - 1)]
_DECISIONS = {str(word): word for word in get_args(Decision)}


@app.command("list")
def list_(
    reseller: Annotated[str | None, typer.Option(help="Only of this reseller.")] = None,
    ref: Annotated[str | None, typer.Option(help="The reseller's reference.")] = None,
    status: Annotated[
        str | None, typer.Option(help="pending, success, failed or reversed.")
    ] = None,
    testing: Annotated[bool | None, typer.Option(help="Only testing orders, or none.")] = None,
    needs_decision: Annotated[
        bool, typer.Option("--needs-decision", help="Only those a person must decide.")
    ] = False,
    limit: Limit = 50,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List orders, newest first.

    Example: gerbang order list --needs-decision
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        found = await find_reseller(connection, reseller) if reseller else None
        return await list_orders(
            connection,
            reseller_id=found["id"] if found else None,
            reference=ref,
            state=status,
            testing=testing,
            needs_decision=needs_decision or None,
            limit=limit,
        )

    columns = {
        "id": "id",
        "created_at": "at (WIB)",
        "reseller_code": "reseller",
        "reference": "reference",
        "product_code": "product",
        "destination": "destination",
        "price": "price",
        "state": "state",
        "reason": "reason",
        "sn": "sn",
        "supplier_code": "supplier",
    }
    rows = in_database(data_dir, work)["items"]
    show(
        [{**row, "id": str(row["id"])} for row in rows] if not as_json else rows,
        columns,
        as_json=as_json,
    )


@app.command("show")
def show_(order_id: OrderId, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show one order: what happened when, attempts, money and callbacks.

    Example: gerbang order show 4711
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await show_order(connection, order_id)

    order = in_database(data_dir, work)
    if as_json:
        print_json(order)
        return
    typer.echo(
        f"{order['id']} {order['reseller_code']} {order['reference']}: {order['product_code']}"
        f" → {order['destination']} Rp{cell(order['price'])} {order['state']}"
        f" {order['reason'] or ''} {order['sn']}".rstrip()
    )
    show(order["timeline"], {"at": "at (WIB)", "what": "what", "detail": "detail"})
    for attempt in order["attempts"]:
        typer.echo(f"\nWhy attempt {attempt['number']} went to {attempt['supplier_code']}:")
        typer.echo(explain_text(attempt["explanation"]))


@app.command()
def decide(
    order_id: OrderId,
    decision: Annotated[str, typer.Argument(help="delivered or rejected.")],
    why: Annotated[str, typer.Argument(help="The same as --reason.")] = "",
    reason: Annotated[str, typer.Option(help="How you know; it stays with the order.")] = "",
    sn: Annotated[str, typer.Option(help="The serial number, when it was delivered.")] = "",
    user: AsUser = None,
    data_dir: DataDir = None,
) -> None:
    """Settle an order whose outcome nobody can learn. Callbacks go out from the gateway.

    Example: gerbang order decide 4711 delivered --sn 04098054469922890027
        --reason "maju: delivered, by phone"
    """
    who = acting(data_dir, user)

    async def work(node: Node) -> None:
        if decision not in _DECISIONS:
            raise BadInputError("the decision is delivered or rejected")
        proposal = await node.approvals.decide_order(
            order_id, _DECISIONS[decision], reason=reason or why, actor=who, sn=sn
        )
        if proposal["state"] == "waiting":
            typer.echo(
                f"Waits for a second person: gerbang approval approve {proposal['id']} --user NAME"
            )

    in_node(data_dir, work)
    show_(order_id, data_dir=data_dir)
