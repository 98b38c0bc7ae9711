from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gerbang.clock import WIB
from gerbang.errors import BadInputError, ConflictError, NotFoundError
from gerbang.orders.outcome import Accepted, Delivered, Rejected
from gerbang.orders.reasons import Reason
from gerbang.postgres.pool import open_pool
from gerbang.recon.correct import close_difference, correct_difference, open_case
from gerbang.recon.match import Side, reconcile
from gerbang.recon.read import list_ages, list_differences, list_runs
from gerbang.recon.run import RunReport, run_reconciliation
from orders.house import House, open_house


class Office:
    def __init__(self, house: House, pool: Any) -> None:
        self.house = house
        self.pool = pool

    async def buy(self, outcome: Any) -> str:
        placed = await self.house.lane.submit(self.house.purchase())
        await self.house.claim(placed.attempt)
        await self.house.tell(placed.order, placed.attempt, outcome)
        return str(placed.attempt.reference)

    async def run(self, *lines: str, head: str = "reference,amount,sn", **more: Any) -> RunReport:
        today = datetime.now(WIB).date()
        source = more.pop("source", "\n".join([head, *lines, ""]).encode())
        days = {"first_day": today - timedelta(days=1), "last_day": today}
        async with self.pool.acquire() as connection, connection.transaction():
            return await run_reconciliation(
                connection, "s1", source, actor="test", **{**days, **more}
            )

    async def open(self) -> list[dict[str, Any]]:
        return list((await list_differences(self.pool))["items"])

    async def kinds(self) -> list[tuple[str, str]]:
        return [(item["reference"], item["kind"]) for item in await self.open()]

    async def correct(self, difference_id: int) -> dict[str, Any]:
        return await correct_difference(
            self.pool, self.house.lane, difference_id, note="invoice 7", actor="test"
        )


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with open_house(database_url) as house:
        pool = await open_pool(database_url, size_max=4)
        yield Office(house, pool)
        await pool.close()


FAILED = Rejected(reason=Reason.BILLER_FAILED, reroutable=False)


async def test_every_kind_of_difference_is_found_and_kept(office: Office) -> None:
    matched, dearer, serial, missing = [
        await office.buy(Delivered(cost=5_000, sn=f"SN{n}")) for n in range(4)
    ]
    failed = await office.buy(FAILED)
    report = await office.run(
        f"{matched},5000,sn-0",
        f"{dearer},5100,SN1",
        f"{serial},5000,OTHER",
        f"{failed},5000,X",
        "STRANGE-1,700,",
    )
    assert (report.matched, report.ours_amount, report.theirs_amount) == (1, 20_000, 20_800)
    assert sorted(await office.kinds()) == sorted(
        [
            (dearer, "amount_differs"),
            (serial, "serial_differs"),
            (failed, "missing_here"),
            ("STRANGE-1", "missing_here"),
            (missing, "missing_there"),
        ]
    )
    assert (await list_runs(office.pool))["items"][0]["matched"] == 1
    assert sum(age["open"] for age in await list_ages(office.pool)) == 5


async def test_a_statement_that_knows_only_the_suppliers_own_ids_is_compared_too(
    office: Office,
) -> None:
    columns = {"recon.columns": {"supplier_order_id": "Trx", "amount": "Harga"}}
    await office.pool.execute("UPDATE suppliers SET settings = $1", columns)
    await office.buy(Delivered(cost=5_000, supplier_order_id="9001"))
    dearer = await office.buy(Delivered(cost=5_000, supplier_order_id="9002"))
    missing = await office.buy(Delivered(cost=5_000, supplier_order_id="9003"))
    report = await office.run("9001,5000", "9002,5100", "9009,700", head="Trx,Harga")
    assert report.matched == 1
    assert sorted(await office.kinds()) == sorted(
        [(dearer, "amount_differs"), (missing, "missing_there"), ("id:9009", "missing_here")]
    )
    assert (await office.run("9001,", head="Trx,Harga")).bad_count == 1


