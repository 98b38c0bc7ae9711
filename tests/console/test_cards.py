"""Card payments in the console: what is allowed now, and why not."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path

from cards.rig import SECRET, open_rig
from console.browser import Browser, add_user, told
from gerbang.app import Node
from gerbang.people.role import Role
from gerbang.settings import Settings


@asynccontextmanager
async def console_of(database_url: str, folder: Path) -> AsyncIterator[Node]:
    key = base64.b64encode(SECRET).decode()
    node = Node(Settings(data_dir=str(folder), secret_key=key), database_url=database_url)
    await node.start(work=False)
    try:
        yield node
    finally:
        await node.stop()


async def finance_of(node: Node) -> Browser:
    await add_user(node, Role.FINANCE)
    browser = Browser(node)
    await browser.sign_in("finance")
    return browser


def number_in(page: str) -> str:
    found = re.search(r'name="number" value="([0-9a-f]{16})"', page)
    assert found, page
    return found[1]


async def test_a_payment_is_shown_and_taken_back_with_a_reason(
    database_url: str, tmp_path: Path
) -> None:
    async with open_rig(database_url) as rig:
        order = await rig.charge()
        payment = await rig.stored(order)
    async with console_of(database_url, tmp_path) as node:
        await add_user(node, Role.VIEWER)
        viewer = Browser(node)
        await viewer.sign_in("viewer")
        assert payment.txid in (await viewer.get("/console/cards")).text
        assert payment.txid in (await viewer.get(f"/console/cards?q={payment.txid}")).text
        base = f"/console/cards/{payment.txid}"
        assert "Your role may neither" in (await viewer.get(base)).text
        await viewer.post(f"{base}/cancel", {"reason": "no"}, 403)
        await viewer.close()

        finance = await finance_of(node)
        page = await finance.get(base)
        assert "only after settlement" in page.text
        number = number_in(page.text)
        await finance.post(f"{base}/cancel", {"reason": "", "number": number}, 422)
        await finance.post(f"{base}/cancel", {"reason": "without a number"}, 422)
        done = await finance.post(f"{base}/cancel", {"reason": "the shop asked", "number": number})
        assert "Voided" in told(done)
        assert "can be neither captured nor cancelled" in done.text
        other = "0" * 16
        await finance.post(f"{base}/cancel", {"reason": "once more", "number": other}, 422)
        await finance.post(f"{base}/capture", {"amount": "1000", "number": other}, 422)
        await finance.get("/console/cards/settlements")
        await finance.get("/console/cards/settlements/SALE000001/2020-01-01", 404)
        await finance.get("/console/cards/settlements/SALE000001/never", 404)
        await finance.close()


async def test_a_part_is_given_back_once_by_one_form_and_again_by_the_next(
    database_url: str, tmp_path: Path
) -> None:
    async with open_rig(database_url) as rig:
        order = await rig.charge(amount=150_000)
        await rig.advance(days=2)
        txid = (await rig.stored(order)).txid
    async with console_of(database_url, tmp_path) as node:
        finance = await finance_of(node)
        base = f"/console/cards/{txid}"
        form = {"amount": "40.000", "reason": "one of three", "number": ""}
        form["number"] = number_in((await finance.get(base)).text)
        await finance.post(f"{base}/cancel", form)
        await finance.client.post(f"{base}/cancel", data=form)
        assert await _refunded(node, txid) == 40_000
        form["number"] = number_in((await finance.get(base)).text)
        await finance.post(f"{base}/cancel", form)
        assert await _refunded(node, txid) == 80_000
        await finance.close()


async def _refunded(node: Node, txid: str) -> int:
    refunded: int = await node.pool.fetchval("SELECT refunded FROM payments WHERE txid = $1", txid)
    return refunded


async def test_charts_count_what_was_charged_and_every_figure_leads_to_its_payments(
    database_url: str, tmp_path: Path
) -> None:
    async with open_rig(database_url) as rig:
        order = await rig.charge(amount=150_000)
        txid = (await rig.stored(order)).txid
        refused = await rig.register(amount=30_000)
        await rig.pay(refused, "4434260000001022")
    async with console_of(database_url, tmp_path) as node:
        finance = await finance_of(node)
        page = await finance.get("/console/cards/figures")
        assert "Rp150.000" in told(page)
        assert "50,0%" in told(page)
        assert "Card expired" in told(page)
        links = {unescape(one) for one in re.findall(r'data-href="([^"]*)"', page.text)}
        for link in links:
            listed = (await finance.get(link)).text
            assert (txid in listed) == ("declined=" not in link), link
            assert refused["tXid"] in listed
        assert len(links) == 3  # a merchant, a reason, a day
        empty = await finance.get("/console/cards/figures?from=2020-01-01&until=2020-01-31")
        assert "No card payments on these days" in told(empty)
        wrong = await finance.get("/console/cards/figures?from=0001-01-01&until=9999-12-31&by=x")
        assert "Rp150.000" in told(wrong)
        too_many = await finance.get("/console/cards/figures?from=2020-01-01&until=2021-01-31")
        assert "92" in told(too_many)
        await finance.close()


async def test_what_may_not_be_done_says_why_as_the_rules_say(
    database_url: str, tmp_path: Path
) -> None:
    async with open_rig(database_url) as rig:
        never = (await rig.stored(await rig.charge("NOCANCEL01"))).txid
        whole_only = (await rig.stored(await rig.charge("NOPART0001"))).txid
        await rig.advance(days=2)
    async with console_of(database_url, tmp_path) as node:
        finance = await finance_of(node)
        assert "may not cancel" in told(await finance.get(f"/console/cards/{never}"))
        page = await finance.get(f"/console/cards/{whole_only}")
        assert "may not refund in parts" in told(page)
        assert 'name="amount"' not in page.text
        form = {"amount": "1.000", "reason": "x", "number": "0" * 16}
        await finance.post(f"/console/cards/{whole_only}/cancel", form, 422)
        form |= {"amount": "", "number": number_in(page.text)}
        await finance.post(f"/console/cards/{whole_only}/cancel", form)
        assert await _refunded(node, whole_only) == 150_000
        await finance.close()
