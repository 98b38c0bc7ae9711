"""Everything around a gateway that lives on while the gateway, or the database, is killed.

The gateway is one process (``gerbang serve``); PostgreSQL, two fake suppliers and the receiver of
callbacks do not belong to it. The market buys over HTTP and keeps every word it was told.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
from aiohttp import web

from e2e.running_demo import free_port, gerbang_command, gerbang_environ
from gerbang.app import Node
from gerbang.catalog.admin import ProductChange, create_product, save_category, save_price_list
from gerbang.ledger.account import HouseAccount
from gerbang.ledger.move import MoveMoney
from gerbang.ledger.verify import verify
from gerbang.postgres.embedded import EmbeddedPostgres
from gerbang.postgres.migrate import migrate
from gerbang.resellers.admin import CallbackChange, ResellerChange, create_reseller
from gerbang.resellers.credentials import NewCredential, issue_credential
from gerbang.secrets_box import SecretBox, generate_token, load_secret_key
from gerbang.settings import load_settings
from gerbang.suppliers.admin import RouteChange, SupplierChange, create_route, create_supplier
from postgres.shared import opened, reachable_folder
from scale import PROVING

ACTOR: Final = "test"
RESELLER: Final = "KILLS"
PRODUCT: Final = "HSA5"
PRICE: Final = 5_400
COST: Final = 5_000
FUNDS: Final = 2_000_000_000
LOOPBACK: Final = ["127.0.0.0/8", "::1/128"]
SUPPLIERS: Final = ("one", "two")
READY_S: Final = 90.0
POLL_S: Final = 0.05
FREEZES_MAX: Final = 20
QUICK: Final = Path(__file__).with_name("quick_serve.py")

ENDS: Final = {
    "1230": "success",
    "1231": "success",
    "1232": "failed",
    "1233": "success",
    "1234": "failed",
    "1235": "success",
    "1236": "success",
    "1237": "success",
    "1239": "failed",
}
"""What becomes of an order, by its last digits, whatever is killed meanwhile; others succeed."""

_numbers = itertools.count(1)


class Receiver:
    """The reseller's callback address: keeps what came, in the order it came."""

    def __init__(self) -> None:
        self.url = ""
        self.got: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/callback", self._receive)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        port = free_port()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{port}/callback"

    async def _receive(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        self.got[body["request_id"]].append((body["rc"], body["sn"]))
        return web.Response(text="OK")

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()


class Supplier:
    """A fake supplier as a process; all speak SocX."""

    def __init__(self, code: str, folder: Path, gateway_url: str) -> None:
        self.code = code
        self.token = generate_token()
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._callback_url = f"{gateway_url}/callbacks/{code}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        journal = self._folder / f"{self.code}.jsonl"
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gerbang.sandbox.supplier", "--dialect", "socx"),
                *("--port", str(self.port), "--journal", str(journal)),
                *("--callback-url", self._callback_url),
            ],
            env=gerbang_environ({"GERBANG_SANDBOX_CREDENTIAL": json.dumps({"token": self.token})}),
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    async def stats(self, http: aiohttp.ClientSession) -> dict[str, Any]:
        async with http.get(f"{self.base_url}/_sandbox/stats?references=0") as reply:
            stats: dict[str, Any] = await reply.json()
            return stats

    def stop(self) -> None:
        if self._process is not None:
            _kill_group(self._process)


