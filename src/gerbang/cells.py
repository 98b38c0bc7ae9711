"""Texts in tables that people open with a spreadsheet; pure."""

from __future__ import annotations

import re
from typing import Final

FORMULA_LETTERS: Final = ("=", "+", "-", "@", "\t", "\r")
_FURTHER: Final = re.compile(r"([;\t\r\n]\s*)(?=[=+\-@])")


def harmless(text: str) -> str:
    """Keep a spreadsheet from taking a text, or a part of it, for a formula.

    Where the decimal mark is a comma, as in Indonesia, spreadsheets split a file at its semicolons
    whatever it was written with: what follows one is the beginning of a cell, too.
    """
    whole = f"'{text}" if text.startswith(FORMULA_LETTERS) else text
    return _FURTHER.sub(r"\1'", whole)
