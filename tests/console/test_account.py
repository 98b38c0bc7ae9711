from __future__ import annotations

import asyncio
import re

import httpx
import pyotp

from console.browser import PASSWORD, Browser, add_user, told
from gerbang.api.tokens import find_token, list_tokens
from gerbang.app import Node
from gerbang.people.role import Role


async def test_who_is_not_signed_in_is_asked_to_and_comes_back_to_the_page(
    browser: Browser,
) -> None:
    asked = await browser.get("/console/jobs?x=1")
    assert asked.url.path == "/console/sign-in"
    assert 'value="/console/jobs?x=1"' in asked.text
    form = {"username": "owner", "password": PASSWORD, "next": "/console/jobs?x=1"}
    answer = await browser.post("/console/sign-in", form)
    assert answer.url.path == "/console/jobs"


async def test_a_sign_in_never_leads_to_another_site(browser: Browser) -> None:
    for wanted in ("https://evil.example/", "//evil.example/console/", "/console\\evil"):
        form = {"username": "owner", "password": PASSWORD, "next": wanted}
        answer = await browser.post("/console/sign-in", form)
        assert (answer.url.host, answer.url.path) == ("gerbang", "/console")
        await browser.post("/console/sign-out")


async def test_a_wrong_password_says_nothing_about_the_name_and_waits_after_five(
    browser: Browser,
) -> None:
    texts = set()
    for name in ("owner", "nobody"):
        answer = await browser.sign_in(name, "wrong wrong", 422)
        texts.add(told(answer).replace(name, ""))
    assert len(texts) == 1
    for _ in range(4):
        await browser.sign_in("owner", "wrong wrong", 422)
    answer = await browser.sign_in("owner", PASSWORD, 422)
    assert "Wrong too often" in answer.text


async def test_the_cookie_is_kept_from_scripts_and_other_sites(browser: Browser) -> None:
    answer = await browser.client.post(
        "/console/sign-in",
        data={"username": "owner", "password": PASSWORD},
        follow_redirects=False,
    )
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/console" in cookie
    token = answer.cookies["gerbang_console"]
    kept = await browser.node.pool.fetchval("SELECT token_hash FROM user_sessions")
    assert token not in kept


async def test_a_form_of_another_site_is_refused(owner: Browser) -> None:
    for headers in (
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"origin": ""},
    ):
        answer = await owner.post("/console/sign-out", status=403, headers=headers)
        assert "did not come from a page of ours" in answer.text
    await owner.get("/console/account")


