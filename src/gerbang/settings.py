"""Every setting and limit of a node, with its unit in its name.

Read from ``gerbang.toml`` (table ``[gerbang]``) and overridden by the environment: the setting
``callback_attempts_max`` is ``GERBANG_CALLBACK_ATTEMPTS_MAX``.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One node's settings."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8080
    """Port to listen on; 0 takes a free one."""
    port_shared: bool = False
    """Listen together with other processes on the same port; ``serve --workers`` sets it."""
    data_dir: str = "./var"
    """Folder of the embedded database, the secret key and demo.json."""
    database_url: str = ""
    """Your own PostgreSQL (15 or newer); empty starts the embedded one."""
    secret_key: str = ""
    """Base64 of 32 bytes that seal credentials; empty uses DATA_DIR/secret.key."""
    public_url: str = ""
    """How resellers and suppliers reach this gateway; empty means http://host:port."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks whose X-Forwarded-For is believed."""
    callback_source_ip: str = ""
    """Fixed local address that callbacks are sent from; resellers allow it in their firewall."""
    callback_private_addresses_allowed: bool = False
    """Whether callbacks may go to private or loopback addresses."""
    supplier_private_addresses_allowed: bool = True
    """Whether suppliers may live on private addresses (many do, behind a VPN)."""
    callback_attempts_max: int = 12
    callback_timeout_ms: int = 10_000
    callback_host_concurrency_max: int = 8
    callback_concurrency_max: int = 256
    lane_workers: int = 2
    lane_batch_writes_max: int = 256
    lane_queue_writes_max: int = 20_000
    request_deadline_ms: int = 10_000
    """How long a reseller's request may wait for its commit."""
    held_replies_max: int = 50
    """How many replies of one reseller may wait for a final result; more answer pending at once."""
    requests_per_second_max: int = 0
    """Default limit per reseller; 0 is none."""
    concurrent_requests_max: int = 1_000
    """Default limit per reseller."""
    orders_per_day_max: int = 0
    """Default limit per reseller and WIB day; 0 is none."""
    order_attempts_max: int = 5
    """How many suppliers one order may be tried at."""
    order_deadline_s: int = 0
    """So long after it was placed an order may be tried at another supplier; 0 is no limit."""
    two_persons_for: tuple[str, ...] = ()
    """What needs a second person: decisions (of unknown orders), corrections (of the ledger)."""
    deposit_amount_min: int = 10_000
    """Rupiah that a deposit ticket may ask for at least."""
    deposit_amount_max: int = 500_000_000
    """Rupiah that a deposit ticket may ask for at most."""
    deposit_fee: int = 0
    """Rupiah that a ticket asks for on top, for us."""
    deposit_unique_max: int = 999
    """Unique digits of tickets are 1 to this: so many resellers may deposit the same amount."""
    deposit_ticket_valid_s: int = 86_400
    """How long a deposit ticket is open."""
    deposit_unpaid_tickets_max: int = 100
    """Tickets of one reseller that are open, or closed unpaid within seven days."""
    bill_inquiry_valid_s: int = 300
    """How long a bill that was shown may be paid."""
    bill_inquiry_timeout_ms: int = 15_000
    """How long one supplier may take to answer an inquiry."""
    bill_inquiry_deadline_ms: int = 25_000
    """How long a reseller's inquiry may take at all suppliers together."""
    bill_inquiry_suppliers_max: int = 3
    """How many suppliers one inquiry may ask."""
    bill_inquiries_concurrent_max: int = 32
    """Inquiries that may be on the wire to one supplier at a time; more wait."""
    bill_look_again_after_s: int = 240
    """From this age on a bill is looked at once more before it is paid."""
    card_deposit_imid: str = ""
    """The merchant that resellers' deposits by card are charged through; empty offers none."""
    dispatch_concurrency_max: int = 2_000
    dispatch_paused: bool = False
    """Accept orders but send nothing, for maintenance at suppliers (and for benchmarks)."""
    poll_interval_ms: int = 250
    cache_refresh_ms: int = 400
    supplier_idle_reuse_ms_max: int = 1_000
    float_read_interval_s: int = 60
    """How often each supplier is asked for our balance there; 0 never asks."""
    float_tolerance: int = 0
    """Rupiah by which a supplier's word may differ from our ledger; ``float.tolerance`` of one."""
    float_difference_readings_min: int = 3
    """So many questions in a row must differ before a case is opened."""
    session_idle_s: int = 28_800
    """How long a signed-in browser may be silent."""
    session_s_max: int = 604_800
    """How long a session lasts at most, however busy."""
    sign_in_failures_max: int = 5
    """Wrong passwords or codes of one name from one address before it has to wait."""
    sign_in_window_s: int = 900
    """How long wrong ones are counted, and how long it has to wait."""
    complaint_answer_s: int = 86_400
    """How soon a person must answer a reseller's complaint about an order."""
    log_level: str = "info"
    log_format: str = "auto"
    """json, console, or auto (console on a terminal)."""
    maintenance: bool = False
    """Refuse new orders with the dialect's *maintenance*; known references still answer."""


class UnknownSettingError(Exception):
    """A setting of that name does not exist."""


def load_settings(
    path: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Read the file, then the environment, then `overrides` (command line); later ones win."""
    values: dict[str, Any] = {}
    if path is None and Path("gerbang.toml").is_file():
        path = Path("gerbang.toml")
    if path is not None:
        values.update(tomllib.loads(path.read_text()).get("gerbang", {}))
    values.update(_from_environment(os.environ if environ is None else environ))
    values.update({k: v for k, v in (overrides or {}).items() if v is not None})
    unknown = values.keys() - set(Settings.__struct_fields__)
    if unknown:
        msg = f"unknown setting: {', '.join(sorted(unknown))}"
        raise UnknownSettingError(msg)
    return msgspec.convert(values, Settings, strict=False)


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in Settings.__struct_fields__:
        text = environ.get(f"GERBANG_{name.upper()}")
        if text is None:
            continue
        is_list = name in {"trusted_proxies", "two_persons_for"}
        values[name] = tuple(filter(None, text.split(","))) if is_list else text
    return values
