"""``gerbang listen``, ``trigger``, ``logs``, ``checklist``: what an integrator types.

They talk to a running gateway over HTTP, so they need no access to its machine.
"""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from gerbang.cli.context import AsJson, cell, print_json, show
from gerbang.dialects.names import credential_forms
from gerbang.money import format_dots

URL: Final = "http://127.0.0.1:8080"
TIMEOUT_S: Final = 15
POLL_S: Final = 1.0
SEEN_MAX: Final = 10_000
SHOWN_CHARS_MAX: Final = 300

Url = Annotated[str, typer.Option("--url", envvar="GERBANG_URL", help="The gateway.")]
Token = Annotated[
    str,
    typer.Option(envvar="GERBANG_TOKEN", help="A testing token, or an operator's token."),
]
Key = Annotated[
    str, typer.Option(envvar="GERBANG_TESTING_KEY", help="A testing api_id or memberID.")
]
Secret = Annotated[
    str, typer.Option(envvar="GERBANG_TESTING_SECRET", help="Its secret_key or password.")
]
Reseller = Annotated[
    str, typer.Option(envvar="GERBANG_RESELLER", help="Whose, with an operator's token.")
]
Times = Annotated[int, typer.Option(help="End after so many; 0 goes on until Ctrl-C.", min=0)]


