from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gerbang.deposits.line import NewLine, identities
from gerbang.deposits.statement import (
    PRESETS,
    ColumnMap,
    StatementError,
    read_amount,
    read_statement,
)
from gerbang.money import RUPIAH_MAX, format_commas, format_dots

TODAY = date(2026, 6, 2)

BCA = """No. Rekening,=,'1234567890
Nama,=,PT CONTOH

Tanggal,Keterangan,Cabang,Jumlah,,Saldo
'31/05,TRSF E-BANKING CR 3105/WS95051 BUDI,'0000,"1,000,101.00",CR,"2,000,000.00"
'30/12,BIAYA ADM,'0000,"15,000.00",DB,"1,985,000.00"
PEND,TRSF E-BANKING CR,'0000,"7.00",CR,"0.00"
Saldo Awal,=,"999,899.00"
"""
MANDIRI = """Account No,Date,Val. Date,Code,Description,Description,Reference No.,Debit,Credit
0987654321,31/05/26,31/05/26,8101,DARI BUDI,SETOR,R123,.00,"1,000,101.00",
0987654321,31/05/26,31/05/26,8102,BIAYA,,R124,"2,500.00",.00,
"""
BRI = """NOREK;TGL_TRAN;JAM_TRAN;SEQ;DESK_TRAN;MUTASI_DEBET;MUTASI_KREDIT;GLSIGN
1234567890;2026-05-31;93015;7;TRANSFER BUDI;0;1000101.00;K
"""
BNI = """Post Date,Value Date,Branch,Journal No.,Description,Debit,Credit,
31/05/26 12.36.46,31/05/26,001,998877,TRANSFER DARI BUDI,.00,"1,000,101.00",
"""


def read(text: str, name: str) -> list[NewLine]:
    return read_statement(text.encode(), PRESETS[name], account_no="1234567890", today=TODAY)


def test_bca_gives_days_without_a_year_and_leaves_out_what_is_pending() -> None:
    came, left = read(BCA, "bca")
    assert (came.direction, came.amount, came.at_is_day) == ("in", 1_000_101, True)
    assert came.at == datetime(2026, 5, 30, 17, tzinfo=UTC)
    assert (left.direction, left.amount) == ("out", 15_000)
    assert left.at.astimezone(UTC).year == 2025  # December lies behind, not before us


def test_an_amount_may_carry_its_mark() -> None:
    text = 'Tanggal,Keterangan,Cabang,Jumlah,Saldo\n31/05/2026,A,0,"1.000.101,00 CR","1"\n'
    (line,) = read(text, "bca")
    assert (line.direction, line.amount) == ("in", 1_000_101)


def test_mandiri_gives_its_own_account_and_a_reference() -> None:
    came, left = read(MANDIRI, "mandiri")
    assert (came.account_no, came.amount, came.reference) == ("0987654321", 1_000_101, "R123")
    assert (left.direction, left.amount) == ("out", 2_500)


def test_bri_gives_a_time_in_a_column_of_its_own() -> None:
    (line,) = read(BRI, "bri")
    assert (line.amount, line.at_is_day) == (1_000_101, False)
    assert line.at == datetime(2026, 5, 31, 2, 30, 15, tzinfo=UTC)


def test_bni_gives_the_time_with_the_date() -> None:
    (line,) = read(BNI, "bni")
    assert line.at == datetime(2026, 5, 31, 5, 36, 46, tzinfo=UTC)
    assert not line.reference_is_id  # a transfer and its charge share a journal number


def test_a_map_of_ones_own_may_trust_the_reference() -> None:
    columns = ColumnMap(
        date=("Waktu",),
        description=("Ket",),
        amount=("Nilai",),
        direction=("Arah",),
        reference=("No",),
        reference_is_id=True,
    )
    text = "Waktu|Ket|Nilai|Arah|No\n2026-05-31|x|5000|K|77\n"
    (line,) = read_statement(text.encode(), columns, account_no="1", today=TODAY)
    assert identities([line]) == ["id:in:77"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Tanggal,Keterangan\n",
        "Tanggal,Keterangan,Jumlah\n31/05/2026,A,5000\n",
        "Tanggal,Keterangan,Jumlah\n99/99/2026,A,5000 CR\n",
        "Tanggal,Keterangan,Jumlah\n31/05/2026,A,5000.50 CR\n",
        "Tanggal,Keterangan,Jumlah\n31/05/2026,A,5e3 CR\n",
    ],
)
def test_what_cannot_be_read_refuses_the_whole_file(text: str) -> None:
    with pytest.raises(StatementError):
        read(text, "bca")


@given(st.binary(max_size=300), st.sampled_from(sorted(PRESETS)))
def test_any_bytes_are_read_or_refused_by_name(data: bytes, name: str) -> None:
    with suppress(StatementError):
        read_statement(data, PRESETS[name], account_no="1", today=TODAY)


@given(st.integers(0, RUPIAH_MAX))
def test_an_amount_is_read_as_it_was_written_in_every_grouping(amount: int) -> None:
    dots, commas = format_dots(amount), format_commas(amount)
    for text in (str(amount), dots, commas, f"{commas}.00", f"{dots},00", f"Rp {dots}"):
        assert read_amount(text) == amount


@given(st.lists(st.sampled_from(BCA.splitlines()[4:6]), max_size=8))
def test_reading_a_file_again_gives_the_same_names_and_equal_lines_are_several(
    rows: list[str],
) -> None:
    text = "\n".join([*BCA.splitlines()[:4], *rows])
    first, second = (identities(read(text, "bca")) for _ in range(2))
    assert first == second
    assert len(set(first)) == len(rows)
