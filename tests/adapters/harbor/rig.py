"""An adapter of towers beside its simulator on real sockets, and phones to hand."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from adapters import registry
from adapters.harbor.adapter import HarborAdapter
from adapters.harbor.simulator import phone
from adapters.harbor.simulator.books import plain_towers
from adapters.harbor.simulator.cloud import CLIENT, HarborCloud
from adapters.harbor.simulator.world import HarborWorld
from adapters.simulation import control
from adapters.simulation.faults import Fault
from app.devices.port import Access, AccessKind, Connection, Order, OrderKind, Receipt, VendorWord

TOWER, LOCKER = "0100000004000001", "1003"
MINUTES = timedelta(minutes=5)


@dataclass
class Rig:
    adapter: HarborAdapter
    cloud: HarborCloud
    connection: Connection

    @property
    def world(self) -> HarborWorld:
        return self.cloud.world

    def order(self, kind: OrderKind, **changes: Any) -> Order:
        plain = {"bank": TOWER, "unit": LOCKER, "deadline": timedelta(seconds=2), "expires_at": soon()}
        return Order(id=uuid4(), kind=kind, **{**plain, **changes})

    async def send(self, kind: OrderKind, **changes: Any) -> Receipt:
        return await self.adapter.send(self.order(kind, **changes))

    async def access(self, kind: AccessKind = AccessKind.DEPOSIT, **changes: Any) -> Access:
        receipt = await self.send(OrderKind.ISSUE_ACCESS, access=kind, **changes)
        assert receipt.access is not None
        return receipt.access

    async def word(self) -> VendorWord | None:
        return (await self.adapter.read_unit(TOWER, LOCKER)).word

    def show(self, access: Access, **how: Any) -> dict[str, Any]:
        """A phone shows it to the tower."""
        return phone.use(self.world, {"tower": TOWER, **shown(access), **how})

    def sync(self, **how: Any) -> int:
        return int(phone.sync(self.world, {"tower": TOWER, **how})["fresh"])

    def opened(self) -> int:
        return self.world.doors.at(TOWER, LOCKER).openings


def soon(by: timedelta = MINUTES) -> datetime:
    return datetime.now(UTC) + by


async def struck(fault: Fault, seconds: float = 4.0) -> None:
    """A request has met it."""
    ends = time.monotonic() + seconds
    while not fault.hits:
        assert time.monotonic() < ends, "it never came"
        await asyncio.sleep(0.01)


def shown(access: Access) -> dict[str, Any]:
    if access.link is not None:
        return {"link": access.link}
    return {"payload": access.payload, "payload_auth": access.payload_auth}


@asynccontextmanager
async def harbor_rig(
    *, expires_in: int = 300, secret: dict[str, str] | None = None, **settings: object
) -> AsyncIterator[Rig]:
    cloud = HarborCloud(HarborWorld(plain_towers(2, 8)), expires_in=expires_in)
    async with control.Server(cloud.app()) as server:
        connection = Connection(
            id=uuid4(),
            vendor="harbor",
            base_url=server.url,
            settings={"read_seconds": 1.0, "environment": "sandbox", **settings},
            secret={"client_id": CLIENT[0], "client_secret": CLIENT[1], **(secret or {})},
        )
        adapter = registry.connect(connection)
        assert isinstance(adapter, HarborAdapter)
        try:
            yield Rig(adapter, cloud, connection)
        finally:
            await adapter.close()
