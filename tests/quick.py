"""What a node makes anew at each start, made once for all nodes of a test process.

Nothing outside of tests leads here: a gateway that serves does each of these things once, and
takes the time that it takes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import pytest
from argon2 import PasswordHasher
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

from gerbang.cards import rsa
from gerbang.people import password
from gerbang.web.pages import catalogue, kit, templating

CHEAP: Final = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class CompiledPages(BytecodeCache):
    """Templates that one node compiled serve the next node too."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key, bucket.checksum] = bucket.code


def keep_compiled() -> None:
    """Let what one process compiled serve the next: a test run starts hundreds of ours."""
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@contextmanager
def quick_starts() -> Iterator[None]:
    """Hash passwords at next to no cost; make one key pair; read words and templates once."""
    pages = CompiledPages()
    words = cache(catalogue.load_catalogue)

    def environment(*args: Any, **more: Any) -> Environment:
        made = templating.create_environment(*args, **more)
        made.bytecode_cache = pages
        return made

    def texts(packages: Sequence[str]) -> catalogue.Catalogue:
        return words(tuple(packages))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(password, "_HASHER", CHEAP)
        patch.setattr(rsa, "_make", cache(rsa._make))
        patch.setattr(kit, "create_environment", environment)
        patch.setattr(kit, "load_catalogue", texts)
        yield
