"""What time does to stays: reservations run out, parcels become overdue."""

import logging
from collections.abc import Callable
from uuid import UUID

from app.devices import queries as devices
from app.devices import service as hardware
from app.kit.clock import Clock, utc_now
from app.kit.db import Database, Row
from app.kit.schedule import each
from app.passes import service as passes
from app.stays import events, queries, service, store
from app.stays.model import OPEN_BEFORE_DEPOSIT, State, StayOutcome
from tenants.audit.model import Entry
from tenants.policy import Permission
from tenants.work import Context, Work

log = logging.getLogger("lockyard.stays")

# A door to a tenant's data for the product's own acts.
System = Callable[[UUID], Context]


async def expire(db: Database, system: System, clock: Clock = utc_now) -> int:
    """End reservations whose time is over. One whose door may be opening this moment waits for the next round."""
    async with db.plain() as conn:
        due = await queries.expired(conn, clock())

    async def end(row: Row) -> int:
        async with system(row["tenant_id"]).begin() as work:
            return await _expire(work, row["id"])

    return await each(due, end)


async def _expire(work: Work, id: UUID) -> bool:
    stay = await queries.standing(work.conn, work.tenant, id)
    if stay is None or stay.state not in OPEN_BEFORE_DEPOSIT or stay.expires_at > work.now:
        return False
    if await service.opened_unheard(work, stay):
        return False
    if await devices.under_way(work.conn, stay.tenant_id, stay.id, service.OPENS):
        return False
    await hardware.withdraw(work, stay.id, service.OPENS + service.BOOKS, "The reservation ran out.")
    if await devices.under_way(work.conn, stay.tenant_id, stay.id, service.OPENS):
        # It was sent while we looked. What we withdrew besides stays withdrawn: its time is over anyway.
        return False
    if await passes.may_be_out(work, stay.id, await service.door_of(work, stay), placed=stay.placed):
        await service.revoke(work, stay, StayOutcome.EXPIRED_UNUSED, "The reservation ran out.")
        return True
    return await service.end(work, stay, StayOutcome.EXPIRED_UNUSED)


async def mark_overdue(db: Database, system: System, clock: Clock = utc_now) -> int:
    """Deposits that waited longer than they should. The parcel stays where it is."""
    async with db.plain() as conn:
        due = await queries.overdue(conn, clock())

    async def mark(row: Row) -> int:
        async with system(row["tenant_id"]).begin() as work:
            stay = await queries.standing(work.conn, work.tenant, row["id"])
            after = await store.run(store.OVERDUE, work.conn, stay, now=work.now) if stay else None
            if after is None or after.state is not State.DEPOSITED:
                return 0
            work.emit(events.of_stay("StayOverdue", after))
            action, details = Permission.STAY_READ, {"overdue": True}
            work.audit(Entry(action, "Stay", after.id, after.site_id, after.carrier_id, details=details))
            return 1

    return await each(due, mark)
