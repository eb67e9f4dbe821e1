"""One cell of the matrix: a fault, what is tried meanwhile, and what must come of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from adapters.conformance.faults import Fault
from app.devices.port import (
    Ambiguous,
    AuthFailed,
    ContractBroken,
    DeviceError,
    Outcome,
    Refused,
    Unreachable,
    Unsupported,
)


class Act(StrEnum):
    """What is tried while the fault is there."""

    ORDER = "order"
    READ = "read"
    TWICE = "the same order, twice at once"
    RACE = "two reservations of one unit at once"
    POWER = "order, then back, then a new order"
    BOOKS = "books"
    HEAR = "hear"


class End(StrEnum):
    """What became of it. UNCONFIRMED is the error Ambiguous: it may have happened, and nobody guesses."""

    ACCEPTED = "accepted"
    OPENED = "opened"
    READ = "read"
    UNMAPPED = "read, the strange part kept aside"
    HEARD = "heard"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    UNCONFIRMED = "unconfirmed"
    AUTH_FAILED = "credentials refused"
    CONTRACT_BROKEN = "contract broken"
    UNSUPPORTED = "unsupported"


DONE = frozenset({End.ACCEPTED, End.OPENED})
# Whoever says one of these says that the hardware did nothing.
NOTHING_DONE = frozenset({End.UNREACHABLE, End.AUTH_FAILED, End.CONTRACT_BROKEN, End.UNSUPPORTED})

_ERRORS: Mapping[type[DeviceError], End] = {
    Ambiguous: End.UNCONFIRMED,
    AuthFailed: End.AUTH_FAILED,
    ContractBroken: End.CONTRACT_BROKEN,
    Refused: End.REFUSED,
    Unreachable: End.UNREACHABLE,
    Unsupported: End.UNSUPPORTED,
}


def end_of(result: Outcome | DeviceError) -> End:
    if isinstance(result, Outcome):
        return End.ACCEPTED if result is Outcome.ACCEPTED else End.OPENED
    return next(end for kind, end in _ERRORS.items() if isinstance(result, kind))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a play saw. `heard`: how many different events it was told. `released`: as the receipt says it."""

    end: End
    texts: tuple[str, ...] = ()
    heard: int = 0
    released: bool | None = None


# Makes the fault: called with the bench's `world` before anything is tried.
Strike = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Cell:
    """`effects`: how often the hardware must have acted at the unit that was named, by its own count (for HEAR: how
    many different events were told). `elsewhere`: the same of all other units, never more than 0 but where the hardware
    itself takes the wrong door. `after`: seconds to wait before counting. `how`: tells two cells of one fault apart.
    `settings`: passed to the rig's start. `play`: the rig's own way to try it, in place of the kit's."""

    fault: Fault
    act: Act
    end: End
    effects: int = 0
    strike: Strike | None = None
    how: str = ""
    after: float = 0.0
    elsewhere: int = 0
    settings: Mapping[str, object] = field(default_factory=dict)
    play: Callable[[Any], Awaitable[Seen]] | None = None

    def __str__(self) -> str:
        return "-".join(filter(None, (self.act.name.lower(), self.fault.name.lower(), self.how)))


def unlawful(cell: Cell) -> str | None:
    """Why no adapter may promise this, or None. A rig cannot write a lie into the matrix."""
    if cell.act in {Act.BOOKS, Act.HEAR}:
        # The rig's own play counts what it likes; the play itself says what is so.
        return None if cell.play else "it needs a play of the rig's own"
    if cell.effects > 1 and cell.act is not Act.POWER:
        return "one order acts once"
    if cell.end in NOTHING_DONE and cell.effects and cell.act is Act.ORDER:
        return f"{cell.end} says that nothing was done"
    if cell.end in DONE and not cell.effects and cell.fault is not Fault.OPEN_ALREADY and cell.act is Act.ORDER:
        return f"{cell.end} says that something was done"
    if cell.elsewhere and cell.fault is not Fault.WRONG_DOOR:
        return "no other door may move"
    return None
