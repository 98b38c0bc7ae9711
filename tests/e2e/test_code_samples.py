"""The samples that developers copy are run as they stand, against a running gateway."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from e2e.running_demo import RunningDemo
from gerbang.developer.call import Asker, Language
from gerbang.developer.samples import BOOKS, write_samples

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "curl": ("bash",),
    "php": ("php",),
    "python": ("python3",),
    "node": ("node",),
}


def asker_of(facts: Mapping[str, Any], dialect: str, reference: str) -> Asker:
    book = BOOKS[dialect]
    known = facts[dialect]
    if dialect == "nicepay":
        mid = known["mids"]["sale"]
        known = {
            **mid,
            "merchant_key": mid["merchantKey"],
            "notify": f"{facts['base_url']}/sandbox/inbox",
        }
    return Asker(
        base_url=facts["base_url"],
        ids={name: known[name] for name in book.id_names},
        secrets={name: known[name] for name in book.secret_names},
        reference=reference,
        now=datetime.now(UTC),
    )


def run(sample: str, language: str, secrets: Mapping[str, str], folder: Path) -> str:
    file = folder / f"sample.{'cjs' if language == 'node' else language}"
    file.write_text(sample)
    done = subprocess.run(
        [*COMMANDS[language], str(file)],
        env={"PATH": os.environ["PATH"], "no_proxy": "*", **secrets},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


def wrong_answers(facts: Mapping[str, Any], dialect: str, folder: Path) -> list[str]:
    """Run every call of a dialect in every language; give what was not answered well."""
    book, wrong = BOOKS[dialect], []
    for language in Language:
        asker = asker_of(facts, dialect, f"S-{dialect}-{language}")
        secrets = {shown: asker.secrets[name] for name, shown in book.secret_names.items()}
        for call in book.calls:
            answer = run(write_samples(book, call, asker)[language], language, secrets, folder)
            if txid := re.search(r'"tXid":"(\w+)"', answer):
                secrets["TXID"] = txid[1]  # as the sample says: from the registration's answer
            if call.good not in answer:
                wrong.append(f"{dialect} {language} {call.name}: {answer}")
    return wrong


def test_every_sample_runs_as_it_stands_and_gets_a_good_answer(
    demo: RunningDemo, tmp_path: Path
) -> None:
    """The dialects beside each other, their calls one after the other as a reader makes them."""
    folders = {dialect: tmp_path / dialect for dialect in BOOKS}
    for folder in folders.values():
        folder.mkdir()
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda one: wrong_answers(demo.facts, *one), folders.items())
        assert [wrong for dialect in found for wrong in dialect] == []
