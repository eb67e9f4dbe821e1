"""Lines of boards as TCP servers: one connection is one master on the line, as behind an RS485-Ethernet converter."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self
from weakref import WeakSet

from adapters.simulation.doors import Clock, Doors
from adapters.simulation.faults import Fault, Faults

# Longer than this without a sound frame in it, and the rest of the input is rubbish.
INPUT_LIMIT = 300

KINDS = frozenset(
    {
        "address",  # the answer names another board
        "busy",  # silent for `ms` after this command, which still takes effect
        "checksum",  # the answer's sum is wrong
        "cut",  # effect, then the connection is cut
        "delay",  # the answer comes `ms` later; the effect at once
        "drop",  # no answer; the effect takes place all the same
        "flood",  # far more rubbish than any frame, in place of the answer
        "garbage",  # rubbish in place of the answer
        "hang",  # effect, and not a byte more is heard or said on this connection
        "half",  # the first half of the answer and no more
        "ignore",  # the command is lost on the line: no effect, no answer
        "late",  # the effect comes `ms` later
        "neighbour",  # the effect is at the next lock
        "noise",  # rubbish before the answer
        "other_word",  # the answer to a command that was not given
        "semicolon",  # a `;` after the answer, as some network units append
        "split",  # the answer in two pieces, `ms` apart
        "stale",  # the answer to the command before
        "twice",  # the answer two times
    }
)


@dataclass(frozen=True, slots=True)
class Line:
    """One bus: a bank of boards, each with its locks. `acknowledges`: an unlock is answered as some firmware does."""

    bank: str
    boards: Mapping[int, int]
    port: int = 0
    acknowledges: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """A sound command in the input. `name`: how faults call it. `end`: where it ends. `raw`: as it came."""

    name: str
    board: int
    end: int
    raw: bytes


class LineWorld(ABC):
    """All lines of one process, with their doors. What the boards speak is the vendor's: it derives from this."""

    # Kinds of faults that only boards of this kind have: no effect, and their own answer.
    refusals: frozenset[str] = frozenset()

    def __init__(self, lines: Iterable[Line], *, close_after: float | None = None) -> None:
        self.clock = Clock()
        self.doors = Doors(self.clock, close_after)
        self.faults = Faults(KINDS | self.refusals)
        self.lines = tuple(lines)
        # Grows when a bank loses power: effects that were to come do not come any more.
        self.outages: dict[str, int] = {}
        for line in self.lines:
            for board, locks in line.boards.items():
                for lock in range(1, locks + 1):
                    self.doors.add(line.bank, f"{board}-{lock}")

    @abstractmethod
    def hear(self, line: Line, received: bytes) -> Heard | None:
        """The first sound command in what came."""

    @abstractmethod
    def obey(self, line: Line, heard: Heard) -> None:
        """Its effect on doors and outputs."""

    @abstractmethod
    def answer(self, line: Line, heard: Heard) -> bytes | None:
        """What the board says after the effect; None: it keeps quiet."""

    @abstractmethod
    def spoil(self, kind: str, line: Line, frame: bytes) -> bytes:
        """The frame with a wrong sum (`checksum`), of another board (`address`), to another command (`other_word`)."""

    @abstractmethod
    def misread(self, line: Line, heard: Heard) -> Heard:
        """The same command to the lock beside (`neighbour`)."""

    def refuse(self, line: Line, heard: Heard, fault: Fault) -> bytes:
        """The answer of a board that will not; only kinds with `refusals` have one."""
        raise ValueError(f"board {heard.board} of bank {line.bank} does not refuse by {fault.kind}")

    def lose_power(self, bank: str) -> None:
        self.outages[bank] = self.outages.get(bank, 0) + 1

    def set_unit(self, bank: str, unit: str, changes: Mapping[str, Any]) -> None:
        door = self.doors.at(bank, unit)
        if strange := changes.keys() - {"open", "item", "jammed", "held"}:
            raise ValueError(f"no such words: {', '.join(sorted(strange))}")
        names = {"open": "is_open"}
        for name, value in changes.items():
            setattr(door, names.get(name, name), bool(value))

    def dump(self) -> dict[str, Any]:
        return {"doors": self.doors.dump()}

    def load(self, kept: Mapping[str, Any]) -> None:
        self.doors.load(kept["doors"])


