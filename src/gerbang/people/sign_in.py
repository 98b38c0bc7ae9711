"""Signing in: password, second factor, and how often one may get it wrong."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec
import structlog

from gerbang.audit import write_audit
from gerbang.errors import BadInputError, ConflictError, UserError
from gerbang.people.admin import SQL
from gerbang.people.password import Passwords
from gerbang.people.role import Role
from gerbang.people.totp import matching_step, new_recovery_codes, new_secret
from gerbang.people.user import User
from gerbang.postgres.pool import Connection, Pool
from gerbang.secrets_box import SecretBox, hash_token

log = structlog.get_logger()

BY_ADDRESS_FACTOR: Final = 6
"""An address may err so many times as often as one name from it: offices share addresses."""
BY_NAME_FACTOR: Final = 10
"""A name may err so many times as often over all addresses: others cannot lock somebody out."""


class TooOftenError(UserError):
    """It was wrong too often; wait."""

    def __init__(self, minutes: int) -> None:
        """Keep how long to wait."""
        super().__init__(f"too many attempts; wait {minutes} minutes")
        self.minutes = minutes


class WrongError(UserError):
    """The name, the password or the code is wrong; which one is not said."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How often one may get it wrong."""

    failures_max: int = 5
    window_s: int = 900


async def check_password_of(
    pool: Connection | Pool, username: str, password: str, *, realm: str, ip: str,
    passwords: Passwords, limits: Limits,
) -> User:  # fmt: skip
    """Give the user whose password it is. Raises WrongError or TooOftenError."""
    username = username.strip().lower()[:64].replace("\x00", "")
    attempt = await _begin_try(pool, username, ip, limits)
    row = await pool.fetchrow(SQL.user_by_name, username)
    right = await passwords.matches(password, row["password_hash"] if row else None)
    if row is None or not right or not row["active"] or _realm(row) != realm:
        _log_failure(username, ip, "password")
        raise WrongError("wrong name or password")
    user = _user(row)
    if user.has_second_factor:
        # Half of it is right: wrong codes of before still count, or a password would buy new tries.
        await pool.execute(SQL.forget_try, attempt)
    else:
        await pool.execute(SQL.forget_failures, username, ip, limits.window_s)
    return user


async def check_own_password(
    pool: Pool, user: User, password: str, *, ip: str, passwords: Passwords, limits: Limits
) -> None:
    """Ask somebody who is signed in for the password again. Raises like `check_password_of`."""
    attempt = await _begin_try(pool, user.username, ip, limits)
    row = await pool.fetchrow(SQL.user_by_id, user.id)
    if not await passwords.matches(password, row["password_hash"] if row else None):
        _log_failure(user.username, ip, "own password")
        raise WrongError("the password is wrong")
    await pool.execute(SQL.forget_try, attempt)


async def check_second_factor(
    pool: Connection | Pool, user_id: int, code: str, *,
    ip: str, box: SecretBox, at: datetime, limits: Limits,
) -> User:  # fmt: skip
    """Check a code of the app, or a recovery code. Raises WrongError or TooOftenError."""
    row = await pool.fetchrow(SQL.user_by_id, user_id)
    if row is None or row["totp_sealed"] is None:
        raise WrongError("there is no second factor")
    await _begin_try(pool, row["username"], ip, limits)
    if not await _code_holds(pool, row, code, box, at):
        _log_failure(row["username"], ip, "second factor")
        raise WrongError("the code is wrong, or was used")
    await pool.execute(SQL.forget_failures, row["username"], ip, limits.window_s)
    return _user(row)


async def _code_holds(
    pool: Connection | Pool, row: Any, code: str, box: SecretBox, at: datetime
) -> bool:
    secret = box.open(row["totp_sealed"])["totp"]
    step = matching_step(secret, code, at=at, after_step=row["totp_step"])
    if step is not None:
        return await pool.fetchval(SQL.use_step, row["id"], step) is not None
    plain = "".join(code.lower().split())
    return await pool.fetchval(SQL.use_recovery_code, row["id"], hash_token(plain)) is not None


async def add_second_factor(
    connection: Connection, user: User, *, secret: str, code: str, box: SecretBox, at: datetime
) -> list[str]:
    """Keep a second factor whose first code is right; give the recovery codes, once."""
    step = matching_step(secret, code, at=at, after_step=0)
    if step is None:
        raise BadInputError("that is not the code of this minute", {"code": "is not right"})
    codes = new_recovery_codes()
    sealed = box.seal({"totp": secret})
    if await connection.fetchval(SQL.add_second_factor, user.id, sealed, step) is None:
        raise ConflictError("there is a second factor already")
    await connection.execute(SQL.delete_recovery_codes, user.id)
    await connection.execute(SQL.insert_recovery_codes, user.id, [hash_token(c) for c in codes])
    await write_audit(
        connection,
        actor=f"user:{user.username}",
        action="user.second_factor_added",
        subject=f"user:{user.username}",
    )
    return codes


def fresh_secret(box: SecretBox) -> tuple[str, str]:
    """Make a secret to be confirmed, and its sealed form that a form may carry."""
    secret = new_secret()
    return secret, box.seal({"totp": secret}).hex()


async def _begin_try(pool: Connection | Pool, username: str, ip: str, limits: Limits) -> int:
    """Count a try before it is judged: else many at one moment would all be within the limit."""
    attempt: int = await pool.fetchval(SQL.begin_try, username, ip)
    row = await pool.fetchrow(SQL.count_failures, username, ip, limits.window_s)
    most = limits.failures_max
    if row is not None and (
        row["both_count"] > most
        or row["username_count"] > most * BY_NAME_FACTOR
        or row["ip_count"] > most * BY_ADDRESS_FACTOR
    ):
        await pool.execute(SQL.forget_try, attempt)
        log.warning("sign_in.refused_too_often", username=username, ip=ip)
        raise TooOftenError(max(1, limits.window_s // 60))
    return attempt


def _log_failure(username: str, ip: str, what: str) -> None:
    log.warning("sign_in.failed", username=username, ip=ip, what=what)


def _realm(row: Any) -> str:
    return "portal" if row["role"] == Role.RESELLER else "console"


def _user(row: Any) -> User:
    return User(
        id=row["id"],
        username=row["username"],
        name=row["name"],
        role=Role(row["role"]),
        reseller_id=row["reseller_id"],
        reseller_code=row["reseller_code"],
        has_second_factor=row["totp_sealed"] is not None,
        password_temporary=row["password_temporary"],
    )
