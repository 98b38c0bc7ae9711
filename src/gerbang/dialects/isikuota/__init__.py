"""The IsiKuota dialect: JSON, one order address, HMAC over canonical text."""

from __future__ import annotations

from typing import Final

from gerbang.dialects.contract import OrderState
from gerbang.dialects.credential_form import TOKEN, CredentialForm
from gerbang.dialects.dialect import Dialect
from gerbang.dialects.extras import Extras
from gerbang.dialects.isikuota.callback import EVENTS, encode_webhook
from gerbang.dialects.isikuota.client import BILLS, IsikuotaClient
from gerbang.dialects.isikuota.explain import explain_request
from gerbang.dialects.isikuota.server import routes
from gerbang.dialects.isikuota.spec import (
    ANSWERS,
    LEARN,
    NAME,
    ORDER_CODE,
    REASONS,
    REPLY_WAIT_MS,
    STATUS_WORD,
    check_reseller_settings,
)

DIALECT: Final = Dialect(
    name=NAME,
    title="IsiKuota",
    weak=False,
    reply_wait_ms_default=REPLY_WAIT_MS,
    routes=routes,
    client=IsikuotaClient(),
    learn=LEARN,
    callback_formats={NAME: encode_webhook},
    callback_format_default=NAME,
    callback_events=EVENTS,
    reasons=REASONS,
    answers=ANSWERS,
    explain=explain_request,
    bills=BILLS,
    credential=CredentialForm(
        key_name="api_id",
        key_prefix="api_",
        secrets=(("api_key", TOKEN), ("secret_key", TOKEN)),
        proof="secret_key",
    ),
    extras=Extras(
        supplier_secrets=("api_id", "api_key", "secret_key"),
        check_reseller=check_reseller_settings,
        states={
            state.value: f"`{ORDER_CODE[state]}`, `{STATUS_WORD[state]}`" for state in OrderState
        },
        states_head="IsiKuota code, status",
    ),
)
