import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.access import service as access
from app.access.service import OpenCompartment
from app.commissioning import service as commissioning
from app.devices.port import Adapter, BankState, Connection, Door, Refused
from app.devices.store import hint, ring
from app.fleet.jobs import CONTACTS_SECONDS, Fleet, OpenAdapter
from app.kit.bus import PostgresBus
from app.kit.db import Database
from app.kit.embedded import Dsns
from app.vendors import service as vendors
from app.vendors.service import Account, Vendors
from tenants.model import Role
from tests.app.rig import SEALER, SENSOR, Hardware, World, actor, context, make_world, value
from tests.app.vendors.test_service import asked


@pytest.fixture
async def world(admin_db: Database) -> World:
    return await make_world(admin_db)


@asynccontextmanager
async def kept(dsns: Dsns, worker: Database, hardware: Adapter | OpenAdapter) -> AsyncIterator[None]:
    """A fleet at work, over hardware made of memory for every bank of the vendor `memory`."""

    def memory(connection: Connection) -> Adapter:
        if connection.settings.get("broken"):
            raise Refused("client_id is missing")
        if connection.settings.get("strange"):
            raise ValueError("nobody thought of that")
        assert not callable(hardware)
        return hardware

    open_adapter = hardware if callable(hardware) else memory

    bus, stop = PostgresBus(dsns.worker), asyncio.Event()
    tasks = [
        asyncio.create_task(bus.run(stop)),
        asyncio.create_task(Fleet(worker, bus, open_adapter, SEALER).run(stop)),
    ]
    await bus.connected.wait()
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def until(admin: Database, wanted: object, sql: str, *given: object, seconds: float = 30) -> float:
    began = time.monotonic()
    while await value(admin, sql, *given) != wanted:
        assert time.monotonic() - began < seconds, await value(admin, sql, *given)
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def test_a_command_is_sent_as_soon_as_it_is_asked_and_followed_to_the_closed_door(
    dsns: Dsns, app_db: Database, worker_db: Database, admin_db: Database, world: World
) -> None:
    hardware = Hardware(3)
    async with kept(dsns, worker_db, hardware):
        heard = "SELECT last_contact_at IS NOT NULL AND capabilities @> $2 FROM bank WHERE id = $1"
        await until(admin_db, True, heard, world.bank, SENSOR)
        async with context(app_db, actor(world, Role.OWNER)).begin() as work:
            command = await access.open_compartment(work, OpenCompartment(world.doors[1], "test"))
        state = "SELECT state FROM command WHERE id = $1"
        assert await until(admin_db, "DOOR_OPENED", state, command) < 2
        assert [cell.pulses for cell in hardware.cells.values()] == [0, 1, 0]
        hardware.cells["002"].door = Door.CLOSED
        await until(admin_db, "DOOR_CLOSED", state, command)
        assert await value(admin_db, "SELECT door FROM compartment WHERE id = $1", world.doors[1]) == "CLOSED"


async def test_a_bank_connected_while_the_fleet_is_at_work_is_kept_at_once(
    dsns: Dsns, app_db: Database, worker_db: Database, admin_db: Database, world: World
) -> None:
    async with kept(dsns, worker_db, Hardware(3)):
        async with context(app_db, actor(world)).begin() as work:
            bank = await commissioning.connect_bank(work, asked(world), Vendors(lambda _: (), SEALER))
        await until(admin_db, True, "SELECT last_contact_at IS NOT NULL FROM bank WHERE id = $1", bank, seconds=5)


@pytest.mark.parametrize("fault", ["broken", "strange"])
async def test_a_bank_with_useless_settings_says_so_and_stops_no_other(
    dsns: Dsns, worker_db: Database, admin_db: Database, world: World, fault: str
) -> None:
    broken = await make_world(admin_db)
    async with admin_db.plain() as conn:
        await conn.execute("UPDATE vendor_connection SET settings = $2 WHERE id = $1", broken.connection, {fault: True})
    async with kept(dsns, worker_db, Hardware(3)):
        away = "SELECT unreachable_since IS NOT NULL FROM bank WHERE id = $1"
        await until(admin_db, True, away, broken.bank)
        await until(admin_db, True, "SELECT last_contact_at IS NOT NULL FROM bank WHERE id = $1", world.bank)
    assert await value(admin_db, away, world.bank) is False


