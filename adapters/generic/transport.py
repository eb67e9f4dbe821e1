"""A serial bus that is shared: one master, one question at a time, over a network converter or a serial device."""

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar, cast
from urllib.parse import urlsplit

from adapters import config, reach
from adapters.generic import sockets
from adapters.generic.telnet import GuardedLoop
from app.devices.port import Connection, Refused, Unreachable

T = TypeVar("T")

# RS485 boards need the line to be still between two frames; integrators use 25 to 200 ms.
GAP_SECONDS = 0.03
# After a missing answer, what still trickles in belongs to the question nobody waits for any more. A share of the wait.
DRAIN_SHARE = 0.75
CONNECT_SECONDS = 3.0
# What a converter has not acknowledged within so long never gets there: well before a door is settled without it.
DELIVERY_SECONDS = 2.0
# More than any frame; keeps a babbling line from filling the memory.
BUFFER_LIMIT = 4096


class NoAnswer(Exception):  # noqa: N818 - silence is an outcome here, not an error
    """Nothing usable came in time."""


class InUse(ConnectionError):  # noqa: N818 - says what is the case
    """Another process has the device."""


Listener = Callable[[bytes], None]


class _Line(asyncio.Protocol):
    """Collects bytes, wakes whoever waits for them, and lets listeners hear them."""

    def __init__(self, listeners: Sequence[Listener] = ()) -> None:
        self.buffer = bytearray()
        self.lost = False
        self._listeners = listeners
        self._waiter: asyncio.Future[None] | None = None

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        del self.buffer[:-BUFFER_LIMIT]
        for listener in self._listeners:
            listener(data)
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the reason changes nothing
        self.lost = True
        self._wake()

    async def more(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)


