"""The main job of each page, over HTTP, as a person's browser would do it."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from console.browser import PASSWORD, Browser, add_user, told
from console.house import furnish
from gerbang.app import Node
from gerbang.clock import business_day
from gerbang.console import export
from gerbang.dialects.contract import TicketRequest, TicketView
from gerbang.people.role import Role


class Shop(Browser):
    """An owner's browser in a furnished house."""

    made: dict[str, Any]

    async def order(self, destination: str = "081234561230", **more: Any) -> int:
        form = {"reseller": "TOKO", "product": "S5", "destination": destination, **more}
        form.setdefault("reference", f"R-{destination}")
        answer = await self.post("/console/test-order", form)
        return int(answer.url.path.rpartition("/")[2])

    async def ended(self, page: httpx.Response) -> httpx.Response:
        for _ in range(1_200):
            if 'hx-trigger="every 1s"' not in page.text:
                return page
            await asyncio.sleep(0.05)
            page = await self.get(page.url.path)
        raise TimeoutError


@pytest.fixture
async def shop(node: Node) -> AsyncIterator[Shop]:
    made = await furnish(node)
    await add_user(node, Role.OWNER)
    shop = Shop(node)
    shop.made = made
    await shop.sign_in("owner")
    yield shop
    await shop.close()


# --- orders ---------------------------------------------------------------------------------------


async def test_a_test_order_is_placed_marked_and_found_by_everything(shop: Shop) -> None:
    order_id = await shop.order(reference="BON-4711")
    page = await shop.get(f"/console/orders/{order_id}")
    assert "no money moves" in page.text
    await shop.node.pool.execute("UPDATE orders SET sn = 'SN-8814402' WHERE id = $1", order_id)
    for text in ("BON-4711", str(order_id), "081234561230", "+62 812-3456-1230", "SN-8814402"):
        found = await shop.get("/console/orders", params={"q": text})
        assert f"/console/orders/{order_id}" in found.text, text
    nothing = await shop.get("/console/orders", params={"q": "BON-4712"})
    assert "No order fits" in nothing.text


async def test_filters_live_in_the_url_and_htmx_gets_only_the_table(shop: Shop) -> None:
    order_id = await shop.order()
    url = "/console/orders?reseller=TOKO&product=S5&testing=yes"
    part = await shop.get(url, headers={"hx-request": "true"})
    assert "<html" not in part.text
    assert f"/orders/{order_id}" in part.text
    assert part.headers["hx-replace-url"] == url
    assert "No order fits" in (await shop.get("/console/orders?testing=no&state=failed")).text
    assert "code NOBODY" in (await shop.get("/console/orders?reseller=NOBODY")).text


async def test_orders_are_exported_as_csv_and_a_formula_stays_text(shop: Shop) -> None:
    order_id = await shop.order(reference="=1+1")
    job = await shop.ended(await shop.post("/console/orders/export", {"format": "csv"}))
    address = re.search(r'/console/jobs/\d+/file"', job.text)
    assert address is not None
    file = await shop.get(address[0].rstrip('"'))
    assert "attachment" in file.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [(row["id"], row["reference"]) for row in rows] == [(str(order_id), "'=1+1")]
    other = await add_user(shop.node, Role.FINANCE)
    stranger = Browser(shop.node)
    await stranger.sign_in(other)
    await stranger.get(address[0].rstrip('"'), 404)
    await stranger.close()


@pytest.mark.parametrize(
    "asked", ["reseller=NOBODY", "supplier=nobody", "state=pending&reseller=NOBODY"]
)
async def test_an_export_for_somebody_who_does_not_exist_holds_nobodys_orders(
    shop: Shop, asked: str
) -> None:
    await shop.order()
    job = await shop.ended(
        await shop.post(
            "/console/orders/export",
            {"format": "csv"},
            headers={"referer": f"http://gerbang/console/orders?{asked}"},
        )
    )
    address = re.search(r'/console/jobs/\d+/file"', job.text)
    assert address is not None
    file = await shop.get(address[0].rstrip('"'))
    assert list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig")))) == []


