"""Who asks on the developer pages: the reseller's newest credential, or one of its merchants."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from starlette.routing import BaseRoute

from gerbang.cards.merchant import Merchant
from gerbang.developer.call import Asker, Call, CallBook, Filled
from gerbang.developer.try_it import SandboxCards, TestingGateway, with_values
from gerbang.dialects.contract import Credential
from gerbang.dialects.names import own_addresses
from gerbang.dialects.registry import CARD_DIALECTS, DIALECTS
from gerbang.portal.own import own_id, own_reseller
from gerbang.portal.store import NEWEST, SQL
from gerbang.web.pages.visit import Visit

CARDS: Final = "nicepay"
NO_IMID: Final = "YOURMID001"
NO_NOTIFY: Final = "https://toko.example/notify"
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """An asker, and what it asks with; neither where the reseller has nothing yet."""

    asker: Asker
    credential: Credential | None = None
    merchant: Merchant | None = None
    merchants: Sequence[Merchant] = ()
    """All of the reseller's; the address of a page chooses another one with ``?imid=``."""

    @property
    def may_try(self) -> bool:
        """Whether a call can be made: a live merchant would charge real cards."""
        return self.credential is not None or (
            self.merchant is not None and self.merchant.sandboxed
        )

    def routes(self, visit: Visit) -> Sequence[BaseRoute]:
        """Give the dialect's own routes over a gateway that can do nothing real."""
        if self.merchant is not None:
            cards: Any = SandboxCards(visit.node.cards, self.merchant)
            return CARD_DIALECTS[CARDS].routes(cards)
        if self.credential is None:
            return ()
        gateway: Any = TestingGateway(visit.node.gateway, self.credential)
        return DIALECTS[self.credential.dialect].routes(gateway)


async def fill_for(visit: Visit, who: Who, call: Call, book: CallBook) -> Filled:
    """Fill a call; one that follows another is filled with what was tried last."""
    values: Mapping[str, str] = {}
    if call.needs and who.merchant is not None:
        values = await _newest(visit, who.merchant)
    elif call.follows:
        values = await _last_tried(visit, call)
    return with_values(book, call.name, values, who.asker)


async def _last_tried(visit: Visit, call: Call) -> dict[str, str]:
    query = SQL.last_tried_bill if call.follows == "bill" else SQL.last_tried_order
    row = await visit.pool.fetchrow(query, own_id(visit), call.dialect)
    if row is None:
        return {}
    reference, code, destination = row["reference"], row["product_code"], row["destination"]
    return {
        **dict.fromkeys(("ref_id", "request_id", "refID"), reference),
        **dict.fromkeys(("code", "product"), code),
        **dict.fromkeys(("customer_no", "dest"), destination),
    }


async def who_asks(visit: Visit, book: CallBook) -> Who:
    """Give the reseller with what it has; stand-ins where it has nothing."""
    return await _merchant(visit) if book.dialect == CARDS else _reseller(visit, book)


def _asker(visit: Visit, ids: Mapping[str, str], known: Mapping[str, str]) -> Asker:
    base_url = visit.kit.settings.public_url or str(visit.request.base_url)
    return Asker(
        base_url=base_url.rstrip("/"),
        ids=ids,
        secrets=known,
        reference=f"TRY-{''.join(secrets.choice(_LETTERS) for _ in range(6))}",
        now=visit.kit.clock.now(),
    )


def _reseller(visit: Visit, book: CallBook) -> Who:
    credential = _credential(visit, book.dialect)
    address = own_addresses().get(book.dialect, "")
    slug = visit.node.snapshot.resellers[own_id(visit)].view.settings.get(address)
    key = credential.key if credential is not None else f"YOUR_{book.dialect.upper()}_ID"
    known = credential.secrets if credential is not None else {}
    ids = {"api_id": key, "memberID": key, "slug": str(slug or "")}
    mine = {name: known.get(name, "") for name in book.secret_names}
    return Who(asker=_asker(visit, ids, mine), credential=credential)


def _credential(visit: Visit, dialect: str) -> Credential | None:
    snapshot, now = visit.node.snapshot, visit.kit.clock.now()
    mine = [
        stored
        for stored in snapshot.credentials.values()
        if stored.reseller_id == own_id(visit) and stored.dialect == dialect and stored.holds(now)
    ]
    if not mine:
        return None
    newest = max(mine, key=lambda stored: (not stored.testing, stored.id))
    return snapshot.credential(dialect, newest.key, now)


async def _merchant(visit: Visit) -> Who:
    rows = await visit.pool.fetch(SQL.merchants, own_id(visit))
    found = [visit.node.cards.merchant(row["imid"]) for row in rows]
    mine = [one for one in found if one is not None]
    asked = [one for one in mine if one.imid == visit.query.get("imid")]
    # The plainest account answers the plainest sample: no challenge, no hold, nothing live.
    merchant = min(asked or mine, key=_plainness, default=None)
    url = (await own_reseller(visit))["callback"]["url"]
    ids = {"iMid": merchant.imid if merchant else NO_IMID, "notify": url or NO_NOTIFY}
    known = {"merchant_key": merchant.key if merchant else ""}
    return Who(asker=_asker(visit, ids, known), merchant=merchant, merchants=mine)


def _plainness(merchant: Merchant) -> tuple[bool, bool, bool, bool, bool]:
    able = merchant.features
    is_live = not merchant.sandboxed
    return (is_live, able.secure, able.preauth, able.recurring, not able.instalments)


async def _newest(visit: Visit, merchant: Merchant) -> dict[str, str]:
    rows = await visit.pool.fetch(SQL.payments, own_id(visit), NEWEST, None, merchant.imid, 1)
    if not rows:
        return {}
    row = rows[0]
    return {"tXid": row["txid"], "referenceNo": row["reference"], "amt": str(row["amount"])}
