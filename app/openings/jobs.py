"""What time does to requests to open several doors: nobody decided, so nothing opens."""

from collections.abc import Callable
from uuid import UUID

from app.kit.clock import Clock, utc_now
from app.kit.db import Database, Row
from app.kit.schedule import each
from app.openings import events, store
from tenants.audit.model import Entry
from tenants.policy import Permission
from tenants.work import Context

System = Callable[[UUID], Context]


async def expire(db: Database, system: System, clock: Clock = utc_now) -> int:
    """How many were too late."""
    async with db.plain() as conn:
        due = await store.DUE.rows(conn, now=clock())

    async def end(asked: Row) -> int:
        async with system(asked["tenant_id"]).begin() as work:
            work.enter(asked["tenant_id"])
            row = await store.EXPIRE.row(work.conn, of_tenant=asked["tenant_id"], id_=asked["id"], now=work.now)
            if row is None:
                return 0
            work.emit(events.of_opening("OpeningExpired", row))
            details = {"act": "expired", "doors": len(row["compartment_ids"])}
            work.audit(Entry(Permission.COMPARTMENT_OPEN, "Opening", row["id"], row["site_id"], details=details))
        return 1

    return await each(due, end)
