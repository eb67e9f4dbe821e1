"""A bank behind hardware made of memory that a running fleet keeps, and that can be surveyed."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from app.devices.port import Adapter, BankState, Connection, Unit
from app.fleet.jobs import Fleet
from app.kit.bus import PostgresBus
from app.kit.db import Database
from app.kit.embedded import Dsns
from app.vendors import service as vendors
from app.vendors.service import Vendors
from tests.app.fleet.test_jobs import until
from tests.app.rig import SEALER, Hardware, World, actor, context, make_world

WORDS = {"medium": "M", "large": "L"}
STATE = "SELECT state FROM survey WHERE id = $1"


class Listing(Hardware):
    """Tells of each unit what `told` says, and is known by `bank`."""

    def __init__(self, units: int) -> None:
        super().__init__(units)
        self.told: dict[str, Mapping[str, Any]] = {}
        self.bank = "B"

    async def list_banks(self) -> tuple[BankState, ...]:
        return (await self.read_bank(self.bank),)

    async def close(self) -> None:
        """The same memory serves the next line."""

    def _unit(self, id_: str) -> Unit:
        seen, told = super()._unit(id_), {"size": "medium", "label": id_, **self.told.get(id_, {})}
        return Unit(seen.id, seen.door, seen.observed_at, openings=seen.openings, **told)


@pytest.fixture
async def world(admin_db: Database) -> World:
    world = await make_world(admin_db)
    async with admin_db.plain() as conn:
        await conn.execute("UPDATE bank SET size_words = $2 WHERE id = $1", world.bank, WORDS)
    return world


@pytest.fixture
async def hardware(dsns: Dsns, worker_db: Database, world: World) -> AsyncIterator[Listing]:
    made = Listing(3)
    async with kept(dsns, worker_db, made):
        yield made


@asynccontextmanager
async def kept(dsns: Dsns, worker: Database, hardware: Listing) -> AsyncIterator[None]:
    def open_adapter(connection: Connection) -> Adapter:
        if connection.base_url == "memory:wrong":
            hardware.away = True
        return hardware

    bus, stop = PostgresBus(dsns.worker), asyncio.Event()
    running = (bus.run(stop), Fleet(worker, bus, open_adapter, SEALER).run(stop))
    tasks = [asyncio.create_task(each) for each in running]
    await bus.connected.wait()
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


def known(*problems: str) -> Vendors:
    return Vendors(lambda _: problems, SEALER)


async def surveyed(app: Database, admin: Database, world: World) -> UUID:
    async with context(app, actor(world)).begin() as work:
        survey = await vendors.survey_bank(work, world.bank)
    await until(admin, "READY", STATE, survey)
    return survey


async def differing(admin: Database, survey: UUID) -> set[str]:
    async with admin.plain() as conn:
        found = await conn.fetchval("SELECT differences FROM survey WHERE id = $1", survey)
    return {each["key"] for each in found}


async def rows_of(admin: Database, world: World) -> list[Any]:
    query = "SELECT external_id, label, size, service, use FROM compartment WHERE bank_id = $1 ORDER BY id"
    async with admin.plain() as conn:
        return list(await conn.fetch(query, world.bank))
