"""Everything the core knows of a dialect.

A dialect is a folder with one name, `DIALECT: Dialect`, in its ``__init__.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from starlette.routing import BaseRoute

from gerbang.dialects.contract import CallbackEncoder, CallbackEvent, Credential, Gateway
from gerbang.dialects.credential_form import CredentialForm
from gerbang.dialects.extras import NO_EXTRAS, Extras
from gerbang.dialects.supplier_contract import AnswerRule, BillClient, LearnRules, SupplierClient
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import InboundRequest


class SignatureExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """How we build a signature, and where a wrong one parts from it; never with a secret.

    `steps` are (name, text); secrets stand there as ``<name>``. `differs` is the first kind of
    difference that explains the signature that came: order, spacing, escaping, members, join, hash
    form, secret; ``nothing`` where it is right, ``unexplained`` where no guess fits.
    """

    steps: tuple[tuple[str, str], ...]
    differs: str
    advice: str


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the core knows of a dialect.

    `reasons` maps every `Reason` to the dialect's own word (SocX rc, OtomaX status, IsiKuota
    code); a test proves it complete. `weak` dialects are on only with an address list.
    """

    name: str
    title: str
    weak: bool
    reply_wait_ms_default: int
    routes: Callable[[Gateway], Sequence[BaseRoute]]
    client: SupplierClient
    learn: LearnRules
    callback_formats: Mapping[str, CallbackEncoder]
    callback_format_default: str
    callback_events: frozenset[CallbackEvent]
    """Events this dialect's resellers expect; others are not sent."""
    reasons: Mapping[Reason, str]
    answers: Sequence[AnswerRule]
    explain: Callable[[InboundRequest, Credential], SignatureExplanation | None] | None = None
    """Explain a request's signature; None where the dialect signs nothing or it cannot be read."""
    bills: BillClient | None = None
    """How suppliers of this dialect are asked about bills; None where they cannot be."""
    credential: CredentialForm | None = None
    """What resellers log in with; None where no credential can be issued."""
    extras: Extras = NO_EXTRAS
