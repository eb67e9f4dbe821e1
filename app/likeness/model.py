"""What a bank is known by, and in what another reading of it differs. No I/O, no clock of its own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from app.devices.port import BankState, Unit

# unit id -> what it tells of itself and does not change by use: label, size, serial number.
Likeness = Mapping[str, Mapping[str, str]]
# Of a likeness: a unit's id, and the name of one trait; None for the whole unit, there or gone.
Parts = Iterable[tuple[str, str | None]]


# Tracking number -> the units we have parcels of that number in.
Lying = Mapping[str, AbstractSet[str]]


@dataclass(frozen=True, slots=True)
class Meant:
    """The door that is to open. `unit`: as its vendor calls it; `parcels`: tracking numbers of the stay it opens for;
    `staff`: whether somebody may find anything behind it."""

    unit: str
    parcels: Sequence[str] = ()
    staff: bool = False


def names_parcels(told: Iterable[Unit]) -> bool:
    """Whether a listing tells which parcels are where; not every vendor's does."""
    return any(unit.parcels for unit in told)


def one_of_each(lying: Lying) -> dict[str, set[str]]:
    """One parcel of each unit: those of a unit move together."""
    chosen = {min(units): tracking for tracking, units in lying.items()}
    return {tracking: {unit} for unit, tracking in chosen.items()}


def likeness_of(units: Iterable[Unit]) -> dict[str, dict[str, str]]:
    return {unit.id: _told(unit.label, unit.size, unit.serial) for unit in units}


def likeness_in(surveyed: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Of a bank as a survey wrote it down."""
    units = surveyed["units"]
    return {unit["externalId"]: _told(unit["label"], unit["size"], unit.get("serial")) for unit in units}


def changed(before: Likeness, now: Likeness) -> dict[str, tuple[dict[str, str] | None, dict[str, str] | None]]:
    """Unit id -> what it told and what it tells, of those in which a bank is not as it was; None where it has no such
    unit. Of a unit that is there, only what differs."""
    found: dict[str, tuple[dict[str, str] | None, dict[str, str] | None]] = {}
    for id_ in sorted(before.keys() | now.keys()):
        was, is_ = before.get(id_), now.get(id_)
        if was is None or is_ is None:
            found[id_] = (None if was is None else dict(was), None if is_ is None else dict(is_))
            continue
        names = sorted(name for name in was.keys() & is_.keys() if was[name] != is_[name])
        if names:
            found[id_] = ({name: was[name] for name in names}, {name: is_[name] for name in names})
    return found


def taken_over(before: Likeness, now: Likeness, parts: Parts) -> dict[str, dict[str, str]]:
    """What a bank is known by once somebody has taken these parts of what it tells `now`, and nothing else of it."""
    after = {id_: dict(traits) for id_, traits in before.items()}
    for id_, name in parts:
        traits = now.get(id_)
        if traits is None:
            after.pop(id_, None)
        elif name is None:
            after[id_] = dict(traits)
        elif name in traits:
            after.setdefault(id_, {})[name] = traits[name]
    return after


def _told(label: str | None, size: str | None, serial: str | None) -> dict[str, str]:
    traits = {"label": label, "size": size, "serial": serial}
    return {name: value for name, value in traits.items() if value is not None}


def unread(state: BankState) -> bool:
    """Whether something was told that is of no unit we know of: a unit that could not be read is not gone."""
    return any(each.unit is None for each in state.unmapped)


def as_found(before: Likeness, now: Likeness, *, part: bool) -> dict[str, Mapping[str, str]]:
    """What a bank is like now. `part`: not all of it could be read; the rest is as it was."""
    return {**(before if part else {}), **now}


def unlike(before: Likeness, state: BankState) -> str | None:
    """In what a bank is not as it was, for people to read; None where it is. What is not told differs in nothing."""
    now = likeness_of(state.units)
    gone = [] if unread(state) else sorted(before.keys() - now.keys())
    for word, ids in (("gone", gone), ("new", sorted(now.keys() - before.keys()))):
        if ids:
            return f"Unit {ids[0]} is {word}."
    found = (unlike_unit(before, unit) for unit in state.units)
    return next((words for words in found if words), None)


def unlike_unit(before: Likeness, unit: Unit) -> str | None:
    was, now = before.get(unit.id, {}), likeness_of([unit])[unit.id]
    for name in sorted(was.keys() & now.keys()):
        if was[name] != now[name]:
            return f"Unit {unit.id} has {name} {now[name]}, and had {was[name]}."
    return None


def displaced(lying: Lying, told: Iterable[Unit]) -> str | None:
    """Where a vendor has a parcel that we have in another unit, for people to read. Units of one size that changed
    places differ in nothing else."""
    for unit, ours in _elsewhere(lying, told):
        return f"The vendor has in unit {unit} what we have in {', '.join(sorted(ours))}."
    return None


def astray(lying: Lying, told: Iterable[Unit]) -> set[str]:
    """Units of ours whose parcels a vendor has in others."""
    return {unit for _, ours in _elsewhere(lying, told) for unit in ours}


def _elsewhere(lying: Lying, told: Iterable[Unit]) -> Iterator[tuple[str, AbstractSet[str]]]:
    for unit in told:
        for tracking in unit.parcels:
            ours = lying.get(tracking)
            if ours and unit.id not in ours:
                yield unit.id, ours
