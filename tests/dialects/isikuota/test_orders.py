"""Orders, status, products and balance as a reseller sees them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dialects.isikuota.shop import ORDER, open_shop, order, post, signed_body
from dialects.stand_in import (
    NOON,
    PENDING,
    Scripted,
    make_reseller,
)
from gerbang.dialects import isikuota
from gerbang.dialects.contract import (
    Credential,
    OrderState,
    ProductKind,
    Refusal,
    Uncertain,
)
from gerbang.orders.reasons import Reason

SAMPLES = Path(isikuota.__file__).parent / "samples"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text())


# --- samples ------------------------------------------------------------------------------------


async def test_the_documented_order_in_testing_mode_gets_the_documented_reply() -> None:
    """The request has no ref_id, and the reply brings one."""
    gateway = open_shop()
    reply = await order(gateway, sample("order_testing.request.json"))
    expected = sample("order_testing.reply.json")
    assert reply.data["ref_id"]
    assert reply.body == expected | {"data": expected["data"] | {"ref_id": reply.data["ref_id"]}}
    assert list(reply.data) == list(expected["data"])
    assert gateway.balance_now == 100_000_000


async def test_the_documented_production_request_is_the_same_without_the_flag() -> None:
    gateway = open_shop()
    business = sample("order_testing.request.json")
    del business["testing"]
    reply = await order(gateway, business)
    assert reply.code == "ORDER_SUCCESS"
    assert gateway.balance_now == 100_000_000 - 21_425


async def test_the_documented_balance_question_gets_the_documented_reply() -> None:
    gateway = open_shop(reseller=make_reseller(name="John Doe"))
    gateway.balance_now = 25_490
    body = signed_body(sample("balance.request.json"))
    reply = await post(gateway, body, path="/v1/balance")
    expected = sample("balance.reply.json")
    assert reply.body == expected | {
        "data": expected["data"] | {"checked_at": "2026-05-31 12:36:46"}
    }


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("order_failed", Scripted(state=OrderState.FAILED, reason=Reason.NUMBER_NOT_FOUND)),
        ("order_pending", PENDING),
        ("unknown_command", None),
        ("products", None),
    ],
)
async def test_our_own_samples_hold(name: str, step: Scripted | None) -> None:
    gateway = open_shop()
    if step:
        gateway.script.append(step)
    reply = await order(gateway, sample(f"{name}.request.json"))
    assert reply.body == sample(f"{name}.reply.json")


# --- what is asked of the core ------------------------------------------------------------------


async def test_an_order_reaches_the_core_as_it_was_meant() -> None:
    gateway = open_shop()
    await order(gateway, ORDER)
    (purchase,) = gateway.placed
    assert (purchase.product_code, purchase.destination) == ("TSEL21", "08123456789")
    assert (purchase.reference, purchase.testing, purchase.dialect) == (
        "TRX12345",
        False,
        "isikuota",
    )
    assert purchase.kinds == {ProductKind.PREPAID, ProductKind.OPEN}
    assert len(purchase.signature) == 64


@pytest.mark.parametrize("ref_id", ["", None])
async def test_an_empty_ref_id_is_signed_as_sent_and_then_counts_as_absent(ref_id: object) -> None:
    gateway = open_shop()
    reply = await order(gateway, {**ORDER, "ref_id": ref_id})
    assert gateway.placed[0].reference is None
    assert reply.data["ref_id"].startswith("TRX")


async def test_the_identical_request_without_ref_id_is_the_same_order() -> None:
    gateway = open_shop()
    body = signed_body({"cmd": "prepaid", "code": "TSEL21", "customer_no": "08123456789"})
    assert (await post(gateway, body)).body == (await post(gateway, body)).body
    assert len(gateway.orders) == 1


async def test_a_repeat_with_the_same_content_tells_the_present_state() -> None:
    gateway = open_shop()
    gateway.script.append(PENDING)
    assert (await order(gateway, ORDER)).code == "ORDER_PENDING"
    gateway.change("TRX12345", state=OrderState.SUCCESS, sn="77")
    reply = await order(gateway, ORDER)
    assert (reply.code, reply.data["sn"], len(gateway.orders)) == ("ORDER_SUCCESS", "77", 1)


@pytest.mark.parametrize("change", [{"code": "X10"}, {"customer_no": "08123456780"}])
async def test_the_same_ref_id_with_other_content_is_refused(change: dict[str, str]) -> None:
    gateway = open_shop()
    await order(gateway, ORDER)
    reply = await order(gateway, ORDER | change)
    assert (reply.status, reply.code, reply.data) == (409, "DUPLICATE_REF_ID", None)
    assert list(reply.errors) == ["ref_id"]


async def test_a_test_and_a_live_order_may_share_a_ref_id() -> None:
    gateway = open_shop()
    await order(gateway, ORDER)
    assert (await order(gateway, {**ORDER, "testing": True})).code == "ORDER_SUCCESS"
    assert len(gateway.orders) == 2


async def test_an_odd_ref_id_is_the_resellers_own_affair() -> None:
    odd = 'a"b\\c\td\u0001e\u2028😀'
    reply = await order(open_shop(), {**ORDER, "ref_id": odd})
    assert reply.data["ref_id"] == odd


# --- which command buys what --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cmd", "code", "amount", "result"),
    [
        ("prepaid", "TSEL21", None, "ORDER_SUCCESS"),
        ("game", "ML86", None, "ORDER_SUCCESS"),
        ("prepaid", "OVO", 50_000, "ORDER_SUCCESS"),
        ("prepaid", "GP", 50_000, "ORDER_SUCCESS"),
        ("game", "GP", 50_000, "ORDER_SUCCESS"),
        # An amount beside a fixed price would otherwise count pieces.
        ("prepaid", "TSEL21", 50_000, "VALIDATION_ERROR"),
        ("game", "ML86", 50_000, "VALIDATION_ERROR"),
        ("game", "OVO", 50_000, "VALIDATION_ERROR"),
        ("game", "TSEL21", None, "VALIDATION_ERROR"),
        ("prepaid", "ML86", None, "VALIDATION_ERROR"),
        ("prepaid", "OVO", None, "VALIDATION_ERROR"),
        ("prepaid", "MPBPJS", None, "VALIDATION_ERROR"),
        ("game", "NONE", 50_000, "PRODUCT_NOT_FOUND"),
    ],
)
async def test_each_command_buys_its_kinds_only(
    cmd: str, code: str, amount: int | None, result: str
) -> None:
    gateway = open_shop()
    business: dict[str, Any] = {"cmd": cmd, "code": code, "customer_no": "08123456789"}
    if amount is not None:
        business["amount"] = amount
    reply = await order(gateway, business)
    assert reply.code == result
    assert bool(gateway.orders) == (result == "ORDER_SUCCESS")


async def test_an_open_denomination_costs_what_the_amount_says() -> None:
    business = {"cmd": "prepaid", "code": "OVO", "customer_no": "0812", "amount": 50_000}
    assert (await order(open_shop(), business)).data["price"] == 50_500


@pytest.mark.parametrize("cmd", [None, "", "Prepaid", "pay", 5, ["prepaid"], {}])
async def test_an_unknown_command_names_the_commands_there_are(cmd: object) -> None:
    gateway = open_shop()
    reply = await order(gateway, {**ORDER, "cmd": cmd})
    assert (reply.status, reply.code) == (422, "VALIDATION_ERROR")
    assert reply.errors == {
        "cmd": ["cmd harus salah satu dari: prepaid, game, inquiry, pay-pasca, status, products"]
    }
    assert not gateway.placed


# --- fields -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", None),
        ("code", ""),
        ("code", 5),
        ("code", "x" * 65),
        ("code", "a\nb"),
        ("code", ["TSEL21"]),
        ("customer_no", None),
        ("customer_no", 8123456789),
        ("customer_no", "0812\x00"),
        ("customer_no", "0" * 65),
        ("customer_no", {"no": "0812"}),
        ("ref_id", 5),
        ("ref_id", False),
        ("ref_id", 0),
        ("ref_id", []),
        ("ref_id", "x" * 129),
        ("ref_id", "a\x00b"),
        ("amount", "50000"),
        ("amount", 0),
        ("amount", -5),
        ("amount", 1.5),
        ("amount", True),
        ("amount", 10**18),
        ("testing", "true"),
        ("testing", 1),
        ("testing", 0),
        ("testing", ""),
        ("testing", []),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_ordered(field: str, value: object) -> None:
    gateway = open_shop()
    reply = await order(gateway, {**ORDER, field: value})
    assert (reply.status, reply.code, reply.data) == (422, "VALIDATION_ERROR", None)
    assert list(reply.errors) == [field]
    assert not gateway.placed


async def test_all_wrong_fields_are_named_at_once() -> None:
    reply = await order(open_shop(), {"cmd": "prepaid", "ref_id": 5})
    assert set(reply.errors) == {"code", "customer_no", "ref_id"}


async def test_testing_null_is_live() -> None:
    gateway = open_shop()
    await order(gateway, {**ORDER, "testing": None})
    assert not gateway.placed[0].testing


async def test_a_wrong_testing_flag_is_refused_by_every_address() -> None:
    body = signed_body({"testing": "false"})
    assert (await post(open_shop(), body, path="/v1/balance")).code == "VALIDATION_ERROR"


# --- refusals and failures ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (Reason.PRODUCT_NOT_FOUND, 422, "PRODUCT_NOT_FOUND"),
        (Reason.CUT_OFF, 422, "PRODUCT_UNAVAILABLE"),
        (Reason.NO_ROUTE, 422, "PRODUCT_UNAVAILABLE"),
        (Reason.INSUFFICIENT_BALANCE, 422, "INSUFFICIENT_BALANCE"),
        (Reason.INVALID_DESTINATION, 422, "VALIDATION_ERROR"),
        (Reason.DUPLICATE_SAME_DAY, 422, "VALIDATION_ERROR"),
        (Reason.REFERENCE_REUSED, 409, "DUPLICATE_REF_ID"),
        (Reason.DAILY_LIMIT_REACHED, 429, "RATE_LIMITED"),
        (Reason.MAINTENANCE, 503, "MAINTENANCE"),
    ],
)
async def test_a_refusal_has_its_code_and_no_data(refusal: Reason, status: int, code: str) -> None:
    gateway = open_shop()
    gateway.script.append(Refusal(reason=refusal))
    reply = await order(gateway, ORDER)
    assert (reply.status, reply.code, reply.data) == (status, code, None)
    assert reply.body["success"] is False


@pytest.mark.parametrize("reason", Reason)
async def test_every_reason_can_be_said_as_a_refusal_and_as_a_failure(reason: Reason) -> None:
    gateway = open_shop()
    gateway.script += [
        Refusal(reason=reason),
        Scripted(state=OrderState.FAILED, reason=reason),
    ]
    refused = await order(gateway, ORDER)
    failed = await order(gateway, ORDER)
    assert refused.body["success"] is failed.body["success"] is False
    assert refused.body["message"]
    assert failed.body["message"]
    assert (failed.status, failed.code, failed.data["status"]) == (200, "ORDER_FAILED", "Failed")


async def test_our_trouble_with_a_supplier_is_not_told() -> None:
    gateway = open_shop()
    gateway.script.append(Scripted(state=OrderState.FAILED, reason=Reason.SUPPLIER_REFUSED_US))
    reply = await order(gateway, ORDER)
    assert reply.headers["x-gerbang-reason"] == "product_disturbed"
    assert reply.body["message"] == "Produk sedang gangguan"


async def test_a_reversed_order_is_failed_and_the_message_tells_of_the_refund() -> None:
    gateway = open_shop()
    await order(gateway, ORDER)
    gateway.change("TRX12345", state=OrderState.REVERSED)
    reply = await order(gateway, ORDER)
    assert (reply.code, reply.data["status"]) == ("ORDER_FAILED", "Failed")
    assert "dikembalikan" in reply.body["message"]


async def test_an_order_that_may_be_written_is_pending() -> None:
    gateway = open_shop()
    gateway.script.append(
        Uncertain(
            reference="TRX12345", price=21_425, product_name="Telkomsel 21.000", created_at=NOON
        )
    )
    reply = await order(gateway, ORDER)
    assert (reply.status, reply.code, reply.body["success"]) == (200, "ORDER_PENDING", True)
    assert (reply.data["ref_id"], reply.data["price"]) == ("TRX12345", 21_425)


async def test_a_crash_while_ordering_is_pending_and_never_failed() -> None:
    gateway = open_shop()
    gateway.script.append(RuntimeError("a bug"))
    reply = await order(gateway, ORDER)
    assert (reply.status, reply.code, reply.body["success"]) == (200, "ORDER_PENDING", True)
    assert (reply.data["ref_id"], reply.data["status"]) == ("TRX12345", "Pending")


def crash(_credential: Credential, _ip: str) -> Reason | None:
    msg = "a bug"
    raise RuntimeError(msg)


async def test_a_crash_where_no_order_can_exist_is_an_unlisted_code() -> None:
    gateway = open_shop()
    gateway.access = crash
    reply = await post(gateway, signed_body({}), path="/v1/balance")
    assert (reply.status, reply.code) == (500, "INTERNAL_ERROR")
