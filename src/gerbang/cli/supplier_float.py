"""``gerbang supplier float``: our money there, as they say and as the ledger has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gerbang.cli.context import AsJson, DataDir, in_database, in_node, show
from gerbang.errors import BadInputError
from gerbang.postgres.pool import Connection
from gerbang.secrets_box import SecretBox
from gerbang.suppliers.read_float import show_floats

if TYPE_CHECKING:
    from gerbang.app import Node


def float_(
    code: Annotated[str | None, typer.Argument(help="Only this supplier.")] = None,
    ask: Annotated[bool, typer.Option("--ask", help="Ask the supplier now.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show our float at suppliers: as they said it, as the ledger has it, and the difference.

    Example: gerbang supplier float maju --ask
    """

    async def work(connection: Connection, _box: SecretBox) -> list[dict[str, Any]]:
        return await show_floats(connection, code)

    async def work_asking(node: Node) -> list[dict[str, Any]]:
        if code is None:
            raise BadInputError("--ask needs the supplier's code")
        supplier = (await show_floats(node.pool, code))[0]
        await node.float_watch.ask(supplier["id"])
        return await show_floats(node.pool, code)

    columns = {
        "code": "code",
        "ledger": "ledger",
        "in_flight": "on its way",
        "reported": "reported",
        "reported_at": "at (WIB)",
        "difference": "difference",
        "float_min": "minimum",
        "low": "low",
        "differs": "differs",
        "ask_error": "error",
    }
    rows = in_node(data_dir, work_asking) if ask else in_database(data_dir, work)
    show(rows, columns, as_json=as_json)
