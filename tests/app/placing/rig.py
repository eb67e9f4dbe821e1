"""A bank whose vendor chooses: the real adapter over the real simulator, and what its own books say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from adapters import registry
from adapters.harbor_gateway.simulator.box import Box
from adapters.harbor_gateway.simulator.world import GatewayWorld
from adapters.simulation import control
from app.devices.port import Connection
from app.kit.db import Database
from tests.app.drive import Drive
from tests.app.rig import Now, make_world
from tests.app.scene import Scene

CHOOSES = {
    "DOOR_SENSOR": "WORKS",
    "READBACK": "WORKS",
    "REMOTE_OPEN": "WORKS",
    "SERVICE_WRITE": "WORKS",
    "VENDOR_ASSIGNS_UNIT": "WORKS",
}


@dataclass(slots=True)
class Chosen:
    """`gateway`: the vendor's side."""

    scene: Scene
    gateway: GatewayWorld

    def held(self) -> dict[str, str]:
        """Unit -> transaction, as the gateway has it."""
        return {str(each.id): each.transaction for each in self.gateway.of("B") if each.transaction}

    def openings(self) -> dict[str, int]:
        counted = {unit: self.gateway.doors.at(bank, unit).openings for bank, unit in self.gateway.doors}
        return {unit: count for unit, count in counted.items() if count}

    def close(self) -> None:
        for bank, unit in self.gateway.doors:
            self.gateway.doors.act(bank, unit, "close")

    async def ours(self) -> dict[str, str]:
        """Unit -> stay that was placed there and has not ended."""
        sql = """SELECT c.external_id AS unit, s.id FROM stay s JOIN compartment c ON c.id = s.compartment_id
            WHERE s.tenant_id = $1 AND s.placed AND s.state <> 'RELEASED'"""
        return {row["unit"]: str(row["id"]) for row in await self.rows(sql)}

    async def uses(self) -> dict[str, str]:
        sql = "SELECT external_id, use FROM compartment WHERE tenant_id = $1 AND use <> 'FREE'"
        return {row["external_id"]: row["use"] for row in await self.rows(sql)}

    async def rows(self, sql: str) -> list[Any]:
        async with self.scene.admin.plain() as conn:
            found: list[Any] = await conn.fetch(sql, self.scene.world.tenant)
            return found

    async def unit_of(self, stay: UUID) -> str | None:
        sql = """SELECT c.external_id FROM stay s JOIN compartment c ON c.id = s.compartment_id
            WHERE s.id = $1 AND s.placed"""
        found: str | None = await self.scene.of(sql, stay)
        return found


@asynccontextmanager
async def chosen(app: Database, worker: Database, admin: Database, doors: int) -> AsyncIterator[Chosen]:
    gateway = GatewayWorld(
        [{"id": "B", "lockers": [{"id": number, "type": "medium"} for number in range(1, doors + 1)]}],
        attempt_seconds=0.1,
        gap_seconds=0.05,
    )
    world = await make_world(admin, doors=doors, capabilities=CHOOSES)
    async with admin.plain() as conn:
        sql = "UPDATE compartment SET external_id = ltrim(external_id, '0') WHERE tenant_id = $1"
        await conn.execute(sql, world.tenant)
    async with control.Server(Box(gateway, "B").app()) as server:
        settings = {"bank": "B", "read_seconds": 5.0, "poll_seconds": 1.0}
        adapter: Any = registry.connect(Connection(uuid4(), "harbor_gateway", server.url, settings))
        try:
            yield Chosen(Scene(app, admin, Drive(worker, world, adapter, Now())), gateway)
        finally:
            await adapter.close()
