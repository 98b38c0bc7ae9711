"""The client half: requests, and what is believed of which answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.otomax.house import make_order, make_supplier
from dialects.stand_in import NOON
from gerbang.dialects import otomax
from gerbang.dialects.contract import ProductKind
from gerbang.dialects.otomax.outcomes import same_number
from gerbang.dialects.supplier_contract import SupplierOrder
from gerbang.orders.outcome import Accepted, Delivered, NotFound, Rejected, Unknown
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered, HttpRequest

CLIENT = otomax.DIALECT.client
GOOD = "Cp9NLVuKWBt5Sey_uMlYsvnKvJI"


def sent(request: HttpRequest | None) -> dict[str, str]:
    assert request is not None
    text = request.body.decode() if request.method == "POST" else urlsplit(request.url).query
    return dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True))


def buy(order: SupplierOrder | None = None, **settings: Any) -> HttpRequest:
    supplier = make_supplier(settings={"member_id": "yusuf"} | settings)
    return CLIENT.buy(supplier, order or make_order(), now=NOON)


def answered(text: str, status: int = 200) -> Answered:
    return Answered(status=status, body=text.encode())


def bought(text: str, *, status: int = 200, settings: Any = None, **order: Any) -> Any:
    supplier = make_supplier(settings=settings or {})
    return CLIENT.read_buy(supplier, make_order(**order), answered(text, status))


def asked(text: str, *, status: int = 200, settings: Any = None, **order: Any) -> Any:
    supplier = make_supplier(settings=settings or {})
    return CLIENT.read_ask(supplier, make_order(**order), answered(text, status))


# --- requests -------------------------------------------------------------------------------------


def test_a_purchase_is_the_seed_documents_request_with_codes_in_capitals() -> None:
    request = buy(make_order(product_code="x10"))
    assert request.method == "GET"
    assert request.url == (
        "https://gerbang.test/trx?product=X10&qty=1&dest=08123456789&refID=2140669"
        f"&memberID=YUSUF&sign={GOOD}"
    )


def test_the_same_order_gives_the_same_request() -> None:
    assert buy() == buy()


def test_a_purchase_may_go_as_a_form() -> None:
    request = buy(method="POST", trx_path="/trx/toko")
    assert (request.method, request.url) == ("POST", "https://gerbang.test/trx/toko")
    assert ("Content-Type", "application/x-www-form-urlencoded") in request.headers
    assert sent(request)["sign"] == GOOD


@pytest.mark.parametrize(
    ("auth", "names"),
    [
        ("sign", {"sign"}),
        ("pin", {"pin", "password"}),
        ("both", {"pin", "password", "sign"}),
    ],
)
def test_the_login_is_what_the_supplier_wants(auth: str, names: set[str]) -> None:
    assert {"sign", "pin", "password"} & set(sent(buy(auth=auth))) == names


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("auth", ["sign", "pin", "both"])
def test_every_secret_in_a_request_is_named_for_scrubbing(method: str, auth: str) -> None:
    request = buy(method=method, auth=auth)
    said = sent(request)
    for name in ("pin", "password", "sign"):
        if name in said:
            assert said[name] in request.secrets
    assert "" not in request.secrets


def test_special_characters_are_encoded_and_signed_as_they_are() -> None:
    supplier = make_supplier(
        settings={"member_id": "M001"}, secrets={"pin": "1234", "password": "secret"}
    )
    order = make_order(product_code="SDANA", destination="089678549508#1000", reference="TRX-0002")
    request = CLIENT.buy(supplier, order, now=NOON)
    assert "dest=089678549508%231000" in request.url
    assert request.url.endswith("sign=H1b3aETVIED_KUFsGn4pJugHva4")


def test_an_open_denomination_sends_its_amount_as_quantity_or_behind_the_number() -> None:
    order = make_order(
        product_code="BBSDN", quantity=12_345, kind=ProductKind.OPEN, open_denomination=True
    )
    assert sent(buy(order))["qty"] == "12345"
    inside = sent(buy(order, nominal_as="dest"))
    assert (inside["qty"], inside["dest"]) == ("1", "08123456789#12345")


def test_a_counter_is_sent_from_the_second_on_as_the_supplier_wants_it() -> None:
    second = make_order(counter=2)
    assert "counter" not in sent(buy())
    assert sent(buy(second))["counter"] == "2"
    assert sent(buy(second, counter_as="dest"))["dest"] == "2.08123456789"
    assert "counter" not in sent(buy(second, counter_as="none"))


def test_the_status_question_is_the_purchase_with_check_and_the_same_sign() -> None:
    asking = sent(CLIENT.ask(make_supplier(), make_order(), now=NOON))
    assert asking == sent(CLIENT.buy(make_supplier(), make_order(), now=NOON)) | {"check": "1"}
    assert asking["sign"] == GOOD


def test_a_supplier_without_status_question_is_not_asked() -> None:
    supplier = make_supplier(settings={"check": False})
    assert CLIENT.ask(supplier, make_order(), now=NOON) is None


def test_the_balance_is_asked_with_either_formula() -> None:
    asking = CLIENT.ask_balance(make_supplier(), now=NOON)
    assert asking is not None
    assert asking.url == (
        "https://gerbang.test/balance?memberID=YUSUF&sign=YFuaekLx4HR_wei0nLRzxjqll0Q"
    )
    settings = {"member_id": "YUSUF", "balance_sign": "empty", "balance_path": "/trx/balance"}
    other = CLIENT.ask_balance(make_supplier(settings=settings), now=NOON)
    assert other is not None
    assert other.url.startswith("https://gerbang.test/trx/balance?")
    assert sent(other)["sign"] == "0TSEdki80ZbI0JPR5Kxd8S1hlRw"


@pytest.mark.parametrize(
    ("text", "balance"),
    [
        ("Saldo 1.247", 1_247),
        ("Saldo 0", 0),
        ("Saldo Rp. 71,900", 71_900),
        ("Saldo 1.234.531.425,773", 1_234_531_425),
        ("Info\nNama\t: Toko\nSaldo\t: 14.324.472\nBonus\t: 250.000\nDebet\t: 0", 14_324_472),
        ('{"status":true,"message":"","data":{"balance":5000}}', 5_000),
        ("Pin Salah", None),
        ("IP tidak sesuai @203.0.113.9", None),
        ("Saldo tidak cukup", None),
        ("", None),
        ("<html>Bad Gateway</html>", None),
    ],
)
def test_a_balance_is_read_or_nothing(text: str, balance: int | None) -> None:
    assert CLIENT.read_balance(make_supplier(), answered(text)) == balance


def test_a_balance_with_an_error_status_is_nothing() -> None:
    assert CLIENT.read_balance(make_supplier(), answered("Saldo 1.247", 502)) is None


# --- answers to a purchase ------------------------------------------------------------------------


def test_accepted_carries_the_suppliers_number_cost_and_our_float_there() -> None:
    text = "T#77 R#2140669 XL X10.08123456789 akan diproses. Saldo 100.000 - 10.300 = 89.700 @1:1"
    got = bought(text)
    assert got == Accepted(
        supplier_order_id="77", cost=10_300, supplier_balance=89_700, message=text
    )


def test_delivered_carries_the_serial_number() -> None:
    got = bought("T#77 R#2140669 XL X10.08123456789 SUKSES. SN/Ref: 12/AB. Saldo 9.000")
    assert isinstance(got, Delivered)
    assert (got.sn, got.cost, got.supplier_balance) == ("12/AB", None, 9_000)


def test_success_without_a_serial_number_is_delivered_and_it_may_follow() -> None:
    got = bought("T#77 R#2140669 XL X10.08123456789 SUKSES. SN/Ref: . Saldo 9.000")
    assert isinstance(got, Delivered)
    assert got.sn == ""


def test_a_cost_that_does_not_add_up_is_not_believed() -> None:
    got = bought("R#2140669 X10.08123456789 SUKSES. SN: 1. Saldo 100.000 - 10.300 = 1.000")
    assert isinstance(got, Delivered)
    assert got.cost is None


OURS = "R#2140669 X10.08123456789"


@pytest.mark.parametrize(
    ("text", "reason", "reroutable", "consumed"),
    [
        ("GAGAL. Nomor tujuan salah.", Reason.NUMBER_NOT_FOUND, False, True),
        ("GAGAL. Produk sedang gangguan.", Reason.PRODUCT_DISTURBED, True, True),
        ("GAGAL. Saldo tidak cukup.", Reason.SUPPLIER_REFUSED_US, True, False),
        ("GAGAL. Stok sedang kosong.", Reason.OUT_OF_STOCK, True, False),
        ("GAGAL. .", Reason.BILLER_FAILED, True, True),
    ],
)
def test_a_failure_says_why_and_whether_another_may_try(
    text: str, reason: Reason, *, reroutable: bool, consumed: bool
) -> None:
    got = bought(f"{OURS} {text} Saldo 1.000 @10:00")
    assert isinstance(got, Rejected)
    assert (got.reason, got.reroutable, got.reference_consumed) == (reason, reroutable, consumed)


def test_a_failure_with_the_suppliers_number_used_the_reference_up() -> None:
    got = bought(f"T#5 {OURS} GAGAL. Stok sedang kosong. Saldo 1.000")
    assert isinstance(got, Rejected)
    assert got.reference_consumed


@pytest.mark.parametrize(
    "text",
    [
        "R#999 X10.08123456789 SUKSES. SN: 1. Saldo 1.000",
        "R#2140669 X10.08999999999 SUKSES. SN: 1. Saldo 1.000",
        "R#2140669 X20.08123456789 SUKSES. SN: 1. Saldo 1.000",
        "R#999 X10.08123456789 GAGAL. Nomor tujuan salah.",
        "X20.08123456789 GAGAL. Nomor tujuan salah.",
        "X10.08999999999 SUKSES. SN/Ref: 1. Saldo 1.000",
        "GAGAL",
        "SUKSES",
        "Mhn tunggu trx sblmnya selesai: T#1 R#9 X10.08123456789 @10:00, status Menunggu Jawaban.",
        "R#2140669 x10 08123456789 Transaksi sebelumnya ke ID 08123456789 masih dalam proses..",
        "TrxID=5 kode X10 ke 08123456789 sdh pernah jam 15:19, status Sukses. SN:1. Saldo 1",
        "Trx X10.08123456789 sdh Terjadi Pada:19.06.42, sts SUKSES SN: 1. saldo=1.000",
        "R#999 Three X10.08123456789 sudah pernah jam 18:46, status Gagal. x. Hrg 1",
        "TIDAK ADA transaksi Tujuan 08123456789 pada tgl 22/04/2025. Tidak ada data.",
        f"{OURS} GAGAL karena timeout. Saldo 1",
        f"{OURS} GAGAL. refID sudah digunakan.",
        f"{OURS} GAGAL. Trx dobel.",
        f"{OURS} kata yang tidak dikenal",
        "R#999 X10.0812 GAGAL. Pin Salah",
        "",
        "<html><h1>GAGAL</h1></html>",
    ],
)
def test_what_is_not_certainly_about_this_order_is_unknown(text: str) -> None:
    assert isinstance(bought(text), Unknown), text


def test_a_text_without_reference_is_believed_for_code_and_number() -> None:
    assert isinstance(bought("X10.08123456789 SUKSES. SN/Ref: 1. Saldo 1.000"), Delivered)
    got = bought("status=1&message=Transaksi X10.08123456789 Harga=10.300 akan diproses..")
    assert isinstance(got, Accepted)
    assert got.cost == 10_300


def test_an_earlier_state_of_our_own_reference_is_its_state() -> None:
    head = "R#2140669 XL 10.000 X10.08123456789 sudah pernah jam 18:46, status"
    assert isinstance(bought(f"{head} Sukses. SN: 1. Hrg 10.300"), Delivered)
    failed = bought(f"{head} Gagal. Saldo tidak cukup. Hrg 10.300")
    assert isinstance(failed, Rejected)
    assert failed.reference_consumed
    assert isinstance(bought(f"{head} Menunggu Jawaban."), Accepted)
    assert isinstance(bought(f"{head} Lainnya."), Unknown)


@pytest.mark.parametrize(
    "text",
    [
        "Too short",
        "Pengguna tidak ditemukan",
        "IP tidak sesuai @203.0.113.9",
        "Invalid Signature",
        "Pin Salah",
        "R#0 X10.08123456789 GAGAL. Pin Salah",
        "R#2140669 X10.08123456789 GAGAL. Password Salah",
    ],
)
def test_a_login_error_is_a_refusal_of_us_and_says_nothing_to_a_question(text: str) -> None:
    got = bought(text)
    assert isinstance(got, Rejected)
    assert (got.reason, got.reroutable, got.reference_consumed) == (
        Reason.SUPPLIER_REFUSED_US,
        True,
        False,
    )
    assert isinstance(asked(text), Unknown)
    assert isinstance(asked(text, settings={"ask_matches_reference": True}), Unknown)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_an_error_status_is_believed_only_with_the_words_of_a_login_error(status: int) -> None:
    assert isinstance(bought("Invalid Signature", status=status), Rejected)
    assert isinstance(bought(f"{OURS} GAGAL. Nomor tujuan salah.", status=status), Unknown)


@pytest.mark.parametrize("status", [201, 301, 404, 500, 502])
def test_any_other_status_is_unknown_whatever_it_says(status: int) -> None:
    for text in (f"{OURS} GAGAL. .", f"{OURS} SUKSES. SN: 1.", "Pin Salah"):
        assert isinstance(bought(text, status=status), Unknown)
        assert isinstance(asked(text, status=status), Unknown)


def test_a_broken_rule_setting_makes_everything_unknown() -> None:
    settings = {"reply_rules": [{"name": "x", "pattern": "(", "outcome": "failed"}]}
    assert isinstance(bought(f"{OURS} GAGAL. .", settings=settings), Unknown)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error_and_never_final(body: bytes) -> None:
    supplier = make_supplier()
    answer = Answered(status=200, body=body)
    assert not isinstance(CLIENT.read_buy(supplier, make_order(), answer), Delivered)
    assert not isinstance(CLIENT.read_ask(supplier, make_order(), answer), Delivered | Rejected)
    CLIENT.read_balance(supplier, answer)


# --- answers to a question ------------------------------------------------------------------------


def test_no_such_order_is_not_found_and_only_for_our_number() -> None:
    text = "TIDAK ADA transaksi Tujuan {} pada tgl 22/04/2025. Tidak ada data."
    assert isinstance(asked(text.format("08123456789")), NotFound)
    assert isinstance(asked("TIDAK ADA transaksi"), NotFound)
    assert isinstance(asked(text.format("08999999999")), Unknown)


def test_a_state_without_our_reference_is_believed_only_by_setting() -> None:
    text = "TrxID=5 kode X10 ke 08123456789 sdh pernah jam 15:19, status Sukses. SN:1. Saldo 1"
    assert isinstance(asked(text), Unknown)
    assert isinstance(asked(text, settings={"ask_matches_reference": True}), Delivered)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"{OURS} sudah pernah jam 18:46, status Sukses. SN: 1. Hrg 1.321", Delivered),
        (f"{OURS} sudah pernah jam 18:46, status Gagal. Nomor salah. Hrg 1.321", Rejected),
        (f"Mhn tunggu trx sblmnya selesai: T#1 {OURS} @18:46, status Menunggu Jawaban.", Accepted),
        (f"T#1 {OURS} SUKSES. SN: 1. Saldo 1.000", Delivered),
        (f"T#1 {OURS} GAGAL. Nomor tujuan salah. Saldo 1.000", Rejected),
        (f"{OURS} GAGAL karena timeout.", Unknown),
    ],
)
def test_a_question_is_answered_by_the_state_of_our_reference(text: str, kind: type) -> None:
    assert isinstance(asked(text), kind)


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "ours", "same"),
    [
        ("08123456789", "08123456789", True),
        ("628123456789", "08123456789", True),
        ("+628123456789", "08123456789", True),
        ("08575xxx724", "08575123724", True),
        ("08575***724", "08575123724", True),
        ("08575xxx725", "08575123724", False),
        ("xxxxxxxxxxx", "08575123724", False),
        ("0xxxxxxxxx4", "08575123724", False),
        ("0857xxx724", "08575123724", False),
        ("0857#1000", "0857", True),
        ("USER_1", "user_1", True),
        ("0812345678", "08123456789", False),
        ("08123456789", "0812345678x", False),
    ],
)
def test_numbers_are_the_same_in_the_spellings_of_the_trade(
    said: str, ours: str, *, same: bool
) -> None:
    assert same_number(said, ours) is same
