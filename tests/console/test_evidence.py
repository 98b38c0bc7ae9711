"""Evidence of a complaint: sent in the portal, seen in the console, run by no browser."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette

from console.browser import PASSWORD, Browser, add_user, told
from console.house import furnish
from gerbang.api.tokens import create_token
from gerbang.app import Node
from gerbang.application import all_routes
from gerbang.orders.evidence import FILES_MAX, evidence_file, keep_evidence
from gerbang.people.role import Role
from gerbang.resellers.admin import create_reseller

OPEN_CASE = "INSERT INTO cases (kind, subject, detail) VALUES ($1, $2, $3) RETURNING id"
COMPLAINT = {"words": "belum masuk", "deadline": "2026-11-26T10:00:00+07:00"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
HTML = b"<html><script>alert(1)</script></html>"


class Portal(Browser):
    """A reseller's browser."""

    async def enter(self, username: str) -> None:
        await self.post("/portal/sign-in", {"username": username, "password": PASSWORD})


@pytest.fixture
async def house(node: Node) -> Node:
    await furnish(node)
    async with node.pool.acquire() as connection:
        await create_reseller(connection, "LAIN", "Lain", actor="test", box=node.box)
    await add_user(node, Role.OWNER)
    await add_user(node, Role.VIEWER)
    await add_user(node, Role.RESELLER, "toko", reseller="TOKO")
    await add_user(node, Role.RESELLER, "lain", reseller="LAIN")
    return node


async def test_a_complaint_comes_with_files_that_the_operator_sees_and_nobody_else(
    house: Node,
) -> None:
    owner, viewer, toko, lain = Browser(house), Browser(house), Portal(house), Portal(house)
    await owner.sign_in("owner")
    await viewer.sign_in("viewer")
    await toko.enter("toko")
    await lain.enter("lain")
    form = {"reseller": "TOKO", "product": "S5", "destination": "081234561230", "reference": "A"}
    order = (await owner.post("/console/test-order", form)).url.path.rpartition("/")[2]
    path = f"/portal/orders/{order}/complaint"

    refused = await toko.post(
        path, {"words": "belum masuk"}, 422, files=[("files", ("bukti.png", HTML, "image/png"))]
    )
    assert "not a picture" in told(refused)
    many = [("files", (f"{n}.png", PNG, "image/png")) for n in range(FILES_MAX + 1)]
    assert "At most 5 files" in told(await toko.post(path, {"words": "x"}, 422, files=many))
    large = [("files", ("x.png", PNG + bytes(2_000_001), "image/png"))]
    await toko.post(path, {"words": "x"}, 422, files=large)
    assert await house.pool.fetchval("SELECT count(*) FROM cases") == 0

    files = [
        ("files", ('sa"ldo.png', PNG, "text/html")),
        ("files", ("mutasi.pdf", b"%PDF-1.7 x", "application/pdf")),
        ("files", ("", b"", "application/octet-stream")),
    ]
    sent = await toko.post(path, {"words": "belum masuk"}, files=files)
    case_id = await house.pool.fetchval("SELECT id FROM cases")
    own = f"/portal/complaints/{case_id}/files/1"
    assert own in sent.text
    await safe(await toko.get(own))
    await lain.get(own, 404)
    await toko.get(f"/portal/complaints/{case_id}/files/9", 404)

    page = await viewer.get(f"/console/cases/{case_id}")
    assert "sa_22ldo.png" in page.text
    assert "belum masuk Said by portal:toko" in told(page)
    assert "Answer until" in told(page)
    assert "&#34;words&#34;" not in page.text, "JSON is nothing that a person reads"
    listed = told(await viewer.get("/console/cases"))
    assert "belum masuk" in listed
    await safe(await viewer.get(f"/console/cases/{case_id}/files/1"))
    added = f"/console/cases/{case_id}/files"
    more = [("files", ("jawaban.png", PNG, "image/png"))]
    await viewer.post(added, {}, 403, files=more)
    assert "jawaban.png" in (await owner.post(added, {}, files=more)).text
    await owner.post(added, {}, 422)
    too_many = [("files", (f"{n}.png", PNG, "image/png")) for n in range(3)]
    await owner.post(added, {}, 422, files=too_many)
    await owner.post(f"/console/cases/{case_id}/close", {"resolution": "sudah masuk"})
    await owner.post(added, {}, 422, files=more)
    async with house.pool.acquire() as connection:
        with pytest.raises(Exception, match="case_files"):
            await connection.execute("DELETE FROM case_files")
    for browser in (owner, viewer, toko, lain):
        await browser.close()


async def safe(answer: httpx.Response) -> None:
    """What is given cannot be run by a browser, whatever is in it."""
    assert answer.content == PNG
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_the_management_api_lists_and_gives_the_same_files(house: Node) -> None:
    async with house.pool.acquire() as connection, connection.transaction():
        token = await create_token(connection, "t")
        case_id = await connection.fetchval(OPEN_CASE, "complaint", "x", COMPLAINT)
        await keep_evidence(connection, case_id, [evidence_file("a.png", PNG)], actor="test")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=all_routes(house))),
        base_url="http://gerbang",
        headers={"authorization": f"Bearer {token}"},
    ) as client:
        listed = (await client.get(f"/api/cases/{case_id}/files")).json()["items"]
        assert [(one["name"], one["size"]) for one in listed] == [("a.png", len(PNG))]
        await safe_enough(await client.get(f"/api/cases/{case_id}/files/1"))
        assert (await client.get(f"/api/cases/{case_id}/files/2")).status_code == 404
        whole = (await client.get(f"/api/cases/{case_id}")).json()
        assert whole["detail"]["words"] == "belum masuk"
        assert whole["deadline"] == "2026-11-26T03:00:00Z"
        assert [one["name"] for one in whole["files"]] == ["a.png"]
        assert whole["transcript"] == []
        assert (await client.get("/api/cases/999999")).status_code == 404
        described = (await client.get("/api/openapi.json")).json()["paths"]
        assert "transcript" in str(described) or "CaseWhole" in str(described)


async def safe_enough(answer: httpx.Response) -> None:
    assert answer.content == PNG
    assert answer.headers["content-disposition"] == "attachment"


async def test_a_case_is_told_in_words_with_what_was_said_to_its_supplier(house: Node) -> None:
    viewer = Browser(house)
    await viewer.sign_in("viewer")
    facts = {"supplier": "maju", "ours_amount": 5_050, "theirs_amount": None, "other_order_id": 7}
    case_id = await house.pool.fetchval(OPEN_CASE, "recon_amount_differs", "y", facts)
    page = await viewer.get(f"/console/cases/{case_id}")
    said = told(page)
    assert "Reconciliation: amount differs" in said
    assert "By our books Rp5.050" in said
    assert 'href="/console/suppliers/maju"' in page.text
    assert 'href="/console/orders/7"' in page.text
    await viewer.get("/console/cases/999999", 404)
    await viewer.close()
