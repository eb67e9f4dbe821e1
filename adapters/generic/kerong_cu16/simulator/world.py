"""What hangs on the lines: boards, doors, items."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.generic.kerong_cu16 import wire
from adapters.simulation.doors import Clock, Doors
from adapters.simulation.faults import Faults

KINDS = frozenset(
    {
        "address",  # the answer names another board
        "busy",  # silent for `ms` after this command, which still takes effect
        "checksum",  # the answer's sum is wrong
        "cut",  # effect, then the connection is cut
        "delay",  # the answer comes `ms` later; the effect at once
        "drop",  # no answer; the effect takes place all the same
        "garbage",  # rubbish in place of the answer
        "ignore",  # the command is lost on the line: no effect, no answer
        "late",  # the effect comes `ms` later
        "noise",  # rubbish before the answer
        "semicolon",  # a `;` after the answer, as the network unit appends
        "split",  # the answer in two pieces, `ms` apart
        "stale",  # the answer to the command before
    }
)


@dataclass(frozen=True, slots=True)
class Line:
    """One bus: a bank of boards. `acknowledges`: an unlock is answered with a status frame, as some firmware does."""

    bank: str
    boards: Mapping[int, int]
    port: int = 0
    acknowledges: bool = False


class KerongWorld:
    """All lines of one process. Unit ids are `board-lock`, as the adapter spells them."""

    def __init__(self, lines: Iterable[Line], *, close_after: float | None = None) -> None:
        self.clock = Clock()
        self.doors = Doors(self.clock, close_after)
        self.faults = Faults(KINDS)
        self.lines = tuple(lines)
        for line in self.lines:
            for board, locks in line.boards.items():
                for lock in range(1, locks + 1):
                    self.doors.add(line.bank, f"{board}-{lock}")

    def status(self, line: Line, board: int) -> wire.BoardStatus:
        """Locks that are not fitted read as closed and empty."""
        closed, items = 0xFFFF, 0
        for lock in range(1, line.boards[board] + 1):
            unit = f"{board}-{lock}"
            if not self.doors.switch(line.bank, unit):
                closed &= ~(1 << lock - 1)
            if self.doors.at(line.bank, unit).item:
                items |= 1 << lock - 1
        return wire.BoardStatus(board, closed, items)

    def unlock(self, line: Line, board: int, lock: int) -> None:
        if lock <= line.boards[board]:
            self.doors.unlock(line.bank, f"{board}-{lock}")

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


def plain_lines(count: int, boards: int, prefix: str = "KR-", first_port: int = 0) -> list[Line]:
    """So many lines of so many full boards: banks `KR-01` and on; ports from `first_port` up, or free ones."""
    return [
        Line(f"{prefix}{number:02}", dict.fromkeys(range(boards), wire.LOCKS), first_port and first_port + number - 1)
        for number in range(1, count + 1)
    ]


def described_line(text: Mapping[str, Any]) -> Line:
    """`{"bank", "boards": [0, {"board": 1, "locks": 12}], "port", "acknowledges"}`."""
    boards = [each if isinstance(each, dict) else {"board": each} for each in text["boards"]]
    return Line(
        text["bank"],
        {each["board"]: each.get("locks", wire.LOCKS) for each in boards},
        text.get("port", 0),
        text.get("acknowledges", False),
    )
