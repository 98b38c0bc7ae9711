"""What ``POST /v1/order`` does for each `cmd`: one function and one line of the table each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, assert_never

import msgspec

from gerbang.dialects.contract import (
    Credential,
    Gateway,
    Inquiry,
    OrderView,
    Pay,
    ProductKind,
    ProductQuery,
    Purchase,
    Refusal,
    Uncertain,
)
from gerbang.dialects.isikuota.bill_replies import in_wire_words, inquiry_reply
from gerbang.dialects.isikuota.fields import (
    BillFields,
    BuyFields,
    InvalidFieldsError,
    read_product_query,
    read_status_fields,
)
from gerbang.dialects.isikuota.replies import (
    order_reply,
    pending_reply,
    products_reply,
    refusal_reply,
    refused,
    uncertain_reply,
)
from gerbang.dialects.isikuota.spec import FIXED_KINDS, NAME
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered


class Asked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request whose sender is known: `business` are the members that were signed."""

    credential: Credential
    business: Mapping[str, Any]
    signature: str
    testing: bool


Command = Callable[[Gateway, Asked], Awaitable[Answered]]


async def run_command(gateway: Gateway, asked: Asked) -> Answered:
    """Do what `cmd` says, or name the commands there are."""
    name = asked.business.get("cmd")
    command = COMMANDS.get(name) if type(name) is str else None
    if command is None:
        names = ", ".join(COMMANDS)
        raise InvalidFieldsError({"cmd": [f"cmd harus salah satu dari: {names}"]})
    return await command(gateway, asked)


async def _buy(gateway: Gateway, asked: Asked) -> Answered:
    purchase = _purchase(gateway, asked, BuyFields(asked.business))
    result = await gateway.place(asked.credential, purchase)
    match result:
        case OrderView():
            return order_reply(result)
        case Refusal():
            return refusal_reply(result)
        case Uncertain():
            return uncertain_reply(result, purchase)
        case _:
            assert_never(result)


def _purchase(gateway: Gateway, asked: Asked, fields: BuyFields) -> Purchase:
    return Purchase(
        dialect=NAME,
        product_code=fields.code,
        destination=fields.customer_no,
        kinds=_kinds(gateway, asked, fields),
        reference=fields.ref_id,
        quantity=fields.amount,
        testing=asked.testing,
        signature=asked.signature,
    )


_KINDS_WITHOUT_AMOUNT: Final[Mapping[str, frozenset[ProductKind]]] = {
    # The core refuses an open denomination without an amount, and says so.
    "prepaid": frozenset({FIXED_KINDS["prepaid"], ProductKind.OPEN}),
    "game": frozenset({FIXED_KINDS["game"]}),
}
_OPEN_ONLY: Final = frozenset({ProductKind.OPEN})


def _kinds(gateway: Gateway, asked: Asked, fields: BuyFields) -> frozenset[ProductKind]:
    """Say what this command may buy.

    With an amount only an open denomination is meant: elsewhere the amount would count pieces.
    """
    command = asked.business["cmd"]
    if fields.amount is None:
        return _KINDS_WITHOUT_AMOUNT[command]
    if command == "prepaid" or _is_game(gateway, asked.credential, fields.code):
        return _OPEN_ONLY
    return frozenset()


def _is_game(gateway: Gateway, credential: Credential, code: str) -> bool:
    """Whether a product is filed under games; open denominations have no kind of their own."""
    found, _ = gateway.list_products(credential, ProductQuery(code=code, limit=1))
    return any("game" in product.category.casefold() for product in found)


async def _inquire(gateway: Gateway, asked: Asked) -> Answered:
    """Ask what a customer owes (§7.1); of a token's product, whose meter it is."""
    fields = BillFields(asked.business, paying=False)
    result = await gateway.inquire(
        asked.credential,
        Inquiry(
            dialect=NAME,
            product_code=fields.code,
            customer_no=fields.customer_no,
            reference=fields.ref_id,
            amount=fields.amount,
            testing=asked.testing,
        ),
    )
    if isinstance(result, Refusal):
        return refusal_reply(in_wire_words(result))
    return inquiry_reply(result)


async def _pay(gateway: Gateway, asked: Asked) -> Answered:
    """Pay what an inquiry showed under the same ref_id (§7.2)."""
    fields = BillFields(asked.business, paying=True)
    payment = Pay(
        dialect=NAME,
        product_code=fields.code,
        customer_no=fields.customer_no,
        reference=fields.ref_id,
        inquiry_reference=fields.ref_id,
        amount=fields.amount,
        testing=asked.testing,
        signature=asked.signature,
    )
    result = await gateway.pay(asked.credential, payment)
    match result:
        case OrderView():
            return order_reply(result)
        case Refusal():
            return refusal_reply(in_wire_words(result))
        case Uncertain():
            return pending_reply(
                reference=result.reference,
                customer_no=fields.customer_no,
                code=fields.code,
                name=result.product_name,
                price=result.price,
                created_at=result.created_at,
            )
        case _:
            assert_never(result)


async def _status(gateway: Gateway, asked: Asked) -> Answered:
    """Tell where an order stands; an addition of ours (§0)."""
    reference = read_status_fields(asked.business)
    order = await gateway.find_order(asked.credential, reference, testing=asked.testing)
    return order_reply(order) if order else refused(Reason.ORDER_NOT_FOUND)


async def _products(gateway: Gateway, asked: Asked) -> Answered:
    """List the reseller's prices; an addition of ours (§0)."""
    query = read_product_query(asked.business)
    products, following = gateway.list_products(asked.credential, query)
    return products_reply(products, following)


COMMANDS: Final[Mapping[str, Command]] = {
    "prepaid": _buy,
    "game": _buy,
    "inquiry": _inquire,
    "pay-pasca": _pay,
    "status": _status,
    "products": _products,
}

ORDERING: Final = frozenset(name for name, command in COMMANDS.items() if command in (_buy, _pay))
"""Commands that may create an order: a crash in one of them must not sound like a failure."""
