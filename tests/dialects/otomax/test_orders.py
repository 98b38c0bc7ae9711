"""The server half: orders and status questions, and every reply about them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from dialects.otomax.house import (
    BASE,
    LOGIN,
    PASSWORD,
    PIN,
    ask,
    get,
    make_gateway,
    pending,
)
from dialects.stand_in import NOON, PENDING, Scripted, send
from gerbang.clock import FixedClock
from gerbang.dialects import otomax
from gerbang.dialects.contract import OrderState, Refusal, Uncertain
from gerbang.dialects.otomax import wire
from gerbang.dialects.otomax.spec import BEFORE_LOOKUP, REASON_STATUS, REASON_TEXT
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import HttpRequest

# --- orders ---------------------------------------------------------------------------------------


async def test_an_order_carries_everything_that_was_asked() -> None:
    gateway = make_gateway(testing=False)
    await ask(gateway, product="x10", dest="2.0812 3456", qty="1", harga_max="11000", testing="1")
    purchase = gateway.placed[0]
    assert (purchase.product_code, purchase.destination, purchase.counter) == (
        "X10",
        "08123456",
        2,
    )
    assert (purchase.reference, purchase.quantity, purchase.price_max) == ("2140669", 1, 11_000)
    assert purchase.testing


async def test_a_testing_credential_makes_every_order_a_test() -> None:
    gateway = make_gateway(testing=True)
    await ask(gateway)
    await ask(gateway, refID="2", testing="0")
    assert [one.testing for one in gateway.placed] == [True, True]


async def test_an_unreadable_testing_flag_is_never_taken_for_live() -> None:
    gateway = make_gateway()
    text = await ask(gateway, testing="maybe")
    assert text == ("R#2140669 X10.08123456789 GAGAL. Format salah: testing harus 1 atau 0. @12:36")
    assert gateway.placed == []


async def test_an_open_denomination_takes_its_nominal_from_the_quantity() -> None:
    text = await ask(pending(), product="BBSDN", qty="12345", dest="085736044280", refID="7777")
    assert text == (
        "T#1 R#7777 Saldo Dana BBSDN.085736044280 , QTY : 12345 akan diproses. "
        "Saldo 100.000 - 12.516 = 87.484 @12:36"
    )


async def test_a_nominal_behind_the_number_is_split_only_for_an_open_denomination() -> None:
    gateway = make_gateway()
    await ask(gateway, product="BBSDN", dest="0857#12345", refID="1")
    await ask(gateway, product="ML86", dest="12345#2001", refID="2")
    first, second = gateway.placed
    assert (first.destination, first.quantity) == ("0857", 12_345)
    assert (second.destination, second.quantity) == ("12345#2001", 1)


async def test_two_nominals_that_differ_are_refused() -> None:
    gateway = make_gateway()
    text = await ask(gateway, product="BBSDN", dest="0857#12345", qty="500")
    assert "GAGAL. Qty tidak sesuai." in text
    assert gateway.placed == []


async def test_a_final_result_at_once_is_told_like_a_report() -> None:
    text = await ask(make_gateway())
    assert text == (
        "T#1 R#2140669 XL 10.000 X10.08123456789 SUKSES. SN/Ref: 1234-5678-9012-3456. "
        "Saldo 100.000 - 10.500 = 89.500 @31/05 12:36"
    )


async def test_a_failure_at_once_is_told_with_its_reason() -> None:
    gateway = make_gateway()
    gateway.script.append(Scripted(state=OrderState.FAILED, reason=Reason.NUMBER_NOT_FOUND))
    assert await ask(gateway) == (
        "T#1 R#2140669 XL 10.000 X10.08123456789 GAGAL. Nomor tujuan tidak ditemukan. "
        "Saldo 100.000 @12:36"
    )


async def test_an_order_that_may_have_been_written_reads_as_pending() -> None:
    gateway = make_gateway()
    gateway.script.append(
        Uncertain(reference="2140669", price=10_500, product_name="XL 10.000", created_at=NOON)
    )
    assert await ask(gateway) == "R#2140669 XL 10.000 X10.08123456789 akan diproses. @12:36"


async def test_a_repeated_reference_gets_the_state_of_its_order_and_buys_nothing() -> None:
    gateway = pending()
    await ask(gateway)
    assert await ask(gateway) == (
        "Mhn tunggu trx sblmnya selesai: T#1 R#2140669 X10.08123456789 @12:36, "
        "status Menunggu Jawaban."
    )
    gateway.change("2140669", state=OrderState.SUCCESS, sn="SN1")
    assert await ask(gateway) == (
        "R#2140669 XL 10.000 X10.08123456789 sudah pernah jam 12:36, status Sukses. SN: SN1. "
        "Hrg 10.500"
    )
    gateway.change("2140669", state=OrderState.FAILED, sn="", reason=Reason.NUMBER_BLOCKED)
    assert "status Gagal. Nomor tujuan diblokir. Hrg 10.500" in await ask(gateway)
    gateway.change("2140669", state=OrderState.REVERSED, reason=None)
    assert "status Gagal. Transaksi dibatalkan dan saldo dikembalikan." in await ask(gateway)
    assert len(gateway.orders) == 1


async def test_a_reference_with_other_content_is_refused_by_name() -> None:
    gateway = pending()
    await ask(gateway)
    text = await ask(gateway, dest="08999999999")
    assert text == "R#2140669 X10.08999999999 GAGAL. refID sudah digunakan. @12:36"


async def test_a_duplicate_of_the_day_names_the_earlier_order_and_the_next_counter() -> None:
    clock = FixedClock(NOON)
    gateway = pending()
    gateway.clock = clock
    gateway.same_day_rule = True
    await ask(gateway)
    clock.advance(timedelta(minutes=5))
    text = await ask(gateway, refID="R2")
    assert text == (
        "R#R2 X10.08123456789 GAGAL. Tidak diproses, dobel dengan T#1 R#2140669 @12:36. "
        "Trx ke-2/hr: counter=2 atau X10.2.08123456789. @12:41"
    )
    assert "SUKSES" not in text.upper()
    again = await ask(gateway, refID="R2", dest="2.08123456789")
    assert again.startswith("T#2 R#R2 XL 10.000 X10.2.08123456789 ")


async def test_too_little_balance_is_said_with_the_balance() -> None:
    text = await ask(make_gateway(balance=1_000))
    assert text == "R#2140669 X10.08123456789 GAGAL. Saldo tidak cukup. Saldo 1.000 @12:36"


@pytest.mark.parametrize("reason", list(Reason))
async def test_every_reason_has_a_refusal_text_that_is_not_empty(reason: Reason) -> None:
    gateway = make_gateway()
    gateway.script.append(Refusal(reason=reason, balance=5_000))
    text = await ask(gateway)
    assert REASON_TEXT[reason] in text
    assert ("GAGAL" in text) is (reason not in BEFORE_LOOKUP)
    assert reason in REASON_STATUS


async def test_a_wrong_field_is_refused_and_logged_and_the_reference_stays_free() -> None:
    gateway = make_gateway()
    text = await ask(gateway, qty="0")
    assert text == "R#2140669 X10.08123456789 GAGAL. Qty tidak sesuai. @12:36"
    assert [refusal.reason for _, refusal in gateway.refused] == [Reason.INVALID_QUANTITY]
    assert gateway.orders == {}


async def test_a_known_reference_gets_its_order_although_a_field_is_wrong_now() -> None:
    gateway = pending()
    await ask(gateway)
    assert "status Menunggu Jawaban" in await ask(gateway, qty="x")


async def test_a_sign_over_an_ambiguous_field_does_not_help() -> None:
    gateway = make_gateway()
    text = wire.order_text(LOGIN, product="X10", dest="0812|R1", reference="9")
    reply = await ask(gateway, dest="0812|R1", refID="9", sign=wire.make_sign(text))
    assert "GAGAL. Nomor tujuan salah" in reply
    assert gateway.placed == []


async def test_bills_are_not_bought_here() -> None:
    assert "Kode produk salah untuk perintah ini" in await ask(make_gateway(), product="CPLN")


@pytest.mark.parametrize("cmd", ["ticket", "balance", ""])
async def test_an_unknown_command_is_said_to_be_unknown(cmd: str) -> None:
    gateway = make_gateway()
    assert "Format salah: perintah tidak dikenal" in await ask(gateway, cmd=cmd)
    assert gateway.placed == []


# --- check=1 --------------------------------------------------------------------------------------


async def test_check_tells_the_state_and_never_creates_an_order() -> None:
    gateway = pending()
    assert await ask(gateway, check="1") == (
        "TIDAK ADA transaksi Tujuan 08123456789 pada tgl 31/05/2026. Tidak ada data."
    )
    assert gateway.placed == []
    await ask(gateway)
    assert "status Menunggu Jawaban" in await ask(gateway, check="1")
    assert len(gateway.placed) == 1


async def test_check_of_an_unknown_reference_never_tells_of_another_order() -> None:
    gateway = make_gateway()
    await ask(gateway)
    assert (await ask(gateway, refID="OTHER", check="1")).startswith("TIDAK ADA transaksi")


async def test_check_without_a_reference_finds_the_newest_order_to_the_number() -> None:
    gateway = make_gateway()
    await ask(gateway)
    assert (await ask(gateway, refID="", check="1")).startswith("R#2140669 XL 10.000 X10.0812")


async def test_a_test_and_a_live_order_do_not_see_each_other() -> None:
    gateway = make_gateway()
    await ask(gateway, testing="1")
    assert (await ask(gateway, check="1")).startswith("TIDAK ADA transaksi")
    assert "status Sukses" in await ask(gateway, check="1", testing="1")


async def test_the_status_path_asks_by_reference_alone() -> None:
    gateway = make_gateway()
    await ask(gateway)
    fields = {"refID": "2140669", "memberID": "YUSUF", "pin": PIN, "password": PASSWORD}
    answer = await get(gateway, fields, "/trx/status")
    assert "sudah pernah jam 12:36, status Sukses" in answer.text()
    assert len(gateway.placed) == 1


# --- golden pairs ---------------------------------------------------------------------------------


async def test_the_golden_exchanges_come_out_word_for_word() -> None:
    gateway = make_gateway(settings={"otomax.slug": "toko"})
    gateway.script.extend([PENDING] * 9)
    routes = otomax.DIALECT.routes(gateway)
    samples = Path(otomax.__file__).parent / "samples" / "exchanges.json"
    for one in json.loads(samples.read_text()):
        query = f"?{one['query']}" if "query" in one else ""
        request = HttpRequest(
            method=one["method"],
            url=f"{BASE}{one['path']}{query}",
            headers=(("content-type", one.get("content_type", "")),),
            body=one.get("body", "").encode(),
        )
        answer = await send(routes, request)
        assert (answer.status, answer.text()) == (200, one["reply"]), one["name"]