async def test_a_second_factor_is_added_asked_for_and_no_code_works_twice(owner: Browser) -> None:
    page = await owner.get("/console/account/second-factor")
    sealed, secret = offered(page)
    wrong = await owner.post(
        "/console/account/second-factor",
        {"sealed": sealed, "code": "000000", "password": PASSWORD},
        422,
    )
    assert secret in wrong.text
    code = pyotp.TOTP(secret).now()
    form = {"sealed": sealed, "code": code}
    unproved = await owner.post(
        "/console/account/second-factor", form | {"password": "whoever found it open"}, 422
    )
    assert "password is wrong" in unproved.text
    added = await owner.post("/console/account/second-factor", form | {"password": PASSWORD})
    recovery = re.findall(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", added.text)
    assert len(set(recovery)) == 8
    await owner.post("/console/sign-out")

    asked = await owner.sign_in("owner")
    assert asked.url.path == "/console/second-factor"
    assert (await owner.get("/console/account")).url.path == "/console/second-factor"
    await owner.post("/console/second-factor", {"code": code}, 422)
    inside = await owner.post("/console/second-factor", {"code": recovery[0]})
    assert inside.url.path == "/console"
    await owner.post("/console/sign-out")
    await owner.sign_in("owner")
    await owner.post("/console/second-factor", {"code": recovery[0]}, 422)


async def test_a_second_factor_is_not_exchanged_by_who_only_found_the_browser_open(
    owner: Browser, node: Node
) -> None:
    sealed, secret = offered(await owner.get("/console/account/second-factor"))
    kept = await add_factor(owner)
    form = {"sealed": sealed, "code": pyotp.TOTP(secret).now(), "password": PASSWORD}
    refused = await owner.post("/console/account/second-factor", form, 422)
    assert "Remove the second factor that is on first" in refused.text
    sealed_now = "SELECT totp_sealed FROM users WHERE username = 'owner'"
    assert node.box.open(await node.pool.fetchval(sealed_now))["totp"] == kept


async def test_a_right_password_buys_no_new_tries_at_the_second_factor(
    owner: Browser, node: Node
) -> None:
    secret = await add_factor(owner)
    await owner.post("/console/sign-out")
    for _ in range(3):
        await owner.sign_in("owner")
        for _ in range(2):
            answer = await owner.client.post("/console/second-factor", data={"code": "000000"})
            assert answer.status_code == 422
    assert "Wrong too often" in answer.text
    assert "Wrong too often" in told(await owner.sign_in("owner", status=422))
    await node.pool.execute("DELETE FROM sign_in_failures")
    await node.pool.execute("UPDATE users SET totp_step = 0")
    await owner.sign_in("owner")
    await owner.post("/console/second-factor", {"code": pyotp.TOTP(secret).now()})
    assert await node.pool.fetchval("SELECT count(*) FROM sign_in_failures") == 0


async def test_tries_at_one_moment_are_counted_like_tries_one_by_one(
    browser: Browser, node: Node
) -> None:
    form = {"username": "owner", "password": "wrong wrong"}
    answers = await asyncio.gather(
        *(browser.client.post("/console/sign-in", data=form) for _ in range(20))
    )
    judged = [answer for answer in answers if "Wrong too often" not in answer.text]
    assert len(judged) <= 5
    assert await node.pool.fetchval("SELECT count(*) FROM sign_in_failures") == len(judged)


async def test_a_temporary_password_is_changed_before_anything_else(
    browser: Browser, node: Node
) -> None:
    await add_user(node, Role.VIEWER, "vera", temporary=True)
    asked = await browser.sign_in("vera")
    assert asked.url.path == "/console/account/password"
    form = {"password": PASSWORD, "new_password": "short", "new_password_again": "short"}
    refused = await browser.post("/console/account/password", form, 422)
    assert "At least 10 letters" in refused.text
    form |= {"new_password": "quite another sentence", "new_password_again": "differs"}
    await browser.post("/console/account/password", form, 422)
    form["new_password_again"] = form["new_password"]
    done = await browser.post("/console/account/password", form)
    assert done.url.path == "/console/account"
    await browser.get("/console")


async def test_another_session_is_seen_and_ended(owner: Browser, node: Node) -> None:
    other = Browser(node, ip="203.0.113.9")
    await other.sign_in("owner")
    page = await owner.get("/console/account")
    assert "203.0.113.9" in page.text
    await owner.post("/console/account/sessions/end-others")
    assert (await other.get("/console/account")).url.path == "/console/sign-in"
    await owner.get("/console/account")
    await other.close()


async def test_a_user_of_the_portal_does_not_get_into_the_console(
    browser: Browser, node: Node
) -> None:
    from gerbang.resellers.admin import create_reseller

    async with node.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO price_lists (code, name) VALUES ('default', 'x') ON CONFLICT DO NOTHING"
        )
        await create_reseller(connection, "TOKO", "Toko", actor="test", box=node.box)
    await add_user(node, Role.RESELLER, "toko", reseller="TOKO")
    await browser.sign_in("toko", status=422)


async def test_the_console_is_closed_to_addresses_that_are_not_in_its_list(
    owner: Browser, node: Node
) -> None:
    await node.pool.execute("INSERT INTO console_networks VALUES ('203.0.113.0/24', '')")
    assert "127.0.0.1" in (await owner.get("/console/account", 403)).text
    inside = Browser(node, ip="203.0.113.7")
    await inside.sign_in("owner")
    await inside.close()


async def test_pages_say_what_browsers_may_do_and_are_not_kept(owner: Browser) -> None:
    page = await owner.get("/console/account")
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert page.headers["cache-control"] == "no-store"
    assert not re.search(r"\sstyle=|\son[a-z]+=|<script>|<style", page.text)
    assert not re.search(r'(?:src|href)="https?:', page.text)


async def test_language_and_theme_are_chosen_and_kept(owner: Browser) -> None:
    assert "My account" in (await owner.get("/console/account")).text
    form = {"language": "id", "next": "/console/account"}
    page = await owner.post("/console/preferences", form)
    assert "Akun saya" in page.text
    page = await owner.post("/console/preferences", {"theme": "dark", "next": "/console/account"})
    assert 'data-bs-theme="dark"' in page.text
    assert 'lang="id"' in page.text


