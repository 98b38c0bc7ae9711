"""What the client says of every kind of peer, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import time
from pathlib import Path

import pytest

from gerbang.outbound.addresses import PUBLIC_ONLY, AddressPolicy
from gerbang.outbound.client import OutboundClient, OutboundSettings, Purpose
from gerbang.outbound.message import Answered, HttpRequest, NeverSent, NoAnswer, SendResult
from outbound.certificates import self_signed, server_context
from outbound.peer import EMPTY_OK, OK, drops, peer, says, says_and_closes

LOCAL = AddressPolicy(allow_private=True)


async def send(
    client: OutboundClient,
    url: str,
    *,
    method: str = "GET",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    deadline_ms: int = 3_000,
    purpose: Purpose = "purchase",
    addresses: AddressPolicy = LOCAL,
) -> SendResult:
    request = HttpRequest(method=method, url=url, headers=headers, body=body)
    return await client.send(request, deadline_ms=deadline_ms, purpose=purpose, addresses=addresses)


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
        return port


# --- answers -------------------------------------------------------------------------------------


async def test_an_answer_is_given_whole_with_lower_case_header_names(
    client: OutboundClient,
) -> None:
    answer = b"HTTP/1.1 503 Busy\r\nX-Why: Tired\r\nContent-Length: 4\r\n\r\nwait"
    async with peer(says(answer)) as seen:
        result = await send(client, seen.url)
        assert isinstance(result, Answered)
        assert (result.status, result.body) == (503, b"wait")
        assert ("x-why", "Tired") in result.headers


async def test_the_url_goes_out_byte_for_byte_as_the_dialect_wrote_it(
    client: OutboundClient,
) -> None:
    """Anything that tidies percent signs would break signatures."""
    path = "/a%2fb/./c/../d?x=%7e+%20&sign=a/b+c%3D=&x&&é".replace("é", "%e9")
    async with peer(says(OK)) as seen:
        await send(client, f"{seen.url}{path}#part")
        assert seen.requests[0].split(b"\r\n")[0] == f"GET {path} HTTP/1.1".encode()


async def test_only_our_headers_go_out_and_nothing_asks_for_compression(
    client: OutboundClient,
) -> None:
    async with peer(says(OK)) as seen:
        headers = (("Content-Type", "text/xml"), ("X-Sign", "abc"), ("X-Sign", "def"))
        await send(client, seen.url, method="POST", headers=headers, body=b"<a/>")
        lines = seen.requests[0].lower().split(b"\r\n")
        assert b"accept-encoding: identity" in lines
        assert b"content-type: text/xml" in lines
        assert lines.count(b"x-sign: abc") == lines.count(b"x-sign: def") == 1
        assert not any(line.startswith((b"cookie:", b"expect:")) for line in lines)


async def test_cookies_are_not_kept(client: OutboundClient) -> None:
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"
    async with peer(says(answer)) as seen:
        await send(client, seen.url)
        await send(client, seen.url)
        assert not any(b"cookie" in request.lower() for request in seen.requests)


async def test_a_proxy_of_the_environment_is_not_used(
    client: OutboundClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    async with peer(says(OK)) as seen:
        assert isinstance(await send(client, seen.url), Answered)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_is_not_followed(
    client: OutboundClient, status: int
) -> None:
    async with peer(says(OK)) as elsewhere:
        answer = (
            f"HTTP/1.1 {status} Moved\r\nLocation: {elsewhere.url}/x\r\nContent-Length: 0\r\n\r\n"
        )
        async with peer(says(answer.encode())) as seen:
            result = await send(client, seen.url)
            assert isinstance(result, Answered)
            assert result.status == status
            assert (len(seen.requests), elsewhere.requests) == (1, [])


async def test_a_compressed_bomb_is_left_as_it_came(client: OutboundClient) -> None:
    bomb = gzip.compress(b"0" * 5_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
    async with peer(says(head.encode() + bomb)) as seen:
        result = await send(client, seen.url)
        assert isinstance(result, Answered)
        assert result.body == bomb


async def test_an_answer_that_ends_with_the_connection_is_an_answer(
    client: OutboundClient,
) -> None:
    async with peer(says_and_closes(b"HTTP/1.0 200 OK\r\n\r\nSUKSES")) as seen:
        result = await send(client, seen.url)
        assert isinstance(result, Answered)
        assert result.body == b"SUKSES"


async def test_an_answer_in_chunks_is_put_together(client: OutboundClient) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with peer(says(head + b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n")) as seen:
        result = await send(client, seen.url)
        assert isinstance(result, Answered)
        assert result.body == b"abcde"


async def test_the_largest_allowed_answer_is_read(client: OutboundClient) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n"
    async with peer(says(head + b"x" * 10_000)) as seen:
        assert isinstance(await send(client, seen.url), Answered)


# --- no answer -----------------------------------------------------------------------------------

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BAD_ANSWERS = {
    "half a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "broke off"),
    "half a chunk": (CHUNKED + b"a\r\nhalf", "broke off"),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-Le", "without an answer"),
    "nothing": (b"", "without an answer"),
    "garbage": (b"\x00\x01\x02 SSH-2.0-banner\r\n\r\n", "not HTTP"),
    "only an interim answer": (b"HTTP/1.1 100 Continue\r\n\r\n", "without an answer"),
    "too many headers": (
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"Content-Length: 0\r\n\r\n",
        "not HTTP",
    ),
    "too large by its length": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 10001\r\n\r\n" + b"x" * 10_001,
        "answer too large",
    ),
    "too large in chunks": (
        CHUNKED + b"1000\r\n" + (b"x" * 4096 + b"\r\n1000\r\n") * 9,
        "answer too large",
    ),
    "too large without an end": (b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 20_000, "too large"),
}


@pytest.mark.parametrize("case", BAD_ANSWERS)
async def test_what_cannot_be_read_is_no_answer(client: OutboundClient, case: str) -> None:
    answer, word = BAD_ANSWERS[case]
    async with peer(says_and_closes(answer)) as seen:
        result = await send(client, f"{seen.url}/?pin=1234")
        assert isinstance(result, NoAnswer)
        assert word in result.error
        assert "1234" not in result.error
        assert len(seen.requests) == 1


async def test_a_drop_before_reading_is_no_answer_because_nobody_can_know(
    client: OutboundClient,
) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        for method, body in (("GET", b""), ("POST", b"x=1")):
            result = await send(client, f"http://127.0.0.1:{port}", method=method, body=body)
            assert isinstance(result, NoAnswer | NeverSent)


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"])
async def test_a_slow_trickle_ends_at_the_deadline(client: OutboundClient, start: bytes) -> None:
    async def trickle(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: int) -> None:
        writer.write(start or b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with peer(trickle) as seen:
        began = time.monotonic()
        result = await send(client, seen.url, deadline_ms=150)
        assert isinstance(result, NoAnswer)
        assert result.error == "the deadline passed"
        assert 0.14 <= time.monotonic() - began < 30
        assert 140 <= result.elapsed_ms < 30_000


async def test_a_silent_peer_ends_at_the_deadline(client: OutboundClient) -> None:
    async def silent(_: asyncio.StreamReader, __: asyncio.StreamWriter, ___: int) -> None:
        await asyncio.sleep(10)

    async with peer(silent) as seen:
        result = await send(client, seen.url, deadline_ms=100)
        assert isinstance(result, NoAnswer)
        assert len(seen.requests) == 1


# --- never sent ----------------------------------------------------------------------------------


async def test_a_refused_port_is_never_sent(client: OutboundClient) -> None:
    result = await send(client, f"http://127.0.0.1:{free_port()}/?pin=1234")
    assert isinstance(result, NeverSent)
    assert "cannot connect" in result.error
    assert "1234" not in result.error


async def test_an_unknown_name_is_never_sent(client: OutboundClient) -> None:
    result = await send(client, "http://no-such-name.invalid/")
    assert isinstance(result, NeverSent)
    assert result.error == "the name cannot be resolved"


async def test_a_name_server_that_hangs_is_never_sent_at_the_deadline(
    client: OutboundClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(*_: object) -> list[object]:
        time.sleep(0.5)
        return []

    monkeypatch.setattr("gerbang.outbound.addresses.socket.getaddrinfo", hang)
    result = await send(client, "http://slow-name.example/", deadline_ms=100)
    assert isinstance(result, NeverSent)
    assert result.error == "the deadline passed"


async def test_a_peer_that_does_not_speak_tls_is_never_sent(client: OutboundClient) -> None:
    async with peer(says(OK)) as seen:
        result = await send(client, seen.url.replace("http:", "https:"), deadline_ms=500)
        assert isinstance(result, NeverSent)
        assert seen.requests == []


@pytest.mark.parametrize(
    ("name", "expired", "word"),
    [("127.0.0.1", False, "self"), ("other.example", False, "mismatch"), ("127.0.0.1", True, "")],
)
async def test_a_certificate_that_is_not_good_is_never_sent(
    client: OutboundClient, tmp_path: Path, *, name: str, expired: bool, word: str
) -> None:
    pem = self_signed(tmp_path, name=name, expired=expired)
    trusting = OutboundSettings(ca_file=str(pem)) if (word != "self") else OutboundSettings()
    async with (
        peer(says(OK), tls=server_context(pem)) as seen,
        OutboundClient(trusting) as strict,
    ):
        result = await send(strict, seen.url.replace("http:", "https:"))
        assert isinstance(result, NeverSent)
        assert result.error.startswith("TLS failed: ")
        assert word in result.error
        assert seen.requests == []


async def test_a_trusted_certificate_is_accepted_and_guarded_like_any_other(
    tmp_path: Path,
) -> None:
    pem = self_signed(tmp_path)
    async with (
        peer(drops(from_request=2, first=OK), tls=server_context(pem)) as seen,
        OutboundClient(OutboundSettings(ca_file=str(pem))) as client,
    ):
        url = seen.url.replace("http:", "https:")
        assert isinstance(await send(client, url), Answered)
        assert isinstance(await send(client, f"{url}/buy"), NoAnswer)
        await asyncio.sleep(0.02)
        assert len(seen.requests) == 2


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "http://",
        "http:///x",
        "http://exa mple.com/",
        "http://example.com/a b",
        "http://example.com/\r\nX: y",
        "http://exämple.com/",
        "http://example.com:99999/",
        "http://[::1/",
        "example.com",
        "",
    ],
)
async def test_an_address_that_is_not_one_is_never_sent(client: OutboundClient, url: str) -> None:
    assert isinstance(await send(client, url, addresses=PUBLIC_ONLY), NeverSent)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\x00", "a\nb", "\ud800"])
async def test_a_header_that_would_smuggle_is_never_sent(
    client: OutboundClient, value: str
) -> None:
    async with peer(says(OK)) as seen:
        for header in (("X-A", value), (value, "b")):
            assert isinstance(await send(client, seen.url, headers=(header,)), NeverSent)
        assert seen.requests == []


async def test_a_method_that_would_smuggle_is_never_sent(client: OutboundClient) -> None:
    async with peer(says(OK)) as seen:
        assert isinstance(await send(client, seen.url, method="GET / x\r\n"), NeverSent)
        assert seen.requests == []


async def test_a_full_pool_is_never_sent_at_the_deadline() -> None:
    async def silent(_: asyncio.StreamReader, __: asyncio.StreamWriter, ___: int) -> None:
        await asyncio.sleep(10)

    async with peer(silent) as seen, OutboundClient(OutboundSettings(connections_max=1)) as client:
        first = asyncio.create_task(send(client, seen.url, deadline_ms=400))
        await asyncio.sleep(0.05)
        result = await send(client, seen.url, deadline_ms=100)
        assert isinstance(result, NeverSent)
        assert isinstance(await first, NoAnswer)


# --- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "127.1"])
async def test_a_private_address_is_refused_however_it_is_written(
    client: OutboundClient, host: str
) -> None:
    async with peer(says(OK)) as seen:
        result = await send(client, f"http://{host}:{seen.port}/", addresses=PUBLIC_ONLY)
        assert isinstance(result, NeverSent)
        assert seen.connections == 0


async def test_a_name_that_resolves_to_a_private_address_is_refused(
    client: OutboundClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rebind(host: str, port: int, *_: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", port))]

    monkeypatch.setattr("gerbang.outbound.addresses.socket.getaddrinfo", rebind)
    result = await send(client, "http://innocent.example/", addresses=PUBLIC_ONLY)
    assert isinstance(result, NeverSent)
    assert result.error == "address refused: 10.1.2.3 (private)"


async def test_the_checked_address_is_the_one_connected_to(
    client: OutboundClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name answers with a good address first and a bad one ever after: one look-up only."""
    asked: list[str] = []

    def rebind(host: str, port: int, *_: object) -> list[object]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "10.1.2.3"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr("gerbang.outbound.addresses.socket.getaddrinfo", rebind)
    async with peer(says(OK)) as seen:
        policy = AddressPolicy(networks=("127.0.0.1/32",))
        result = await send(client, f"http://rebound.example:{seen.port}/", addresses=policy)
        assert isinstance(result, Answered)
        assert asked == ["rebound.example"]


