"""Bills against a running demo, live: shown, paid once, split in the ledger, and printed."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import httpx
import pytest

from e2e.buyer import Buyer, make_buyer
from e2e.running_demo import RunningDemo

FUNDS: Final = 10_000_000
_numbers = itertools.count(7_000_000_100)
SHARE, WE_KEEP, SUPPLIER_KEEPS = 900, 600, 1_200
"""Of MPBPJS' fee of Rp2,700; see sandbox/demo_bills.py."""


def customer(ending: str = "5555") -> str:
    """Give a customer's number that no other test uses."""
    return f"{next(_numbers)}{ending}"


@pytest.fixture
async def http(demo: RunningDemo) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=demo.base_url, timeout=60) as client:
        yield client


@pytest.fixture
async def buyer(demo: RunningDemo, http: httpx.AsyncClient) -> Buyer:
    return await make_buyer(demo, http, funds=FUNDS)


async def ask(http: httpx.AsyncClient, buyer: Buyer, **business: Any) -> httpx.Response:
    """Send signed IsiKuota members to the order address."""
    return await http.post("/v1/order", json=buyer.signed(business))


async def inquire(
    http: httpx.AsyncClient, buyer: Buyer, ref: str, no: str, code: str = "MPBPJS", **more: Any
) -> httpx.Response:
    return await ask(http, buyer, cmd="inquiry", code=code, customer_no=no, ref_id=ref, **more)


async def pay(
    http: httpx.AsyncClient, buyer: Buyer, ref: str, no: str, code: str = "MPBPJS", **more: Any
) -> httpx.Response:
    return await ask(http, buyer, cmd="pay-pasca", code=code, customer_no=no, ref_id=ref, **more)


async def final(http: httpx.AsyncClient, buyer: Buyer, ref: str, **more: Any) -> httpx.Response:
    """Ask until the payment is final."""
    for _ in range(600):
        reply = await ask(http, buyer, cmd="status", ref_id=ref, **more)
        if reply.json()["code"] != "ORDER_PENDING":
            break
        await asyncio.sleep(0.1)
    return reply


