"""What is said to the server ahead of the next statement, in the same message: no answer is waited for.

asyncpg waits for each statement's answer before it sends the next. PostgreSQL does not ask for that: whatever stands
before the next Sync is done in its order, and nothing behind a failure is. So what gives no rows, such as BEGIN, the
wall, an INSERT or COMMIT, costs no round trip of its own. A failure is raised by the statement that follows; that one
must be prepared (`conn.fetch`, not `conn.execute` without values), for only a Sync lets the server go on after it.

This writes to asyncpg's transport (`_transport`, read in 0.32): its protocol takes the further ParseComplete,
BindComplete and CommandComplete that come back for what they are. tests/app/kit/test_ahead.py watches it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache, lru_cache
from hashlib import sha256
from struct import Struct
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

import orjson

if TYPE_CHECKING:
    from app.kit.db import Conn, Statement

# Texts that each connection has prepared for this, beside asyncpg's own.
_PREPARED: WeakKeyDictionary[Any, set[bytes]] = WeakKeyDictionary()
_MORE: int = getattr(socket, "MSG_MORE", 0)  # Linux
_INTERNET = (socket.AF_INET, socket.AF_INET6)
_SHORT, _LONG = Struct("!h").pack, Struct("!i").pack
_NULL = b"\xff\xff\xff\xff"
_EXECUTE = b"E\x00\x00\x00\x09\x00\x00\x00\x00\x00"


class Ahead:
    """For one connection out of the pool, between two of its statements."""

    def __init__(self, conn: Conn) -> None:
        # The pool hands out a proxy that goes with each use; the connection itself stays.
        self._connection: Any = getattr(conn, "_con", conn)
        self._held: list[bytes] = []

    def say(self, *texts: str) -> None:
        """Utility statements, such as BEGIN. Never with a value from outside in their text."""
        self._held += [_said(text) for text in texts]

    def put(self, statement: Statement, **given: Any) -> None:
        """One that gives no rows. Its parameters' types must stand in its text, as casts."""
        prepared = _PREPARED.setdefault(self._connection, set())
        text = statement.text
        name = _name(text)
        if name not in prepared:
            # Closed first: after a failure nobody knows how far the server came.
            self._held += [_message(b"C", b"S" + name + b"\x00"), _parse(name, text)]
            prepared.add(name)
        self._held += [_bind(name, statement.arguments(given)), _EXECUTE]

    def send(self) -> None:
        """Say it, in one packet with the statement that follows before anything is awaited."""
        if not self._held:
            return
        transport = self._connection._transport  # noqa: SLF001 - see above
        if transport is not None and not transport.is_closing():
            told = b"".join(self._held)
            left = told[_slipped(transport, told) :]
            if left:
                transport.write(left)
        self._held.clear()

    def failed(self) -> None:
        """What was said since the last answer may not have been heard."""
        self._held.clear()
        _PREPARED.pop(self._connection, None)


def _slipped(transport: asyncio.WriteTransport, told: bytes) -> int:
    """How much of it the kernel took, to be sent off together with what is written next: each packet would wake the
    server, which costs both sides more than what is in it. None where something waits before it, or it cannot be."""
    plug = transport.get_extra_info("socket")
    if plug is None or not _MORE or plug.family not in _INTERNET or transport.get_write_buffer_size():
        return 0
    if transport.get_extra_info("ssl_object") is not None:
        return 0
    # The loop's own stand-in for a socket would ask the kernel for its address each time, and does not send.
    real = socket.socket(plug.family, plug.type, plug.proto, plug.fileno())
    try:
        return real.send(told, _MORE | socket.MSG_DONTWAIT)
    except OSError:
        # The kernel's buffer is full, or the line is gone: the transport finds out, and says so to whoever waits.
        return 0
    finally:
        real.detach()


@lru_cache(maxsize=4096)
def _said(text: str) -> bytes:
    return _parse(b"", text) + _bind(b"", ()) + _EXECUTE


@cache
def _name(text: str) -> bytes:
    return b"ahead_" + sha256(text.encode()).hexdigest()[:24].encode()


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + _LONG(len(body) + 4) + body


def _parse(name: bytes, text: str) -> bytes:
    return _message(b"P", name + b"\x00" + text.encode() + b"\x00\x00\x00")


def _bind(name: bytes, values: Sequence[Any]) -> bytes:
    """All values as text, which the server reads as the types of the parameters."""
    parts = [b"\x00", name, b"\x00\x00\x00", _SHORT(len(values))]
    for value in values:
        if value is None:
            parts.append(_NULL)
        else:
            text = (_TEXTS.get(type(value)) or _writer(value))(value)
            parts += [_LONG(len(text)), text]
    parts.append(b"\x00\x00")
    return _message(b"B", b"".join(parts))


def _writer(value: Any) -> Callable[[Any], bytes]:
    """How values of this kind are written: as those of what it is a kind of."""
    for kind, write in _TEXTS.items():
        if isinstance(value, kind):
            return write
    raise TypeError(f"a {type(value).__name__} cannot be said ahead")


# A bool is an int, so it stands before it.
_TEXTS: dict[type, Callable[[Any], bytes]] = {
    str: str.encode,
    bool: lambda value: b"true" if value else b"false",
    int: lambda value: b"%d" % value,
    UUID: lambda value: b"%032x" % value.int,
    datetime: lambda value: value.isoformat().encode(),
    bytes: lambda value: b"\\x" + value.hex().encode(),
    dict: lambda value: orjson.dumps(value, default=plain),
}


def plain(value: object) -> str:
    """For orjson: asyncpg reads uuids as a subclass of its own, which it does not take for one."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)
