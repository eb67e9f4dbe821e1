"""Who waits for a door holds no other meanwhile: two who did would wait for each other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest

from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.errors import Reason, Rejected
from tests.app.rig import World, make_world, value
from tests.app.stays.test_service import reserve

_WAITED_FOR = """SELECT DISTINCT b.pid FROM pg_stat_activity a
    CROSS JOIN LATERAL unnest(pg_blocking_pids(a.pid)) AS b (pid) WHERE a.datname = current_database()"""


class Taker:
    """Has taken a door, and not yet said whether that stands."""

    def __init__(self, conn: asyncpg.Connection, door: UUID) -> None:
        self.conn, self.door, self._taking = conn, door, conn.transaction()

    async def take(self) -> None:
        await self._taking.start()
        await self.conn.execute("UPDATE compartment SET use = 'RESERVED' WHERE id = $1", self.door)

    async def end(self, *, stands: bool) -> None:
        await (self._taking.commit() if stands else self._taking.rollback())


@asynccontextmanager
async def taken(dsns: Dsns, admin: Database, world: World) -> AsyncIterator[dict[int, Taker]]:
    """All doors, each in other hands: backend -> who took it."""
    doors = await value(admin, "SELECT array_agg(id) FROM compartment WHERE tenant_id = $1", world.tenant)
    takers = [Taker(await asyncpg.connect(dsns.admin), door) for door in doors]
    try:
        for each in takers:
            await each.take()
        yield {each.conn.get_server_pid(): each for each in takers}
    finally:
        for each in takers:
            await each.conn.close()


async def waited_for(admin: Database, takers: dict[int, Taker]) -> Taker:
    """One of them that somebody waits for; it is taken out."""
    for _ in range(200):
        async with admin.plain() as conn:
            found = [row["pid"] for row in await conn.fetch(_WAITED_FOR) if row["pid"] in takers]
        if found:
            return takers.pop(found[0])
        await asyncio.sleep(0.05)
    raise AssertionError("nobody waits")


async def test_who_lost_a_door_holds_it_no_more_while_waiting_for_another(
    app_db: Database, admin_db: Database, dsns: Dsns
) -> None:
    world = await make_world(admin_db, doors=2)
    async with taken(dsns, admin_db, world) as takers:
        asking = asyncio.create_task(reserve(app_db, world))
        lost = await waited_for(admin_db, takers)
        await lost.end(stands=True)
        other = await waited_for(admin_db, takers)
        async with admin_db.plain() as conn:
            await conn.execute("SELECT 1 FROM compartment WHERE id = $1 FOR UPDATE NOWAIT", lost.door)
        await other.end(stands=True)
        with pytest.raises(Rejected) as refused:
            await asking
    assert refused.value.reason is Reason.NO_FREE_COMPARTMENT
    assert await value(admin_db, "SELECT count(*) FROM stay WHERE tenant_id = $1", world.tenant) == 0


@pytest.mark.parametrize("doors", [1, 4])
async def test_what_the_last_taker_gives_up_goes_to_exactly_one_of_those_who_waited(
    app_db: Database, admin_db: Database, dsns: Dsns, doors: int
) -> None:
    world = await make_world(admin_db, doors=doors)
    async with taken(dsns, admin_db, world) as takers:
        asking = [asyncio.create_task(reserve(app_db, world)) for _ in range(8)]
        while takers:
            last = await waited_for(admin_db, takers)
            await last.end(stands=bool(takers))
        got = await asyncio.gather(*asking, return_exceptions=True)
    stays = [each for each in got if isinstance(each, UUID)]
    held = "SELECT compartment_id FROM stay WHERE id = $1 AND state = 'HELD'"
    assert [await value(admin_db, held, stay) for stay in stays] == [last.door]
    refused = [each for each in got if not isinstance(each, UUID)]
    assert all(isinstance(each, Rejected) and each.reason is Reason.NO_FREE_COMPARTMENT for each in refused)
