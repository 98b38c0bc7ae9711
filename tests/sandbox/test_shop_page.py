"""The demo's shop: where a buyer's browser comes back to."""

from __future__ import annotations

from gerbang.outbound.message import InboundRequest
from gerbang.sandbox.inbox import Inbox

RETURN = b"resultCd=0000&resultMsg=%3Cb%3EPaid&tXid=DEMO%2F1&amt=10000"


def request(*, accept: str, body: bytes = RETURN) -> InboundRequest:
    return InboundRequest(
        method="POST",
        path="/sandbox/inbox",
        query=b"",
        headers=(("accept", accept),),
        body=body,
        client_ip="127.0.0.1",
    )


async def test_a_browser_sees_what_it_brought_back_and_where_to_go_on() -> None:
    page = (await Inbox().receive(request(accept="text/html,*/*"))).body.decode()
    assert "&lt;b&gt;Paid" in page
    assert 'href="/portal/cards/DEMO%2F1"' in page


async def test_a_server_that_notifies_is_only_acknowledged() -> None:
    inbox = Inbox()
    plain = await inbox.receive(request(accept="*/*"))
    other = await inbox.receive(request(accept="text/html", body=b"event=order"))
    assert plain.body == other.body == b'{"status":"ok"}'
