"""What hangs on the lines, as modules: each output drives a lock, each input sees its door."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.generic.modbus_io.simulator import frames
from adapters.generic.modbus_io.simulator.frames import Request
from adapters.simulation import lines
from adapters.simulation.faults import Fault
from adapters.simulation.lines import Heard, Line, LineWorld
from adapters.simulation.outputs import Outputs

CHANNELS = 8
_ON, _OFF, _TOGGLE, _ALL = 0xFF00, 0x0000, 0x5500, 0x00FF
_FLASH_ON, _FLASH_OFF, _MODES = 0x0200, 0x0400, 0x1000
# Value of a write to one output -> what faults call it.
_NAMES = {_ON: "on", _OFF: "off", _TOGGLE: "toggle"}


@dataclass(frozen=True, slots=True)
class ModbusLine(Line):
    """`tcp`: framing. `flashes`: the modules know flash orders and output modes, as Waveshare's. `open_when`: units
    whose input is 1 while the door is open."""

    tcp: bool = True
    flashes: bool = True
    open_when: frozenset[str] = field(default_factory=frozenset)


class ModbusWorld(LineWorld):
    """All lines of one process. Unit ids are `module-channel`, as the adapter spells them."""

    refusals = frozenset({"exception"})

    def __init__(self, lines: Iterable[Line], *, close_after: float | None = None) -> None:
        super().__init__(lines, close_after=close_after)
        self.outputs = Outputs(self.doors.unlock)
        for bank, unit in self.doors:
            self.outputs.add(bank, unit)

    def hear(self, line: Line, received: bytes) -> Heard | None:
        """Faults call requests by their function in hex; orders to one output `on`, `off`, `toggle` and `flash`."""
        request = frames.find_request(_of(line).tcp, received)
        if request is None:
            return None
        name = f"{request.function:02x}"
        if request.function == 5:
            name = "flash" if request.address & 0xFF00 == _FLASH_ON else _NAMES.get(request.value, name)
        return Heard(name, request.unit, request.end, request.raw)

    def obey(self, line: Line, heard: Heard) -> None:
        request = _request(line, heard)
        if request.function == 15:
            states = int.from_bytes(request.data[5:], "little")
            for at in range(request.value):
                self._switch(line, heard.board, request.address + at, bool(states >> at & 1))
        elif request.function == 5 and self._fault(line, request) is None:
            self._single(line, heard.board, request.address, request.value)

    def answer(self, line: Line, heard: Heard) -> bytes | None:
        request = _request(line, heard)
        code = self._fault(line, request)
        if code is not None:
            return _no(line, request, code)
        if request.function in {5, 6}:
            return frames.reply(_of(line).tcp, request, bytes((request.function,)) + request.data[:4])
        if request.function == 15:
            return frames.reply(_of(line).tcp, request, b"\x0f" + request.data[:4])
        return frames.reply(_of(line).tcp, request, bytes((request.function,)) + self._read(line, request))

    def refuse(self, line: Line, heard: Heard, fault: Fault) -> bytes:
        """`status` of the fault is the exception's code."""
        return _no(line, _request(line, heard), fault.status)

    def spoil(self, kind: str, line: Line, frame: bytes) -> bytes:
        tcp = _of(line).tcp
        if kind == "checksum":
            # A TCP frame has no sum: its protocol number takes the damage.
            return frame[:2] + b"\xff\xff" + frame[4:] if tcp else frame[:-1] + bytes((frame[-1] ^ 0xFF,))
        spoiled = bytearray(frame)
        spoiled[(6 if tcp else 0) if kind == "address" else (7 if tcp else 1)] ^= 0x03
        return bytes(spoiled) if tcp else bytes(spoiled[:-2]) + frames.crc(bytes(spoiled[:-2]))

    def misread(self, line: Line, heard: Heard) -> Heard:
        raw = bytearray(heard.raw)
        at = 9 if _of(line).tcp else 3
        raw[at] += 1
        fixed = bytes(raw) if _of(line).tcp else bytes(raw[:-2]) + frames.crc(bytes(raw[:-2]))
        return replace(heard, raw=fixed)

    def set_unit(self, bank: str, unit: str, changes: Mapping[str, Any]) -> None:
        """Besides the words of all doors `mode`: of the output."""
        doors = dict(changes)
        if "mode" in doors:
            self.outputs.at(bank, unit).mode = int(doors.pop("mode"))
        super().set_unit(bank, unit, doors)

    def lose_power(self, bank: str) -> None:
        super().lose_power(bank)
        self.outputs.lose_power(bank)

    def told(self, bank: str | None) -> Mapping[str, Any]:
        return {"outputs": self.outputs.told(bank)}

    def _fault(self, line: Line, request: Request) -> int | None:
        """The code of the exception that the module answers with, or None."""
        channels, flashes = line.boards[request.unit], _of(line).flashes
        first, last = request.address, request.address + max(1, request.value) - 1
        if request.function == 3:
            return None if flashes and _MODES <= first <= last < _MODES + channels else 2
        if request.function in {1, 2, 15}:
            return None if last < channels else 2
        if request.function != 5:
            return 1
        if flashes and first >> 8 in {_FLASH_ON >> 8, _FLASH_OFF >> 8}:
            return None if first & 0xFF < channels and 1 <= request.value <= 0x7FFF else 2
        if first >= channels and not (flashes and first == _ALL):
            return 2
        return None if request.value in ({_ON, _OFF, _TOGGLE} if flashes else {_ON, _OFF}) else 3

    def _single(self, line: Line, module: int, address: int, value: int) -> None:
        if address & 0xFF00 == _FLASH_ON:
            self._switch(line, module, address & 0xFF, True, value * 0.1)
        elif address == _ALL:
            for channel in range(line.boards[module]):
                self._switch(line, module, channel, value == _ON)
        elif address & 0xFF00 != _FLASH_OFF:
            on = self.outputs.at(line.bank, f"{module}-{address + 1}").on_since is None if value == _TOGGLE else None
            self._switch(line, module, address, value == _ON if on is None else on)

    def _switch(self, line: Line, module: int, channel: int, on: bool, seconds: float | None = None) -> None:
        if channel < line.boards[module]:
            self.outputs.switch(line.bank, f"{module}-{channel + 1}", on, seconds)

    def _read(self, line: Line, request: Request) -> bytes:
        units = [f"{request.unit}-{(request.address & 0xFF) + at + 1}" for at in range(request.value)]
        if request.function == 3:
            modes = [self.outputs.at(line.bank, unit).mode for unit in units]
            return bytes((2 * len(modes),)) + b"".join(mode.to_bytes(2, "big") for mode in modes)
        if request.function == 1:
            states = [self.outputs.at(line.bank, unit).on_since is not None for unit in units]
        else:
            states = [self.doors.switch(line.bank, unit) is not (unit in _of(line).open_when) for unit in units]
        packed = sum(1 << at for at, state in enumerate(states) if state)
        length = (len(states) + 7) // 8
        return bytes((length,)) + packed.to_bytes(length, "little")


