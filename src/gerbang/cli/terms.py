"""``gerbang terms``: what is asked of resellers, and how they stand to it."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import typer

from gerbang.cli.context import (
    AsJson,
    DataDir,
    Limit,
    actor,
    chosen,
    in_database,
    in_node,
    print_json,
    show,
    show_one,
    told_plainly,
)
from gerbang.errors import converted
from gerbang.postgres.pool import Connection
from gerbang.secrets_box import SecretBox
from gerbang.terms import charge, kyc, read
from gerbang.terms.store import change_operator_terms, operator_terms

if TYPE_CHECKING:
    from gerbang.app import Node

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "KYC, the monthly minimum and the surcharge for those that only ask for bills.\n\n"
        "  gerbang terms rules --kyc-required --orders-per-month 1000\n\n"
        "  gerbang terms kyc TOKO1 approved --evidence 'KTP 3201…' --date 2026-08-17\n\n"
        "  gerbang terms report --only-warned\n\n"
        "  gerbang terms surcharges 2026-08 --post"
    ),
)

Code = Annotated[str, typer.Argument(help="The reseller's code.")]
MonthText = Annotated[str | None, typer.Option(help="A month like 2026-08 (default: this one).")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="YYYY-MM-DD.")]
_CHARGE: Final = {
    "reseller": "reseller", "inquiries": "inquiries", "orders": "orders",
    "mean_daily": "a day", "amount": "surcharge", "posted": "posted", "paid_from": "from",
    "why": "why",
}  # fmt: skip


@app.command()
def rules(  # noqa: PLR0917 (one option for each rule)
    kyc_required: Annotated[
        bool | None, typer.Option(help="Must KYC be approved before live access?")
    ] = None,
    checklist_required: Annotated[
        bool | None, typer.Option(help="Must the go-live checklist be green before live access?")
    ] = None,
    deposit_min: Annotated[
        int | None, typer.Option(help="Rupiah a reseller needs to go live.")
    ] = None,
    orders_per_month: Annotated[int | None, typer.Option(help="The monthly minimum.")] = None,
    surcharge: Annotated[
        int | None, typer.Option(help="Rupiah a month per started step; 0 takes none.")
    ] = None,
    surcharge_inquiries: Annotated[
        int | None, typer.Option(help="The step: so many of the mean daily inquiries.")
    ] = None,
    surcharge_day: Annotated[
        int | None,
        typer.Option(help="Post it by itself from this day of the next month on; 0 is never."),
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show what is asked of every reseller, after changing what is given.

    Example: gerbang terms rules --kyc-required --orders-per-month 500
    """
    change = chosen(
        kyc_required=kyc_required,
        checklist_required=checklist_required,
        deposit_min=deposit_min,
        orders_per_month_min=orders_per_month,
        surcharge_amount=surcharge,
        surcharge_inquiries=surcharge_inquiries,
        surcharge_day=surcharge_day,
    )

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        if change:
            await change_operator_terms(connection, change, actor=actor())
        return msgspec.structs.asdict(await operator_terms(connection))

    show_one(in_database(data_dir, work), as_json=as_json)


