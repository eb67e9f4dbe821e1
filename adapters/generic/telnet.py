"""How much of what an rfc2217:// server says reaches the serial library, which would keep it without bound."""

import asyncio
from enum import Enum, auto
from typing import Any, cast

_IAC, _SB, _OPTIONS = 255, 250, range(251, 255)
# What a server acknowledges has some bytes, the name it gives itself some dozens.
LONGEST_COMMAND = 1024
# Each that the library did not ask for is kept for good, and most are answered. A server offers a handful.
MOST_OFFERS = 1000
# No serial line is as fast by far. What a chunk has more is waited for, so that nobody keeps the process busy.
BYTES_A_SECOND, CHUNK = 262_144, 4096


class _At(Enum):
    """Where in the stream the next byte stands, as the library reads it."""

    DATA = auto()
    COMMAND = auto()
    OFFER = auto()
    SUBJECT = auto()
    INSIDE = auto()
    INSIDE_COMMAND = auto()


_NEXT = {_At.OFFER: _At.DATA, _At.SUBJECT: _At.INSIDE}


class Guard(asyncio.Protocol):
    """Stands before the library's protocol. Who says too much loses the line."""

    def __init__(self, inner: asyncio.Protocol) -> None:
        self._inner = inner
        self._at, self._length, self._offers = _At.DATA, 0, 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Of another loop's making it is one without saying so.
        self._transport = cast("asyncio.Transport", transport)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None, "nothing is received before there is a connection"
        for byte in data:
            self._take(byte)
        if self._length > LONGEST_COMMAND or self._offers > MOST_OFFERS:
            self._transport.abort()
            return
        if len(data) > CHUNK:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(len(data) / BYTES_A_SECOND, self._transport.resume_reading)
        self._inner.data_received(data)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._inner.connection_lost(exc)

    def _take(self, byte: int) -> None:
        if self._at in _NEXT:
            self._offers += self._at is _At.OFFER
            self._at, self._length = _NEXT[self._at], 0
        elif self._at is _At.DATA:
            self._at = _At.COMMAND if byte == _IAC else _At.DATA
        elif self._at is _At.COMMAND:
            self._at = _At.SUBJECT if byte == _SB else _At.OFFER if byte in _OPTIONS else _At.DATA
        elif self._at is _At.INSIDE and byte == _IAC:
            self._at = _At.INSIDE_COMMAND
        elif self._at is _At.INSIDE_COMMAND and byte != _IAC:
            # Its end, or nonsense that ends it as well.
            self._at, self._length = _At.DATA, 0
        else:
            self._at, self._length = _At.INSIDE, self._length + 1


class GuardedLoop:
    """The event loop, as far as the library needs it: every connection it makes has a guard."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    async def create_connection(self, factory: Any, *args: Any, **more: Any) -> Any:
        return await self._loop.create_connection(lambda: Guard(factory()), *args, **more)