async def test_assets_are_kept_for_a_year_under_the_name_of_their_content(owner: Browser) -> None:
    page = await owner.get("/console/account")
    for address in set(re.findall(r'(?:src|href)="(/assets/[^"#]+)', page.text)):
        answer = await owner.get(address)
        assert "immutable" in answer.headers["cache-control"]
    stale = await owner.get("/assets/000000000000/gerbang.css")
    assert stale.headers["cache-control"] == "no-cache"


async def test_a_crash_shows_an_id_that_the_log_has(
    owner: Browser, monkeypatch: object, capsys: object
) -> None:
    import pytest
    import structlog

    assert isinstance(monkeypatch, pytest.MonkeyPatch)
    from gerbang.web.pages import job_pages

    async def crash(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(job_pages, "list_jobs", crash)
    with structlog.testing.capture_logs() as lines:
        page = await owner.get("/console/jobs", 500)
    crashed = [line for line in lines if line["event"] == "page.crashed"]
    assert crashed[0]["error_id"] in page.text
    assert "boom" not in page.text


async def test_what_is_not_there_is_a_page_that_leads_home(owner: Browser) -> None:
    page = await owner.get("/console/nothing/here", 404)
    assert 'href="/console"' in page.text


async def test_the_first_owner_needs_the_code_of_the_server(node: Node) -> None:
    browser = Browser(node)
    assert (await browser.get("/console")).url.path == "/console/welcome"
    form = {
        "code": "guessed",
        "name": "Ani",
        "username": "ani",
        "password": PASSWORD,
        "password_again": PASSWORD,
    }
    await browser.post("/console/welcome", form, 422)
    form["code"] = node.box.code("first owner")
    await browser.post("/console/welcome", {**form, "password": "x", "password_again": "x"}, 422)
    await browser.client.post("/console/welcome", data=form)
    assert (await browser.get("/console/account")).url.path == "/console/account"
    assert (await browser.get("/console/welcome")).url.path == "/console"
    await browser.close()


def offered(page: httpx.Response) -> tuple[str, str]:
    """The sealed and the readable secret of a second factor that is offered."""
    sealed = found(r'name="sealed" value="([0-9a-f]+)"', page.text)
    return sealed, found(r"<code>([A-Z2-7]{32})</code>", page.text)


async def add_factor(browser: Browser) -> str:
    """Add a second factor and give its secret."""
    sealed, secret = offered(await browser.get("/console/account/second-factor"))
    form = {"sealed": sealed, "code": pyotp.TOTP(secret).now(), "password": PASSWORD}
    await browser.post("/console/account/second-factor", form)
    return secret


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, pattern
    return match[1]


async def test_a_token_of_ones_own_is_shown_once_and_revoked_by_its_person(node: Node) -> None:
    for role in (Role.OWNER, Role.SUPPORT, Role.VIEWER):
        await add_user(node, role)
    support, viewer, owner = Browser(node), Browser(node), Browser(node)
    for browser, name in ((support, "support"), (viewer, "viewer"), (owner, "owner")):
        await browser.sign_in(name)
    refused = await support.post("/console/tokens", {"name": "skrip-malam"}, 422)
    assert "skrip-malam" not in told(refused)
    asked = {"name": "skrip-malam", "password": PASSWORD}
    page = await support.post("/console/tokens", asked)
    token = re.findall(r'data-copy="([\w-]{20,})"', page.text)[0]
    found = await find_token(node.pool, token)
    assert found is not None
    assert (found.username, found.role) == ("support", Role.SUPPORT)
    again = await support.get("/console/tokens")
    assert "skrip-malam" in again.text
    assert token not in again.text
    assert "skrip-malam" not in (await viewer.get("/console/tokens")).text
    assert "skrip-malam" in (await owner.get("/console/tokens")).text
    (row,) = await list_tokens(node.pool)
    await viewer.post(f"/console/tokens/{row['id']}/revoke", {}, status=404)
    await support.post("/console/tokens", {"name": ""}, status=422)
    await support.post(f"/console/tokens/{row['id']}/revoke", {})
    assert await find_token(node.pool, token) is None
    for browser in (support, viewer, owner):
        await browser.close()
