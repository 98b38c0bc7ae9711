from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime

import pytest

from gerbang.developer.call import Asker, Language, fill, heredoc, literal, quoted
from gerbang.developer.samples import BOOKS, write_samples
from gerbang.docs_tables import BLOCKS

SECRETS = {name: f"hush-{name}" for book in BOOKS.values() for name in book.secret_names}
IDS = {
    "api_id": "api_1",
    "memberID": "TOKO",
    "slug": "toko",
    "iMid": "TOKOMID001",
    "notify": "https://toko.example/notify?a=$1",
}
ASKER = Asker(
    base_url="https://h2h.example",
    ids=IDS,
    secrets=SECRETS,
    reference="INV-1",
    now=datetime(2026, 11, 20, tzinfo=UTC),
)
CALLS = [(book.dialect, call.name) for book in BOOKS.values() for call in book.calls]


@pytest.mark.parametrize(("dialect", "name"), CALLS)
def test_a_sample_has_the_readers_ids_and_no_secret(dialect: str, name: str) -> None:
    book = BOOKS[dialect]
    call = book.find(name)
    assert call is not None
    samples = write_samples(book, call, ASKER)
    assert set(samples) == {language.value for language in Language}
    for sample in samples.values():
        assert "https://h2h.example" in sample
        assert [secret for secret in SECRETS.values() if secret in sample] == []
        assert [id_ for id_ in book.id_names if "{" + id_ + "}" in sample] == []
        assert "{reference}" not in sample
    for step in book.explain(call, fill(book, call, ASKER).fields, ASKER):
        assert [secret for secret in SECRETS.values() if secret in step.text] == []
        assert step.what["id"] != step.what["en"]


def test_samples_are_tests_wherever_they_could_cost_money() -> None:
    costly = {
        "prepaid",
        "game",
        "purchase",
        "http-get",
        "http-form",
        "order",
        "ticket",
        "pay-pasca",
        "pay",
    }
    for book in BOOKS.values():
        for call in book.calls:
            # A card is charged only where its merchant says so: the samples name a sandbox card.
            if book.dialect != "nicepay" and call.name in costly | {
                "xml",
                "deposit-ticket",
                "payment",
            }:
                assert {k.lower() for k in call.fields} & {"testing"}, call.name


def test_every_dialect_has_a_table_of_codes_and_no_two_calls_of_one_name() -> None:
    for book in BOOKS.values():
        assert book.error_block in BLOCKS
        names = [call.name for call in book.calls]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("text", ["plain", "it's", "a b", "$HOME `id`", '"', "é\\"])
def test_a_quoted_word_reaches_the_program_as_it_was(text: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"printf %s {quoted(text)}"], capture_output=True, check=True
    )
    assert done.stdout.decode() == text


@pytest.mark.parametrize("text", ["plain", "$HOME `id`", 'a "b"', "a\\\\b", "é"])
def test_nothing_between_a_here_document_is_read_by_the_shell(text: str) -> None:
    script = f"cat <<JSON\n{heredoc(text)}\nJSON\n"
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True)
    assert done.stdout.decode() == text + "\n"


def test_literals_are_in_the_languages_own_notation() -> None:
    value = {"a": "it's", "b": True, "c": 5}
    assert literal(value, "php") == "[\n    'a' => 'it\\'s',\n    'b' => true,\n    'c' => 5,\n]"
    assert literal(value, "python") == '{\n    "a": "it\'s",\n    "b": True,\n    "c": 5,\n}'
    assert json.loads(literal(value, "node").replace("5,", "5")) == value
    assert literal({}, "php") == "[]"
