"""Pages that every site has: sign in and out, one's own password, second factor and sessions."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup
from starlette.responses import Response

from gerbang.errors import BadInputError, ConflictError
from gerbang.people.admin import remove_second_factor, set_password
from gerbang.people.password import check_password
from gerbang.people.read import recovery_codes_left
from gerbang.people.role import Permission
from gerbang.people.session import (
    SECOND_FACTOR_WAIT_S,
    begin_session,
    end_session,
    end_sessions,
    list_sessions,
)
from gerbang.people.sign_in import (
    TooOftenError,
    WrongError,
    add_second_factor,
    check_own_password,
    check_password_of,
    check_second_factor,
    fresh_secret,
)
from gerbang.people.totp import provisioning_uri
from gerbang.people.user import User
from gerbang.secrets_box import CannotOpenError
from gerbang.web.pages.catalogue import LANGUAGES
from gerbang.web.pages.qr import qr_svg
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import LANGUAGE_COOKIE, THEME_COOKIE, THEMES, Visit

YEAR_S: Final = 365 * 86_400
_OWN: Final = Permission.OWN_ACCOUNT


def add_account_pages(site: Site) -> None:
    """Add them to a site."""
    site.get("/sign-in", sign_in_page, may=None)
    site.post("/sign-in", sign_in, may=None, form_page=sign_in_page)
    site.get("/second-factor", second_factor_page, may=None)
    site.post("/second-factor", second_factor, may=None, form_page=second_factor_page)
    site.post("/sign-out", sign_out, may=None)
    site.post("/preferences", set_preferences, may=None)
    site.get("/account", account_page, may=_OWN, while_password_temporary=True)
    site.get("/account/password", password_page, may=_OWN, while_password_temporary=True)
    site.post(
        "/account/password",
        change_password,
        may=_OWN,
        form_page=password_page,
        while_password_temporary=True,
    )
    site.get("/account/second-factor", new_factor_page, may=_OWN)
    site.post("/account/second-factor", add_factor, may=_OWN, form_page=new_factor_page)
    site.post("/account/second-factor/remove", remove_factor, may=_OWN, form_page=account_page)
    site.post("/account/sessions/{id}/end", end_one_session, may=_OWN)
    site.post("/account/sessions/end-others", end_other_sessions, may=_OWN)


# --- in and out -----------------------------------------------------------------------------------


async def sign_in_page(visit: Visit) -> Response:
    """Ask for name and password."""
    if visit.session is not None and not visit.session.second_factor_due:
        return visit.go(visit.site.prefix)
    welcome = visit.site.welcome
    if welcome is not None and await welcome(visit):
        return visit.go(f"{visit.site.prefix}/welcome")
    wanted = visit.query.get("next") or visit.form.raw("next")
    return visit.page("pages/sign_in.html", wanted=wanted)


async def sign_in(visit: Visit) -> Response:
    """Check name and password, and begin a session."""
    try:
        user = await check_password_of(
            visit.pool,
            visit.form.raw("username"),
            visit.form.raw("password"),
            realm=visit.site.realm,
            ip=visit.ip,
            passwords=visit.kit.passwords,
            limits=visit.kit.limits,
        )
    except (TooOftenError, WrongError) as error:
        raise _told(visit, error, "password") from error
    answer = visit.go(_wanted(visit))
    if user.has_second_factor:
        answer = visit.go(f"{visit.site.prefix}/second-factor")
    await begin(visit, answer, user, second_factor_due=user.has_second_factor)
    return answer


async def begin(visit: Visit, answer: Response, user: User, *, second_factor_due: bool) -> None:
    """Begin a session and give the browser its cookie."""
    seconds = visit.kit.settings.session_s_max
    token = await begin_session(
        visit.pool,
        user.id,
        realm=visit.site.realm,
        second_factor_due=second_factor_due,
        ip=visit.ip,
        user_agent=visit.request.headers.get("user-agent", ""),
        seconds=seconds,
    )
    kept = SECOND_FACTOR_WAIT_S if second_factor_due else seconds
    visit.set_cookie(answer, visit.site.cookie, token, seconds=kept)


async def second_factor_page(visit: Visit) -> Response:
    """Ask for the code of the app."""
    if visit.session is None:
        return visit.go(f"{visit.site.prefix}/sign-in")
    return visit.page("pages/second_factor.html")


async def second_factor(visit: Visit) -> Response:
    """Check the code; a new session begins, so that the token of before is worth nothing."""
    if visit.session is None:
        return visit.go(f"{visit.site.prefix}/sign-in")
    try:
        user = await check_second_factor(
            visit.pool,
            visit.user.id,
            visit.form.raw("code"),
            ip=visit.ip,
            box=visit.kit.box,
            at=visit.kit.clock.now(),
            limits=visit.kit.limits,
        )
    except (TooOftenError, WrongError) as error:
        raise _told(visit, error, "code") from error
    await end_session(visit.pool, visit.request.cookies.get(visit.site.cookie, ""))
    answer = visit.go(visit.site.prefix)
    await begin(visit, answer, user, second_factor_due=False)
    return answer


async def sign_out(visit: Visit) -> Response:
    """End the session."""
    await end_session(visit.pool, visit.request.cookies.get(visit.site.cookie, ""))
    answer = visit.go(f"{visit.site.prefix}/sign-in", visit.t("account.signed_out"), kind="info")
    visit.drop_cookie(answer, visit.site.cookie)
    return answer


def _told(visit: Visit, error: TooOftenError | WrongError, field: str) -> BadInputError:
    if isinstance(error, TooOftenError):
        text = visit.t("account.too_often", minutes=error.minutes)
    else:
        text = visit.t(f"account.wrong_{field}")
    return BadInputError(text, {field: text})


def _wanted(visit: Visit) -> str:
    path = visit.form.raw("next")
    inside = path.startswith(f"{visit.site.prefix}/") and "\\" not in path and path.isprintable()
    return path if inside else visit.site.prefix


async def set_preferences(visit: Visit) -> Response:
    """Choose language and theme, for this browser."""
    back = visit.form.raw("next")
    answer = visit.go(back if back.startswith("/") else visit.site.prefix)
    for field, name, allowed in (
        ("language", LANGUAGE_COOKIE, LANGUAGES),
        ("theme", THEME_COOKIE, THEMES),
    ):
        if visit.form.raw(field) in allowed:
            value = visit.form.raw(field)
            visit.set_cookie(answer, name, value, seconds=YEAR_S, everywhere=True)
    return answer


# --- one's own account ----------------------------------------------------------------------------


async def account_page(visit: Visit) -> Response:
    """Show who one is, and where one is signed in."""
    sessions = await list_sessions(
        visit.pool,
        realm=visit.site.realm,
        idle_s=visit.kit.settings.session_idle_s,
        user_id=visit.user.id,
    )
    left = await recovery_codes_left(visit.pool, visit.user.id)
    return visit.page("pages/account.html", sessions=sessions, codes_left=left)


async def password_page(visit: Visit) -> Response:
    """Ask for a new password."""
    return visit.page("pages/password.html")


async def change_password(visit: Visit) -> Response:
    """Set one's own password; the other sessions end."""
    new = visit.form.raw("new_password")
    await ask_own_password(visit)
    try:
        check_password(new)
    except BadInputError as error:
        text = visit.t("account.password_rule")
        raise BadInputError(text, {"new_password": text}) from error
    if new != visit.form.raw("new_password_again"):
        text = visit.t("account.not_the_same")
        raise BadInputError(text, {"new_password_again": text})
    async with visit.changing() as connection:
        await set_password(
            connection,
            visit.user.username,
            new,
            passwords=visit.kit.passwords,
            actor=visit.actor,
            keep_session=visit.session.id if visit.session else None,
        )
    return visit.go(f"{visit.site.prefix}/account", visit.t("account.password_changed"))


