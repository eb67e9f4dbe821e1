"""A terminal server that babbles, and one that only reads."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from adapters.generic.telnet import LONGEST_COMMAND, MOST_OFFERS, Guard
from adapters.generic.transport import CONNECT_SECONDS, Bus
from app.devices.port import Unreachable

IAC, SB, SE, WILL, DO, COM_PORT = 255, 250, 240, 251, 253, 44
MUCH = 8 * 1024 * 1024
# Never ends; offers nobody asked for; demands nobody fulfils; an option that looks like the beginning of a command.
BABBLE = {
    "command": (bytes((IAC, SB, COM_PORT)), b"x" * 4096),
    "offers": (b"", bytes((IAC, WILL, 77)) * 1024),
    "demands": (b"", bytes((IAC, DO, 77)) * 1024),
    "disguised": (bytes((IAC, SB, IAC)), b"x" * 4096),
    "escaped": (bytes((IAC, SB, COM_PORT)), bytes((IAC, IAC)) * 2048),
}


class Hears(asyncio.Protocol):
    def __init__(self) -> None:
        self.heard = bytearray()
        self.lost = False

    def data_received(self, data: bytes) -> None:
        self.heard += data

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - only that it is
        self.lost = True


class Line(asyncio.Transport):
    """A connection as a guard sees it."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted, self.paused = False, 0

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        self.paused += 1

    def resume_reading(self) -> None:
        self.paused -= 1


@asynccontextmanager
async def server(said: bytes, again: bytes) -> AsyncIterator[tuple[str, Callable[[], int]]]:
    """Its address, and how much of what it had to say was taken from it."""
    taken, over = 0, False

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal taken
        writer.write(said)
        with suppress(ConnectionError, TimeoutError):
            while taken < MUCH and not over:
                writer.write(again)
                async with asyncio.timeout(5):
                    await writer.drain()
                taken += len(again)
        writer.transport.abort()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"rfc2217://127.0.0.1:{listening.sockets[0].getsockname()[1]}", lambda: taken
    finally:
        over = True
        listening.close()


@pytest.mark.parametrize("kind", sorted(BABBLE))
async def test_a_server_that_babbles_loses_the_line(kind: str) -> None:
    async with server(*BABBLE[kind]) as (address, taken):
        bus = Bus(address, 19200)
        bus.users = 1
        begun = time.monotonic()
        with pytest.raises(Unreachable):
            async with bus.turn():
                raise AssertionError("a line to a server that makes no sense")
        bus.hang_up()
        # At once, not when the time for connecting is over; what was taken the network itself holds.
        assert time.monotonic() - begun < CONNECT_SECONDS
        assert taken() < MUCH


@pytest.mark.parametrize("kind", sorted(BABBLE))
async def test_of_what_has_no_end_little_is_passed_on(kind: str) -> None:
    said, again = BABBLE[kind]
    inner, line = Hears(), Line()
    guard = Guard(inner)
    guard.connection_made(line)
    guard.data_received(said)
    # However it is cut.
    for at in range(0, 3 * len(again), 7):
        guard.data_received((again * 4)[at : at + 7])
        if line.aborted:
            break

    assert line.aborted
    assert len(inner.heard) <= max(2 * LONGEST_COMMAND, 3 * MOST_OFFERS) + 16


async def test_what_a_server_says_as_agreed_is_passed_on_as_it_is() -> None:
    inner, line = Hears(), Line()
    guard = Guard(inner)
    guard.connection_made(line)
    told = bytes((IAC, SB, COM_PORT, 107, 0x30, IAC, SE))
    said = bytes((IAC, DO, COM_PORT)) + (told + b"\x02\x00\x35" + bytes((IAC, IAC))) * 500
    for at in range(0, len(said), 50):
        guard.data_received(said[at : at + 50])

    assert bytes(inner.heard) == said
    assert not line.aborted


async def test_more_than_a_line_can_carry_is_read_slowly() -> None:
    line = Line()
    guard = Guard(Hears())
    guard.connection_made(line)
    guard.data_received(b"x" * 9)
    assert line.paused == 0
    guard.data_received(b"x" * 16_384)
    assert line.paused == 1
    await asyncio.sleep(0.1)
    assert line.paused == 0
