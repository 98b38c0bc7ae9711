"""The parsing laboratory."""

from __future__ import annotations

from dialects.otomax.house import make_order
from gerbang.dialects.otomax.lab import Case, Difference, check_rules, explain, make_case
from gerbang.dialects.otomax.outcomes import Whose
from gerbang.dialects.otomax.rule import ReadAs
from gerbang.dialects.otomax.rules import DEFAULT_RULES, load_rules
from gerbang.orders.outcome import Delivered, Unknown
from gerbang.orders.reasons import Reason

TEXT = "T#9 R#2140669 XL 10.000 X10.08123456789 SUKSES. SN: 77. Saldo 20.000 - 10.300 = 9.700"


def test_the_laboratory_shows_what_every_rule_reads_and_which_wins() -> None:
    report = explain(TEXT, DEFAULT_RULES)
    matched = {one.rule: one for one in report.matches if one.matched}
    assert len(report.matches) == len(DEFAULT_RULES)
    assert [name for name, one in matched.items() if one.wins] == ["oke.success"]
    assert set(matched) == {"oke.success", "generic.success"}
    groups = matched["oke.success"].groups
    assert (groups["kode"], groups["tujuan"], groups["refid"]) == ("X10", "08123456789", "2140669")
    start, end = matched["generic.success"].start, matched["generic.success"].end
    assert report.text[start:end] == "SUKSES"
    assert (report.reading.sn, report.reading.harga, report.reading.saldo) == ("77", 10_300, 9_700)


def test_the_laboratory_says_what_comes_of_a_text_for_an_order() -> None:
    ours = explain(TEXT, DEFAULT_RULES, order=make_order())
    assert ours.whose is Whose.OURS
    assert isinstance(ours.as_buy, Delivered)
    assert isinstance(ours.as_ask, Delivered)
    other = explain(TEXT, DEFAULT_RULES, order=make_order(reference="X"))
    assert other.whose is Whose.OTHER
    assert isinstance(other.as_buy, Unknown)


def test_the_laboratory_shows_a_text_that_nobody_reads() -> None:
    report = explain("apa saja", DEFAULT_RULES, order=make_order())
    assert not any(one.matched for one in report.matches)
    assert report.reading.outcome is ReadAs.UNKNOWN
    assert report.whose is Whose.SILENT


def test_the_laboratory_opens_a_body_like_a_query() -> None:
    text = "status=1&message=Transaksi X10.08123456789 Harga=10.300 akan diproses.."
    report = explain(text, DEFAULT_RULES)
    assert report.text.startswith("Transaksi X10")
    assert [one.rule for one in report.matches if one.wins] == ["plus.accepted"]


def test_the_laboratory_takes_a_number_beside_the_text() -> None:
    assert explain(TEXT, DEFAULT_RULES, status=40).reading.outcome is ReadAs.UNKNOWN


def test_a_case_written_today_holds_today() -> None:
    case = make_case("success", TEXT, DEFAULT_RULES)
    assert (case.outcome, case.sn, case.kode) == (ReadAs.SUCCESS, "77", "X10")
    assert check_rules(DEFAULT_RULES, [case]) == []


def test_rules_that_read_a_case_otherwise_are_shown_with_both_readings() -> None:
    cases = [
        make_case("success", TEXT, DEFAULT_RULES),
        Case(
            name="disturbed",
            text="R#1 S5.0812345 GAGAL. Produk sedang gangguan.",
            outcome=ReadAs.FAILED,
            reason=Reason.PRODUCT_DISTURBED,
        ),
    ]
    worse = load_rules(
        {
            "reply_rules": [
                {"name": "greedy", "pattern": r"\AT#", "outcome": "pending"},
                {"name": "vague", "pattern": "GAGAL", "outcome": "failed", "reason": "cancelled"},
            ]
        }
    )
    differences = check_rules(worse, cases)
    assert differences[0] == Difference(
        case="success", what="outcome", expected="success", got="pending", rule="greedy"
    )
    assert {(one.case, one.what) for one in differences} == {
        ("success", "outcome"),
        ("success", "kode"),
        ("success", "tujuan"),
        ("success", "sn"),
        ("disturbed", "reason"),
    }
