"""How modules are talked to: inputs read, modes looked at, and a pulse that ends whatever happens to us meanwhile."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

from pymodbus.pdu import ModbusPDU

from adapters.generic import transport
from adapters.generic.boards import BoardClient
from adapters.generic.dialect import Looks, Pulsed, Reading
from adapters.generic.modbus_io import wire
from adapters.generic.modbus_io.pulses import Offs
from adapters.generic.modbus_io.wire import Framing, SaysNo
from adapters.generic.transport import Bus, NoAnswer
from app.devices.port import ContractBroken, DeviceError, Refused, Unreachable

GLANCE_SECONDS = 0.1

# What a module means by refusing to switch an output on. Not listed: it may have acted.
_NOTHING_DONE: Mapping[int, Callable[[str], DeviceError]] = {
    1: lambda words: Refused(words, reason="OPEN_FAILED"),
    2: lambda words: Refused(words, reason="OPEN_FAILED"),
    3: lambda words: Refused(words, reason="OPEN_FAILED"),
    6: Unreachable,
    10: Unreachable,
}


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
        self._offs = Offs(self._ask, wiring.reply_seconds)
        # Until when the module may hold an output on by itself.
        self._flashing: dict[tuple[int, int], float] = {}

    def one_by_one(self, board: int) -> bool:  # noqa: ARG002 - none does
        return False

    async def look(self, bus: Bus, board: int, lock: int | None) -> Reading:  # noqa: ARG002 - one reply tells all
        try:
            if not self._wiring.flash:
                await self._offs.nothing_left_on(bus, board, self._wiring.first_output, self._wiring.channels[board])
            if not self.sensors:
                await self._ask(bus, board, wire.read_outputs(self._wiring.first_output, self._wiring.channels[board]))
                return Reading(0, known=0)
            return await self._doors(bus, board, self._wiring.reply_seconds)
        except SaysNo as no:
            words = f"module {board} answered {no}"
            raise (ContractBroken if no.code in {1, 2, 3} else Unreachable)(words) from no

    async def pulse(self, bus: Bus, board: int, lock: int) -> Pulsed:
        output = self._wiring.first_output + lock - 1
        await self._check_mode(bus, board, output)
        if self._wiring.flash:
            return await self._flash(bus, board, output)
        return await self._on_wait_off(bus, board, lock, output)

    async def _flash(self, bus: Bus, board: int, output: int) -> Pulsed:
        """A pulse that began before the last one has ended would make a longer one of it."""
        await asyncio.sleep(max(0.0, self._flashing.get((board, output), 0.0) - time.monotonic()))
        self._flashing[board, output] = time.monotonic() + self._wiring.seconds + wire.FLASH_STEP_SECONDS
        looks = Looks()
        return Pulsed(await self._order(bus, board, wire.flash(output, self._wiring.seconds)), looks)

    async def settle(self) -> None:
        """Outputs that may still be on are switched off before the line is given back."""
        await self._offs.settle()

    async def _on_wait_off(self, bus: Bus, board: int, lock: int, output: int) -> Pulsed:
        self._offs.owe(board, output)
        try:
            try:
                return await self._on_and_wait(bus, board, lock, output)
            finally:
                if not _cancelled():
                    await self._offs.say(bus, board, output)
        except asyncio.CancelledError:
            # The process is ending: no time to wait for anything, and the bytes leave at once.
            with suppress(DeviceError):
                bus.write(self._frame(board, wire.write_output(output, wire.OFF))[0])
            raise

    async def _on_and_wait(self, bus: Bus, board: int, lock: int, output: int) -> Pulsed:
        looks = Looks()
        ends = looks.last + self._wiring.seconds
        taken = await self._order(bus, board, wire.write_output(output, wire.ON), self._wiring.seconds / 2)
        return Pulsed(taken, looks, await self._wait(bus, board, lock, looks, ends))

    async def _wait(self, bus: Bus, board: int, lock: int, looks: Looks, ends: float) -> bool:
        """Until the pulse is over (False), or the door has been seen open twice: no lock needs current after that."""
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
            looks.note()
            seen = seen + 1 if state.is_closed(lock) is False else 0
            if seen == 2:
                return True
            await asyncio.sleep(min(GLANCE_SECONDS / 2, max(0.0, ends - time.monotonic())))
        return False

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
        """False: it fell silent, or says something that leaves open what it did."""
        try:
            await self._ask(bus, board, pdu, seconds)
        except NoAnswer:
            return False
        except SaysNo as no:
            nothing_done = _NOTHING_DONE.get(no.code)
            if nothing_done is None:
                return False
            # It is switched off all the same: on a line without numbers this no may have been another order's.
            raise nothing_done(f"module {board} answered {no}") from no
        except Unreachable:
            self._offs.forget(board, pdu.address)
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
