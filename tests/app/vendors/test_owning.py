import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from app.commissioning import service as commissioning
from app.devices.port import Connection, Refused
from app.fleet.jobs import Fleet
from app.kit.bus import PostgresBus
from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.errors import Invalid
from app.kit.ids import new_id
from app.vendors import service
from app.vendors.service import UNUSABLE, Account, Vendors
from tenants.model import Actor, Role
from tests.app.fleet.test_jobs import until
from tests.app.rig import SEALER, Hardware, actor, context, make_world, snapshot, value
from tests.app.vendors.test_service import asked

OWNED = "SELECT count(*) FROM owned_address"
AT = "socket://10.0.0.7:4001"
LINE = Account("Line", "memory", AT, {}, {})


async def places(connection: Connection) -> Sequence[str]:
    """As a line of boards has it; nothing is known by name."""
    if connection.base_url.startswith("/dev"):
        raise Refused("this device is none that is listed")
    return (connection.base_url.removeprefix("socket://"),) if connection.base_url.startswith("socket") else ()


VENDORS = Vendors(lambda _: (), SEALER, places=places)


@pytest.fixture(autouse=True)
async def nobody_owns_anything(admin_db: Database) -> None:
    async with admin_db.plain() as conn:
        await conn.execute("DELETE FROM owned_address")


async def connect(app: Database, who: Actor, ask: Account = LINE) -> UUID:
    async with context(app, who).begin() as work:
        return await service.connect(work, ask, VENDORS)


async def test_hardware_that_opens_for_everybody_is_the_first_tenants(app_db: Database, admin_db: Database) -> None:
    mine, other = await make_world(admin_db), await make_world(admin_db)
    await connect(app_db, actor(mine))
    before = await snapshot(admin_db)
    bank = replace(asked(other), base_url=AT)
    with pytest.raises(Invalid) as refused:
        await connect(app_db, actor(other))
    with pytest.raises(Invalid) as refused_bank:
        async with context(app_db, actor(other)).begin() as work:
            await commissioning.connect_bank(work, bank, VENDORS)
    for each in (refused, refused_bank):
        assert (each.value.message, each.value.path) == (UNUSABLE, ("input", "baseUrl"))
    assert await snapshot(admin_db) == before
    assert await value(admin_db, OWNED) == 1


async def test_an_address_that_cannot_be_used_is_refused_with_its_reason(app_db: Database, admin_db: Database) -> None:
    world = await make_world(admin_db)
    before = await snapshot(admin_db)
    with pytest.raises(Invalid, match="This address cannot be used: this device") as refused:
        await connect(app_db, actor(world), replace(LINE, base_url="/dev/ttyUSB0"))
    assert refused.value.path == ("input", "baseUrl")
    assert await snapshot(admin_db) == before


async def test_an_account_cannot_be_moved_to_hardware_of_others(app_db: Database, admin_db: Database) -> None:
    mine, other = await make_world(admin_db), await make_world(admin_db)
    await connect(app_db, actor(mine))
    elsewhere = await connect(app_db, actor(other), replace(LINE, base_url="socket://10.0.0.8:4001"))
    before = await snapshot(admin_db)
    with pytest.raises(Invalid):
        async with context(app_db, actor(other)).begin() as work:
            await service.change(work, elsewhere, Account(base_url=AT), VENDORS)
    assert await snapshot(admin_db) == before
    # What was its own is so still.
    with pytest.raises(Invalid):
        await connect(app_db, actor(mine), replace(LINE, base_url="socket://10.0.0.8:4001"))


async def test_hardware_that_is_given_up_or_left_can_be_connected_by_others(
    app_db: Database, admin_db: Database
) -> None:
    mine, other = await make_world(admin_db), await make_world(admin_db)
    first = await connect(app_db, actor(mine))
    async with context(app_db, actor(mine)).begin() as work:
        await service.change(work, first, Account(base_url="socket://10.0.0.9:4001"), VENDORS)
    second = await connect(app_db, actor(other))
    async with context(app_db, actor(other)).begin() as work:
        await service.remove(work, second)
    async with context(app_db, actor(other)).begin() as work:
        bank = await commissioning.connect_bank(work, replace(asked(other), base_url=AT), VENDORS)
    async with context(app_db, actor(other)).begin() as work:
        await commissioning.disconnect_bank(work, bank)
    await connect(app_db, actor(mine))


