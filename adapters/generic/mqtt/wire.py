"""What is said between controllers and us, in words that every dialect is turned into. No I/O."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias
from uuid import UUID

import orjson

from app.devices.port import Door


class Result(StrEnum):
    """What a controller says of an order. ACCEPTED: it has done its part; the door is another matter."""

    ACCEPTED = "accepted"
    OPENED = "opened"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Message:
    """To publish, never retained. `once`: what would move something again if it came again goes at most once, and never
    waits in a broker for a controller that is away; the rest goes at least once."""

    topic: str
    payload: str
    once: bool = False


@dataclass(frozen=True, slots=True)
class Alive:
    """A controller came or went; by its own word or by its last will. `unit` None: that of the whole bank."""

    bank: str
    unit: str | None
    online: bool


@dataclass(frozen=True, slots=True)
class State:
    """None: it does not say. `seq` grows with every state of a controller since it came."""

    bank: str
    unit: str
    door: Door | None = None
    item: bool | None = None
    seq: int | None = None

    def older_than(self, known: "State") -> bool:
        return self.seq is not None and known.seq is not None and self.seq <= known.seq

    def uncounted(self) -> "State":
        return replace(self, seq=None)


@dataclass(frozen=True, slots=True)
class Reacted:
    """`order` None: the dialect does not say to which order."""

    bank: str
    unit: str | None
    order: str | None
    result: Result
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """Of a controller that does not end a pulse itself: whether what drives the lock is under current."""

    bank: str
    unit: str
    on: bool


@dataclass(frozen=True, slots=True)
class Strange:
    """Something that makes no sense: kept raw."""

    bank: str
    unit: str | None
    what: str
    raw: str


News: TypeAlias = Alive | State | Reacted | Output | Strange


class Dialect(Protocol):
    """How one kind of controllers speaks. `acks`: orders are answered by their id, and one that comes twice moves
    nothing. `finds`: banks and units are whatever is heard of, within the settings."""

    acks: bool
    finds: bool

    def topics(self) -> tuple[str, ...]:
        """To subscribe to."""
        ...

    def units(self) -> tuple[tuple[str, str], ...]:
        """Bank and unit of all that the settings name."""
        ...

    def greet(self, units: Collection[str] | None = None) -> tuple[Message, ...]:
        """To publish on every new connection (None: for all units), and to a controller that comes back, for its units:
        off for what pulses, and questions for states that are not retained."""
        ...

    def read(self, topic: str, payload: str) -> tuple[News, ...]: ...

    def order(self, bank: str, unit: str, order: UUID, expires: datetime) -> Message: ...

    def after(self, unit: str) -> Message | None:
        """To publish when the pulse is over; None: the controller ends it itself."""
        ...

    def tells_door(self, unit: str) -> bool: ...

    def reacts(self, unit: str) -> bool:
        """Whether the controller says anything to an order."""
        ...


def shown(payload: str) -> str:
    return payload[:200]


def json_of(payload: str) -> Mapping[str, object] | None:
    """The object in it, or None."""
    try:
        # Not Python's own: its recursion on deeply nested rubbish upsets the interpreter for those who come after.
        found = orjson.loads(payload)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
