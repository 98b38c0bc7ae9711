"""``gerbang reseller``: those who buy from us."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from gerbang.api.checks import reseller_change
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
    texts,
    told_plainly,
)
from gerbang.dialects.names import callback_formats, credential_forms, dialect_names
from gerbang.postgres.pool import Connection
from gerbang.resellers.admin import (
    change_reseller,
    create_reseller,
    list_resellers,
    show_reseller,
)
from gerbang.resellers.credentials import (
    NewCredential,
    issue_credential,
    revoke_credential,
    rotate_credential,
)
from gerbang.secrets_box import SecretBox

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Resellers, their settings and credentials.\n\n"
        "A new reseller in three steps:\n\n"
        '  gerbang reseller create TOKO1 "Toko Satu"\n\n'
        "  gerbang reseller credential issue TOKO1 socx\n\n"
        "  gerbang ledger credit TOKO1 1000000 --key bca-0001 --note 'transfer BCA'"
    ),
)
credential = typer.Typer(
    no_args_is_help=True, help="Ways to log in. Secrets are printed once and never again."
)
app.add_typer(credential, name="credential")

Code = Annotated[str, typer.Argument(help="The reseller's code.")]


@app.command()
def create(
    code: Code,
    name: Annotated[str, typer.Argument(help="Its name.")],
    price_list: Annotated[str, typer.Option(help="What it pays.")] = "default",
    data_dir: DataDir = None,
) -> None:
    """Create a reseller with an empty account.

    Example: gerbang reseller create TOKO1 "Toko Satu" --price-list gold
    """

    async def work(connection: Connection, box: SecretBox) -> dict[str, Any]:
        return await create_reseller(
            connection, code, name, actor=actor(), box=box, price_list=price_list
        )

    show_one(in_database(data_dir, work))


@app.command("list")
def list_(
    status: Annotated[str | None, typer.Option(help="active, suspended or closed.")] = None,
    after: Annotated[str, typer.Option(help="Go on after this code.")] = "",
    limit: Limit = 100,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List resellers with their money.

    Example: gerbang reseller list --status active --json
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await list_resellers(connection, after=after, limit=limit, status=status)

    columns = {
        "code": "code",
        "name": "name",
        "status": "status",
        "available": "available",
        "held": "held",
        "credit_limit": "limit",
        "price_list": "prices",
        "dialects": "dialects",
    }
    show(in_database(data_dir, work)["items"], columns, as_json=as_json)


@app.command("show")
def show_(code: Code, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show everything about one reseller, without secrets.

    Example: gerbang reseller show TOKO1
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await show_reseller(connection, code)

    show_one(in_database(data_dir, work), as_json=as_json)


@app.command("set")
def set_(  # noqa: PLR0917 (one option for each member)
    code: Code,
    name: Annotated[str | None, typer.Option(help="Its name.")] = None,
    status: Annotated[str | None, typer.Option(help="active, suspended or closed.")] = None,
    allow_ip: Annotated[
        list[str] | None, typer.Option(help="Address or network; repeat. Replaces the list.")
    ] = None,
    any_ip: Annotated[bool, typer.Option("--any-ip", help="Empty the address list.")] = False,
    dialect: Annotated[
        list[str] | None,
        typer.Option(help=f"{', '.join(dialect_names())}; repeat. Replaces the list."),
    ] = None,
    callback_url: Annotated[str | None, typer.Option(help="Where callbacks go.")] = None,
    callback_format: Annotated[str | None, typer.Option(help=", ".join(callback_formats()))] = None,
    callback_secret: Annotated[str | None, typer.Option(help="Signs the standard form.")] = None,
    credit_limit: Annotated[int | None, typer.Option(help="Rupiah below zero.")] = None,
    per_second: Annotated[int | None, typer.Option(help="Requests per second.")] = None,
    concurrent: Annotated[int | None, typer.Option(help="Requests at one time.")] = None,
    per_day: Annotated[int | None, typer.Option(help="Orders per day.")] = None,
    live: Annotated[bool | None, typer.Option(help="May it buy, or only test?")] = None,
    sandboxed: Annotated[
        bool | None, typer.Option(help="Does it live by the sandbox clock? Only in a demo.")
    ] = None,
    price_list: Annotated[str | None, typer.Option(help="What it pays.")] = None,
    reply_wait: Annotated[
        list[str] | None, typer.Option(help="DIALECT=ms to wait for the final result.")
    ] = None,
    setting: Annotated[
        list[str] | None, typer.Option(help="name=value (value may be JSON; null removes).")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Change what is given; gateways know within a second.

    Example: gerbang reseller set TOKO1 --allow-ip 203.0.113.0/24 --credit-limit 500000

    Example: gerbang reseller set TOKO1 --dialect otomax --setting otomax.slug=toko1
    """
    with told_plainly():
        callback = chosen(url=callback_url, format=callback_format, secret=callback_secret)
        limits = chosen(
            requests_per_second_max=per_second,
            concurrent_requests_max=concurrent,
            orders_per_day_max=per_day,
        )
        values = chosen(
            name=name,
            status=status,
            allowed_ips=allow_ip,
            dialects=dialect,
            callback=callback,
            credit_limit=credit_limit,
            limits=limits,
            live=live,
            sandboxed=sandboxed,
            price_list=price_list,
            reply_wait_ms=members(reply_wait or [], "--reply-wait"),
            settings=members(setting or [], "--setting"),
        )
        if any_ip:
            values["allowed_ips"] = []
        change = reseller_change(values)

    async def work(connection: Connection, box: SecretBox) -> dict[str, Any]:
        return await change_reseller(connection, code, change, actor=actor(), box=box)

    show_one(in_database(data_dir, work))


