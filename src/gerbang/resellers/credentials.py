"""Issue, rotate and revoke the credentials of resellers. Secrets are given once and kept sealed."""

from __future__ import annotations

import re
import secrets as random
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from gerbang.audit import write_audit
from gerbang.dialects.credential_form import PIN, TOKEN, CredentialForm
from gerbang.dialects.names import credential_forms
from gerbang.errors import BadInputError, ConflictError, NotFoundError, database_errors_told
from gerbang.postgres.pool import Connection
from gerbang.resellers.admin import SQL, find_reseller
from gerbang.secrets_box import SecretBox, generate_token, hash_token

OVERLAP_S: Final = 86_400
SECRET_CHARS_MAX: Final = 200


class NewCredential(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to issue. Key and secrets are made when not given; the dialect says which there are."""

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
    form = _form(new.dialect)
    secrets = _secrets(new, form)
    if form.key_is_secret:
        kept = {name: secrets[name] for name, _ in form.secrets}
        key, shown, sealed = hash_token(secrets[form.key_name]), "", box.seal(kept)
    else:
        key = shown = _key(new, form, code)
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
    form = _form(new.dialect)
    if form.key_is_secret:
        problem = f"a {new.dialect} {form.key_name} is its own key: rotate it without keep_key"
        raise BadInputError(problem)
    secrets = _secrets(new, form)
    await connection.execute(SQL.replace_secrets, old["id"], box.seal(secrets))
    return IssuedCredential(
        id=old["id"],
        dialect=new.dialect,
        key=old["key"],
        secrets=secrets,
        testing=new.testing,
        label=new.label,
    )


def _form(dialect: str) -> CredentialForm:
    forms = credential_forms()
    if dialect not in forms:
        problem = f"one of {', '.join(forms)}"
        raise BadInputError(f"no credentials for {dialect!r}", {"dialect": problem})
    return forms[dialect]


def _secrets(new: NewCredential, form: CredentialForm) -> dict[str, str]:
    if unknown := set(new.secrets) - set(form.given_once):
        raise BadInputError(f"{new.dialect} has no {', '.join(sorted(unknown))}")
    kinds = dict(form.secrets)
    secrets = {
        name: new.secrets.get(name) or _random(kinds.get(name, TOKEN)) for name in form.given_once
    }
    for name, value in secrets.items():
        # A | inside a signed field would make two requests have one signature.
        bad = "|" in value or value != value.strip() or not value.isprintable()
        if bad or len(value) > SECRET_CHARS_MAX:
            problem = f"no |, no spaces around it, at most {SECRET_CHARS_MAX} letters"
            raise BadInputError(f"{name}: {problem}", {f"secrets.{name}": problem})
    return secrets


def _random(kind: str) -> str:
    if kind == PIN:
        return f"{random.randbelow(1_000_000):06}"
    return generate_token()


def _key(new: NewCredential, form: CredentialForm, code: str) -> str:
    prefix = form.key_prefix
    made = f"{prefix}{random.token_hex(8)}" if prefix else f"{code[:20]}-{random.token_hex(3)}"
    key = new.key.strip() or made
    key = key.upper() if form.key_upper else key
    if not re.fullmatch(form.key_pattern, key):
        problem = "letters, digits, . _ and - only"
        raise BadInputError(f"the key has {problem}", {"key": problem})
    return key
