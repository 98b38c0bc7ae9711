"""The bare address leads people to the console, and machines to the dialect that lives there."""

from __future__ import annotations

import pytest

from gerbang.outbound.message import InboundRequest
from gerbang.web.front_door import is_visit

PEOPLE = (("accept", "text/html,application/xhtml+xml"),)


@pytest.mark.parametrize(
    ("request_", "visit"),
    [
        (InboundRequest(method="GET", path="/", headers=PEOPLE), True),
        (InboundRequest(method="GET", path="/", headers=PEOPLE, query=b"memberid=A"), False),
        (InboundRequest(method="POST", path="/", headers=PEOPLE, body=b"x=1"), False),
        (InboundRequest(method="GET", path="/", headers=(("accept", "*/*"),)), False),
        (InboundRequest(method="GET", path="/"), False),
    ],
)
def test_only_a_browser_that_asks_nothing_is_a_visit(request_: InboundRequest, visit: bool) -> None:
    assert is_visit(request_) is visit
