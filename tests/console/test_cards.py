"""Card payments in the console: what is allowed now, and why not."""

from __future__ import annotations

import base64
from pathlib import Path

from cards.rig import SECRET, open_rig
from console.browser import Browser, add_user, told
from gerbang.app import Node
from gerbang.people.role import Role
from gerbang.settings import Settings


async def test_a_payment_is_shown_and_taken_back_with_a_reason(
    database_url: str, tmp_path: Path
) -> None:
    async with open_rig(database_url) as rig:
        order = await rig.charge()
        payment = await rig.stored(order)
    key = base64.b64encode(SECRET).decode()
    settings = Settings(data_dir=str(tmp_path), secret_key=key)
    node = Node(settings, database_url=database_url)
    await node.start(work=False)
    await add_user(node, Role.FINANCE)
    await add_user(node, Role.VIEWER)
    try:
        viewer = Browser(node)
        await viewer.sign_in("viewer")
        assert payment.txid in (await viewer.get("/console/cards")).text
        assert payment.txid in (await viewer.get(f"/console/cards?q={payment.txid}")).text
        base = f"/console/cards/{payment.txid}"
        assert "Your role may neither" in (await viewer.get(base)).text
        await viewer.post(f"{base}/cancel", {"reason": "no"}, 403)
        await viewer.close()

        finance = Browser(node)
        await finance.sign_in("finance")
        page = await finance.get(base)
        assert "only after settlement" in page.text
        await finance.post(f"{base}/cancel", {"reason": ""}, 422)
        done = await finance.post(f"{base}/cancel", {"reason": "the shop asked"})
        assert "Voided" in told(done)
        assert "can be neither captured nor cancelled" in done.text
        await finance.post(f"{base}/cancel", {"reason": "once more"}, 422)
        await finance.post(f"{base}/capture", {"amount": "1000"}, 422)
        await finance.get("/console/cards/settlements")
        await finance.get("/console/cards/settlements/SALE000001/2020-01-01", 404)
        await finance.get("/console/cards/settlements/SALE000001/never", 404)
        await finance.close()
    finally:
        await node.stop()