class LineServer:
    """Serves one line; `async with` starts and stops it."""

    def __init__(self, world: LineWorld, line: Line, host: str = "127.0.0.1") -> None:
        self.port = line.port
        self.url = ""
        self._world = world
        self._line = line
        self._host = host
        self._server: asyncio.Server | None = None
        self._masters: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._hanging: WeakSet[asyncio.StreamWriter] = WeakSet()
        self._before = b""
        self._quiet_until = 0.0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self._host, self._line.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"socket://{self._host}:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            self._server.close()
        for task in self._masters:
            task.cancel()
        await asyncio.gather(*self._masters, return_exceptions=True)

    def cut(self) -> None:
        """Every master on the line loses its connection."""
        for writer in self._masters.values():
            writer.transport.abort()

    async def say(self, frame: bytes, name: str) -> None:
        """A board says something unasked, to whoever is on the line. `name`: how faults call it."""
        if self._world.faults.away(self._line.bank) is None:
            fault = self._world.faults.take(name, self._line.bank)
            for writer in tuple(self._masters.values()):
                await self._reply(writer, frame, fault)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._masters[task] = writer
        task.add_done_callback(lambda ended: self._masters.pop(ended, None))
        received = b""
        with suppress(ConnectionError, asyncio.CancelledError):
            while chunk := await reader.read(512):
                if writer in self._hanging:
                    continue
                received = (received + chunk)[-INPUT_LIMIT:]
                while heard := self._world.hear(self._line, received):
                    received = received[heard.end :]
                    if self._world.faults.away(self._line.bank) == "reset":
                        writer.transport.abort()
                        return
                    await self._carry_out(writer, heard)
        writer.transport.abort()

    async def _carry_out(self, writer: asyncio.StreamWriter, heard: Heard) -> None:
        loop = asyncio.get_running_loop()
        away = self._world.faults.away(self._line.bank)
        if away or heard.board not in self._line.boards or loop.time() < self._quiet_until:
            return
        fault = self._world.faults.take(heard.name, self._line.bank)
        kind = fault.kind if fault else ""
        if kind == "ignore":
            return
        if fault and kind in self._world.refusals:
            writer.write(self._world.refuse(self._line, heard, fault))
            return
        if kind == "busy" and fault:
            self._quiet_until = loop.time() + fault.ms / 1000
        if kind == "late" and fault:
            loop.call_later(fault.ms / 1000, self._obey_late, heard, self._outages())
        else:
            self._world.obey(self._line, self._world.misread(self._line, heard) if kind == "neighbour" else heard)
        if kind == "cut":
            writer.transport.abort()
        elif kind == "hang":
            self._hanging.add(writer)
        elif frame := self._world.answer(self._line, heard):
            await self._reply(writer, frame, fault)

    def _outages(self) -> int:
        return self._world.outages.get(self._line.bank, 0)

    def _obey_late(self, heard: Heard, outages: int) -> None:
        if outages == self._outages():
            self._world.obey(self._line, heard)

    async def _reply(self, writer: asyncio.StreamWriter, frame: bytes, fault: Fault | None) -> None:
        before, self._before = self._before or frame, frame
        kind = fault.kind if fault else ""
        seconds = fault.ms / 1000 if fault else 0.0
        if kind in {"address", "checksum", "other_word"}:
            frame = self._world.spoil(kind, self._line, frame)
        elif kind in _SPOILED:
            frame = _SPOILED[kind](frame, before)
        if kind == "delay":
            # Not awaited: the board answers late, yet hears what comes meanwhile.
            asyncio.get_running_loop().call_later(seconds, writer.write, frame)
        elif kind == "split":
            writer.write(frame[: len(frame) // 2])
            await asyncio.sleep(seconds)
            writer.write(frame[len(frame) // 2 :])
        else:
            writer.write(frame)


# What becomes of a frame, given it and the one sent before.
_SPOILED: Mapping[str, Callable[[bytes, bytes], bytes]] = {
    "busy": lambda _, __: b"",
    "drop": lambda _, __: b"",
    "flood": lambda _, __: bytes(range(256)) * 80,
    "garbage": lambda _, __: bytes(range(256)),
    "half": lambda frame, _: frame[: len(frame) // 2],
    "noise": lambda frame, _: b"\x00\xff\x02\x02\x00\x35" + frame,
    "semicolon": lambda frame, _: frame + b";",
    "stale": lambda _, before: before,
    "twice": lambda frame, _: frame * 2,
}


def plain_lines(count: int, boards: Iterable[int], locks: int, prefix: str, first_port: int = 0) -> list[Line]:
    """So many lines of full boards: banks `<prefix>01` and on; ports from `first_port` up, or free ones."""
    numbers = list(boards)
    return [
        Line(f"{prefix}{number:02}", dict.fromkeys(numbers, locks), first_port and first_port + number - 1)
        for number in range(1, count + 1)
    ]


def described_boards(text: Mapping[str, Any], locks: int) -> dict[int, int]:
    """`"boards": [0, {"board": 1, "locks": 12}]` as board -> locks."""
    boards = [each if isinstance(each, dict) else {"board": each} for each in text["boards"]]
    return {each["board"]: each.get("locks", locks) for each in boards}


def described_line(text: Mapping[str, Any], locks: int) -> Line:
    """`{"bank", "boards", "port", "acknowledges"}`."""
    boards = described_boards(text, locks)
    return Line(text["bank"], boards, text.get("port", 0), text.get("acknowledges", False))
