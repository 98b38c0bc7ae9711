"""A stranger's integrations, written from the documentation alone, turn their checklist green."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.running_demo import RunningDemo, free_port

EXAMPLES = Path(__file__).parents[2] / "examples"
RUN_S = 60
CALM_S = 20


def interpreter(name: str) -> str:
    """Give an interpreter; where there is none the test is skipped, but never in CI."""
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is missing; .ci/run installs it")
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture
def shop(demo: RunningDemo, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """Let a new reseller in, named with its dialect by the test's parameter."""
    made = Shop(demo, *request.param)
    yield made
    made.api.close()


class Shop:
    """A reseller that has just been let in: a callback address, a deposit, two credentials."""

    def __init__(self, demo: RunningDemo, code: str, dialect: str) -> None:
        self.port = free_port()
        self.code = code
        self.api = httpx.Client(
            base_url=f"{demo.base_url}/api",
            headers={"authorization": f"Bearer {demo.facts['admin_token']}"},
        )
        self._call(
            "POST",
            "/resellers",
            {
                "code": code,
                "name": code,
                "dialects": [dialect],
                "allowed_ips": ["127.0.0.1"],
                "live": False,
                "callback": {"url": f"http://127.0.0.1:{self.port}/callback"},
            },
        )
        self._call("POST", f"/resellers/{code}/credits", {"amount": 250_000, "key": f"{code}:1"})
        path = f"/resellers/{code}/credentials"
        self.testing = self._call("POST", path, {"dialect": dialect, "testing": True})
        self._call("POST", path, {"dialect": dialect})
        self.environ = {"PATH": os.environ["PATH"], "GERBANG_URL": demo.base_url}

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.api.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def open_lines(self) -> list[str]:
        """Give what is open on the checklist, once no callback is on its way any more."""
        deadline = time.monotonic() + CALM_S
        while True:
            items = self._call("GET", f"/resellers/{self.code}/checklist")["items"]
            lines = [f"{item['name']}: {item['why']}" for item in items if not item["done"]]
            if not lines or time.monotonic() > deadline:
                return lines
            time.sleep(0.1)

    def run(self, *command: str, cwd: Path, **environ: str) -> None:
        """Run the stranger's program, which says itself whether all came out as it must."""
        done = subprocess.run(
            command,
            cwd=cwd,
            env=self.environ | environ,
            capture_output=True,
            text=True,
            timeout=RUN_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "all as it must be" in done.stdout

    def goes_live(self) -> None:
        """The checklist is green, so live access is given where that is required."""
        assert self.open_lines() == []
        self._call("PATCH", "/terms", {"checklist_required": True})
        try:
            assert self._call("PATCH", f"/resellers/{self.code}", {"live": True})["live"] is True
        finally:
            self._call("PATCH", "/terms", {"checklist_required": False})


@contextmanager
def php_receiver(php: str, shop: Shop, environ: dict[str, str]) -> Iterator[None]:
    server = subprocess.Popen(
        [php, "-S", f"127.0.0.1:{shop.port}", "callback.php"],
        cwd=EXAMPLES / "php",
        env=shop.environ | environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        server.terminate()
        server.wait(10)


@pytest.mark.parametrize("shop", [("PHPSHOP", "isikuota")], indirect=True)
def test_php_with_isikuota(shop: Shop, tmp_path: Path) -> None:
    php = interpreter("php")
    environ = {
        "GERBANG_API_ID": shop.testing["key"],
        "GERBANG_API_KEY": shop.testing["secrets"]["api_key"],
        "GERBANG_SECRET_KEY": shop.testing["secrets"]["secret_key"],
        "GERBANG_HEARD": str(tmp_path / "heard.jsonl"),
    }
    with php_receiver(php, shop, environ):
        shop.run(php, "run.php", cwd=EXAMPLES / "php", **environ)
        shop.goes_live()


@pytest.mark.parametrize("shop", [("NODESHOP", "socx")], indirect=True)
def test_node_with_socx(shop: Shop) -> None:
    node = interpreter("node")
    shop.run(
        node,
        "run.mjs",
        cwd=EXAMPLES / "node",
        GERBANG_TOKEN=shop.testing["secrets"]["token"],
        GERBANG_CALLBACK_PORT=str(shop.port),
    )
    shop.goes_live()


@pytest.mark.parametrize("shop", [("PYSHOP", "otomax")], indirect=True)
def test_python_with_otomax(shop: Shop) -> None:
    shop.run(
        sys.executable,
        "run.py",
        cwd=EXAMPLES / "python",
        GERBANG_MEMBER=shop.testing["key"],
        GERBANG_PIN=shop.testing["secrets"]["pin"],
        GERBANG_PASSWORD=shop.testing["secrets"]["password"],
        GERBANG_CALLBACK_PORT=str(shop.port),
    )
    shop.goes_live()
