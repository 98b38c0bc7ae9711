"""What the business members of a request may hold; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from gerbang.dialects.contract import ProductKind, ProductQuery
from gerbang.dialects.isikuota.spec import (
    CODE_CHARACTERS_MAX,
    CUSTOMER_NO_CHARACTERS_MAX,
    FILTER_CHARACTERS_MAX,
    PRODUCTS_PER_PAGE_MAX,
    REF_ID_CHARACTERS_MAX,
)
from gerbang.money import RUPIAH_MAX

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

NOT_BOOLEAN: Final = "harus boolean JSON (true atau false)"
_REQUIRED: Final = "wajib diisi"
_NOT_TEXT: Final = "harus string"
_CONTROL_TEXT: Final = "tidak boleh berisi karakter kontrol"
_NUL_TEXT: Final = "tidak boleh berisi karakter NUL"


class InvalidFieldsError(Exception):
    """Members are missing or wrong; `fields` says which and why."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


class Members:
    """Reads members one by one, collects what is wrong, and says it all at once."""

    def __init__(self, business: Mapping[str, Any]) -> None:
        self._business = business
        self._wrong: dict[str, list[str]] = {}

    def blame(self, name: str, text: str) -> None:
        """Note that a member is wrong."""
        self._wrong.setdefault(name, []).append(text)

    def check(self) -> None:
        """Raise InvalidFieldsError where anything was wrong."""
        if self._wrong:
            raise InvalidFieldsError(self._wrong)

    def text(self, name: str, characters_max: int) -> str:
        """Read a required text without control characters."""
        value = self._business.get(name)
        if value is None or value == "":
            self.blame(name, _REQUIRED)
        elif type(value) is not str:
            # A number would have lost its leading zeros already (§3.2).
            self.blame(name, _NOT_TEXT)
        elif len(value) > characters_max:
            self.blame(name, f"maksimal {characters_max} karakter")
        elif _CONTROL.search(value):
            self.blame(name, _CONTROL_TEXT)
        else:
            return value
        return ""

    def optional_text(self, name: str, characters_max: int) -> str | None:
        """Read an optional text without control characters; empty and null count as absent."""
        return None if self._business.get(name) in (None, "") else self.text(name, characters_max)

    def ref_id(self) -> str | None:
        """Read a reference; empty and null are signed as sent and then count as absent (§0).

        Any character is the reseller's own affair, but for NUL, which a database cannot hold.
        """
        value = self._business.get("ref_id")
        if value is None or value == "":
            return None
        if type(value) is not str:
            self.blame("ref_id", _NOT_TEXT)
            return None
        if len(value) > REF_ID_CHARACTERS_MAX:
            self.blame("ref_id", f"maksimal {REF_ID_CHARACTERS_MAX} karakter")
        elif "\0" in value:
            self.blame("ref_id", _NUL_TEXT)
        return value

    def integer(self, name: str, least: int, most: int) -> int | None:
        """Read an optional integer within limits."""
        value = self._business.get(name)
        if value is None:
            return None
        if type(value) is not int:
            self.blame(name, "harus bilangan bulat")
        elif not least <= value <= most:
            self.blame(name, f"harus antara {least} dan {most}")
        else:
            return value
        return None


class BuyFields:
    """The members of a purchase (§6); `amount` is an addition of ours for open denominations."""

    __slots__ = ("amount", "code", "customer_no", "ref_id")

    def __init__(self, business: Mapping[str, Any]) -> None:
        members = Members(business)
        self.code = members.text("code", CODE_CHARACTERS_MAX)
        self.customer_no = members.text("customer_no", CUSTOMER_NO_CHARACTERS_MAX)
        self.ref_id = members.ref_id()
        self.amount = members.integer("amount", 1, RUPIAH_MAX)
        members.check()


class BillFields:
    """The members of an inquiry or a bill's payment (§7); `amount` is ours, for open amounts."""

    __slots__ = ("amount", "code", "customer_no", "ref_id")

    def __init__(self, business: Mapping[str, Any], *, paying: bool) -> None:
        members = Members(business)
        self.code = members.text("code", CODE_CHARACTERS_MAX)
        self.customer_no = members.text("customer_no", CUSTOMER_NO_CHARACTERS_MAX)
        self.ref_id = members.ref_id()
        if paying and self.ref_id is None:
            # There is no "generated where it is empty" here: it names the inquiry (§7.2).
            members.blame("ref_id", _REQUIRED)
        self.amount = members.integer("amount", 1, RUPIAH_MAX)
        members.check()


def read_status_fields(business: Mapping[str, Any]) -> str:
    """Read which order is asked about."""
    members = Members(business)
    reference = members.ref_id()
    if reference is None:
        members.blame("ref_id", _REQUIRED)
    members.check()
    return reference or ""


def read_product_query(business: Mapping[str, Any]) -> ProductQuery:
    """Read which products are asked for."""
    members = Members(business)
    filters = {
        name: members.optional_text(name, FILTER_CHARACTERS_MAX)
        for name in ("code", "category", "brand", "after")
    }
    kind = members.optional_text("kind", FILTER_CHARACTERS_MAX)
    if kind is not None and kind not in ProductKind.__members__.values():
        members.blame("kind", "harus salah satu dari: " + ", ".join(ProductKind))
    limit = members.integer("limit", 1, PRODUCTS_PER_PAGE_MAX)
    members.check()
    return ProductQuery(
        kind=ProductKind(kind) if kind else None, limit=limit or PRODUCTS_PER_PAGE_MAX, **filters
    )
