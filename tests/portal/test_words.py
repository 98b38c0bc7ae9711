"""Every word of the portal is there in Indonesian too: what others say, and what templates show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Final

import pytest

from gerbang.callbacks.doctor_words import ADVICE, SAYS
from gerbang.cards.apply import PaymentEvent
from gerbang.dialects.contract import CallbackEvent
from gerbang.dialects.isikuota import explain as isikuota
from gerbang.dialects.nicepay import explain as nicepay
from gerbang.dialects.otomax import explain as otomax
from gerbang.dialects.otomax.wire import Login
from gerbang.golive.checklist import CHECKS, WHY
from gerbang.orders.reasons import Reason
from gerbang.terms.terms import Pace
from gerbang.web.pages.catalogue import Words, load_catalogue
from gerbang.web.pages.told import phrase

TEXTS: Final = load_catalogue(["gerbang.web.pages", "gerbang.portal"])
IN = {language: Words(TEXTS, language) for language in ("id", "en")}
TEMPLATES: Final = sorted(Path(str(files("gerbang.portal"))).joinpath("templates").glob("*.html"))
SAME: Final = {"hash", "sign", "merchantToken"}
"""Names that are the same in both languages."""
NAMES: Final = {
    "iMid", "merchantKey", "tXid", "MDR", "HTTP", "X-Gerbang-Reason:", "Id", "Rp",
    "curl", "PHP", "Python", "Node",
}  # fmt: skip
_KEYS: Final = isikuota.Keys(api_id="id", api_key="key", secret_key="secret")
_MEMBERS: Final = {"api_id": "id", "timestamp": "1", "ref_id": "A/é", "testing": True}
_LOGIN: Final = Login("MEMBER", "1234", "word")


def test_everything_that_others_say_has_words() -> None:
    wanted = [
        *(f"reason.{one}" for one in Reason),
        *(f"callback_event.{one}" for one in (*CallbackEvent, *PaymentEvent)),
        *(f"pace.{one}" for one in Pace),
        *(f"doctor_says.{name}" for name in SAYS),
        *(f"doctor_todo.{name}" for name in ADVICE),
        *(f"golive_why.{name}" for name in WHY),
        *(f"golive_title.{one.name}" for one in CHECKS),
        *(f"golive_how.{one.name}" for one in CHECKS),
    ]
    assert [key for key in wanted if not IN["id"].has(key)] == []


@pytest.mark.parametrize(("group", "texts"), [("doctor_says", SAYS), ("doctor_todo", ADVICE)])
def test_the_examination_says_on_pages_what_it_says_elsewhere(
    group: str, texts: dict[str, str]
) -> None:
    assert IN["en"].group(group) == dict(texts)


def explanations() -> Iterator[tuple[str, str]]:
    """Give the advice and the steps of every mistake that is known."""
    yield from (("portal_advice", guess.advice) for guess in isikuota._guesses(_MEMBERS, _KEYS))
    found = isikuota.explain_members({"signature": "x"}, _KEYS)
    yield from (("portal_sign_step", name) for name, _ in found.steps)
    yield from (("portal_sign_step", found.steps[at][1]) for at in (0, -1))
    yield "portal_advice", isikuota.explain_members({**_MEMBERS, "signature": 1}, _KEYS).advice
    yield "portal_advice", isikuota.explain_members({**_MEMBERS, "signature": "x"}, _KEYS).advice
    for names in nicepay.FIELDS.values():
        parts = {name: f"{name}1" for name in names}
        for _, _, token in nicepay._guesses(parts, "key"):
            said = nicepay.explain_token(parts, "key", given=token)
            yield "portal_advice", said.advice
            yield from (("portal_sign_step", name) for name, _ in said.steps)
    for kind in ("order", "balance", "ticket"):
        fields = {"memberid": "MEMBER", "product": "P", "dest": "1", "refid": "R", "amount": "5"}
        for text in otomax._texts(fields, _LOGIN, kind=kind):
            for advice, form in otomax._forms(text.text.encode()):
                yield "portal_advice", advice
                yield (
                    "portal_advice",
                    otomax.explain_fields({**fields, "sign": form}, _LOGIN, kind=kind).advice,
                )
        yield from (("portal_sign_step", name) for name, _ in otomax.steps(fields, "M", kind=kind))


def test_every_advice_about_a_signature_is_told_in_indonesian() -> None:
    untold = set()
    for group, text in explanations():
        for part in text.split("; "):
            assert phrase(IN["en"], part, group) == part
            if phrase(IN["id"], part, group) == part and part not in SAME:
                untold.add(part)
    assert untold == set()


class Shown(HTMLParser):
    """The letters a template shows by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {"title", "aria-label", "placeholder", "alt", "data-confirm"}
        self.found += [value or "" for name, value in attrs if name in told]


def shown_by(template: str) -> list[str]:
    literal = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", template, flags=re.DOTALL)
    parser = Shown()
    parser.feed(literal)
    words = [word for text in parser.found for word in text.split()]
    given = re.findall(r'\bm\.(?:fact|figure|submit|link)\("([^"/#]+)"', template)
    return [word for word in [*words, *given] if re.search(r"[A-Za-z]{2}", word)]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_page_shows_a_word_that_has_no_translation(path: Path) -> None:
    assert [word for word in shown_by(path.read_text()) if word not in NAMES] == []


def test_a_word_in_a_template_would_be_seen() -> None:
    assert shown_by('<p title="Show">Hello {{ t("x") }}</p>{{ m.fact("Price", 1) }}') == [
        "Show",
        "Hello",
        "Price",
    ]
