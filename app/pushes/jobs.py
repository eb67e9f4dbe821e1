"""What time does to pushes: they are forgotten."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from app.kit.clock import Clock, utc_now
from app.kit.db import Database
from app.pushes import queries, store
from tenants.work import Context

# A vendor may send one again; after this long nobody does.
KEPT = timedelta(days=30)
# A door to a tenant's data for the product's own acts.
System = Callable[[UUID], Context]


async def forget_old(db: Database, system: System, clock: Clock = utc_now) -> int:
    before = clock() - KEPT
    async with db.plain() as conn:
        tenants = await queries.tenants_with_old(conn, before)
    gone = 0
    for tenant in tenants:
        async with system(tenant).begin() as work:
            gone += await store.FORGET.run(work.conn, tenant_id=tenant, before=before)
    return gone
