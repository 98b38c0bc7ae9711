"""Passwords are hashed as the standard asks, whatever tests do to save time."""

from __future__ import annotations

from importlib.util import find_spec, module_from_spec

import pytest
from argon2 import Type

from gerbang.errors import BadInputError
from gerbang.people.password import Passwords, check_password


def test_a_hash_costs_what_rfc_9106_asks_of_those_with_little_memory() -> None:
    spec = find_spec("gerbang.people.password")
    assert spec is not None
    assert spec.loader is not None
    untouched = module_from_spec(spec)
    spec.loader.exec_module(untouched)
    hasher = untouched._HASHER
    assert hasher.type is Type.ID
    assert (hasher.memory_cost, hasher.time_cost, hasher.parallelism) == (65_536, 3, 4)
    assert hasher.check_needs_rehash(untouched._NOBODY) is False


async def test_a_password_matches_its_own_hash_only() -> None:
    passwords = Passwords()
    kept = await passwords.hash("a long enough one")
    assert await passwords.matches("a long enough one", kept)
    assert not await passwords.matches("a long enough two", kept)


async def test_who_is_not_known_matches_nothing() -> None:
    assert not await Passwords().matches("a long enough one", None)


@pytest.mark.parametrize("word", ["short", "x" * 201, "aaaaaaaaaaaaaaaa"])
def test_a_poor_password_is_refused(word: str) -> None:
    with pytest.raises(BadInputError):
        check_password(word)
