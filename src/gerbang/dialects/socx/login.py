"""Who asks, in SocX: a token in the header, or weaker ways where a reseller has them enabled."""

from __future__ import annotations

from typing import Final

import msgspec

from gerbang.dialects.contract import Credential, Gateway, ResellerView
from gerbang.dialects.socx.spec import NAME
from gerbang.dialects.socx.wire import bearer_token, token_key
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import InboundRequest

WEAK_TOKEN: Final = "socx.weak_token"  # noqa: S105 (the name of a setting)
XML_IP_ONLY_AUTH: Final = "socx.xml_ip_only_auth"

NO_ACCESS: Final = frozenset(
    {
        Reason.ADDRESS_NOT_ALLOWED,
        Reason.DIALECT_NOT_ENABLED,
        Reason.UNKNOWN_CREDENTIAL,
        Reason.INVALID_SIGNATURE,
    }
)
"""Refused before anything is read; other reasons come after the idempotent lookup (§10)."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A reseller who has logged in; `late` is what refuses anything but a known order."""

    credential: Credential
    late: Reason | None


class Stranger(msgspec.Struct, frozen=True, kw_only=True):
    """A caller who has no access: 401 for a token, 403 for an address (§2)."""

    status: int
    reason: Reason
    message: str = ""


def log_in(
    gateway: Gateway, request: InboundRequest, *, weak_token: str = "", by_address: bool = False
) -> Caller | Stranger:
    """Find the caller: header first, then a weak token, then (XML only) the address alone."""
    credential = _find(gateway, request, weak_token, by_address=by_address)
    if isinstance(credential, Stranger):
        return credential
    access = gateway.check_access(credential, request.client_ip)
    if access in NO_ACCESS:
        return Stranger(status=403, reason=access)
    return Caller(credential=credential, late=access)


def _find(
    gateway: Gateway, request: InboundRequest, weak_token: str, *, by_address: bool
) -> Credential | Stranger:
    if token := bearer_token(request.header("authorization")):
        return gateway.find_credential(NAME, token_key(token)) or _unknown()
    if weak_token:
        found = gateway.find_credential(NAME, token_key(weak_token))
        return _only_if_enabled(found, WEAK_TOKEN)
    if by_address:
        found = gateway.find_credential(NAME, address_key(request.client_ip))
        return _only_if_enabled(found, XML_IP_ONLY_AUTH)
    return _unknown()


def address_key(client_ip: str) -> str:
    """Name the credential of an address; no token reaches it, because tokens are hashed."""
    return f"address:{client_ip}"


def _only_if_enabled(credential: Credential | None, setting: str) -> Credential | Stranger:
    # The same answer whether the token is wrong or not enabled here: a guess learns nothing.
    if credential is None or not _is_enabled(credential.reseller, setting):
        return _unknown("GAGAL, token salah atau token di luar header belum diaktifkan")
    return credential


def _is_enabled(reseller: ResellerView, setting: str) -> bool:
    """Weak ways to log in need the switch and an address list (§2)."""
    return reseller.settings.get(setting) is True and reseller.has_address_list


def _unknown(message: str = "") -> Stranger:
    return Stranger(status=401, reason=Reason.UNKNOWN_CREDENTIAL, message=message)
