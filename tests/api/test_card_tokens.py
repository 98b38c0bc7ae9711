"""Recurring tokens and the public key, as the management API shows and changes them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from cards.shop import VISA, Shop, open_shop


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(database_url, tmp_path, recurring=True, secure=True, autopaid=True) as one:
        yield one


async def test_a_revoked_token_is_refused_and_its_charges_stay(shop: Shop) -> None:
    first = await shop.register(recurrOpt="1")
    token = (await shop.pay(first))["recurringToken"]
    assert len(token) == 64
    by_token = {"cardNo": "", "cardExpYymm": "", "recurringToken": token}
    later = await shop.register()
    assert (await shop.pay(later, **by_token))["resultCd"] == "0000"
    (listed,) = (await shop.at.call("GET", "/card-tokens?merchant=MERCHANT01"))["items"]
    assert (listed["txid"], listed["charges"], listed["revoked_at"]) == (first["tXid"], 1, None)
    assert token not in str(listed)
    path = f"/card-tokens/{first['tXid']}/revoke"
    revoked = await shop.at.call("POST", path)
    assert revoked["revoked_at"]
    refused = await shop.register()
    assert (await shop.pay(refused, **by_token))["resultCd"] == "9161"
    assert (await shop.inquire(later))["status"] == "0"
    await shop.at.call("POST", path, 409)
    await shop.at.call("POST", f"/card-tokens/{later['tXid']}/revoke", 404)
    audited = await shop.at.node.pool.fetchval(
        "SELECT actor FROM audit_log WHERE action = 'card_token.revoked'"
    )
    assert audited == "api:test"


async def test_card_fields_are_paid_with_under_the_key_that_is_shown(shop: Shop) -> None:
    shown = await shop.at.call("GET", "/card-key")
    assert shown["sha256"] == hashlib.sha256(shown["public_key"].encode()).hexdigest()
    key = load_der_public_key(base64.b64decode(shown["public_key"]))
    assert isinstance(key, rsa.RSAPublicKey)

    def sealed(text: str) -> str:
        return base64.b64encode(key.encrypt(text.encode(), padding.PKCS1v15())).decode()

    order = await shop.register()
    page = await shop.pay(
        order,
        sealed(VISA),
        cardExpYymm=sealed("3901"),
        cardCvv=sealed("100"),
        cardHolderNm=sealed("BUDI"),
        encrypted="1",
        publicKey=shown["sha256"],
    )
    assert (page["resultCd"], page["cardNo"]) == ("0000", "443426******0008")
