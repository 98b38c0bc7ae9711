"""The portal finds what is the reseller's own, writes it into files, and takes payers back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from e2e.running_demo import RunningDemo
from e2e.test_portal import delivered, signed_in


@pytest.fixture
async def own(demo: RunningDemo) -> AsyncIterator[httpx.AsyncClient]:
    facts = demo.facts["portal"]
    async with signed_in(demo, facts["username"], facts["password"]) as http:
        yield http


async def test_an_order_is_found_by_whatever_names_it(
    demo: RunningDemo, own: httpx.AsyncClient
) -> None:
    order_id = await delivered(demo, "FIND-ME")
    row = (await demo.fetch("SELECT destination, sn FROM orders WHERE id = $1", order_id))[0]
    spelled = f"+62 {row['destination'][1:]}"
    for text in ("FIND-ME", str(order_id), row["destination"], spelled, row["sn"], "hsa5"):
        page = (await own.get("/portal/orders", params={"q": text})).text
        assert f'href="/portal/orders/{order_id}"' in page, text
    for query in ({"q": "FIND-ME", "state": "failed"}, {"q": "FIND-ME", "to": "2020-01-01"}):
        assert "FIND-ME<" not in (await own.get("/portal/orders", params=query)).text
    assert "FIND-ME<" not in (await own.get("/portal/orders?state=pending")).text


async def test_a_file_is_written_in_the_background_and_is_nobody_elses(
    demo: RunningDemo, own: httpx.AsyncClient
) -> None:
    await delivered(demo, "FILE-ME")
    begun = await own.post("/portal/orders/export?q=FILE-ME")
    job = begun.url.path

    async def link() -> str | None:
        found = re.search(rf'href="({job}/file)"', (await own.get(job)).text)
        return found[1] if found else None

    content = (await own.get(await demo.wait_for(link, 60))).text
    assert content.startswith("created_at,id,reference,")
    assert content.count("\n") == 2
    async with demo.http(follow_redirects=False) as nobody:
        assert (await nobody.get(f"{job}/file")).status_code != 200


async def test_a_payer_is_told_how_it_stands_whatever_the_browser_says(
    own: httpx.AsyncClient,
) -> None:
    begun = await own.post("/portal/deposits/card", data={"card_amount": "250.000"})
    txid = begun.url.params["tXid"]
    said = {"tXid": txid, "resultCd": "0000", "resultMsg": "SUCCESS"}
    back = await own.post("/portal/deposits/returned", data=said)
    assert back.url.path == "/portal/deposits"
    assert "The card was not charged" in back.text
