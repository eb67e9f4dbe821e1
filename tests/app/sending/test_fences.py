"""Who may still send: a keeper that others have taken the place of, or whose bank was changed, moves nothing."""

from datetime import timedelta
from uuid import UUID

import pytest

from app.access import service as access
from app.access.service import Collect, OpenCompartment
from app.devices.port import Door, Order, Unit
from app.kit.db import Database
from app.stays import service as stays
from app.stays.model import StayOutcome
from tenants.model import Role
from tests.app.rig import BOOKS, SENSOR, codes
from tests.app.scene import Scene, make_scene


@pytest.fixture
async def scene(app_db: Database, worker_db: Database, admin_db: Database) -> Scene:
    return await make_scene(app_db, worker_db, admin_db, SENSOR)


async def asked(scene: Scene) -> UUID:
    return await scene.act(Role.OWNER, access.open_compartment, OpenCompartment(scene.world.doors[0], "because"))


async def renumbered(scene: Scene) -> None:
    """As when another controller was put behind its doors: 001 and 002 have changed places."""
    async with scene.admin.plain() as conn:
        names = {scene.world.doors[0]: "aside", scene.world.doors[1]: "001"}
        for id_, name in (*names.items(), (scene.world.doors[0], "002")):
            await conn.execute("UPDATE compartment SET external_id = $2 WHERE id = $1", id_, name)
        await conn.execute("UPDATE bank SET revision = revision + 1 WHERE id = $1", scene.world.bank)


async def test_a_keeper_whose_bank_was_changed_opens_no_door_by_what_they_were_called(scene: Scene) -> None:
    await scene.drive.work()
    await renumbered(scene)
    command = await asked(scene)
    await scene.drive.work()
    assert (await scene.command(command), scene.hardware.sent) == (("REQUESTED", False), [])
    scene.drive.crash()
    await scene.drive.work()
    assert (await scene.command(command))[0] == "DOOR_OPENED"
    assert [cell.pulses for cell in scene.hardware.cells.values()] == [0, 1, 0]


async def away(scene: Scene) -> UUID:
    """An order of which nothing has left its keeper, which tries again."""
    await scene.drive.work()
    command = await asked(scene)
    scene.hardware.fates = ["away"]
    await scene.drive.work()
    assert (await scene.command(command), scene.hardware.sent) == (("SENT", False), [])
    return command


async def test_what_another_keeper_has_settled_is_not_sent_when_the_line_is_back(scene: Scene) -> None:
    command = await away(scene)
    before, scene.drive.keeper = scene.drive.keeper, None
    for _ in range(10):
        await scene.drive.work()
        scene.now.pass_(0.5)
    assert await scene.command(command) == ("UNCONFIRMED", True)
    scene.drive.keeper = before
    await scene.drive.work()
    assert (await scene.command(command), scene.hardware.sent) == (("UNCONFIRMED", True), [])


async def test_what_waits_in_memory_is_not_sent_by_what_doors_were_called(scene: Scene) -> None:
    await away(scene)
    await renumbered(scene)
    scene.now.pass_(5)
    await scene.drive.work()
    assert scene.hardware.sent == []


class Dead(BaseException):
    """The end of a process."""


def dies(_: Order) -> None:
    raise Dead


async def test_an_opening_by_somebody_else_is_not_taken_for_one_that_was_sent_after_it(scene: Scene) -> None:
    command = await away(scene)
    cell = scene.hardware.cells["001"]
    for door in (Door.OPEN, Door.CLOSED):
        cell.door = door
        assert scene.drive.keeper is not None
        await scene.drive.keeper.look()
    scene.now.pass_(2)
    scene.hardware.fates = ["cut"]
    # Its keeper dies before it has written down how that ended.
    scene.hardware.on_send = dies
    with pytest.raises(Dead):
        await scene.drive.work()
    scene.drive.crash()
    scene.hardware.on_send = lambda _: None
    for _ in range(6):
        await scene.drive.work()
        scene.now.pass_(1)
    assert await scene.command(command) == ("UNCONFIRMED", True)


async def collected_twice(scene: Scene) -> tuple[UUID, UUID]:
    """The door is shut again, and its recipient asks once more before anybody has concluded that all is taken."""
    stay = await scene.deposited()
    known, keeper = codes(), scene.drive.keeper
    await scene.act(Role.RECIPIENT, access.collect, Collect(stay), known)
    await scene.drive.work()
    scene.close()
    assert keeper is not None
    await keeper.look()
    return stay, await scene.act(Role.RECIPIENT, access.collect, Collect(stay), known)


async def test_a_door_is_not_opened_for_a_stay_that_has_ended_meanwhile(scene: Scene) -> None:
    stay, command = await collected_twice(scene)
    await scene.drive.follow()
    assert await scene.stay(stay) == ("RELEASED", "E3", "COLLECTED")
    await scene.drive.work()
    assert await scene.command(command) == ("FAILED", True)
    assert command not in scene.hardware.sent
    assert await scene.alarms() == {}


async def test_nor_is_it_when_its_line_is_back(scene: Scene) -> None:
    stay, command = await collected_twice(scene)
    scene.hardware.fates = ["away"]
    await scene.drive.work()
    assert (await scene.stay(stay))[0] == "RELEASED"
    assert await scene.command(command) == ("SENT", False)
    scene.now.pass_(2)
    await scene.drive.work()
    assert await scene.command(command) == ("FAILED", True)
    assert command not in scene.hardware.sent


async def test_a_door_is_not_opened_once_looking_for_it_took_longer_than_anybody_waits(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    books = await make_scene(app_db, worker_db, admin_db, BOOKS)
    stay = await books.deposited()
    find = books.hardware.find_reservation

    async def slow(_bank: str, tracking: str) -> Unit | None:
        books.now.pass_(31)
        return await find(_bank, tracking)

    books.hardware.find_reservation = slow  # type: ignore[method-assign]
    command = await books.act(Role.RECIPIENT, access.collect, Collect(stay), codes())
    await books.drive.work()
    assert await books.command(command) == ("EXPIRED", True)
    assert command not in books.hardware.sent


async def test_what_is_asked_later_is_sent_later_though_the_clock_has_gone_back(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    books = await make_scene(app_db, worker_db, admin_db, BOOKS)
    first = await books.deposited()
    waits = "UPDATE command SET parameters = parameters || $2 WHERE stay_id = $1 AND state = 'REQUESTED'"
    await books.act(Role.MANAGER, stays.release, first, StayOutcome.REMOVED_BY_STAFF, "taken out")
    async with admin_db.plain() as conn:
        # The vendor lost it before, and is told again later.
        await conn.execute(waits, first, {"not_before": (books.now() + timedelta(hours=1)).isoformat()})
    books.now.at -= timedelta(hours=2)
    async with admin_db.plain() as conn:
        await conn.execute(
            "UPDATE compartment SET service = 'OUT_OF_SERVICE' WHERE id = ANY($1)", books.world.doors[1:]
        )
    second = await books.reserve()
    for _ in range(3):
        await books.drive.work()
        books.now.pass_(1)
    assert (await books.stay(second))[0] == "HELD"
    assert books.hardware.cells["001"].reserved
