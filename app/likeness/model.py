"""What a bank is known by, and in what another reading of it differs. No I/O, no clock of its own."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from app.devices.port import BankState, Unit

# unit id -> what it tells of itself and does not change by use: label, size, serial number.
Likeness = Mapping[str, Mapping[str, str]]


# Tracking number -> the units we have parcels of that number in.
Lying = Mapping[str, AbstractSet[str]]


@dataclass(frozen=True, slots=True)
class Meant:
    """The door that is to open. `unit`: as its vendor calls it; `parcels`: tracking numbers of the stay it opens for;
    `lying`: what was put into its bank and not taken out; `staff`: whether somebody may find anything behind it."""

    unit: str
    parcels: Sequence[str] = ()
    lying: Lying = field(default_factory=dict)
    staff: bool = False


def likeness_of(units: Iterable[Unit]) -> dict[str, dict[str, str]]:
    return {unit.id: _told(unit.label, unit.size, unit.serial) for unit in units}


def likeness_in(surveyed: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Of a bank as a survey wrote it down."""
    units = surveyed["units"]
    return {unit["externalId"]: _told(unit["label"], unit["size"], unit.get("serial")) for unit in units}


def _told(label: str | None, size: str | None, serial: str | None) -> dict[str, str]:
    traits = {"label": label, "size": size, "serial": serial}
    return {name: value for name, value in traits.items() if value is not None}


def unlike(before: Likeness, state: BankState) -> str | None:
    """In what a bank is not as it was, for people to read; None where it is. What is not told differs in nothing."""
    now = likeness_of(state.units)
    # A unit that could not be read is not gone.
    unread = any(each.unit is None for each in state.unmapped)
    gone = [] if unread else sorted(before.keys() - now.keys())
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
    for unit in told:
        for tracking in unit.parcels:
            ours = lying.get(tracking)
            if ours and unit.id not in ours:
                return f"The vendor has in unit {unit.id} what we have in {', '.join(sorted(ours))}."
    return None
