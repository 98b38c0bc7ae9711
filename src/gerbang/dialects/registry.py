"""The one line a new dialect adds to the core."""

from __future__ import annotations

from collections.abc import Mapping

from gerbang.dialects import isikuota, otomax, socx
from gerbang.dialects.contract import Dialect

DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect for dialect in (isikuota.DIALECT, socx.DIALECT, otomax.DIALECT)
}
