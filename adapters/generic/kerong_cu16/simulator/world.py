"""What hangs on the lines, as CU16 boards: what they hear, do and answer."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.generic.kerong_cu16 import wire
from adapters.simulation import lines
from adapters.simulation.lines import Heard, Line, LineWorld

__all__ = ["KerongWorld", "Line", "described_line", "plain_lines"]


class KerongWorld(LineWorld):
    """All lines of one process. Unit ids are `board-lock`, as the adapter spells them."""

    def hear(self, line: Line, received: bytes) -> Heard | None:  # noqa: ARG002 - all lines speak alike
        found = wire.find_command(received)
        if found is None:
            return None
        address, command, end = found
        return Heard(f"{command:x}", address >> 4, end, received[end - 5 : end])

    def obey(self, line: Line, heard: Heard) -> None:
        lock = (heard.raw[1] & 0x0F) + 1
        if heard.raw[2] == wire.UNLOCK and lock <= line.boards[heard.board]:
            self.doors.unlock(line.bank, f"{heard.board}-{lock}")

    def answer(self, line: Line, heard: Heard) -> bytes | None:
        if heard.raw[2] == wire.STATUS or line.acknowledges:
            return wire.status_reply(self.status(line, heard.board))
        return None

    def spoil(self, kind: str, line: Line, frame: bytes) -> bytes:  # noqa: ARG002 - as above
        if kind == "checksum":
            return frame[:8] + bytes((frame[8] ^ 0xFF,))
        address = (frame[1] + 0x10) & 0xF0 if kind == "address" else frame[1]
        word = frame[2] + 1 if kind == "other_word" else frame[2]
        body = bytes((frame[0], address, word, *frame[3:8]))
        return body + bytes((wire.checksum(body),))

    def misread(self, line: Line, heard: Heard) -> Heard:  # noqa: ARG002 - as above
        beside = heard.raw[1] & 0xF0 | (heard.raw[1] + 1) & 0x0F
        return replace(heard, raw=bytes((heard.raw[0], beside, *heard.raw[2:])))

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


def plain_lines(count: int, boards: int, prefix: str = "KR-", first_port: int = 0) -> list[Line]:
    """So many lines of so many full boards: banks `KR-01` and on; ports from `first_port` up, or free ones."""
    return lines.plain_lines(count, range(boards), wire.LOCKS, prefix, first_port)


def described_line(text: Mapping[str, Any]) -> Line:
    """`{"bank", "boards": [0, {"board": 1, "locks": 12}], "port", "acknowledges"}`."""
    return lines.described_line(text, wire.LOCKS)
