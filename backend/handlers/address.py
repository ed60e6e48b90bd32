"""Where a request comes from: a forwarded address is believed only from a configured proxy."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network

from backend.settings import Network


def client_address(peer: str, forwarded_for: Sequence[str], trusted: Sequence[Network]) -> str:
    """The address of the client, given the peer of the connection and the lines of X-Forwarded-For.

    Each trusted proxy vouches for the address to the left of its own: the first one that is not trusted is the client.
    What is no address ends the chain at the proxy that passed it on.
    """
    client = peer
    hops = [hop.strip() for line in forwarded_for for hop in line.split(",")]
    while hops and within(client, trusted):
        hop = hops.pop()
        if not _is_address(hop):
            break
        client = hop
    return client


def within(address: str, networks: Sequence[Network]) -> bool:
    """Whether the address lies in one of the networks; what is no address (a Unix socket's peer) lies in none."""
    if not networks or not _is_address(address):
        return False
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks)


def limit_key(address: str) -> str:
    """What one client is limited by: an IPv4 address, or the /64 network that an IPv6 client picks addresses from."""
    if ":" not in address or not _is_address(address):
        return address
    return str(ip_network(f"{address.partition('%')[0]}/64", strict=False))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
