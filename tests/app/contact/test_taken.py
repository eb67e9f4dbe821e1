from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from app.access import service as access
from app.access.service import Collect
from app.kit.db import Database
from app.kit.errors import Reason, Rejected
from app.stays import service
from app.stays.jobs import expire
from app.stays.model import StayOutcome
from tenants.model import Role
from tests.adapters.harbor.rig import TOWER
from tests.app.contact.rig import counted, look, read
from tests.app.contents.rig import pitney
from tests.app.handover.towers import towers
from tests.app.placing.rig import chosen
from tests.app.rig import SENSES, codes
from tests.app.scene import Scene, make_scene

TAKEN = ("UNAVAILABLE", False, "IN_SERVICE")
LIVE = ("AVAILABLE", False, "IN_SERVICE")
TRACKING = "SELECT tracking FROM parcel WHERE stay_id = $1"
WITHHELD = "SELECT count(*) FROM fact WHERE tenant_id = $1 AND kind = 'UnitWithheld'"


@pytest.fixture
async def senses(app_db: Database, worker_db: Database, admin_db: Database) -> Scene:
    """Doors and what is behind them are seen."""
    return await make_scene(app_db, worker_db, admin_db, SENSES)


async def none_left(scene: Scene) -> None:
    with pytest.raises(Rejected) as refused:
        await scene.reserve()
    assert refused.value.reason is Reason.NO_FREE_COMPARTMENT


async def ends(scene: Scene, stay: UUID) -> str | None:
    for _ in range(4):
        await look(scene, 5)
    return (await scene.stay(stay))[2]


