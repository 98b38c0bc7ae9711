from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from gerbang.web.pages import formats

NOW = datetime(2026, 11, 25, 12, 5, 33, tzinfo=UTC)


def test_rupiah_is_written_the_indonesian_way() -> None:
    assert formats.rupiah(1_234_567) == "Rp1.234.567"
    assert formats.rupiah(-500) == "\u2212Rp500"
    assert formats.rupiah(None) == formats.NOTHING
    assert formats.signed_rupiah(5_000) == "+Rp5.000"
    assert formats.short_rupiah(1_250_000, "id") == "Rp1,2\u00a0jt"
    assert formats.short_rupiah(3_000_000_000, "en") == "Rp3\u00a0bn"
    assert formats.short_rupiah(950, "id") == "Rp950"
    assert formats.short_rupiah(999_999, "id") == "Rp999.999"
    assert formats.short_rupiah(999_999_978_800, "en") == "Rp1\u00a0tn"


def test_shares_have_one_decimal_behind_a_comma() -> None:
    assert formats.percent(973, 1000) == "97,3%"
    assert formats.percent(1, 0) == formats.NOTHING
    assert formats.percent(-1, 3) == "\u221233,3%"


def test_days_and_times_are_those_of_jakarta() -> None:
    assert formats.day(date(2026, 5, 1), "id") == "1 Mei 2026"
    assert formats.moment(NOW, "en") == "25 Nov 2026 19.05.33 WIB"
    late = datetime(2026, 11, 25, 18, 30, tzinfo=UTC)
    assert formats.day(late, "id") == "26 Nov 2026"


def test_what_was_today_shows_the_time_and_what_was_earlier_the_day() -> None:
    assert formats.short_moment(NOW - timedelta(hours=1), "id", now=NOW) == "18.05.33"
    assert formats.short_moment(NOW - timedelta(days=40), "id", now=NOW) == "16 Okt 19.05"
    assert formats.short_moment(NOW - timedelta(days=400), "en", now=NOW) == "21 Oct 2025 19.05"


def test_spans_of_time_are_short() -> None:
    assert formats.ago(NOW - timedelta(minutes=5, seconds=3), "id", now=NOW) == "5 mnt lalu"
    assert formats.ago(NOW, "en", now=NOW) == "just now"
    assert formats.duration_ms(850, "id") == "850 ms"
    assert formats.duration_ms(1_240, "id") == "1,2 dtk"
    assert formats.duration(timedelta(hours=30), "en") == "1 d"


def test_a_browser_is_named_shortly() -> None:
    phone = (
        "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/131.0 Mobile Safari/537.36"
    )
    assert formats.browser(phone) == "Chrome, Android"
    assert formats.browser("Mozilla/5.0 (Windows NT 10.0; rv:132.0) Firefox/132.0") == (
        "Firefox, Windows"
    )
    assert formats.browser("python-httpx/0.27") == "python-httpx/0.27"
    assert formats.browser("") == formats.NOTHING
