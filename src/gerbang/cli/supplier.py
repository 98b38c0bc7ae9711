"""``gerbang supplier``: those we buy from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gerbang.api.checks import supplier_change
from gerbang.cli.context import (
    AsJson,
    DataDir,
    Limit,
    actor,
    chosen,
    in_database,
    in_node,
    members,
    show,
    show_one,
    texts,
)
from gerbang.dialects.names import credential_forms
from gerbang.errors import converted
from gerbang.postgres.pool import Connection
from gerbang.secrets_box import SecretBox
from gerbang.suppliers.admin import (
    RouteChange,
    change_route,
    change_supplier,
    create_route,
    create_supplier,
    list_routes,
    list_suppliers,
    show_supplier,
    top_up_float,
)

if TYPE_CHECKING:
    from gerbang.app import Node

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Suppliers, routes to them, and our money there.\n\n"
        "  gerbang supplier create maju Maju socx https://h2h.maju.example --secret token=…\n\n"
        "  gerbang supplier route add TSEL10 maju M10 10950\n\n"
        "  gerbang supplier top-up maju 10000000 --key bca-0002"
    ),
)
route = typer.Typer(no_args_is_help=True, help="Which supplier may deliver which product.")
app.add_typer(route, name="route")

Code = Annotated[str, typer.Argument(help="The supplier's code.")]
Secret = Annotated[list[str] | None, typer.Option(help="name=value; repeat. Replaces all.")]
Setting = Annotated[
    list[str] | None, typer.Option(help="name=value (value may be JSON; null removes).")
]


@app.command()
def create(
    code: Code,
    name: Annotated[str, typer.Argument(help="Its name.")],
    dialect: Annotated[str, typer.Argument(help=f"One of {', '.join(credential_forms())}.")],
    base_url: Annotated[str, typer.Argument(help="Where its API is.")],
    secret: Secret = None,
    setting: Setting = None,
    data_dir: DataDir = None,
) -> None:
    """Create a supplier with its float account.

    Example: gerbang supplier create maju "Maju H2H" socx https://h2h.maju.example
        --secret token=SECRET
    """

    async def work(connection: Connection, box: SecretBox) -> dict[str, Any]:
        values = chosen(
            secrets=texts(secret or [], "--secret"), settings=members(setting or [], "--setting")
        )
        return await create_supplier(
            connection,
            code,
            name=name,
            dialect=dialect,
            base_url=base_url,
            actor=actor(),
            box=box,
            change=supplier_change(values, dialect),
        )

    show_one(in_database(data_dir, work))


@app.command("list")
def list_(limit: Limit = 100, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List suppliers with our money there."""

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await list_suppliers(connection, limit=limit)

    columns = {
        "code": "code",
        "name": "name",
        "dialect": "dialect",
        "status": "status",
        "float": "float",
        "float_reported": "reported",
        "routes": "routes",
        "base_url": "address",
    }
    show(in_database(data_dir, work)["items"], columns, as_json=as_json)


@app.command("set")
def set_(  # noqa: PLR0917 (one option for each member)
    code: Code,
    name: Annotated[str | None, typer.Option(help="Its name.")] = None,
    status: Annotated[str | None, typer.Option(help="active, paused or closed.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Where its API is.")] = None,
    callback_ip: Annotated[
        list[str] | None, typer.Option(help="Callbacks come from here; repeat.")
    ] = None,
    timeout_ms: Annotated[int | None, typer.Option(help="How long an answer may take.")] = None,
    concurrency_max: Annotated[int | None, typer.Option(help="Requests at one time.")] = None,
    float_min: Annotated[int | None, typer.Option(help="Rupiah to keep there.")] = None,
    decide_after_s: Annotated[
        int | None, typer.Option(help="An unknown order goes to a person after this.")
    ] = None,
    secret: Secret = None,
    setting: Setting = None,
    data_dir: DataDir = None,
) -> None:
    """Change what is given; gateways know within a second.

    Example: gerbang supplier set maju --status paused
    """

    async def work(connection: Connection, box: SecretBox) -> dict[str, Any]:
        values = chosen(
            name=name,
            status=status,
            base_url=base_url,
            callback_ips=callback_ip,
            timeout_ms=timeout_ms,
            concurrency_max=concurrency_max,
            float_min=float_min,
            decide_after_s=decide_after_s,
            secrets=texts(secret or [], "--secret"),
            settings=members(setting or [], "--setting"),
        )
        known = await show_supplier(connection, code)
        change = supplier_change(values, known["dialect"])
        return await change_supplier(connection, code, change, actor=actor(), box=box)

    show_one(in_database(data_dir, work))


