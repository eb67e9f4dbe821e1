"""How modules are talked to: inputs read, modes looked at, and a pulse that ends whatever happens to us meanwhile."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

from pymodbus.pdu import ModbusPDU

from adapters.generic import transport
from adapters.generic.boards import BoardClient, Reading
from adapters.generic.modbus_io import wire
from adapters.generic.modbus_io.wire import Framing, SaysNo
from adapters.generic.transport import Bus, NoAnswer
from app.devices.port import ContractBroken, DeviceError, Refused, Unreachable

# An order to switch off is repeated at this pace: it can do no harm and must not be lost.
OFF_SECONDS = 0.1
OFF_TRIES = 5
AGAIN_SECONDS = 0.2
# How long closing a connection waits for an output that does not go off.
SETTLE_SECONDS = 5.0
GLANCE_SECONDS = 0.1

# What a module means by refusing to switch an output on. Not listed: it may have acted.
_NOTHING_DONE: Mapping[int, Callable[[str], DeviceError]] = {
    1: lambda words: Refused(words, reason="OPEN_FAILED"),
    2: lambda words: Refused(words, reason="OPEN_FAILED"),
    3: lambda words: Refused(words, reason="OPEN_FAILED"),
    6: Unreachable,
    10: Unreachable,
}
_NO_OUTPUT = frozenset({1, 2, 3})


@dataclass(frozen=True, slots=True)
class Wiring:
    """How locks and doors are wired to the modules. `channels`: module -> how many. `closed_when`: input bit of a shut
    door, by module and channel from 1. `flash`: the module times the pulse. `modes`: look at the output mode first."""

    framing: Framing
    channels: Mapping[int, int]
    closed_when: Mapping[tuple[int, int], bool]
    flash: bool
    seconds: float
    sensors: bool
    modes: bool
    first_input: int
    first_output: int
    reply_seconds: float


class ModbusDialect:
    def __init__(self, wiring: Wiring) -> None:
        self.sensors = wiring.sensors
        self._wiring = wiring
        self._numbers = count(1)
        # Outputs that may be under current: switched on and not yet known to be off.
        self._hot: set[tuple[int, int]] = set()
        self._cooling: asyncio.Task[None] | None = None
        # Until when the module may hold an output on by itself.
        self._flashing: dict[tuple[int, int], float] = {}
        # Module -> the connection on which its outputs were last found to be off.
        self._found_off: dict[int, int] = {}

    def one_by_one(self, board: int) -> bool:  # noqa: ARG002 - none does
        return False

    async def look(self, bus: Bus, board: int, lock: int | None) -> Reading:  # noqa: ARG002 - one reply tells all
        try:
            if not self._wiring.flash:
                await self._nothing_left_on(bus, board)
            if not self.sensors:
                await self._ask(bus, board, wire.read_outputs(self._wiring.first_output, self._wiring.channels[board]))
                return Reading(0, known=0)
            return await self._doors(bus, board, self._wiring.reply_seconds)
        except SaysNo as no:
            words = f"module {board} answered {no}"
            raise (ContractBroken if no.code in {1, 2, 3} else Unreachable)(words) from no

    async def pulse(self, bus: Bus, board: int, lock: int) -> bool:
        output = self._wiring.first_output + lock - 1
        await self._check_mode(bus, board, output)
        if self._wiring.flash:
            return await self._flash(bus, board, output)
        return await self._on_wait_off(bus, board, lock, output)

    async def _flash(self, bus: Bus, board: int, output: int) -> bool:
        """A pulse that began before the last one has ended would make a longer one of it."""
        await asyncio.sleep(max(0.0, self._flashing.get((board, output), 0.0) - time.monotonic()))
        self._flashing[board, output] = time.monotonic() + self._wiring.seconds + wire.FLASH_STEP_SECONDS
        return await self._order(bus, board, wire.flash(output, self._wiring.seconds))

    async def settle(self) -> None:
        """Outputs that may still be on are switched off before the line is given back."""
        if self._cooling is not None:
            await asyncio.wait([self._cooling], timeout=SETTLE_SECONDS)
            self._cooling.cancel()

    async def _on_wait_off(self, bus: Bus, board: int, lock: int, output: int) -> bool:
        self._hot.add((board, output))
        try:
            try:
                return await self._on_and_wait(bus, board, lock, output)
            finally:
                if (board, output) in self._hot and not _cancelled():
                    await self._off(bus, board, output)
        except asyncio.CancelledError:
            # The process is ending: no time to wait for anything, and the bytes leave at once.
            with suppress(DeviceError):
                bus.write(self._frame(board, wire.write_output(output, wire.OFF))[0])
            raise

    async def _on_and_wait(self, bus: Bus, board: int, lock: int, output: int) -> bool:
        ends = time.monotonic() + self._wiring.seconds
        try:
            taken = await self._order(bus, board, wire.write_output(output, wire.ON), self._wiring.seconds / 2)
        except NoAnswer:
            taken = False
        await self._wait(bus, board, lock, ends)
        return taken

    async def _wait(self, bus: Bus, board: int, lock: int, ends: float) -> None:
        """Until the pulse is over, or the door has been seen open twice: no lock needs current after that."""
        seen = 0
        while (left := ends - time.monotonic()) > 0:
            if not self.sensors or left < GLANCE_SECONDS * 2:
                await asyncio.sleep(left)
                continue
            try:
                state = await self._doors(bus, board, GLANCE_SECONDS)
            except (NoAnswer, SaysNo, DeviceError):
                await asyncio.sleep(min(GLANCE_SECONDS, max(0.0, ends - time.monotonic())))
                continue
            seen = seen + 1 if state.is_closed(lock) is False else 0
            if seen == 2:
                return
            await asyncio.sleep(min(GLANCE_SECONDS / 2, max(0.0, ends - time.monotonic())))

    async def _off(self, bus: Bus, board: int, output: int) -> None:
        """Within a turn. What cannot be switched off now is switched off as soon as the line is there again."""
        for _ in range(OFF_TRIES):
            try:
                await self._say_off(bus, board, output)
            except NoAnswer:
                continue
            except (SaysNo, DeviceError):
                break
            return
        bus.renew()
        if self._cooling is None or self._cooling.done():
            self._cooling = asyncio.create_task(self._cool(bus))

    async def _say_off(self, bus: Bus, board: int, output: int) -> None:
        """Raises as `_ask`. An output that the module does not have cannot be on."""
        try:
            await self._ask(bus, board, wire.write_output(output, wire.OFF), OFF_SECONDS)
        except SaysNo as no:
            if no.code not in _NO_OUTPUT:
                raise
        if await self._is_on(bus, board, output):
            raise NoAnswer
        self._hot.discard((board, output))

    async def _is_on(self, bus: Bus, board: int, output: int) -> bool:
        """Some lines give us back what we said ourselves, and an off is answered by its like: the module's own word
        counts, where it has one."""
        try:
            return any(wire.bits(await self._ask(bus, board, wire.read_outputs(output, 1), OFF_SECONDS))[:1])
        except SaysNo:
            return False

    async def _cool(self, bus: Bus) -> None:
        while self._hot:
            await asyncio.sleep(AGAIN_SECONDS)
            answered = False
            with suppress(DeviceError):
                async with bus.turn():
                    for board, output in tuple(self._hot):
                        try:
                            await self._say_off(bus, board, output)
                        except SaysNo:
                            answered = True
                        except NoAnswer:
                            continue
            if self._hot and not answered:
                bus.renew()

    async def _nothing_left_on(self, bus: Bus, board: int) -> None:
        """A pulse of ours holds the line: what is on at a look was left on, by us or by who was here before us."""
        first, channels = self._wiring.first_output, self._wiring.channels[board]
        try:
            states = wire.bits(await self._ask(bus, board, wire.read_outputs(first, channels)))
            on = [first + at for at in range(channels) if at < len(states) and states[at]]
        except SaysNo:
            # It does not tell its outputs: switching all of ours off is safe, on a line that is new to us.
            if self._found_off.get(board) == bus.generation:
                return
            on = list(range(first, first + channels))
        for output in on:
            await self._ask(bus, board, wire.write_output(output, wire.OFF))
        self._found_off[board] = bus.generation

    async def modes(self, bus: Bus, board: int) -> list[int]:
        """Of all outputs of a module, in order. Within a turn."""
        channels = self._wiring.channels[board]
        try:
            asked = wire.read_registers(wire.MODES + self._wiring.first_output, channels)
            told = wire.registers(await self._ask(bus, board, asked))
        except NoAnswer:
            raise Unreachable(f"module {board} does not tell its output modes") from None
        except SaysNo as no:
            raise _no_mode(board, no) from no
        if len(told) < channels:
            raise ContractBroken(f"module {board} tells fewer output modes than it was asked for")
        return list(told[:channels])

    async def _check_mode(self, bus: Bus, board: int, output: int) -> None:
        """In any mode but the plain one an input, not we, would move the lock."""
        if not self._wiring.modes:
            return
        try:
            said = wire.registers(await self._ask(bus, board, wire.read_registers(wire.MODES + output, 1)))
        except NoAnswer:
            raise Unreachable(f"module {board} does not tell its output mode; nothing was sent") from None
        except SaysNo as no:
            raise _no_mode(board, no) from no
        if not said or said[0] != wire.PLAIN_MODE:
            raise Refused(f"output {output} of module {board} is not in mode 0 (normal)", reason="OPEN_FAILED")

    async def _doors(self, bus: Bus, board: int, seconds: float) -> Reading:
        channels = self._wiring.channels[board]
        said = await self._ask(bus, board, wire.read_inputs(self._wiring.first_input, channels), seconds)
        states = wire.bits(said)
        if len(states) < channels:
            raise ContractBroken(f"module {board} tells fewer inputs than it was asked for")
        closed = sum(
            1 << at for at in range(channels) if states[at] is self._wiring.closed_when.get((board, at + 1), True)
        )
        return Reading(closed, known=(1 << channels) - 1)

    async def _order(self, bus: Bus, board: int, pdu: ModbusPDU, seconds: float | None = None) -> bool:
        try:
            await self._ask(bus, board, pdu, seconds)
        except SaysNo as no:
            nothing_done = _NOTHING_DONE.get(no.code)
            if nothing_done is None:
                raise NoAnswer from no
            # It is switched off all the same: on a line without numbers this no may have been another order's.
            raise nothing_done(f"module {board} answered {no}") from no
        except Unreachable:
            self._hot.discard((board, pdu.address))
            raise
        return True

    def _frame(self, board: int, pdu: ModbusPDU) -> tuple[bytes, int]:
        number = next(self._numbers) & 0xFFFF
        return wire.frame(self._wiring.framing, board, number, pdu), number

    async def _ask(self, bus: Bus, board: int, pdu: ModbusPDU, seconds: float | None = None) -> bytes:
        """Function and data of the reply. Raises NoAnswer, SaysNo and, while nothing has been sent, Unreachable."""
        frame, number = self._frame(board, pdu)
        asked = wire.body(pdu)

        def find(received: bytes) -> bytes | None:
            said = wire.find(self._wiring.framing, received, board, number, pdu.function_code)
            # An order is answered by its echo; another one's is none.
            return None if said and said[0] == wire.WriteOutput.function_code and said != asked else said

        said = await bus.ask(frame, find, seconds or self._wiring.reply_seconds)
        if (code := wire.exception_of(said)) is not None:
            raise SaysNo(code)
        return said


def _no_mode(board: int, no: SaysNo) -> DeviceError:
    """Nothing was ordered yet: whatever may pass may be tried again."""
    return _NOTHING_DONE.get(no.code, Unreachable)(f"module {board} answered {no} when asked for its output mode")


def _cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class ModbusClient(BoardClient):
    def __init__(self, bus: Bus, wiring: Wiring) -> None:
        self._modbus = ModbusDialect(wiring)
        super().__init__(bus, tuple(wiring.channels), self._modbus)

    async def modes(self, board: int) -> list[int]:
        """Of all outputs of a module; 0 is the one that obeys plain orders. Raises Unreachable and Refused."""
        async with self.bus.turn():
            return await self._modbus.modes(self.bus, board)


def modbus_client(address: str, wiring: Wiring, *, baudrate: int, parity: str) -> ModbusClient:
    return ModbusClient(transport.shared(address, baudrate, parity), wiring)
