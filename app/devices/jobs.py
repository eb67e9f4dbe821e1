"""What time does to compartments: those taken out of service until a moment come back after it, at the device too."""

from collections.abc import Callable
from uuid import UUID

from app.devices import service
from app.kit.clock import Clock, utc_now
from app.kit.db import Database, Row
from app.kit.schedule import each
from app.lockers import events, queries, store
from app.lockers.model import Service
from tenants.audit.model import Entry
from tenants.policy import Permission
from tenants.work import Context

# A door to a tenant's data for the product's own acts.
System = Callable[[UUID], Context]
OVER = "its time out of service is over"


async def bring_back(db: Database, system: System, clock: Clock = utc_now) -> int:
    """Back into service when the time that was given with taking it out is over."""
    async with db.plain() as conn:
        due = await store.DUE_BACK.rows(conn, now=clock())

    async def back(row: Row) -> int:
        async with system(row["tenant_id"]).begin() as work:
            door = await queries.standing(work.conn, work.tenant, row["id"])
            if door is None or not await store.BRING_BACK.row(
                work.conn, tenant_id=work.tenant, id_=door.id, now=work.now
            ):
                return 0
            payload = {"service": Service.IN_SERVICE.value, "before": Service.OUT_OF_SERVICE.value, "until": True}
            work.emit(events.of_compartment("ServiceChanged", door.bank, door.id, payload))
            action = Permission.COMPARTMENT_SERVICE
            work.audit(Entry(action, "Compartment", door.id, door.bank.site_id, reason=OVER, details=payload))
            await service.tell_service(work, door, OVER, in_service=True)
        return 1

    return await each(due, back)
