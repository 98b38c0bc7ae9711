"""Passwords that somebody else makes: shown once, and changed at the first sign-in."""

from __future__ import annotations

import secrets
from typing import Final

from gerbang.people.admin import create_user, set_password
from gerbang.people.role import Role
from gerbang.web.pages.visit import Visit

BYTES: Final = 12


async def make_person(visit: Visit, *, role: Role, reseller: str | None = None) -> tuple[str, str]:
    """Make the person that the form names; gives user name and password."""
    username = visit.form.text("username", most=64)
    name = visit.form.text("name", most=100)
    visit.form.check()
    password = secrets.token_urlsafe(BYTES)
    async with visit.changing() as connection:
        await create_user(
            connection,
            username,
            name=name,
            role=role,
            reseller=reseller,
            password=password,
            passwords=visit.kit.passwords,
            actor=visit.actor,
            temporary=True,
        )
    return username.strip().lower(), password


async def renew_password(visit: Visit, username: str) -> tuple[str, str]:
    """Make a new password for somebody who forgot it; gives user name and password."""
    password = secrets.token_urlsafe(BYTES)
    async with visit.changing() as connection:
        await set_password(
            connection,
            username,
            password,
            passwords=visit.kit.passwords,
            actor=visit.actor,
            temporary=True,
        )
    return username, password
