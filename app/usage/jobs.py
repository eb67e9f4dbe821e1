"""What time does to usage: every full hour is summed up, once, and again where a process died over it."""

from datetime import datetime, timedelta
from uuid import UUID

from app.kit.clock import Clock, utc_now
from app.kit.db import Database
from app.usage import store

_HOUR = timedelta(hours=1)
# Hours further back than this stay as they are: nobody was there to count.
_BACK = timedelta(hours=48)


async def sum_up_hours(db: Database, clock: Clock = utc_now) -> int:
    """Rows written for the hours that are over and not summed up yet."""
    async with db.pool.acquire() as conn:
        tenants = [row["tenant_id"] for row in await store.TENANTS.rows(conn)]
    this_hour = clock().replace(minute=0, second=0, microsecond=0)
    return sum([await _sum_up(db, tenant, this_hour) for tenant in tenants])


async def _sum_up(db: Database, tenant: UUID, this_hour: datetime) -> int:
    async with db.tenant([tenant]) as conn:
        done = await store.LAST.value(conn, of_tenant=tenant)
        first = max(this_hour - _BACK, done + _HOUR) if done else this_hour - _HOUR
        if first >= this_hour:
            return 0
        return await store.SUM_UP.run(conn, of_tenant=tenant, first=first, last=this_hour - _HOUR)
