"""Pulses that we end ourselves: off is said until the module tells that it is so, for a solenoid burns otherwise."""

import asyncio
import time
from contextlib import suppress
from typing import Protocol

from pymodbus.pdu import ModbusPDU

from adapters.generic.modbus_io import wire
from adapters.generic.modbus_io.wire import SaysNo
from adapters.generic.transport import Bus, NoAnswer
from app.devices.port import DeviceError

# No solenoid stays under current for longer.
LIMIT_SECONDS = 2.0
# An order to switch off is repeated at this pace: it can do no harm and must not be lost.
OFF_SECONDS = 0.1
OFF_TRIES = 5
AGAIN_SECONDS = 0.2
# How long closing a connection waits for an output that does not go off.
SETTLE_SECONDS = 5.0
_NO_OUTPUT = frozenset({1, 2, 3})


class Ask(Protocol):
    """A question within a turn of the bus. Raises NoAnswer, SaysNo and, while nothing has been sent, Unreachable."""

    async def __call__(self, bus: Bus, board: int, pdu: ModbusPDU, seconds: float | None = None) -> bytes: ...


class Offs:
    """Of one connection. `reply_seconds`: how long a module may take to reply."""

    def __init__(self, ask: Ask, reply_seconds: float) -> None:
        self._ask = ask
        self._reply_seconds = reply_seconds
        # Outputs that may be under current, switched on and not yet known to be off, and until when they may be.
        self._hot: dict[tuple[int, int], float] = {}
        self._cooling: asyncio.Task[None] | None = None
        # Module -> the connection on which its outputs were last found to be off.
        self._found_off: dict[int, int] = {}

    def owe(self, board: int, output: int) -> None:
        """Called before it is switched on."""
        self._hot[board, output] = time.monotonic() + LIMIT_SECONDS

    def forget(self, board: int, output: int) -> None:
        """It was not switched on after all, or it is off."""
        self._hot.pop((board, output), None)

    async def say(self, bus: Bus, board: int, output: int) -> None:
        """Within a turn. What cannot be switched off now is switched off as soon as the line is there again."""
        if (board, output) not in self._hot:
            return
        for _ in range(OFF_TRIES):
            try:
                await self._say_once(bus, board, output)
            except NoAnswer:
                continue
            except (SaysNo, DeviceError):
                break
            return
        bus.renew()
        if self._cooling is None or self._cooling.done():
            self._cooling = asyncio.create_task(self._cool(bus))

    async def settle(self) -> None:
        """Until all is off, or hope is given up."""
        if self._cooling is not None:
            await asyncio.wait([self._cooling], timeout=SETTLE_SECONDS)
            self._cooling.cancel()

    async def nothing_left_on(self, bus: Bus, board: int, first: int, channels: int) -> None:
        """A pulse of ours holds the line: what is on at a look was left on, by us or by who was here before us."""
        outputs = range(first, first + channels)
        try:
            states = wire.bits(await self._ask(bus, board, wire.read_outputs(first, channels)))
            told = dict(zip(outputs, states, strict=False))
            on = [output for output in outputs if told.get(output)]
            for output in outputs:
                if told.get(output) is False:
                    self.forget(board, output)
        except SaysNo:
            # It does not tell its outputs: switching all of ours off is safe, on a line that is new to us.
            if self._found_off.get(board) == bus.generation:
                return
            on = list(outputs)
        for output in on:
            await self._ask(bus, board, wire.write_output(output, wire.OFF))
        self._found_off[board] = bus.generation

    async def _say_once(self, bus: Bus, board: int, output: int) -> None:
        """Raises as `Ask`. An output that the module does not have cannot be on."""
        try:
            await self._ask(bus, board, wire.write_output(output, wire.OFF), self._patience(board, output))
        except SaysNo as no:
            if no.code not in _NO_OUTPUT:
                raise
        if await self._is_on(bus, board, output):
            raise NoAnswer
        self.forget(board, output)

    async def _is_on(self, bus: Bus, board: int, output: int) -> bool:
        """Some lines give us back what we said ourselves, and an off is answered by its like: the module's own word
        counts, where it has one."""
        try:
            said = await self._ask(bus, board, wire.read_outputs(output, 1), self._patience(board, output))
        except SaysNo:
            return False
        return any(wire.bits(said)[:1])

    def _patience(self, board: int, output: int) -> float:
        """While it may be under current the next off must not be late. Afterwards that wins nothing any more, and a
        module that takes its time would never be heard."""
        in_time = time.monotonic() < self._hot.get((board, output), 0.0)
        return OFF_SECONDS if in_time else max(OFF_SECONDS, self._reply_seconds)

    async def _cool(self, bus: Bus) -> None:
        pause = AGAIN_SECONDS
        while self._hot:
            await asyncio.sleep(pause)
            pause, answered = AGAIN_SECONDS, False
            with suppress(DeviceError):
                async with bus.turn():
                    began = time.monotonic()
                    for board, output in tuple(self._hot):
                        try:
                            await self._say_once(bus, board, output)
                        except SaysNo:
                            answered = True
                        except NoAnswer:
                            continue
                    # Half of the line is the others', however long a silent module is waited for.
                    pause = max(pause, time.monotonic() - began)
            if self._hot and not answered:
                bus.renew()
