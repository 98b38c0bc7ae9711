"""The acquirer over the network: asked once, believed only by inquiry."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from gerbang.cards.acquirers.contract import (
    Approved,
    ChargeRequest,
    Declined,
    FollowUp,
    HandOver,
    NotFound,
    Unknown,
)
from gerbang.cards.acquirers.nicepay import NicepayAcquirer, NicepaySettings, truth_of
from gerbang.cards.card import CardData, CardNumber, Hidden
from gerbang.cards.payment import AttemptKind as K
from gerbang.clock import FixedClock
from gerbang.dialects.nicepay.client import Account, Place, Standing
from gerbang.dialects.nicepay.tokens import notification_token
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.message import (
    Answered,
    HttpRequest,
    InboundRequest,
    NeverSent,
    NoAnswer,
    SendResult,
)
from gerbang.postgres.pool import Pool, open_pool

KEY = "SIMKEY/abc+DEF0123456789=="
IMID = "SIMMID0001"


class Wire:
    """A NICEPAY of one book, that can fall silent at any call."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.heard: list[str] = []
        self.silent_after: set[str] = set()
        """Calls that are carried out, and whose answer is lost."""
        self.unreachable: set[str] = set()
        self.says: dict[str, dict[str, str]] = {}

    async def send(self, request: HttpRequest, **_: Any) -> SendResult:
        call = request.url.rpartition("/v2/")[2]
        if call in self.unreachable:
            return NeverSent(error="refused")
        self.heard.append(call)
        if request.headers[0][1].startswith("application/json"):
            fields = json.loads(request.body)
        else:
            fields = {k: v[0] for k, v in parse_qs(request.body.decode()).items()}
        said = self.says.get(call) or getattr(self, f"on_{call}")(fields)
        if call in self.silent_after:
            return NoAnswer(error="lost")
        if call == "payment":
            page = f'<head><input type="hidden" name="resultCd" value="{said["resultCd"]}">'
            return Answered(status=200, body=page.encode())
        return Answered(status=200, body=json.dumps(said).encode())

    def on_registration(self, fields: dict[str, str]) -> dict[str, str]:
        txid = f"{IMID}01{len(self.orders):018}"
        self.orders[txid] = fields | {"status": "9", "word": "init", "cancelAmt": "0"}
        return {"resultCd": "0000", "tXid": txid, "referenceNo": fields["referenceNo"],
                "amt": fields["amt"], "paymentURL": "http://acq/pay"}  # fmt: skip

    def on_payment(self, fields: dict[str, str]) -> dict[str, str]:
        self.orders[fields["tXid"]] |= {"status": "0", "word": "paid"}
        return {"resultCd": "0000"}

    def on_inquiry(self, fields: dict[str, str]) -> dict[str, str]:
        order = self.orders[fields["tXid"]]
        return {"resultCd": "0000", "resultMsg": order["word"], "status": order["status"],
                "tXid": fields["tXid"], "referenceNo": order["referenceNo"], "amt": order["amt"],
                "cancelAmt": order["cancelAmt"], "authNo": "001234",
                "preauthToken": order.get("preauthToken", ""),
                "recurringToken": "r" * 64}  # fmt: skip

    def on_cancel(self, fields: dict[str, str]) -> dict[str, str]:
        order = self.orders[fields["tXid"]]
        if fields["cancelType"] == "1":
            order |= {"status": "1", "word": "void"}
        order["cancelAmt"] = str(int(order["cancelAmt"]) + int(fields["amt"]))
        return {"resultCd": "0000", "tXid": fields["tXid"], "canceltXid": "cancel-1"}

    @property
    def only(self) -> dict[str, Any]:
        (order,) = self.orders.values()
        return order

    def count(self, call: str) -> int:
        return self.heard.count(call)


class Bench:
    def __init__(self, pool: Pool, acquirer_id: int) -> None:
        self.wire = Wire()
        self.pool = pool
        self.acquirer_id = acquirer_id
        self.acquirer = self.make()

    def make(self, **settings: Any) -> NicepayAcquirer:
        return NicepayAcquirer(
            acquirer_id=self.acquirer_id,
            account=Account(base_url="http://acq", imid=IMID, key=KEY),
            settings=NicepaySettings(**settings),
            pool=self.pool,
            outbound=self.wire,  # type: ignore[arg-type]
            addresses=AddressPolicy(allow_private=True),
            clock=FixedClock(datetime(2026, 1, 2, tzinfo=UTC)),
            return_url="http://us/return",
            notify_url="http://us/notify",
        )

    async def paid(self, reference: str = "A1", kind: K = K.CHARGE) -> None:
        assert isinstance(await self.acquirer.charge(charge(reference, kind=kind), None), HandOver)
        word = "preauthed" if kind is K.HOLD else "paid"
        self.wire.only.update(status="0", word=word, preauthToken="p" * 64)
        assert isinstance(await self.acquirer.inquire(reference, kind), Approved)

    def notification(self, key: str = KEY) -> InboundRequest:
        (txid,) = self.wire.orders
        made = notification_token(key, imid=IMID, txid=txid, amount="150000")
        body = f"tXid={txid}&referenceNo=A1&amt=150000&merchantToken={made}"
        return InboundRequest(method="POST", path="/notify", body=body.encode())