async def test_a_lax_policy_lends_no_connection_to_a_strict_one(client: OutboundClient) -> None:
    async with peer(says(OK)) as seen:
        assert isinstance(await send(client, seen.url), Answered)
        assert isinstance(await send(client, seen.url, addresses=PUBLIC_ONLY), NeverSent)
        assert seen.connections == 1


async def test_callbacks_leave_from_the_address_that_is_set_and_others_do_not() -> None:
    settings = OutboundSettings(callback_source_ip="127.0.0.9")
    async with peer(says(EMPTY_OK)) as seen, OutboundClient(settings) as client:
        await send(client, seen.url, purpose="callback")
        await send(client, seen.url, purpose="purchase")
        assert seen.sources == ["127.0.0.9", "127.0.0.1"]


async def test_a_source_address_that_is_not_ours_is_never_sent() -> None:
    settings = OutboundSettings(callback_source_ip="203.0.113.7")
    async with peer(says(EMPTY_OK)) as seen, OutboundClient(settings) as client:
        assert isinstance(await send(client, seen.url, purpose="callback"), NeverSent)
        assert seen.requests == []


async def test_a_cancelled_call_leaves_no_connection_behind(client: OutboundClient) -> None:
    async def silent(_: asyncio.StreamReader, __: asyncio.StreamWriter, ___: int) -> None:
        await asyncio.sleep(10)

    async with peer(silent) as seen:
        task = asyncio.create_task(send(client, seen.url))
        async with asyncio.timeout(60):
            while not seen.requests:  # noqa: ASYNC110 (bounded above)
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(seen.requests) == 1
