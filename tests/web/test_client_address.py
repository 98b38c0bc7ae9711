"""Who calls: headers count only from our proxies, read from the right."""

from __future__ import annotations

import pytest

from gerbang.web.client_address import ClientAddress

PROXIES = ("10.0.0.0/8", "fd00::/8")


def found(peer: str, *forwarded: str, proxies: tuple[str, ...] = PROXIES) -> str:
    headers = [(b"x-forwarded-for", text.encode()) for text in forwarded]
    return ClientAddress(proxies).find(peer, [(b"host", b"gerbang"), *headers])


def test_nobody_but_a_trusted_proxy_says_who_calls() -> None:
    assert found("203.0.113.9", "198.51.100.1") == "203.0.113.9"
    assert found("10.0.0.1", "198.51.100.1", proxies=()) == "10.0.0.1"
    assert found("10.0.0.1", "198.51.100.1") == "198.51.100.1"


@pytest.mark.parametrize(
    "forwarded",
    [
        ("1.2.3.4, 198.51.100.1",),
        ("1.2.3.4, 198.51.100.1, 10.0.0.7",),
        ("1.2.3.4", "198.51.100.1", "10.0.0.7"),
        ("::ffff:198.51.100.1, ::ffff:10.0.0.7",),
    ],
)
def test_the_last_address_that_is_no_proxy_counts_whatever_the_caller_wrote_before_it(
    forwarded: tuple[str, ...],
) -> None:
    assert found("10.0.0.1", *forwarded) == "198.51.100.1"


def test_an_unreadable_header_leaves_the_proxy_and_no_header_too() -> None:
    assert found("10.0.0.1", "198.51.100.1, unknown") == "10.0.0.1"
    assert found("10.0.0.1") == "10.0.0.1"
    assert found("10.0.0.1", "10.0.0.2") == "10.0.0.1"


def test_an_ipv4_address_in_ipv6_clothes_is_the_ipv4_address() -> None:
    assert found("::ffff:10.0.0.1", "198.51.100.1") == "198.51.100.1"
    assert found("::ffff:203.0.113.9") == "203.0.113.9"
    assert found("2001:db8::1") == "2001:db8::1"
    assert found("::1") == "::1"
