"""How long a network may sit on what was sent: an order must not arrive when nobody expects it any more."""

import asyncio
import socket

# Of a socket: level, name, value.
Option = tuple[int, int, int]


def impatient(seconds: float) -> tuple[Option, ...]:
    """TCP goes on delivering for minutes, after the connection was closed too. With these, what the other side has not
    acknowledged within so long is thrown away together with the connection. Only Linux knows how."""
    name = getattr(socket, "TCP_USER_TIMEOUT", None)
    return () if name is None else ((socket.IPPROTO_TCP, name, round(seconds * 1000)),)


def hurry(transport: asyncio.BaseTransport, seconds: float) -> None:
    """Nothing where no socket is behind it."""
    found = transport.get_extra_info("socket")
    if found is not None:
        for option in impatient(seconds):
            found.setsockopt(*option)
