import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from adapters.generic.kerong_cu16.simulator.world import KerongWorld
from app.access import service as access
from app.access.service import OpenCompartment
from app.devices.port import Door, Order, Receipt
from app.kit.db import Database
from app.kit.embedded import Dsns
from app.openings import service as openings
from app.openings.service import AskOpening
from tenants.model import Role
from tests.adapters.rigs import kerong_rig, pitney_rig
from tests.app.drive import Drive
from tests.app.fleet.test_jobs import kept, until
from tests.app.rig import BOOKS, Hardware, Now, World, actor, context, make_world, value

OF_STATE = "SELECT count(*) FROM command WHERE tenant_id = $1 AND state = $2"
OPENED = "SELECT door FROM compartment WHERE id = $1"
# More than a bank of the usual poll time may take to notice a forced door while it is busy.
IN_TIME = 4.0
DOORS = 100


class Slow(Hardware):
    """Doors that take their time: unit -> seconds. `most`: how many orders it had at a time."""

    def __init__(self, units: int, seconds: dict[str, float], *, side_by_side: int) -> None:
        super().__init__(units)
        self.timing = replace(self.timing, side_by_side=side_by_side)
        self._seconds = seconds
        self._at_work: list[str] = []
        self.most, self.twice = 0, False

    async def close(self) -> None:
        """Lines of other banks end at the same memory."""

    async def send(self, order: Order) -> Receipt:
        self.twice = self.twice or order.unit in self._at_work
        self._at_work.append(order.unit)
        self.most = max(self.most, len(self._at_work))
        await asyncio.sleep(self._seconds.get(order.unit, 0.0))
        self._at_work.remove(order.unit)
        return await super().send(order)


async def open_all(app: Database, world: World, doors: Sequence[UUID]) -> None:
    async with context(app, actor(world)).begin() as work:
        asked = await openings.ask(work, AskOpening(world.bank, tuple(doors), "power was out"))
    async with context(app, actor(world, Role.MANAGER)).begin() as work:
        await openings.decide(work, asked, approve=True, comment=None)


async def open_one(app: Database, world: World, door: UUID) -> UUID:
    async with context(app, actor(world)).begin() as work:
        return await access.open_compartment(work, OpenCompartment(door, "because"))


async def named(admin: Database, world: World, bank: str, units: Sequence[str]) -> None:
    """The world's bank and doors under the names that its hardware has for them."""
    async with admin.plain() as conn:
        await conn.execute("UPDATE bank SET external_id = $2 WHERE id = $1", world.bank, bank)
        named = list(zip(world.doors, units, strict=True))
        await conn.executemany("UPDATE compartment SET external_id = $2 WHERE id = $1", named)


