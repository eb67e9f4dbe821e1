"""Whose turn it is among the commands of one bank. No I/O, no clock of its own."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from app.devices.model import Command
from app.devices.port import OrderKind


def in_turn(waiting: Sequence[Command]) -> list[Command]:
    """Who has the least time left goes first: a person at a door does not wait for a bank that opens all of its doors.
    What goes into a vendor's books keeps its order; all of it is as urgent as the most urgent of it."""
    books = [each for each in waiting if each.kind is not OrderKind.OPEN]
    doors = sorted((each for each in waiting if each.kind is OrderKind.OPEN), key=lambda each: each.expires_at)
    due = min((each.expires_at for each in books), default=None)
    soon = [each for each in doors if due is None or each.expires_at <= due]
    return [*soon, *books, *doors[len(soon) :]]


def waits(command: Command, now: datetime) -> bool:
    """It got lost before, and is told again later: until then no door waits for it."""
    until = command.parameters.get("not_before")
    return isinstance(until, str) and datetime.fromisoformat(until) > now


def ripe(waiting: Sequence[Command], now: datetime) -> list[Command]:
    """All but what is told again later; of that too, what keeps something else from being told about the same."""
    kept_waiting = [each for each in waiting if each.kind is not OrderKind.OPEN and not waits(each, now)]
    return [
        each for each in waiting if not waits(each, now) or any(_about_the_same(each, other) for other in kept_waiting)
    ]


def held_up(command: Command, ahead: Iterable[Command], aloft: Collection[Command]) -> bool:
    """An earlier order of the same compartment has not got through, or nobody knows whether it did: this one waits. A
    release that overtakes the next reservation would take its place away. `aloft`: being sent at this moment."""
    books = command.kind is not OrderKind.OPEN
    if books and any(each.kind is not OrderKind.OPEN for each in aloft):
        return True
    return any(_about_the_same(each, command) for each in (*ahead, *aloft))


def _about_the_same(one: Command, other: Command) -> bool:
    """A stay that was placed elsewhere meanwhile is the same stay still."""
    same_stay = one.stay_id is not None and one.stay_id == other.stay_id and other.kind is not OrderKind.OPEN
    return same_stay or one.compartment_id == other.compartment_id
