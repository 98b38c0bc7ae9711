from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gerbang.recon.match import Kind, Side, compare, reconcile, same_serial, summed

SIDES = st.lists(
    st.builds(
        Side,
        reference=st.sampled_from([f"R{n}" for n in range(8)]),
        amount=st.integers(-3, 3),
        sn=st.sampled_from(["", "A-1", "a1", "B2"]),
    ),
    max_size=20,
)


def side(amount: int, sn: str = "") -> Side:
    return Side(reference="R", amount=amount, sn=sn)


def kinds(ours: Side | None, theirs: Side | None) -> list[tuple[Kind, int]]:
    return [(found.kind, found.correction) for found in compare("R", ours, theirs)]


def test_each_kind_has_its_correction() -> None:
    assert kinds(side(5), None) == [(Kind.MISSING_THERE, -5)]
    assert kinds(None, side(5)) == [(Kind.MISSING_HERE, 5)]
    assert kinds(side(0), side(5)) == [(Kind.MISSING_HERE, 5)]
    assert kinds(side(5, "1"), side(7, "1")) == [(Kind.AMOUNT_DIFFERS, 2)]
    assert kinds(side(5, "1"), side(5, "2")) == [(Kind.SERIAL_DIFFERS, 0)]
    assert kinds(side(5, "1"), side(4, "2")) == [
        (Kind.AMOUNT_DIFFERS, -1),
        (Kind.SERIAL_DIFFERS, 0),
    ]
    assert kinds(side(5), side(5)) == kinds(side(0), None) == []


def test_serial_numbers_are_compared_by_letters_and_digits() -> None:
    assert same_serial("0411-2233 ab", "04112233AB")
    assert same_serial("", "1")
    assert not same_serial("1", "2")


@given(SIDES, SIDES)
def test_corrections_add_up_to_the_difference_of_both_books(
    ours: list[Side], theirs: list[Side]
) -> None:
    total = sum(side.amount for side in theirs) - sum(side.amount for side in ours)
    assert sum(found.correction for found in reconcile(ours, theirs)) == total


@given(SIDES, SIDES)
def test_after_the_corrections_no_money_differs(ours: list[Side], theirs: list[Side]) -> None:
    booked = [
        Side(reference=found.reference, amount=found.correction)
        for found in reconcile(ours, theirs)
    ]
    left = reconcile([*ours, *booked], theirs)
    assert {found.kind for found in left} <= {Kind.SERIAL_DIFFERS}


@given(SIDES)
def test_a_book_agrees_with_itself_in_any_order(sides: list[Side]) -> None:
    merged = list(summed(sides).values())
    assert list(reconcile(sides, list(reversed(merged)))) == []
