"""The samples of every call as pages, with the demo's published values in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from gerbang.developer.call import Asker, Call, CallBook, fill
from gerbang.developer.samples import BOOKS, write_samples

PREFIX: Final = "samples/"
_DEMO: Final[Mapping[str, str]] = MappingProxyType(
    {"api_id": "demo_api_id", "memberID": "YUSUF", "slug": "demo", "iMid": "DEMOSALE01"}
)
_DEMO_SECRETS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "api_key": "demo_api_key",
        "secret_key": "demo_secret_key",
        "pin": "1144",
        "password": "abcd",
        "token": "",
        "merchant_key": "demo-merchant-key-sale/0123456789==",
    }
)
"""Published in README.md; they open a demo and nothing else."""
_FENCE: Final = {"curl": "sh", "php": "php", "python": "python", "node": "js"}
_SHOWN: Final = {"curl": "curl", "php": "PHP", "python": "Python", "node": "Node"}
_WORDS: Final = {
    "en": {
        "title": "{dialect}: samples",
        "about": "Every call in curl, PHP, Python and Node, as a test that costs nothing, with the "
        "demo's ids. Export the secrets first: {secrets}. The [portal](/portal/developer) writes "
        "them with your own ids, and makes the call for you.",
        "steps": "The signature, step by step",
    },
    "id": {
        "title": "{dialect}: contoh",
        "about": "Setiap panggilan dalam curl, PHP, Python, dan Node, sebagai uji coba, "
        "dengan id demo. Isi dulu rahasianya lewat variabel: {secrets}. "
        "[Portal](/portal/developer) menuliskannya dengan id Anda sendiri, dan bisa langsung "
        "mencobanya.",
        "steps": "Tanda tangan, langkah demi langkah",
    },
}


def slugs() -> list[str]:
    """Give the slug of every page of samples."""
    return [PREFIX + name for name in BOOKS]


def title(slug: str, language: str) -> str:
    """Give a page's title."""
    return _WORDS[language]["title"].format(dialect=BOOKS[slug.removeprefix(PREFIX)].title)


def markdown(slug: str, language: str, *, base_url: str, now: datetime) -> str:
    """Write a page of samples."""
    book = BOOKS[slug.removeprefix(PREFIX)]
    words = _WORDS[language]
    ids = {**_DEMO, "notify": f"{base_url}/sandbox/inbox"}
    asker = Asker(base_url=base_url, ids=ids, secrets=_DEMO_SECRETS, reference="TRY-1001", now=now)
    secrets = ", ".join(f"`{name}`" for name in book.secret_names.values())
    parts = [f"# {title(slug, language)}", words["about"].format(secrets=secrets)]
    for call in book.calls:
        parts += _call(book, call, asker, language)
    return "\n\n".join(parts) + "\n"


def _call(book: CallBook, call: Call, asker: Asker, language: str) -> list[str]:
    filled = fill(book, call, asker)
    path = filled.url.removeprefix(asker.base_url)
    parts = [f"## {call.title[language]}", f"`{call.method} {path}` {call.about[language]}"]
    for name, text in write_samples(book, call, asker).items():
        parts += [f"**{_SHOWN[name]}**", f"```{_FENCE[name]}\n{text}```"]
    steps = book.explain(call, filled.fields, asker)
    if len(steps) > 1:
        parts.append(f"**{_WORDS[language]['steps']}**")
        for number, step in enumerate(steps, 1):
            parts.append(f"{number}. {step.what[language]}")
            parts.append(f"   ```text\n   {step.text or '(empty)'}\n   ```")
    return parts
