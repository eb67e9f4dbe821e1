"""Frames of the board families as data. A message is a line of bytes and words; one engine spells and finds them all.

Two hex digits are themselves. `board lock status result count` are one byte each; `doors*` are `count` bytes of
status; `bits2 bits1 bits0` hold one door a bit, lock 1 lowest; `len` is the length of the whole; `xor` of all before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from operator import xor

Fields = Mapping[str, int | bytes]
# Their own length, where they tell it, is one byte.
LONGEST = 255


@dataclass(frozen=True, slots=True)
class Profile:
    """One family. `words`: status byte -> the door is closed (None: the board does not know). `covers`: how many locks
    the answer to `ask_all` tells, where it tells them as bits. `*_at`: where board, lock and command stand."""

    title: str
    boards: range
    locks: int
    most_locks: int
    words: Mapping[int, bool | None]
    board_at: int
    lock_at: int
    word_at: int
    unlock: str
    unlocked: str
    ask_one: str = ""
    told_one: str = ""
    ask_all: str = ""
    told_all: str = ""
    pushed: str = ""
    covers: int = 0
    proven: bool = True


PROFILES: Mapping[str, Profile] = {
    "xor5_8a80": Profile(
        title="8A/80 boards",
        boards=range(1, 32),
        locks=24,
        most_locks=50,
        words={0x00: False, 0x11: True},
        board_at=1,
        lock_at=2,
        word_at=0,
        unlock="8A board lock 11 xor",
        unlocked="8A board lock status xor",
        ask_one="80 board lock 33 xor",
        told_one="80 board lock status xor",
        ask_all="80 board 00 33 xor",
        told_all="80 board bits2 bits1 bits0 33 xor",
        covers=24,
    ),
    "wkly": Profile(
        title="WKLY boards",
        boards=range(256),
        locks=16,
        most_locks=64,
        words={0x00: False, 0x01: True, 0xFF: None},
        board_at=5,
        lock_at=7,
        word_at=6,
        unlock="57 4B 4C 59 len board 82 lock xor",
        unlocked="57 4B 4C 59 len board 82 result lock status xor",
        ask_one="57 4B 4C 59 len board 83 lock xor",
        told_one="57 4B 4C 59 len board 83 result lock status xor",
        ask_all="57 4B 4C 59 len board 84 xor",
        told_all="57 4B 4C 59 len board 84 result count doors* xor",
        pushed="57 4B 4C 59 len board 85 lock status xor",
    ),
    # No checksum, and revisions that disagree: a frame is known by its head, its end and what it names.
    "winnsen90": Profile(
        title="Winnsen-style 90 boards",
        boards=range(5),
        locks=16,
        most_locks=16,
        words={0x01: False, 0x00: True},
        board_at=3,
        lock_at=4,
        word_at=2,
        unlock="90 06 05 board lock 03",
        unlocked="90 07 85 board lock status 03",
        ask_one="90 06 12 board lock 03",
        told_one="90 07 92 board status lock 03",
        proven=False,
    ),
}


@cache
def _parts(message: str) -> tuple[int | str, ...]:
    return tuple(int(word, 16) if len(word) == 2 else word for word in message.split())


def spell(message: str, **fields: int | bytes) -> bytes:
    """The message with its fields filled in. Raises KeyError for a missing one."""
    parts = _parts(message)
    doors = fields.get("doors*", b"")
    assert isinstance(doors, bytes)
    length = len(parts) + (len(doors) - 1 if "doors*" in parts else 0)
    frame = bytearray()
    for part in parts:
        if isinstance(part, int):
            frame.append(part)
        elif part == "len":
            frame.append(length)
        elif part == "xor":
            frame.append(reduce(xor, frame))
        elif part == "doors*":
            frame += doors
        else:
            value = fields[part]
            assert isinstance(value, int)
            frame.append(value)
    return bytes(frame)


def find(message: str, received: bytes, accept: Callable[[Fields], bool] = lambda _: True) -> tuple[Fields, int] | None:
    """The first sound frame that is accepted in what came: its fields, and where it ends. Noise is skipped, at a pace
    that a babbling line cannot stop us with."""
    parts = _parts(message)
    head = parts[0]
    assert isinstance(head, int), "every message begins with a byte of its own"
    start = received.find(head)
    while start >= 0:
        found = _match(parts, received[start : start + LONGEST])
        if found is not None and accept(found[0]):
            return found[0], start + found[1]
        start = received.find(head, start + 1)
    return None


def _match(parts: tuple[int | str, ...], data: bytes) -> tuple[Fields, int] | None:
    fields: dict[str, int | bytes] = {}
    at = 0
    for part in parts:
        if part == "doors*":
            end = at + int(fields["count"])
            fields[part] = data[at:end]
            at = end
            continue
        if at >= len(data):
            return None
        byte = data[at]
        if isinstance(part, str):
            if part == "xor" and byte != reduce(xor, data[:at]):
                return None
            fields[part] = byte
        elif byte != part:
            return None
        at += 1
    return (fields, at) if fields.get("len", at) == at else None


def bits(fields: Fields) -> int:
    """`bits2 bits1 bits0` as one number, lock 1 lowest."""
    return sum(int(fields[f"bits{part}"]) << 8 * part for part in range(3))
