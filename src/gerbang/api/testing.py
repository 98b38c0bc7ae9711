"""``/testing``: what an integrator does, with a testing credential or an operator's token.

A testing credential is a testing token as bearer (SocX), or HTTP Basic: its key with the secret
that the dialect names as its proof (api_id and secret_key, memberID and password). Live credentials
are refused here: their secrets must not travel. With an operator's token, `reseller` says whose
testing it is.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.exceptions import HTTPException

from gerbang.api.context import Authorized, Code, Id
from gerbang.api.dialect_types import OrderDialect
from gerbang.api.models import Shown, Taken
from gerbang.api.services import Services
from gerbang.api.tokens import Token, find_token
from gerbang.clock import SystemClock
from gerbang.dialects.contract import Credential
from gerbang.dialects.names import credential_forms, dialects_with_tokens
from gerbang.errors import NotFoundError
from gerbang.golive.read import show_checklist
from gerbang.outbound.message import InboundRequest
from gerbang.people.role import Permission
from gerbang.secrets_box import hash_token
from gerbang.testing.desk import TestingDesk
from gerbang.testing.trigger import EVENTS
from gerbang.web.client_address import client_ip_of

router = APIRouter(tags=["testing"])


class Tester(msgspec.Struct, frozen=True, kw_only=True):
    """Whose testing it is, and who asks; `credential` is the one that logged in, if any."""

    services: Services
    reseller_id: int
    code: str
    actor: str
    credential: Credential | None = None

    @property
    def desk(self) -> TestingDesk:
        """The node's testing desk."""
        return self.services.node.testing

    def credential_for(self, dialect: str | None) -> Credential:
        """Give the credential to act with. Raises NotFoundError."""
        own = self.credential
        if own is not None and dialect in {None, own.dialect}:
            return own
        return self.desk.any_credential(self.reseller_id, dialect=dialect)


async def let_in(
    request: Request,
    reseller: Annotated[
        str | None, Query(max_length=64, description="Whose, with an operator's token.")
    ] = None,
) -> Tester:
    """Let in a testing credential or an operator's token."""
    services: Services = request.app.state.services
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    text = text.strip()
    if kind.lower() == "bearer" and text:
        token = await find_token(services.node.pool, text)
        if token is not None:
            return _of_operator(services, token, reseller)
    client_ip = client_ip_of(request.scope)
    for credential, proven in _candidates(services, kind.lower(), text):
        # Address and rate come first, as in the dialects: so a short password cannot be tried out.
        reason = services.node.gateway.check_access(credential, client_ip)
        if reason is not None:
            raise HTTPException(403, f"not welcome: {reason}")
        if proven():
            return _of_credential(services, credential)
    raise HTTPException(401, "a testing credential or an operator's token is needed")


def _of_credential(services: Services, credential: Credential) -> Tester:
    return Tester(
        services=services,
        reseller_id=credential.reseller.id,
        code=credential.reseller.code,
        actor=f"testing:{credential.reseller.code}",
        credential=credential,
    )


def _of_operator(services: Services, token: Token, code: str | None) -> Tester:
    if not token.may(Permission.ORDERS_TEST):
        raise HTTPException(403, "the role of this token's person does not allow orders.test")
    if code is None:
        raise HTTPException(422, "with an operator's token, ?reseller=CODE says whose testing")
    found = services.node.snapshot.reseller_by_code(code)
    if found is None:
        raise NotFoundError(f"no reseller {code}")
    return Tester(services=services, reseller_id=found.view.id, code=code, actor=token.actor)


def _candidates(
    services: Services, kind: str, text: str
) -> Iterator[tuple[Credential, Callable[[], bool]]]:
    """Find testing credentials by their names, each with its proof; a live one is nobody here."""
    find = services.node.gateway.find_credential
    if kind == "bearer":
        for dialect in dialects_with_tokens():
            found = find(dialect, hash_token(text))
            if found is not None and found.testing:
                yield found, lambda: True  # the token itself is the proof
    if kind != "basic":
        return
    try:
        key, _, secret = b64decode(text, validate=True).decode().partition(":")
    except ValueError:
        return
    for dialect, form in credential_forms().items():
        found = find(dialect, key.upper() if form.key_upper else key) if form.proof else None
        if found is not None and found.testing:
            yield found, partial(_same, secret, found.secrets.get(form.proof, ""))


def _same(given: str, own: str) -> bool:
    return bool(own) and hmac.compare_digest(given.encode(), own.encode())


Testing = Annotated[Tester, Depends(let_in)]
Since = Annotated[datetime | None, Query(description="From then on; left out: from now on.")]


class MeShown(Shown):
    """Who you are here."""

    reseller: str
    dialect: str | None
    events: list[str]


class TriggerBody(Taken):
    """Which event to make happen."""

    event: str = Field(examples=["order.success"])
    dialect: OrderDialect | None = None
    product: str | None = Field(default=None, max_length=64)
    reference: str | None = Field(default=None, min_length=1, max_length=64)


