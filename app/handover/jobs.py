"""What time does to passes: they die, and what was waiting for that goes on."""

from collections.abc import Callable
from uuid import UUID

from app.handover import service
from app.kit.clock import Clock, utc_now
from app.kit.db import Database
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


async def bury_dead(db: Database, system: System, clock: Clock = utc_now) -> int:
    """End passes whose time, and the grace of their door's clock, is over."""
    before = clock() - GRACE
    async with db.plain() as conn:
        due = await all_passes.due(conn, before)
    ended = 0
    for row in due:
        async with system(row["tenant_id"]).begin() as work:
            # The stay first: everybody locks it before what hangs on it.
            stay = await queries.standing(work.conn, work.tenant, row["stay_id"])
            which = await passes_store.die(work.conn, work.tenant, row["id"], before)
            if stay is None or which is None:
                continue
            door = await stays.door_of(work, stay)
            passes.told(work, "PassDied", which, door)
            if stay.state is State.REVOKING:
                await service.settle(work, stay, door, free=False)
            ended += 1
    return ended
