"""Every text of the pages in both languages, from TOML files: one line per text, side by side."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

import structlog

log = structlog.get_logger()

LANGUAGES: Final = ("id", "en")
LANGUAGE_NAMES: Final = {"id": "Bahasa Indonesia", "en": "English"}

Catalogue = Mapping[str, Mapping[str, str]]
"""Language → key → text."""


def load_catalogue(packages: Sequence[str]) -> Catalogue:
    """Read ``words/*.toml`` of packages: ``[orders]`` with ``title = {id = "…", en = "…"}``."""
    texts: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
    for key, entry in entries(packages):
        for language in LANGUAGES:
            texts[language][key] = entry[language]
    return texts


def entries(packages: Sequence[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Give every key with its texts, as the files have them."""
    for package in packages:
        folder = files(package).joinpath("words")
        for file in sorted(folder.iterdir(), key=lambda f: f.name):
            if file.name.endswith(".toml"):
                yield from _flat(tomllib.loads(file.read_text(encoding="utf-8")), "")


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for name, value in table.items():
        if set(value) == set(LANGUAGES) and all(isinstance(v, str) for v in value.values()):
            yield prefix + name, value
        else:
            yield from _flat(value, f"{prefix}{name}.")


class Words:
    """The texts of one language; ``words("orders.title")``, with ``{names}`` filled in."""

    def __init__(self, catalogue: Catalogue, language: str) -> None:
        """Choose a language."""
        self.language = language if language in LANGUAGES else LANGUAGES[0]
        self._texts = catalogue[self.language]

    def __call__(self, key: str, /, **values: Any) -> str:
        """Give a text. A missing one shows its key: a test looks for these."""
        text = self._texts.get(key)
        if text is None:
            log.warning("words.missing", key=key)
            return key
        return text.format_map(values) if values else text

    def has(self, key: str) -> bool:
        """Tell whether there is such a text."""
        return key in self._texts

    def of(self, group: str, name: Any) -> str:
        """Give the text of a value, such as a state; the value itself where there is none."""
        return self._texts.get(f"{group}.{name}", str(name))

    def group(self, name: str) -> dict[str, str]:
        """Give all texts of a group by what follows the group's name."""
        start = f"{name}."
        return {k[len(start) :]: text for k, text in self._texts.items() if k.startswith(start)}
