"""What is known of a bank's doors, and what a new reading of it means. No I/O, no clock of its own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from app.devices.model import Command, CommandState, Purpose, operations_of
from app.devices.port import AccessKind, Door, Order, OrderKind, ParcelRef, Receipt, Unit, VendorWord
from app.lockers.model import Bank


@dataclass(slots=True)
class Known:
    """One compartment as last written down. `openings`: how often it was seen, or counted by the device, to open;
    `counter`: the device's own count at its last reading, `device`: which device that is, as far as its counts tell.

    `booked`: the vendor's books had somebody in it, or should have because something of ours was inside when this
    process began to look; None until read, or where the vendor keeps none. `word`: what they said, as last told to the
    core; `used`: they have it for a stay of ours, or one had it when this process began to look.
    """

    id: UUID
    unit: str
    label: str
    door: Door
    openings: int
    item: bool | None
    in_service: bool
    counter: int | None = None
    device: int = 0
    booked: bool | None = None
    found_free: int = 0
    word: VendorWord | None = None
    used: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What one reading adds to what was known of a door. A door may have opened and closed again between two looks."""

    known: Known
    door: Door
    openings: int
    item: bool | None
    at: datetime
    opened: bool
    closed: bool
    was_known: bool
    item_changed: bool


@dataclass(slots=True)
class Watch:
    """A command whose end is still out, as this process follows it. `sent`, `looked`, `gap`, and `asked`, when it was
    last tried to settle it: monotonic seconds.

    `unit`: where the vendor's books were found to have it, once they were; `found`: the answer, where it was kept.
    `device`: whose count of openings was noted before it was sent; None where none was.
    """

    command: Command
    sent: float
    looked: float
    gap: float = 0.0
    blind: bool = False
    given_up: bool = False
    unit: str | None = None
    found: Receipt | None = None
    device: int | None = None
    asked: float = 0.0

    def look(self, now: float) -> None:
        self.gap = max(self.gap, now - self.looked)
        self.looked = now


def change_of(known: Known, unit: Unit) -> Change | None:
    """None when the reading says nothing new. UNKNOWN is no news: what was seen last stands."""
    door = known.door if unit.door is Door.UNKNOWN else unit.door
    counted = (unit.openings or 0) - (known.counter or 0) if _counts_on(known, unit) else 0
    went_open = door is Door.OPEN and known.door is not Door.OPEN
    opened = went_open or counted > 0
    closed = door is Door.CLOSED and (known.door is Door.OPEN or (opened and known.door is Door.CLOSED))
    item = known.item if unit.occupied is None else unit.occupied
    item_changed = item is not known.item and known.item is not None
    if not opened and not closed and door is known.door and item is known.item:
        return None
    return Change(
        known=known,
        door=door,
        openings=known.openings + max(counted, int(went_open)),
        item=item,
        at=unit.observed_at,
        opened=opened,
        closed=closed,
        was_known=known.door is not Door.UNKNOWN,
        item_changed=item_changed,
    )


# No door opens so often between two looks.
MOST_COUNTED = 1000


def _counts_on(known: Known, unit: Unit) -> bool:
    """Whether its count goes on from the last one: one that went back, or leapt, is that of a replaced device."""
    if unit.openings is None or known.counter is None:
        return False
    return 0 <= unit.openings - known.counter <= MOST_COUNTED


def note_counts(known: Mapping[str, Known], units: Iterable[Unit]) -> None:
    """What a look counted is the base of the next one. Only once the changes it makes are written down."""
    for unit in units:
        door = known.get(unit.id)
        if door is not None and unit.openings is not None:
            door.device += not _counts_on(door, unit)
            door.counter = unit.openings


def changes(known: Mapping[str, Known], units: Iterable[Unit], *, sensor: bool) -> list[Change]:
    """Sorted by compartment, so that whoever writes them takes row locks in one order."""
    found = []
    for unit in units:
        before = known.get(unit.id)
        # Where no sensor is fitted, a door's state is nobody's to tell.
        told = unit if sensor else replace(unit, door=Door.UNKNOWN, openings=None)
        change = change_of(before, told) if before else None
        if change is not None:
            found.append(change)
    return sorted(found, key=lambda change: change.known.id)


def read_at(known: Mapping[str, Known], units: Iterable[Unit], *, sensor: bool) -> frozenset[UUID]:
    """The compartments that a look has told of: where a sensor is fitted, those whose doors it read."""
    told = (unit.id for unit in units if not sensor or unit.door is not Door.UNKNOWN)
    return frozenset(known[id_].id for id_ in told if id_ in known)


