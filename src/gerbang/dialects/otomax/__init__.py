"""OtomaX "transaksi via IP": plain HTTP, text replies, SHA-1 signs."""

from __future__ import annotations

from gerbang.dialects.credential_form import PIN, TOKEN, CredentialForm
from gerbang.dialects.dialect import Dialect
from gerbang.dialects.otomax.callback import EVENTS, encode_report
from gerbang.dialects.otomax.client import BILLS, OtomaxClient
from gerbang.dialects.otomax.explain import explain_request
from gerbang.dialects.otomax.extras import EXTRAS
from gerbang.dialects.otomax.server import routes
from gerbang.dialects.otomax.spec import ANSWERS, LEARN, NAME, REASONS

DIALECT = Dialect(
    name=NAME,
    title="OtomaX (transaksi via IP)",
    # Secrets may travel in the URL and the sign is SHA-1: only with an address list.
    weak=True,
    # Its resellers expect "akan diproses" at once and the result by report.
    reply_wait_ms_default=0,
    routes=routes,
    client=OtomaxClient(),
    learn=LEARN,
    callback_formats={NAME: encode_report},
    callback_format_default=NAME,
    callback_events=EVENTS,
    reasons=REASONS,
    answers=ANSWERS,
    explain=explain_request,
    bills=BILLS,
    credential=CredentialForm(
        key_name="memberID",
        key_pattern=r"[A-Z0-9._-]{2,32}",
        key_upper=True,
        secrets=(("pin", PIN), ("password", TOKEN)),
        proof="password",
    ),
    extras=EXTRAS,
)
