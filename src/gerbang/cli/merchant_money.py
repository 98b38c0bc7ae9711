"""``gerbang merchant payout`` and what belongs to tokens and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gerbang.cards.payout import pay_out
from gerbang.cards.token_admin import list_tokens, revoke_token, show_public_key
from gerbang.cli.context import (
    AsJson,
    DataDir,
    Limit,
    actor,
    in_database,
    in_node,
    show,
    show_one,
)
from gerbang.postgres.pool import Connection
from gerbang.secrets_box import SecretBox

if TYPE_CHECKING:
    from gerbang.app import Node

Imid = Annotated[str, typer.Argument(help="The iMid.")]


def payout(
    imid: Imid,
    amount: Annotated[int, typer.Argument(help="Rupiah, at most what we owe.")],
    key: Annotated[str, typer.Option(help="Your own number of it: the same books once.")],
    note: Annotated[str, typer.Option(help="Why, or the bank's number.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Book a payout that was made to a merchant.

    Example: gerbang merchant payout MERCHANT01 1500000 --key PO-2026-11-25
    """

    async def work(node: Node) -> dict[str, Any]:
        return await pay_out(
            node.pool, node.lane, node.house, imid, amount, key=key, note=note, actor=actor()
        )

    show_one(in_node(data_dir, work))


def tokens(
    imid: Annotated[str | None, typer.Argument(help="Of one merchant.")] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List recurring and pre-auth tokens by the payment that made them.

    Example: gerbang merchant tokens TOKOKARTU1
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await list_tokens(connection, imid=imid, limit=limit)

    columns = {
        "txid": "tXid",
        "imid": "iMid",
        "kind": "kind",
        "card_mask": "card",
        "charges": "charges",
        "created_at": "made",
        "revoked_at": "revoked",
    }
    show(in_database(data_dir, work)["items"], columns, as_json=as_json)


def revoke(
    txid: Annotated[str, typer.Argument(help="The payment that made the token.")],
    data_dir: DataDir = None,
) -> None:
    """Refuse a recurring token from now on; what was charged with it stays.

    Example: gerbang merchant revoke TOKOKARTU101202611260827431026
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await revoke_token(connection, txid, actor=actor())

    show_one(in_database(data_dir, work))


def public_key(data_dir: DataDir = None) -> None:
    """Show the RSA key that merchants may encrypt card fields with."""

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await show_public_key(connection)

    show_one(in_database(data_dir, work))


COMMANDS = (payout, tokens, revoke, public_key)