async def test_everything_that_a_search_or_the_queue_means_is_exported(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "ROWS_AT_ONCE", 2)
    ids = [await shop.order(f"08123456123{n}", live="1") for n in range(5)]
    await shop.node.pool.execute("UPDATE orders SET sn = 'SN-8814402'")
    for chosen in ("q=SN-8814402", "state=pending", "state=pending&product=S5"):
        referer = {"referer": f"http://gerbang/console/orders?{chosen}"}
        began = await shop.post("/console/orders/export", {"format": "csv"}, headers=referer)
        address = re.search(r'/console/jobs/\d+/file"', (await shop.ended(began)).text)
        assert address is not None
        file = await shop.get(address[0].rstrip('"'))
        rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
        assert sorted(int(row["id"]) for row in rows) == ids, chosen
    assert "No order fits" in (await shop.get("/console/orders?state=pending&product=X")).text
    await shop.node.pool.execute(
        "UPDATE orders SET created_at = created_at - interval '7 minutes' WHERE id = $1", ids[0]
    )
    for age, shown in (("under_1_min", 4), ("under_5_min", 0), ("under_30_min", 1), ("longer", 0)):
        page = (await shop.get(f"/console/orders?state=pending&age={age}")).text
        assert page.count('data-href="/console/orders/') == shown, age


async def test_a_person_decides_an_unknown_order_with_a_reason(shop: Shop) -> None:
    order_id = await shop.order(live="1")
    held = await shop.get("/console/resellers/TOKO")
    assert "Rp94.600" in held.text
    await shop.node.pool.execute(
        "UPDATE attempts SET state = 'unknown', due_at = NULL, claimed_by = NULL, sent_at = now(),"
        " sends = 1 WHERE order_id = $1",
        order_id,
    )
    await shop.node.pool.execute("UPDATE orders SET needs_decision_at = now()")
    listed = await shop.get("/console/orders?state=decide")
    assert f"/console/orders/{order_id}" in listed.text
    form = {"decision": "rejected", "reason": "no"}
    await shop.post(f"/console/orders/{order_id}/decide", form, 422)
    form["reason"] = "the supplier's panel says failed"
    page = await shop.post(f"/console/orders/{order_id}/decide", form)
    assert "panel says failed" in page.text
    assert "Rp100.000" in (await shop.get("/console/resellers/TOKO")).text
    again = await shop.post(f"/console/orders/{order_id}/decide", form, 422)
    assert "nothing to decide" in again.text


async def test_the_report_of_terms_shows_everybody_or_only_who_falls_short(shop: Shop) -> None:
    await shop.node.pool.execute("UPDATE resellers SET created_at = now() - interval '9000 days'")
    everybody = await shop.get("/console/terms")
    assert "/console/resellers/TOKO/terms" in everybody.text
    past = await shop.get("/console/terms?month=2020-01&warned=1")
    assert "/console/resellers/TOKO/terms" in past.text
    await shop.node.pool.execute("UPDATE operator_terms SET orders_per_month_min = 0")
    nobody = await shop.get("/console/terms?month=nonsense&warned=1&after=%00")
    assert "/console/resellers/TOKO/terms" not in nobody.text
    assert "/console/terms" in (await shop.get("/console/resellers")).text


async def test_asking_for_a_status_is_refused_where_nothing_waits(shop: Shop) -> None:
    order_id = await shop.order()
    page = await shop.post(f"/console/orders/{order_id}/ask")
    assert "nothing to ask" in page.text


# --- resellers ------------------------------------------------------------------------------------


async def test_a_secret_is_shown_once_and_rotated_with_overlap(shop: Shop) -> None:
    base = "/console/resellers/TOKO/credentials"
    made = await shop.post(base, {"dialect": "isikuota", "label": "web"})
    secrets = re.findall(r'data-copy="([^"]+)"', made.text)
    assert len(secrets) == 3
    later = await shop.get(base)
    assert not any(secret in later.text for secret in secrets[1:])
    rotated = await shop.post(f"{base}/{shop.made['credential_id']}/rotate", {"overlap_h": "1"})
    assert "The old one works on until" in rotated.text
    assert shop.made["token"] not in rotated.text