class TriggeredShown(Shown):
    """The testing order, bill or deposit ticket; `reason` where the event is a refusal."""

    event: str
    state: str
    reference: str
    product: str
    destination: str
    order_id: int | None
    ticket_id: int | None
    total: int | None
    reason: str


class FeedShown(Shown):
    """Callbacks, each ready to be sent; some come again, so leave out the ids you know."""

    items: list[dict[str, Any]]
    now: datetime


class LogShown(Shown):
    """What happened; some lines come again, so leave out the keys you know."""

    items: list[dict[str, Any]]
    now: datetime


class AnswerBody(Taken):
    """What your program answered; no status means that it could not be reached."""

    status: int | None = Field(default=None, ge=100, le=599)
    text: str = Field(default="", max_length=100_000)
    elapsed_ms: int = Field(default=0, ge=0, le=600_000)


class ExplainBody(Taken):
    """A request as you sent it; body as text."""

    dialect: OrderDialect | None = None
    method: str = Field(default="POST", max_length=10)
    path: str = Field(default="/", max_length=200)
    query: str = Field(default="", max_length=8_000)
    content_type: str = Field(default="", max_length=200)
    body: str = Field(default="", max_length=200_000)


class ExplainedShown(Shown):
    """How we build the signature, and where yours parts from it; never a secret."""

    dialect: str
    differs: str
    advice: str
    steps: list[dict[str, str]]


class ItemShown(Shown):
    """One line of the checklist."""

    name: str
    title: str
    done: bool
    why: str
    how: str


class ChecklistShown(Shown):
    """The go-live checklist, computed from what happened."""

    reseller: str
    green: bool
    items: list[ItemShown]


@router.get("/testing/me")
async def get_me(who: Testing) -> MeShown:
    """Show who you are here, and what can be triggered."""
    dialect = who.credential.dialect if who.credential else None
    return MeShown(reseller=who.code, dialect=dialect, events=list(EVENTS))


@router.post("/testing/trigger", status_code=201)
async def post_trigger(who: Testing, body: TriggerBody) -> TriggeredShown:
    """Do the test that leads to an event; callbacks follow as always."""
    found = await who.desk.trigger(
        who.credential_for(body.dialect),
        body.event,
        product=body.product,
        reference=body.reference,
    )
    return TriggeredShown(**msgspec.structs.asdict(found))


@router.get("/testing/callbacks")
async def get_feed(who: Testing, since: Since = None) -> FeedShown:
    """Listen for testing callbacks: ask every second. While you do, no address need be set."""
    now = SystemClock().now()
    items, began = await who.desk.callbacks_since(who.reseller_id, since or now)
    if began:
        await who.services.node.loader.refresh_now()
    return FeedShown(items=items, now=now)


@router.post("/testing/callbacks/{callback_id}/answer", status_code=204)
async def post_answer(who: Testing, callback_id: Id, body: AnswerBody) -> None:
    """Tell what your program answered to a callback you forwarded to it."""
    await who.desk.record_answer(
        who.reseller_id,
        callback_id,
        status=body.status,
        text=body.text,
        elapsed_ms=body.elapsed_ms,
    )


@router.post("/testing/callbacks/{callback_id}/resend", status_code=202)
async def post_resend(who: Testing, callback_id: Id) -> dict[str, str]:
    """Deliver a testing callback once more: the original event, id and time."""
    shown = await who.desk.resend(who.reseller_id, callback_id, actor=who.actor)
    return {"state": shown["state"]}


@router.get("/testing/log")
async def get_log(who: Testing, since: Since = None, *, testing: bool | None = None) -> LogShown:
    """Show what happened to orders and callbacks; a testing credential sees only testing."""
    now = SystemClock().now()
    only = True if who.credential is not None else testing
    items = await who.desk.log_since(who.reseller_id, since or now, testing=only)
    return LogShown(items=items, now=now)


@router.post("/testing/explain")
async def post_explain(who: Testing, body: ExplainBody) -> ExplainedShown:
    """Explain the signature of a request that you made."""
    credential = who.credential_for(body.dialect)
    request = InboundRequest(
        method=body.method.upper(),
        path=body.path,
        query=body.query.encode("utf-8", "replace"),
        headers=(("content-type", body.content_type),),
        body=body.body.encode("utf-8", "replace"),
    )
    found = who.desk.explain(credential, request)
    steps = [{"step": name, "text": text} for name, text in found.steps]
    return ExplainedShown(
        dialect=credential.dialect, differs=found.differs, advice=found.advice, steps=steps
    )


@router.get("/testing/checklist")
async def get_own_checklist(who: Testing) -> ChecklistShown:
    """Show your go-live checklist."""
    found = await show_checklist(who.services.node.pool, who.code)
    return ChecklistShown.model_validate(found)


@router.get("/resellers/{code}/checklist")
async def get_checklist(caller: Authorized, code: Code) -> ChecklistShown:
    """Show a reseller's go-live checklist."""
    return ChecklistShown.model_validate(await show_checklist(caller.node.pool, code))
