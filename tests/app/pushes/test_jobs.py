from datetime import UTC, datetime, timedelta

from app.devices.port import Pushed, PushedKind
from app.kit.db import Database
from app.pushes import jobs, queries, service
from tenants.system import system_context
from tests.app.rig import Now, make_world, value


async def test_pushes_are_known_again_for_a_month_and_then_forgotten(worker_db: Database, admin_db: Database) -> None:
    world, now = await make_world(admin_db), Now()
    pushed = Pushed("key", PushedKind.ACCESS_USED, "B", datetime.now(UTC), "001", reference="t-1")

    async def receive() -> int:
        async with system_context(worker_db, world.tenant, clock=now).begin() as work:
            return await service.receive(work, world.connection, [pushed])

    assert [await receive() for _ in range(2)] == [1, 0]
    async with worker_db.tenant([world.tenant]) as conn:
        told = await queries.uses(conn, world.tenant, world.connection, ["t-0", "t-1"])
        assert [(use.reference, use.at) for use in told] == [("t-1", pushed.at)]
    now.pass_(timedelta(days=29).total_seconds())
    await jobs.forget_old(worker_db, lambda tenant: system_context(worker_db, tenant, clock=now), now)
    assert await receive() == 0
    now.pass_(timedelta(days=2).total_seconds())
    assert await jobs.forget_old(worker_db, lambda tenant: system_context(worker_db, tenant, clock=now), now) >= 1
    left = "SELECT count(*) FROM vendor_push WHERE tenant_id = $1"
    assert await value(admin_db, left, world.tenant) == 0
