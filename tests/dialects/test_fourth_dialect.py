"""docs/adding-a-dialect.md, tried: a fourth dialect is a folder and one line of the core."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from dialects.mini import DIALECT
from dialects.stand_in import NOON, PENDING, Scripted, StandInGateway, make_credential, send
from gerbang.dialects import registry
from gerbang.dialects.contract import (
    CallbackEvent,
    CallbackMessage,
    OrderState,
    ProductKind,
    Refusal,
)
from gerbang.dialects.supplier_contract import CallbackRefused, SupplierOrder, SupplierView
from gerbang.orders.outcome import Accepted, Delivered, NotFound, Outcome, Rejected, Unknown
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered, InboundRequest

CLIENT = DIALECT.client
SUPPLIER = SupplierView(
    id=1, code="m", dialect="mini", base_url="http://mini.test", secrets={"key": "K"}, settings={}
)
ORDER = SupplierOrder(
    reference="T-1",
    product_code="HSA5",
    destination="0812345678",
    quantity=1,
    counter=1,
    kind=ProductKind.PREPAID,
)


def gateway() -> StandInGateway:
    return StandInGateway(credentials=[make_credential("mini", "K")])


async def buy(shop: StandInGateway, order: SupplierOrder = ORDER) -> Outcome:
    answer = await send(DIALECT.routes(shop), CLIENT.buy(SUPPLIER, order, now=NOON))
    return CLIENT.read_buy(SUPPLIER, order, answer)


async def ask(shop: StandInGateway) -> Any:
    request = CLIENT.ask(SUPPLIER, ORDER, now=NOON)
    assert request is not None
    return CLIENT.read_ask(SUPPLIER, ORDER, await send(DIALECT.routes(shop), request))


async def test_its_client_half_buys_from_its_own_server_half() -> None:
    shop = gateway()
    shop.script.append(PENDING)
    assert isinstance(await ask(shop), NotFound)
    assert isinstance(await buy(shop), Accepted)
    assert isinstance(await ask(shop), Accepted)
    shop.change("T-1", state=OrderState.SUCCESS, sn="SN-1")
    assert await ask(shop) == Delivered(sn="SN-1", cost=5_400)
    assert await buy(shop) == Delivered(sn="SN-1", cost=5_400)  # the same order
    assert len(shop.orders) == 1


@pytest.mark.parametrize("reason", [Reason.OUT_OF_STOCK, Reason.INVALID_DESTINATION])
async def test_a_refusal_before_an_order_frees_the_reference(reason: Reason) -> None:
    shop = gateway()
    shop.script.append(Refusal(reason=reason))
    assert await buy(shop) == Rejected(reason=reason, reroutable=True, reference_consumed=False)


async def test_its_callback_is_read_by_its_own_client_half() -> None:
    shop = gateway()
    shop.script.append(Scripted())
    await buy(shop)
    message = CallbackMessage(
        id=1,
        event=CallbackEvent.SUCCESS,
        occurred_at=NOON,
        order=shop.order("T-1"),
        url="http://us.test/callbacks/m",
        secrets={},
        settings={},
    )
    request = DIALECT.callback_formats["mini"](message)
    query = request.url.partition("?")[2].encode()
    inbound = InboundRequest(
        method="GET", path="/callbacks/m", query=query, headers=(), body=b"", client_ip="10.0.0.1"
    )
    news = CLIENT.read_callback(SUPPLIER, inbound)
    assert not isinstance(news, CallbackRefused)
    assert isinstance(news[0].outcome, Delivered)
    assert news[0].confirm_first  # nobody signed it


@pytest.mark.parametrize("text", ["", "OK", "OK;T-2;1;s;", "YES;T-1;1;s;", "NO;T-1;1;;nonsense"])
def test_what_is_not_listed_is_unknown(text: str) -> None:
    answer = Answered(status=200, body=text.encode())
    assert isinstance(CLIENT.read_buy(SUPPLIER, ORDER, answer), Unknown)
    assert isinstance(CLIENT.read_ask(SUPPLIER, ORDER, answer), Unknown)


async def test_its_balance_is_read() -> None:
    request = CLIENT.ask_balance(SUPPLIER, now=NOON)
    assert request is not None
    answer = await send(DIALECT.routes(gateway()), request)
    assert CLIENT.read_balance(SUPPLIER, answer) == 100_000_000


def test_every_reason_has_a_word_and_every_word_of_an_answer_is_listed() -> None:
    assert set(DIALECT.reasons) == set(Reason)
    assert {rule.answer for rule in DIALECT.answers} == {"OK", "WAIT", "NONE", "NO"}


def test_it_is_one_folder_of_four_files_and_would_be_one_line_of_the_registry() -> None:
    folder = Path(__file__).parent / "mini"
    assert sorted(path.name for path in folder.glob("*.py")) == [
        "__init__.py", "client.py", "server.py", "spec.py",
    ]  # fmt: skip
    lines = Path(registry.__file__).read_text().splitlines()
    naming = [line for line in lines if "otomax" in line]
    assert len(naming) == 2, "its import, and its place in DIALECTS"
    core = Path(registry.__file__).parents[1]
    found = subprocess.run(
        ["grep", "-rlE", "dialects.mini", str(core)],  # noqa: S607 (whichever grep there is)
        capture_output=True,
        check=False,
    )
    assert found.stdout == b""