async def test_a_statement_in_other_words_with_refunds_is_read(office: Office) -> None:
    settings = {
        "recon.columns": {"reference": "RefID", "amount": "Mutasi", "status": "Ket"},
        "recon.counted_words": ["sukses", "refund"],
        "recon.charges_negative": True,
    }
    await office.pool.execute("UPDATE suppliers SET settings = $1", settings)
    bought = await office.buy(Delivered(cost=5_000))
    back = await office.buy(FAILED)
    report = await office.run(
        f"{bought};-5.000;SUKSES",
        f"{back};-5.000;Sukses",
        f"{back};5.000;Refund",
        f"{back};-9.000;Gagal",
        head="RefID;Mutasi;Ket",
    )
    assert (report.matched, report.skipped, await office.open()) == (1, 1, [])


async def test_a_correction_moves_money_once_and_the_next_run_agrees(office: Office) -> None:
    failed = await office.buy(FAILED)
    delivered = await office.buy(Delivered(cost=5_000))
    line = f"{failed},4000,"
    await office.run(line)
    for item in await office.open():
        await office.correct(item["id"])
        with pytest.raises(ConflictError):
            await office.correct(item["id"])
    # The supplier took 4,000 for the one and nothing for the other.
    assert await office.house.balance_of(office.house.float_id) == 4_000
    report = await office.run(line)
    assert (report.ours_amount, report.theirs_amount, await office.open()) == (4_000, 4_000, [])
    assert (await office.house.verify()).clean
    assert delivered


async def test_a_correction_cut_off_before_it_was_noted_is_finished_not_repeated(
    office: Office,
) -> None:
    failed = await office.buy(FAILED)
    await office.run(f"{failed},4000,")
    (item,) = await office.open()
    await office.correct(item["id"])
    with pytest.raises(Exception, match="as it was written"):
        await office.pool.execute("UPDATE recon_corrections SET amount = amount + 1")
    await office.pool.execute("ALTER TABLE recon_corrections DISABLE TRIGGER USER")
    await office.pool.execute("UPDATE recon_corrections SET transfer_id = NULL")
    await office.pool.execute("ALTER TABLE recon_corrections ENABLE TRIGGER USER")
    await office.pool.execute("UPDATE recon_differences SET closed_at = NULL")
    await office.run(f"{failed},4000,")
    await office.correct((await office.open())[0]["id"])
    assert await office.house.balance_of(office.house.float_id) == 4_000
    assert await office.pool.fetchval("SELECT count(*) FROM recon_corrections") == 1


async def test_an_order_that_is_not_decided_is_not_corrected(office: Office) -> None:
    unknown = await office.buy(Accepted())
    await office.run(f"{unknown},5000,")
    (item,) = await office.open()
    assert (item["kind"], item["attempt_state"]) == ("missing_here", "accepted")
    with pytest.raises(ConflictError):
        await office.correct(item["id"])


async def test_a_late_success_makes_an_old_difference_useless(office: Office) -> None:
    placed = await office.house.lane.submit(office.house.purchase())
    await office.house.claim(placed.attempt)
    await office.house.tell(placed.order, placed.attempt, FAILED)
    line = f"{placed.attempt.reference},5000,"
    await office.run(line)
    (item,) = await office.open()
    await office.house.tell(placed.order, placed.attempt, Delivered(cost=5_000), kind="callback")
    with pytest.raises(ConflictError):
        await office.correct(item["id"])
    await office.run(line)
    assert await office.open() == []


async def test_a_difference_keeps_its_age_and_what_a_person_closed_stays_closed(
    office: Office,
) -> None:
    failed = await office.buy(FAILED)
    first = await office.run(f"{failed},4000,")
    second = await office.run(f"{failed},4000,")
    (item,) = await office.open()
    assert (item["first_run_id"], item["last_run_id"]) == (first.id, second.id)
    async with office.pool.acquire() as connection, connection.transaction():
        await close_difference(connection, item["id"], reason="their gift", actor="test")
    await office.run(f"{failed},4000,")
    assert await office.open() == []
    await office.run(f"{failed},4500,")
    assert len(await office.open()) == 1


