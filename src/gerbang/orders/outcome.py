"""What one attempt at a supplier came to."""

from __future__ import annotations

import msgspec

from gerbang.orders.reasons import Reason


class Delivered(msgspec.Struct, frozen=True, kw_only=True, tag="delivered"):
    """It happened. `sn` may follow later; `cost` is rupiah where the supplier said it."""

    sn: str = ""
    cost: int | None = None
    supplier_order_id: str = ""
    supplier_balance: int | None = None
    message: str = ""
    data: dict[str, object] | None = None


class Accepted(msgspec.Struct, frozen=True, kw_only=True, tag="accepted"):
    """The supplier works on it; nothing is final."""

    supplier_order_id: str = ""
    cost: int | None = None
    supplier_balance: int | None = None
    message: str = ""


class Rejected(msgspec.Struct, frozen=True, kw_only=True, tag="rejected"):
    """It certainly did not happen.

    `reroutable` says whether another supplier may be tried; `reference_consumed` whether this
    supplier will know our reference from now on.
    """

    reason: Reason
    reroutable: bool
    reference_consumed: bool = True
    supplier_order_id: str = ""
    supplier_balance: int | None = None
    message: str = ""


class Unavailable(msgspec.Struct, frozen=True, kw_only=True, tag="unavailable"):
    """It certainly never arrived: it failed before the request's headers were written."""

    message: str = ""


class Unknown(msgspec.Struct, frozen=True, kw_only=True, tag="unknown"):
    """It may have happened: no answer, or one that cannot be read or is not listed."""

    message: str = ""


class NotFound(msgspec.Struct, frozen=True, kw_only=True, tag="not_found"):
    """Only from a status question: the supplier says it does not know our reference."""

    message: str = ""


Outcome = Delivered | Accepted | Rejected | Unavailable | Unknown
StatusOutcome = Delivered | Accepted | Rejected | Unknown | NotFound
"""What a status question may tell; Unknown means that the question told nothing."""
