"""The doctor names what is wrong with a receiver, and what to do about it."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import pytest

from gerbang.callbacks.doctor import Finding, Step, challenge_word, diagnose, judge_answer
from gerbang.outbound.addresses import PUBLIC_ONLY, AddressPolicy
from gerbang.outbound.client import OutboundClient, OutboundSettings
from gerbang.outbound.message import Answered, HttpRequest, NoAnswer
from outbound.certificates import self_signed, server_context
from outbound.peer import OK, drops, peer, says

LOCAL = AddressPolicy(allow_private=True)


async def verdict(
    url: str,
    *,
    addresses: AddressPolicy = LOCAL,
    settings: OutboundSettings | None = None,
    deadline_ms: int = 2_000,
) -> Finding:
    async with OutboundClient(settings or OutboundSettings()) as client:
        findings = await diagnose(url, client=client, addresses=addresses, deadline_ms=deadline_ms)
    assert [finding.step for finding in findings] == list(Step)[: len(findings)]
    assert all(finding.ok for finding in findings[:-1])
    return findings[-1]


async def test_a_good_receiver_passes_every_step_with_one_test_message() -> None:
    async with peer(says(OK)) as seen:
        found = await verdict(f"{seen.url}/cb")
        assert (found.step, found.ok) == (Step.ANSWER, True)
        assert len(seen.requests) == 1
        assert b"X-Gerbang-Testing: true" in seen.requests[0]


async def test_the_callback_that_failed_may_be_sent_instead_of_a_test() -> None:
    async with peer(says(OK)) as seen, OutboundClient(OutboundSettings()) as client:
        request = HttpRequest(method="GET", url=f"{seen.url}/cb?id=7")
        await diagnose(seen.url, client=client, addresses=LOCAL, request=request)
        assert seen.requests[0].startswith(b"GET /cb?id=7 ")


@pytest.mark.parametrize(
    "url", ["", "example.com", "ftp://a.example/", "http://a:99999/", "http://"]
)
async def test_a_bad_url_is_named(url: str) -> None:
    found = await verdict(url)
    assert (found.step, found.ok) == (Step.URL, False)


async def test_an_unknown_name_is_named() -> None:
    found = await verdict("http://no-such-name.invalid/cb")
    assert (found.step, found.ok) == (Step.NAME, False)


async def test_a_refused_address_is_named() -> None:
    async with peer(says(OK)) as seen:
        found = await verdict(seen.url, addresses=PUBLIC_ONLY)
        assert (found.step, found.ok) == (Step.ADDRESS, False)
        assert found.text == "127.0.0.1 is refused (loopback)"
        assert seen.connections == 0


async def test_a_closed_port_is_named() -> None:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        found = await verdict(f"http://127.0.0.1:{made.getsockname()[1]}/")
    assert (found.step, found.ok) == (Step.CONNECT, False)
    assert "firewall" in found.advice


@pytest.mark.parametrize(
    ("name", "expired", "trusted", "word"),
    [
        ("127.0.0.1", False, False, "signed itself"),
        ("127.0.0.1", True, True, "expired"),
        ("other.example", False, True, "another"),
    ],
)
async def test_a_bad_certificate_is_named(
    tmp_path: Path, *, name: str, expired: bool, trusted: bool, word: str
) -> None:
    pem = self_signed(tmp_path, name=name, expired=expired)
    settings = OutboundSettings(ca_file=str(pem) if trusted else "")
    async with peer(says(OK), tls=server_context(pem)) as seen:
        found = await verdict(seen.url.replace("http:", "https:"), settings=settings)
    assert (found.step, found.ok) == (Step.TLS, False)
    assert word in found.advice


async def test_a_good_certificate_passes(tmp_path: Path) -> None:
    pem = self_signed(tmp_path)
    async with peer(says(OK), tls=server_context(pem)) as seen:
        url = seen.url.replace("http:", "https:")
        assert (await verdict(url, settings=OutboundSettings(ca_file=str(pem)))).ok


async def test_a_port_without_tls_is_named() -> None:
    async with peer(says(b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n")) as seen:
        found = await verdict(seen.url.replace("http:", "https:"), deadline_ms=500)
    assert (found.step, found.ok) == (Step.TLS, False)


ANSWERS = {
    "redirect": (
        b"HTTP/1.1 301 x\r\nLocation: https://b.example/x?t=1\r\nContent-Length: 0\r\n\r\n",
        "redirects (301) to https://b.example/x",
    ),
    "challenge with success": (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 31\r\n\r\n%s"
        % b"<script src='/aes.js'></script>",
        "challenge",
    ),
    "not found": (b"HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", "answered 404"),
    "crash": (b"HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n", "answered 500"),
    "garbage": (b"hello there\r\n\r\n", "not HTTP"),
}


@pytest.mark.parametrize("case", ANSWERS)
async def test_a_wrong_answer_is_named_with_advice(case: str) -> None:
    answer, word = ANSWERS[case]
    async with peer(says(answer)) as seen:
        found = await verdict(seen.url)
    assert (found.step, found.ok) == (Step.ANSWER, False)
    assert word in found.text
    assert found.advice


async def test_a_drop_and_a_silence_are_named() -> None:
    async def silent(*_: object) -> None:
        await asyncio.sleep(30)

    async with peer(drops()) as dropping, peer(silent) as quiet:
        dropped = await verdict(dropping.url)
        waited = await verdict(quiet.url, deadline_ms=200)
    assert "without an answer" in dropped.text
    assert "deadline" in waited.text
    assert not dropped.ok
    assert not waited.ok


async def test_a_handshake_that_never_ends_is_named() -> None:
    async def silent(*_: object) -> None:
        await asyncio.sleep(30)

    async with peer(silent) as quiet:
        found = await verdict(quiet.url.replace("http:", "https:"), deadline_ms=200)
    assert (found.step, found.ok, found.text) == (Step.TLS, False, "took too long")


def test_a_plain_page_or_a_json_answer_is_no_challenge() -> None:
    html = (("content-type", "text/html"),)
    json_type = (("content-type", "application/json"),)
    assert challenge_word(Answered(status=200, headers=html, body=b"<p>OK</p>")) is None
    captcha = b'{"error":"captcha"}'
    assert challenge_word(Answered(status=200, headers=json_type, body=captcha)) is None
    assert challenge_word(Answered(status=403, headers=html, body=captcha)) == "captcha"


def test_a_slow_acknowledgement_is_advised_about() -> None:
    assert judge_answer(Answered(status=200, body=b"", elapsed_ms=10)).advice == ""
    assert judge_answer(Answered(status=200, body=b"", elapsed_ms=9_000)).advice
    assert judge_answer(NoAnswer(error="answer too large")).advice


async def test_a_name_server_that_hangs_keeps_nobody_else_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Passwords are hashed and files are read in the common threads: they stay free."""
    answers, asked = threading.Event(), threading.Event()

    def hang(*_given: object, **_more: object) -> list[object]:
        asked.set()
        answers.wait(60)
        raise OSError(0, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    asking = [
        asyncio.create_task(verdict("https://hangs.example/cb", deadline_ms=20_000))
        for _ in range(50)
    ]
    try:
        async with asyncio.timeout(60):
            while not asked.is_set():  # noqa: ASYNC110 (set by a thread)
                await asyncio.sleep(0.01)
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "done"), 30) == "done"
    finally:
        answers.set()
        await asyncio.gather(*asking, return_exceptions=True)