@pytest.fixture
async def bench(database_url: str) -> AsyncIterator[Bench]:
    pool = await open_pool(database_url, size_min=1, size_max=3)
    acquirer_id = await pool.fetchval("SELECT id FROM acquirers LIMIT 1")
    try:
        yield Bench(pool, acquirer_id)
    finally:
        pool.terminate()


def charge(reference: str = "A1", kind: K = K.CHARGE, **more: Any) -> ChargeRequest:
    return ChargeRequest(
        kind=kind, reference=reference, txid="t", imid="OURMID0001", amount=150000, **more
    )


def follow(kind: K, amount: int = 150000, reference: str = "F1") -> FollowUp:
    """Every test's charge is the first order of its book."""
    return FollowUp(
        kind=kind,
        reference=reference,
        of_reference=f"{IMID}01{0:018}",
        imid="OURMID0001",
        amount=amount,
        charged=150000,
    )


async def test_the_browser_goes_to_the_acquirers_page_and_an_inquiry_says_what_happened(
    bench: Bench,
) -> None:
    outcome = await bench.acquirer.charge(charge(), None)
    (txid,) = bench.wire.orders
    assert outcome == HandOver(url=f"http://acq/pay?tXid={txid}", fields={})
    assert isinstance(await bench.acquirer.inquire("A1", K.CHARGE), Unknown)
    bench.wire.only.update(status="0", word="paid")
    truth = await bench.acquirer.inquire("A1", K.CHARGE)
    assert isinstance(truth, Approved)
    assert (truth.acquirer_reference, truth.auth_code) == (txid, "001234")


@pytest.mark.parametrize("broken", ["silent_after", "unreachable"])
async def test_a_lost_registration_charges_nothing_and_its_reference_is_closed(
    bench: Bench, broken: str
) -> None:
    getattr(bench.wire, broken).add("registration")
    assert isinstance(await bench.acquirer.charge(charge(), None), Declined)
    assert isinstance(await bench.acquirer.inquire("A1", K.CHARGE), NotFound)


async def test_a_reference_is_charged_once_whatever_happens(bench: Bench) -> None:
    await bench.paid()
    assert isinstance(await bench.acquirer.charge(charge(), None), Unknown)
    assert bench.wire.count("registration") == 1


async def test_a_reference_that_was_asked_about_before_it_was_sent_never_is(bench: Bench) -> None:
    assert isinstance(await bench.acquirer.inquire("A1", K.CHARGE), NotFound)
    assert isinstance(await bench.acquirer.charge(charge(), None), Unknown)
    assert bench.wire.heard == []


async def test_a_failed_order_is_declined_with_the_acquirers_code(bench: Bench) -> None:
    await bench.acquirer.charge(charge(), None)
    bench.wire.only.update(status="8", word="expired")
    assert await bench.acquirer.inquire("A1", K.CHARGE) == Declined(code="9129")


async def test_a_token_is_charged_once_and_confirmed_by_inquiry(bench: Bench) -> None:
    outcome = await bench.acquirer.charge(charge(vault="v" * 64), None)
    assert isinstance(outcome, Approved)
    assert bench.wire.heard == ["registration", "payment", "inquiry"]


async def test_a_lost_answer_to_a_payment_is_found_by_inquiry_and_never_repeated(
    bench: Bench,
) -> None:
    bench.wire.silent_after |= {"payment", "inquiry"}
    assert isinstance(await bench.acquirer.charge(charge(vault="v" * 64), None), Unknown)
    bench.wire.silent_after.clear()
    assert isinstance(await bench.acquirer.inquire("A1", K.CHARGE), Approved)
    assert bench.wire.count("payment") == 1


async def test_a_payment_that_never_left_is_declined(bench: Bench) -> None:
    bench.wire.unreachable.add("payment")
    assert isinstance(await bench.acquirer.charge(charge(vault="v" * 64), None), Declined)
    assert isinstance(await bench.acquirer.inquire("A1", K.CHARGE), Declined)


async def test_a_void_happens_once(bench: Bench) -> None:
    await bench.paid()
    outcome = await bench.acquirer.follow_up(follow(K.VOID))
    assert outcome == Approved(acquirer_reference="cancel-1")
    assert isinstance(await bench.acquirer.follow_up(follow(K.VOID)), Unknown)
    assert bench.wire.count("cancel") == 1


@pytest.mark.parametrize(("kind", "amount"), [(K.VOID, 150000), (K.REFUND, 50000)])
async def test_a_lost_cancel_is_found_by_what_came_back(bench: Bench, kind: K, amount: int) -> None:
    await bench.paid()
    bench.wire.silent_after |= {"cancel", "inquiry"}
    bench.wire.silent_after.discard("inquiry")
    outcome = await bench.acquirer.follow_up(follow(kind, amount))
    assert isinstance(outcome, Approved)
    assert bench.wire.count("cancel") == 1


