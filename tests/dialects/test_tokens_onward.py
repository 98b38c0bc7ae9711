"""An electricity token's parts go from supplier to reseller in every dialect, and back in."""

from __future__ import annotations

from typing import Any

import pytest

from dialects.pairs import PAIRS, Pair
from dialects.stand_in import Scripted
from gerbang.bills.token import Token, token_data, token_of
from gerbang.dialects.contract import OrderState
from gerbang.orders.outcome import Delivered

WHOLE = Token(
    token="0143-4804-9579-5519-9674", name="BUDI S", tariff="R1", power="1300", kwh="63,0"
)
PARTS = {"token": WHOLE.token, "name": "BUDI S", "tariff": "R1", "power": "1300", "kwh": "63,0"}
TRADE = f"{WHOLE.token}/BUDI S/R1/1300VA/63,0kWh"

pytestmark = pytest.mark.parametrize(
    "pair", [p for p in PAIRS if p.dialect.name != "mini"], ids=lambda pair: pair.dialect.name
)


def kept(outcome: Any) -> Token | None:
    """Read what our order would keep of this delivery."""
    assert isinstance(outcome, Delivered)
    return token_of(token_data(outcome.sn, outcome.data))


@pytest.mark.parametrize("sn", [WHOLE.token, TRADE])
async def test_a_reply_has_all_parts_however_they_came_to_us(pair: Pair, sn: str) -> None:
    gateway = pair.open_gateway()
    gateway.script.append(Scripted(sn=sn, data=PARTS))
    assert kept(await pair.buy(gateway)) == WHOLE
    assert kept(await pair.ask(gateway)) == WHOLE


@pytest.mark.parametrize("sn", [WHOLE.token, TRADE])
async def test_a_callback_has_them_too(pair: Pair, sn: str) -> None:
    gateway = pair.open_gateway()
    gateway.script.append(Scripted(sn=sn, data=PARTS))
    await pair.buy(gateway)
    assert kept(pair.tell(gateway, OrderState.SUCCESS).outcome) == WHOLE


async def test_another_serial_number_brings_no_parts(pair: Pair) -> None:
    gateway = pair.open_gateway()
    gateway.script.append(Scripted(sn="0409123456789012"))
    assert kept(await pair.buy(gateway)) is None