async def test_a_reseller_is_made_and_wrong_fields_are_named_beside_them(shop: Shop) -> None:
    form = {"code": "x", "name": "Toko Dua", "price_list": "default", "allowed_ips": "nonsense"}
    wrong = await shop.post("/console/resellers/new", form, 422)
    assert 'aria-invalid="true"' in wrong.text
    assert 'value="Toko Dua"' in wrong.text
    form |= {"code": "toko2", "allowed_ips": "203.0.113.0/24"}
    page = await shop.post("/console/resellers/new", form)
    assert "203.0.113.0/24" in page.text


async def test_money_moves_once_for_one_form_however_often_it_is_sent(shop: Shop) -> None:
    form = {"direction": "credit", "amount": "Rp50.000", "note": "BCA", "key": "form-1"}
    await shop.post("/console/resellers/TOKO/credit", form)
    again = await shop.post("/console/resellers/TOKO/credit", form)
    assert "nothing moved twice" in again.text
    assert "Rp150.000" in (await shop.get("/console/resellers/TOKO")).text
    too_much = {"direction": "debit", "amount": "999.999", "note": "x", "key": "form-2"}
    await shop.post("/console/resellers/TOKO/credit", too_much, 422)


async def test_the_callback_test_says_step_by_step_what_is_wrong(shop: Shop) -> None:
    base = "/console/resellers/TOKO/callback"
    wrong = await shop.post(base, {"url": "ftp://x", "format": "auto"}, 422)
    assert "not an http" in wrong.text
    await shop.post(base, {"url": "http://127.0.0.1:9/cb", "format": "standard", "secret": "s3"})
    page = await shop.get(base)
    assert "s3" not in told(page)
    found = await shop.post(f"{base}/test", headers={"hx-request": "true"})
    assert "is refused" in found.text


async def test_otomax_templates_have_a_preview_and_a_wrong_one_is_not_kept(shop: Shop) -> None:
    base = "/console/resellers/TOKO/replies"
    seen = await shop.post(f"{base}/preview", {"event": "success", "template.success": "OK {sn}"})
    assert "<code>OK " in seen.text
    form = {"profile": "text-oke", "template.success": "OK {nonsense}"}
    wrong = await shop.post(base, form, 422)
    assert "nonsense" in wrong.text
    await shop.post(base, {**form, "template.success": "OK {sn}"})
    assert "OK {sn}</textarea>" in (await shop.get(base)).text


# --- products -------------------------------------------------------------------------------------


async def test_a_price_is_changed_in_the_grid(shop: Shop) -> None:
    form = {"name": "base_price", "value": "5.600"}
    row = await shop.post("/console/products/S5/cell", form, headers={"hx-request": "true"})
    assert "+Rp550" in row.text
    wrong = {"name": "base_price", "value": "5,6"}
    refused = await shop.post(
        "/console/products/S5/cell", wrong, 422, headers={"hx-request": "true"}
    )
    assert refused.headers["hx-retarget"] == "#toasts"
    audit = await shop.get("/console/audit?q=product")
    assert "5400" in audit.text
    assert "5600" in audit.text


async def test_a_bulk_change_shows_a_preview_before_it_is_done(shop: Shop) -> None:
    form = {"codes": "S5", "action": "price_percent", "amount": "3"}
    seen = await shop.post("/console/products/bulk", form)
    assert "Rp5.562" in seen.text
    assert "Rp5.400" in (await shop.get("/console/products/S5")).text
    await shop.post("/console/products/bulk", {**form, "apply": "1"})
    assert "Rp5.562" in (await shop.get("/console/products/S5")).text
    closing = {"codes": "S5", "action": "closed", "apply": "1"}
    assert "marked fields" in (await shop.post("/console/products/bulk", closing)).text
    await shop.post("/console/products/bulk", {**closing, "reason": "stok kosong"})
    assert "stok kosong" in (await shop.get("/console/products")).text


