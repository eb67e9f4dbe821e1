"""What time does to alarms: a door that stands open too long, an outage that lasts."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from app.alarms import service, store
from app.alarms.model import RISES, AlarmKind
from app.kit.clock import Clock, utc_now
from app.kit.db import Database, Row
from app.kit.schedule import each
from app.lockers import queries as lockers
from tenants.work import Context

# A door to a tenant's data for the product's own acts.
System = Callable[[UUID], Context]


async def raise_held_open(db: Database, system: System, limit: timedelta, clock: Clock = utc_now) -> int:
    """Doors that stand open longer than `limit`. Each opening is told once: its own moment is what makes it new."""
    async with db.plain() as conn:
        doors = await lockers.held_open(conn, clock() - limit)

    async def tell(door: Row) -> int:
        words = f"Door {door['label']} has been open for more than {limit.total_seconds():.0f} s."
        since, where = door["door_open_since"] + limit, (door["site_id"], door["bank_id"], door["id"])
        async with system(door["tenant_id"]).begin() as work:
            await service.raise_alarm(work, service.Condition(AlarmKind.HELD_OPEN, door["id"], words, since, *where))
        return 1

    return await each(doors, tell)


async def confirm(db: Database, system: System, limit: timedelta, clock: Clock = utc_now) -> int:
    """Alarms of a kind that grows graver, active for longer than `limit`: an outage, not a flap. How many rose."""
    async with db.plain() as conn:
        lasting = await store.LASTING.rows(conn, kinds=[kind.value for kind in RISES], before=clock() - limit)

    async def rise(row: Row) -> int:
        async with system(row["tenant_id"]).begin() as work:
            return await service.rise(work, row["id"], AlarmKind(row["kind"]))

    return await each(lasting, rise)
