"""The samples that developers copy are run as they stand, against a running gateway."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

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
        timeout=30,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("language", [language.value for language in Language])
@pytest.mark.parametrize("dialect", list(BOOKS))
def test_every_sample_runs_as_it_stands_and_gets_a_good_answer(
    demo: RunningDemo, tmp_path: Path, dialect: str, language: str
) -> None:
    book = BOOKS[dialect]
    asker = asker_of(demo.facts, dialect, f"S-{dialect}-{language}")
    secrets = {shown: asker.secrets[name] for name, shown in book.secret_names.items()}
    wrong = {}
    for call in book.calls:
        sample = write_samples(book, call, asker)[language]
        answer = run(sample, language, secrets, tmp_path)
        if call.good not in answer:
            wrong[call.name] = answer
    assert wrong == {}