async def test_what_somebody_else_has_at_the_vendor_is_given_to_nobody_until_the_vendor_has_it_free(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    async with pitney(app_db, worker_db, admin_db) as scene:
        await look(scene)
        scene.vendor.set_unit("B", "002", {"contactId": "the mailroom", "parcelsReserved": [{"trackingNumber": "X"}]})
        await look(scene, 5)
        assert set((await read(scene)).values()) == {LIVE}, "one look is no proof"
        await look(scene, 5)
        assert await read(scene) == {"001": LIVE, "002": TAKEN, "003": LIVE}
        assert await counted(scene) == {"AVAILABLE": 2, "UNAVAILABLE": 1}

        stays = [await scene.reserve(), await scene.reserve()]
        await none_left(scene)
        assert [await ends(scene, stay) for stay in stays] == [None, None]
        assert await scene.alarms() == {}

        scene.vendor.set_unit("B", "002", {"free": True})
        await look(scene, 5)
        assert (await read(scene))["002"] == LIVE
        assert await ends(scene, await scene.reserve()) is None


async def test_what_was_put_in_at_the_vendor_s_own_kiosk_is_not_freed_when_its_hold_runs_out(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    async with pitney(app_db, worker_db, admin_db) as scene:
        stay = await scene.reserve()
        await scene.settle()
        unit, tracking = await scene.unit_of(stay), await scene.of(TRACKING, stay)
        scene.vendor.deposit("B", unit.id, {"parcels": [{"trackingNumber": tracking}]})
        scene.now.pass_(24 * 3600)
        await expire(scene.drive.worker, scene.drive.system, scene.now)
        for _ in range(4):
            await look(scene, 5)

        assert (await scene.stay(stay))[2] == "EXPIRED_UNUSED"
        assert await scene.of("SELECT state FROM command WHERE stay_id = $1 AND kind = 'RELEASE'", stay) == "FAILED"
        assert list(unit.deposited) == [tracking]
        assert await scene.alarms() == {"CONTROLLER_FAULT": "ACTIVE"}

        assert (await read(scene))[unit.id] == TAKEN
        scene.vendor.collect("B", unit.code)
        await look(scene, 5)
        assert (await read(scene))[unit.id] == LIVE


async def test_a_reservation_that_the_vendor_refused_is_not_tried_at_the_same_place_for_ever(books: Scene) -> None:
    books.hardware.cells["002"].reserved = True
    async with books.admin.plain() as conn:
        await conn.execute("UPDATE compartment SET size = 'S' WHERE id <> $1", books.world.doors[1])
    stay = await books.reserve()
    await books.drive.work()
    assert (await books.stay(stay))[2] == "CANCELLED"
    for _ in range(20):
        await look(books, 2)
    await none_left(books)


async def test_what_stays_of_ours_have_at_the_vendor_is_never_withheld(books: Scene) -> None:
    for number in range(3):
        stay = await books.deposited()
        for _ in range(4):
            await look(books)
        if number == 1:
            books.drive.crash()
        await look(books)
        await books.act(Role.RECIPIENT, access.collect, Collect(stay, "ABC234"), codes())
        for _ in range(4):
            await look(books)
        assert (await books.stay(stay))[2] == "COLLECTED"
    called_off = await books.reserve()
    await look(books)
    books.hardware.fates = ["away", "away", "away"]
    await books.act(Role.OWNER, service.release, called_off, StayOutcome.CANCELLED, "not needed")
    for _ in range(8):
        await look(books)
    assert await books.of(WITHHELD, books.world.tenant) == 0
    assert set((await read(books)).values()) == {LIVE}


async def test_lockers_that_a_tower_has_for_others_are_withheld_and_ours_are_not(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    async with towers(app_db, worker_db, admin_db) as scene:
        stay = await scene.brought()
        await scene.settle()
        ours = await scene.unit(stay)
        others = [str(number) for number in range(1001, 1004) if str(number) != ours]
        scene.vendor.set_unit(TOWER, others[0], {"status": "rented"})
        for _ in range(4):
            await look(scene, 5)
        states = Counter(state for state, *_ in (await read(scene)).values())
        assert states == {"OCCUPIED": 1, "UNAVAILABLE": 1, "AVAILABLE": 1}
        scene.vendor.set_unit(TOWER, others[0], {"status": "available"})
        await look(scene, 5)
        assert Counter(state for state, *_ in (await read(scene)).values()) == {"OCCUPIED": 1, "AVAILABLE": 2}


async def test_where_the_vendor_chooses_what_it_gave_to_others_is_no_capacity_of_ours(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    async with chosen(app_db, worker_db, admin_db, doors=3) as place:
        scene = place.scene
        await look(scene)
        place.gateway.give_away("B")
        for _ in range(3):
            await look(scene)
        assert await counted(scene) == {"AVAILABLE": 2, "UNAVAILABLE": 1}
        stays = [await scene.reserve(), await scene.reserve()]
        await none_left(scene)
        for _ in range(4):
            await look(scene)
        assert set((await place.ours()).values()) == {str(stay) for stay in stays}
        assert await counted(scene) == {"RESERVED": 2, "UNAVAILABLE": 1}


async def test_something_in_a_free_compartment_is_an_alarm_and_a_moment_of_it_is_none(senses: Scene) -> None:
    cell = senses.hardware.cells["002"]
    await look(senses)
    cell.occupied = True
    await look(senses, 0.2)
    await look(senses, 0.2)
    cell.occupied = False
    await look(senses)
    assert (await senses.alarms(), await senses.of(WITHHELD, senses.world.tenant)) == ({}, 0)

    cell.occupied = True
    await look(senses)
    await look(senses)
    assert await senses.alarms() == {"GHOST_PARCEL": "ACTIVE"}
    assert await read(senses) == {"001": LIVE, "002": TAKEN, "003": LIVE}
    for _ in range(2):
        await senses.reserve()
    await none_left(senses)
    cell.occupied = False
    await look(senses)
    assert await senses.alarms() == {"GHOST_PARCEL": "CLEARED"}
    await senses.reserve()


async def put_in(senses: Scene, stay: UUID, *, parcel: bool) -> None:
    """The courier opens and shuts the door of a reservation."""
    await senses.open(Role.COURIER, stay)
    await look(senses)
    door = await senses.of("SELECT external_id FROM compartment WHERE id = $1", await door_of(senses, stay))
    senses.hardware.cells[door].occupied = parcel
    senses.close()
    await look(senses)


async def door_of(scene: Scene, stay: UUID) -> Any:
    return await scene.of("SELECT compartment_id FROM stay WHERE id = $1", stay)


async def test_a_parcel_of_ours_is_no_ghost_and_what_is_left_when_its_stay_ends_is_one(senses: Scene) -> None:
    await look(senses)
    stay = await senses.reserve()
    await put_in(senses, stay, parcel=True)
    await senses.act(Role.COURIER, service.confirm_deposit, stay, None, codes())
    for _ in range(30):
        await look(senses)
    assert await senses.alarms() == {}
    await senses.act(Role.OWNER, service.release, stay, StayOutcome.REMOVED_BY_STAFF, "it was taken out")
    for _ in range(15):
        await look(senses)
    assert await senses.alarms() == {"GHOST_PARCEL": "ACTIVE"}


async def test_a_door_that_was_shut_with_nothing_behind_it_is_an_alarm_until_something_is_there(senses: Scene) -> None:
    await look(senses)
    stay = await senses.reserve()
    await put_in(senses, stay, parcel=False)
    assert await senses.alarms() == {"CLOSED_WITHOUT_DEPOSIT": "ACTIVE"}
    await put_in(senses, stay, parcel=True)
    assert await senses.alarms() == {"CLOSED_WITHOUT_DEPOSIT": "CLEARED"}
