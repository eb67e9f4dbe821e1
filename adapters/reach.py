"""Which addresses no adapter may speak to, whatever a connection names: tenants enter addresses, our process dials."""

import asyncio
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

_denied: tuple[Network, ...] = ()


def deny(networks: Iterable[str]) -> None:
    """For this process, from now on. Raises ValueError for what is no network."""
    global _denied  # noqa: PLW0603 - one process has one place in its network
    _denied = tuple(ip_network(network) for network in networks)


def forbidden(address: object) -> bool:
    """Whether this is an IP address nobody may speak to. An IPv4 address within an IPv6 one counts as itself."""
    try:
        found = ip_address(str(address).partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in _denied)


def stopped(peer: object) -> bool:
    """The same for what a socket is connected with: asked before the first byte is sent, no name can lie about it."""
    return isinstance(peer, tuple) and bool(peer) and forbidden(peer[0])


async def check_host(host: str, port: int) -> None:
    """Where a library dials by itself: raises ConnectionError when the name leads to where nobody may go."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port)
    if any(stopped(each[4]) for each in found):
        raise ConnectionError("this address may not be spoken to")
