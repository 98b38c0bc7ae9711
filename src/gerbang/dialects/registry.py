"""The one line a new dialect adds to the core: of orders, or of card payments."""

from __future__ import annotations

from collections.abc import Mapping

from gerbang.dialects import isikuota, nicepay, otomax, socx
from gerbang.dialects.card_contract import CardDialect
from gerbang.dialects.dialect import Dialect

DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect for dialect in (isikuota.DIALECT, socx.DIALECT, otomax.DIALECT)
}

CARD_DIALECTS: Mapping[str, CardDialect] = {dialect.name: dialect for dialect in (nicepay.DIALECT,)}
