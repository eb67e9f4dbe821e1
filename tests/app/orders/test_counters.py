"""Doors whose devices count their own openings: what nobody saw is known by the difference."""

from uuid import UUID

import pytest

from app.access import service as access
from app.access.service import OpenCompartment
from app.devices.port import Door, Order, Receipt
from app.kit.db import Database
from tenants.model import Role
from tests.app.drive import Drive
from tests.app.rig import SENSOR, Hardware, Now, make_world
from tests.app.scene import Scene, make_scene

COUNTS = {**SENSOR, "OPENING_COUNTER": "WORKS"}
OPENED = "SELECT count(*) FROM fact WHERE subject_id = $1 AND kind = 'DoorOpened'"


@pytest.fixture
async def counts(app_db: Database, worker_db: Database, admin_db: Database) -> Scene:
    scene = await make_scene(app_db, worker_db, admin_db, COUNTS)
    await scene.drive.work()
    return scene


async def lost(scene: Scene, fate: str = "lost") -> UUID:
    """An opening whose answer never came; whatever it did, the door is shut again before anybody looks."""
    scene.hardware.fates = [fate]
    ask = OpenCompartment(scene.world.doors[0], "because")
    command = await scene.act(Role.OWNER, access.open_compartment, ask)
    assert scene.drive.keeper is not None
    scene.drive.keeper.wake.set()
    scene.drive.keeper.desk.next_look = scene.now.seconds + 60
    await scene.drive.keeper.step()
    assert await scene.command(command) == ("UNCONFIRMED", False)
    scene.hardware.cells["001"].door = Door.CLOSED
    return command


async def looked(scene: Scene, seconds: float = 10.0) -> None:
    scene.now.pass_(seconds)
    await scene.drive.work()


async def test_a_door_that_opened_and_shut_while_nobody_looked_is_known_by_its_count(counts: Scene) -> None:
    command = await lost(counts)
    await looked(counts)
    assert await counts.command(command) == ("DOOR_CLOSED", True)
    assert await counts.of(OPENED, counts.world.doors[0]) == 1
    assert await counts.alarms() == {}


async def test_a_door_whose_count_stayed_the_same_did_not_open_however_long_nobody_looked(counts: Scene) -> None:
    command = await lost(counts, "cut")
    await looked(counts)
    assert await counts.command(command) == ("FAILED", True)


async def test_after_a_crash_a_count_proves_nothing_of_what_was_sent_before(counts: Scene) -> None:
    command = await lost(counts)
    counts.drive.crash()
    for _ in range(3):
        await looked(counts)
    assert await counts.command(command) == ("UNCONFIRMED", True)


@pytest.mark.parametrize("count", [0, 2_000_000_000])
async def test_another_device_s_count_proves_nothing(counts: Scene, count: int) -> None:
    counts.hardware.cells["001"].openings = 7
    await looked(counts, 1)
    command = await lost(counts)
    counts.hardware.cells["001"].openings = count
    for _ in range(3):
        await looked(counts)
    assert await counts.command(command) == ("UNCONFIRMED", True)


async def test_an_opening_that_was_answered_is_counted_once(counts: Scene) -> None:
    command = await counts.act(Role.OWNER, access.open_compartment, OpenCompartment(counts.world.doors[0], "because"))
    await counts.drive.work()
    await looked(counts, 1)
    assert await counts.command(command) == ("DOOR_OPENED", False)
    counts.close()
    await looked(counts, 1)
    assert await counts.command(command) == ("DOOR_CLOSED", True)
    assert await counts.of("SELECT openings FROM compartment WHERE id = $1", counts.world.doors[0]) == 1
    assert await counts.alarms() == {}


async def test_a_door_that_was_forced_and_shut_between_two_looks_is_an_alarm(counts: Scene) -> None:
    counts.hardware.cells["001"].openings += 1
    await looked(counts)
    assert await counts.of(OPENED, counts.world.doors[0]) == 1
    assert set(await counts.alarms()) == {"FORCED_OPEN"}


class Interrupted(Hardware):
    """The database is away and back while an order is out: all that is known is read anew. Doors shut at once."""

    async def send(self, order: Order) -> Receipt:
        await self.meanwhile()
        try:
            return await super().send(order)
        finally:
            self.cells[order.unit].door = Door.CLOSED

    async def meanwhile(self) -> None: ...


async def test_a_count_that_was_begun_anew_while_an_order_was_out_proves_nothing_of_it(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    world, hardware = await make_world(admin_db, capabilities=COUNTS), Interrupted(3, COUNTS)
    scene = Scene(app_db, admin_db, Drive(worker_db, world, hardware, Now()))
    await scene.drive.work()
    assert scene.drive.keeper is not None
    hardware.meanwhile = scene.drive.keeper.desk.adopt  # type: ignore[method-assign]
    command = await lost(scene)
    for _ in range(3):
        await looked(scene)
    assert await scene.command(command) == ("UNCONFIRMED", True)
