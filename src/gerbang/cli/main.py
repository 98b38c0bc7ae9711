"""The command ``gerbang``."""

from __future__ import annotations

import typer

from gerbang.cli import (
    approval,
    area,
    bill,
    callback,
    db,
    deposit,
    ledger,
    merchant,
    merchant_checklist,
    merchant_money,
    order,
    product,
    recon,
    reseller,
    sandbox,
    sign,
    supplier,
    supplier_float,
    supplier_health,
    supplier_lab,
    supplier_sync,
    terms,
    token,
    user,
)
from gerbang.cli.demo import demo
from gerbang.cli.integrator import checklist, listen, logs, trigger
from gerbang.cli.serve import serve

app = typer.Typer(
    name="gerbang",
    no_args_is_help=True,
    help="A host-to-host transaction gateway for prepaid and bill-payment businesses.",
)
supplier.app.command("float")(supplier_float.float_)
supplier.app.command()(supplier_health.health)
supplier.app.command()(supplier_lab.lab)
supplier.app.command()(supplier_sync.sync)
order.app.command()(bill.receipt)
for command in (*merchant_checklist.COMMANDS, *merchant_money.COMMANDS):
    merchant.app.command()(command)
deposit.app.command()(merchant_checklist.card)
app.command()(serve)
app.command()(demo)
for _command in (listen, trigger, logs, checklist):
    app.command()(_command)
app.add_typer(reseller.app, name="reseller")
app.add_typer(product.app, name="product")
app.add_typer(supplier.app, name="supplier")
app.add_typer(approval.app, name="approval")
app.add_typer(area.app, name="area")
app.add_typer(recon.app, name="recon")
app.add_typer(order.app, name="order")
app.add_typer(bill.app, name="bill")
app.add_typer(ledger.app, name="ledger")
app.add_typer(deposit.app, name="deposit")
app.add_typer(terms.app, name="terms")
app.add_typer(merchant.app, name="merchant")
app.add_typer(callback.app, name="callback")
app.add_typer(token.app, name="token")
app.add_typer(user.app, name="user")
app.add_typer(db.app, name="db")
app.add_typer(sign.app, name="sign")
app.add_typer(sandbox.app, name="sandbox")
