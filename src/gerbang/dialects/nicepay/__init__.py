"""Card payments by the NICEPAY protocol: registration, payment, inquiry, cancel, notification."""

from __future__ import annotations

from typing import Final

from gerbang.dialects.card_contract import CardDialect
from gerbang.dialects.nicepay.replies import encode_notification
from gerbang.dialects.nicepay.server import make_routes

DIALECT: Final = CardDialect(name="nicepay", routes=make_routes, encode=encode_notification)
