"""A tiny fourth dialect, written to try docs/adding-a-dialect.md: a query, and one line back."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from dialects.mini import client, server, spec
from gerbang.dialects.contract import CallbackEvent
from gerbang.dialects.credential_form import CredentialForm
from gerbang.dialects.dialect import Dialect

DIALECT: Final = Dialect(
    name=spec.NAME,
    title="Mini",
    weak=True,
    reply_wait_ms_default=0,
    routes=server.routes,
    client=client.MiniClient(),
    learn=spec.LEARN,
    callback_formats=MappingProxyType({spec.NAME: server.encode_callback}),
    callback_format_default=spec.NAME,
    callback_events=frozenset(CallbackEvent),
    reasons=spec.REASONS,
    answers=spec.ANSWERS,
    credential=CredentialForm(key_name="key"),
)
