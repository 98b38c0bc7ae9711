"""What waits for a second person, what a reseller must still prove, who it is, and receipts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from console.browser import Browser, add_user, told
from console.house import furnish
from gerbang.app import Node
from gerbang.people.role import Role
from gerbang.resellers.admin import show_reseller


@pytest.fixture
async def house(node: Node) -> Node:
    await furnish(node)
    for role in (Role.OWNER, Role.FINANCE, Role.VIEWER):
        await add_user(node, role)
    return node


@pytest.fixture
async def owner(house: Node) -> AsyncIterator[Browser]:
    browser = Browser(house)
    await browser.sign_in("owner")
    yield browser
    await browser.close()


@pytest.fixture
async def finance(house: Node) -> AsyncIterator[Browser]:
    browser = Browser(house)
    await browser.sign_in("finance")
    yield browser
    await browser.close()


async def proposed(node: Node, actor: str, key: str) -> int:
    """Propose a correction that a second person must agree to."""
    node.approvals._two_persons_for = frozenset({"corrections"})
    made = await node.approvals.correct(
        debit="reseller:TOKO",
        credit="house:corrections",
        amount=700,
        key=key,
        reason="dobel",
        actor=actor,
    )
    assert made["state"] == "waiting"
    return int(made["id"])


async def balance(node: Node) -> int:
    return int((await show_reseller(node.pool, "TOKO"))["available"])


async def test_a_correction_is_carried_out_when_another_person_approves(
    house: Node, owner: Browser, finance: Browser
) -> None:
    proposal = await proposed(house, "console:finance", "k1")
    before = await balance(house)
    path = f"/console/proposals/corrections/{proposal}"
    own = await finance.get("/console/proposals")
    assert "dobel" in own.text
    assert f"{path}/approve" not in own.text
    refused = await finance.post(f"{path}/approve", {})
    assert "another person" in told(refused)
    assert await balance(house) == before
    assert f"{path}/approve" in (await owner.get("/console/proposals")).text
    await owner.post(f"{path}/approve", {})
    assert await balance(house) == before - 700
    done = await owner.get("/console/proposals?state=done")
    assert "console:finance" in done.text
    assert "console:owner" in done.text


async def test_a_rejected_proposal_needs_a_reason_and_moves_nothing(
    house: Node, owner: Browser
) -> None:
    proposal = await proposed(house, "console:finance", "k2")
    before = await balance(house)
    path = f"/console/proposals/corrections/{proposal}/reject"
    await owner.post(path, {"reason": ""}, status=422)
    await owner.post(path, {"reason": "salah akun"})
    assert await balance(house) == before
    assert "salah akun" in (await owner.get("/console/proposals?state=rejected")).text


async def test_a_proposal_of_another_kind_is_not_decided_by_a_foreign_address(
    house: Node, owner: Browser
) -> None:
    proposal = await proposed(house, "console:finance", "k3")
    await owner.post(f"/console/proposals/decisions/{proposal}/approve", {}, status=404)


async def test_the_checklist_says_what_was_proved_and_what_is_open(owner: Browser) -> None:
    page = await owner.get("/console/resellers/TOKO")
    assert "0 testing orders ended Success" in page.text
    assert 'href="/console/resellers/TOKO/callback"' in page.text
    form = {"reseller": "TOKO", "product": "S5", "destination": "081234561230", "reference": "A"}
    await owner.post("/console/test-order", form)
    for _ in range(200):
        page = await owner.get("/console/resellers/TOKO")
        if "1 testing orders ended Success" in page.text:
            break
    assert "1 testing orders ended Success" in page.text


async def test_kyc_is_decided_by_finance_and_its_evidence_hidden_from_viewers(
    house: Node, finance: Browser
) -> None:
    form = {"state": "approved", "evidence": "KTP 3201 dilihat Ani", "evidence_date": "2026-01-05"}
    page = await finance.post("/console/resellers/TOKO/kyc", form)
    assert "KTP 3201 dilihat Ani" in page.text
    state = await house.pool.fetchval("SELECT state::text FROM kyc_records")
    assert state == "approved"
    await finance.post("/console/resellers/TOKO/kyc", form | {"evidence": ""}, status=422)
    viewer = Browser(house)
    await viewer.sign_in("viewer")
    page = await viewer.get("/console/resellers/TOKO/terms")
    assert "KTP 3201" not in page.text
    assert "console:finance" in page.text
    await viewer.post("/console/resellers/TOKO/kyc", form, status=403)
    await viewer.close()


async def test_a_monthly_minimum_of_its_own_is_kept_and_shown(owner: Browser) -> None:
    path = "/console/resellers/TOKO/terms"
    page = await owner.post(path, {"orders_per_month_min": "40"})
    assert "0 / 40" in page.text
    page = await owner.post(path, {"orders_per_month_min": ""})
    assert "0 / 40" not in page.text


async def test_a_receipt_is_downloaded_as_pdf_and_as_text(owner: Browser) -> None:
    form = {"reseller": "TOKO", "product": "S5", "destination": "081234561230", "reference": "B"}
    path = (await owner.post("/console/test-order", form)).url.path
    for _ in range(200):
        if f"{path}/receipt" in (await owner.get(path)).text:
            break
    made = await owner.get(f"{path}/receipt")
    assert made.content.startswith(b"%PDF-")
    assert "attachment" in made.headers["content-disposition"]
    assert "STRUK PEMBELIAN" in (await owner.get(f"{path}/receipt?format=text")).text


async def test_an_order_that_failed_has_no_receipt(owner: Browser) -> None:
    form = {"reseller": "TOKO", "product": "S5", "destination": "081234561234", "reference": "C"}
    path = (await owner.post("/console/test-order", form)).url.path
    await owner.get(f"{path}/receipt", status=404)
