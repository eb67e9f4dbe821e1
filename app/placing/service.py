"""Putting a stay where its vendor says. Until then it has a claim: capacity of its size, and no door of its own."""

from dataclasses import dataclass
from uuid import UUID

from app.devices.model import Command
from app.devices.port import OrderKind
from app.lockers import events as locker_events
from app.lockers import queries as lockers
from app.lockers.model import Compartment, Service
from app.stays import events, queries, store
from app.stays.model import CLAIMS, Stay
from tenants.audit.model import Entry
from tenants.work import Work

# What a vendor that chooses answers with where it is: a reservation, or a way in where phones open.
NAMES = frozenset({OrderKind.RESERVE, OrderKind.ISSUE_ACCESS})
# How often what was just looked at may have gone to somebody else. Only a bank's keeper places, so that is rare.
TRIES = 5


@dataclass(frozen=True, slots=True)
class Misplaced:
    """Where it cannot go, for people to read, and which door somebody should look at."""

    detail: str
    compartment_id: UUID


async def place(work: Work, command: Command, unit: str) -> Misplaced | None:
    """The vendor gave `unit` to the stay of this command. None once it is there, and where there is nothing to place
    any more; safe to run twice. Never where another stay was placed: two parcels do not share a door."""
    assert command.stay_id is not None, "only stays are placed"
    # Locked before anything else, as everybody does.
    stay = await queries.standing(work.conn, work.tenant, command.stay_id)
    if stay is None or stay.placed or stay.state not in CLAIMS:
        return await _elsewhere(work, command, stay, unit) if stay else None
    for _ in range(TRIES):
        door = await lockers.named(work.conn, work.tenant, command.bank_id, unit)
        if door is None:
            words = f"The vendor chose unit {unit}, which this bank does not have."
            return Misplaced(words, command.compartment_id)
        if door.service is not Service.IN_SERVICE:
            return Misplaced(f"The vendor chose door {door.label}, which is out of service.", door.id)
        other = None if door.id == stay.compartment_id else await queries.holding(work.conn, work.tenant, door.id)
        if other is not None and (other.placed or other.state not in CLAIMS):
            return Misplaced(f"The vendor chose door {door.label}, which holds another stay.", door.id)
        after = await _moved(work, stay, other, door.id)
        if after is not None:
            await _tell(work, stay, after, door)
            return None
    return Misplaced(
        f"The vendor chose unit {unit}, which was taken again and again meanwhile.", command.compartment_id
    )


async def _elsewhere(work: Work, command: Command, stay: Stay, unit: str) -> Misplaced | None:
    """A way in to another door than the one the stay is at is no way in for it."""
    if not stay.placed or stay.state not in CLAIMS or command.kind is not OrderKind.ISSUE_ACCESS:
        return None
    door = await lockers.named(work.conn, work.tenant, command.bank_id, unit)
    if door is not None and door.id == stay.compartment_id:
        return None
    words = f"The vendor chose unit {unit} for a stay that it had placed already."
    return Misplaced(words, door.id if door else command.compartment_id)


async def _moved(work: Work, stay: Stay, other: Stay | None, named: UUID) -> Stay | None:
    """None when somebody reserved what was free a moment ago."""
    claimed = stay.compartment_id
    if named == claimed:
        return await store.run(store.PLACE_HERE, work.conn, stay)
    if other is None:
        await lockers.hold(work.conn, work.tenant, [named, claimed])
        return await store.run(store.PLACE_IN_FREE, work.conn, stay, named=named, claimed=claimed)
    aside = await store.run(store.STEP_ASIDE, work.conn, other)
    assert aside is not None, "it is locked, and was a claim when it was"
    after = await store.run(store.PLACE_IN_CLAIMED, work.conn, stay, named=named)
    assert after is not None, "it is locked, and was a claim when it was"
    await store.run(store.STEP_BACK, work.conn, other, state_=other.state.value, claimed=claimed)
    return after


async def _tell(work: Work, before: Stay, after: Stay, door: Compartment) -> None:
    details = {"compartment": door.label, "unit": door.external_id}
    work.emit(events.of_stay("StayPlaced", after, **details))
    work.audit(Entry("stay:placed", "Stay", after.id, after.site_id, after.carrier_id, details=details))
    if before.compartment_id != after.compartment_id:
        # Whoever watches that door sees that the claim to it is gone, or is another's.
        payload = {"stay_id": str(after.id), "to": str(after.compartment_id)}
        work.emit(locker_events.of_compartment("ClaimMoved", door.bank, before.compartment_id, payload))
