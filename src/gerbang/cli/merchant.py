"""``gerbang merchant``: who charges cards, through which acquirer, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from gerbang.cards.admin import (
    MerchantChange,
    change_merchant,
    create_acquirer,
    create_merchant,
    list_acquirers,
    list_merchants,
    rotate_key,
    show_merchant,
)
from gerbang.cards.read import list_payments, list_settlements, show_payment, show_settlement
from gerbang.cli.context import (
    AsJson,
    DataDir,
    Limit,
    actor,
    chosen,
    in_database,
    members,
    show,
    show_one,
)
from gerbang.errors import converted
from gerbang.postgres.pool import Connection
from gerbang.secrets_box import SecretBox

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Merchants (MIDs), their payments and settlements.\n\n"
        "  gerbang merchant create MERCHANT01 'Toko Sepatu' --feature secure=true --mdr default=180"
        "\n\n  gerbang merchant rotate-key MERCHANT01\n\n"
        "  gerbang merchant payments MERCHANT01\n\n"
        "  gerbang merchant acquirer create nicepay https://www.nicepay.co.id --imid ID --key KEY"
    ),
)
acquirer = typer.Typer(no_args_is_help=True, help="Who charges the cards for us.")
app.add_typer(acquirer, name="acquirer")

Imid = Annotated[str, typer.Argument(help="The iMid: 10 letters and digits.")]
Feature = Annotated[
    list[str] | None,
    typer.Option(help="name=value: secure, preauth, recurring, instalments=[3,6,12] …; repeat."),
]
LimitOf = Annotated[list[str] | None, typer.Option("--limit-of", help="name=value; repeat.")]
Mdr = Annotated[
    list[str] | None, typer.Option(help="brand=basis points (default, visa, …); null removes.")
]
Setting = Annotated[list[str] | None, typer.Option(help="name=value, strict=true; repeat.")]


def _change(
    feature: list[str] | None,
    limit_of: list[str] | None,
    mdr: list[str] | None,
    setting: list[str] | None,
    **plain: str | None,
) -> MerchantChange:
    values = chosen(
        features=members(feature or [], "--feature"),
        limits=members(limit_of or [], "--limit-of"),
        mdr=members(mdr or [], "--mdr"),
        settings=members(setting or [], "--setting"),
        **plain,
    )
    return converted(values, MerchantChange)


@app.command()
def create(  # noqa: PLR0917 (one option for each member)
    imid: Imid,
    name: Annotated[str, typer.Argument(help="What buyers see.")],
    acquirer_code: Annotated[str, typer.Option("--acquirer", help="Its acquirer.")] = "sandbox",
    reseller: Annotated[str, typer.Option(help="Whose deposits its charges are.")] = "",
    key: Annotated[str, typer.Option(help="A merchantKey to use; empty makes one.")] = "",
    feature: Feature = None,
    limit_of: LimitOf = None,
    mdr: Mdr = None,
    setting: Setting = None,
    data_dir: DataDir = None,
) -> None:
    """Create a merchant; its key is shown this once.

    Example: gerbang merchant create TOKOKARTU1 "Toko Kartu" --reseller TOKO1 --mdr default=200
    """

    async def work(connection: Connection, box: SecretBox) -> dict[str, Any]:
        return await create_merchant(
            connection,
            imid,
            name,
            actor=actor(),
            box=box,
            acquirer=acquirer_code,
            reseller=reseller,
            key=key,
            change=_change(feature, limit_of, mdr, setting),
        )

    show_one(in_database(data_dir, work))


@app.command("list")
def list_(limit: Limit = 100, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List merchants with what we owe them."""

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await list_merchants(connection, limit=limit)

    columns = {
        "imid": "iMid",
        "name": "name",
        "status": "status",
        "acquirer": "acquirer",
        "reseller": "reseller",
        "balance": "balance",
    }
    show(in_database(data_dir, work)["items"], columns, as_json=as_json)


@app.command("show")
def show_(imid: Imid, data_dir: DataDir = None) -> None:
    """Show one merchant with its features, limits, rates and settings.

    Example: gerbang merchant show TOKOKARTU1
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await show_merchant(connection, imid)

    show_one(in_database(data_dir, work))


@app.command("set")
def set_(
    imid: Imid,
    name: Annotated[str | None, typer.Option(help="What buyers see.")] = None,
    status: Annotated[str | None, typer.Option(help="active, suspended or closed.")] = None,
    feature: Feature = None,
    limit_of: LimitOf = None,
    mdr: Mdr = None,
    setting: Setting = None,
    data_dir: DataDir = None,
) -> None:
    """Change what is given; gateways know within a second.

    Example: gerbang merchant set MERCHANT01 --feature instalments=[3,6] --mdr amex=290
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        change = _change(feature, limit_of, mdr, setting, name=name, status=status)
        return await change_merchant(connection, imid, change, actor=actor())

    show_one(in_database(data_dir, work))


