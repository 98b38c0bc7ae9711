"""A stored credential as this node knows it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from gerbang.dialects.contract import Credential, ResellerView


class StoredCredential(msgspec.Struct, frozen=True, kw_only=True):
    """A credential with what decides whether it still holds."""

    credential: Credential
    expires_at: datetime | None
    revoked: bool

    def of(self, reseller: ResellerView) -> StoredCredential:
        """Give the same credential with the reseller as it is now."""
        credential = msgspec.structs.replace(self.credential, reseller=reseller)
        return msgspec.structs.replace(self, credential=credential)

    def holds(self, at: datetime) -> bool:
        """Tell whether it lets anybody in at a moment."""
        return not self.revoked and (self.expires_at is None or at < self.expires_at)


def credential_from_row(
    row: Mapping[str, Any], reseller: ResellerView, secrets: Mapping[str, str]
) -> StoredCredential:
    """Read a credential of the database, with its secrets unsealed."""
    return StoredCredential(
        credential=Credential(
            id=row["id"],
            reseller=reseller,
            dialect=row["dialect"],
            key=row["key"],
            secrets=secrets,
            testing=row["testing"],
        ),
        expires_at=row["expires_at"],
        revoked=row["revoked_at"] is not None,
    )