class Gateway:
    """``gerbang serve``: killed and started again on the same port and database."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = folder / "gateway.log"
        self.environ: dict[str, str] = {}
        self.starts = 0
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.starts += 1
        command = gerbang_command("serve") if PROVING else [sys.executable, str(QUICK), "serve"]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=gerbang_environ(self.environ),
                cwd=self._folder,
                start_new_session=True,
            )

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def until_ready(self, http: aiohttp.ClientSession) -> float:
        """Wait for /readyz; give the seconds that took."""
        started = time.monotonic()
        while time.monotonic() - started < READY_S:
            assert self.runs, self.log_tail()
            with suppress(aiohttp.ClientError, OSError, TimeoutError):
                async with http.get(f"{self.url}/readyz") as reply:
                    if reply.status == 200:
                        return time.monotonic() - started
            await asyncio.sleep(POLL_S)
        raise AssertionError(self.log_tail())

    def kill(self) -> None:
        assert self._process is not None
        _kill_group(self._process)

    def stop(self) -> None:
        if self._process is not None and self.runs:
            self.kill()

    def log_tail(self) -> str:
        return self.log_path.read_text(errors="replace")[-4000:]


class Word(msgspec.Struct):
    """All that was said about one reference."""

    destination: str
    acknowledged: bool = False
    uncertain: bool = False
    maintenance: int = 0
    never_sent: int = 0
    finals: set[str] = msgspec.field(default_factory=set)

    @property
    def surely_not_stored(self) -> bool:
        """Whether every answer says that nothing was written."""
        return bool(self.maintenance) and not (self.acknowledged or self.uncertain)


class Market:
    """Concurrent buyers, who repeat a reference after most failures."""

    def __init__(self, url: str, token: str, *, seed: int, buyers: int = 24) -> None:
        self.words: dict[str, Word] = {}
        self.replies: Counter[str] = Counter()
        self.odd: list[str] = []
        self.stopping = False
        self._url = f"{url}/reseller/api/v1/purchase"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._seed = seed
        self._buyers = buyers

    async def run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=12)
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=connector) as http,
            asyncio.TaskGroup() as group,
        ):
            for number in range(self._buyers):
                group.create_task(self._buy_on(http, number))

    async def _buy_on(self, http: aiohttp.ClientSession, number: int) -> None:
        rng = random.Random(f"{self._seed}-{number}")
        for turn in itertools.count(1):
            if self.stopping:
                return
            reference = f"K{number}-{turn}"
            ending = rng.choice([*ENDS, "5555", "0001", "7777"])
            word = self.words[reference] = Word(f"0812{number:03}{turn % 1000:03}{ending}")
            for _ in range(rng.choice((1, 3, 6))):
                if await self._buy(http, reference, word):
                    break
                await asyncio.sleep(rng.uniform(0.05, 0.3))
            if rng.random() < 0.1:
                await self._buy(http, reference, word)  # an old reference comes again
            await asyncio.sleep(rng.uniform(0.01, 0.09))

    async def _buy(self, http: aiohttp.ClientSession, reference: str, word: Word) -> bool:
        """Send one request; whether it was acknowledged."""
        body = {"code": PRODUCT, "msisdn": word.destination, "request_id": reference}
        try:
            async with http.post(self._url, json=body, headers=self._headers) as reply:
                said = await reply.json()
                status = reply.status
        except aiohttp.ClientConnectorError:
            word.never_sent += 1
            self.replies["no connection"] += 1
            return False
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            word.uncertain = True
            self.replies[f"cut: {type(error).__name__}"] += 1
            return False
        return self._listen(word, status, said)

    def _listen(self, word: Word, status: int, said: dict[str, Any]) -> bool:
        rc, stored = said["rc"], bool(said["trxid"])
        self.replies[f"{status} rc {rc}{'' if stored else ' trxid 0'}"] += 1
        if stored:
            word.acknowledged = True
            if rc != "68":
                word.finals.add("success" if rc == "00" else "failed")
            return True
        if rc == "68":
            word.uncertain = True
        elif rc == "09":
            word.maintenance += 1
        else:
            self.odd.append(f"{status} {said}")
        return False


class House:
    """All of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder / "pg")
        self.gateway = Gateway(folder)
        self.receiver = Receiver()
        self.suppliers = [Supplier(code, folder, self.gateway.url) for code in SUPPLIERS]
        self.token = generate_token()
        self.http: aiohttp.ClientSession

    async def open(self, **settings: str) -> None:
        await self.receiver.start()
        url = await asyncio.to_thread(self.postgres.start)
        await migrate(url)
        self.gateway.environ = {
            "GERBANG_DATABASE_URL": url,
            "GERBANG_DATA_DIR": str(self.folder),
            "GERBANG_PORT": str(self.gateway.port),
            "GERBANG_CALLBACK_PRIVATE_ADDRESSES_ALLOWED": "true",
            **settings,
        }
        for supplier in self.suppliers:
            supplier.start()
        await self._furnish(url)
        await self._fund(url)
        self.gateway.start()
        await self.gateway.until_ready(self.http)

    async def _furnish(self, url: str) -> None:
        box = SecretBox(load_secret_key(self.folder, given=""))
        async with opened(url) as c, c.transaction():
            await save_category(c, "pulsa", "Pulsa", actor=ACTOR)
            await save_price_list(c, "default", "Default", actor=ACTOR)
            product = ProductChange(
                name="Halo 5.000", category="pulsa", base_price=PRICE, cost=COST
            )
            await create_product(c, PRODUCT, product, actor=ACTOR)
            await create_reseller(
                c,
                RESELLER,
                "Kills",
                actor=ACTOR,
                box=box,
                change=ResellerChange(
                    allowed_ips=LOOPBACK,
                    dialects=["socx"],
                    callback=CallbackChange(url=self.receiver.url),
                ),
            )
            credential = NewCredential(dialect="socx", secrets={"token": self.token})
            await issue_credential(c, RESELLER, credential, box=box, actor=ACTOR)
            for priority, supplier in enumerate(self.suppliers, 1):
                await self._furnish_supplier(c, box, supplier, priority)

    @staticmethod
    async def _furnish_supplier(c: Any, box: SecretBox, supplier: Supplier, priority: int) -> None:
        await create_supplier(
            c,
            supplier.code,
            name=supplier.code,
            dialect="socx",
            base_url=f"{supplier.base_url}/reseller/api/v1",
            actor=ACTOR,
            box=box,
            change=SupplierChange(
                secrets={"token": supplier.token},
                settings={
                    "ask_again_after_ms": [400, 800, 1_500, 2_000],
                    # Numbers that fail on purpose would close the product, and nothing be sold.
                    "health.watched": False,
                },
                callback_ips=LOOPBACK,
                timeout_ms=4_000,
            ),
        )
        await create_route(
            c,
            product=PRODUCT,
            supplier=supplier.code,
            supplier_product_code="S5",
            cost=COST,
            actor=ACTOR,
            change=RouteChange(priority=priority),
        )

    async def _fund(self, url: str) -> None:
        settings = load_settings(environ=self.gateway.environ)
        node = Node(settings, database_url=url)
        await node.start(work=False)
        try:
            account_id = await node.pool.fetchval(
                "SELECT id FROM accounts WHERE code = $1", f"reseller:{RESELLER}"
            )
            await node.lane.submit(
                MoveMoney(
                    key="fund",
                    event="manual.credit",
                    debit_account_id=node.house[HouseAccount.BANK],
                    credit_account_id=account_id,
                    amount=FUNDS,
                    actor=ACTOR,
                    note="",
                )
            )
        finally:
            await node.stop()

    # --- the database ---------------------------------------------------------------------------

    async def fetch(self, sql: str) -> list[Any]:
        async with opened(self.postgres.dsn, statement_timeout_ms=60_000) as c:
            return list(await c.fetch(sql))

    async def until_settled(self, seconds: float) -> float:
        """Wait until every order is final and every callback delivered; give the seconds."""
        started = time.monotonic()
        while True:
            row = (await self.fetch(_UNFINISHED))[0]
            if not any(row):
                return time.monotonic() - started
            if time.monotonic() - started > seconds:
                stuck = [*await self.fetch(_STUCK), *await self.fetch(_UNTOLD)]
                msg = f"after {seconds} s: {dict(row)}; {[tuple(map(str, r)) for r in stuck]}"
                raise AssertionError(msg)
            await asyncio.sleep(0.25)

    async def kill_postgres(self, *, frozen_s: float, until: Callable[[], bool]) -> None:
        """Freeze the whole server in the middle of its commits, then SIGKILL it.

        A freeze may find a moment between two commits. Then the server thaws and is frozen again,
        until `until` sees what it waits for.
        """
        pid = self.postgres.pid
        assert pid is not None
        configuration = self.folder / "pg" / "cluster" / "postgresql.auto.conf"
        usual = configuration.read_text()
        configuration.write_text(f"{usual}\n{_SLOW_COMMITS}")
        os.kill(pid, signal.SIGHUP)
        for _ in range(FREEZES_MAX):
            await asyncio.sleep(1)
            frozen = (pid, *_children(pid))
            _signal_all(frozen, signal.SIGSTOP)
            await _wait_until(until, frozen_s)
            if until():
                break
            _signal_all(frozen, signal.SIGCONT)
        _signal_all((pid, *_children(pid)), signal.SIGKILL)
        await asyncio.to_thread(self.postgres.detach)
        configuration.write_text(usual)

    async def close(self) -> None:
        self.gateway.stop()
        for supplier in self.suppliers:
            supplier.stop()
        await self.receiver.stop()
        with suppress(Exception):
            await asyncio.to_thread(self.postgres.stop)
        shutil.rmtree(self.folder, ignore_errors=True)


