"""Banks of every vendor with their keepers, and a clock that everybody shares."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from adapters import registry
from adapters.generic.mqtt.simulator.world import MqttWorld
from adapters.harbor.adapter import HarborAdapter
from adapters.harbor.simulator import phone
from adapters.harbor.simulator.world import HarborWorld
from adapters.simulation.doors import Clock
from adapters.simulation.faults import ANYWHERE
from app.devices import jobs as devices_jobs
from app.devices.port import Adapter, Connection
from app.fleet.service import Keeper
from app.handover import jobs as handover
from app.kit.db import Database, Row
from app.lockers import queries as lockers
from app.orders.jobs import Desk, Hands
from app.stays import jobs as stays
from tests.app.drive import Drive
from tests.app.rig import Now, codes
from tests.bench.faults.kinds import KINDS
from tests.bench.faults.place import Place, place

UNITS = 6
# What can go wrong without making anybody wait for real seconds.
_CLOUD = ("reset", "reset_after", "reset_mid", "status", "status_after", "malformed", "wrong_shape")
_LINE = ("drop", "checksum", "garbage", "cut", "address", "noise")
LUCK: Mapping[str, tuple[str, ...]] = {
    "frame_board": _LINE,
    "harbor": (*_CLOUD, "reject_token"),
    "harbor_gateway": _CLOUD,
    "kerong_cu16": _LINE,
    "modbus_io": _LINE,
    "mqtt": ("again", "drop", "half", "ignore", "malformed", "refuse", "twice"),
    "pitney": (*_CLOUD, "reject_token"),
}
# What a controller says of its doors is never lost here: it is said again within a second, and a day has none to wait.
WHERE: Mapping[str, str] = {"mqtt": "cmd"}
# So that what does not come is not waited for as long as at real hardware.
QUICK: Mapping[str, Mapping[str, object]] = {
    vendor: {"reply_seconds": 0.1} for vendor in ("frame_board", "kerong_cu16", "modbus_io")
}
# Looks closer together than a door can open and shut unseen; later ones for vendors that take their time.
LOOKS = (0.5, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 10.0, 10.0, 15.0, 15.0)
# Controllers that push tell of a door in real time, and are believed when it has stood so for a moment.
PUSHING = frozenset({"mqtt"})
HEARD_SECONDS = 0.15
# Deadlines are real seconds: more at once, on a machine that others want too, and a board's answer would wait for them.
AT_ONCE = 24


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

    async def crash(self, bank: UUID) -> None:
        """Its keeper dies and another begins, who knows what is written down."""
        desk = self.keepers[bank].desk
        self.keepers[bank] = Keeper(Desk(desk.bank, desk.adapter, desk.hands))
        await self.keepers[bank].desk.adopt()

    def pass_(self, seconds: float) -> None:
        self.now.pass_(seconds)
        for each in self.places:
            each.simulated.doors.clock.advance(seconds)

    def begin_bad_luck(self, share: float) -> None:
        for each in self.places:
            kinds, where = LUCK[each.vendor], WHERE.get(each.vendor, ANYWHERE)
            for kind in kinds:
                fault = {"kind": kind, "where": where, "times": -1, "chance": share / len(kinds)}
                each.simulated.faults.add(fault)

    def end_bad_luck(self) -> None:
        for each in self.places:
            each.simulated.faults.clear()
            each.simulated.faults.come_back()

    def phones_come_by(self) -> None:
        """At every tower: what it has to tell goes up, what the cloud has for it goes down."""
        for each in self.places:
            if isinstance(each.simulated, HarborWorld):
                for tower in each.simulated.towers:
                    phone.sync(each.simulated, {"tower": tower})

    def luck(self) -> tuple[int, int]:
        """How many calls there were, and how many failed."""
        every = [each.simulated.faults for each in self.places]
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
            if any(self.keepers[id_].desk.bank.vendor in PUSHING for id_ in busy):
                await asyncio.sleep(HEARD_SECONDS)

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
        return {row["bank_id"] for row in rows} & self.keepers.keys()

    async def follow(self) -> None:
        for follower in self.followers:
            await follower.follow()

    async def time_passes(self) -> None:
        system = self.followers[0].system
        await stays.expire(self.worker, system, self.now)
        await stays.mark_overdue(self.worker, system, self.now)
        await handover.renew(self.worker, system, self.now)
        await handover.bury_dead(self.worker, system, self.now)
        await devices_jobs.bring_back(self.worker, system, self.now)


def _busy(keeper: Keeper) -> bool:
    return bool(keeper.desk.unsent or keeper.desk.aloft) or any(not watch.given_up for watch in keeper.desk.watches)


def spread(banks: int) -> dict[str, int]:
    """So many banks in equal parts at every vendor."""
    each, more = divmod(banks, len(KINDS))
    return {vendor: each + (number < more) for number, vendor in enumerate(KINDS)}


@asynccontextmanager
async def town(app: Database, worker: Database, admin: Database, banks: Mapping[str, int]) -> AsyncIterator[Town]:
    """`banks`: how many of each vendor."""
    async with AsyncExitStack() as stack:
        made = [
            await stack.enter_async_context(place(vendor, admin, count, UNITS))
            for vendor, count in banks.items()
            if count
        ]
        here = Town(app, worker, admin, made)
        for each in made:
            if isinstance(each.simulated, MqttWorld):
                # Orders run out by the controller's clock: it goes as the adapter's does, only doors live the day.
                each.simulated.clock = Clock()
            world: Any = SimpleNamespace(tenant=each.owner.organization_id)
            nothing: Any = SimpleNamespace()
            here.followers.append(Drive(worker, world, nothing, here.now))
        await _keep(here, stack)
        yield here


async def _keep(here: Town, stack: AsyncExitStack) -> None:
    own = {id_ for each in here.places for id_ in each.banks}
    async with here.worker.plain() as conn:
        banks = [bank for bank in await lockers.fleet(conn) if bank.id in own]
    rows = await here.admin.pool.fetch("SELECT id, vendor, base_url, settings FROM vendor_connection")
    connections = {row["id"]: row for row in rows}
    hands = Hands(here.worker, codes(), lambda *_: None, here.now, here.now.monotonic)
    for bank in banks:
        adapter = _adapter(here, connections[bank.connection_id])
        stack.push_async_callback(adapter.close)
        here.keepers[bank.id] = Keeper(Desk(bank, adapter, hands))
    await asyncio.gather(*(_adopted(here, keeper) for keeper in here.keepers.values()))


def _adapter(here: Town, row: Row) -> Adapter:
    settings = {**row["settings"], **QUICK.get(row["vendor"], {})}
    secret = KINDS[row["vendor"]].secret
    adapter = registry.connect(Connection(row["id"], row["vendor"], row["base_url"], settings, secret))
    if isinstance(adapter, HarborAdapter):
        # How long a pass is asked for is counted from the day's own time.
        adapter._now = here.now
    return adapter


async def _adopted(here: Town, keeper: Keeper) -> None:
    async with here.gate:
        await keeper.desk.adopt()
