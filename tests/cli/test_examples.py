"""Every command that needs to be told something shows how, and what it shows can be run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from gerbang.cli.main import app

SECRETS = (
    "SANDBOX_CREDENTIAL", "API_ID", "API_KEY", "SECRET_KEY", "MEMBER", "PIN", "PASSWORD", "IMID",
    "MERCHANT_KEY",
)  # fmt: skip
"""What a person rather keeps in the environment than types."""
FILE = re.compile(r"\w+\.(csv|json)")
EXAMPLE = re.compile(r"Example: (.*(?:\n +.*)*)")


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    inner = getattr(command, "commands", {})
    for name in inner:
        yield from commands(inner[name], (*path, name))
    if not inner:
        yield path, command


COMMANDS = dict(commands(typer.main.get_command(app)))


def examples(command: Any) -> list[list[str]]:
    found = EXAMPLE.findall(command.help or "")
    return [shlex.split(each.partition(" > ")[0]) for each in found]


EVERY = [(path, words) for path in COMMANDS for words in examples(COMMANDS[path])]


def test_a_command_that_needs_an_argument_has_an_example() -> None:
    silent = [
        " ".join(path)
        for path, command in COMMANDS.items()
        if any(getattr(p, "required", False) for p in command.params) and not examples(command)
    ]
    assert silent == []


@pytest.mark.parametrize(("path", "words"), EVERY, ids=" ".join)
def test_an_example_is_of_its_command_and_is_understood(
    path: tuple[str, ...], words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if words[0] != "gerbang":  # curl and psql, with what the command prints
        assert " ".join(("$(gerbang", *path)) in " ".join(words)
        return
    for name in SECRETS:
        monkeypatch.setenv(f"GERBANG_{name}", "{}")
    monkeypatch.chdir(tmp_path)
    for file in filter(FILE.fullmatch, words):
        Path(file).touch()
    assert words[: len(path) + 1] == ["gerbang", *path]
    COMMANDS[path].make_context(" ".join(path), words[len(path) + 1 :])
