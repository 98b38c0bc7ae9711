"""The one buyer that a fake supplier knows, in the form its dialect wants."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from gerbang.dialects.contract import Credential, ResellerView
from gerbang.dialects.names import credential_forms, own_addresses


class BadCredentialError(ValueError):
    """The credential lacks what its dialect needs."""


def make_credential(dialect: str, members: Mapping[str, str]) -> Credential:
    """Make the one credential that a fake supplier accepts, from its JSON."""
    form = credential_forms()[dialect]
    secret_names = [name for name, _ in form.secrets]
    missing = [name for name in (form.key_name, *secret_names) if not members.get(name)]
    if missing:
        raise BadCredentialError(f"the {dialect} credential needs {', '.join(missing)}")
    key = str(members[form.key_name])
    if form.key_is_secret:
        key = hashlib.sha256(key.encode()).hexdigest()
    address = own_addresses().get(dialect)
    settings = {address: members["slug"]} if address and "slug" in members else {}
    return Credential(
        id=1,
        reseller=_buyer(settings),
        dialect=dialect,
        key=key.upper() if form.key_upper else key,
        secrets={name: str(members[name]) for name in secret_names},
        testing=False,
    )


def _buyer(settings: Mapping[str, Any]) -> ResellerView:
    return ResellerView(
        id=1,
        code="GERBANG",
        name="Gerbang",
        status="active",
        account_id=1,
        settings=settings,
        pending_reply_wait_ms={},
        has_address_list=True,
    )