@app.command("rotate-key")
def rotate_key_(
    imid: Imid,
    key: Annotated[str, typer.Option(help="A merchantKey to use; empty makes one.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Give a merchant a new key at once; it is shown this once.

    Example: gerbang merchant rotate-key TOKOKARTU1
    """

    async def work(connection: Connection, box: SecretBox) -> dict[str, Any]:
        return await rotate_key(connection, imid, actor=actor(), box=box, key=key)

    show_one(in_database(data_dir, work))


@app.command()
def payments(
    imid: Annotated[str | None, typer.Argument(help="Of one merchant.")] = None,
    reference: Annotated[str | None, typer.Option(help="Of this referenceNo.")] = None,
    state: Annotated[str | None, typer.Option(help="In this state.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List payments, newest first.

    Example: gerbang merchant payments TOKOKARTU1 --state paid
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await list_payments(
            connection, imid=imid, reference=reference, state=state, limit=limit
        )

    columns = {
        "txid": "tXid",
        "imid": "iMid",
        "reference": "reference",
        "amount": "amount",
        "refunded": "refunded",
        "state": "state",
        "card_mask": "card",
        "registered_at": "registered",
    }
    show(in_database(data_dir, work)["items"], columns, as_json=as_json)


@app.command()
def payment(
    txid: Annotated[str, typer.Argument(help="The tXid.")], data_dir: DataDir = None
) -> None:
    """Show one payment with its attempts, steps and notifications.

    Example: gerbang merchant payment TOKOKARTU101202611260827431026
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await show_payment(connection, txid)

    show_one(in_database(data_dir, work))


@app.command()
def settlements(
    imid: Annotated[str | None, typer.Argument(help="Of one merchant.")] = None,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Of one day.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List settlement reports; with a merchant and a day, every charge and refund in it.

    Example: gerbang merchant settlements TOKOKARTU1 --day 2026-08-17
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        if imid is not None and day is not None:
            return await show_settlement(connection, imid, day.date())
        chosen_day = day.date() if day is not None else None
        return await list_settlements(connection, imid=imid, day=chosen_day, limit=limit)

    told = in_database(data_dir, work)
    if "lines" in told:
        show_one(told)
        return
    columns = {
        "day": "day",
        "imid": "iMid",
        "charges_count": "charges",
        "gross": "gross",
        "fee": "fee",
        "refunds_count": "refunds",
        "refunded": "refunded",
        "net": "net",
    }
    show(told["items"], columns, as_json=as_json)


# --- acquirers ------------------------------------------------------------------------------------


@acquirer.command("create")
def acquirer_create(
    code: Annotated[str, typer.Argument(help="A code of yours.")],
    base_url: Annotated[str, typer.Argument(help="Where it is, before /nicepay.")],
    imid: Annotated[str, typer.Option(help="Our iMid there.")],
    key: Annotated[str, typer.Option(help="Our merchantKey there.")],
    *,
    sandbox: Annotated[bool, typer.Option(help="A development account: no money.")] = False,
    setting: Setting = None,
    data_dir: DataDir = None,
) -> None:
    """Create an acquirer: our merchant account at a NICEPAY or another Gerbang.

    Example: gerbang merchant acquirer create bank1 https://dev.nicepay.example
        --imid OURMID0001 --key SECRET
    """

    async def work(connection: Connection, box: SecretBox) -> dict[str, Any]:
        return await create_acquirer(
            connection,
            code,
            base_url=base_url,
            imid=imid,
            key=key,
            sandbox=sandbox,
            settings=members(setting or [], "--setting") or {},
            actor=actor(),
            box=box,
        )

    show_one(in_database(data_dir, work))


@acquirer.command("list")
def acquirer_list(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List acquirers."""

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await list_acquirers(connection)

    columns = {"code": "code", "kind": "kind", "base_url": "address", "merchants": "merchants"}
    show(in_database(data_dir, work)["items"], columns, as_json=as_json)
