"""Which person acts, whichever way they came: what two persons must do is checked with it.

An actor is a text of ours: ``console:ani``, ``user:ani/api:ops``, ``user:ani/cli:root``. A
program's token and a command without ``--user`` are nobody: ``api:ops``, ``cli:root``. The database
knows the same rule, `person_of`, and refuses what this file lets through by mistake.
"""

from __future__ import annotations

import re
from typing import Final

from gerbang.errors import ConflictError

_PERSON: Final = re.compile(r"(?:console|user):([a-z0-9][a-z0-9._@+-]{1,63})(?:/.*)?", re.DOTALL)


class PersonUnknownError(ConflictError):
    """Two persons are needed, and nobody can tell who one of them is."""


def acting_through(username: str, way: str) -> str:
    """Name the actor: a person who comes through a token or a command."""
    return f"user:{username}/{way}"


def person_of(actor: str) -> str | None:
    """Give the person's username, or None where nobody can tell."""
    found = _PERSON.fullmatch(actor)
    return found[1] if found else None


def require_person(actor: str) -> str:
    """Give the person. Raises PersonUnknownError."""
    person = person_of(actor)
    if person is None:
        raise PersonUnknownError(
            "two persons are needed, and nobody can tell who you are: use the console, a token "
            "of your own, or --user"
        )
    return person


def require_two_persons(maker: str, checker: str) -> None:
    """Refuse one who agrees with himself, or with nobody knows whom."""
    second = require_person(checker)
    first = person_of(maker)
    if first is None:
        raise PersonUnknownError(
            f"nobody can tell which person proposed it ({maker}): reject it and propose it again"
        )
    if first == second:
        raise ConflictError("another person than the one who proposed it must approve")
