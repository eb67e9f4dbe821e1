"""Doors as things: they spring open, latch when shut, jam, bounce, are forced, and count what happened to them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any


class Clock:
    """Real time plus what a test has added."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advance(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


@dataclass(slots=True)
class Door:
    """`pulses`: orders that reached the lock. `openings`: it sprang open by order. `forced`: opened without one."""

    is_open: bool = False
    item: bool = False
    jammed: bool = False
    held: bool = False
    bounces: int = 0
    pulses: int = 0
    openings: int = 0
    forced: int = 0
    shut_at: datetime | None = None


Key = tuple[str, str]


class Doors:
    """Every door of one simulator, by bank and unit. `close_after`: seconds until an opened door is pushed shut."""

    def __init__(self, clock: Clock, close_after: float | None = None) -> None:
        self.clock = clock
        self.close_after = close_after
        self._doors: dict[Key, Door] = {}

    def add(self, bank: str, unit: str) -> None:
        self._doors[bank, unit] = Door()

    def __iter__(self) -> Iterator[Key]:
        return iter(self._doors)

    def __contains__(self, key: object) -> bool:
        return key in self._doors

    def at(self, bank: str, unit: str) -> Door:
        """The door as it is now. KeyError where there is none."""
        door = self._doors[bank, unit]
        if door.is_open and door.shut_at and door.shut_at <= self.clock.now():
            self.latch(door)
        return door

    def switch(self, bank: str, unit: str) -> bool:
        """What the door's switch says (True: closed). A bouncing one lies on every second reading."""
        door = self.at(bank, unit)
        lie = door.bounces % 2 == 1
        door.bounces = max(0, door.bounces - 1)
        return door.is_open if lie else not door.is_open

    def unlock(self, bank: str, unit: str) -> bool:
        """The lock gets its pulse. True when the door stands open afterwards."""
        door = self.at(bank, unit)
        door.pulses += 1
        if not door.jammed and not door.is_open:
            door.openings += 1
            self.spring_open(door)
        return door.is_open

    def act(self, bank: str, unit: str, act: str, amount: float | None = None) -> Door:
        """Something a person or bad luck does. KeyError for unknown doors and acts."""
        door = self.at(bank, unit)
        ACTS[act](self, door, amount)
        return door

    def spring_open(self, door: Door) -> None:
        door.is_open = True
        door.shut_at = None if self.close_after is None else self.clock.now() + timedelta(seconds=self.close_after)

    def latch(self, door: Door) -> None:
        if not door.held:
            door.is_open, door.shut_at = False, None

    def renumber(self, bank: str, units: Mapping[str, str]) -> None:
        """The things stay where they are and are called otherwise from now on: old id -> new id, both of this bank."""
        moved = {(bank, after): self._doors[bank, before] for before, after in units.items()}
        gone = {(bank, before) for before in units} - moved.keys()
        self._doors = {key: door for key, door in self._doors.items() if key not in gone} | moved

    def dump(self) -> list[dict[str, Any]]:
        rows = []
        for bank, unit in self._doors:
            row = asdict(self.at(bank, unit))
            row["shut_at"] = row["shut_at"] and row["shut_at"].isoformat()
            rows.append({"bank": bank, "unit": unit, **row})
        return rows

    def load(self, rows: list[dict[str, Any]]) -> None:
        names = {field.name for field in fields(Door)}
        for row in rows:
            if (row["bank"], row["unit"]) in self._doors:
                kept = {name: row[name] for name in names & row.keys()}
                kept["shut_at"] = datetime.fromisoformat(kept["shut_at"]) if kept.get("shut_at") else None
                self._doors[row["bank"], row["unit"]] = Door(**kept)


def _open(doors: Doors, door: Door, _: float | None) -> None:
    """With a key, or by a pickup code at the kiosk: allowed, so it is not counted as forced."""
    doors.spring_open(door)


def _force(doors: Doors, door: Door, _: float | None) -> None:
    if not door.is_open:
        door.forced += 1
        doors.spring_open(door)


def _close(doors: Doors, door: Door, seconds: float | None) -> None:
    if seconds:
        door.shut_at = doors.clock.now() + timedelta(seconds=seconds)
    else:
        doors.latch(door)


def _bounce(_: Doors, door: Door, times: float | None) -> None:
    # Odd, so that the very next reading is a lie.
    door.bounces = int(times or 1) * 2 - 1


def _setting(name: str, value: bool) -> "Act":
    return lambda _, door, __: setattr(door, name, value)


Act = Callable[[Doors, Door, float | None], None]

ACTS: Mapping[str, Act] = {
    "bounce": _bounce,
    "close": _close,
    "force": _force,
    "hold": _setting("held", True),
    "jam": _setting("jammed", True),
    "let_go": _setting("held", False),
    "open": _open,
    "put": _setting("item", True),
    "take": _setting("item", False),
    "unjam": _setting("jammed", False),
}