@app.command("top-up")
def top_up(
    code: Code,
    amount: Annotated[int, typer.Argument(help="Rupiah that were sent.", min=1)],
    key: Annotated[str, typer.Option(help="Makes it happen once, for example the bank's number.")],
    note: Annotated[str, typer.Option(help="Stays with it.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Book money sent to a supplier: from the bank into our float there.

    Example: gerbang supplier top-up maju 10000000 --key BANK-77
    """

    async def work(node: Node) -> dict[str, Any]:
        await top_up_float(
            node.pool, node.lane, code, amount=amount, key=key, actor=actor(), note=note
        )
        return await show_supplier(node.pool, code)

    show_one(in_node(data_dir, work))


# --- routes ---------------------------------------------------------------------------------------


@route.command("add")
def add_route(
    product: Annotated[str, typer.Argument(help="Our product.")],
    supplier: Code,
    supplier_product_code: Annotated[str, typer.Argument(help="Its code there.")],
    cost: Annotated[int, typer.Argument(help="Rupiah.", min=0)],
    priority: Annotated[int | None, typer.Option(help="The lowest goes first.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Add a way to buy a product.

    Example: gerbang supplier route add HSA5 maju S5 5200 --priority 1
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await create_route(
            connection,
            product=product,
            supplier=supplier,
            supplier_product_code=supplier_product_code,
            cost=cost,
            actor=actor(),
            change=converted(chosen(priority=priority), RouteChange),
        )

    show_one(in_database(data_dir, work))


@route.command("list")
def list_of_routes(
    product: Annotated[str | None, typer.Option(help="Only of this product.")] = None,
    supplier: Annotated[str | None, typer.Option(help="Only of this supplier.")] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List routes.

    Example: gerbang supplier route list --product HSA5
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await list_routes(connection, product=product, supplier=supplier, limit=limit)

    columns = {
        "id": "id",
        "product": "product",
        "supplier": "supplier",
        "supplier_product_code": "its code",
        "cost": "cost",
        "priority": "priority",
        "enabled": "enabled",
        "disabled_reason": "reason",
    }
    show(in_database(data_dir, work)["items"], columns, as_json=as_json)


@route.command("set")
def set_route(
    route_id: Annotated[int, typer.Argument(help="See `gerbang supplier route list`.", min=1)],
    cost: Annotated[int | None, typer.Option(help="Rupiah.")] = None,
    priority: Annotated[int | None, typer.Option(help="The lowest goes first.")] = None,
    weight: Annotated[int | None, typer.Option(help="Share among equals.")] = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Use it?")] = None,
    reason: Annotated[str | None, typer.Option(help="Why it is disabled.")] = None,
    rule: Annotated[
        list[str] | None, typer.Option(help='name=value, as prefixes=["0812"]. Replaces all.')
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Change a route.

    Example: gerbang supplier route set 12 --disable --reason "too slow"
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        values = chosen(
            cost=cost,
            priority=priority,
            weight=weight,
            enabled=enabled,
            disabled_reason=reason,
            rules=members(rule or [], "--rule"),
        )
        change = converted(values, RouteChange)
        return await change_route(connection, route_id, change, actor=actor())

    show_one(in_database(data_dir, work))
