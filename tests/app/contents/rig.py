"""A bank behind the vendor that keeps books of its own: the real adapter, its simulator on a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from adapters.pitney.adapter import VENDOR
from adapters.pitney.simulator.cloud import CLIENT, PitneyCloud
from adapters.pitney.simulator.world import PitneyWorld
from adapters.simulation import control
from app.devices.port import Connection
from app.kit.db import Database
from tests.app.drive import Drive
from tests.app.rig import Now, make_world
from tests.app.scene import Scene

BOOKS = dict.fromkeys(
    ("REMOTE_OPEN", "READBACK", "VENDOR_RESERVATION", "VENDOR_PICKUP_CODE", "PARTIAL_FREE", "RETURN_FLOW"), "WORKS"
)
UNITS = [{"id": f"{number:03}", "size": "medium"} for number in range(1, 4)]


class BookScene(Scene):
    """`vendor`: what its cloud knows; `cloud`: its web side."""

    vendor: PitneyWorld
    cloud: PitneyCloud

    async def unit_of(self, stay: UUID) -> Any:
        name = "SELECT external_id FROM compartment c JOIN stay s ON s.compartment_id = c.id WHERE s.id = $1"
        return self.vendor.units["B", await self.of(name, stay)]

    async def settle(self) -> None:
        for _ in range(3):
            await self.drive.work()


@asynccontextmanager
async def pitney(
    app: Database, worker: Database, admin: Database, *, strict: bool = True, **settings: object
) -> AsyncIterator[BookScene]:
    vendor = PitneyWorld([{"id": "B", "units": UNITS}])
    cloud = PitneyCloud(vendor, strict=strict)
    async with control.Server(cloud.app()) as server:
        secret = {"client_id": CLIENT[0], "client_secret": CLIENT[1]}
        adapter: Any = VENDOR.connect(Connection(uuid4(), VENDOR.name, server.url, settings, secret))
        try:
            world = await make_world(admin, capabilities=BOOKS)
            scene = BookScene(app, admin, Drive(worker, world, adapter, Now()))
            scene.vendor, scene.cloud = vendor, cloud
            yield scene
        finally:
            await adapter.close()
