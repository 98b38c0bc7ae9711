"""Reply templates, their check and preview, and the named profiles."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.otomax.house import get as get_trx
from dialects.otomax.house import make_gateway, order_fields
from dialects.stand_in import NOON, PENDING
from gerbang.dialects.contract import OrderState
from gerbang.dialects.otomax.profiles import PROFILES, voice_of
from gerbang.dialects.otomax.rule import ReadAs
from gerbang.dialects.otomax.rules import DEFAULT_RULES, read_text
from gerbang.dialects.otomax.templates import (
    PLACEHOLDERS,
    TEMPLATE_CHARS_MAX,
    TIMES,
    Event,
    TemplateError,
    Values,
    check_template,
    compile_template,
    preview,
    render,
)


def fill(text: str, **values: Any) -> str:
    return render(compile_template(text), Values(at=NOON, **values))


# --- the language ---------------------------------------------------------------------------------


def test_placeholders_are_filled_in() -> None:
    assert fill("R#{refid} {kode}.{tujuan}", refid="1", kode="X10", tujuan="0812") == "R#1 X10.0812"


def test_amounts_have_the_grouping_of_the_profile() -> None:
    assert fill("{saldo}", saldo=75_377_526) == "75.377.526"
    assert fill("{saldo}", saldo=61_125, grouping=",") == "61,125"


def test_an_optional_stretch_is_left_out_where_a_value_is_missing() -> None:
    text = "{kode}.<{counter}.>{tujuan}< Saldo {saldo_awal} - {harga} = {saldo}>"
    assert fill(text, kode="A", tujuan="1") == "A.1"
    full = fill(text, kode="A", tujuan="1", counter=2, saldo_awal=3_000, harga=1_000, saldo=2_000)
    assert full == "A.2.1 Saldo 3.000 - 1.000 = 2.000"


def test_zero_is_a_value() -> None:
    assert fill("< Saldo {saldo}>", saldo=0) == " Saldo 0"


def test_a_missing_value_outside_a_stretch_is_nothing() -> None:
    assert fill("SN: {sn}.") == "SN: ."


def test_times_are_those_of_jakarta_in_the_form_asked_for() -> None:
    assert fill("{waktu:dd/MM/yy HH:mm:ss}") == "31/05/26 12:36:46"
    assert fill("{waktu:dd-MM-yyyy} @{waktu:HH.mm}") == "31-05-2026 @12.36"


def test_the_special_characters_are_written_twice() -> None:
    assert fill("{{a}} <<b>>") == "{a} <b>"


def test_values_are_never_read_as_a_template() -> None:
    assert fill("{keterangan}", keterangan="{refid}<x>") == "{refid}<x>"


# --- the check ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("x" * (TEMPLATE_CHARS_MAX + 1), "longer"),
        ("a\x00b", "control"),
        ("{id}", "unknown placeholder {id}"),
        ("{Kode}", "unknown placeholder {Kode}"),
        ("{}", "unknown placeholder"),
        ("{waktu}", "needs a form"),
        ("{waktu:%H}", "needs a form"),
        ("{waktu:}", "needs a form"),
        ("{kode:x}", "takes no form"),
        ("{kode", "stray '{'"),
        ("kode}", "stray '}'"),
        ("<a", "not closed"),
        ("a>", "stray '>'"),
        ("<a<b>>", "stray"),
        ("{trxid_lama}", "only exist in the event duplicate"),
    ],
)
def test_a_wrong_template_is_refused_by_name(text: str, word: str) -> None:
    problems = check_template("success", text)
    assert any(word in one for one in problems), problems


def test_every_problem_is_named_at_once() -> None:
    assert len(check_template("success", "{a} {b} {waktu}")) == 3


def test_an_unknown_event_is_refused() -> None:
    assert "unknown event" in check_template("sukses", "{kode}")[0]


def test_a_balance_reply_needs_the_balance() -> None:
    assert check_template("balance", "Halo") == ["a balance reply needs {saldo}"]


def test_a_duplicate_may_name_the_earlier_order() -> None:
    text = "R#{refid} GAGAL. dobel T#{trxid_lama} R#{refid_lama} @{waktu_lama:HH:mm} {ke_berikut}"
    assert check_template("duplicate", text) == []


@given(st.text(max_size=200))
def test_any_text_is_compiled_or_refused_and_then_shown(text: str) -> None:
    problems = check_template("success", text)
    if not problems:
        assert isinstance(preview(text), str)


@pytest.mark.parametrize("name", sorted(PLACEHOLDERS))
def test_every_placeholder_has_words_for_the_console(name: str) -> None:
    assert PLACEHOLDERS[name][0]
    assert isinstance(preview(f"{{{name}}}"), str)


def test_every_time_has_words_for_the_console() -> None:
    assert all(words for words, _ in TIMES.values())


def test_a_preview_is_an_invented_order() -> None:
    text = "R#{refid} {kode}.{tujuan} SUKSES. {label_sn}: {sn}. {saldo} @{waktu:HH:mm}"
    assert preview(text, label_sn="SN") == (
        "R#TRX-113 S5.081234567890 SUKSES. SN: R260531.1236.2100F1. 94.600 @12:36"
    )
    with pytest.raises(TemplateError):
        preview("{nothing}")


# --- profiles -------------------------------------------------------------------------------------

ALL = [(profile, event) for profile in PROFILES.values() for event in Event]


@pytest.mark.parametrize(
    ("profile", "event"), ALL, ids=[f"{profile.name}-{event}" for profile, event in ALL]
)
def test_every_profile_has_every_template_and_it_is_right(profile: Any, event: Event) -> None:
    assert check_template(event, profile.templates[event]) == []


MEANS = {
    Event.ACCEPTED: ReadAs.PENDING,
    Event.ACCEPTED_OPEN: ReadAs.PENDING,
    Event.SUCCESS: ReadAs.SUCCESS,
    Event.FAILED: ReadAs.FAILED,
    Event.REVERSED: ReadAs.FAILED,
    Event.KNOWN_PENDING: ReadAs.PENDING,
    Event.KNOWN_SUCCESS: ReadAs.SUCCESS,
    Event.KNOWN_FAILED: ReadAs.FAILED,
    Event.NOT_FOUND: ReadAs.NOT_FOUND,
    Event.REFUSED: ReadAs.FAILED,
    Event.DUPLICATE: ReadAs.FAILED,
}


@pytest.mark.parametrize(
    ("profile", "event"),
    [one for one in ALL if one[1] in MEANS],
    ids=[f"{profile.name}-{event}" for profile, event in ALL if event in MEANS],
)
def test_our_own_client_half_reads_every_profile_as_it_is_meant(profile: Any, event: Event) -> None:
    text = preview(profile.templates[event], label_sn=profile.label_sn, grouping=profile.grouping)
    assert read_text(text, DEFAULT_RULES).outcome is MEANS[event], text


def test_the_default_profile_is_the_first() -> None:
    assert voice_of({}).profile.name == "text-oke"


@pytest.mark.parametrize(
    "settings",
    [
        {"otomax.profile": "none"},
        {"otomax.profile": 7},
        {"otomax.templates": "x"},
        {"otomax.templates": {"accepted": "{broken"}},
        {"otomax.templates": {"accepted": 5}},
        {"otomax.sn_label": "x" * 99},
    ],
)
async def test_unusable_settings_fall_back_to_the_default(settings: dict[str, Any]) -> None:
    gateway = make_gateway(settings=settings)
    gateway.script.append(PENDING)
    answer = await get_trx(gateway, order_fields())
    assert "akan diproses." in answer.text()


PLUS_ACCEPTED = "status=1&message=Transaksi X10.08123456789 Harga=10.500 akan diproses.."
DIGI_ACCEPTED = (
    "TrxID=1 kode X10 ke 08123456789 sedang diproses @12:36. Saldo 100,000 - 10,500 = 89,500"
)


@pytest.mark.parametrize(
    ("profile", "text"), [("text-plus", PLUS_ACCEPTED), ("text-digi", DIGI_ACCEPTED)]
)
async def test_a_reseller_is_answered_in_his_profile(profile: str, text: str) -> None:
    gateway = make_gateway(settings={"otomax.profile": profile})
    gateway.script.append(PENDING)
    assert (await get_trx(gateway, order_fields())).text() == text


async def test_a_resellers_own_template_and_label_come_before_the_profiles() -> None:
    gateway = make_gateway(
        settings={
            "otomax.templates": {"success": "OK {refid} {label_sn}={sn}"},
            "otomax.sn_label": "Ref",
        }
    )
    assert (await get_trx(gateway, order_fields())).text() == "OK 2140669 Ref=1234-5678-9012-3456"
    known = (await get_trx(gateway, order_fields(check="1"))).text()
    assert "status Sukses. Ref: 1234" in known


async def test_the_account_form_of_the_balance_has_several_lines() -> None:
    gateway = make_gateway(settings={"otomax.profile": "text-plus"}, balance=14_324_472)
    fields = {"memberID": "YUSUF", "pin": "1144", "password": "abcd"}
    lines = (await get_trx(gateway, fields, "/balance")).text().splitlines()
    assert "Saldo\t: 14.324.472" in lines
    assert "Nama\t: Toko Berkah" in lines


async def test_a_serial_number_of_several_lines_becomes_one() -> None:
    gateway = make_gateway()
    await get_trx(gateway, order_fields())
    gateway.change("2140669", state=OrderState.SUCCESS, sn="12\r\n34\x00")
    text = (await get_trx(gateway, order_fields(check="1"))).text()
    assert "SN: 12 34." in text
