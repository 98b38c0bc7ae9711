"""A reseller's ways in and out: credentials, callback, what OtomaX replies say."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from gerbang.callbacks.doctor import diagnose
from gerbang.dialects.names import callback_formats, credential_forms
from gerbang.dialects.otomax.profiles import PROFILES, voice_of
from gerbang.dialects.otomax.templates import PLACEHOLDERS, TIMES, Event, check_template, preview
from gerbang.errors import BadInputError
from gerbang.people.role import Permission
from gerbang.resellers.admin import (
    CallbackChange,
    ResellerChange,
    change_reseller,
    show_reseller,
)
from gerbang.resellers.credentials import (
    OVERLAP_S,
    NewCredential,
    issue_credential,
    revoke_credential,
    rotate_credential,
)
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

HOUR_S: Final = 3_600
OVERLAPS_H: Final = (0, 1, 24, 72, 168)
TEST_TIMEOUT_MS: Final = 10_000


def add_pages(site: Site) -> None:
    """Add them."""
    change, issue = Permission.RESELLERS_CHANGE, Permission.CREDENTIALS_CHANGE
    read = Permission.RESELLERS_READ
    base = "/resellers/{code}"
    site.get(f"{base}/credentials", credentials_page, may=read)
    site.post(f"{base}/credentials", issue_new, may=issue, form_page=credentials_page)
    site.post(f"{base}/credentials/{{id}}/rotate", rotate, may=issue, form_page=credentials_page)
    site.post(f"{base}/credentials/{{id}}/revoke", revoke, may=issue)
    site.get(f"{base}/callback", callback_page, may=read)
    site.post(f"{base}/callback", save_callback, may=change, form_page=callback_page)
    site.post(f"{base}/callback/test", test_callback, may=change)
    site.get(f"{base}/replies", replies_page, may=read)
    site.post(f"{base}/replies", save_replies, may=change, form_page=replies_page)
    site.post(f"{base}/replies/preview", preview_reply, may=read)


# --- credentials ----------------------------------------------------------------------------------


async def credentials_page(visit: Visit, issued: Any = None) -> Response:
    """Show them; a secret only in the answer that made it."""
    reseller = await show_reseller(visit.pool, visit.name())
    return visit.page(
        "console/reseller_credentials.html",
        r=reseller,
        issued=issued,
        dialects=tuple(credential_forms()),
        overlaps=OVERLAPS_H,
        now=visit.kit.clock.now(),
    )


async def issue_new(visit: Visit) -> Response:
    """Issue one and show its secrets, once."""
    form = visit.form
    new = NewCredential(
        dialect=form.choice("dialect", tuple(credential_forms())),
        key=form.text("key", needed=False, most=100),
        testing=form.flag("testing"),
        label=form.text("label", needed=False, most=200),
    )
    form.check()
    async with visit.changing() as connection:
        issued = await issue_credential(
            connection, visit.name(), new, box=visit.kit.box, actor=visit.actor
        )
    return await credentials_page(visit, issued)


async def rotate(visit: Visit) -> Response:
    """Issue a successor; the old one works on for a while."""
    hours = visit.form.integer("overlap_h", most=OVERLAPS_H[-1])
    visit.form.check()
    async with visit.changing() as connection:
        issued = await rotate_credential(
            connection,
            visit.name(),
            visit.number(),
            box=visit.kit.box,
            actor=visit.actor,
            overlap_s=OVERLAP_S if hours is None else hours * HOUR_S,
        )
    return await credentials_page(visit, issued)


async def revoke(visit: Visit) -> Response:
    """Revoke one at once."""
    async with visit.changing() as connection:
        await revoke_credential(connection, visit.name(), visit.number(), actor=visit.actor)
    path = f"{visit.site.prefix}/resellers/{visit.name()}/credentials"
    return visit.go(path, visit.t("access.revoked"))


# --- callback -------------------------------------------------------------------------------------


async def callback_page(visit: Visit) -> Response:
    """Ask where callbacks go."""
    reseller = await show_reseller(visit.pool, visit.name())
    return visit.page("console/reseller_callback.html", r=reseller, formats=callback_formats())


async def save_callback(visit: Visit) -> Response:
    """Keep it; an empty secret stays as it is."""
    form = visit.form
    change = CallbackChange(
        url=form.text("url", needed=False, most=2_000),
        format=form.choice("format", callback_formats()),
    )
    if form.raw("secret"):
        change.secret = form.text("secret", most=200)
    form.check()
    try:
        async with visit.changing() as connection:
            await change_reseller(
                connection,
                visit.name(),
                ResellerChange(callback=change),
                actor=visit.actor,
                box=visit.kit.box,
            )
    except BadInputError as error:
        fields = {name.rpartition(".")[2]: text for name, text in error.fields.items()}
        raise BadInputError(error.message, fields) from error
    path = f"{visit.site.prefix}/resellers/{visit.name()}/callback"
    return visit.go(path, visit.t("layout.saved"))


async def test_callback(visit: Visit) -> Response:
    """Send a test to the address that is kept, and say step by step what happened."""
    reseller = await show_reseller(visit.pool, visit.name())
    if not reseller["callback"]["url"]:
        raise BadInputError(visit.t("access.no_url"))
    node = visit.node
    findings = await diagnose(
        reseller["callback"]["url"],
        client=node.outbound,
        addresses=node.callback_addresses,
        deadline_ms=TEST_TIMEOUT_MS,
    )
    return visit.page("console/callback_findings.html", findings=findings)


# --- OtomaX replies -------------------------------------------------------------------------------


async def replies_page(visit: Visit) -> Response:
    """Ask what OtomaX replies say."""
    reseller = await show_reseller(visit.pool, visit.name())
    settings = reseller["settings"]
    voice = voice_of(settings)
    own = settings.get("otomax.templates") or {}
    rows = [
        (event.value, own.get(event.value, ""), voice.profile.templates.get(event, ""))
        for event in Event
    ]
    return visit.page(
        "console/reseller_replies.html",
        r=reseller,
        rows=rows,
        profile=voice.profile.name,
        profiles=list(PROFILES),
        placeholders={name: text for name, (text, _) in [*PLACEHOLDERS.items(), *TIMES.items()]},
        label=settings.get("otomax.sn_label", ""),
    )


async def save_replies(visit: Visit) -> Response:
    """Keep them; an empty one is the profile's."""
    form = visit.form
    profile = form.choice("profile", PROFILES)
    label = form.text("sn_label", needed=False, most=20)
    own: dict[str, str] = {}
    for event in Event:
        text = form.raw(f"template.{event.value}").strip()
        if not text:
            continue
        own[event.value] = text
        if problems := check_template(event.value, text):
            form.refuse(f"template.{event.value}", "; ".join(problems))
    form.check()
    change = ResellerChange(
        settings={
            "otomax.profile": profile,
            "otomax.sn_label": label or None,
            "otomax.templates": own or None,
        }
    )
    async with visit.changing() as connection:
        await change_reseller(
            connection, visit.name(), change, actor=visit.actor, box=visit.kit.box
        )
    path = f"{visit.site.prefix}/resellers/{visit.name()}/replies"
    return visit.go(path, visit.t("layout.saved"))


async def preview_reply(visit: Visit) -> Response:
    """Show what a template would say, while it is typed."""
    event, text = visit.form.raw("event"), ""
    if event in list(Event):
        text = visit.form.raw(f"template.{event}").strip()
    profile = PROFILES.get(visit.form.raw("profile"))
    if not text and profile is not None and event in list(Event):
        text = profile.templates.get(Event(event), "")
    problems = check_template(event, text) if text else []
    said = "" if problems or not text else preview(text)
    return visit.page("console/reply_preview.html", said=said, problems=problems)