async def test_a_file_is_imported_in_the_background_after_a_dry_run(shop: Shop) -> None:
    files = {"file": ("p.csv", b"code,name,category,price\nS10,Sepuluh,pulsa,10400\n", "text/csv")}
    dry = await shop.ended(
        await shop.post("/console/products/import", {"dry_run": "1"}, files=files)
    )
    assert "Only tried" in dry.text
    await shop.get("/console/products/S10", 404)
    await shop.ended(await shop.post("/console/products/import", {}, files=files))
    assert "Sepuluh" in (await shop.get("/console/products/S10")).text


async def test_the_page_of_a_product_says_who_would_win_and_why(shop: Shop) -> None:
    page = await shop.get("/console/products/S5?reseller=TOKO")
    assert "chosen: priority" in page.text
    await shop.post(
        f"/console/suppliers/maju/routes/{await route(shop)}", {"cost": "5.050", "priority": "1"}
    )
    page = await shop.get("/console/products/S5?reseller=TOKO")
    assert "route disabled" in page.text


async def route(shop: Shop) -> int:
    found: int = await shop.node.pool.fetchval("SELECT id FROM routes")
    return found


# --- suppliers ------------------------------------------------------------------------------------


async def test_a_supplier_is_made_and_its_keys_never_come_back(shop: Shop) -> None:
    form = {
        "code": "oto",
        "name": "Oto",
        "dialect": "otomax",
        "base_url": "http://127.0.0.1:9",
        "secret_pin": "9182",
        "secret_password": "rahasia7",
        "settings": '{"member_id": "GERBANG"}',
    }
    await shop.post("/console/suppliers/new", {**form, "settings": "{"}, 422)
    await shop.post("/console/suppliers/new", form)
    for part in ("", "/settings", "/routes", "/float", "/prices"):
        page = await shop.get(f"/console/suppliers/oto{part}")
        assert "9182" not in page.text
        assert "rahasia7" not in page.text
    read = await shop.post(
        "/console/suppliers/oto/lab",
        {"text": "T#77 R#A1 S5.0812 SUKSES. SN/Ref: 123456. Saldo 5.000 - 100 = 4.900"},
    )
    assert "123456" in told(read)
    wrong = {**form, "code": "oto2", "settings": '{"member_id": "g h"}'}
    assert "member" in told(await shop.post("/console/suppliers/new", wrong, 422))


async def test_a_new_supplier_is_asked_for_the_keys_of_its_protocol_alone(shop: Shop) -> None:
    def asked(page: str) -> list[str]:
        return re.findall(r'name="secret_(\w+)"', page)

    htmx = {"hx-request": "true"}
    path = "/console/suppliers/new"
    assert asked((await shop.get(f"{path}?dialect=otomax")).text) == ["pin", "password"]
    part = (await shop.get(f"{path}?dialect=socx", headers=htmx)).text
    assert (asked(part), "<form" in part) == (["token"], False)
    typed = {"code": "oto", "name": "Oto", "dialect": "otomax", "base_url": "http://127.0.0.1:9"}
    shown = await shop.post(path, {**typed, "show": "1"})
    assert asked(shown.text) == ["pin", "password"]
    assert 'value="Oto"' in shown.text
    half = await shop.post(path, {**typed, "secret_pin": "9182"}, 422)
    assert 'id="f-secret_password-about">fill all keys' in half.text
    assert asked(half.text) == ["pin", "password"]


