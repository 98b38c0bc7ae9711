"""A reseller as this node knows it, and the addresses it may call from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

import msgspec

from gerbang.dialects.contract import ResellerView

ADDRESSES_REMEMBERED_MAX: Final = 256


class AddressInvalidError(ValueError):
    """An address list holds something that is no address and no network."""


class AddressList:
    """Networks in CIDR that a reseller may call from; remembers its latest answers."""

    def __init__(self, networks: Iterable[str]) -> None:
        """Read the networks. Raises AddressInvalidError."""
        self._networks = tuple(_network(text) for text in networks)
        self._answers: dict[str, bool] = {}

    def __len__(self) -> int:
        return len(self._networks)

    def __contains__(self, client_ip: str) -> bool:
        known = self._answers.get(client_ip)
        if known is None:
            known = self._look(client_ip)
            if len(self._answers) >= ADDRESSES_REMEMBERED_MAX:
                self._answers.clear()
            self._answers[client_ip] = known
        return known

    def _look(self, client_ip: str) -> bool:
        try:
            address = ip_address(client_ip)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)


def _network(text: str) -> IPv4Network | IPv6Network:
    """Read one network; host bits behind a mask are forgiven, as firewalls do."""
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise AddressInvalidError(f"{text!r} is not an address or a network in CIDR") from error


class Reseller(msgspec.Struct, frozen=True, kw_only=True):
    """What the core knows of a reseller; `view` is the part a dialect may see.

    Limits of 0 mean the installation's default. `status` is active, suspended or closed.
    """

    view: ResellerView
    receivable_account_id: int
    price_list_id: int
    addresses: AddressList
    dialects: frozenset[str]
    callback_url: str
    callback_format: str
    callback_secret: str
    live: bool
    late_success_paid_by: str
    requests_per_second_max: int
    concurrent_requests_max: int
    orders_per_day_max: int

    @property
    def id(self) -> int:
        """Its id."""
        return self.view.id

    @property
    def code(self) -> str:
        """Its code."""
        return self.view.code

    @property
    def account_id(self) -> int:
        """The account of its balance."""
        return self.view.account_id

    @property
    def status(self) -> str:
        """Whether it may trade."""
        return self.view.status

    @property
    def settings(self) -> Mapping[str, Any]:
        """Its settings for dialects and routes."""
        return self.view.settings


def reseller_from_row(row: Mapping[str, Any], callback_secret: str) -> Reseller:
    """Read a reseller of the database. Raises AddressInvalidError."""
    addresses = AddressList(row["allowed_ips"])
    return Reseller(
        view=ResellerView(
            id=row["id"],
            code=row["code"],
            name=row["name"],
            status=row["status"],
            account_id=row["account_id"],
            settings=row["settings"],
            pending_reply_wait_ms=row["reply_wait_ms"],
            has_address_list=len(addresses) > 0,
        ),
        receivable_account_id=row["receivable_account_id"],
        price_list_id=row["price_list_id"],
        addresses=addresses,
        dialects=frozenset(row["dialects"]),
        callback_url=row["callback_url"],
        callback_format=row["callback_format"],
        callback_secret=callback_secret,
        live=row["live"],
        late_success_paid_by=row["late_success_paid_by"],
        requests_per_second_max=row["requests_per_second_max"],
        concurrent_requests_max=row["concurrent_requests_max"],
        orders_per_day_max=row["orders_per_day_max"],
    )
