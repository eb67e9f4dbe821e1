"""One rig per vendor: an adapter, its simulator on real sockets, and the simulator's own counters."""

import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from adapters import registry
from adapters.generic.kerong_cu16.simulator.bus import LineServer
from adapters.generic.kerong_cu16.simulator.world import KerongWorld, Line
from adapters.pitney.simulator.cloud import CLIENT, PitneyCloud
from adapters.pitney.simulator.world import PitneyWorld, plain_banks
from adapters.simulation import control
from app.devices.port import Adapter, Connection, Order, OrderKind


@dataclass
class Rig:
    adapter: Adapter
    world: PitneyWorld | KerongWorld
    connection: Connection
    bank: str
    unit: str
    deadline: timedelta

    def order(self, kind: OrderKind = OrderKind.OPEN, **changes: Any) -> Order:
        plain = {"bank": self.bank, "unit": self.unit, "deadline": self.deadline}
        return Order(id=uuid4(), kind=kind, **{**plain, **changes})

    def pulses(self, unit: str | None = None) -> int:
        """Orders that reached the lock, by the simulator's own count."""
        return self.world.doors.at(self.bank, unit or self.unit).pulses

    def others(self) -> int:
        """What reached any other lock."""
        return sum(self.world.doors.at(*key).pulses for key in self.world.doors if key != (self.bank, self.unit))


@asynccontextmanager
async def pitney_rig(
    *, units: int = 8, expires_in: int = 600, prefix: str = "", **settings: object
) -> AsyncIterator[Rig]:
    """`prefix`: of the products on the vendor's host."""
    world = PitneyWorld(plain_banks(2, units))
    cloud = PitneyCloud(world, expires_in=expires_in, prefix=prefix)
    async with control.Server(cloud.app()) as server:
        connection = Connection(
            id=uuid4(),
            vendor="pitney",
            base_url=server.url + prefix,
            settings={"read_seconds": 1.0, **settings},
            secret={"client_id": CLIENT[0], "client_secret": CLIENT[1]},
        )
        adapter = registry.connect(connection)
        try:
            yield Rig(adapter, world, connection, "PB-01", "3", timedelta(seconds=0.5))
        finally:
            await adapter.close()


@asynccontextmanager
async def kerong_rig(*, acknowledges: bool = False, boards: int = 2, **settings: object) -> AsyncIterator[Rig]:
    line = Line("KR-01", dict.fromkeys(range(boards), 16), acknowledges=acknowledges)
    world = KerongWorld([line])
    async with LineServer(world, line) as server:
        connection = Connection(
            id=uuid4(),
            vendor="kerong_cu16",
            base_url=server.url,
            settings={
                "bank": "KR-01",
                "boards": list(range(boards)),
                "item_sensors": True,
                "reply_seconds": 0.1,
                **settings,
            },
        )
        adapter = registry.connect(connection)
        try:
            yield Rig(adapter, world, connection, "KR-01", "1-3", timedelta(seconds=6))
        finally:
            await adapter.close()


RIGS: Mapping[str, Callable[..., AbstractAsyncContextManager[Rig]]] = {"kerong_cu16": kerong_rig, "pitney": pitney_rig}


def nowhere(rig: Rig) -> Adapter:
    """The same connection to a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    scheme = rig.connection.base_url.partition("://")[0]
    return registry.connect(replace(rig.connection, base_url=f"{scheme}://127.0.0.1:{port}"))