@app.command("show")
def show_(
    code: Code, month: MonthText = None, as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Show one reseller's terms, its KYC, its progress and its surcharge.

    Example: gerbang terms show TOKO1 --month 2026-08
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await read.show_terms(connection, code, month=month)

    found = in_database(data_dir, work)
    show_one(found if as_json else _flat(found), as_json=as_json)


@app.command("set")
def set_(
    code: Code,
    orders_per_month: Annotated[
        int | None, typer.Option(help="Its own minimum; 0 is none.")
    ] = None,
    usual_minimum: Annotated[
        bool, typer.Option("--usual-minimum", help="The operator's minimum again.")
    ] = False,
    surcharge_exempt: Annotated[
        bool | None, typer.Option(help="May it ask for bills without buying?")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Change where a reseller's terms differ from everybody's.

    Example: gerbang terms set TOKO1 --orders-per-month 200
    """
    with told_plainly():
        values = chosen(orders_per_month_min=orders_per_month, surcharge_exempt=surcharge_exempt)
        if usual_minimum:
            values["orders_per_month_min"] = None
        change = converted(values, read.ResellerTermsChange)

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await read.change_terms(connection, code, change, actor=actor())

    show_one(_flat(in_database(data_dir, work)))


@app.command("kyc")
def kyc_(
    code: Code,
    state: Annotated[
        str | None, typer.Argument(help="submitted, approved, rejected or revoked.")
    ] = None,
    evidence: Annotated[str, typer.Option(help="Which papers, seen by whom.")] = "",
    day: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Their date.")
    ] = None,
    until: Day = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show who a reseller is, after adding a record where a state is given.

    Example: gerbang terms kyc TOKO1 approved --evidence "KTP and NPWP, seen by Ani"
        --date 2026-08-17
    """
    with told_plainly():
        record = None
        if state is not None:
            values = {
                "state": state,
                "evidence": evidence,
                "evidence_date": (day or datetime.now()).date(),  # noqa: DTZ005 (a day of here)
                "valid_until": until.date() if until else None,
            }
            record = converted(values, kyc.KycRecord)

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        if record is None:
            return await kyc.show_kyc(connection, code)
        return await kyc.record_kyc(connection, code, record, actor=actor())

    found = in_database(data_dir, work)
    if as_json:
        print_json(found)
        return
    records = found.pop("records")
    show_one(found)
    columns = {"at": "at (WIB)", "state": "state", "evidence_date": "of", "evidence": "evidence"}
    show(records, columns)


@app.command()
def report(
    month: MonthText = None,
    only_warned: Annotated[
        bool, typer.Option("--only-warned", help="Only those that fall short.")
    ] = False,
    after: Annotated[str, typer.Option(help="Go on after this code.")] = "",
    limit: Limit = 1000,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show how every active reseller stands to its monthly minimum.

    Example: gerbang terms report --month 2026-08 --only-warned
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await read.report(
            connection, month=month, only_warned=only_warned, after=after, limit=limit
        )

    items = in_database(data_dir, work)["items"]
    columns = {
        "reseller": "reseller", "live": "live", "kyc": "kyc", "orders": "orders",
        "minimum": "minimum", "missing": "missing", "pace": "pace", "warning": "warning",
    }  # fmt: skip
    show(items if as_json else [_flat(item) for item in items], columns, as_json=as_json)


@app.command()
def surcharges(
    month: Annotated[str, typer.Argument(help="A month like 2026-08.")],
    post: Annotated[bool, typer.Option("--post", help="Charge it; once, however often.")] = False,
    reseller: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show what a month's inquiries cost whom and why; --post takes it, when the month is over.

    Example: gerbang terms surcharges 2026-08 --post
    """

    async def post_all(node: Node) -> dict[str, Any]:
        return await charge.post_surcharges(
            node.pool, node.lane, node.house, month=month, code=reseller, actor=actor()
        )

    async def show_all(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await charge.show_surcharges(connection, month=month, code=reseller)

    found = in_node(data_dir, post_all) if post else in_database(data_dir, show_all)
    show(found["items"], _CHARGE, as_json=as_json)


def _flat(terms: dict[str, Any]) -> dict[str, Any]:
    """Lay the parts of a reseller's terms side by side, for a person."""
    parts = {"kyc": terms["kyc"]["state"], "kyc_evidence": terms["kyc"]["evidence"]}
    dates: dict[str, date | None] = {
        "kyc_date": terms["kyc"]["evidence_date"],
        "kyc_valid_until": terms["kyc"]["valid_until"],
    }
    charged = {"surcharge": terms["surcharge"]["amount"], "why": terms["surcharge"]["why"]}
    alone = {k: v for k, v in terms.items() if k not in {"kyc", "progress", "surcharge"}}
    return {**alone, **parts, **dates, **terms["progress"], **charged}