# --- credentials ----------------------------------------------------------------------------------

CredentialId = Annotated[int, typer.Argument(help="See `gerbang reseller show`.", min=1)]


@credential.command()
def issue(
    code: Code,
    dialect: Annotated[str, typer.Argument(help=f"One of {', '.join(credential_forms())}.")],
    key: Annotated[str, typer.Option(help="api_id or memberID; made when left out.")] = "",
    secret: Annotated[
        list[str] | None, typer.Option(help="name=value; made when left out, which is better.")
    ] = None,
    label: Annotated[str, typer.Option(help="A word to know it by.")] = "",
    testing: Annotated[bool, typer.Option("--testing", help="Only for testing orders.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Issue a credential and print its secrets as JSON.

    Example: gerbang reseller credential issue TOKO1 otomax --key YUSUF
    """
    with told_plainly():
        new = NewCredential(
            dialect=dialect,
            key=key,
            secrets=texts(secret or [], "--secret"),
            testing=testing,
            label=label,
        )

    async def work(connection: Connection, box: SecretBox) -> dict[str, Any]:
        issued = await issue_credential(connection, code, new, box=box, actor=actor())
        spoken.extend((await show_reseller(connection, code))["dialects"])
        return msgspec.structs.asdict(issued)

    spoken: list[str] = []
    show_one(in_database(data_dir, work), as_json=True)
    if dialect not in spoken:
        every = " ".join(f"--dialect {one}" for one in [*spoken, dialect])
        typer.echo(f"{dialect} is not on yet: gerbang reseller set {code} {every}", err=True)


@credential.command()
def rotate(
    code: Code,
    credential_id: CredentialId,
    overlap_hours: Annotated[int, typer.Option(help="The old one works on so long.", min=0)] = 24,
    keep_key: Annotated[
        bool, typer.Option("--keep-key", help="Same api_id or memberID; the old secrets end now.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Issue a successor, print its secrets as JSON; the old one ends after the overlap.

    Example: gerbang reseller credential rotate TOKO1 12 --overlap-hours 48
    """

    async def work(connection: Connection, box: SecretBox) -> dict[str, Any]:
        issued = await rotate_credential(
            connection,
            code,
            credential_id,
            box=box,
            actor=actor(),
            overlap_s=overlap_hours * 3600,
            keep_key=keep_key,
        )
        return msgspec.structs.asdict(issued)

    show_one(in_database(data_dir, work), as_json=True)


@credential.command()
def revoke(code: Code, credential_id: CredentialId, data_dir: DataDir = None) -> None:
    """End a credential at once.

    Example: gerbang reseller credential revoke TOKO1 12
    """

    async def work(connection: Connection, _box: SecretBox) -> None:
        await revoke_credential(connection, code, credential_id, actor=actor())

    in_database(data_dir, work)
    typer.echo("Revoked.")