async def test_of_two_who_connect_the_same_hardware_at_once_one_gets_it(app_db: Database, admin_db: Database) -> None:
    worlds = [await make_world(admin_db) for _ in range(6)]
    ends = await asyncio.gather(*(connect(app_db, actor(each)) for each in worlds), return_exceptions=True)
    assert sorted(isinstance(end, UUID) for end in ends) == [False] * 5 + [True]
    assert {type(end) for end in ends} == {UUID, Invalid}
    assert await value(admin_db, OWNED) == 1


async def test_who_manages_some_sites_cannot_reach_hardware_of_the_others(app_db: Database, admin_db: Database) -> None:
    world = await make_world(admin_db)
    async with context(app_db, actor(world)).begin() as work:
        await commissioning.connect_bank(work, replace(asked(world), base_url=AT), VENDORS)
    site = new_id()
    async with admin_db.plain() as conn:
        await conn.execute(
            "INSERT INTO site (tenant_id, id, name, address_line, city, country, timezone, locale) "
            "VALUES ($1, $2, 'Hill', '2 Hill', 'Lisboa', 'PT', 'Europe/Lisbon', 'pt-BR')", world.tenant, site,
        )  # fmt: skip
    bank = replace(asked(world), site_id=site, base_url=AT, external_id="X2")
    some = replace(actor(world, Role.MANAGER), all_sites=False, site_ids=(site,))
    before = await snapshot(admin_db)
    with pytest.raises(Invalid) as refused:
        async with context(app_db, some).begin() as work:
            await commissioning.connect_bank(work, bank, VENDORS)
    assert refused.value.message == UNUSABLE
    assert await snapshot(admin_db) == before
    # Two banks on one line are nothing strange for who manages both.
    async with context(app_db, actor(world)).begin() as work:
        await commissioning.connect_bank(work, bank, VENDORS)


async def test_what_is_kept_of_an_address_tells_neither_whose_it_is_nor_where(
    app_db: Database, admin_db: Database
) -> None:
    world = await make_world(admin_db)
    await connect(app_db, actor(world))
    await connect(app_db, actor(world), replace(LINE, base_url="socket://10.0.0.8:4001"))
    async with app_db.plain() as conn:
        rows = await conn.fetch("SELECT address, owner FROM owned_address")
    assert len({row["owner"] for row in rows}) == 2
    assert all(len(row[name]) == 32 for row in rows for name in ("address", "owner"))
    assert not any(world.tenant.bytes in row["owner"] or b"10.0" in row["address"] for row in rows)


async def test_a_bank_whose_address_is_another_tenants_is_not_kept(
    dsns: Dsns, app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    """It may have been connected before addresses had owners."""
    mine, other = await make_world(admin_db), await make_world(admin_db)
    await connect(app_db, actor(mine))
    async with admin_db.plain() as conn:
        line = "UPDATE vendor_connection SET base_url = $2 WHERE id = $1"
        await conn.execute(line, other.connection, AT)
    opened: set[UUID] = set()

    def open_adapter(connection: Connection) -> Hardware:
        opened.add(connection.id)
        return Hardware(3)

    bus, stop = PostgresBus(dsns.worker), asyncio.Event()
    fleet = Fleet(worker_db, bus, open_adapter, SEALER, places=places)
    tasks = [asyncio.create_task(bus.run(stop)), asyncio.create_task(fleet.run(stop))]
    await until(admin_db, True, "SELECT last_contact_at IS NOT NULL FROM bank WHERE id = $1", mine.bank)
    await until(admin_db, True, "SELECT unreachable_since IS NOT NULL FROM bank WHERE id = $1", other.bank)
    stop.set()
    await asyncio.gather(*tasks)

    assert mine.connection in opened
    assert other.connection not in opened