@pytest.mark.slow
async def test_every_door_of_a_long_line_opens_and_a_door_forced_meanwhile_is_alarmed_in_time(
    dsns: Dsns, app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    world = await make_world(admin_db, doors=DOORS + 2)
    units = [f"{board}-{lock}" for board in range(7) for lock in range(1, 17)][: DOORS + 2]
    await named(admin_db, world, "KR-01", units)
    *group, forced, person = world.doors
    async with kerong_rig(boards=7) as rig:
        assert isinstance(rig.world, KerongWorld)
        async with kept(dsns, worker_db, rig.adapter):
            await until(admin_db, "CLOSED", OPENED, forced)
            await open_all(app_db, world, group)
            await until(admin_db, 10, OF_STATE, world.tenant, "DOOR_OPENED", seconds=30)
            rig.world.doors.act("KR-01", units[DOORS], "force")
            assert await until(admin_db, "OPEN", OPENED, forced) < IN_TIME
            follow = Drive(worker_db, world, Hardware(0), Now())
            await follow.follow()
            kind = "SELECT kind FROM alarm WHERE tenant_id = $1"
            assert await value(admin_db, kind, world.tenant) == "FORCED_OPEN"
            # Nor does somebody else wait for all the others.
            await open_one(app_db, world, person)
            assert await until(admin_db, "OPEN", OPENED, person) < IN_TIME
            await until(admin_db, DOORS + 1, OF_STATE, world.tenant, "DOOR_OPENED", seconds=120)
            pulses = [rig.world.doors.at("KR-01", unit).pulses for unit in units]
    assert pulses == [1] * DOORS + [0, 1]


async def test_every_door_of_a_bank_in_a_slow_cloud_opens(
    dsns: Dsns, app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    world = await make_world(admin_db, doors=DOORS, capabilities=BOOKS)
    units = [str(number) for number in range(1, DOORS + 1)]
    await named(admin_db, world, "PB-01", units)
    async with pitney_rig(units=DOORS) as rig:
        rig.world.faults.add({"kind": "latency", "where": "open", "times": -1, "ms": 400})
        async with kept(dsns, worker_db, rig.adapter):
            began = time.monotonic()
            await open_all(app_db, world, world.doors)
            await until(admin_db, DOORS, OF_STATE, world.tenant, "ACCEPTED", seconds=60)
            # One after another they would take longer than one alone may wait.
            assert time.monotonic() - began < DOORS * 0.4
            assert [rig.pulses(unit) for unit in units] == [1] * DOORS


async def test_a_jammed_door_delays_no_other_where_orders_go_side_by_side(
    dsns: Dsns, app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    world = await make_world(admin_db, doors=8)
    hardware = Slow(8, {"001": 4.0, **{f"{number:03}": 0.1 for number in range(2, 8)}}, side_by_side=3)
    async with kept(dsns, worker_db, hardware):
        began = time.monotonic()
        await open_all(app_db, world, world.doors[:7])
        await until(admin_db, 6, OF_STATE, world.tenant, "DOOR_OPENED")
        assert time.monotonic() - began < 3
        hardware.cells["008"].door = Door.OPEN
        assert await until(admin_db, "OPEN", OPENED, world.doors[7]) < 3
        assert await value(admin_db, OF_STATE, world.tenant, "SENT") == 1
        await until(admin_db, 7, OF_STATE, world.tenant, "DOOR_OPENED")
    assert hardware.most == 3
    assert not hardware.twice
    assert [cell.pulses for cell in hardware.cells.values()] == [1] * 7 + [0]


async def test_a_jammed_door_on_a_bus_delays_the_others_by_its_share_and_looks_by_nothing(
    dsns: Dsns, app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    world = await make_world(admin_db, doors=4)
    hardware = Slow(4, {"001": 4.0}, side_by_side=1)
    async with kept(dsns, worker_db, hardware):
        began = time.monotonic()
        await open_all(app_db, world, world.doors[:3])
        await until(admin_db, 1, OF_STATE, world.tenant, "SENT")
        hardware.cells["004"].door = Door.OPEN
        assert await until(admin_db, "OPEN", OPENED, world.doors[3]) < 2.5
        assert await value(admin_db, OF_STATE, world.tenant, "SENT") == 1
        await until(admin_db, 3, OF_STATE, world.tenant, "DOOR_OPENED")
        assert time.monotonic() - began < 4 + 2.5
    assert hardware.most == 1


async def test_a_door_that_springs_open_while_its_order_is_answered_is_told_once(
    dsns: Dsns, app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    world = await make_world(admin_db, doors=2)
    hardware = Slow(2, {}, side_by_side=2)
    answered = asyncio.Event()
    do = hardware.send

    async def opens_before_it_answers(order: Order) -> Receipt:
        receipt = await do(order)
        await answered.wait()
        return receipt

    hardware.send = opens_before_it_answers  # type: ignore[method-assign]
    async with kept(dsns, worker_db, hardware):
        await open_one(app_db, world, world.doors[0])
        await until(admin_db, 1, OF_STATE, world.tenant, "SENT")
        hardware.cells["002"].door = Door.OPEN
        # A look after the door sprang open, and before the answer came.
        await until(admin_db, "OPEN", OPENED, world.doors[1])
        answered.set()
        await until(admin_db, 1, OF_STATE, world.tenant, "DOOR_OPENED")
        told = "SELECT count(*) FROM outbox WHERE tenant_id = $1 AND kind = 'DoorOpened' AND subject_id = $2"
        assert await value(admin_db, told, world.tenant, world.doors[0]) == 1
        assert await value(admin_db, "SELECT openings FROM compartment WHERE id = $1", world.doors[0]) == 1


async def test_a_process_that_ends_writes_down_first_what_it_is_sending(
    dsns: Dsns, app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    world = await make_world(admin_db, doors=3)
    hardware = Slow(3, {"001": 1.5, "002": 1.5}, side_by_side=2)
    async with kept(dsns, worker_db, hardware):
        await open_all(app_db, world, world.doors[:2])
        await until(admin_db, 2, OF_STATE, world.tenant, "SENT")
    assert await value(admin_db, OF_STATE, world.tenant, "DOOR_OPENED") == 2


async def test_boards_on_one_line_are_sent_one_order_at_a_time_and_a_cloud_several() -> None:
    async with kerong_rig() as line, pitney_rig() as cloud:
        assert line.adapter.timing.side_by_side == 1
        assert cloud.adapter.timing.side_by_side == 4
