"""Banks of which a part falls silent: real adapters over real simulators, and what is read of them then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from adapters import registry
from adapters.generic.kerong_cu16.simulator.bus import LineServer
from adapters.generic.kerong_cu16.simulator.world import KerongWorld, Line
from adapters.generic.mqtt.simulator.site import Site
from adapters.generic.mqtt.simulator.world import MqttBank, MqttWorld
from app.devices.port import Connection, DeviceError
from app.kit.db import Database
from app.kit.reading.rows import IDS, Rows
from app.kit.reading.shape import Items
from app.kit.reading.statement import Compiled
from schema.catalogue import CATALOGUE
from tenants.model import Role
from tenants.scope import Scope, context_parameters
from tests.app.drive import Drive
from tests.app.rig import Now, actor, make_world
from tests.app.scene import Scene


async def read(scene: Scene) -> dict[str, tuple[str, bool, str]]:
    """Unit -> occupancy, whether it is stale, service: as people read them."""
    async with scene.admin.plain() as conn:
        # The bank itself is fresh: only what its keeper says of each compartment is looked at.
        await conn.execute("UPDATE bank SET last_contact_at = now() WHERE id = $1", scene.world.bank)
    member = actor(scene.world, Role.OWNER)
    rows, given = Rows(CATALOGUE, Scope.of(member)), context_parameters(member)
    async with scene.app.tenant(member.tenants) as conn:
        each: Any = await Compiled(rows.by_ids("Compartment")).rows(conn, {IDS: list(scene.world.doors), **given})
    units = {row["c_id"]: (row["f_occupancy"], row["f_isStale"], row["f_service"]) for row in each}
    return {f"{number:03}": units[door] for number, door in enumerate(scene.world.doors, 1)}


async def counted(scene: Scene) -> dict[str, int]:
    """State -> how many, as the board counts them."""
    member = actor(scene.world, Role.OWNER)
    rows, given = Rows(CATALOGUE, Scope.of(member)), context_parameters(member)
    relation = CATALOGUE.shapes["Bank"].relations["occupancy"]
    assert isinstance(relation, Items)
    async with scene.app.tenant(member.tenants) as conn:
        sums: Any = await Compiled(rows.items("Bank", relation, 0)).rows(conn, {IDS: [scene.world.bank], **given})
    return {row["f_state"]: row["f_count"] for row in sums}


async def look(scene: Scene, seconds: float = 1.0) -> None:
    scene.now.pass_(seconds)
    await scene.drive.work()


@asynccontextmanager
async def boards(app: Database, worker: Database, admin: Database) -> AsyncIterator[tuple[Scene, dict[int, int]]]:
    """Two boards of two locks on one line, and which have power: doors 001 and 002 are on board 0, the others on 1."""
    fitted = {0: 2, 1: 2}
    line = Line("B", fitted)
    async with LineServer(KerongWorld([line]), line) as server:
        settings = {"bank": "B", "boards": [0, 1], "reply_seconds": 0.05}
        adapter: Any = registry.connect(Connection(uuid4(), "kerong_cu16", server.url, settings))
        try:
            yield await _scene(app, worker, admin, adapter, ["0-1", "0-2", "1-1", "1-2"]), fitted
        finally:
            await adapter.close()


@asynccontextmanager
async def devices(app: Database, worker: Database, admin: Database) -> AsyncIterator[tuple[Scene, MqttWorld]]:
    """A bank whose two doors each have a controller of their own."""
    world = MqttWorld([MqttBank(name, ("1",), "tasmota") for name in ("D1", "D2")])
    async with Site(world) as site:
        units = {unit: {"device": unit, "relay": 1, "switch": 1} for unit in ("D1", "D2")}
        settings = {"profile": "tasmota", "bank": "B", "units": units, "poll_seconds": 1}
        adapter: Any = registry.connect(Connection(uuid4(), "mqtt", site.url, settings))
        try:
            await told(adapter, 2)
            yield await _scene(app, worker, admin, adapter, ["D1", "D2"]), world
        finally:
            await adapter.close()


async def told(adapter: Any, doors: int) -> None:
    """Until so many doors are told of."""
    for _ in range(200):
        try:
            state = await adapter.read_bank("B")
        except DeviceError:
            state = None
        if state and sum(unit.door != "UNKNOWN" for unit in state.units) == doors:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"never told of {doors} doors")


async def _scene(app: Database, worker: Database, admin: Database, adapter: Any, units: list[str]) -> Scene:
    world = await make_world(admin, doors=len(units))
    async with admin.plain() as conn:
        for door, unit in zip(world.doors, units, strict=True):
            await conn.execute("UPDATE compartment SET external_id = $2 WHERE id = $1", door, unit)
    return Scene(app, admin, Drive(worker, world, adapter, Now()))