class Remote:
    """A gateway's testing interface over HTTP."""

    def __init__(self, url: str, *, token: str, key: str, secret: str, reseller: str) -> None:
        """Prepare; nothing is sent yet."""
        if not token and not (key and secret):
            raise typer.BadParameter("give --token, or --key and --secret")
        self._base = url.rstrip("/") + "/api"
        basic = base64.b64encode(f"{key}:{secret}".encode()).decode()
        self._login = f"Bearer {token}" if token else f"Basic {basic}"
        self._reseller = reseller

    def call(
        self, method: str, path: str, body: Any = None, **query: str | int | bool
    ) -> dict[str, Any]:
        """Ask, and give the answer; what is refused ends the command in words."""
        named = {name: str(value) for name, value in query.items()}
        if self._reseller:
            named["reseller"] = self._reseller
        address = f"{self._base}{path}?{urllib.parse.urlencode(named)}"
        request = urllib.request.Request(  # noqa: S310 (the address is the user's own)
            address,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"authorization": self._login, "content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                found: dict[str, Any] = json.loads(answer.read() or b"{}")
                return found
        except urllib.error.HTTPError as error:
            with suppress(ValueError, AttributeError):
                said = json.loads(error.read())
                _fail(said.get("message") or said)
            _fail(f"{address} answered {error.code}")
        except OSError as error:
            _fail(f"{self._base} cannot be reached: {error}")
        raise AssertionError


def _fail(text: object) -> None:
    typer.echo(f"gerbang: {text}", err=True)
    raise typer.Exit(1)


def _follow(
    ask: Callable[[str | None], dict[str, Any]], *, key: str
) -> Iterator[list[dict[str, Any]]]:
    """Ask every second for what is new; what was seen before is left out."""
    seen: dict[Any, None] = {}
    since: str | None = None
    while True:
        found = ask(since)
        news = [item for item in found["items"] if item[key] not in seen]
        seen.update(dict.fromkeys(item[key] for item in news))
        while len(seen) > SEEN_MAX:
            del seen[next(iter(seen))]
        since = since or found["now"]
        if news:
            since = max(since, *(item.get("at") or item["occurred_at"] for item in news))
        yield news
        time.sleep(POLL_S)


def listen(
    forward: Annotated[
        str, typer.Option(help="Your program's address; left out: only shown.")
    ] = "",
    url: Url = URL,
    token: Token = "",
    key: Key = "",
    secret: Secret = "",
    reseller: Reseller = "",
    times: Times = 0,
) -> None:
    """Receive testing callbacks here, forward them to a local program, and show both.

    Exactly what the gateway would send is forwarded: method, headers, signature, body. An answer
    of 2xx acknowledges the callback, so no public address is needed to develop.

    Example: gerbang listen --forward http://127.0.0.1:3000/callback --token TESTING-TOKEN
    """
    remote = Remote(url, token=token, key=key, secret=secret, reseller=reseller)
    who = remote.call("GET", "/testing/me")["reseller"]
    typer.echo(f"Listening for testing callbacks of {who}; Ctrl-C ends.")

    def ask(since: str | None) -> dict[str, Any]:
        return remote.call("GET", "/testing/callbacks", **({"since": since} if since else {}))

    count = 0
    with suppress(KeyboardInterrupt):
        for news in _follow(ask, key="id"):
            for callback in news:
                _take(remote, callback, forward)
                count += 1
            if times and count >= times:
                return


def _take(remote: Remote, callback: dict[str, Any], forward: str) -> None:
    body = base64.b64decode(callback["body"])
    typer.echo(f"\n{_time(callback['occurred_at'])}  {callback['event']}  {callback['reference']}")
    for name, value in callback["headers"]:
        typer.echo(f"  {name}: {value}")
    shown = body.decode("utf-8", "replace") or urllib.parse.urlsplit(callback["url"]).query
    typer.echo(f"  {shown}")
    if not forward:
        return
    status, text, elapsed_ms = _send(forward, callback, body)
    typer.echo(f"  → {forward}  {status or 'no answer'}  {elapsed_ms} ms  {text[:SHOWN_CHARS_MAX]}")
    answer = {"status": status, "text": text[:SHOWN_CHARS_MAX], "elapsed_ms": elapsed_ms}
    remote.call("POST", f"/testing/callbacks/{callback['id']}/answer", answer)


def _send(forward: str, callback: dict[str, Any], body: bytes) -> tuple[int | None, str, int]:
    """Send a callback to the local program as the gateway would to its address."""
    query = urllib.parse.urlsplit(callback["url"]).query if callback["method"] == "GET" else ""
    address = f"{forward}{'&' if '?' in forward else '?'}{query}" if query else forward
    request = urllib.request.Request(  # noqa: S310 (the address is the user's own)
        address,
        method=callback["method"],
        data=body or None,
        headers=dict(callback["headers"]),
    )
    started = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            status, text = answer.status, answer.read(10_000).decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read(10_000).decode("utf-8", "replace")
    except OSError as error:
        status, text = None, str(error)
    return status, text, int((time.monotonic() - started) * 1000)


def trigger(  # noqa: PLR0917 (one option for each member)
    event: Annotated[
        str,
        typer.Argument(
            help="order.success, failed, pending, rejected, sn_received, reversed; bill.found, "
            "not_found, already_paid, changed, paid, pending, failed, reversed; deposit.opened, "
            "paid, late, expired, near_miss, refused."
        ),
    ],
    product: Annotated[str, typer.Option(help="Which; left out: the first that is open.")] = "",
    dialect: Annotated[str, typer.Option(help=f"One of {', '.join(credential_forms())}.")] = "",
    ref: Annotated[str, typer.Option(help="Your reference; made when left out.")] = "",
    url: Url = URL,
    token: Token = "",
    key: Key = "",
    secret: Secret = "",
    reseller: Reseller = "",
    as_json: AsJson = False,
) -> None:
    """Make an event happen: the testing order, bill or deposit ticket for it. No money moves.

    Example: gerbang trigger order.failed --token TESTING-TOKEN
    """
    remote = Remote(url, token=token, key=key, secret=secret, reseller=reseller)
    given = {"product": product, "dialect": dialect, "reference": ref}
    body = {"event": event, **{name: value for name, value in given.items() if value}}
    done = remote.call("POST", "/testing/trigger", body)
    if as_json:
        print_json(done)
    else:
        typer.echo(_triggered(done))


def _triggered(done: dict[str, Any]) -> str:
    """Say in a line what was done, and what follows."""
    if done["ticket_id"] is not None:
        what = f"ticket {done['ticket_id']}  Rp{format_dots(done['total'])}"
    else:
        what = f"{done['reference']}  {done['product']} {done['destination']}".strip()
    if done["state"] == "refused":
        return f"{what}  refused: {done['reason']}".strip()
    follows = f": {done['event']} follows" if done["order_id"] is not None else ""
    return f"{what}  {done['state']}{follows}"


def logs(  # noqa: PLR0917 (one option for each member)
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on showing.")] = False,
    minutes: Annotated[int, typer.Option(help="How far back to begin.", min=0)] = 60,
    live: Annotated[
        bool | None, typer.Option("--live/--testing", help="Only one of them (operators).")
    ] = None,
    url: Url = URL,
    token: Token = "",
    key: Key = "",
    secret: Secret = "",
    reseller: Reseller = "",
    times: Times = 0,
) -> None:
    """Show orders, refusals, status questions and callbacks as they happen.

    Example: gerbang logs --follow --token TESTING-TOKEN
    """
    remote = Remote(url, token=token, key=key, secret=secret, reseller=reseller)
    only: dict[str, str] = {} if live is None else {"testing": "false" if live else "true"}
    begin = datetime.fromtimestamp(time.time() - 60 * minutes).astimezone().isoformat()

    def ask(since: str | None) -> dict[str, Any]:
        return remote.call("GET", "/testing/log", since=since or begin, **only)

    count = 0
    with suppress(KeyboardInterrupt):
        for news in _follow(ask, key="key"):
            for line in news:
                typer.echo(_line(line))
                count += 1
            if not follow or (times and count >= times):
                return


def _line(line: dict[str, Any]) -> str:
    mark = "TEST" if line["testing"] else "live"
    parts = (line["reference"], line["product_code"], line["destination"], line["detail"])
    told = "  ".join(part for part in parts if part)
    return f"{_time(line['at'])}  {mark}  {line['what']:<26}  {told}"


def _time(text: str) -> str:
    return cell(datetime.fromisoformat(text))


def checklist(
    url: Url = URL,
    token: Token = "",
    key: Key = "",
    secret: Secret = "",
    reseller: Reseller = "",
    as_json: AsJson = False,
) -> None:
    """Show the go-live checklist: computed from what happened, and what to do where it is open.

    Exit code 1 while something is open.

    Example: gerbang checklist --reseller TOKO1
    """
    remote = Remote(url, token=token, key=key, secret=secret, reseller=reseller)
    found = remote.call("GET", "/testing/checklist")
    if as_json:
        print_json(found)
    else:
        rows = [{**item, "mark": "ok" if item["done"] else "OPEN"} for item in found["items"]]
        show(rows, {"mark": "", "title": "what", "why": "why", "how": "what to do"})
    if not found["green"]:
        raise typer.Exit(1)
