"""What a form sent: fields read one by one, every error beside its field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from starlette.datastructures import FormData, UploadFile

from gerbang.errors import BadInputError
from gerbang.money import parse_grouped
from gerbang.web.pages.catalogue import Words

TEXT_LETTERS_MAX: Final = 10_000
_RUPIAH: Final = re.compile(
    r"(?:Rp\.?\s*)?-?(?:[0-9]{1,16}|[0-9]{1,3}(?:\.[0-9]{3}){1,5}|[0-9]{1,3}(?:,[0-9]{3}){1,5})",
    re.IGNORECASE,
)
"""Whole rupiah, plain or in groups of three; a decimal part is a mistake, not a rounding."""
_PERCENT: Final = re.compile(r"([0-9]{1,2})(?:[.,]([0-9]{1,2}))?")


class Form:
    """A form and what is wrong with it. Read all fields, then `check`."""

    def __init__(self, data: Mapping[str, object] | FormData, words: Words) -> None:
        """Keep what came; `words` say what is wrong."""
        self._data = data
        self._words = words
        self.errors: dict[str, str] = {}

    def raw(self, name: str) -> str:
        """Give a field as it was typed."""
        value = self._data.get(name, "")
        return value if isinstance(value, str) else ""

    def all(self, name: str) -> list[str]:
        """Give every value of a field that may come several times."""
        if isinstance(self._data, FormData):
            return [value for value in self._data.getlist(name) if isinstance(value, str)]
        return [self.raw(name)] if self.raw(name) else []

    def names(self) -> list[str]:
        """Give the names of the fields that came."""
        return list(dict.fromkeys(self._data.keys()))

    def text(self, name: str, *, needed: bool = True, most: int = TEXT_LETTERS_MAX) -> str:
        """Read a text without the space around it."""
        value = self.raw(name).strip()
        if "\x00" in value:
            self.refuse(name, self._words("form.not_text"))
        if needed and not value:
            self.refuse(name, self._words("form.needed"))
        if len(value) > most:
            self.refuse(name, self._words("form.too_long", most=most))
        return value

    def flag(self, name: str) -> bool:
        """Read a check box."""
        return self.raw(name) not in {"", "0", "false", "off"}

    def choice(self, name: str, allowed: object) -> str:
        """Read one of some values."""
        value = self.raw(name)
        if value not in list(allowed):  # type: ignore[call-overload]
            self.refuse(name, self._words("form.choose"))
        return value

    def rupiah(
        self, name: str, *, least: int = 0, most: int = 10**15, needed: bool = True
    ) -> int | None:
        """Read ``Rp1.234.567``, ``1234567`` or ``1.234.567``."""
        text = self.raw(name).strip()
        if not text:
            if needed:
                self.refuse(name, self._words("form.needed"))
            return None
        if not _RUPIAH.fullmatch(text):
            self.refuse(name, self._words("form.not_rupiah"))
            return None
        return self._within(name, parse_grouped(text), least, most)

    def integer(
        self, name: str, *, least: int = 0, most: int = 10**15, needed: bool = True
    ) -> int | None:
        """Read a whole number."""
        text = self.raw(name).strip()
        if not text:
            if needed:
                self.refuse(name, self._words("form.needed"))
            return None
        if not (text.removeprefix("-").isdecimal() and text.isascii()):
            self.refuse(name, self._words("form.not_number"))
            return None
        return self._within(name, int(text[:20]), least, most)

    def _within(self, name: str, value: int, least: int, most: int) -> int | None:
        if not least <= value <= most:
            self.refuse(name, self._words("form.not_between", least=least, most=most))
            return None
        return value

    def percent(self, name: str, *, needed: bool = True) -> int | None:
        """Read ``2``, ``2,5`` or ``2.75%`` below a hundred as basis points."""
        text = self.raw(name).strip().removesuffix("%").rstrip()
        if not text:
            if needed:
                self.refuse(name, self._words("form.needed"))
            return None
        found = _PERCENT.fullmatch(text)
        if found is None:
            self.refuse(name, self._words("form.not_percent"))
            return None
        return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))

    def day(self, name: str, *, needed: bool = True) -> date | None:
        """Read a day as browsers send it."""
        text = self.raw(name).strip()
        if not text and not needed:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.refuse(name, self._words("form.not_day"))
            return None

    async def upload(self, name: str, *, bytes_max: int) -> bytes:
        """Read a file."""
        value = self._data.get(name)
        if not isinstance(value, UploadFile):
            self.refuse(name, self._words("form.needed"))
            return b""
        content = await value.read(bytes_max + 1)
        if not content:
            self.refuse(name, self._words("form.needed"))
        if len(content) > bytes_max:
            self.refuse(name, self._words("form.too_large", most=bytes_max // 1_000_000))
        return content

    async def uploads(self, name: str, *, bytes_max: int) -> list[tuple[str, bytes]]:
        """Read files that may come several times or not at all: their names and contents."""
        if not isinstance(self._data, FormData):
            return []
        files = [one for one in self._data.getlist(name) if isinstance(one, UploadFile)]
        found = [(one.filename or "", await one.read(bytes_max + 1)) for one in files]
        if any(len(content) > bytes_max for _, content in found):
            self.refuse(name, self._words("form.too_large", most=bytes_max // 1_000_000))
        return [(file, content) for file, content in found if file or content]

    def refuse(self, name: str, text: str) -> None:
        """Note what is wrong with a field; the first error stays."""
        self.errors.setdefault(name, text)

    def check(self) -> None:
        """Raise BadInputError when anything was wrong."""
        if self.errors:
            raise BadInputError(self._words("form.look"), self.errors)