async def ask_own_password(visit: Visit) -> None:
    """Have the password proved once more: what follows outlives the session."""
    try:
        await check_own_password(
            visit.pool,
            visit.user,
            visit.form.raw("password"),
            ip=visit.ip,
            passwords=visit.kit.passwords,
            limits=visit.kit.limits,
        )
    except (TooOftenError, WrongError) as error:
        raise _told(visit, error, "password") from error


async def new_factor_page(visit: Visit) -> Response:
    """Show the secret for the app; it counts once a code was right."""
    secret, sealed = fresh_secret(visit.kit.box)
    if visit.form.raw("sealed"):
        sealed = visit.form.raw("sealed")
        secret = _opened(visit, sealed)
    uri = provisioning_uri(secret, username=visit.user.username, issuer=f"Gerbang {visit.node.tag}")
    drawn = Markup(qr_svg(uri, title=visit.t("account.factor_qr")))  # noqa: S704 (our own drawing)
    return visit.page("pages/new_factor.html", secret=secret, sealed=sealed, uri=uri, qr=drawn)


async def add_factor(visit: Visit) -> Response:
    """Keep the second factor, after the password, and show the recovery codes, once.

    Whoever only found the browser open would lock its owner out with one of his own.
    """
    secret = _opened(visit, visit.form.raw("sealed"))
    if visit.user.has_second_factor:
        raise ConflictError(visit.t("account.factor_stands"))
    await ask_own_password(visit)
    async with visit.changing() as connection:
        codes = await add_second_factor(
            connection,
            visit.user,
            secret=secret,
            code=visit.form.raw("code"),
            box=visit.kit.box,
            at=visit.kit.clock.now(),
        )
    return visit.page("pages/recovery_codes.html", codes=codes)


def _opened(visit: Visit, sealed: str) -> str:
    try:
        return visit.kit.box.open(bytes.fromhex(sealed))["totp"]
    except (CannotOpenError, ValueError, KeyError) as error:
        text = visit.t("error.bad_form")
        raise BadInputError(text) from error


async def remove_factor(visit: Visit) -> Response:
    """Take one's own second factor away, after the password."""
    await ask_own_password(visit)
    async with visit.changing() as connection:
        await remove_second_factor(connection, visit.user.username, actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/account", visit.t("account.factor_removed"))


async def end_one_session(visit: Visit) -> Response:
    """Sign one browser out."""
    await end_sessions(visit.pool, visit.user.id, only=visit.number())
    return visit.go(f"{visit.site.prefix}/account", visit.t("account.session_ended"))


async def end_other_sessions(visit: Visit) -> Response:
    """Sign every other browser out."""
    own = visit.session.id if visit.session else None
    await end_sessions(visit.pool, visit.user.id, but=own)
    return visit.go(f"{visit.site.prefix}/account", visit.t("account.sessions_ended"))
