"""Who is signed in to the portal, as a reseller."""

from __future__ import annotations

from typing import Any

from gerbang.errors import NotFoundError
from gerbang.orders.read import OrderNotFoundError
from gerbang.portal.store import SQL
from gerbang.resellers.admin import show_reseller
from gerbang.web.pages.visit import Visit


def own_id(visit: Visit) -> int:
    """Give the reseller's id."""
    if visit.user.reseller_id is None:
        raise NotFoundError(visit.t("error.no_such_thing"))
    return visit.user.reseller_id


async def own_reseller(visit: Visit) -> dict[str, Any]:
    """Show the reseller with its money and credentials, without secrets."""
    own_id(visit)
    return await show_reseller(visit.pool, visit.user.reseller_code)


async def check_own_order(visit: Visit, order_id: int) -> None:
    """Raise OrderNotFoundError where the order is somebody else's, or nobody's."""
    if await visit.pool.fetchval(SQL.order_owner, order_id) != own_id(visit):
        raise OrderNotFoundError(order_id)
