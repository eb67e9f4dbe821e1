"""The banks of two vendors with their keepers, and a clock that everybody shares."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from adapters import registry
from adapters.pitney.simulator.cloud import CLIENT
from app.devices.port import Connection
from app.fleet.service import Keeper
from app.kit.db import Database
from app.lockers import queries as lockers
from app.orders.jobs import Desk, Hands
from app.stays import jobs as stays
from tests.app.drive import Drive
from tests.app.rig import Now, codes
from tests.bench.faults import place as places
from tests.bench.faults.place import Place

UNITS = 6
# What can go wrong without making anybody wait for real seconds.
LUCK = {
    "pitney": (
        "reset",
        "reset_after",
        "reset_mid",
        "status",
        "status_after",
        "malformed",
        "wrong_shape",
        "reject_token",
    ),
    "kerong_cu16": ("drop", "checksum", "garbage", "cut", "address", "noise"),
}
# Looks closer together than a door can open and shut unseen; later ones for vendors that take their time.
LOOKS = (0.5, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 10.0, 10.0, 15.0, 15.0)
AT_ONCE = 120


@dataclass(slots=True)
class Town:
    app: Database
    worker: Database
    admin: Database
    places: list[Place]
    now: Now = field(default_factory=Now)
    keepers: dict[UUID, Keeper] = field(default_factory=dict)
    followers: list[Drive] = field(default_factory=list)
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def pass_(self, seconds: float) -> None:
        self.now.pass_(seconds)
        for place in self.places:
            place.simulated.clock.advance(seconds)

    def begin_bad_luck(self, share: float) -> None:
        for place in self.places:
            kinds = LUCK[place.vendor]
            for kind in kinds:
                place.simulated.faults.add({"kind": kind, "times": -1, "chance": share / len(kinds)})

    def end_bad_luck(self) -> None:
        for place in self.places:
            place.simulated.faults.clear()
            place.simulated.faults.come_back()

    def luck(self) -> tuple[int, int]:
        """How many calls there were, and how many failed."""
        every = [place.simulated.faults for place in self.places]
        hits = sum(each["hits"] for faults in every for each in faults.dump()["faults"])
        return sum(faults.calls for faults in every), hits

    async def settle(self, some: set[UUID]) -> None:
        """Look at these banks, and at all where something is under way, until nothing is, or a while has passed."""
        for wait in LOOKS:
            busy = self.busy() | some
            if not busy:
                break
            await asyncio.gather(*(self._look(self.keepers[id_]) for id_ in busy))
            await self.follow()
            some = await self._waiting()
            self.pass_(wait)

    def busy(self) -> set[UUID]:
        """Banks where an order is under way."""
        return {id_ for id_, keeper in self.keepers.items() if _busy(keeper)}

    async def _look(self, keeper: Keeper) -> None:
        async with self.gate:
            keeper.wake.set()
            keeper.hint.set()
            await keeper.step()

    async def _waiting(self) -> set[UUID]:
        rows = await self.admin.pool.fetch("SELECT DISTINCT bank_id FROM command WHERE state = 'REQUESTED'")
        return {row["bank_id"] for row in rows}

    async def follow(self) -> None:
        for follower in self.followers:
            await follower.follow()

    async def time_passes(self) -> None:
        system = self.followers[0].system
        await stays.expire(self.worker, system, self.now)
        await stays.mark_overdue(self.worker, system, self.now)


def _busy(keeper: Keeper) -> bool:
    return bool(keeper.desk.unsent or keeper.desk.aloft) or any(not watch.given_up for watch in keeper.desk.watches)


@asynccontextmanager
async def town(app: Database, worker: Database, admin: Database, banks: int) -> AsyncIterator[Town]:
    """Half of the banks at each vendor."""
    async with AsyncExitStack() as stack:
        made = [
            await stack.enter_async_context(places.pitney(admin, banks // 2, UNITS)),
            await stack.enter_async_context(places.kerong(admin, banks - banks // 2, UNITS)),
        ]
        here = Town(app, worker, admin, made)
        for place in made:
            world: Any = SimpleNamespace(tenant=place.owner.organization_id)
            nothing: Any = SimpleNamespace()
            here.followers.append(Drive(worker, world, nothing, here.now))
        await _keep(here, stack)
        yield here


async def _keep(here: Town, stack: AsyncExitStack) -> None:
    async with here.worker.plain() as conn:
        banks = await lockers.fleet(conn)
    rows = await here.admin.pool.fetch("SELECT id, vendor, base_url, settings FROM vendor_connection")
    connections = {row["id"]: row for row in rows}
    hands = Hands(here.worker, codes(), lambda *_: None, here.now, here.now.monotonic)
    for bank in banks:
        row = connections[bank.connection_id]
        secret = {"client_id": CLIENT[0], "client_secret": CLIENT[1]} if row["vendor"] == "pitney" else {}
        quick = {} if row["vendor"] == "pitney" else {"reply_seconds": 0.1}
        settings = {**row["settings"], **quick}
        adapter = registry.connect(Connection(row["id"], row["vendor"], row["base_url"], settings, secret))
        stack.push_async_callback(adapter.close)
        here.keepers[bank.id] = Keeper(Desk(bank, adapter, hands))
    await asyncio.gather(*(_adopted(here, keeper) for keeper in here.keepers.values()))


async def _adopted(here: Town, keeper: Keeper) -> None:
    async with here.gate:
        await keeper.desk.adopt()
