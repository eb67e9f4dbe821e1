"""Calling passes off, and keeping a door shut to others while one may still open it."""

from datetime import datetime
from uuid import UUID

from app.devices import queries as devices
from app.devices.port import AccessKind, Capability, OrderKind
from app.lockers import events as locker_events
from app.lockers import store as lockers
from app.lockers.model import Compartment, Service
from app.passes import events, queries, store
from app.passes.model import LIVE, Pass, Vault, usable_until
from tenants.audit.model import Entry
from tenants.policy import Permission
from tenants.work import Work

MAY_BE_FILLED = "nobody knows whether its door opened for a parcel that is no longer expected: look what is inside"


async def may_be_out(work: Work, stay_id: UUID, door: Compartment, *, placed: bool) -> bool:
    """Whether the vendor was ever asked for a pass of this stay: then it may have one, whatever was answered. Where it
    is not `placed`, every answer that came was a no."""
    if not door.bank.has(Capability.PHONE_TOKENS):
        return False
    if not placed:
        return bool(await devices.under_way(work.conn, work.tenant, stay_id, (OrderKind.ISSUE_ACCESS,)))
    return await devices.sent_ever(work.conn, work.tenant, stay_id, OrderKind.ISSUE_ACCESS)


async def call_off(work: Work, stay_id: UUID, door: Compartment, *, but: AccessKind | None = None) -> datetime | None:
    """Nobody is shown the passes of a stay any more. Until when one may still open the door; None when none can."""
    for each in await store.call_off(work.conn, work.tenant, stay_id, but=but):
        told(work, "PassCalledOff", each, door)
    return usable_until(await queries.of_stay(work.conn, work.tenant, stay_id))


async def take_away(work: Work, stay_id: UUID, door: Compartment, carrier_id: UUID) -> None:
    """Couriers of this carrier are not shown any more what they carry for a stay; on a phone it may still work."""
    for each in await store.take_away(work.conn, work.tenant, stay_id, carrier_id):
        told(work, "PassCalledOff", each, door)


async def replace(work: Work, by: Pass, door: Compartment) -> None:
    """Whoever else held one of its kind is shown it no more."""
    for each in await store.replace(work.conn, by):
        told(work, "PassCalledOff", each, door)


async def take_code(work: Work, command_id: UUID, reference: str | None, code: str, vault: Vault) -> bool:
    """The code that a vendor tells of a pass by an event becomes a part of it. False where it is not there yet; it is
    for who holds the pass, and kept while that may be shown."""
    row = await store.by_command(work.conn, work.tenant, command_id)
    if row is None:
        return False
    if row["sealed"] is None or row["reference"] != reference:
        return True
    after = vault.with_code(row["id"], row["sealed"], code)
    return await store.reseal(work.conn, work.tenant, row["id"], row["sealed"], after)


async def bury(work: Work, stay_id: UUID, door: Compartment) -> None:
    """What was handed out opens nothing any more: its time is over, or the door has heard of it."""
    for each in await store.bury(work.conn, work.tenant, stay_id):
        told(work, "PassDied", each, door)


async def used(work: Work, which: Pass, door: Compartment, at: datetime) -> None:
    after = await store.used(work.conn, which, at)
    if after is not None:
        told(work, "PassUsed", after, door)


async def shut_out(work: Work, stay_id: UUID, door: Compartment) -> None:
    """The stay has ended. While a pass of it may still open the door, nobody else is given what is behind it."""
    if not door.bank.has(Capability.PHONE_TOKENS):
        return
    until = await call_off(work, stay_id, door)
    if until is None or until <= work.now:
        return
    await out_of_service(work, door, f"may still be opened until {until:%Y-%m-%d %H:%M} UTC", until)


async def out_of_service(work: Work, door: Compartment, reason: str, until: datetime | None = None) -> None:
    """By the product itself. What people have taken out of service stays theirs, but does not come back by itself
    before this is over, or at all where it has no end; what the device calls broken could be well again too soon, and
    is called broken once more when this is over."""
    after = Service.OUT_OF_SERVICE
    for before in (Service.IN_SERVICE, Service.FAULT):
        if await lockers.set_service(work.conn, work.tenant, door.id, before, after, reason, until) is not None:
            break
    else:
        if not await lockers.stay_out(work.conn, work.tenant, door.id, reason, until):
            return
        before = after
    payload = {"service": after.value, "before": before.value}
    work.emit(locker_events.of_compartment("ServiceChanged", door.bank, door.id, payload))
    action, site = Permission.COMPARTMENT_SERVICE, door.bank.site_id
    work.audit(Entry(action, "Compartment", door.id, site, reason=reason, details=payload))


async def back_in_service(work: Work, door: Compartment, because: str) -> None:
    """What the product took out of service for this reason, and nobody for another since."""
    before, after = Service.OUT_OF_SERVICE, Service.IN_SERVICE
    if await lockers.set_service(work.conn, work.tenant, door.id, before, after, None, None, because=because) is None:
        return
    payload = {"service": after.value, "before": before.value}
    work.emit(locker_events.of_compartment("ServiceChanged", door.bank, door.id, payload))
    entry = Entry(Permission.COMPARTMENT_SERVICE, "Compartment", door.id, door.bank.site_id, details=payload)
    work.audit(entry)


def told(work: Work, kind: str, which: Pass, door: Compartment) -> None:
    """One fact and one entry, neither with what opens the door."""
    work.emit(events.of_pass(kind, which, door.bank.site_id, door.bank.id, live=which.state in LIVE))
    details = {"stay": str(which.stay_id), "kind": which.kind.value, "state": which.state.value}
    action = f"pass:{kind.removeprefix('Pass').lower()}"
    work.audit(Entry(action, "Pass", which.id, door.bank.site_id, which.carrier_id, details=details))