_SLOW_COMMITS: Final = "commit_delay = 100000\ncommit_siblings = 0\n"
"""Where commits take 100 ms, a freeze is likely to find one on its way."""

_UNFINISHED: Final = """
SELECT (SELECT count(*) FROM orders WHERE state = 'pending') AS orders,
       (SELECT count(*) FROM callbacks WHERE state <> 'delivered') AS callbacks
"""
_STUCK: Final = """
SELECT o.reference, o.destination, a.number, a.state::text, a.sends, a.asks, a.not_found, a.message,
       a.due_at - now()
  FROM orders o JOIN attempts a ON a.order_id = o.id WHERE o.state = 'pending' LIMIT 5
"""
_UNTOLD: Final = """
SELECT c.order_id, c.id, c.sequence, c.event, c.state, c.attempts_count, c.last_error, c.claimed_by,
       c.due_at - now(), c.occurred_at
  FROM callbacks c
 WHERE c.order_id IN (SELECT order_id FROM callbacks WHERE state <> 'delivered' LIMIT 5)
 ORDER BY c.id
"""


async def _wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Return when the condition holds, or after so many seconds."""
    for _ in range(round(seconds / POLL_S)):
        if condition():
            return
        await asyncio.sleep(POLL_S)


def _children(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found.append(int(folder.name))
    return found


def _signal_all(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


@asynccontextmanager
async def open_house(name: str, **settings: str) -> AsyncIterator[House]:
    """Give a running house; nothing of it is left afterwards."""
    folder = reachable_folder(f"{name}-{os.getpid()}-{next(_numbers)}-{secrets.token_hex(2)}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o711)
    house = House(folder)
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        house.http = http
        try:
            await house.open(**settings)
            yield house
        finally:
            await house.close()


# --- what must hold -----------------------------------------------------------------------------


async def check_everything(house: House, market: Market) -> dict[str, Any]:
    """Compare what was told, what is stored, what suppliers did and what was called back."""
    rows = await house.fetch("SELECT reference, destination, state::text, price FROM orders")
    stored = {row["reference"]: row for row in rows}
    assert len(stored) == len(rows)
    words = market.words
    assert not market.odd, market.odd[:5]
    acknowledged = {r for r, word in words.items() if word.acknowledged}
    assert acknowledged <= stored.keys(), "an acknowledged order is lost"
    refused = {r for r, word in words.items() if word.surely_not_stored}
    assert not refused & stored.keys(), "maintenance was said of a stored order"
    _check_states(market, stored)
    _check_callbacks(house.receiver, stored)
    deliveries = await _check_deliveries(house)
    money = (await house.fetch(_BALANCE))[0]
    sold = sum(row["price"] for row in rows if row["state"] == "success")
    assert (money["balance"], money["held"]) == (FUNDS - sold, 0)
    async with opened(house.postgres.dsn, statement_timeout_ms=60_000) as c:
        verification = await verify(c)
    assert verification.clean, verification
    return {
        "orders": len(stored),
        "acknowledged": len(acknowledged),
        "refused_only": len(refused),
        "uncertain": sum(word.uncertain for word in words.values()),
        "deliveries": deliveries,
        "callbacks": sum(map(len, house.receiver.got.values())),
        "replies": dict(market.replies),
    }


_BALANCE: Final = f"SELECT balance, held FROM accounts WHERE code = 'reseller:{RESELLER}'"  # noqa: S608


def _check_states(market: Market, stored: dict[str, Any]) -> None:
    """Compare the final states with what the destinations foretell, and with what was told."""
    for reference, row in stored.items():
        word = market.words[reference]
        assert row["destination"] == word.destination
        assert row["state"] == ENDS.get(word.destination[-4:], "success"), dict(row)
        assert word.finals <= {row["state"]}, reference


def _check_callbacks(receiver: Receiver, stored: dict[str, Any]) -> None:
    """Every order was called back with its final state; a serial number, once told, stays told."""
    assert receiver.got.keys() == stored.keys()
    for reference, got in receiver.got.items():
        said = {"success" if rc == "00" else "failed" for rc, _ in got}
        assert said == {stored[reference]["state"]}, (reference, got)
        serials = [sn for sn, _ in itertools.groupby(sn for _, sn in got)]
        assert len(serials) == len(set(serials)), (reference, got)
        assert len(serials) <= 2, (reference, got)


async def _check_deliveries(house: House) -> int:
    """Nothing was delivered twice, by the suppliers' own books and by ours."""
    total = 0
    for supplier in house.suppliers:
        stats = await supplier.stats(house.http)
        assert stats["deliveries_by_reference_max"] <= 1, stats
        total += stats["states"].get("success", 0)
    twice = await house.fetch(
        "SELECT order_id FROM attempts WHERE state = 'delivered' GROUP BY 1 HAVING count(*) > 1"
    )
    assert not twice
    successes = (await house.fetch("SELECT count(*) FROM orders WHERE state = 'success'"))[0][0]
    assert total == successes, "suppliers delivered something that nobody paid for"
    return total