async def test_a_case_is_opened_once(office: Office) -> None:
    await office.run("STRANGE,1,")
    (item,) = await office.open()
    async with office.pool.acquire() as connection, connection.transaction():
        shown = [await open_case(connection, item["id"], actor="test") for _ in range(2)]
    assert shown[0]["case_id"] == shown[1]["case_id"] is not None
    assert await office.pool.fetchval("SELECT kind FROM cases") == "recon_missing_here"


async def test_a_wrong_line_keeps_everything_back_unless_it_is_skipped(office: Office) -> None:
    report = await office.run("A,much,", ",5,", "B,5,")
    assert (report.id, [bad.line for bad in report.bad]) == (None, [2, 3])
    assert await office.open() == []
    await office.run("A,much,", "B,5,", skip_bad=True)
    assert await office.kinds() == [("B", "missing_here")]


async def test_days_and_suppliers_that_make_no_sense_are_refused(office: Office) -> None:
    with pytest.raises(BadInputError):
        await office.run(first_day=date(2026, 1, 2), last_day=date(2026, 1, 1))
    with pytest.raises(BadInputError):
        await office.run("1,2", head="a,b")
    day = date(2026, 1, 1)
    with pytest.raises(NotFoundError):
        await run_reconciliation(
            office.house.connection, "none", b"", first_day=day, last_day=day, actor="test"
        )


@pytest.mark.parametrize("seed", [1, 2])
async def test_large_sets_are_compared_as_the_pure_matcher_does(
    office: Office, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    house = office.house
    await office.pool.execute(
        """INSERT INTO orders (id, reseller_id, credential_id, testing, dialect, kind, reference,
             product_id, product_code, product_name, destination, quantity, counter, price, hold_id)
           SELECT n, $1, 1, false, 'socx', 'prepaid', 'X' || n, $2, 'P', 'P', '08123', 1, 1, 1, n
             FROM generate_series(1, 3000) n""",
        house.reseller_id,
        house.product_id,
    )
    ours = [
        Side(reference=f"TEST-{n}", amount=rng.choice((0, 1, 2)), sn=rng.choice(("", "a1", "B2")))
        for n in range(1, 3001)
    ]
    await office.pool.execute(
        """INSERT INTO attempts (id, order_id, number, supplier_id, route_id,
             supplier_product_code, reference, state, cost_expected, cost, sn)
           SELECT n, n, 1, $1, 1, 'S5', 'TEST-' || n,
                  CASE WHEN x.cost > 0 THEN 'delivered' ELSE 'rejected' END::attempt_state,
                  9, x.cost, x.sn
             FROM unnest($2::bigint[], $3::text[]) WITH ORDINALITY x (cost, sn, n)""",
        house.supplier_id,
        [side.amount for side in ours],
        [side.sn for side in ours],
    )
    theirs = [
        Side(
            reference=f"TEST-{rng.randint(1, 4000)}",
            amount=rng.choice((-1, 1, 2)),
            sn=rng.choice(("", "A-1", "b2")),
        )
        for _ in range(3_000)
    ]
    file = tmp_path / "statement.csv"
    lines = "".join(f"{side.reference},{side.amount},{side.sn}\n" for side in theirs)
    file.write_text("reference,amount,sn\n" + lines)
    steps: list[str] = []
    await office.run(source=file, progress=lambda step, *_: steps.append(step))
    found = [
        (item["reference"], item["kind"], item["theirs_amount"] - item["ours_amount"])
        for item in (await list_differences(office.pool, limit=10_000))["items"]
    ]
    expected = [
        (each.reference, each.kind.value, each.correction) for each in reconcile(ours, theirs)
    ]
    money = [each for each in found if each[1] != "serial_differs"]
    assert sorted(money) == sorted(each for each in expected if each[1] != "serial_differs")
    assert {e[0] for e in found if e not in money} == {
        e[0] for e in expected if e[1] == "serial_differs"
    }
    assert {"reading", "joining", "comparing", "writing"} <= set(steps)
