"""SocX: the reseller API of a white-label airtime platform, in both directions."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from gerbang.dialects.contract import CallbackEvent, OrderState
from gerbang.dialects.credential_form import CredentialForm
from gerbang.dialects.dialect import Dialect
from gerbang.dialects.extras import Extras
from gerbang.dialects.socx import callback, server, spec
from gerbang.dialects.socx.client import BILLS, SocxClient

DIALECT: Final = Dialect(
    name=spec.NAME,
    title="SocX",
    weak=False,  # its weak logins have switches of their own, see login.py
    reply_wait_ms_default=0,
    routes=server.routes,
    client=SocxClient(),
    learn=spec.LEARN,
    callback_formats=MappingProxyType(
        {
            "socx": callback.encode_flat,
            "socx-data": callback.encode_data,
            "socx-xml": callback.encode_xml,
        }
    ),
    callback_format_default="socx",
    callback_events=frozenset(CallbackEvent),
    reasons=spec.REASONS,
    answers=spec.ANSWERS,
    bills=BILLS,
    credential=CredentialForm(key_name="token", key_is_secret=True),
    extras=Extras(
        supplier_secrets=("token",),
        states={
            OrderState.PENDING.value: f"`{spec.RC_PENDING}`",
            OrderState.SUCCESS.value: f"`{spec.RC_SUCCESS}`",
            OrderState.FAILED.value: "the reason's code, see below",
            OrderState.REVERSED.value: f"`{spec.RC_REFUNDED}`",
        },
        states_head="SocX rc",
    ),
)
