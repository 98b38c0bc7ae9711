"""The reseller-facing half: ``POST /v1/balance`` and ``POST /v1/order``.

The order of checks is that of §0: JSON, api_id, timestamp, signature, address, fields, known
ref_id, product, balance. The last three are the core's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from starlette.routing import BaseRoute

from gerbang.dialects.contract import Credential, Gateway
from gerbang.dialects.isikuota.commands import ORDERING, Asked, run_command
from gerbang.dialects.isikuota.explain import explain_request
from gerbang.dialects.isikuota.fields import NOT_BOOLEAN, InvalidFieldsError
from gerbang.dialects.isikuota.replies import (
    balance_reply,
    explained_refusal,
    invalid_fields,
    invalid_json,
    pending_reply,
    refused,
)
from gerbang.dialects.isikuota.spec import NAME, TIMESTAMP_WINDOW_S, TIMESTAMP_WINDOW_SETTING
from gerbang.dialects.isikuota.wire import (
    InvalidJsonError,
    canonical_body,
    decode_object,
    envelope,
    same_signature,
    sign,
)
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered, InboundRequest
from gerbang.web.asgi import BODY_BYTES_MAX, raw_route

METHODS: Final = ("POST", "GET", "PUT", "PATCH", "DELETE", "OPTIONS")
"""All are routed so that a wrong one is refused in the dialect's own form."""

Action = Callable[[Asked], Awaitable[Answered]]


class RefusedError(Exception):
    """The sender was not admitted."""

    def __init__(self, answer: Answered) -> None:
        super().__init__(answer.status)
        self.answer = answer


def routes(gateway: Gateway) -> Sequence[BaseRoute]:
    """Give the dialect's endpoints."""
    server = _Server(gateway)
    return [
        raw_route(path, handler, methods=METHODS, too_large=_too_large, crashed=server.crashed)
        for path, handler in (("/v1/balance", server.balance), ("/v1/order", server.order))
    ]


class _Server:
    """The two endpoints over one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def balance(self, request: InboundRequest) -> Answered:
        return await self._answer(request, self._balance)

    async def order(self, request: InboundRequest) -> Answered:
        return await self._answer(request, self._order)

    async def _balance(self, asked: Asked) -> Answered:
        return balance_reply(await self._gateway.balance(asked.credential))

    async def _order(self, asked: Asked) -> Answered:
        return await run_command(self._gateway, asked)

    async def _answer(self, request: InboundRequest, act: Action) -> Answered:
        if request.method != "POST":
            return _wrong_method()
        try:
            return await act(admit(self._gateway, request))
        except RefusedError as refusal:
            return refusal.answer
        except InvalidFieldsError as error:
            return invalid_fields(error.fields)
        except InvalidJsonError:
            return invalid_json("Body harus berupa objek JSON yang valid")

    def crashed(self, request: InboundRequest) -> Answered:
        """Answer after a bug of ours: where an order may exist it is *pending*, never failed."""
        try:
            sent = decode_object(request.body)
        except InvalidJsonError:
            sent = {}
        if request.path.endswith("/order") and _text(sent, "cmd") in ORDERING:
            return pending_reply(
                reference=_text(sent, "ref_id"),
                customer_no=_text(sent, "customer_no"),
                code=_text(sent, "code"),
                name="",
                price=0,
                created_at=self._gateway.clock.now(),
            )
        # Not in the list of codes on purpose: a buyer takes an unlisted code as "not known" (§0).
        return envelope(
            500, "INTERNAL_ERROR", success=False, message="Kesalahan sistem, coba lagi nanti"
        )


def admit(gateway: Gateway, request: InboundRequest) -> Asked:
    """Check who sends, in the order of §0.

    Raises InvalidJsonError, RefusedError, or InvalidFieldsError where `testing` is no boolean.
    """
    members = decode_object(request.body)
    # Exactly these three are left out of the signed text (§3.2).
    api_id = members.pop("api_id", None)
    timestamp = members.pop("timestamp", None)
    signature = members.pop("signature", None)
    credential = gateway.find_credential(NAME, api_id) if type(api_id) is str else None
    if credential is None:
        raise RefusedError(refused(Reason.UNKNOWN_CREDENTIAL))
    _check_timestamp(gateway, credential, timestamp)
    expected = sign(
        canonical_body(members),
        api_id=credential.key,
        api_key=credential.secrets["api_key"],
        secret_key=credential.secrets["secret_key"],
        timestamp=timestamp,
    )
    if type(signature) is not str or not same_signature(expected, signature):
        raise RefusedError(_wrong_signature(gateway, request, credential, members))
    if reason := gateway.check_access(credential, request.client_ip):
        raise RefusedError(refused(reason))
    return Asked(
        credential=credential,
        business=members,
        signature=signature,
        testing=_testing(members) or credential.testing,
    )


def _wrong_signature(
    gateway: Gateway, request: InboundRequest, credential: Credential, members: dict[str, Any]
) -> Answered:
    """Refuse a signature; who tests is told how we build it, and where his parts from it."""
    tests = credential.testing or members.get("testing") is True
    if tests and gateway.check_access(credential, request.client_ip, counted=False) is None:
        explanation = explain_request(request, credential)
        if explanation is not None:
            return explained_refusal(explanation)
    return refused(Reason.INVALID_SIGNATURE)


def _check_timestamp(gateway: Gateway, credential: Credential, timestamp: Any) -> None:
    if type(timestamp) is not int:
        wrong = {"timestamp": ["harus bilangan bulat, waktu Unix dalam detik"]}
        raise RefusedError(refused(Reason.TIMESTAMP_EXPIRED, fields=wrong))
    window_s = credential.reseller.settings.get(TIMESTAMP_WINDOW_SETTING, TIMESTAMP_WINDOW_S)
    if abs(int(gateway.clock.now().timestamp()) - timestamp) > window_s:
        raise RefusedError(refused(Reason.TIMESTAMP_EXPIRED))


def _testing(members: dict[str, Any]) -> bool:
    """Read the flag; anything but a boolean or null is refused, never treated as live."""
    testing = members.get("testing")
    if testing is not None and type(testing) is not bool:
        raise InvalidFieldsError({"testing": [NOT_BOOLEAN]})
    return testing is True


def _text(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    return value if type(value) is str else ""


def _too_large(_request: InboundRequest) -> Answered:
    return invalid_json(f"Body maksimal {BODY_BYTES_MAX} byte")


def _wrong_method() -> Answered:
    return envelope(
        405,
        "VALIDATION_ERROR",
        success=False,
        message="Gunakan metode POST",
        headers=(("allow", "POST"),),
    )
