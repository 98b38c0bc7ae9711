"""What `gerbang serve` is asked to do, and what each role answers."""

from __future__ import annotations

import pytest
import typer
from starlette.routing import Route

from gerbang.app import Node
from gerbang.application import signs_of_life
from gerbang.cli.serve import read_roles
from gerbang.settings import Settings


def test_roles_are_read_and_others_refused() -> None:
    assert read_roles("api,work") == {"api", "work"}
    assert read_roles(" work ") == {"work"}
    for text in ("", "worker", "api,,work"):
        with pytest.raises(typer.BadParameter):
            read_roles(text)


def test_a_node_that_only_works_answers_health_and_metrics() -> None:
    node = Node(Settings(), database_url="postgresql://nowhere")
    paths = {route.path for route in signs_of_life(node) if isinstance(route, Route)}
    assert paths == {"/healthz", "/readyz", "/metrics"}