class Bus:
    """One line. All who use the same address get the same object (see `shared`), hence the same lock."""

    def __init__(self, address: str, baudrate: int, parity: str = "N") -> None:
        # A link by id is dialled as given: it follows a device that is plugged in again and called otherwise then.
        self.address = address
        self.key = (urlsplit(address).scheme, place_of(address))
        self.speed = (baudrate, parity)
        self.users = 0
        # Grows with every connection made: who must put things right on a fresh line remembers the one it knew.
        self.generation = 0
        self._listeners: list[Listener] = []
        self._lock = asyncio.Lock()
        self._transport: asyncio.WriteTransport | None = None
        self._line = _Line()
        self._free_at = 0.0
        self._stale = False

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """The line is ours, connected, still and with an empty input. Raises Unreachable where it cannot be reached."""
        async with self._lock:
            self._check_used()
            if self._stale or not self._connected:
                await self._connect()
            pause = self._free_at - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
            self._line.buffer.clear()
            try:
                yield
            finally:
                self._free_at = time.monotonic() + GAP_SECONDS

    def write(self, frame: bytes) -> None:
        """Within a turn. Raises Unreachable only while nothing has been sent; what is lost later shows as silence."""
        if self._transport is None or not self._connected:
            raise Unreachable(f"lost the line to {self.address} before anything was sent")
        self._transport.write(frame)

    @property
    def _connected(self) -> bool:
        return self._transport is not None and not self._line.lost and not self._transport.is_closing()

    async def ask(self, frame: bytes, find: Callable[[bytes], T | None], seconds: float) -> T:
        """Within a turn: a question and its answer, apart from the one before. Raises as `write` and `answer`."""
        await asyncio.sleep(max(0.0, self._free_at - time.monotonic()))
        self._line.buffer.clear()
        self.write(frame)
        try:
            return await self.answer(find, seconds)
        finally:
            self._free_at = time.monotonic() + GAP_SECONDS

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hear all that comes in, asked for or not. Call the result to hear no more."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def answer(self, find: Callable[[bytes], T | None], seconds: float) -> T:
        """Within a turn: wait until `find` finds something in the input. Raises NoAnswer after draining the line."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    found = find(bytes(self._line.buffer))
                    if found is not None:
                        return found
                    if self._line.lost:
                        raise NoAnswer
                    await self._line.more()
        except TimeoutError:
            await asyncio.sleep(seconds * DRAIN_SHARE)
            raise NoAnswer from None

    def renew(self) -> None:
        """The next turn opens the line afresh: helps with converters that have lost their mind. A turn that somebody
        has is not disturbed: a neighbour may be holding an output on and must be able to take it off."""
        self._stale = True

    def _check_used(self) -> None:
        """Who is late must not open a line again that nobody would ever close."""
        if self.users <= 0:
            self.hang_up()
            raise Unreachable("this connection was closed")

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    async def _connect(self) -> None:
        gone = getattr(self._transport, "wait_closed", None)
        self.hang_up()
        self._stale = False
        self._line = line = _Line(self._listeners)
        self.generation += 1
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                if gone is not None:
                    # A device is closed beside us; until then it would look as if somebody else had it.
                    await gone()
                self._transport = await _dial(self.address, *self.speed, line)
        except InUse as error:
            raise Unreachable(str(error)) from error
        except (OSError, TimeoutError, UnicodeError) as error:
            raise Unreachable(f"cannot reach {self.address}: {type(error).__name__}") from error
        self._check_used()


async def _dial(address: str, baudrate: int, parity: str, line: _Line) -> asyncio.WriteTransport:
    loop = asyncio.get_running_loop()
    parts = urlsplit(address)
    if parts.scheme == "socket":
        transport, _ = await loop.create_connection(lambda: line, str(parts.hostname), parts.port or 0)
        if reach.stopped(transport.get_extra_info("peername")):
            transport.abort()
            raise ConnectionError("this address may not be spoken to")
        sockets.hurry(transport, DELIVERY_SECONDS)
        return transport
    if parts.hostname is None:
        return await _open(address, baudrate, parity, line)
    # By address, for a name that is asked twice may lead elsewhere the second time.
    trouble: OSError = ConnectionError("the name leads nowhere")
    for found in await reach.addresses(parts.hostname, parts.port or 0):
        host = f"[{found}]" if ":" in found else found
        try:
            device = await _open(f"{parts.scheme}://{host}:{parts.port}", baudrate, parity, line)
        except OSError as error:
            trouble = error
        else:
            # The library hands the connection below its own out nowhere else.
            sockets.hurry(getattr(device, "_tcp_transport", device), DELIVERY_SECONDS)
            return device
    raise trouble


async def _open(address: str, baudrate: int, parity: str, line: _Line) -> asyncio.WriteTransport:
    import serialx  # two megabytes that only a process with a serial line needs

    loop = cast("asyncio.AbstractEventLoop", GuardedLoop(asyncio.get_running_loop()))
    try:
        device, _ = await serialx.create_serial_connection(
            loop, lambda: line, address, baudrate=baudrate, parity=serialx.Parity(parity)
        )
    except Exception as error:
        # It is young, and reads whatever comes from the other end.
        if errno.EBUSY in _numbers(error):
            how = "end it, or stop `lockyard worker` while you try, and start it again afterwards"
            raise InUse(f"another process on this machine uses {address}: {how}") from error
        raise ConnectionError(str(error)) from error
    return device


def _numbers(error: BaseException | None) -> list[int | None]:
    """Of an error and its causes."""
    if error is None:
        return []
    return [getattr(error, "errno", None), *_numbers(error.__cause__ or error.__context__)]


def check_address(address: str) -> None:
    """Raises Refused for addresses that can never work."""
    try:
        parts = urlsplit(address)
        if parts.scheme:
            good = parts.scheme in {"socket", "rfc2217"} and bool(parts.hostname and parts.port)
        else:
            good = parts.path.startswith("/dev/") and ".." not in parts.path.split("/")
    except ValueError:
        good = False
    if not good:
        raise Refused("the address must be socket://host:port, rfc2217://host:port or /dev/…", reason="BAD_SETTINGS")
    if address.startswith("/") and not reach.may_use(address):
        raise Refused("this device is none that LOCKYARD_SERIAL_DEVICES lists", reason="BAD_SETTINGS")


def hardware(connection: Connection) -> str:
    """For `Vendor.hardware`: whoever reaches a line opens its doors."""
    check_address(connection.base_url)
    return place_of(connection.base_url)


def place_of(address: str) -> str:
    """The same for every way to write one address: `host:port`, or what a link to a device leads to."""
    return config.place(address, {}) if urlsplit(address).scheme else os.path.realpath(address)


_buses: dict[tuple[str, str], Bus] = {}


def shared(address: str, baudrate: int, parity: str = "N") -> Bus:
    """The bus at this address, for one more user. Give it back with `leave`."""
    fresh = Bus(address, baudrate, parity)
    bus = _buses.setdefault(fresh.key, fresh)
    words = zip(("baudrate", "parity"), (baudrate, parity), bus.speed, strict=True)
    wrong = [word for word, mine, theirs in words if mine != theirs]
    if wrong:
        raise Refused(f"this line is in use already, with another {' and '.join(wrong)}", reason="BAD_SETTINGS")
    bus.users += 1
    return bus


def leave(bus: Bus) -> None:
    bus.users -= 1
    if bus.users <= 0:
        bus.hang_up()
        if _buses.get(bus.key) is bus:
            del _buses[bus.key]