async def test_a_cancel_that_shows_nowhere_stays_unknown(bench: Bench) -> None:
    await bench.paid()
    bench.wire.says["cancel"] = {"resultCd": "1004"}
    assert isinstance(await bench.acquirer.follow_up(follow(K.REFUND, 50000)), Unknown)
    assert isinstance(await bench.acquirer.inquire("F1", K.REFUND), Unknown)
    assert bench.wire.count("cancel") == 1


async def test_a_second_refund_is_not_proved_by_the_first(bench: Bench) -> None:
    await bench.paid()
    await bench.acquirer.follow_up(follow(K.REFUND, 50000))
    bench.wire.says["cancel"] = {"resultCd": "1004"}
    second = await bench.acquirer.follow_up(follow(K.REFUND, 50000, "F2"))
    assert isinstance(second, Unknown)
    bench.wire.only["cancelAmt"] = "100000"
    assert isinstance(await bench.acquirer.inquire("F2", K.REFUND), Approved)


async def test_a_refused_cancel_is_declined(bench: Bench) -> None:
    await bench.paid()
    bench.wire.says["cancel"] = {"resultCd": "9327"}
    assert await bench.acquirer.follow_up(follow(K.REFUND, 5)) == Declined(code="9327")


async def test_nothing_is_cancelled_while_its_charge_cannot_be_looked_up(bench: Bench) -> None:
    await bench.paid()
    bench.wire.unreachable.add("inquiry")
    assert isinstance(await bench.acquirer.follow_up(follow(K.VOID)), Declined)
    bench.wire.unreachable.clear()
    assert isinstance(await bench.acquirer.inquire("F1", K.VOID), NotFound)
    assert bench.wire.count("cancel") == 0


async def test_a_hold_is_captured_by_an_order_of_its_own(bench: Bench) -> None:
    await bench.paid(kind=K.HOLD)
    outcome = await bench.acquirer.follow_up(follow(K.CAPTURE, 120000))
    assert isinstance(outcome, Approved)
    hold, capture = bench.wire.orders.values()
    assert (hold["amt"], capture["amt"]) == ("150000", "120000")
    assert bench.wire.count("payment") == 1


async def test_a_message_with_a_good_token_names_the_reference_to_ask_about(bench: Bench) -> None:
    await bench.acquirer.charge(charge(), None)
    assert await bench.acquirer.hear(bench.notification()) == "A1"
    assert await bench.acquirer.hear(bench.notification(key="forged")) is None


async def test_a_success_after_a_decline_is_taken_back_once(bench: Bench) -> None:
    await bench.acquirer.charge(charge(), None)
    bench.wire.only.update(status="8", word="failed")
    assert isinstance(await bench.acquirer.inquire("A1", K.CHARGE), Declined)
    bench.wire.only.update(status="0", word="paid")
    bench.wire.says["cancel"] = {"resultCd": "1004"}
    await bench.acquirer.hear(bench.notification())
    await bench.acquirer.hear(bench.notification())
    assert bench.wire.count("cancel") == 1
    assert await bench.pool.fetchval("SELECT undo FROM acquirer_orders") == "unclear"


async def test_a_card_typed_at_our_page_leaves_it_only_under_the_acquirers_key(
    bench: Bench,
) -> None:
    from base64 import b64encode

    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    private = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    acquirer = bench.make(public_key=b64encode(der).decode())
    card = CardData(CardNumber("4434260000000008"), "3901", Hidden("100"), "Budi")
    outcome = await acquirer.charge(charge(), card)
    assert isinstance(outcome, HandOver)
    assert outcome.url == "http://acq/nicepay/direct/v2/payment"
    assert "4434260000000008" not in repr(outcome)
    from base64 import b64decode

    opened = private.decrypt(b64decode(outcome.fields["cardNo"]), padding.PKCS1v15())
    assert opened == b"4434260000000008"


@pytest.mark.parametrize(
    ("kind", "place", "expected"),
    [
        (K.CHARGE, Place.PAID, Approved), (K.CHARGE, Place.HELD, Unknown),
        (K.HOLD, Place.PAID, Unknown), (K.HOLD, Place.HELD, Approved),
        (K.CHARGE, Place.INITIALISED, Unknown), (K.CHARGE, Place.UNKNOWN, Unknown),
        (K.CHARGE, Place.VOID, Declined), (K.VOID, Place.VOID, Approved),
        (K.VOID, Place.REFUNDED, Approved), (K.VOID, Place.PAID, Unknown),
        (K.REFUND, Place.PAID, Unknown), (K.REFUND, Place.REFUNDED, Approved),
        (K.VOID, Place.FAILED, Unknown),
    ],
)  # fmt: skip
def test_what_an_inquiry_proves(kind: K, place: Place, expected: type) -> None:
    assert isinstance(truth_of(kind, Standing(place=place), asked=10), expected)
