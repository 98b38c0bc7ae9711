"""Charts of card payments: by day, merchant, brand, acquirer and reason, counted or not."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from cards.rig import MASTERCARD, open_rig
from gerbang.clock import SystemClock, business_day
from gerbang.figures.card_list import Tried, list_tried_payments
from gerbang.figures.cards import Figures, declines, group, read_card_sums
from gerbang.figures.count import count_days
from postgres.shared import opened

TODAY = business_day(SystemClock().now())
EXPIRED = "4434260000001022"


async def test_what_acquirers_answered_is_summed_and_stays_the_same_when_counted(
    database_url: str,
) -> None:
    async with open_rig(database_url) as rig, opened(database_url) as c:
        await rig.charge(amount=100_000)
        await rig.charge("PREAUTH001", amount=70_000)
        given_back = await rig.charge(amount=50_000)
        await rig.cancel(given_back)
        await rig.charge(amount=30_000, pan=MASTERCARD)
        first = TODAY - timedelta(days=3)
        live = await read_card_sums(rig.pool, first, TODAY)
        assert {one.day for one in live} == {TODAY}
        by_merchant = group(live, lambda one: one.imid)
        assert by_merchant["PREAUTH001"] == Figures(approved=1)
        assert by_merchant["SALE000001"].volume == 180_000
        assert by_merchant["SALE000001"].back == 50_000
        assert group(live, lambda one: one.brand)["mastercard"].volume == 30_000
        assert set(group(live, lambda one: one.acquirer)) == {"sandbox"}

        await c.execute("ALTER TABLE payment_attempts DISABLE TRIGGER USER")
        await c.execute("UPDATE payment_attempts SET created_at = created_at - interval '1 day'")
        await c.execute("ALTER TABLE payment_attempts ENABLE TRIGGER USER")
        yesterday = TODAY - timedelta(days=1)
        assert await count_days(c) == [("cards", yesterday)]
        kept = await read_card_sums(rig.pool, first, TODAY)
        assert {one.day for one in kept} == {yesterday}
        assert group(kept, lambda one: one.imid) == by_merchant
        assert await c.fetchval("SELECT sum(attempts) FROM card_day_sums") == len(
            await c.fetch("SELECT 1 FROM payment_attempts")
        )


async def test_a_declined_try_is_counted_by_its_reason_and_found_in_the_list(
    database_url: str,
) -> None:
    async with open_rig(database_url) as rig:
        order = await rig.register(amount=30_000)
        page = await rig.pay(order, EXPIRED)
        assert page.code not in ("", "0000")
        await rig.charge(amount=40_000)
        sums = await read_card_sums(rig.pool, TODAY, TODAY)
        assert declines(sums) == [(page.code, 1, 30_000)]
        figures = group(sums, lambda one: one.imid)["SALE000001"]
        assert (figures.approved, figures.declined, figures.basis_points) == (1, 1, 5_000)
        today = Tried(first=TODAY, last=TODAY)
        both = await list_tried_payments(rig.pool, today)
        assert [one["amount"] for one in both["items"]] == [40_000, 30_000]
        newest = await list_tried_payments(rig.pool, today, limit=1)
        rest = await list_tried_payments(rig.pool, today, limit=5, before=newest["next"])
        assert [one["amount"] for one in (*newest["items"], *rest["items"])] == [40_000, 30_000]
        assert rest["next"] is None
        declined = await list_tried_payments(rig.pool, replace(today, declined=page.code))
        assert [one["amount"] for one in declined["items"]] == [30_000]
        for nothing in (
            Tried(first=TODAY - timedelta(days=2), last=TODAY - timedelta(days=1)),
            replace(today, brand="amex"),
            replace(today, acquirer="other"),
            replace(today, imid="NOREFUND01"),
        ):
            assert (await list_tried_payments(rig.pool, nothing))["items"] == []
