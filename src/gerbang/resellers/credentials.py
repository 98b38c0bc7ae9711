"""Issue, rotate and revoke the credentials of resellers. Secrets are given once and kept sealed."""

from __future__ import annotations

import re
import secrets as random
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from gerbang.audit import write_audit
from gerbang.errors import BadInputError, ConflictError, NotFoundError, database_errors_told
from gerbang.postgres.pool import Connection
from gerbang.resellers.admin import SQL, find_reseller
from gerbang.secrets_box import SecretBox, generate_token, hash_token

OVERLAP_S: Final = 86_400
SECRET_CHARS_MAX: Final = 200
SECRET_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "socx": ("token",),
    "isikuota": ("api_key", "secret_key"),
    "otomax": ("pin", "password"),
}
_API_ID: Final = re.compile(r"[A-Za-z0-9._-]{3,64}")
_MEMBER: Final = re.compile(r"[A-Z0-9._-]{2,32}")


class NewCredential(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to issue. Key (isikuota api_id, otomax memberID) and secrets are made when not given."""

    dialect: str
    key: str = ""
    secrets: dict[str, str] = {}
    testing: bool = False
    label: str = ""


class IssuedCredential(msgspec.Struct, frozen=True, kw_only=True):
    """A credential with its secrets, for the only time they are seen."""

    id: int
    dialect: str
    key: str
    """What travels on the wire beside the secrets; empty for a socx token."""
    secrets: Mapping[str, str]
    testing: bool
    label: str
    old_expires_at: datetime | None = None
    """After a rotation: until when the old credential works."""


async def issue_credential(
    connection: Connection, code: str, new: NewCredential, *, box: SecretBox, actor: str
) -> IssuedCredential:
    """Issue a credential to a reseller."""
    reseller = await find_reseller(connection, code)
    issued = await _insert(connection, reseller["id"], code, new, box)
    await write_audit(
        connection,
        actor=actor,
        action="credential.issued",
        subject=f"reseller:{code}",
        after={"credential_id": issued.id, "dialect": new.dialect, "testing": new.testing},
    )
    return issued


async def rotate_credential(
    connection: Connection,
    code: str,
    credential_id: int,
    *,
    box: SecretBox,
    actor: str,
    overlap_s: int = OVERLAP_S,
    keep_key: bool = False,
) -> IssuedCredential:
    """Issue a successor; the old one works for `overlap_s` longer.

    `keep_key` replaces the secrets under the same api_id or memberID instead: then at once,
    because one key cannot have two secrets.
    """
    old = await _locked(connection, code, credential_id)
    if old["revoked_at"] is not None:
        raise ConflictError("the credential is revoked: issue a new one")
    new = NewCredential(dialect=old["dialect"], testing=old["testing"], label=old["label"])
    if keep_key:
        issued = await _replace_secrets(connection, old, new, box)
    else:
        if not 0 <= overlap_s <= 90 * OVERLAP_S:
            raise BadInputError("an overlap of 0 to 90 days", {"overlap_s": "0 to 90 days"})
        issued = await _insert(connection, old["reseller_id"], code, new, box)
        until = await connection.fetchval(SQL.expire_credential, credential_id, overlap_s)
        issued = msgspec.structs.replace(issued, old_expires_at=until)
    await write_audit(
        connection,
        actor=actor,
        action="credential.rotated",
        subject=f"reseller:{code}",
        before={"credential_id": credential_id},
        after={"credential_id": issued.id, "old_expires_at": issued.old_expires_at}
        if issued.id != credential_id
        else {"credential_id": credential_id, "secrets": "changed"},
    )
    return issued


async def revoke_credential(
    connection: Connection, code: str, credential_id: int, *, actor: str
) -> datetime:
    """End a credential at once; gives the moment."""
    await _locked(connection, code, credential_id)
    revoked_at: datetime = await connection.fetchval(SQL.revoke_credential, credential_id)
    await write_audit(
        connection,
        actor=actor,
        action="credential.revoked",
        subject=f"reseller:{code}",
        before={"credential_id": credential_id, "revoked_at": None},
        after={"credential_id": credential_id, "revoked_at": revoked_at},
    )
    return revoked_at


async def _locked(connection: Connection, code: str, credential_id: int) -> Any:
    reseller = await find_reseller(connection, code)
    row = await connection.fetchrow(SQL.lock_credential, credential_id, reseller["id"])
    if row is None:
        raise NotFoundError(f"reseller {code} has no credential {credential_id}")
    return row


async def _insert(
    connection: Connection, reseller_id: int, code: str, new: NewCredential, box: SecretBox
) -> IssuedCredential:
    secrets = _secrets(new)
    if new.dialect == "socx":
        key, shown, sealed = hash_token(secrets["token"]), "", box.seal({})
    else:
        key = shown = _key(new, code)
        sealed = box.seal(secrets)
    with database_errors_told():
        credential_id: int = await connection.fetchval(
            SQL.insert_credential, reseller_id, new.dialect, key, sealed, new.testing, new.label
        )
    return IssuedCredential(
        id=credential_id,
        dialect=new.dialect,
        key=shown,
        secrets=secrets,
        testing=new.testing,
        label=new.label,
    )


async def _replace_secrets(
    connection: Connection, old: Any, new: NewCredential, box: SecretBox
) -> IssuedCredential:
    if new.dialect == "socx":
        raise BadInputError("a socx token is its own key: rotate it without keep_key")
    secrets = _secrets(new)
    await connection.execute(SQL.replace_secrets, old["id"], box.seal(secrets))
    return IssuedCredential(
        id=old["id"],
        dialect=new.dialect,
        key=old["key"],
        secrets=secrets,
        testing=new.testing,
        label=new.label,
    )


def _secrets(new: NewCredential) -> dict[str, str]:
    names = SECRET_NAMES.get(new.dialect)
    if names is None:
        problem = f"one of {', '.join(SECRET_NAMES)}"
        raise BadInputError(f"no credentials for {new.dialect!r}", {"dialect": problem})
    if unknown := set(new.secrets) - set(names):
        raise BadInputError(f"{new.dialect} has no {', '.join(sorted(unknown))}")
    secrets = {name: new.secrets.get(name) or _random(name) for name in names}
    for name, value in secrets.items():
        # A | inside a signed field would make two requests have one signature.
        bad = "|" in value or value != value.strip() or not value.isprintable()
        if bad or len(value) > SECRET_CHARS_MAX:
            problem = f"no |, no spaces around it, at most {SECRET_CHARS_MAX} letters"
            raise BadInputError(f"{name}: {problem}", {f"secrets.{name}": problem})
    return secrets


def _random(name: str) -> str:
    if name == "pin":
        return f"{random.randbelow(1_000_000):06}"
    return generate_token()


def _key(new: NewCredential, code: str) -> str:
    made = f"{code[:20]}-{random.token_hex(3)}"
    if new.dialect == "otomax":
        key = (new.key.strip() or made).upper()
        fine = _MEMBER.fullmatch(key)
    else:
        key = new.key.strip() or f"api_{random.token_hex(8)}"
        fine = _API_ID.fullmatch(key)
    if not fine:
        problem = "letters, digits, . _ and - only"
        raise BadInputError(f"the key has {problem}", {"key": problem})
    return key