def _of(line: Line) -> ModbusLine:
    assert isinstance(line, ModbusLine)
    return line


def _request(line: Line, heard: Heard) -> Request:
    request = frames.find_request(_of(line).tcp, heard.raw)
    assert request is not None, "it was heard"
    return request


def _no(line: Line, request: Request, code: int) -> bytes:
    return frames.reply(_of(line).tcp, request, bytes((request.function | 0x80, code)))


def plain_lines(count: int, modules: int, prefix: str, first_port: int = 0, *, tcp: bool = True) -> list[ModbusLine]:
    """So many lines of so many modules, with device ids from 1."""
    found = lines.plain_lines(count, range(1, modules + 1), CHANNELS, prefix, first_port)
    return [ModbusLine(line.bank, line.boards, line.port, tcp=tcp) for line in found]


def described_line(text: Mapping[str, Any]) -> ModbusLine:
    """`{"bank", "boards": [1, {"board": 2, "locks": 16}], "port", "framing": "tcp" or "rtu", "flashes"}`."""
    boards = lines.described_boards(text, CHANNELS)
    return ModbusLine(
        text["bank"],
        boards,
        text.get("port", 0),
        tcp=text.get("framing", "tcp") == "tcp",
        flashes=text.get("flashes", True),
        open_when=frozenset(text.get("open_when", ())),
    )
