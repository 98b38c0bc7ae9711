"""The one buyer that a fake supplier knows, in the form its dialect wants."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from gerbang.dialects.contract import Credential, ResellerView


class BadCredentialError(ValueError):
    """The credential lacks what its dialect needs."""


def make_credential(dialect: str, members: Mapping[str, str]) -> Credential:
    """Make the one credential that a fake supplier accepts, from its JSON."""
    key_name, secret_names = {
        "socx": ("token", ()),
        "isikuota": ("api_id", ("api_key", "secret_key")),
        "otomax": ("memberID", ("pin", "password")),
    }[dialect]
    missing = [name for name in (key_name, *secret_names) if not members.get(name)]
    if missing:
        raise BadCredentialError(f"the {dialect} credential needs {', '.join(missing)}")
    key = str(members[key_name])
    if dialect == "socx":
        key = hashlib.sha256(key.encode()).hexdigest()
    settings = {"otomax.slug": members["slug"]} if "slug" in members else {}
    return Credential(
        id=1,
        reseller=_buyer(settings),
        dialect=dialect,
        key=key.upper() if dialect == "otomax" else key,
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
