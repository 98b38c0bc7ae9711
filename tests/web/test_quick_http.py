"""The short way of raw endpoints over real HTTP: it answers as uvicorn's own way would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gerbang.outbound.message import Answered, InboundRequest
from gerbang.web import quick_http
from gerbang.web.asgi import TEXT_TYPE, raw_route
from gerbang.web.client_address import ClientAddress
from gerbang.web.fast_paths import FastPaths
from gerbang.web.quick_http import QuickHttp

DEADLINE_S = 60.0
BODY_MAX = 1_000


class House:
    """A server with one raw endpoint of each sort, and what it saw."""

    def __init__(self) -> None:
        self.seen: list[InboundRequest] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.port = 0
        self.server: Any = None

    async def echo(self, request: InboundRequest) -> Answered:
        self.seen.append(request)
        await self.gate.wait()
        body = b"|".join(
            [
                request.method.encode(),
                request.path.encode(),
                request.query,
                request.client_ip.encode(),
                request.body,
            ]
        )
        return Answered(status=201, headers=(*TEXT_TYPE, ("X-Extra", "yes")), body=body)

    async def break_down(self, _request: InboundRequest) -> Answered:
        raise RuntimeError

    def routes(self) -> list[Route]:
        def answer(status: int) -> Any:
            return lambda _request: Answered(status=status, headers=TEXT_TYPE, body=b"sorry")

        both = {"too_large": answer(413), "crashed": answer(502), "body_bytes_max": BODY_MAX}
        return [
            raw_route("/echo", self.echo, methods=("POST", "GET"), **both),
            raw_route("/echo/{name}", self.echo, methods=("POST",), **both),
            raw_route("/broken", self.break_down, methods=("POST",), **both),
            Route("/page", page),
        ]


async def page(request: Request) -> JSONResponse:
    return JSONResponse({"page": request.url.path, "query": request.url.query})


@asynccontextmanager
async def house_open(
    *, proxies: tuple[str, ...] = (), keep_alive_s: int = 30
) -> AsyncIterator[House]:
    house = House()
    app: Any = FastPaths(Starlette(routes=house.routes()), address=ClientAddress(proxies))
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        loop="uvloop",
        http=QuickHttp,
        ws="none",
        lifespan="off",
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=keep_alive_s,
    )
    house.server = uvicorn.Server(config)
    async with asyncio.timeout(DEADLINE_S):
        running = asyncio.create_task(house.server._serve())
        while not house.server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
            await asyncio.sleep(0.01)
        house.port = house.server.servers[0].sockets[0].getsockname()[1]
        try:
            yield house
        finally:
            house.gate.set()
            house.server.should_exit = True
            await running


class Line:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, *parts: bytes, pause_s: float = 0.0) -> None:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()
            if pause_s:
                await asyncio.sleep(pause_s)

    async def hear(self, *, head_only: bool = False) -> tuple[int, dict[str, str], bytes]:
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")[:-2]
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
        length = 0 if head_only else int(headers.get("content-length", "0"))
        return int(first.split()[1]), headers, await self.reader.readexactly(length)

    async def is_closed(self) -> bool:
        return await self.reader.read(1) == b""


@asynccontextmanager
async def line_to(house: House) -> AsyncIterator[Line]:
    line = Line(*await asyncio.open_connection("127.0.0.1", house.port))
    try:
        yield line
    finally:
        line.writer.close()


def post(body: bytes, path: str = "/echo", *more: bytes) -> bytes:
    lines = [b"POST %b HTTP/1.1" % path.encode(), b"Host: h", b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*lines, *more, b"", body])


async def test_one_request_after_the_other_on_one_connection() -> None:
    async with house_open() as house, line_to(house) as line:
        for number in range(3):
            await line.say(post(b"n%d" % number, "/echo?a=1%20b"))
            status, headers, body = await line.hear()
            assert (status, body) == (201, b"POST|/echo|a=1%%20b|127.0.0.1|n%d" % number)
            assert headers["content-type"] == "text/plain; charset=utf-8"
            assert headers["x-extra"] == "yes"
            assert "connection" not in headers
        assert house.seen[0].header("host") == "h"


async def test_a_name_at_the_end_of_the_path_is_found() -> None:
    async with house_open() as house, line_to(house) as line:
        await line.say(post(b"", "/echo/bench"))
        assert (await line.hear())[2] == b"POST|/echo/bench||127.0.0.1|"


async def test_pipelined_requests_are_answered_in_their_order_whatever_their_way() -> None:
    """Raw, page, raw, unknown, raw: all in one packet."""
    async with house_open() as house, line_to(house) as line:
        get_page = b"GET /page?x=1 HTTP/1.1\r\nHost: h\r\n\r\n"
        gone = b"GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n"
        await line.say(post(b"one") + get_page + post(b"two") + gone + post(b"three"))
        answers = [await line.hear() for _ in range(5)]
        assert [status for status, _, _ in answers] == [201, 200, 201, 404, 201]
        assert answers[0][2].endswith(b"|one")
        assert answers[1][2] == b'{"page":"/page","query":"x=1"}'
        assert answers[2][2].endswith(b"|two")
        assert answers[4][2].endswith(b"|three")


async def test_a_pipelined_request_waits_for_the_answer_before_it() -> None:
    async with house_open() as house, line_to(house) as line:
        house.gate.clear()
        await line.say(post(b"one") + post(b"two"))
        await asyncio.sleep(0.1)
        assert [request.body for request in house.seen] == [b"one"]
        house.gate.set()
        assert [(await line.hear())[2][-3:] for _ in range(2)] == [b"one", b"two"]


@pytest.mark.parametrize("step", [1, 7])
async def test_a_request_in_small_pieces_is_read_whole(step: int) -> None:
    async with house_open() as house, line_to(house) as line:
        raw = post(b"slowly does it")
        parts = [raw[at : at + step] for at in range(0, len(raw), step)]
        await line.say(*parts, pause_s=0.001)
        assert (await line.hear())[2].endswith(b"|slowly does it")


async def test_a_chunked_body_is_put_together() -> None:
    async with house_open() as house, line_to(house) as line:
        head = b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        await line.say(head, b"4\r\nfour\r\n", b"4;x=y\r\n and\r\n", b"0\r\n\r\n", pause_s=0.01)
        assert (await line.hear())[2].endswith(b"|four and")


async def test_a_body_too_large_is_refused_before_it_is_there_and_the_connection_goes_on() -> None:
    async with house_open() as house, line_to(house) as line:
        body = b"x" * 5_000
        raw = post(body)
        await line.say(raw[:2_000])
        assert (await line.hear())[::2] == (413, b"sorry")
        assert house.seen == []
        await line.say(raw[2_000:])
        await line.say(post(b"fits"))
        assert (await line.hear())[2].endswith(b"|fits")


async def test_a_query_too_long_is_refused() -> None:
    async with house_open() as house, line_to(house) as line:
        await line.say(post(b"", "/echo?q=" + "x" * 20_000))
        assert (await line.hear())[0] == 413


async def test_head_and_wrong_methods_take_the_ordinary_way() -> None:
    async with house_open() as house, line_to(house) as line:
        await line.say(b"HEAD /page HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await line.hear(head_only=True))[0] == 200
        await line.say(b"DELETE /echo HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await line.hear())[0] == 405
        await line.say(b"HEAD /echo HTTP/1.1\r\nHost: h\r\n\r\n")
        status, headers, _ = await line.hear(head_only=True)
        assert status == 201
        assert int(headers["content-length"]) > 0
        await line.say(post(b"still in step"))
        assert (await line.hear())[2].endswith(b"|still in step")


async def test_percent_signs_in_the_path_are_decoded() -> None:
    async with house_open() as house, line_to(house) as line:
        await line.say(post(b"p", "/ec%68o"))
        assert (await line.hear())[2] == b"POST|/echo||127.0.0.1|p"


async def test_who_expects_to_be_told_to_continue_is_told() -> None:
    async with house_open() as house, line_to(house) as line:
        raw = post(b"later", "/echo", b"Expect: 100-continue")
        await line.say(raw[: -len(b"later")])
        assert (await line.hear())[0] == 100
        await line.say(b"later")
        assert (await line.hear())[2].endswith(b"|later")


async def test_an_old_client_and_one_that_says_close_are_closed_after_the_answer() -> None:
    async with house_open() as house:
        for raw in (
            post(b"x", "/echo", b"Connection: close"),
            b"GET /echo HTTP/1.0\r\nHost: h\r\n\r\n",
        ):
            async with line_to(house) as line:
                await line.say(raw)
                status, headers, _ = await line.hear()
                assert (status, headers["connection"]) == (201, "close")
                assert await line.is_closed()


async def test_a_client_that_goes_before_its_request_is_whole_is_not_served() -> None:
    async with house_open() as house:
        async with line_to(house) as line:
            await line.say(post(b"never finished")[:-3])
        await asyncio.sleep(0.1)
        assert house.seen == []


async def test_a_client_that_goes_after_its_request_is_served_and_harms_nobody() -> None:
    """The order is placed: whoever asks again gets it."""
    async with house_open() as house:
        house.gate.clear()
        async with line_to(house) as line:
            await line.say(post(b"gone"))
            while not house.seen:  # noqa: ASYNC110 (the handler sets nothing)
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        house.gate.set()
        async with line_to(house) as line:
            await line.say(post(b"here"))
            assert (await line.hear())[2].endswith(b"|here")
        assert [request.body for request in house.seen] == [b"gone", b"here"]
        await asyncio.sleep(0)
        assert not house.server.server_state.tasks


async def test_a_handler_that_breaks_gives_the_dialects_own_answer() -> None:
    async with house_open() as house, line_to(house) as line:
        await line.say(post(b"x", "/broken"))
        assert (await line.hear())[::2] == (502, b"sorry")


async def test_what_is_no_http_is_refused_and_closed() -> None:
    async with house_open() as house, line_to(house) as line:
        await line.say(b"POST /echo HTTP/1.1\r\nContent-Length: many\r\n\r\n")
        assert (await line.hear())[0] == 400
        assert await line.is_closed()
        assert house.seen == []


async def test_behind_a_proxy_the_caller_is_who_the_proxy_says() -> None:
    forwarded = b"X-Forwarded-For: 6.6.6.6, 203.0.113.9, 127.0.0.5"
    async with house_open(proxies=("127.0.0.0/8",)) as house, line_to(house) as line:
        await line.say(post(b"", "/echo", forwarded))
        assert (await line.hear())[2] == b"POST|/echo||203.0.113.9|"
    async with house_open() as house, line_to(house) as line:
        await line.say(post(b"", "/echo", forwarded))
        assert (await line.hear())[2] == b"POST|/echo||127.0.0.1|"


async def test_an_idle_connection_is_closed_and_a_busy_one_is_not() -> None:
    async with house_open(keep_alive_s=2) as house, line_to(house) as line, line_to(house) as idle:
        await idle.say(post(b"once"))
        await idle.hear()
        for _ in range(6):
            await line.say(post(b"again"))
            assert (await line.hear())[0] == 201
            await asyncio.sleep(0.45)
        assert await idle.is_closed()
        await line.say(post(b"still open"))
        assert (await line.hear())[0] == 201
        assert await line.is_closed()


async def test_a_slow_answer_outlives_the_idle_limit() -> None:
    async with house_open(keep_alive_s=1) as house, line_to(house) as line:
        await line.say(post(b"first"))
        await line.hear()
        house.gate.clear()
        await line.say(post(b"second"))
        await asyncio.sleep(1.4)
        house.gate.set()
        assert (await line.hear())[2].endswith(b"|second")


async def test_a_stop_lets_the_request_at_work_be_answered() -> None:
    async with house_open() as house, line_to(house) as line:
        house.gate.clear()
        await line.say(post(b"last"))
        while not house.seen:  # noqa: ASYNC110 (the handler sets nothing)
            await asyncio.sleep(0.01)
        house.server.should_exit = True
        await asyncio.sleep(0.3)
        house.gate.set()
        status, headers, _ = await line.hear()
        assert (status, headers["connection"]) == (201, "close")
        assert await line.is_closed()


async def test_a_client_that_does_not_read_holds_up_only_itself() -> None:
    """Many pipelined requests whose answers nobody reads, beside a caller who does."""
    async with house_open() as house, line_to(house) as stuck, line_to(house) as line:
        many = post(b"y" * 900) * 2_000
        stuck.writer.write(many)
        await asyncio.sleep(0.2)
        await line.say(post(b"me"))
        assert (await line.hear())[2].endswith(b"|me")
        answers = [await stuck.hear() for _ in range(2_000)]
        assert all(status == 201 for status, _, _ in answers)


@pytest.mark.parametrize("path", [b"/echo", b"/page"])
async def test_a_head_that_never_ends_is_refused(path: bytes) -> None:
    async with house_open() as house, line_to(house) as line:
        await line.say(b"GET " + path + b" HTTP/1.1\r\nHost: h\r\n")
        with suppress(ConnectionError):
            for _ in range(500):
                await line.say(b"X-More: " + b"a" * 1_000 + b"\r\n", pause_s=0.001)
            heard = await line.reader.read()  # else nothing ends this
            assert heard.startswith(b"HTTP/1.1 400 ")
        assert not house.seen


async def test_headers_behind_the_body_are_nobodys() -> None:
    async with house_open() as house, line_to(house) as line:
        head = b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        await line.say(head, b"2\r\nhi\r\n0\r\nX-Behind: 1\r\n\r\n", pause_s=0.01)
        assert (await line.hear())[2].endswith(b"|hi")
        assert house.seen[0].header("x-behind") == ""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick_http, "READ_S_MAX", 1.0)
    monkeypatch.setattr(quick_http, "PACE_LOOK_EVERY_S", 0.1)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET /echo HTTP/1.1\r\nHost: h\r\n",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf",
        b"POST /page HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf",
    ],
)
@pytest.mark.usefixtures("impatient")
async def test_who_does_not_say_what_he_wants_is_hung_up_on(said: bytes) -> None:
    async with house_open(keep_alive_s=600) as house, line_to(house) as line:
        await line.say(said)
        heard = await line.reader.read()
        assert b"201" not in heard
        assert not house.seen


@pytest.mark.usefixtures("impatient")
async def test_a_connection_that_waits_between_requests_or_for_an_answer_stays() -> None:
    async with house_open(keep_alive_s=600) as house, line_to(house) as line:
        house.gate.clear()
        await line.say(post(b"first"))
        await asyncio.sleep(1.5)
        house.gate.set()
        assert (await line.hear())[2].endswith(b"|first")
        await asyncio.sleep(1.5)
        await line.say(post(b"second"))
        assert (await line.hear())[2].endswith(b"|second")
