import asyncio

import pytest

from app.access import service as access
from app.access.service import OpenCompartment
from app.devices.port import Door
from app.kit.db import Database
from app.kit.errors import Reason, Rejected
from tenants.model import Role
from tests.app.contact.rig import boards, counted, devices, look, read, told
from tests.app.rig import BOOKS, SENSOR
from tests.app.scene import Scene, make_scene

LIVE = ("AVAILABLE", False, "IN_SERVICE")
SILENT = ("UNAVAILABLE", True, "UNREACHABLE")
OTHER = ("UNAVAILABLE", False, "IN_SERVICE")
SINCE = "SELECT withheld_since FROM compartment WHERE id = $1"


async def test_the_doors_of_a_dead_board_are_stale_and_given_to_nobody_while_the_others_go_on(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    async with boards(app_db, worker_db, admin_db) as (scene, fitted):
        await look(scene)
        assert set((await read(scene)).values()) == {LIVE}
        del fitted[1]
        await look(scene)
        assert set((await read(scene)).values()) == {LIVE}
        await look(scene)
        assert await read(scene) == {"001": LIVE, "002": LIVE, "003": SILENT, "004": SILENT}
        assert await counted(scene) == {"AVAILABLE": 2, "UNAVAILABLE": 2}

        for _ in range(2):
            await scene.reserve()
        with pytest.raises(Rejected) as refused:
            await scene.reserve()
        assert refused.value.reason is Reason.NO_FREE_COMPARTMENT

        fitted[1] = 2
        # A dead board is asked only now and then; that it answers again is soon found out.
        for _ in range(100):
            await look(scene, 0.1)
            if (await read(scene))["003"] == LIVE:
                break
            await asyncio.sleep(0.1)
        assert await counted(scene) == {"RESERVED": 2, "AVAILABLE": 2}
        await scene.reserve()


async def test_a_controller_that_is_offline_takes_its_own_doors_with_it_and_no_other(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    async with devices(app_db, worker_db, admin_db) as (scene, world):
        await look(scene)
        assert set((await read(scene)).values()) == {LIVE}
        world.faults.go_away("D2", "power")
        await told(scene.hardware, 1)
        await look(scene, 2.5)
        assert await read(scene) == {"001": LIVE, "002": SILENT}
        world.faults.come_back()
        await told(scene.hardware, 2)
        await look(scene)
        assert set((await read(scene)).values()) == {LIVE}


@pytest.mark.parametrize("capabilities", [SENSOR, BOOKS], ids=["sensors", "books"])
async def test_a_unit_that_is_missing_from_the_answer_is_stale_until_it_is_told_of_again(
    app_db: Database, worker_db: Database, admin_db: Database, capabilities: dict[str, str]
) -> None:
    scene = await make_scene(app_db, worker_db, admin_db, capabilities)
    await look(scene)
    heard = scene.now()
    cell = scene.hardware.cells.pop("002")
    await look(scene)
    assert set((await read(scene)).values()) == {LIVE}
    await look(scene)
    # A unit that is gone makes it another bank than it was, until somebody has compared: nothing of it is given out.
    assert await read(scene) == {"001": OTHER, "002": SILENT, "003": OTHER}
    assert await scene.of(SINCE, scene.world.doors[1]) == heard
    scene.drive.crash()
    await look(scene)
    assert (await read(scene))["002"] == SILENT, "what another process found out is not forgotten"
    scene.hardware.cells["002"] = cell
    await look(scene)
    assert set((await read(scene)).values()) == {OTHER}
    assert await scene.of(SINCE, scene.world.doors[1]) is None
    told_of = "SELECT array_agg(kind ORDER BY sequence) FROM fact WHERE subject_id = $1"
    assert await scene.of(told_of, scene.world.doors[1]) == ["UnitWithheld", "UnitGivenBack"]


async def test_what_an_outage_left_without_a_word_is_stale_as_soon_as_the_bank_is_back(scene: Scene) -> None:
    await look(scene)
    scene.hardware.away = True
    for _ in range(4):
        await look(scene)
    scene.hardware.away = False
    scene.hardware.blind.add("002")
    await look(scene)
    assert await read(scene) == {"001": LIVE, "002": SILENT, "003": LIVE}


async def test_doors_that_nothing_watches_stay_available(books: Scene) -> None:
    for _ in range(5):
        await look(books)
    assert set((await read(books)).values()) == {LIVE}


async def test_a_silent_door_is_filled_where_the_operator_fills_blindly(scene: Scene) -> None:
    async with scene.admin.plain() as conn:
        await conn.execute("UPDATE bank SET blind_allocation = true WHERE id = $1", scene.world.bank)
    scene.hardware.blind = {"001", "002", "003"}
    for _ in range(4):
        await look(scene)
    assert set((await read(scene)).values()) == {("AVAILABLE", True, "UNREACHABLE")}
    assert await counted(scene) == {"AVAILABLE": 3}
    for _ in range(3):
        await scene.reserve()


async def test_nothing_is_sent_to_a_door_on_what_was_once_seen_of_it(scene: Scene) -> None:
    scene.hardware.cells["002"].door = Door.OPEN
    await look(scene)
    scene.hardware.blind.add("002")
    scene.hardware.cells["002"].door = Door.CLOSED
    ask = OpenCompartment(scene.world.doors[1], "because")
    command = await scene.act(Role.OWNER, access.open_compartment, ask)
    await look(scene)
    assert await scene.command(command) == ("REQUESTED", False)
    await look(scene, 40)
    assert (await scene.command(command), scene.hardware.sent) == (("EXPIRED", True), [])

    again = await scene.act(Role.OWNER, access.open_compartment, ask)
    await look(scene)
    scene.hardware.blind.clear()
    await look(scene)
    assert (await scene.command(again), scene.hardware.sent) == (("DOOR_OPENED", False), [again])


async def test_a_command_that_has_not_left_us_is_not_taken_for_done_by_a_door_read_long_before(scene: Scene) -> None:
    await look(scene)
    scene.hardware.fates = ["away"]
    command = await scene.act(Role.OWNER, access.open_compartment, OpenCompartment(scene.world.doors[1], "because"))
    await look(scene, 0)
    assert await scene.command(command) == ("SENT", False)
    scene.hardware.cells["002"].door = Door.OPEN
    await look(scene, 0.5)
    scene.hardware.blind.add("002")
    scene.hardware.cells["002"].door = Door.CLOSED
    await look(scene, 2)
    assert await scene.command(command) == ("SENT", False), "the door was seen open, and is not seen now"
    scene.hardware.blind.clear()
    await look(scene, 2)
    assert (await scene.command(command), scene.hardware.sent) == (("DOOR_OPENED", False), [command])


async def test_a_door_that_fell_silent_proves_nothing_about_an_order_whose_answer_was_lost(scene: Scene) -> None:
    await look(scene)
    scene.hardware.fates = ["lost"]
    command = await scene.act(Role.OWNER, access.open_compartment, OpenCompartment(scene.world.doors[1], "because"))
    scene.hardware.on_send = lambda _: scene.hardware.blind.add("002")
    await look(scene)
    for _ in range(6):
        await look(scene, 1)
    assert await scene.command(command) == ("UNCONFIRMED", False)
    scene.hardware.blind.clear()
    await look(scene)
    assert await scene.command(command) == ("DOOR_OPENED", False)


async def test_a_door_that_stays_silent_is_looked_at_by_a_person_in_the_end(scene: Scene) -> None:
    await look(scene)
    scene.hardware.fates = ["cut"]
    command = await scene.act(Role.OWNER, access.open_compartment, OpenCompartment(scene.world.doors[1], "because"))
    scene.hardware.on_send = lambda _: scene.hardware.blind.add("002")
    for _ in range(20):
        await look(scene, 1)
    assert await scene.command(command) == ("UNCONFIRMED", True)
    assert scene.hardware.sent == [command]
