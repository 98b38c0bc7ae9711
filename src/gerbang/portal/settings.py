"""Settings that are the reseller's own: credentials, addresses, callbacks."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from gerbang.callbacks.doctor import diagnose
from gerbang.dialects.names import callback_formats, credential_forms
from gerbang.errors import BadInputError, NotFoundError
from gerbang.people.role import Permission
from gerbang.portal.own import own_reseller
from gerbang.resellers.admin import (
    CallbackChange,
    ResellerChange,
    change_reseller,
    check_url,
)
from gerbang.resellers.credentials import (
    IssuedCredential,
    NewCredential,
    issue_credential,
    revoke_credential,
    rotate_credential,
)
from gerbang.web.pages.account import ask_own_password
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

OVERLAPS_H: Final = (0, 1, 24, 72, 168)
CREDENTIALS_MAX: Final = 20
"""Credentials of one reseller that let somebody in."""
_USE: Final = Permission.PORTAL_USE


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/settings", settings_page, may=_USE)
    site.post("/settings/addresses", post_addresses, may=_USE, form_page=settings_page)
    site.post("/settings/callback", post_callback, may=_USE, form_page=settings_page)
    site.post("/settings/callback/test", post_callback_test, may=_USE, form_page=settings_page)
    site.post("/settings/credentials", post_credential, may=_USE, form_page=settings_page)
    site.post("/settings/credentials/{id}/rotate", post_rotation, may=_USE, form_page=settings_page)
    site.post("/settings/credentials/{id}/revoke", post_revocation, may=_USE)


async def settings_page(visit: Visit) -> Response:
    """Show them."""
    reseller = await own_reseller(visit)
    now = visit.kit.clock.now()
    return visit.page(
        "portal/settings.html",
        reseller=reseller,
        credentials=[c for c in reseller["credentials"] if _lives(c, now)],
        dialects=[name for name in credential_forms() if name in reseller["dialects"]],
        formats=callback_formats(),
        overlaps=OVERLAPS_H,
        rotating=str(visit.request.path_params.get("id", "")),
        source_ip=visit.kit.settings.callback_source_ip,
    )


def _lives(credential: dict[str, Any], now: Any) -> bool:
    ends = credential["expires_at"]
    return credential["revoked_at"] is None and (ends is None or ends > now)


# --- addresses and callbacks ----------------------------------------------------------------------


async def post_addresses(visit: Visit) -> Response:
    """Set which addresses may call."""
    lines = visit.form.text("allowed_ips", needed=False, most=4_000).split()
    visit.form.check()
    return await _change(visit, ResellerChange(allowed_ips=lines), "portal.addresses_saved")


async def post_callback(visit: Visit) -> Response:
    """Set where callbacks go and in which form."""
    url = visit.form.text("url", needed=False, most=2_000)
    wanted = visit.form.choice("format", callback_formats())
    secret = visit.form.text("secret", needed=False, most=200)
    visit.form.check()
    if url:
        try:
            check_url("url", url)
        except BadInputError as error:
            text = visit.t("portal.bad_url")
            raise BadInputError(text, {"url": text}) from error
    change = CallbackChange(url=url, format=wanted)
    if secret:
        change.secret = secret
    return await _change(visit, ResellerChange(callback=change), "portal.callback_saved")


async def _change(visit: Visit, change: ResellerChange, word: str) -> Response:
    async with visit.changing() as connection:
        await change_reseller(
            connection,
            visit.user.reseller_code,
            change,
            actor=visit.actor,
            box=visit.kit.box,
        )
    return visit.go(f"{visit.site.prefix}/settings", visit.t(word))


async def post_callback_test(visit: Visit) -> Response:
    """Send a test message to the address that is set, and say step by step what happened."""
    reseller = await own_reseller(visit)
    url = reseller["callback"]["url"]
    if not url:
        raise BadInputError(visit.t("portal.no_url"), {"url": visit.t("portal.no_url")})
    node = visit.node
    findings = await diagnose(url, client=node.outbound, addresses=node.callback_addresses)
    return visit.page("portal/callback_test.html", url=url, findings=findings)


# --- credentials ----------------------------------------------------------------------------------


async def post_credential(visit: Visit) -> Response:
    """Issue a credential after the password; its secrets are on this page and never again."""
    reseller = await own_reseller(visit)
    now = visit.kit.clock.now()
    allowed = [name for name in credential_forms() if name in reseller["dialects"]]
    dialect = visit.form.choice("dialect", allowed)
    testing = visit.form.flag("testing")
    label = visit.form.text("label", needed=False, most=200)
    visit.form.check()
    if sum(_lives(c, now) for c in reseller["credentials"]) >= CREDENTIALS_MAX:
        text = visit.t("portal.too_many_credentials", most=CREDENTIALS_MAX)
        raise BadInputError(text, {"dialect": text})
    await ask_own_password(visit)
    new = NewCredential(dialect=dialect, testing=testing, label=label)
    async with visit.changing() as connection:
        issued = await issue_credential(
            connection, reseller["code"], new, box=visit.kit.box, actor=visit.actor
        )
    return _shown_once(visit, issued)


async def post_rotation(visit: Visit) -> Response:
    """Issue a successor after the password; the old one works on for the time that was chosen."""
    reseller = await own_reseller(visit)
    if visit.number() not in {credential["id"] for credential in reseller["credentials"]}:
        raise NotFoundError(visit.t("error.no_such_thing"))
    hours = visit.form.choice("overlap_h", [str(h) for h in OVERLAPS_H])
    visit.form.check()
    await ask_own_password(visit)
    async with visit.changing() as connection:
        issued = await rotate_credential(
            connection,
            visit.user.reseller_code,
            visit.number(),
            box=visit.kit.box,
            actor=visit.actor,
            overlap_s=int(hours) * 3600,
        )
    return _shown_once(visit, issued)


def _shown_once(visit: Visit, issued: IssuedCredential) -> Response:
    return visit.page("portal/credential_issued.html", issued=issued)


async def post_revocation(visit: Visit) -> Response:
    """End a credential at once."""
    async with visit.changing() as connection:
        await revoke_credential(
            connection, visit.user.reseller_code, visit.number(), actor=visit.actor
        )
    return visit.go(f"{visit.site.prefix}/settings", visit.t("portal.revoked"))
