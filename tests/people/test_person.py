"""Who acts, whichever way they came; the database reads actors the same way."""

from __future__ import annotations

import pytest

from gerbang.errors import ConflictError
from gerbang.people.person import (
    PersonUnknownError,
    acting_through,
    person_of,
    require_two_persons,
)
from gerbang.postgres.pool import connect

ACTORS = {
    "console:ani": "ani",
    "console:ani@toko.id": "ani@toko.id",
    "user:ani/api:ops": "ani",
    "user:ani/cli:root": "ani",
    acting_through("ani", "api:x\ny/z"): "ani",
    "user:ani": "ani",
    "api:ops": None,
    "api:user:ani/x": None,
    "api:console:ani": None,
    "cli:ani": None,
    "cli:user:ani": None,
    "portal:ani": None,
    "console:": None,
    "console:Ani": None,
    "user:ani api:x": None,
    "Console:ani": None,
    "": None,
}


@pytest.mark.parametrize(("actor", "person"), ACTORS.items())
def test_an_actor_is_a_person_or_nobody(actor: str, person: str | None) -> None:
    assert person_of(actor) == person


async def test_the_database_reads_every_actor_the_same_way(database_url: str) -> None:
    connection = await connect(database_url)
    try:
        for actor in ACTORS:
            found = await connection.fetchval("SELECT person_of($1)", actor)
            assert found == person_of(actor), actor
    finally:
        await connection.close()


def test_two_persons_are_two_that_can_be_told_apart() -> None:
    require_two_persons("console:ani", "user:budi/api:ops")
    with pytest.raises(ConflictError, match="another person"):
        require_two_persons("console:ani", "user:ani/api:ops")
    for maker, checker in (("api:ops", "console:ani"), ("console:ani", "api:ops")):
        with pytest.raises(PersonUnknownError):
            require_two_persons(maker, checker)
