import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.devices.port import Adapter
from app.kit.clock import utc_now
from app.kit.db import Database
from app.kit.errors import Reason, Rejected
from app.vendors import service
from app.vendors.jobs import LARGEST_FOUND, MOST_AT_ONCE, Surveyor
from app.vendors.service import MOST_OF_TENANT, MOST_UNANSWERED, Account, Vendors
from tests.app.fleet.test_jobs import until
from tests.app.rig import SEALER, Hardware, World, actor, context, make_world, snapshot, value

STATE = "SELECT state FROM survey WHERE id = $1"
COUNT = "SELECT count(*) FROM survey WHERE tenant_id = $1 AND state = $2"


class Office:
    """A surveyor at work. `hung`: accounts whose vendor does not answer until it is `freed`; `most`: how many surveys
    of one tenant, and how many in all, were seen under way at the same time."""

    def __init__(self, worker: Database) -> None:
        self.asked = asyncio.Event()
        self.surveyor = Surveyor(worker, self._lend, self.asked.set)
        self.hung: set[UUID] = set()
        self.freed = asyncio.Event()
        self.most, self._now = (0, 0), list[UUID]()

    @asynccontextmanager
    async def _lend(self, tenant: UUID, connection: UUID) -> AsyncIterator[Adapter]:
        self._now.append(tenant)
        here, everywhere = self.most
        self.most = max(here, self._now.count(tenant)), max(everywhere, len(self._now))
        try:
            if connection in self.hung:
                await self.freed.wait()
            yield Hardware(1)
        finally:
            self._now.remove(tenant)

    async def run(self) -> None:
        while True:
            await self.asked.wait()
            self.asked.clear()
            await self.surveyor.begin_waiting()


@pytest.fixture
async def office(worker_db: Database) -> AsyncIterator[Office]:
    made = Office(worker_db)
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    await made.surveyor.abandon()


async def ask(app: Database, world: World) -> UUID:
    async with context(app, actor(world)).begin() as work:
        return await service.survey(work, world.connection)


async def test_a_vendor_that_hangs_holds_up_its_own_tenant_and_no_other(
    app_db: Database, admin_db: Database, office: Office
) -> None:
    stuck, other = await make_world(admin_db), await make_world(admin_db)
    office.hung.add(stuck.connection)
    first, second = await ask(app_db, stuck), await ask(app_db, stuck)
    office.asked.set()
    await until(admin_db, "RUNNING", STATE, first)
    theirs = await ask(app_db, other)
    office.asked.set()
    await until(admin_db, "READY", STATE, theirs, seconds=5)
    assert await value(admin_db, STATE, second) == "WAITING"
    office.freed.set()
    await until(admin_db, "READY", STATE, second)
    assert office.most == (1, 2)


async def test_tenants_take_turns_and_only_so_many_at_once(
    app_db: Database, admin_db: Database, office: Office
) -> None:
    worlds = [await make_world(admin_db) for _ in range(MOST_AT_ONCE + 2)]
    office.hung = {world.connection for world in worlds}
    for world in worlds:
        for _ in range(3):
            await ask(app_db, world)
    office.asked.set()
    for world in worlds[:MOST_AT_ONCE]:
        await until(admin_db, 1, COUNT, world.tenant, "RUNNING")
    office.freed.set()
    for world in worlds:
        await until(admin_db, 3, COUNT, world.tenant, "READY")
    assert office.most == (1, MOST_AT_ONCE)


async def test_who_waits_gets_a_turn_before_who_had_one(app_db: Database, admin_db: Database, office: Office) -> None:
    worlds = [await make_world(admin_db) for _ in range(MOST_AT_ONCE + 1)]
    *early, late = worlds
    office.hung = {world.connection for world in early}
    for world in early:
        for _ in range(3):
            await ask(app_db, world)
    theirs = await ask(app_db, late)
    office.asked.set()
    for world in early:
        await until(admin_db, 1, COUNT, world.tenant, "RUNNING")
    office.hung -= {early[0].connection}
    office.freed.set()
    office.freed = asyncio.Event()
    await until(admin_db, "READY", STATE, theirs)


async def test_what_a_dead_process_began_keeps_nobody_waiting_and_begins_anew_itself(
    app_db: Database, admin_db: Database, office: Office
) -> None:
    world = await make_world(admin_db)
    begun, next_ = await ask(app_db, world), await ask(app_db, world)
    sql = "UPDATE survey SET state = 'RUNNING', started_at = $2 WHERE id = $1"
    async with admin_db.plain() as conn:
        await conn.execute(sql, begun, utc_now())
    office.asked.set()
    await until(admin_db, "READY", STATE, next_)
    assert await value(admin_db, STATE, begun) == "RUNNING"
    async with admin_db.plain() as conn:
        await conn.execute(sql, begun, utc_now() - timedelta(minutes=3))
    office.asked.set()
    await until(admin_db, "READY", STATE, begun)


async def test_a_tenant_has_only_so_many_surveys_under_way_over_all_its_accounts(
    app_db: Database, admin_db: Database
) -> None:
    world, other = await make_world(admin_db), await make_world(admin_db)
    accounts = [world.connection]
    for number in range(3):
        async with context(app_db, actor(world)).begin() as work:
            ask_ = Account(f"A{number}", "memory", f"memory:{number}", {})
            accounts.append(await service.connect(work, ask_, Vendors(lambda _: (), SEALER)))
    left = MOST_OF_TENANT - 3
    for account in accounts:
        for _ in range(min(left, MOST_UNANSWERED - 1)):
            async with context(app_db, actor(world)).begin() as work:
                await service.survey(work, account)
            left -= 1
    assert left == 0
    before = await snapshot(admin_db)
    with pytest.raises(Rejected) as refused:
        async with context(app_db, actor(world)).begin() as work:
            await service.survey(work, accounts[-1])
    assert refused.value.reason is Reason.COMMAND_PENDING
    assert await snapshot(admin_db) == before
    await ask(app_db, other)


class Endless(Hardware):
    """Tells of labels that never end."""

    def _unit(self, id_: str) -> Any:
        seen = super()._unit(id_)
        return type(seen)(seen.id, seen.door, seen.observed_at, label="x" * (LARGEST_FOUND // 3))


async def test_more_than_can_be_kept_of_an_account_fails_its_survey(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    world = await make_world(admin_db)
    async with context(app_db, actor(world)).begin() as work:
        account = await service.connect(work, Account("C", "memory", "memory:"), Vendors(lambda _: (), SEALER))

    @asynccontextmanager
    async def lend(_: UUID, __: UUID) -> AsyncIterator[Adapter]:
        yield Endless(3)

    surveyor, over = Surveyor(worker_db, lend), "SELECT finished_at IS NOT NULL FROM survey WHERE connection_id = $1"
    async with asyncio.timeout(10):
        while not await value(admin_db, over, account):
            # Others may wait for their turn too.
            await surveyor.begin_waiting()
            await asyncio.sleep(0.05)
    await surveyor.abandon()
    told = "SELECT state || ' ' || problem || ' ' || found::text FROM survey WHERE connection_id = $1"
    found = await value(admin_db, told, account)
    assert found == "FAILED The account holds more than can be shown at once. []"
