"""Forwarded addresses are believed from configured proxies only, and limits count by what one client holds."""

from ipaddress import ip_network

import pytest

from backend.errors import TooManyRequests
from backend.handlers.address import client_address, limit_key, within
from backend.handlers.limits import BURST_SECONDS, Buckets

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("1.2.3.4", [], "1.2.3.4"),
        ("1.2.3.4", ["9.9.9.9"], "1.2.3.4"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["9.9.9.9"], "9.9.9.9"),
        ("10.0.0.1", ["6.6.6.6, 9.9.9.9"], "9.9.9.9"),
        ("10.0.0.1", ["6.6.6.6", "9.9.9.9, 10.0.0.2"], "9.9.9.9"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["9.9.9.9, junk"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("fd00::1", ["2001:db8::1"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["9.9.9.9"], "9.9.9.9"),
        ("", ["9.9.9.9"], ""),
    ],
)
def test_client_address(peer: str, forwarded: list[str], client: str) -> None:
    assert client_address(peer, forwarded, PROXIES) == client


def test_without_proxies_nothing_is_believed() -> None:
    assert client_address("127.0.0.1", ["9.9.9.9"], ()) == "127.0.0.1"


def test_within() -> None:
    loopback = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert within("127.0.0.1", loopback) and within("::1", loopback) and within("::ffff:127.0.0.1", loopback)
    assert not within("10.0.0.1", loopback) and not within("", loopback)


def test_an_ipv6_client_is_its_network() -> None:
    assert limit_key("2001:db8:1:2:3:4:5:6") == limit_key("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert limit_key("2001:db8:1:3::9") != limit_key("2001:db8:1:2::9")
    assert limit_key("1.2.3.4") == "1.2.3.4"


def test_a_bucket_fills_again() -> None:
    time = 0.0
    buckets = Buckets(rate=2, now=lambda: time)
    for _ in range(2 * BURST_SECONDS):
        buckets.take("a")
    with pytest.raises(TooManyRequests) as refused:
        buckets.take("a")
    assert refused.value.headers == {"Retry-After": "1"}
    buckets.take("b")
    time = 0.5
    buckets.take("a")
    with pytest.raises(TooManyRequests):
        buckets.take("a")
    time = 1000.0
    for _ in range(2 * BURST_SECONDS):
        buckets.take("a")
    with pytest.raises(TooManyRequests):
        buckets.take("a")


def test_a_slow_rate_says_how_long_to_wait() -> None:
    buckets = Buckets(rate=0.1, now=lambda: 0.0)
    buckets.take("a")
    with pytest.raises(TooManyRequests) as refused:
        buckets.take("a")
    assert refused.value.headers == {"Retry-After": "10"}


def test_no_limit_is_no_limit() -> None:
    buckets = Buckets(rate=0)
    for _ in range(10_000):
        buckets.take("a")


def test_many_addresses_take_bounded_memory() -> None:
    time = 0.0
    buckets = Buckets(rate=1, now=lambda: time)
    for number in range(100_000):
        time += 0.001
        buckets.take(str(number))
        assert len(buckets._left) <= 20_001
