"""What the tests of the whole gateway may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from e2e.running_demo import RunningDemo, running_demo


@pytest.fixture(scope="package")
def demo() -> Iterator[RunningDemo]:
    """Give a running demo that tests share; whoever kills one makes its own.

    It ends with the last test of this folder: a demo that nobody asks is not idle.
    """
    with running_demo("shared-demo") as running:
        yield running