def told(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


async def test_a_bill_is_shown_and_paid_as_the_document_says(
    http: httpx.AsyncClient, buyer: Buyer
) -> None:
    no = customer()
    shown = (await inquire(http, buyer, "INQ-001", no)).json()
    bill = {
        "ref_id": "INQ-001",
        "status": "success",
        "customer_no": no,
        "customer_name": "Demo Member",
        "code": "MPBPJS",
        "tagihan": 22_500,
        "admin": 2_700,
        "total": 25_200,
        "desc": {
            "jumlah_peserta": "2",
            "lembar_tagihan": 1,
            "alamat": "JAKARTA PUSAT",
            "detail": [{"periode": "01"}],
        },
    }
    assert shown == {
        "success": True,
        "code": "BILL_INQUIRY_SUCCESS",
        "message": "Tagihan berhasil ditemukan",
        "data": bill,
        "errors": None,
        "meta": None,
    }
    assert await buyer.money(http) == (FUNDS, 0)
    reply = await pay(http, buyer, "INQ-001", no)
    paid = reply.json()
    assert told(reply) == (200, "BILL_PAYMENT_SUCCESS")
    assert paid["message"] == "Pembayaran tagihan berhasil"
    assert paid["data"] == bill | {k: paid["data"][k] for k in ("sn", "created_at")}
    assert paid["data"]["sn"]
    assert (paid["errors"], paid["meta"]) == (None, None)
    assert await buyer.money(http) == (FUNDS - 25_200 + SHARE, 0)


async def test_a_payment_s_money_is_split_without_a_rest(
    http: httpx.AsyncClient, buyer: Buyer
) -> None:
    no = customer()
    await inquire(http, buyer, "SPLIT", no)
    await pay(http, buyer, "SPLIT", no)
    order = await buyer.order(http, "SPLIT")
    assert order is not None
    reseller = f"reseller:{buyer.code}"
    supplier = f"float:{order['attempts'][0]['supplier_code']}"
    lines = [(t["event"], t["debit"], t["credit"], t["amount"]) for t in order["transfers"]]
    assert lines == [
        ("sale.hold", reseller, "house:sales", 25_200),
        ("sale.post", reseller, "house:sales", 25_200),
        ("bill.due", "house:sales", supplier, 22_500),
        ("bill.fee", "house:sales", supplier, SUPPLIER_KEEPS),
        ("bill.share", "house:sales", reseller, SHARE),
        ("bill.margin", "house:sales", "house:bill_margin", WE_KEEP),
    ]


async def test_paying_twice_at_once_pays_once(http: httpx.AsyncClient, buyer: Buyer) -> None:
    no = customer("1231")
    for ref in ("ONE", "TWO"):
        assert told(await inquire(http, buyer, ref, no)) == (200, "BILL_INQUIRY_SUCCESS")
    replies = await asyncio.gather(
        *(pay(http, buyer, ref, no) for ref in ("ONE", "ONE", "ONE", "TWO", "TWO", "TWO"))
    )
    codes = [told(reply) for reply in replies]
    one, two = set(codes[:3]), set(codes[3:])
    # The others of the same reference are told how it stands; the other reference is refused.
    taken, refused = (
        {(200, "BILL_PAYMENT_SUCCESS"), (200, "ORDER_PENDING")},
        (422, "BILL_ALREADY_PAID"),
    )
    assert {refused} in (one, two)
    assert (one | two) - {refused} <= taken
    assert (200, "BILL_PAYMENT_SUCCESS") in one | two
    assert await buyer.money(http) == (FUNDS - 25_200 + SHARE, 0)


async def test_the_same_customer_and_period_are_paid_again_only_when_a_person_says_so(
    demo: RunningDemo, http: httpx.AsyncClient, buyer: Buyer
) -> None:
    no = customer()
    await inquire(http, buyer, "FIRST", no)
    await pay(http, buyer, "FIRST", no)
    other = await make_buyer(demo, http, funds=FUNDS)
    await inquire(http, other, "SECOND", no)
    assert told(await pay(http, other, "SECOND", no)) == (422, "BILL_ALREADY_PAID")
    order = await buyer.order(http, "FIRST")
    assert order is not None
    path = f"/api/orders/{order['id']}/allow-again"
    allowed = await http.post(path, json={"reason": "he wants to"}, headers=demo.admin)
    assert allowed.status_code == httpx.codes.OK, allowed.text
    assert allowed.json()["periods"] == ["01"]
    assert told(await pay(http, other, "SECOND", no)) == (200, "BILL_PAYMENT_SUCCESS")
    await inquire(http, other, "THIRD", no)
    assert told(await pay(http, other, "THIRD", no)) == (422, "BILL_ALREADY_PAID")
    again = await http.post(path, json={"reason": "once more"}, headers=demo.admin)
    assert again.status_code == httpx.codes.CONFLICT


ENDINGS: Final[Mapping[str, tuple[tuple[int, str], tuple[int, str] | None]]] = {
    "1232": ((422, "BILL_NOT_FOUND"), None),
    "1240": ((422, "BILL_ALREADY_PAID"), None),
    "1245": ((422, "VALIDATION_ERROR"), None),
    "1241": ((200, "BILL_INQUIRY_SUCCESS"), (422, "BILL_CHANGED")),
    "1243": ((200, "BILL_INQUIRY_SUCCESS"), (422, "BILL_ALREADY_PAID")),
    "1234": ((200, "BILL_INQUIRY_SUCCESS"), (200, "ORDER_FAILED")),
    "1242": ((200, "BILL_INQUIRY_SUCCESS"), (200, "BILL_PAYMENT_SUCCESS")),
    "1235": ((200, "BILL_INQUIRY_SUCCESS"), (200, "BILL_PAYMENT_SUCCESS")),
    "1236": ((200, "BILL_INQUIRY_SUCCESS"), (200, "BILL_PAYMENT_SUCCESS")),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("testing", [False, True])
async def test_each_ending_has_its_own_clear_code_live_and_testing(
    http: httpx.AsyncClient, buyer: Buyer, ending: str, *, testing: bool
) -> None:
    no = customer(ending)
    more: dict[str, Any] = {"testing": True} if testing else {}
    found, paid = ENDINGS[ending]
    assert told(await inquire(http, buyer, "END", no, **more)) == found
    if paid is not None:
        reply = await pay(http, buyer, "END", no, **more)
        if testing and reply.json()["code"] == "ORDER_PENDING":
            # A testing reply waits a moment only: the rest is asked for.
            reply = await final(http, buyer, "END", testing=True)
        assert told(reply) == paid, reply.text
        succeeded = paid[1] == "BILL_PAYMENT_SUCCESS"
        if not succeeded or testing:
            assert await buyer.money(http) == (FUNDS, 0)


async def test_a_mismatch_an_unknown_and_a_foreign_mode_are_refused(
    http: httpx.AsyncClient, buyer: Buyer
) -> None:
    no = customer()
    await inquire(http, buyer, "MIX", no)
    wrong = await pay(http, buyer, "MIX", customer())
    assert told(wrong) == (409, "DUPLICATE_REF_ID")
    assert list(wrong.json()["errors"]) == ["customer_no"]
    wrong = await pay(http, buyer, "MIX", no, code="MPPLN")
    assert told(wrong) == (409, "DUPLICATE_REF_ID")
    assert list(wrong.json()["errors"]) == ["code"]
    assert told(await pay(http, buyer, "NEVER", no)) == (422, "INQUIRY_NOT_FOUND")
    assert told(await pay(http, buyer, "MIX", no, testing=True)) == (422, "INQUIRY_NOT_FOUND")
    assert told(await pay(http, buyer, "MIX", no)) == (200, "BILL_PAYMENT_SUCCESS")
    assert told(await pay(http, buyer, "MIX", no)) == (200, "BILL_PAYMENT_SUCCESS")
    assert told(await inquire(http, buyer, "MIX", no)) == (409, "DUPLICATE_REF_ID")


async def test_a_bill_may_be_paid_at_4_59_and_no_more_at_5_01_by_the_sandbox_clock(
    demo: RunningDemo, http: httpx.AsyncClient, buyer: Buyer
) -> None:
    """The bill's age is what the clock was moved and what really passed; a move takes a second."""
    no = customer()
    testing: dict[str, Any] = {"testing": True}

    async def move(seconds: int, *, until_s: float) -> None:
        body = {"advance_seconds": seconds}
        moved = await http.post("/api/sandbox/clock", json=body, headers=demo.admin)
        assert moved.status_code == httpx.codes.OK, moved.text
        await asyncio.sleep(max(0.0, asked_at + until_s - time.monotonic()))

    for ref in ("IN-TIME", "LATE"):
        shown = await inquire(http, buyer, ref, no, **testing)
        assert told(shown) == (200, "BILL_INQUIRY_SUCCESS")
    asked_at = time.monotonic()
    await move(297, until_s=1.5)
    assert (await pay(http, buyer, "IN-TIME", no, **testing)).status_code == httpx.codes.OK
    assert told(await final(http, buyer, "IN-TIME", **testing)) == (200, "BILL_PAYMENT_SUCCESS")
    await move(2, until_s=3.5)
    assert told(await pay(http, buyer, "LATE", no, **testing)) == (422, "INQUIRY_EXPIRED")
    assert await buyer.money(http) == (FUNDS, 0)


SERVICES: Final = (
    "MPBPJS", "MPBPJSTK", "MPPLN", "MPPLNNT", "MPPDAM", "MPINET", "MPHALO", "MPFIN", "MPGAS",
    "MPTV", "MPPBB",
)  # fmt: skip


@pytest.mark.parametrize("code", SERVICES)
async def test_every_service_is_shown_paid_and_printed(
    demo: RunningDemo, http: httpx.AsyncClient, buyer: Buyer, code: str
) -> None:
    no = customer()
    shown = (await inquire(http, buyer, "SVC", no, code=code)).json()
    assert shown["data"]["total"] == shown["data"]["tagihan"] + shown["data"]["admin"]
    assert told(await pay(http, buyer, "SVC", no, code=code)) == (200, "BILL_PAYMENT_SUCCESS")
    order = await buyer.order(http, "SVC")
    assert order is not None
    path = f"/api/orders/{order['id']}/receipt"
    text = await http.get(path, headers=demo.admin)
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    for part in (no, shown["data"]["customer_name"], order["sn"]):
        assert part in text.text
    pdf = await http.get(path, params={"format": "pdf"}, headers=demo.admin)
    assert pdf.content.startswith(b"%PDF-1.4")


async def test_an_open_amount_is_asked_and_paid_with_its_amount_and_may_be_paid_again(
    http: httpx.AsyncClient, buyer: Buyer
) -> None:
    for ref in ("W1", "W2"):
        more: dict[str, Any] = {"code": "MPDANA", "amount": 50_000}
        shown = await inquire(http, buyer, ref, "081234567890", **more)
        assert shown.json()["data"]["total"] == 50_700
        assert told(await pay(http, buyer, ref, "081234567890", **more))[1] == (
            "BILL_PAYMENT_SUCCESS"
        )
    assert told(await inquire(http, buyer, "W3", "081234567890", code="MPDANA"))[0] == 422


@pytest.mark.parametrize("code", ["PLN20", "CPLN"])
async def test_a_meter_s_name_is_checked_before_a_token_is_bought(
    http: httpx.AsyncClient, buyer: Buyer, code: str
) -> None:
    meter = str(next(_numbers) * 10)[:11]
    shown = (await inquire(http, buyer, f"N-{code}", meter, code=code)).json()
    assert shown["data"]["customer_name"]
    assert shown["data"]["desc"]["no_meter"] == meter
    assert shown["data"]["total"] == 0
    refused = await pay(http, buyer, f"N-{code}", meter, code=code)
    assert told(refused) == (422, "VALIDATION_ERROR")


@pytest.mark.parametrize("testing", [False, True], ids=["live", "testing"])
async def test_a_token_s_parts_are_told_in_every_dialect_and_on_paper(
    http: httpx.AsyncClient, buyer: Buyer, demo: RunningDemo, testing: bool
) -> None:
    meter = f"{next(_numbers)}1230"[-11:]
    more: dict[str, Any] = {"testing": True} if testing else {}
    await ask(http, buyer, cmd="prepaid", code="PLN20", customer_no=meter, ref_id="T1", **more)
    reply = (await final(http, buyer, "T1", **more)).json()["data"]
    token = reply["token"]
    assert len(token["token"]) == len("1234-5678-9012-3456-7890")
    assert all(token.values())
    assert token["token"] in reply["sn"]
    shown = await socx(http, buyer, "status", request_id="T1", **more)
    parsed = shown["data"]["parsed"]
    assert (parsed["stroom_token"], parsed["kwh"]) == (token["token"], token["kwh"])
    assert parsed["tarif_daya"] == f"{token['tariff']}/{token['power']} VA"
    order = await buyer.order(http, "T1")
    assert order is not None
    paper = await http.get(f"/api/orders/{order['id']}/receipt", headers=demo.admin)
    for part in ("KWH", "TARIF", "TOKEN", token["token"], token["kwh"], token["name"]):
        assert part in paper.text


# --- SocX ---------------------------------------------------------------------------------------


async def socx(http: httpx.AsyncClient, buyer: Buyer, path: str, **body: Any) -> dict[str, Any]:
    reply = await http.post(f"/reseller/api/v1/{path}", json=body, headers=buyer.bearer)
    shown: dict[str, Any] = reply.json()
    return shown


async def paid_in_socx(
    http: httpx.AsyncClient, buyer: Buyer, ref: str, no: str, code: str, **more: Any
) -> dict[str, Any]:
    """Pay, and ask until it is final."""
    reply = await socx(http, buyer, "payment", code=code, idpel=no, request_id=ref, **more)
    for _ in range(600):
        if reply["rc"] != "68":
            break
        await asyncio.sleep(0.1)
        reply = await socx(http, buyer, "payment", code=code, idpel=no, request_id=ref, **more)
    return reply


async def test_socx_shows_and_pays_a_bill_with_its_own_members(
    http: httpx.AsyncClient, buyer: Buyer
) -> None:
    no = customer()
    shown = await socx(http, buyer, "inquiry", code="MPBPJS", idpel=no, request_id="SI-1")
    assert shown == {
        "code": "MPBPJS",
        "idpel": no,
        "request_id": "SI-1",
        "product_name": "BPJS Kesehatan",
        "client_name": "Demo Member",
        "info": shown["info"],
        "rc": "00",
        "msg": "SUKSES",
        "jumlah_tagihan": "1",
        "denda": "0",
        "tagihan": "22500",
        "admin": "2700",
        "total": "25200",
        "balance": FUNDS,
    }
    assert {"name": "NAMA", "value": "Demo Member"} in shown["info"]
    paid = await paid_in_socx(http, buyer, "SP-1", no, "MPBPJS")
    assert paid["rc"] == "00"
    beside = {k: v for k, v in paid.items() if k not in shown}
    assert list(beside) == ["nomor_referensi", "trx_id", "footer", "header", "time"]
    assert paid["nomor_referensi"]
    assert (paid["total"], paid["client_name"]) == ("25200", "Demo Member")
    status = await socx(http, buyer, "status", request_id="SP-1")
    assert (status["rc"], status["price"]) == ("00", 25_200)
    assert (status["sn"], status["msisdn"]) == (paid["nomor_referensi"], no)
    assert await buyer.money(http) == (FUNDS - 25_200 + SHARE, 0)


SOCX_ENDINGS: Final = {
    "1232": ("101", None),
    "1240": ("100", None),
    "1241": ("00", "80"),
    "1243": ("00", "100"),
    "1245": ("102", None),
    "1242": ("00", "00"),
}


@pytest.mark.parametrize("ending", SOCX_ENDINGS)
@pytest.mark.parametrize("testing", [False, True])
async def test_socx_has_an_rc_for_each_ending_live_and_testing(
    http: httpx.AsyncClient, buyer: Buyer, ending: str, *, testing: bool
) -> None:
    no = customer(ending)
    more: dict[str, Any] = {"testing": True} if testing else {}
    found, paid = SOCX_ENDINGS[ending]
    shown = await socx(http, buyer, "inquiry", code="MPBPJS", idpel=no, request_id="I", **more)
    assert shown["rc"] == found
    if paid is not None:
        assert (await paid_in_socx(http, buyer, "P", no, "MPBPJS", **more))["rc"] == paid


async def test_socx_s_open_amount_stands_behind_the_number(
    http: httpx.AsyncClient, buyer: Buyer
) -> None:
    no = "089678549508#5000"
    shown = await socx(http, buyer, "inquiry", code="MPDANA", idpel=no, request_id="D")
    assert [shown[k] for k in ("tagihan", "admin", "total")] == ["5000", "700", "5700"]
    assert (await paid_in_socx(http, buyer, "DP", no, "MPDANA"))["rc"] == "00"
    status = await socx(http, buyer, "status", request_id="DP")
    assert (status["msisdn"], status["price"]) == (no, 5_700)


async def test_socx_s_name_check_has_no_amounts_and_pln_numbers_rcs_of_their_own(
    http: httpx.AsyncClient, buyer: Buyer
) -> None:
    shown = await socx(http, buyer, "inquiry", code="CPLN", idpel="12102103483", request_id="N")
    assert (shown["rc"], shown["total"]) == ("00", "0")
    assert [pair["name"] for pair in shown["info"]] == ["IDPEL", "NAMA", "No Meter", "Tarif/Daya"]
    for code, rc in (("MPPLN", "114"), ("CPLN", "115")):
        no = "12102101245"
        shown = await socx(http, buyer, "inquiry", code=code, idpel=no, request_id=f"N{rc}")
        assert shown["rc"] == rc


async def test_socx_pays_nothing_that_was_not_shown(http: httpx.AsyncClient, buyer: Buyer) -> None:
    reply = await paid_in_socx(http, buyer, "NONE", customer(), "MPBPJS")
    assert (reply["rc"], reply["trx_id"]) == ("10", 0)


# --- OtomaX -------------------------------------------------------------------------------------


async def otomax(
    http: httpx.AsyncClient, buyer: Buyer, product: str, dest: str, ref: str, **more: str
) -> str:
    query = {
        "product": product,
        "dest": dest,
        "refID": ref,
        "memberID": buyer.member,
        "sign": buyer.sign(product=product, dest=dest, reference=ref),
    }
    return (await http.get("/trx", params=query | more)).text


async def paid_in_otomax(
    http: httpx.AsyncClient, buyer: Buyer, product: str, dest: str, ref: str, **more: str
) -> str:
    """Pay, and check until it is final."""
    text = await otomax(http, buyer, product, dest, ref, **more)
    for _ in range(600):
        if not any(word in text.lower() for word in ("proses", "menunggu")):
            break
        await asyncio.sleep(0.1)
        text = await otomax(http, buyer, product, dest, ref, check="1", **more)
    return text


@pytest.mark.parametrize(("asks", "pays"), [("CEK", "BYR"), ("C", "B")])
async def test_otomax_asks_and_pays_by_the_code_s_first_letters(
    http: httpx.AsyncClient, buyer: Buyer, asks: str, pays: str
) -> None:
    no = customer()
    text = await otomax(http, buyer, f"{asks}MPBPJS", no, "OI-1")
    assert f"{asks}MPBPJS.{no} SUKSES" in text
    bill = "SN/Ref: Demo Member/TAG:22500/ADM:2700/TOTAL:25200/LBR:1/PER:01"
    assert bill in text or bill.replace("SN/Ref", "SN") in text
    assert await buyer.money(http) == (FUNDS, 0)
    first = await otomax(http, buyer, f"{pays}MPBPJS", no, "OP-1")
    assert f"{pays}MPBPJS" in first
    assert no in first
    text = await paid_in_otomax(http, buyer, f"{pays}MPBPJS", no, "OP-1")
    assert "sukses" in text.lower()
    assert await buyer.money(http) == (FUNDS - 25_200 + SHARE, 0)


OTOMAX_ENDINGS: Final = {
    "1232": ("Tagihan tidak ditemukan", None),
    "1240": ("Tagihan sudah dibayar", None),
    "1241": ("SUKSES", "Jumlah tagihan berubah"),
    "1243": ("SUKSES", "Tagihan sudah dibayar"),
    "1242": ("DENDA:6000", "sukses"),
}


@pytest.mark.parametrize("ending", OTOMAX_ENDINGS)
@pytest.mark.parametrize("testing", [False, True])
async def test_otomax_has_words_for_each_ending_live_and_testing(
    http: httpx.AsyncClient, buyer: Buyer, ending: str, *, testing: bool
) -> None:
    no = customer(ending)
    more = {"testing": "1"} if testing else {}
    found, paid = OTOMAX_ENDINGS[ending]
    code = "MPPLN"
    assert found in await otomax(http, buyer, f"CEK{code}", no, "I", **more)
    if paid is not None:
        text = await paid_in_otomax(http, buyer, f"BYR{code}", no, "P", **more)
        assert paid.lower() in text.lower()


async def test_otomax_checks_names_and_takes_open_amounts(
    http: httpx.AsyncClient, buyer: Buyer
) -> None:
    meter = "12102103483"
    text = await otomax(http, buyer, "CPLN", meter, "N1")
    assert f"METER:{meter}" in text
    text = await otomax(http, buyer, "CMPDANA", "089678549508", "W1", qty="5000")
    assert "TOTAL:5700" in text
    text = await paid_in_otomax(http, buyer, "BMPDANA", "089678549508", "W2", qty="5000")
    assert "sukses" in text.lower()


@pytest.mark.parametrize("supplier", ["demo-isikuota", "demo-otomax", "demo-socx"])
async def test_a_bill_is_bought_from_a_supplier_of_every_dialect(
    demo: RunningDemo, http: httpx.AsyncClient, buyer: Buyer, supplier: str
) -> None:
    code = {"demo-isikuota": "MPGAS", "demo-otomax": "MPTV", "demo-socx": "MPINET"}[supplier]
    routes = (await http.get(f"/api/routes?product={code}", headers=demo.admin)).json()["items"]
    for route in routes:
        wanted = route["supplier"] == supplier
        change = {"enabled": wanted}
        await http.patch(f"/api/routes/{route['id']}", json=change, headers=demo.admin)
    no = customer()

    async def shown() -> bool:
        await inquire(http, buyer, "VIA", no, code=code)
        page = await http.get("/api/bill-inquiries", params={"customer_no": no}, headers=demo.admin)
        newest = page.json()["items"][0]
        return bool(newest["supplier_code"] == supplier and newest["state"] == "found")

    await demo.wait_for(shown, 5)
    await pay(http, buyer, "VIA", no, code=code)
    reply = await final(http, buyer, "VIA")
    assert told(reply) == (200, "BILL_PAYMENT_SUCCESS")
    order = await buyer.order(http, "VIA")
    assert order is not None
    assert order["attempts"][0]["supplier_code"] == supplier


async def test_the_ledger_is_clean_after_all_of_this(demo: RunningDemo) -> None:
    checks = (await demo.verify()).checks
    assert {check.name: check.differences for check in checks if check.differences} == {}