def inside(known: Mapping[str, Known], units: Iterable[Unit]) -> dict[UUID, bool]:
    """Whether there is somebody or something in a compartment, by the vendor's books or a sensor; where they tell."""
    told = [(unit.id, unit.reserved, unit.occupied) for unit in units if unit.id in known]
    return {known[id_].id: bool(one or other) for id_, one, other in told if one is not None or other is not None}


def take_in(change: Change) -> None:
    """What was written down becomes what is known."""
    change.known.door, change.known.openings, change.known.item = change.door, change.openings, change.item


def answered_open(change: Change) -> None:
    """The same of an opening that the device answered with: it has counted it by the next look."""
    take_in(change)
    if change.known.counter is not None:
        change.known.counter += 1


def booked(known: Known, told: Command) -> None:
    """The vendor took what we told it: what its books now say is no news. Some parcels of a unit leave it booked."""
    ended = told.parameters.get("ended") is True or not parcels_of(told)
    if told.kind is OrderKind.RESERVE or (told.kind is OrderKind.RELEASE and ended):
        known.booked = known.used = told.kind is OrderKind.RESERVE
        known.found_free = 0


def found_free(known: Known, unit: Unit, *, busy: bool) -> bool:
    """The vendor's books were not free, are now on two looks, and we have nothing under way there."""
    if unit.reserved is None and unit.occupied is None:
        return False
    booked = bool(unit.reserved or unit.occupied)
    if booked or busy or known.booked is not True:
        known.found_free = 0
        if booked or not busy:
            known.booked = booked
        return False
    known.found_free += 1
    if known.found_free < 2:
        return False
    known.booked, known.found_free = False, 0
    return True


# What a stay is moved by: a pass was used, or nothing is needed there any more.
TELLING = frozenset({VendorWord.AVAILABLE, VendorWord.OCCUPIED})


def new_word(known: Known, unit: Unit, *, busy: bool) -> bool:
    """The books say something new of a compartment, and it is not our own doing that has not been written down yet.

    At the first look all that is not plainly free is new: what happened while nobody looked must be told as well.
    """
    if unit.word is None or busy or unit.word is known.word:
        return False
    first = known.word is None
    return unit.word in TELLING and not (first and unit.word is VendorWord.AVAILABLE and not known.used)


def to_watch(watches: Sequence[Watch], compartment_id: UUID) -> Watch | None:
    """The opening a door's movement belongs to: the latest that was sent and has not been seen to open it."""
    waiting = {CommandState.SENT, CommandState.ACCEPTED, CommandState.UNCONFIRMED}
    fitting = [
        watch
        for watch in watches
        if watch.command.compartment_id == compartment_id
        and watch.command.kind is OrderKind.OPEN
        and watch.command.state in waiting
    ]
    return max(fitting, key=lambda watch: watch.sent, default=None)


def sprung(known: Known, at: datetime) -> Change:
    """The device's own sensor saw it open while it carried out the order."""
    return Change(known, Door.OPEN, known.openings + 1, known.item, at, opened=True, closed=False,
                  was_known=known.door is not Door.UNKNOWN, item_changed=False)  # fmt: skip


def reference_of(command: Command) -> str | None:
    """The stay's id, under which a vendor may keep it. What staff do at a door is no business of a stay in it."""
    return None if command.stay_id is None or by_staff(command) else str(command.stay_id)


def by_staff(command: Command) -> bool:
    """An opening that is asked for no stay, whoever is in there. A carrier that opens again does so for its own."""
    plain = command.kind is OrderKind.OPEN and command.purpose in {Purpose.NONE, Purpose.OVERRIDE}
    return plain and not operations_of(command)


def parcels_of(command: Command) -> tuple[ParcelRef, ...]:
    listed = command.parameters.get("parcels")
    rows = listed if isinstance(listed, list) else []
    return tuple(ParcelRef(row["tracking"], row.get("secondary")) for row in rows)


def trackings_of(command: Command) -> list[str]:
    return [each.tracking for each in parcels_of(command)]


def order_of(command: Command, bank: Bank, known: Known, deadline: timedelta) -> Order:
    given = command.parameters
    until = given.get("expires_at")

    def text(name: str) -> str | None:
        value = given.get(name)
        return value if isinstance(value, str) else None

    in_service, access, deposited = given.get("in_service"), given.get("access"), given.get("deposited")
    return Order(
        id=command.id,
        kind=command.kind,
        bank=bank.external_id,
        unit=known.unit,
        deadline=deadline,
        parcels=parcels_of(command),
        contact=text("contact"),
        contact_kind=text("contact_kind"),
        depositor=text("depositor"),
        expires_at=datetime.fromisoformat(until) if isinstance(until, str) else None,
        reason=command.reason,
        in_service=in_service if isinstance(in_service, bool) else None,
        reference=reference_of(command),
        access=AccessKind(access) if isinstance(access, str) else None,
        deposited=deposited if isinstance(deposited, bool) else None,
    )
