"""Which addresses no adapter may speak to, whatever a connection names: tenants enter addresses, our process dials."""

import asyncio
import os
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# A translator behind these sends on to the IPv4 address in the last four bytes (RFC 6052, RFC 8215).
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))

_denied: tuple[Network, ...] = ()
# As it stands for who sits at this machine: all.
_devices: frozenset[str] | None = None


def deny(networks: Iterable[str]) -> None:
    """For this process, from now on. Raises ValueError for what is no network."""
    global _denied  # noqa: PLW0603 - one process has one place in its network
    _denied = tuple(ip_network(network) for network in networks)


def allow_devices(paths: Iterable[str] | None) -> None:
    """For this process, from now on: serial devices of this machine that may be used, and no others. None: all."""
    global _devices  # noqa: PLW0603 - as above
    _devices = None if paths is None else frozenset(os.path.realpath(path) for path in paths)


def may_use(device: str) -> bool:
    return _devices is None or os.path.realpath(device) in _devices


def forbidden(address: object) -> bool:
    """Whether this is an IP address nobody may speak to. An IPv6 address that leads to an IPv4 one counts as that."""
    try:
        found = ip_address(str(address).partition("%")[0])
    except ValueError:
        return False
    return any(each in network for each in (found, _within(found)) if each for network in _denied)


def _within(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if any(address in network for network in _TRANSLATED):
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour


def stopped(peer: object) -> bool:
    """The same for what a socket is connected with: asked before the first byte is sent, no name can lie about it."""
    return isinstance(peer, tuple) and bool(peer) and forbidden(peer[0])


async def addresses(host: str, port: int) -> list[str]:
    """Where a library dials by itself it is given these in place of the name: asked again, a name may answer otherwise.
    Raises ConnectionError when the name leads to where nobody may go, OSError when it leads nowhere."""
    try:
        found = await asyncio.to_thread(socket.getaddrinfo, host, port)
    except UnicodeError as error:
        raise ConnectionError("no name has such letters or lengths") from error
    if any(stopped(each[4]) for each in found):
        raise ConnectionError("this address may not be spoken to")
    return list(dict.fromkeys(str(each[4][0]) for each in found))
