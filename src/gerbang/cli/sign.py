"""``gerbang sign``: every step of a signature, and where a wrong one differs."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from gerbang.cli.context import told_plainly
from gerbang.dialects.dialect import SignatureExplanation
from gerbang.dialects.isikuota import explain as isikuota_explain
from gerbang.dialects.isikuota.wire import (
    InvalidJsonError,
    canonical_body,
    decode_object,
    encode_request,
)
from gerbang.dialects.isikuota.wire import sign as isikuota_sign
from gerbang.dialects.nicepay import explain as nicepay_explain
from gerbang.dialects.nicepay.tokens import token
from gerbang.dialects.otomax import explain as otomax_explain
from gerbang.dialects.otomax.wire import Login
from gerbang.errors import BadInputError

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Sign a request and see each step. Give --signature to see where yours differs.\n\n"
        "Nothing is sent anywhere, and secrets are not printed."
    ),
)

Wanted = Annotated[str, typer.Option("--signature", help="Yours, to be compared.")]
Secret: Final = "environment or option; not printed"  # noqa: S105 (a help text)


@app.command()
def isikuota(
    body: Annotated[
        str, typer.Argument(help="The members as JSON, a file's name, or - for stdin.")
    ],
    api_id: Annotated[str, typer.Option(envvar="GERBANG_API_ID")],
    api_key: Annotated[str, typer.Option(envvar="GERBANG_API_KEY", help=Secret)],
    secret_key: Annotated[str, typer.Option(envvar="GERBANG_SECRET_KEY", help=Secret)],
    timestamp: Annotated[int, typer.Option(help="Unix seconds; left out: now.")] = 0,
    signature: Wanted = "",
) -> None:
    """HMAC-SHA256 over api_id|api_key|timestamp|hash of the canonical JSON.

    Example: gerbang sign isikuota '{"cmd":"prepaid","code":"TSEL21","customer_no":"08123456789"}'
    """
    with told_plainly():
        members = _json_object(body)
        business = {k: v for k, v in members.items() if k not in isikuota_explain.APART}
        at = timestamp or _whole(members.get("timestamp")) or int(time.time())
        keys = isikuota_explain.Keys(api_id=api_id, api_key=api_key, secret_key=secret_key)
        canonical = _canonical(business)
    made = isikuota_sign(
        canonical, api_id=api_id, api_key=api_key, secret_key=secret_key, timestamp=at
    )
    _print_steps(isikuota_explain.steps(business, canonical, keys=keys, timestamp=at))
    typer.echo(f"= {made}\n")
    typer.echo(encode_request(business, api_id=api_id, signature=made, timestamp=at).decode())
    given = signature or members.get("signature") or ""
    if given:
        said = {**members, "timestamp": at, "signature": given}
        _print_verdict(isikuota_explain.explain_members(said, keys))


@app.command()
def otomax(  # noqa: PLR0917 (one option for each member)
    member: Annotated[str, typer.Option(envvar="GERBANG_MEMBER", help="memberID.")],
    pin: Annotated[str, typer.Option(envvar="GERBANG_PIN", help=Secret)],
    password: Annotated[str, typer.Option(envvar="GERBANG_PASSWORD", help=Secret)],
    product: Annotated[str, typer.Option(help="As it is sent.")] = "",
    dest: Annotated[str, typer.Option(help="As it is sent.")] = "",
    ref: Annotated[str, typer.Option(help="refID.")] = "",
    balance: Annotated[bool, typer.Option("--balance", help="A balance, not an order.")] = False,
    ticket: Annotated[str, typer.Option(help="A ticket of this amount, not an order.")] = "",
    signature: Wanted = "",
) -> None:
    """SHA-1 over OtomaX|memberID|product|dest|refID|pin|password, in URL-safe base64.

    Example: gerbang sign otomax --member YUSUF --product X10 --dest 081234567890 --ref 1
    """
    kind = "ticket" if ticket else "balance" if balance else "order"
    fields = {"memberid": member, "product": product, "dest": dest, "refid": ref}
    fields |= {"amount": ticket} if ticket else {}
    login = Login(member, pin.strip(), password.strip())
    _print_steps(otomax_explain.steps(fields, member, kind=kind))
    typer.echo(f"= {otomax_explain.sign_request(fields, login, kind=kind)}")
    if signature:
        said = {**fields, "sign": signature}
        _print_verdict(otomax_explain.explain_fields(said, login, kind=kind))


@app.command()
def nicepay(
    imid: Annotated[str, typer.Option("--imid", envvar="GERBANG_IMID")],
    key: Annotated[str, typer.Option(envvar="GERBANG_MERCHANT_KEY", help=Secret)],
    what: Annotated[str, typer.Argument(help="order (or inquiry), cancel, notification.")],
    timestamp: Annotated[str, typer.Option(help="timeStamp, like 20260817123456.")] = "",
    ref: Annotated[str, typer.Option(help="referenceNo, of an order.")] = "",
    txid: Annotated[str, typer.Option(help="tXid, of a cancel or a notification.")] = "",
    amount: Annotated[str, typer.Option(help="amt, as it is sent.")] = "",
    signature: Wanted = "",
) -> None:
    """SHA-256 over the plain fields one after the other, the merchant key last.

    Example: gerbang sign nicepay order --timestamp 20260817123456 --ref ORD1 --amount 10000
    """
    given = {
        "timeStamp": timestamp,
        "iMid": imid,
        "referenceNo": ref,
        "tXid": txid,
        "amt": amount,
    }
    if what not in nicepay_explain.FIELDS:
        raise typer.BadParameter(f"one of {', '.join(nicepay_explain.FIELDS)}")
    parts = {name: given[name] for name in nicepay_explain.FIELDS[what]}
    _print_steps(nicepay_explain.token_steps(parts))
    typer.echo(f"= {token(key, *parts.values())}")
    if signature:
        _print_verdict(nicepay_explain.explain_token(parts, key, given=signature))


# --- showing --------------------------------------------------------------------------------------


def _json_object(text: str) -> dict[str, Any]:
    raw = sys.stdin.read() if text == "-" else text
    if not raw.lstrip().startswith("{") and text != "-":
        path = Path(text)
        if not path.is_file():
            raise BadInputError(f"{text!r} is no JSON object and no file")
        raw = path.read_text()
    try:
        return decode_object(raw.encode("utf-8", "surrogateescape"))
    except InvalidJsonError:
        raise BadInputError("the body is not a JSON object") from None


def _canonical(business: dict[str, Any]) -> bytes:
    try:
        return canonical_body(business)
    except InvalidJsonError:
        raise BadInputError("PHP could not read or write this body") from None


def _whole(value: Any) -> int:
    return value if type(value) is int else 0


def _print_steps(steps: tuple[tuple[str, str], ...]) -> None:
    for number, (name, text) in enumerate(steps, 1):
        typer.echo(f"{number}. {name}\n   {text}")


def _print_verdict(found: SignatureExplanation) -> None:
    """Say whether the other signature is right; exit code 1 where it is not."""
    typer.echo(f"\nyours: {found.differs} - {found.advice}")
    if found.differs != "nothing":
        raise typer.Exit(1)
