"""Who somebody is, once signed in."""

from __future__ import annotations

from datetime import datetime

import msgspec

from gerbang.people.role import ALLOWED, Permission, Role


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person with a session, or about to have one."""

    id: int
    username: str
    name: str
    role: Role
    reseller_id: int | None = None
    reseller_code: str = ""
    has_second_factor: bool = False
    password_temporary: bool = False

    def may(self, permission: Permission) -> bool:
        """Tell whether this person is allowed something."""
        return permission in ALLOWED[self.role]


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in browser."""

    id: int
    user: User
    second_factor_due: bool
    """The password was right; nothing but the second factor may follow."""
    seen_at: datetime
