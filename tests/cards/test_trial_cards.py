"""Test cards on the hosted page: in testing mode all that are good for it, live never one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec
import pytest

from gerbang.cards.acquirers.sandbox_cards import TEST_CARDS
from gerbang.cards.card import CardNumber
from gerbang.cards.merchant import Features, Merchant
from gerbang.cards.trial_cards import CVV, MEANINGS, trial_cards
from gerbang.dialects.card_contract import TrialCard
from gerbang.dialects.nicepay.pages import CheckoutView, OrderFace, ResultView
from gerbang.dialects.nicepay.pages import checkout_page as checkout
from gerbang.dialects.nicepay.pages import result_page as result

NOW: Final = datetime(2026, 11, 26, tzinfo=UTC)
SANDBOX: Final = Merchant(
    id=1,
    imid="DEMOSALE01",
    name="M",
    status="active",
    account_id=1,
    reseller_id=None,
    acquirer="sandbox",
    acquirer_account_id=2,
    sandboxed=True,
    booked=False,
    key="k",
)
LIVE: Final = msgspec.structs.replace(SANDBOX, sandboxed=False)


def page(merchant: Merchant, cards: tuple[TrialCard, ...]) -> str:
    order = OrderFace(merchant="Toko", amount=10_000, testing=merchant.sandboxed)
    view = CheckoutView(
        language="id",
        order=order,
        action="/pay",
        hidden={"tXid": "T"},
        trial_cards=cards,
    )
    return checkout(view).decode()


def test_in_testing_mode_the_page_shows_each_card_with_what_it_does() -> None:
    secure = msgspec.structs.replace(SANDBOX, features=Features(secure=True))
    shown = page(secure, trial_cards(secure, NOW))
    assert shown.count("data-trial") == len(TEST_CARDS)
    assert "4434 2600 0000 0008" in shown
    assert "01/29" in shown
    assert f"CVV {CVV}" in shown
    assert "dana tidak cukup" in shown


def test_a_live_page_shows_none_and_cannot_be_made_with_one() -> None:
    assert trial_cards(LIVE, NOW) == ()
    assert "data-trial" not in page(LIVE, trial_cards(LIVE, NOW))
    with pytest.raises(ValueError, match="testing mode only"):
        page(LIVE, trial_cards(SANDBOX, NOW))


def test_cards_of_a_challenge_are_shown_only_where_there_is_one() -> None:
    assert not any("3-D Secure" in card.meaning["en"] for card in trial_cards(SANDBOX, NOW))


def test_every_card_is_said_in_both_languages_and_would_be_taken() -> None:
    assert set(MEANINGS) == {card.meaning for card in TEST_CARDS}
    assert all(CardNumber(card.number).passes_luhn for card in TEST_CARDS)


@pytest.mark.parametrize(
    ("code", "said"),
    [("0000", "Keep this payment id"), ("9157", "try again"), ("1004", "Do not pay again")],
)
def test_a_result_says_what_to_do_next(code: str, said: str) -> None:
    plain = result(ResultView(language="en", result_cd=code, fields={})).decode()
    assert said in plain
    assert "<a " not in plain
    hosted = ResultView(language="en", result_cd=code, fields={}, again_url="/pay?tXid=T")
    assert 'href="/pay?tXid=T"' in result(hosted).decode()
