"""The command ``gerbang``."""

from __future__ import annotations

import typer

from gerbang.cli import db, sandbox
from gerbang.cli.demo import demo
from gerbang.cli.serve import serve

app = typer.Typer(
    name="gerbang",
    no_args_is_help=True,
    help="A host-to-host transaction gateway for prepaid and bill-payment businesses.",
)
app.command()(serve)
app.command()(demo)
app.add_typer(db.app, name="db")
app.add_typer(sandbox.app, name="sandbox")