async def test_a_reply_is_kept_and_rules_that_read_it_otherwise_are_refused(shop: Shop) -> None:
    form = {
        "code": "oto",
        "name": "Oto",
        "dialect": "otomax",
        "base_url": "http://127.0.0.1:9",
        "secret_pin": "9182",
        "secret_password": "rahasia7",
        "settings": '{"member_id": "GERBANG"}',
    }
    await shop.post("/console/suppliers/new", form)
    lab, text = "/console/suppliers/oto/lab", "T#77 R#A1 S5.0812 SUKSES. SN/Ref: 123456."
    assert "Keep it" in told(await shop.post(lab, {"text": text}))
    await shop.post(f"{lab}/keep", {"text": text, "name": "a success"})
    assert "a success" in told(await shop.get(lab))
    rule = '{"name": "all", "pattern": "SUKSES", "outcome": "pending"}'
    rules = f'{{"member_id": "GERBANG", "reply_rules": [{rule}]}}'
    settings = {**form, "status": "active", "settings": rules, "timeout_ms": "30000"}
    settings |= {"concurrency_max": "10", "orders_per_day_max": "0", "decide_after_s": "3600"}
    settings |= {"float_min": "0", "secret_pin": "", "secret_password": ""}
    refused = await shop.post("/console/suppliers/oto/settings", settings, 422)
    assert "a success" in told(refused)
    await shop.post(f"{lab}/drop", {"name": "a success"})
    assert "a success" not in told(await shop.get(lab))


async def test_a_supplier_that_answers_with_codes_has_no_lab(shop: Shop) -> None:
    form = {"code": "so", "name": "So", "dialect": "socx", "base_url": "http://127.0.0.1:9"}
    await shop.post("/console/suppliers/new", {**form, "secret_token": "t"})
    assert "answers with codes" in told(await shop.get("/console/suppliers/so/lab"))


# --- deposits -------------------------------------------------------------------------------------


async def test_two_pairs_of_eyes_credit_a_line_that_did_not_match(shop: Shop) -> None:
    from gerbang.deposits.message import SaidLine, new_lines

    said = SaidLine(account_no="1234567890", amount=75_000, direction="in", reference="x1")
    lines = new_lines([said], now=shop.node.clock.now())
    await shop.node.deposits.take_lines(lines, source="test")
    queue = await shop.get("/console/deposits/lines?state=queued")
    line_id = re.search(r"/deposits/lines/(\d+)", queue.text)
    assert line_id is not None
    form = {"action": "reseller", "reseller": "TOKO", "note": "he called"}
    own = await shop.post(f"/console/deposits/lines/{line_id[1]}/propose", form)
    assert "Your own proposal" in own.text
    refused = await shop.post("/console/deposits/proposals/1/approve")
    assert "Rp100.000" in (await shop.get("/console/resellers/TOKO")).text
    assert refused.status_code == 200
    await add_user(shop.node, Role.FINANCE)
    second = Browser(shop.node)
    await second.sign_in("finance")
    done = await second.post("/console/deposits/proposals/1/approve")
    assert "Approved and booked" in done.text
    assert "Rp175.000" in (await shop.get("/console/resellers/TOKO")).text
    await second.close()


# --- callbacks, cases, ledger ---------------------------------------------------------------------


async def test_a_case_is_closed_with_what_came_of_it(shop: Shop) -> None:
    case_id = await shop.node.pool.fetchval(
        "INSERT INTO cases (kind, subject, detail) VALUES ('float_low', 'maju', $1) RETURNING id",
        {"reported": 5},
    )
    page = await shop.get(f"/console/cases/{case_id}")
    assert "reported" in page.text
    await shop.post(f"/console/cases/{case_id}/close", {"resolution": ""}, 422)
    await shop.post(f"/console/cases/{case_id}/close", {"resolution": "topped up"})
    assert "No open cases" in (await shop.get("/console/cases")).text


async def test_the_whole_book_is_verified_in_the_background(shop: Shop) -> None:
    job = await shop.ended(await shop.post("/console/ledger/proof"))
    assert "Done" in told(job)
    assert "Everything agrees" in (await shop.get("/console/ledger/proof")).text


async def test_an_account_shows_its_balance_at_any_moment(shop: Shop) -> None:
    bank = "/console/ledger/accounts/bank:main?at="
    assert "WIB: Rp0" in told(await shop.get(f"{bank}2020-01-01T00:00"))
    assert "WIB: \N{MINUS SIGN}Rp100.000" in told(await shop.get(f"{bank}2099-01-01T00:00"))
    page = await shop.get("/console/ledger/accounts/reseller:TOKO?at=2020-01-01T00:00")
    assert "Rp0" in told(page)
    later = await shop.get("/console/ledger/accounts/reseller:TOKO?at=2099-01-01T00:00")
    assert "Rp100.000" in told(later)
    await shop.get("/console/ledger/profit?from=2026-01-01&until=2020-01-01")
    await shop.get("/console/ledger/accounts/nobody", 404)


