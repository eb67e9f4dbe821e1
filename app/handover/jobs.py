"""What time does to passes: they are followed by others, or die, and what was waiting for that goes on."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from app.devices import queries as devices
from app.devices.model import CommandState
from app.devices.port import OrderKind
from app.handover import service
from app.kit.clock import Clock, utc_now
from app.kit.db import Database, Row
from app.kit.schedule import each
from app.passes import queries as all_passes
from app.passes import service as passes
from app.passes import store as passes_store
from app.passes.model import GRACE
from app.stays import queries
from app.stays import service as stays
from app.stays.model import State
from tenants.work import Context

# A door to a tenant's data for the product's own acts.
System = Callable[[UUID], Context]
# So long before its end a pass is followed by another while its stay waits longer; of a short life its last quarter.
AHEAD, LAST_PART = timedelta(minutes=10), 4


async def renew(db: Database, system: System, clock: Clock = utc_now) -> int:
    """Ask for another pass before one ends, where the hold goes on: a vendor's live so long at most, and what was
    rented by it would be anybody's."""
    now = clock()
    async with db.plain() as conn:
        rows = await all_passes.ending(conn, now + AHEAD)

    async def follow(row: Row) -> int:
        async with system(row["tenant_id"]).begin() as work:
            stay = await queries.standing(work.conn, work.tenant, row["stay_id"])
            # What the vendor refused is not asked for again and again, and what it is being asked for is waited for.
            told = await devices.came_of(work.conn, work.tenant, row["stay_id"], OrderKind.ISSUE_ACCESS)
            if stay is not None and told and told[0] in {CommandState.ACCEPTED, CommandState.EXPIRED}:
                return await service.lengthen(work, stay)
        return 0

    soon = [row for row in rows if row["expires_at"] - now <= (row["expires_at"] - row["issued_at"]) / LAST_PART]
    return await each(soon, follow)


async def bury_dead(db: Database, system: System, clock: Clock = utc_now) -> int:
    """End passes whose time, and the grace of their door's clock, is over."""
    before = clock() - GRACE
    async with db.plain() as conn:
        due = await all_passes.due(conn, before)

    async def bury(row: Row) -> int:
        async with system(row["tenant_id"]).begin() as work:
            # The stay first: everybody locks it before what hangs on it.
            stay = await queries.standing(work.conn, work.tenant, row["stay_id"])
            which = await passes_store.die(work.conn, work.tenant, row["id"], before)
            if stay is None or which is None:
                return 0
            door = await stays.door_of(work, stay)
            passes.told(work, "PassDied", which, door)
            if stay.state is State.REVOKING:
                await service.settle(work, stay, door, free=False)
        return 1

    return await each(due, bury)
