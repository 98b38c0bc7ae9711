"""KYC before live access, the monthly minimum, and the surcharge in the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from api.running import Running, running
from gerbang.ledger.verify import verify
from gerbang.postgres.errors import IntegrityViolation
from gerbang.terms import charge, monthly
from gerbang.terms.terms import Month

EVIDENCE = {"evidence": "KTP 3201, NPWP 01", "evidence_date": "2026-01-05"}


@pytest.fixture
async def at(database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(database_url, tmp_path) as here:
        yield here


async def last_month(at: Running) -> Month:
    row = await at.node.pool.fetchrow(
        "SELECT (date_trunc('month', wib_day(now())) - interval '1 month')::date AS month"
    )
    assert row is not None
    return Month.of(row["month"])


# --- KYC ------------------------------------------------------------------------------------------


async def test_where_kyc_is_required_live_access_needs_it(at: Running) -> None:
    await at.call("PATCH", "/terms", json={"kyc_required": True})
    assert (await at.reseller("TOKO"))["live"] is False
    refused = await at.call("PATCH", "/resellers/TOKO", 422, json={"live": True})
    assert "KYC" in refused["message"]
    await at.call("POST", "/resellers/TOKO/kyc", 201, json={"state": "submitted", **EVIDENCE})
    await at.call("PATCH", "/resellers/TOKO", 422, json={"live": True})
    shown = await at.call(
        "POST", "/resellers/TOKO/kyc", 201, json={"state": "approved", **EVIDENCE}
    )
    assert (shown["state"], shown["evidence_date"]) == ("approved", "2026-01-05")
    assert (await at.call("PATCH", "/resellers/TOKO", json={"live": True}))["live"] is True
    revoked = await at.call(
        "POST", "/resellers/TOKO/kyc", 201, json={"state": "revoked", **EVIDENCE}
    )
    assert (revoked["live"], len(revoked["records"])) == (False, 3)


async def test_the_database_itself_refuses_live_access_without_kyc(at: Running) -> None:
    await at.call("PATCH", "/terms", json={"kyc_required": True})
    await at.reseller("TOKO")
    with pytest.raises(IntegrityViolation):
        await at.node.pool.execute("UPDATE resellers SET live = true")


async def test_an_approval_that_is_over_no_longer_holds(at: Running) -> None:
    await at.call("PATCH", "/terms", json={"kyc_required": True})
    await at.reseller("TOKO")
    body = {"state": "approved", **EVIDENCE, "valid_until": "2026-02-01"}
    assert (await at.call("POST", "/resellers/TOKO/kyc", 201, json=body))["state"] == "expired"
    await at.call("PATCH", "/resellers/TOKO", 422, json={"live": True})


async def test_evidence_is_needed_and_is_not_of_the_future(at: Running) -> None:
    await at.reseller("TOKO")
    for wrong in ({"evidence": " "}, {"evidence_date": "2999-01-01"}, {"evidence": "a\nb"}):
        body = {"state": "approved", **EVIDENCE, **wrong}
        await at.call("POST", "/resellers/TOKO/kyc", 422, json=body)


async def test_where_it_is_not_required_a_new_reseller_is_live(at: Running) -> None:
    assert (await at.reseller("TOKO"))["live"] is True


# --- the minimum ----------------------------------------------------------------------------------


async def sell(at: Running, code: str, count: int, month: Month, *, testing: bool = False) -> None:
    """Write orders of a month straight into the database."""
    await at.node.pool.execute(
        """
        INSERT INTO orders (id, reseller_id, credential_id, testing, dialect, kind, reference,
                            product_id, product_code, product_name, destination, quantity,
                            counter, price, hold_id, state, business_day, final_at)
        SELECT nextval('order_ids'), r.id, 1, $3::boolean, 'socx', 'prepaid', 'R' || n,
               p.id, p.code, p.name, '0812', 1,
               1, 0, CASE WHEN $3::boolean THEN NULL ELSE n END, 'success', $4, now()
          FROM resellers r, products p, generate_series(1, $2) n WHERE r.code = $1
        """,
        code,
        count,
        testing,
        month.first,
    )


async def test_the_report_shows_who_falls_short_and_testing_never_counts(at: Running) -> None:
    month = await last_month(at)
    await at.product()
    for code in ("AAA", "BBB", "CCC"):
        await at.reseller(code)
    await at.node.pool.execute("UPDATE resellers SET created_at = now() - interval '90 days'")
    await at.call("PATCH", "/terms", json={"orders_per_month_min": 3})
    await at.call("PATCH", "/resellers/CCC/terms", json={"orders_per_month_min": 0})
    await sell(at, "AAA", 3, month)
    await sell(at, "BBB", 2, month)
    await sell(at, "BBB", 2, month, testing=True)
    page = await at.call("GET", f"/terms/report?month={month}")
    assert [(i["reseller"], i["progress"]["pace"]) for i in page["items"]] == [
        ("AAA", "met"),
        ("BBB", "missed"),
        ("CCC", "no_minimum"),
    ]
    warned = await at.call("GET", f"/terms/report?month={month}&only_warned=true")
    assert [i["reseller"] for i in warned["items"]] == ["BBB"]
    own = await at.call("PATCH", "/resellers/CCC/terms", json={"orders_per_month_min": None})
    assert (own["own_orders_per_month_min"], own["progress"]["minimum"]) == (None, 3)
    await at.call("GET", "/terms/report?month=august", 422)


# --- the surcharge --------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[int, int]:
    """Stand in for the count of inquiries: by reseller id."""
    counts: dict[int, int] = {}

    async def count(_connection: Any, _month: Month, *, reseller_id: int | None = None) -> Any:
        wanted = counts if reseller_id is None else {reseller_id: counts.get(reseller_id, 0)}
        return {key: value for key, value in wanted.items() if value}

    monkeypatch.setattr(charge, "count_inquiries", count)
    return counts


async def ask(at: Running, code: str, count: int, asked: dict[int, int]) -> None:
    asked[await at.node.pool.fetchval("SELECT id FROM resellers WHERE code = $1", code)] = count


async def test_a_surcharge_is_posted_once_with_a_line_of_its_own(
    at: Running, asked: dict[int, int]
) -> None:
    month = await last_month(at)
    await at.product()
    await at.reseller("ASKS")
    await at.reseller("BUYS")
    await sell(at, "BUYS", 1, month)
    for code in ("ASKS", "BUYS"):
        credit = {"amount": 1_000_000, "key": code}
        await at.call("POST", f"/resellers/{code}/credits", 201, json=credit)
        await ask(at, code, month.days * 1_000 + 1, asked)
    seen = await at.call("GET", f"/terms/surcharges?month={month}")
    assert [(i["reseller"], i["amount"], i["posted"]) for i in seen["items"]] == [
        ("ASKS", 200_000, None),
        ("BUYS", 0, None),
    ]
    body = {"month": str(month)}
    await asyncio.gather(*(at.call("POST", "/terms/surcharges", 201, json=body) for _ in range(4)))
    shown = await at.call("GET", "/resellers/ASKS/statement")
    assert [(line["event"], line["amount"], line["key"]) for line in shown["items"]] == [
        ("surcharge", -200_000, f"surcharge:ASKS:{month}"),
        ("manual.credit", 1_000_000, "ASKS"),
    ]
    assert (await at.call("GET", "/resellers/BUYS"))["balance"] == 1_000_000
    seen = await at.call("GET", f"/terms/surcharges?month={month}&reseller=ASKS")
    assert [(i["posted"], i["paid_from"]) for i in seen["items"]] == [(200_000, "balance")]


async def test_what_the_balance_does_not_cover_is_owed_and_paid_by_the_next_credit(
    at: Running, asked: dict[int, int]
) -> None:
    month = await last_month(at)
    await at.reseller("ASKS")
    await ask(at, "ASKS", 1, asked)
    for _ in range(2):
        await at.call("POST", "/terms/surcharges", 201, json={"month": str(month)})
    assert (await at.call("GET", "/resellers/ASKS"))["receivable"] == -100_000
    await at.call("POST", "/resellers/ASKS/credits", 201, json={"amount": 150_000, "key": "k"})
    shown = await at.call("GET", "/resellers/ASKS")
    assert (shown["balance"], shown["receivable"]) == (50_000, 0)
    await at.call("POST", "/terms/surcharges", 201, json={"month": str(month)})
    async with at.node.pool.acquire() as connection:
        assert (await verify(connection)).clean


async def test_a_run_that_was_cut_off_is_finished_and_charges_no_twice(
    at: Running, asked: dict[int, int]
) -> None:
    """The ledger had it; only the note that it was posted is missing."""
    month = await last_month(at)
    await at.reseller("ASKS", credit_limit=500_000)
    await ask(at, "ASKS", 1, asked)
    await at.call("POST", "/terms/surcharges", 201, json={"month": str(month)})
    await at.node.pool.execute("UPDATE surcharges SET posted_at = NULL, paid_from = NULL")
    await at.call("POST", "/terms/surcharges", 201, json={"month": str(month)})
    assert (await at.call("GET", "/resellers/ASKS"))["balance"] == -100_000


async def test_only_a_month_that_is_over_is_charged(at: Running, asked: dict[int, int]) -> None:
    today = await at.node.pool.fetchval("SELECT wib_day(now())")
    await at.reseller("ASKS")
    await ask(at, "ASKS", 1, asked)
    refused = await at.call("POST", "/terms/surcharges", 422, json={"month": str(Month.of(today))})
    assert "not over" in refused["message"]


async def test_a_month_is_posted_by_itself_from_the_named_day_on_and_once(
    at: Running, asked: dict[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    month = await last_month(at)
    first: date = await at.node.pool.fetchval("SELECT wib_day(now())")
    await at.reseller("ASKS", credit_limit=500_000)
    await ask(at, "ASKS", 1, asked)

    async def post_on(day: int) -> Month | None:
        async def today(_connection: Any) -> date:
            return date(first.year, first.month, day)

        monkeypatch.setattr(monthly, "today", today)
        nodes = [
            monthly.MonthlySurcharge(pool=at.node.pool, lane=at.node.lane, house=at.node.house)
            for _ in range(2)
        ]
        posted = [await node.post_due() for node in nodes]
        assert await nodes[0].post_due() is None
        return posted[0]

    assert await post_on(28) is None
    await at.call("PATCH", "/terms", json={"surcharge_day": 29}, status=422)
    assert (await at.call("PATCH", "/terms", json={"surcharge_day": 3}))["surcharge_day"] == 3
    assert await post_on(2) is None
    assert (await at.call("GET", "/resellers/ASKS"))["balance"] == 0
    assert await post_on(3) == month
    assert await post_on(28) == month
    lines = (await at.call("GET", "/resellers/ASKS/statement"))["items"]
    assert [(line["event"], line["amount"]) for line in lines] == [("surcharge", -100_000)]


async def test_the_database_refuses_a_surcharge_that_does_not_add_up(at: Running) -> None:
    await at.reseller("ASKS")
    with pytest.raises(IntegrityViolation):
        await at.node.pool.execute(
            "INSERT INTO surcharges (reseller_id, month, inquiries, days, per_inquiries, rate,"
            " amount, actor) SELECT id, '2026-01-01', 31001, 31, 1000, 100000, 100000, 'x'"
            " FROM resellers"
        )


async def test_inquiries_count_once_for_a_question_and_never_in_testing(at: Running) -> None:
    """A second supplier's look, our own look before a payment, and testing are no inquiries."""
    month = await last_month(at)
    await at.product()
    await at.reseller("ASKS")
    await at.node.pool.execute(
        """
        INSERT INTO inquiries (id, reseller_id, credential_id, testing, dialect, reference, number,
                               product_id, product_code, product_name, service, biller,
                               customer_no, quantity, business_day)
        SELECT nextval('attempt_ids'), r.id, 1, n = 4, 'isikuota', 'R' || n, n % 4, p.id, p.code,
               p.name, 'pdam', '', '1', 1, $1
          FROM resellers r, products p, generate_series(0, 4) n
        UNION ALL
        SELECT nextval('attempt_ids'), r.id, 1, false, 'isikuota', 'X', 1, p.id, p.code,
               p.name, 'pdam', '', '1', 1, ($1::date + interval '1 month')::date
          FROM resellers r, products p
        """,
        month.first,
    )
    posted = await at.call("POST", "/terms/surcharges", 201, json={"month": str(month)})
    assert [(i["reseller"], i["inquiries"], i["posted"]) for i in posted["items"]] == [
        ("ASKS", 1, 100_000)
    ]
    shown = await at.call("GET", f"/resellers/ASKS/terms?month={month}")
    assert (shown["surcharge"]["inquiries"], shown["surcharge"]["amount"]) == (1, 100_000)
