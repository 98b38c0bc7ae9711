"""Who may call: dialect, address list, status, rate and concurrency, in this order."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gerbang.dialects.contract import ResellerView
from gerbang.orders.reasons import Reason
from gerbang.resellers.access import REQUESTS_BURST_S, Gatekeeper, TokenBucket, refuse_address
from gerbang.resellers.reseller import AddressInvalidError, Reseller, read_networks

HERE = "203.0.113.7"


def reseller(*addresses: str, status: str = "active", **changes: Any) -> Reseller:
    networks = read_networks(addresses)
    values: dict[str, Any] = {
        "receivable_account_id": 2,
        "price_list_id": 1,
        "networks": networks,
        "dialects": frozenset({"isikuota", "otomax"}),
        "callback_url": "",
        "callback_format": "auto",
        "callback_secret": "",
        "live": True,
        "late_success_paid_by": "us",
        "requests_per_second_max": 0,
        "concurrent_requests_max": 0,
        "orders_per_day_max": 0,
        "settings": {},
    }
    view = ResellerView(
        id=1,
        code="DEMO",
        name="Demo",
        status=status,
        account_id=1,
        settings={},
        pending_reply_wait_ms={},
        has_address_list=bool(networks),
    )
    return Reseller(view=view, **{**values, **changes})


def gatekeeper(rate: int = 0, concurrent: int = 0) -> Gatekeeper:
    return Gatekeeper(
        weak_dialects={"otomax"},
        requests_per_second_max=rate,
        concurrent_requests_max=concurrent,
    )


def test_an_empty_list_admits_every_address_to_a_strong_dialect() -> None:
    assert gatekeeper().check(reseller(), "isikuota", HERE) is None


def test_an_empty_list_admits_nobody_to_a_weak_dialect() -> None:
    refusal = gatekeeper().check(reseller(), "otomax", HERE)
    assert refusal is Reason.ADDRESS_NOT_ALLOWED
    assert gatekeeper().check(reseller(HERE), "otomax", HERE) is None


def test_a_dialect_must_be_enabled_whatever_the_address() -> None:
    refusal = gatekeeper().check(reseller(HERE), "socx", HERE)
    assert refusal is Reason.DIALECT_NOT_ENABLED


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_who_is_suspended_or_closed_is_refused_after_the_address(status: str) -> None:
    gate = gatekeeper()
    assert gate.check(reseller(status=status), "isikuota", HERE) is Reason.RESELLER_SUSPENDED
    stranger = gate.check(reseller("198.51.100.1", status=status), "isikuota", HERE)
    assert stranger is Reason.ADDRESS_NOT_ALLOWED


@given(st.ip_addresses(v=4), st.ip_addresses(v=4), st.integers(0, 32))
def test_an_address_is_allowed_exactly_when_it_is_in_the_network(
    network: Any, client: Any, length: int
) -> None:
    text = f"{network}/{length}"
    refusal = refuse_address(reseller(text), str(client), weak_dialect=True)
    assert (refusal is None) == (client in ip_network(text, strict=False))


@given(st.ip_addresses(v=4))
def test_an_ipv4_caller_on_an_ipv6_socket_is_the_same_caller(client: Any) -> None:
    allowed = reseller(str(client))
    assert refuse_address(allowed, f"::ffff:{client}", weak_dialect=True) is None


@given(st.text(max_size=40))
def test_what_is_no_address_is_never_allowed_and_never_an_exception(text: str) -> None:
    everybody = reseller("0.0.0.0/0", "::/0")
    try:
        ip_address(text)
    except ValueError:
        refusal = refuse_address(everybody, text, weak_dialect=False)
        assert refusal is Reason.ADDRESS_NOT_ALLOWED


def test_a_list_forgives_host_bits_and_refuses_what_is_no_network() -> None:
    assert str(read_networks([" 10.0.0.5/24 "])[0]) == "10.0.0.0/24"
    with pytest.raises(AddressInvalidError, match="example"):
        read_networks(["example.com"])


@given(
    st.integers(1, 50),
    st.lists(st.floats(0, 0.5, allow_nan=False), min_size=1, max_size=300),
)
def test_in_any_stretch_of_time_no_more_pass_than_the_rate_and_one_burst(
    rate: int, pauses: list[float]
) -> None:
    bucket, now, passed = TokenBucket(), 100.0, []
    for pause in pauses:
        now += pause
        if bucket.take(rate, now):
            passed.append(now)
    for at, first in enumerate(passed):
        for after, last in enumerate(passed[at:], 1):
            assert after <= rate * (last - first) + rate * REQUESTS_BURST_S + 1e-6


@given(st.integers(1, 1_000))
def test_who_keeps_to_the_rate_is_never_refused(rate: int) -> None:
    bucket = TokenBucket()
    assert all(bucket.take(rate, 5 + n / rate) for n in range(200))


def test_a_resellers_own_rate_wins_over_the_default() -> None:
    gate = gatekeeper(rate=1)
    own = reseller(requests_per_second_max=10)
    answers = [gate.check(own, "isikuota", HERE) for _ in range(20)]
    assert answers == [None] * 20
    assert gate.check(own, "isikuota", HERE) is Reason.RATE_LIMITED


def test_a_refused_stranger_uses_up_nobodys_rate() -> None:
    gate = gatekeeper(rate=1)
    own = reseller(HERE)
    for _ in range(10):
        gate.check(own, "isikuota", "198.51.100.9")
    assert gate.check(own, "isikuota", HERE) is None


def test_more_at_once_than_allowed_are_refused_until_one_ends() -> None:
    gate, own = gatekeeper(concurrent=2), reseller()
    gate.enter(1)
    gate.enter(1)
    assert gate.check(own, "isikuota", HERE) is Reason.RATE_LIMITED
    gate.leave(1)
    assert gate.check(own, "isikuota", HERE) is None
    gate.leave(1)


def test_who_proved_nothing_is_looked_at_without_using_up_the_rate() -> None:
    gate = gatekeeper(rate=1)
    own = reseller(HERE)
    for _ in range(10):
        assert gate.check(own, "isikuota", HERE, counted=False) is None
    assert gate.check(own, "isikuota", HERE) is None
    stranger = gate.check(own, "isikuota", "198.51.100.9", counted=False)
    assert stranger is Reason.ADDRESS_NOT_ALLOWED