async def test_a_hint_has_the_bank_looked_at_long_before_its_poll_is_due(
    dsns: Dsns, worker_db: Database, admin_db: Database, world: World
) -> None:
    hardware = Hardware(3)
    async with admin_db.plain() as conn:
        await conn.execute("UPDATE bank SET poll_seconds = 600 WHERE id = $1", world.bank)
    async with kept(dsns, worker_db, hardware):
        await until(admin_db, True, "SELECT last_contact_at IS NOT NULL FROM bank WHERE id = $1", world.bank)
        hardware.cells["002"].door = Door.OPEN
        async with worker_db.plain() as conn:
            await hint(conn, world.bank)
        opened = "SELECT door FROM compartment WHERE id = $1"
        assert await until(admin_db, "OPEN", opened, world.doors[1]) < 5


class Slow(Hardware):
    """A line whose looks take as long as `going` is clear; counts the lines that are open, and the looks that go on."""

    open_lines = most_lines = 0

    def __init__(self, going: asyncio.Event) -> None:
        super().__init__(3)
        self.going, self.looking = going, asyncio.Event()
        Slow.open_lines += 1
        Slow.most_lines = max(Slow.most_lines, Slow.open_lines)

    async def read_bank(self, bank: str) -> BankState:
        self.looking.set()
        await self.going.wait()
        return await super().read_bank(bank)

    async def close(self) -> None:
        Slow.open_lines -= 1


async def test_a_bank_in_a_long_call_to_its_vendor_holds_up_no_other_and_is_kept_by_one_at_a_time(
    dsns: Dsns, app_db: Database, worker_db: Database, admin_db: Database, world: World
) -> None:
    going, anew, lines = asyncio.Event(), asyncio.Event(), list[Slow]()
    Slow.open_lines = Slow.most_lines = 0
    other = await make_world(admin_db)

    def open_adapter(connection: Connection) -> Adapter:
        if connection.id == world.connection:
            lines.append(Slow(going))
            if len(lines) == 2:
                anew.set()
            return lines[-1]
        return Hardware(3)

    contact = "SELECT last_contact_at IS NOT NULL FROM bank WHERE id = $1"
    async with kept(dsns, worker_db, open_adapter):
        await until(admin_db, True, contact, other.bank)
        await lines[0].looking.wait()
        async with context(app_db, actor(world)).begin() as work:
            await vendors.change(work, world.connection, Account(name="N"), Vendors(lambda _: (), SEALER))
        async with context(app_db, actor(other)).begin() as work:
            added = await commissioning.connect_bank(work, asked(other), Vendors(lambda _: (), SEALER))
        await until(admin_db, True, contact, added, seconds=5)
        assert (len(lines), Slow.open_lines) == (1, 1), "the line is in use still"
        going.set()
        await until(admin_db, True, contact, world.bank, seconds=5)
        await anew.wait()
        await lines[1].looking.wait()
    assert (Slow.most_lines, Slow.open_lines) == (1, 0)


async def test_what_a_line_could_do_is_not_said_of_the_one_that_took_its_place(
    dsns: Dsns, worker_db: Database, admin_db: Database, world: World
) -> None:
    going, never, lines = asyncio.Event(), asyncio.Event(), list[Slow]()
    opened = [asyncio.Event(), asyncio.Event()]

    def open_adapter(connection: Connection) -> Adapter:
        if connection.id != world.connection:
            return Hardware(3)
        lines.append(Slow(never if lines else going))
        opened[len(lines) - 1].set()
        return lines[-1]

    async with kept(dsns, worker_db, open_adapter):
        await opened[0].wait()
        await lines[0].looking.wait()
        async with worker_db.tenant([world.tenant]) as conn:
            can = {"PHONE_TOKENS": "WORKS"}
            await conn.execute("UPDATE bank SET revision = 1, capabilities = $2 WHERE id = $1", world.bank, can)
            await ring(conn, world.connection)
        await asyncio.sleep(0.5)
        going.set()
        await opened[1].wait()
        await lines[1].looking.wait()
        await asyncio.sleep(3 * CONTACTS_SECONDS)
        assert await value(admin_db, "SELECT capabilities FROM bank WHERE id = $1", world.bank) == can
        never.set()
        await until(admin_db, True, "SELECT capabilities <> $2 FROM bank WHERE id = $1", world.bank, can, seconds=5)
