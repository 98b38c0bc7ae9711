"""Which addresses we may connect to, and a resolver that gives no others.

The resolved address is the one connected to, so a name cannot change its mind in between. aiohttp
asks no resolver about literal addresses; `socket_factory` sees every address at the last moment,
however it was found.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any, Final

import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_METADATA: Final[frozenset[Address]] = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd20:ce::254",
    )
)
"""Where clouds hand out credentials; some look private, one looks public."""

_CARRIER_GRADE_NAT: Final = IPv4Network("100.64.0.0/10")
_PRIVATE_V6: Final = IPv6Network("fc00::/7")
_GLOBAL_V6: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_EMBEDDING_V6: Final = (
    (IPv6Network("::ffff:0:0/96"), "an IPv4 address in IPv6 clothes"),
    (IPv6Network("2002::/16"), "6to4"),
    (IPv6Network("2001::/32"), "Teredo"),
)


class AddressRefusedError(OSError):
    """The address may not be connected to."""

    def __init__(self, address: str, why: str) -> None:
        """Say which address, and why not."""
        super().__init__(f"address refused: {address} ({why})")
        self.address = address
        self.why = why


class AddressPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What may be connected to.

    Public addresses always. `allow_private` adds private, loopback and carrier-grade NAT networks,
    never link-local, metadata or multicast; `networks` (CIDR texts) adds exactly those networks,
    whatever they are.
    """

    allow_private: bool = False
    networks: tuple[str, ...] = ()

    def refusal(self, address: str) -> str | None:
        """Say why `address` may not be connected to; None means that it may."""
        return _refusal(self, address)


PUBLIC_ONLY: Final = AddressPolicy()


@lru_cache(maxsize=4096)
def _refusal(policy: AddressPolicy, text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "not an address"
    if any(address in network for network in _networks(policy.networks)):
        return None
    return _refusal_of(address, policy)


@lru_cache(maxsize=256)
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


def _refusal_of(address: Address, policy: AddressPolicy) -> str | None:
    never = _never(address)
    if never is not None:
        return never
    if isinstance(address, IPv6Address) and address in _NAT64:
        return _refusal_of(IPv4Address(int(address) & 0xFFFFFFFF), policy)
    if _is_house_internal(address):
        return None if policy.allow_private else _internal_word(address)
    if not address.is_global or (isinstance(address, IPv6Address) and address not in _GLOBAL_V6):
        return "reserved"
    return None


def _never(address: Address) -> str | None:
    """Name what is refused even where private addresses are allowed."""
    if address in _METADATA:
        return "a cloud's metadata service"
    if address.is_unspecified:
        return "unspecified"
    if address.is_multicast:
        return "multicast"
    if address.is_link_local:
        return "link-local"
    if isinstance(address, IPv6Address):
        return next((word for network, word in _EMBEDDING_V6 if address in network), None)
    return None


def _is_house_internal(address: Address) -> bool:
    if address.is_loopback or address in _CARRIER_GRADE_NAT or address in _PRIVATE_V6:
        return True
    return any(address in network for network in _PRIVATE_V4)


_PRIVATE_V4: Final = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
)


def _internal_word(address: Address) -> str:
    if address.is_loopback:
        return "loopback"
    return "carrier-grade NAT" if address in _CARRIER_GRADE_NAT else "private"


# --- resolving -----------------------------------------------------------------------------------


class PolicyResolver(AbstractResolver):
    """Resolve names in threads of its own and leave out addresses the policy refuses.

    Own threads, because a reseller's hanging name server must not delay a supplier's name.
    """

    def __init__(self, policy: AddressPolicy, *, threads_max: int) -> None:
        """Refuse by `policy`; at most `threads_max` names are looked up at a time."""
        self._policy = policy
        self._threads = ThreadPoolExecutor(threads_max, thread_name_prefix="resolve")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Give the allowed addresses of a name; AddressRefusedError when none is left."""
        look_up = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        return allowed_results(self._policy, host, port, addresses=[row[4][0] for row in found])

    async def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def allowed_results(
    policy: AddressPolicy, host: str, port: int, *, addresses: list[Any]
) -> list[ResolveResult]:
    """Keep what the policy allows; raise AddressRefusedError when nothing is left."""
    refused: AddressRefusedError | None = None
    results: list[ResolveResult] = []
    for address in dict.fromkeys(str(item) for item in addresses):
        why = policy.refusal(address)
        if why is None:
            results.append(_result(host, port, address))
        else:
            refused = AddressRefusedError(address, why)
    if results:
        return results
    raise refused or OSError(f"no address for {host}")


def _result(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=family,
        proto=0,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


def socket_factory(policy: AddressPolicy) -> Callable[[Any], socket.socket]:
    """Make sockets only for allowed addresses: the last check before connecting."""

    def make(info: Any) -> socket.socket:
        family, kind, proto, _, peer = info
        why = policy.refusal(str(peer[0]))
        if why is not None:
            raise AddressRefusedError(str(peer[0]), why)
        made = socket.socket(family, kind, proto)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    return make