# --- people ---------------------------------------------------------------------------------------


async def test_a_user_is_added_with_a_password_that_is_shown_once(shop: Shop) -> None:
    form = {"username": "vera", "name": "Vera", "role": "viewer"}
    made = await shop.post("/console/people", form)
    password = re.search(r'data-copy="([^"]+)"', made.text)
    assert password is not None
    assert password[1] not in (await shop.get("/console/people")).text
    vera = Browser(shop.node)
    asked = await vera.sign_in("vera", password[1])
    assert asked.url.path == "/console/account/password"
    await vera.close()


async def test_the_last_owner_stays_and_nobody_locks_himself_out(shop: Shop) -> None:
    answer = await shop.post("/console/people/owner/change", {"role": "viewer", "active": "1"})
    assert "one owner must stay" in answer.text
    wrong = await shop.post("/console/people/networks", {"network": "203.0.113.0/24"}, 422)
    assert "would lock you out" in wrong.text
    await shop.post("/console/people/networks", {"network": "127.0.0.0/8"})
    outside = Browser(shop.node, ip="198.51.100.7")
    await outside.get("/console/sign-in", 403)
    await outside.close()


async def test_a_changed_role_ends_the_sessions_of_before(shop: Shop) -> None:
    await add_user(shop.node, Role.FINANCE)
    other = Browser(shop.node)
    await other.sign_in("finance")
    await shop.post("/console/people/finance/change", {"role": "viewer", "active": "1"})
    assert (await other.get("/console/orders")).url.path == "/console/sign-in"
    await shop.post("/console/people/finance/change", {"role": "viewer"})
    await other.sign_in("finance", PASSWORD, 422)
    await other.close()


async def test_the_first_steps_are_ticked_off_as_they_are_done(shop: Shop) -> None:
    page = await shop.get("/console/start")
    assert page.text.count(">Done<") == 8
    await shop.order()
    assert "Everything is ready" in (await shop.get("/console/start")).text


async def test_a_thousand_nonsense_queries_never_break_a_list(shop: Shop) -> None:
    paths = ["orders", "resellers", "products", "callbacks", "cases", "ledger", "audit", "deposits"]
    for path in paths:
        for query in ("after=x", "after=99999999999999999999", "q=%00", "state=%00", "q=%25_%27"):
            await shop.get(f"/console/{path}?{query}")
    for query in ("from=2026-13-40", "from=2026-01-01&until=2020-01-01", "testing=maybe"):
        await shop.get(f"/console/orders?{query}")


async def test_a_bank_line_typed_by_hand_pays_its_ticket_once(shop: Shop) -> None:
    ticket = await shop.node.deposits.open_ticket(
        await shop.node.pool.fetchval("SELECT id FROM resellers WHERE code = 'TOKO'"),
        TicketRequest(dialect="socx", amount=50_000),
    )
    assert isinstance(ticket, TicketView)
    today = (await shop.get("/console/deposits/lines/new")).text.split('type="date"')[0][-40:]
    assert "day" in today
    day = business_day(datetime.now(UTC)).isoformat()
    form = {"account": "1234567890", "amount": f"{ticket.grand_total}", "day": day}
    page = await shop.post("/console/deposits/lines/new", form)
    assert "The line is taken" in page.text
    assert "Credited" in page.text
    again = await shop.post("/console/deposits/lines/new", form)
    assert "known already" in again.text
    assert "Rp150." in (await shop.get("/console/resellers/TOKO")).text
    await shop.post("/console/deposits/lines/new", form | {"day": "2999-01-01"}, 422)
    await shop.post("/console/deposits/lines/new", form | {"account": "1"}, 422)
    assert "No deposits by card" in (await shop.get("/console/deposits/cards")).text
