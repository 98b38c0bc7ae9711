"""Which addresses may be connected to."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gerbang.outbound.addresses import (
    PUBLIC_ONLY,
    AddressPolicy,
    AddressRefusedError,
    PolicyResolver,
    allowed_results,
    socket_factory,
)

LOCAL = AddressPolicy(allow_private=True)

PUBLIC = ["8.8.8.8", "103.28.12.1", "2606:4700:4700::1111", "64:ff9b::808:808"]
INTERNAL = {
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "::1": "loopback",
    "10.0.0.1": "private",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.168.1.1": "private",
    "fd12:3456::1": "private",
    "100.64.0.1": "carrier-grade NAT",
    "64:ff9b::a00:1": "private",
}
NEVER = {
    "169.254.169.254": "a cloud's metadata service",
    "100.100.100.200": "a cloud's metadata service",
    "168.63.129.16": "a cloud's metadata service",
    "fd00:ec2::254": "a cloud's metadata service",
    "64:ff9b::a9fe:a9fe": "a cloud's metadata service",
    "169.254.1.1": "link-local",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "0.0.0.0": "unspecified",  # noqa: S104 (refused, not bound)
    "::": "unspecified",
    "224.0.0.1": "multicast",
    "ff02::1": "multicast",
    "::ffff:127.0.0.1": "an IPv4 address in IPv6 clothes",
    "::ffff:8.8.8.8": "an IPv4 address in IPv6 clothes",
    "2002:7f00:1::": "6to4",
    "2001:0:4136:e378::1": "Teredo",
    "255.255.255.255": "reserved",
    "0.1.2.3": "reserved",
    "240.0.0.1": "reserved",
    "192.0.2.1": "reserved",
    "198.18.0.1": "reserved",
    "fec0::1": "reserved",
    "::7f00:1": "reserved",
    "2130706433": "not an address",
    "0177.0.0.1": "not an address",
    "localhost": "not an address",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert PUBLIC_ONLY.refusal(address) is None


@pytest.mark.parametrize("address", INTERNAL)
def test_internal_addresses_are_allowed_only_where_the_operator_says_so(address: str) -> None:
    assert PUBLIC_ONLY.refusal(address) == INTERNAL[address]
    assert LOCAL.refusal(address) is None


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_refused_even_where_private_ones_are_allowed(address: str) -> None:
    assert PUBLIC_ONLY.refusal(address) == NEVER[address]
    assert LOCAL.refusal(address) == NEVER[address]


def test_a_listed_network_is_allowed_and_nothing_beside_it() -> None:
    policy = AddressPolicy(networks=("10.5.0.0/16", "169.254.169.254", "fd00::/8"))
    assert policy.refusal("10.5.9.9") is None
    assert policy.refusal("169.254.169.254") is None
    assert policy.refusal("fd00::1") is None
    assert policy.refusal("10.6.0.1") == "private"


@given(st.ip_addresses(v=4))
def test_whatever_is_allowed_to_strangers_is_a_global_unicast_address(
    address: ipaddress.IPv4Address,
) -> None:
    if PUBLIC_ONLY.refusal(str(address)) is None:
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=4))
def test_no_ipv6_form_lets_an_address_in_that_its_plain_form_does_not(
    address: ipaddress.IPv4Address,
) -> None:
    forms = (
        f"::ffff:{address}",
        f"::{address}",
        f"64:ff9b::{address}",
        str(ipaddress.IPv6Address((0x2002 << 112) | (int(address) << 80))),
    )
    if PUBLIC_ONLY.refusal(str(address)) is not None:
        assert all(PUBLIC_ONLY.refusal(form) is not None for form in forms)


def test_of_a_mixed_answer_only_the_allowed_addresses_are_kept() -> None:
    found = ["10.0.0.1", "8.8.8.8", "8.8.8.8", "::1"]
    results = allowed_results(PUBLIC_ONLY, "mixed.example", 80, addresses=found)
    assert [row["host"] for row in results] == ["8.8.8.8"]


async def test_the_resolver_refuses_a_name_of_which_no_address_is_allowed() -> None:
    resolver = PolicyResolver(PUBLIC_ONLY, threads_max=1)
    with pytest.raises(AddressRefusedError, match="loopback"):
        await resolver.resolve("localhost", 80)
    await resolver.close()


def test_no_socket_is_made_for_a_refused_address() -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 80))
    with pytest.raises(AddressRefusedError):
        socket_factory(PUBLIC_ONLY)(info)
    socket_factory(LOCAL)(info).close()
