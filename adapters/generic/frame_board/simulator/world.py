"""What hangs on the lines, as boards of one family each: what they hear, do and answer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import xor
from typing import Any

from adapters.generic.frame_board import wire
from adapters.generic.frame_board.wire import PROFILES, Profile
from adapters.simulation import lines
from adapters.simulation.lines import Heard, Line, LineWorld


@dataclass(frozen=True, slots=True)
class FrameLine(Line):
    """`profile`: the family of all boards of this line."""

    profile: str = "xor5_8a80"


class FrameWorld(LineWorld):
    """All lines of one process. Unit ids are `board-lock`, as the adapter spells them."""

    def hear(self, line: Line, received: bytes) -> Heard | None:
        """The command that ends first, whichever it is. Faults call them `open`, `one` and `all`."""
        profile = profile_of(line)
        questions = {"all": profile.ask_all, "one": profile.ask_one, "open": profile.unlock}
        heard = []
        for name, message in questions.items():
            found = wire.find(message, received) if message else None
            if found is not None:
                board = int(found[0]["board"])
                heard.append(Heard(name, board, found[1], wire.spell(message, **found[0])))
        # Asking for lock 0 is asking for all: of two readings of the same bytes the first stands.
        return min(heard, key=lambda each: each.end, default=None)

    def obey(self, line: Line, heard: Heard) -> None:
        profile = profile_of(line)
        if heard.name == "open":
            lock = heard.raw[profile.lock_at]
            for each in range(1, line.boards[heard.board] + 1):
                if lock in {0, each}:
                    self.doors.unlock(line.bank, f"{heard.board}-{each}")

    def answer(self, line: Line, heard: Heard) -> bytes | None:
        profile, board = profile_of(line), heard.board
        if heard.name == "all":
            states = [self._status(line, board, lock) for lock in range(1, line.boards[board] + 1)]
            if "bits0" not in profile.told_all:
                doors: dict[str, int | bytes] = {"count": len(states), "doors*": bytes(states)}
                return wire.spell(profile.told_all, board=board, result=0, **doors)
            closed = sum(1 << at for at, state in enumerate(states[: profile.covers]) if profile.words[state])
            parts = {f"bits{part}": closed >> 8 * part & 0xFF for part in range(3)}
            return wire.spell(profile.told_all, board=board, **parts)
        lock = heard.raw[profile.lock_at]
        if not 1 <= lock <= line.boards[board]:
            return None
        if heard.name == "open" and profile.word_at == 2:
            # Winnsen-style boards tell of the order, not of the door: 01 done.
            return wire.spell(profile.unlocked, board=board, lock=lock, status=1)
        reply = profile.unlocked if heard.name == "open" else profile.told_one
        return wire.spell(reply, board=board, lock=lock, status=self._status(line, board, lock), result=0)

    def push(self, line: Line, unit: str) -> bytes:
        board, lock = (int(part) for part in unit.split("-"))
        return wire.spell(profile_of(line).pushed, board=board, lock=lock, status=self._status(line, board, lock))

    def spoil(self, kind: str, line: Line, frame: bytes) -> bytes:
        profile = profile_of(line)
        if kind == "checksum":
            return frame[:-1] + bytes((frame[-1] ^ 0xFF,))
        spoiled = bytearray(frame)
        spoiled[profile.board_at if kind == "address" else profile.word_at] ^= 0x01 if kind == "address" else 0x20
        if profile.unlock.endswith("xor"):
            spoiled[-1] = reduce(xor, spoiled[:-1])
        return bytes(spoiled)

    def misread(self, line: Line, heard: Heard) -> Heard:
        beside = bytearray(heard.raw)
        beside[profile_of(line).lock_at] += 1
        return replace(heard, raw=bytes(beside))

    def _status(self, line: Line, board: int, lock: int) -> int:
        closed = self.doors.switch(line.bank, f"{board}-{lock}")
        return next(word for word, meaning in profile_of(line).words.items() if meaning is closed)


def profile_of(line: Line) -> Profile:
    assert isinstance(line, FrameLine)
    return PROFILES[line.profile]


def plain_lines(count: int, boards: int, prefix: str, profile: str, first_port: int = 0) -> list[FrameLine]:
    """So many lines of so many full boards, all of one family."""
    kind = PROFILES[profile]
    found = lines.plain_lines(count, kind.boards[:boards], kind.locks, prefix, first_port)
    return [FrameLine(line.bank, line.boards, line.port, profile=profile) for line in found]


def described_line(text: Mapping[str, Any]) -> FrameLine:
    """`{"bank", "profile", "boards": [1, {"board": 2, "locks": 12}], "port"}`."""
    profile = text["profile"]
    boards = lines.described_boards(text, PROFILES[profile].locks)
    return FrameLine(text["bank"], boards, text.get("port", 0), profile=profile)
