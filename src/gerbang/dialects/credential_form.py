"""What a reseller's credential is made of, in one dialect."""

from __future__ import annotations

from typing import Final

import msgspec

TOKEN: Final = "token"  # noqa: S105 (a kind of secret)
PIN: Final = "pin"


class CredentialForm(msgspec.Struct, frozen=True, kw_only=True):
    """Which fields a credential has, and which of them finds it on the wire.

    `key_name` is the field that finds it. A `key_is_secret` key is a generated token, given once
    and kept as its SHA-256 only: `Gateway.find_credential` is then asked for that. Other keys are
    readable, match `key_pattern` and are made as `key_prefix` and random hex when not given (an
    empty prefix: the reseller's code). `secrets` are sealed beside the key: name and kind,
    `TOKEN` or six digits, `PIN`. Where the protocol has no header for it, a testing credential
    shows itself by HTTP Basic: its key, and the secret called `proof`. A token shows itself.
    """

    key_name: str
    key_is_secret: bool = False
    key_pattern: str = r"[A-Za-z0-9._-]{3,64}"
    key_prefix: str = ""
    key_upper: bool = False
    secrets: tuple[tuple[str, str], ...] = ()
    proof: str = ""

    @property
    def given_once(self) -> tuple[str, ...]:
        """Names of what is shown when it is issued and never again."""
        names = tuple(name for name, _ in self.secrets)
        return (self.key_name, *names) if self.key_is_secret else names
