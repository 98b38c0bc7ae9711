"""What a choice is made of: the candidates as they stand now, and what is wished for."""

from __future__ import annotations

from datetime import datetime

import msgspec

from gerbang.routing.route import Route
from gerbang.routing.standing import Standing


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A route and what is known of its supplier at this moment; rupiah. 0 means no limit."""

    route: Route
    supplier_code: str
    supplier_status: str
    float_left: int | None = None
    """Our money at the supplier as it said last; None where it never said."""
    float_min: int = 0
    in_flight: int = 0
    concurrency_max: int = 0
    orders_today: int = 0
    orders_per_day_max: int = 0
    health: Standing | None = None
    """How supplier and product have behaved; None where nobody watches."""
    below_cost_allowed: bool = False
    """Whether the whole product may be sold below cost, beside the route's own rule."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be bought, for whom, and what was tried already; rupiah."""

    destination: str
    reseller_code: str
    price: int
    amount: int = 0
    """The open denomination's own amount; a route's cost comes on top of it."""
    at: datetime
    reseller_group: str = ""
    area: str = ""
    """Where the destination is, where that is known."""
    tried_supplier_ids: frozenset[int] = frozenset()
    attempts_left: int = 1
    deadline: datetime | None = None
    """From then on no further supplier is tried."""
