"""Which route is chosen, what each candidate is told, and laws that hold for all of them."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from string import Formatter
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gerbang.routing.candidate import Candidate, Wish
from gerbang.routing.choose import Choice, choose
from gerbang.routing.explain import CHOSEN_CODES, TEXTS, Code, explain_text
from gerbang.routing.route import RouteRules
from gerbang.routing.rules import area_of
from routing.cases import (
    NOON,
    OPEN_CIRCUIT,
    PROBING,
    candidates,
    make_candidate,
    make_wish,
    rolls,
    wishes,
)


def never_rolled() -> float:
    raise AssertionError("no weight decides here")


def chosen(
    *given_candidates: Candidate, wish: Wish | None = None, roll: Callable[[], float] = never_rolled
) -> int | None:
    route = choose(given_candidates, wish or make_wish(), roll=roll).route
    return route.id if route is not None else None


# --- rank ---------------------------------------------------------------------------------------


def test_the_lowest_priority_number_wins_over_a_lower_cost() -> None:
    dear = make_candidate(1, priority=10, cost=11_000)
    cheap = make_candidate(2, priority=20, cost=9_000)
    assert chosen(cheap, dear) == 1


def test_within_a_priority_the_lowest_cost_wins() -> None:
    assert chosen(make_candidate(1, cost=10_500), make_candidate(2, cost=10_400)) == 2


def test_equals_share_orders_by_their_weights() -> None:
    equals = [make_candidate(1, weight=3), make_candidate(2, weight=1)]
    rolled = random.Random(42).random
    counts = Counter(chosen(*equals, roll=rolled) for _ in range(4_000))
    assert 2_850 < counts[1] < 3_150
    assert counts[1] + counts[2] == 4_000


def test_no_candidate_means_no_route() -> None:
    choice = choose([], make_wish(), roll=never_rolled)
    assert choice.route is None
    assert choice.text() == "there is no route"
    assert choice.text("id") == "tidak ada jalur"


# --- what stands against a candidate --------------------------------------------------------------

OBSTACLES: list[tuple[Code, dict[str, Any], dict[str, Any], str, str]] = [
    (
        Code.ROUTE_DISABLED,
        {"enabled": False, "disabled_reason": "cost jumped"},
        {},
        "route disabled (cost jumped)",
        "jalur nonaktif (cost jumped)",
    ),
    (
        Code.SUPPLIER_NOT_ACTIVE,
        {"supplier_status": "paused"},
        {},
        "supplier is paused",
        "status supplier paused",
    ),
    (
        Code.ALREADY_TRIED,
        {},
        {"tried_supplier_ids": frozenset({1})},
        "already tried for this order",
        "sudah dicoba untuk transaksi ini",
    ),
    (
        Code.ATTEMPTS_USED_UP,
        {},
        {"attempts_left": 0},
        "no attempts left for this order",
        "batas percobaan transaksi ini habis",
    ),
    (
        Code.DEADLINE_PASSED,
        {},
        {"deadline": NOON},
        "the deadline of this order was 2026-05-31 12:00:00 WIB",
        "batas waktu transaksi ini 2026-05-31 12:00:00 WIB",
    ),
    (
        Code.CLOSED_NOW,
        {"rules": RouteRules(open_from="12:01", open_until="23:00")},
        {},
        "open only 12:01-23:00 WIB",
        "hanya buka 12:01-23:00 WIB",
    ),
    (
        Code.PREFIX,
        {"rules": RouteRules(prefixes=("0857", "0858"))},
        {},
        "the destination has none of its prefixes",
        "nomor tujuan di luar prefix jalur",
    ),
    (
        Code.AREA,
        {"rules": RouteRules(areas=("JABAR",))},
        {"area": "BALI"},
        "area BALI is not served",
        "area BALI tidak dilayani",
    ),
    (
        Code.AREA,
        {"rules": RouteRules(areas=("JABAR",))},
        {},
        "area ? is not served",
        "area ? tidak dilayani",
    ),
    (
        Code.RESELLER,
        {"rules": RouteRules(reseller_codes=("OTHER",))},
        {},
        "not for reseller DEMO",
        "bukan untuk reseller DEMO",
    ),
    (
        Code.RESELLER_GROUP,
        {"rules": RouteRules(reseller_groups=("GOLD",))},
        {"reseller_group": "SILVER"},
        "not for reseller group SILVER",
        "bukan untuk grup reseller SILVER",
    ),
    (
        Code.CIRCUIT_OPEN,
        {"health": OPEN_CIRCUIT},
        {},
        (
            "unhealthy, supplier: 6 orders in a row failed (since 12:00:00 WIB); to be tried again "
            "from 12:00:00 WIB"
        ),
        (
            "gangguan, supplier: 6 transaksi gagal berturut-turut (sejak 12:00:00 WIB); "
            "dicoba lagi mulai 12:00:00 WIB"
        ),
    ),
    (
        Code.DAILY_LIMIT,
        {"orders_today": 5_000, "orders_per_day_max": 5_000},
        {},
        "5.000 orders today of 5.000 allowed",
        "5.000 transaksi hari ini dari batas 5.000",
    ),
    (
        Code.FLOAT_LOW,
        {"float_left": 12_000, "float_min": 50_000},
        {},
        "float 12.000 below minimum 50.000",
        "saldo 12.000 di bawah minimum 50.000",
    ),
    (
        Code.FLOAT_SHORT,
        {"float_left": 59_999, "float_min": 50_000},
        {},
        "float 59.999 less cost 10.000 falls below minimum 50.000",
        "saldo 59.999 dikurangi 10.000 di bawah minimum 50.000",
    ),
    (
        Code.BELOW_COST,
        {"cost": 12_001},
        {},
        "cost 12.001 above price 12.000",
        "harga beli 12.001 di atas harga jual 12.000",
    ),
]


@pytest.mark.parametrize(("code", "candidate", "wish", "english", "indonesian"), OBSTACLES)
def test_each_obstacle_passes_a_candidate_over_and_is_named(
    code: Code, candidate: dict[str, Any], wish: dict[str, Any], english: str, indonesian: str
) -> None:
    choice = choose([make_candidate(1, **candidate)], make_wish(**wish), roll=never_rolled)
    (verdict,) = choice.verdicts
    assert choice.route is None
    assert verdict.code is code
    assert verdict.sentence == f"passed over: {english}"
    assert verdict.sentence_id == f"dilewati: {indonesian}"


def test_every_obstacle_has_a_case_above() -> None:
    told_when_fit = {Code.LATER_PRIORITY, Code.DEARER, Code.LOST_DRAW} | CHOSEN_CODES
    assert {case[0] for case in OBSTACLES} == set(Code) - told_when_fit - {Code.BUSY}


def test_a_busy_supplier_is_passed_over_for_a_dearer_one_that_is_free() -> None:
    busy = make_candidate(1, in_flight=1_100, concurrency_max=1_000)
    choice = choose([busy, make_candidate(2, cost=11_000)], make_wish(), roll=never_rolled)
    assert choice.route is not None
    assert choice.route.id == 2
    (verdict, _) = choice.verdicts
    assert verdict.code is Code.BUSY
    assert verdict.sentence == "passed over: 1.100 orders in flight of 1.000 allowed"
    assert verdict.sentence_id == "dilewati: 1.100 transaksi sedang berjalan dari batas 1.000"


def test_when_all_that_could_deliver_are_busy_the_order_waits_at_the_best() -> None:
    some = [
        make_candidate(1, in_flight=5, concurrency_max=5),
        make_candidate(2, in_flight=9, concurrency_max=9, cost=9_000),
        make_candidate(3, in_flight=0, cost=13_000),
    ]
    choice = choose(some, make_wish(), roll=never_rolled)
    assert choice.route is not None
    assert choice.route.id == 2
    codes = [verdict.code for verdict in choice.verdicts]
    assert codes == [Code.BUSY, Code.CHOSEN_TO_WAIT, Code.BELOW_COST]
    assert "supplier-2: chosen, and waits its turn: 9 orders in flight" in choice.text()


@pytest.mark.parametrize(
    "candidate",
    [
        {"rules": RouteRules(open_from="12:00", open_until="12:01")},
        {"rules": RouteRules(open_from="22:00", open_until="12:01")},
        {"rules": RouteRules(prefixes=("0812",))},
        {"rules": RouteRules(reseller_codes=("DEMO",))},
        {"health": PROBING},
        {"in_flight": 99, "concurrency_max": 100},
        {"in_flight": 99, "concurrency_max": 0},
        {"orders_today": 99, "orders_per_day_max": 0},
        {"float_left": 60_000, "float_min": 50_000},
        {"float_left": None, "float_min": 50_000},
        {"cost": 12_000},
        {"cost": 12_001, "below_cost_allowed": True},
        {"cost": 12_001, "rules": RouteRules(below_cost_allowed=True)},
    ],
)
def test_a_candidate_just_inside_its_limits_is_chosen(candidate: dict[str, Any]) -> None:
    assert chosen(make_candidate(1, **candidate)) == 1


def test_the_window_ends_before_its_last_minute() -> None:
    rules = RouteRules(open_from="08:00", open_until="12:00")
    assert chosen(make_candidate(1, rules=rules)) is None
    just_before = make_wish(at=NOON - timedelta(microseconds=1))
    assert chosen(make_candidate(1, rules=rules), wish=just_before) == 1


def test_an_open_denomination_adds_its_amount_to_cost_and_float() -> None:
    route = {"cost": 500, "float_left": 60_000, "float_min": 10_000}
    assert chosen(make_candidate(1, **route), wish=make_wish(price=51_000, amount=49_500)) == 1
    assert chosen(make_candidate(1, **route), wish=make_wish(price=51_000, amount=49_501)) is None
    assert chosen(make_candidate(1, cost=500), wish=make_wish(price=20_000, amount=20_000)) is None


def test_a_supplier_already_tried_is_passed_over_by_all_its_routes() -> None:
    twice = [make_candidate(1, supplier_id=7), make_candidate(2, supplier_id=7)]
    other = make_candidate(3, cost=11_000)
    wish = make_wish(tried_supplier_ids=frozenset({7}), attempts_left=1)
    assert chosen(*twice, other, wish=wish) == 3


@pytest.mark.parametrize(
    ("destination", "area"),
    [("081234567890", "JABAR"), ("081299", "JABAR-BDG"), ("0813", ""), ("", "")],
)
def test_the_longest_known_prefix_names_the_area(destination: str, area: str) -> None:
    assert area_of(destination, {"0812": "JABAR", "081299": "JABAR-BDG"}) == area
    assert area_of(destination, {}) == ""


# --- words --------------------------------------------------------------------------------------


def test_candidates_that_would_do_are_told_why_another_was_better() -> None:
    choice = choose(
        [
            make_candidate(1, priority=200),
            make_candidate(2, cost=10_500),
            make_candidate(3, weight=3),
            make_candidate(4, weight=1),
        ],
        make_wish(),
        roll=lambda: 0.0,
    )
    assert choice.text().splitlines() == [
        "supplier-3: chosen: priority 100, cost 10.000",
        "supplier-1: passed over: priority 200 comes after 100",
        "supplier-2: passed over: cost 10.500 above the chosen one's 10.000",
        "supplier-4: passed over: not drawn, weight 1 of 4",
    ]
    assert "supplier-4: dilewati: tidak terundi, bobot 1 dari 4" in choice.text("id")


def test_an_order_that_probes_a_supplier_says_so() -> None:
    choice = choose([make_candidate(1, health=PROBING)], make_wish(), roll=never_rolled)
    assert choice.verdicts[0].code is Code.CHOSEN_AS_PROBE


def test_the_explanation_survives_being_stored_as_json() -> None:
    choice = choose(
        [make_candidate(1, float_left=12_000, float_min=50_000), make_candidate(2)],
        make_wish(),
        roll=never_rolled,
    )
    stored = msgspec.json.decode(msgspec.json.encode(choice.explanation()))
    assert stored == {
        "route_id": 2,
        "verdicts": [
            {
                "route_id": 1,
                "supplier": "supplier-1",
                "code": "float_low",
                "sentence": "passed over: float 12.000 below minimum 50.000",
                "sentence_id": "dilewati: saldo 12.000 di bawah minimum 50.000",
                "facts": {"float_left": 12_000, "float_min": 50_000},
            },
            {
                "route_id": 2,
                "supplier": "supplier-2",
                "code": "chosen",
                "sentence": "chosen: priority 100, cost 10.000",
                "sentence_id": "dipilih: prioritas 100, harga beli 10.000",
                "facts": {"priority": 100, "cost": 10_000},
            },
        ],
    }
    assert explain_text(stored) == choice.text()
    assert explain_text({}) == "there is no route"


def test_every_code_has_both_languages_with_the_same_facts() -> None:
    assert set(TEXTS) == set(Code)
    for code, (english, indonesian) in TEXTS.items():
        places = [
            {name.removesuffix("_id") for _, name, _, _ in Formatter().parse(text) if name}
            for text in (english, indonesian)
        ]
        assert places[0] == places[1], code


# --- laws ---------------------------------------------------------------------------------------


def stands_against(choice: Choice, route_id: int) -> bool:
    verdict = next(v for v in choice.verdicts if v.route_id == route_id)
    told_when_fit = {Code.LATER_PRIORITY, Code.DEARER, Code.LOST_DRAW}
    return verdict.code not in told_when_fit | CHOSEN_CODES


@given(candidates(), wishes(), rolls())
def test_every_candidate_gets_exactly_one_verdict_and_at_most_one_is_chosen(
    some: list[Candidate], wish: Wish, rolled: float
) -> None:
    choice = choose(some, wish, roll=lambda: rolled)
    assert [v.route_id for v in choice.verdicts] == [c.route.id for c in some]
    won = [v.route_id for v in choice.verdicts if v.code in CHOSEN_CODES]
    assert won == ([choice.route.id] if choice.route is not None else [])


@given(candidates(), wishes(), rolls())
def test_the_chosen_route_may_be_used_and_none_usable_ranks_before_it(
    some: list[Candidate], wish: Wish, rolled: float
) -> None:
    choice = choose(some, wish, roll=lambda: rolled)
    usable = [c for c in some if not stands_against(choice, c.route.id)]
    best = choice.best
    if best is None:
        assert not usable
        assert all(verdict.code is not Code.BUSY for verdict in choice.verdicts)
        return
    assert best.route.enabled
    assert best.supplier_status == "active"
    assert best.route.supplier_id not in wish.tried_supplier_ids
    assert wish.attempts_left > 0
    assert wish.deadline is None or wish.at < wish.deadline
    assert best.health is None or best.health.usable
    if best.concurrency_max and best.in_flight >= best.concurrency_max:
        assert usable == [best], "whoever is free goes first"
    ranks = [(c.route.priority, c.route.cost) for c in usable]
    assert (best.route.priority, best.route.cost) == min(ranks)


@given(candidates(), wishes(), rolls())
def test_nothing_is_sold_below_cost_and_no_float_falls_below_its_minimum_unless_allowed(
    some: list[Candidate], wish: Wish, rolled: float
) -> None:
    best = choose(some, wish, roll=lambda: rolled).best
    if best is None:
        return
    cost = best.route.cost + wish.amount
    allowed = best.below_cost_allowed or best.route.rules.below_cost_allowed
    assert allowed or cost <= wish.price
    assert best.float_left is None or best.float_left - cost >= best.float_min


@given(candidates(), wishes(), rolls(), st.randoms(use_true_random=False))
def test_the_order_in_which_candidates_come_decides_nothing(
    some: list[Candidate], wish: Wish, rolled: float, rnd: random.Random
) -> None:
    shuffled = rnd.sample(some, len(some))
    first = choose(some, wish, roll=lambda: rolled)
    second = choose(shuffled, wish, roll=lambda: rolled)
    assert first.route == second.route
    by_id = {v.route_id: v for v in first.verdicts}
    assert by_id == {v.route_id: v for v in second.verdicts}


@given(candidates(), wishes(), rolls())
def test_trying_every_supplier_in_turn_ends_and_never_repeats_one(
    some: list[Candidate], wish: Wish, rolled: float
) -> None:
    tried: list[int] = []
    while len(tried) <= len(some):
        route = choose(some, wish, roll=lambda: rolled).route
        if route is None:
            break
        tried.append(route.supplier_id)
        wish = msgspec.structs.replace(
            wish,
            tried_supplier_ids=wish.tried_supplier_ids | {route.supplier_id},
            attempts_left=wish.attempts_left - 1,
        )
    assert len(set(tried)) == len(tried) <= 3


@given(candidates(), wishes(), rolls())
def test_every_verdict_reads_as_a_sentence_in_both_languages(
    some: list[Candidate], wish: Wish, rolled: float
) -> None:
    for verdict in choose(some, wish, roll=lambda: rolled).verdicts:
        assert verdict.sentence.startswith(("chosen", "passed over: "))
        assert verdict.sentence_id.startswith(("dipilih", "dilewati: "))
        assert "{" not in verdict.sentence + verdict.sentence_id


@pytest.mark.parametrize("count", [1, 2])
def test_choosing_between_one_or_two_routes_is_quick(count: int) -> None:
    """The goal is 10 µs; the limit leaves room for a busy machine."""
    some, wish = [make_candidate(n, cost=10_000 + n) for n in range(count)], make_wish()
    best = min(_seconds_of(lambda: choose(some, wish, roll=never_rolled)) for _ in range(20))
    assert best < 60e-6


def _seconds_of(work: Callable[[], object]) -> float:
    started = time.thread_time()
    for _ in range(100):
        work()
    return (time.thread_time() - started) / 100
