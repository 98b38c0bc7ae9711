"""The commands for integrators, against a running gateway, with a testing credential."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from e2e.running_demo import RunningDemo
from gerbang.cli.main import app

DEADLINE_S = 60


class Stranger:
    """A reseller with nothing but a testing token, and its program on loopback."""

    def __init__(self, demo: RunningDemo, code: str) -> None:
        self.demo = demo
        self.code = code
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.admin = demo.facts["admin_token"]
        new = {"code": code, "name": code, "allowed_ips": ["127.0.0.1"], "dialects": ["socx"]}
        self.api("POST", "/resellers", new)
        issued = self.api(
            "POST", f"/resellers/{code}/credentials", {"dialect": "socx", "testing": True}
        )
        self.token = issued["secrets"]["token"]

    def api(self, method: str, path: str, body: Any = None) -> Any:
        with httpx.Client(headers={"authorization": f"Bearer {self.admin}"}) as client:
            answer = client.request(method, f"{self.demo.base_url}/api{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def run(self, *words: str, token: str | None = None) -> Result:
        given = ["--url", self.demo.base_url, "--token", token or self.token]
        return CliRunner().invoke(app, [*words, *given])


@pytest.fixture
def stranger(demo: RunningDemo, request: pytest.FixtureRequest) -> Stranger:
    return Stranger(demo, f"S{abs(hash(request.node.name)) % 10**8}")


@pytest.fixture
def program(stranger: Stranger) -> Iterator[str]:
    """Give the address of the stranger's own program, which acknowledges what it hears."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            stranger.heard.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"thanks")

        def log_message(self, *_args: object) -> None:
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/callback"
        server.shutdown()
        thread.join()


def test_listen_forwards_what_trigger_makes_happen(stranger: Stranger, program: str) -> None:
    found: list[Result] = []
    command = ("listen", "--forward", program, "--times", "1")
    listening = threading.Thread(target=lambda: found.append(stranger.run(*command)))
    listening.start()
    time.sleep(1.5)
    triggered = stranger.run("trigger", "order.failed", "--ref", "L-1", "--json")
    assert triggered.exit_code == 0, triggered.output
    assert json.loads(triggered.output)["reference"] == "L-1"
    listening.join(DEADLINE_S)
    assert found
    assert found[0].exit_code == 0, found[0].output
    ((headers, body),) = stranger.heard
    assert headers["x-gerbang-testing"] == "true"
    assert json.loads(body)["request_id"] == "L-1"
    assert "order.failed  L-1" in found[0].output
    assert "200" in found[0].output
    assert "thanks" in found[0].output
    (callback,) = stranger.api("GET", f"/callbacks?reseller={stranger.code}")["items"]
    assert (callback["state"], callback["testing"]) == ("delivered", True)


def test_logs_show_what_happened_and_the_checklist_what_is_open(stranger: Stranger) -> None:
    assert stranger.run("trigger", "order.success", "--ref", "G-1").exit_code == 0
    time.sleep(1)
    logs = stranger.run("logs", "--minutes", "5")
    assert logs.exit_code == 0, logs.output
    assert [line.split()[3] for line in logs.output.splitlines()] == [
        "order.placed",
        "order.success",
    ]
    assert all(line.split()[2] == "TEST" and "G-1" in line for line in logs.output.splitlines())
    checklist = stranger.run("checklist")
    assert checklist.exit_code == 1
    assert "OPEN  Callbacks are received" in checklist.output
    assert "ok    An order that succeeds" in checklist.output


def test_an_operator_names_the_reseller_and_a_stranger_is_refused(stranger: Stranger) -> None:
    named = stranger.run(
        "trigger", "order.success", "--reseller", stranger.code, token=stranger.admin
    )
    assert named.exit_code == 0, named.output
    for token, words in (
        ("nobody's", "a testing credential or an operator's token is needed"),
        (stranger.admin, "says whose testing"),
    ):
        refused = stranger.run("checklist", token=token)
        assert refused.exit_code == 1
        assert words in refused.output
    assert "no prepaid product" in stranger.run("trigger", "order.failed", "--product", "NO").output
