"""What a family of boards has to bring along: how a board is looked at, and how a lock gets its pulse."""

import time
from dataclasses import dataclass, field
from typing import Protocol

from adapters.generic.transport import Bus

ALL = -1


@dataclass(frozen=True, slots=True)
class Reading:
    """Bit i is lock i + 1. `closed`: its door is. `items`: something is there. `known`: the board tells of it."""

    closed: int
    items: int = 0
    known: int = ALL

    def is_closed(self, lock: int) -> bool | None:
        return bool(self.closed >> lock - 1 & 1) if self.known >> lock - 1 & 1 else None

    def has_item(self, lock: int) -> bool:
        return bool(self.items >> lock - 1 & 1)


@dataclass(slots=True)
class Looks:
    """At one door since its unlock was sent, which counts as the first: the door was shut then. `last`: when, by
    `time.monotonic`. `blind`: the longest time in between that nobody saw it, in seconds."""

    last: float = field(default_factory=time.monotonic)
    blind: float = 0.0

    def note(self) -> None:
        now = time.monotonic()
        self.blind, self.last = max(self.blind, now - self.last), now


@dataclass(frozen=True, slots=True)
class Pulsed:
    """An order that was sent. `taken`: the board said that it took it; some boards never say. `opened`: the door was
    seen open twice meanwhile."""

    taken: bool
    looks: Looks
    opened: bool = False


class Dialect(Protocol):
    """How one family of boards talks. Its calls run within a turn of the bus, which they must not leave."""

    # Without sensors nothing is watched: a reading only proves that the board is alive.
    sensors: bool

    def one_by_one(self, board: int) -> bool:
        """Whether it takes more than one question to hear of all its locks."""
        ...

    async def look(self, bus: Bus, board: int, lock: int | None) -> Reading:
        """Of all locks; where one is named, of this one at least, and at once: a round over locks that are told one by
        one takes a second, and a door that is watched may have opened and shut meanwhile.

        Raises NoAnswer when nothing usable came, Unreachable and ContractBroken.
        """
        ...

    async def pulse(self, bus: Bus, board: int, lock: int) -> Pulsed:
        """Order it once. `looks` begin just before the order is written, however long it takes to come back from here.

        Raises Unreachable while nothing is ordered, Refused when the board will not.
        """
        ...

    async def settle(self) -> None:
        """Called before the line is given back: leave nothing under current. Runs outside a turn."""
        ...
