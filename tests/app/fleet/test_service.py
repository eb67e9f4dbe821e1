import asyncio

import pytest

from app.access import service as access
from app.access.service import Collect
from app.devices import service as devices
from app.devices.port import Door
from app.devices.service import SetServiceState
from app.kit.db import Database
from app.kit.errors import Reason, Rejected
from app.lockers.model import Service
from app.stays import jobs, service
from app.stays.model import StayOutcome
from tenants.model import Role
from tests.app.commissioning.conftest import Listing
from tests.app.drive import Drive
from tests.app.rig import Now, codes, make_world
from tests.app.scene import Scene


async def test_a_parcel_goes_in_and_out_on_the_evidence_of_the_door(scene: Scene) -> None:
    stay = await scene.deposited()
    assert await scene.stay(stay) == ("DEPOSITED", "E3", None)
    command = await scene.act(Role.RECIPIENT, access.collect, Collect(stay), codes())
    await scene.drive.work()
    assert (await scene.command(command), await scene.stay(stay)) == (
        ("DOOR_OPENED", False),
        ("COLLECTING", "E3", None),
    )
    scene.close()
    await scene.drive.work()
    assert await scene.command(command) == ("DOOR_CLOSED", True)
    assert await scene.stay(stay) == ("RELEASED", "E3", "COLLECTED")
    assert await scene.of("SELECT state FROM parcel WHERE stay_id = $1", stay) == "COLLECTED"
    assert (
        await scene.of("SELECT count(*) FROM compartment WHERE tenant_id = $1 AND use <> 'FREE'", scene.world.tenant)
        == 0
    )
    assert await scene.alarms() == {}


async def test_a_door_that_opens_by_itself_is_an_alarm_until_it_closes(scene: Scene) -> None:
    await scene.drive.work()
    scene.hardware.cells["002"].door = Door.OPEN
    await scene.drive.work()
    assert await scene.alarms() == {"FORCED_OPEN": "ACTIVE"}
    scene.close()
    await scene.drive.work()
    assert await scene.alarms() == {"FORCED_OPEN": "CLEARED"}


async def test_a_lost_answer_is_settled_by_the_door_and_never_sent_again(scene: Scene) -> None:
    stay = await scene.reserve()
    scene.hardware.fates = ["lost"]
    command = await scene.open(Role.COURIER, stay)
    await scene.drive.work()
    assert await scene.command(command) == ("DOOR_OPENED", False)
    for _ in range(30):
        scene.now.pass_(0.5)
        await scene.drive.work()
    assert scene.hardware.sent == [command]
    assert (await scene.stay(stay))[0] == "DEPOSITING"


async def test_a_command_cut_on_its_way_fails_once_the_door_was_watched(scene: Scene) -> None:
    stay = await scene.reserve()
    scene.hardware.fates = ["cut"]
    command = await scene.open(Role.COURIER, stay)
    await scene.drive.work()
    assert await scene.command(command) == ("UNCONFIRMED", False)
    with pytest.raises(Rejected) as second:
        await scene.open(Role.COURIER, stay)
    assert second.value.reason is Reason.COMMAND_PENDING
    for _ in range(8):
        scene.now.pass_(0.5)
        await scene.drive.work()
    assert await scene.command(command) == ("FAILED", True)
    assert (scene.hardware.sent, await scene.alarms()) == ([command], {"OPEN_FAILED": "ACTIVE"})
    assert (await scene.stay(stay))[0] == "HELD"


_FORGOTTEN = """UPDATE command SET state = 'SENT', settled = false, seen_openings = openings
    FROM compartment c WHERE c.id = command.compartment_id AND command.id = $1"""


async def test_a_crash_between_sending_and_writing_leaves_it_unknown_and_a_person_decides(scene: Scene) -> None:
    stay = await scene.reserve()
    command = await scene.open(Role.COURIER, stay)
    await scene.drive.work()
    scene.close()
    await scene.drive.work()
    async with scene.admin.plain() as conn:
        await conn.execute(_FORGOTTEN, command)
    scene.drive.crash()
    for _ in range(8):
        await scene.drive.work()
        scene.now.pass_(0.5)
    assert await scene.command(command) == ("UNCONFIRMED", True)
    assert scene.hardware.sent == [command]
    again = await scene.open(Role.COURIER, stay)
    await scene.drive.work()
    assert await scene.command(again) == ("DOOR_OPENED", False)


async def test_a_bank_that_is_away_makes_commands_expire_and_says_since_when(scene: Scene) -> None:
    stay = await scene.reserve()
    await scene.drive.work()
    scene.hardware.away, gone = True, scene.now()
    command = await scene.open(Role.COURIER, stay)
    for _ in range(4):
        await scene.drive.work()
        scene.now.pass_(2)
    assert await scene.of("SELECT unreachable_since FROM bank WHERE id = $1", scene.world.bank) == gone
    assert await scene.alarms() == {"BANK_UNREACHABLE": "ACTIVE"}
    with pytest.raises(Rejected) as refused:
        await scene.reserve()
    assert refused.value.reason is Reason.BANK_UNREACHABLE
    scene.now.pass_(40)
    await scene.drive.work()
    assert (await scene.command(command), scene.hardware.sent) == (("EXPIRED", True), [])
    scene.hardware.away = False
    await scene.drive.work()
    assert await scene.of("SELECT unreachable_since FROM bank WHERE id = $1", scene.world.bank) is None
    assert await scene.alarms() == {"BANK_UNREACHABLE": "CLEARED"}


async def test_releasing_waits_while_nobody_knows_whether_the_door_opened(scene: Scene) -> None:
    stay = await scene.reserve()
    scene.hardware.fates = ["cut"]
    await scene.open(Role.COURIER, stay)
    await scene.drive.work()
    await scene.act(Role.COURIER, service.release, stay, StayOutcome.CANCELLED, "changed my mind")
    assert await scene.stay(stay) == ("REVOKING", "E0", "CANCELLED")
    scene.now.pass_(3700)
    await jobs.expire(scene.drive.worker, scene.drive.system, scene.now)
    assert (await scene.stay(stay))[0] == "REVOKING"
    await scene.drive.work()
    assert await scene.stay(stay) == ("RELEASED", "E0", "CANCELLED")


async def test_expiry_waits_for_an_open_door_command_and_comes_afterwards(scene: Scene) -> None:
    stay = await scene.reserve()
    scene.hardware.fates = ["cut"]
    await scene.open(Role.COURIER, stay)
    await scene.drive.work()
    scene.now.pass_(3700)
    await jobs.expire(scene.drive.worker, scene.drive.system, scene.now)
    assert (await scene.stay(stay))[0] == "HELD"
    await scene.drive.work()
    await jobs.expire(scene.drive.worker, scene.drive.system, scene.now)
    assert await scene.stay(stay) == ("RELEASED", "E0", "EXPIRED_UNUSED")


async def test_a_vendor_with_books_is_told_everything_in_order(books: Scene) -> None:
    stay = await books.deposited()
    cell = books.hardware.cells["001"]
    assert (cell.reserved, cell.occupied, cell.pulses) == (True, True, 1)
    assert (await books.stay(stay))[:2] == ("DEPOSITED", "E1")
    sealed = await books.of("SELECT pickup_sealed FROM stay WHERE id = $1", stay)
    assert isinstance(sealed, bytes)
    assert codes().show(stay, sealed) == "ABC234"
    await books.act(Role.RECIPIENT, access.collect, Collect(stay, "ABC234"), codes())
    await books.drive.work()
    assert await books.stay(stay) == ("RELEASED", "E1", "COLLECTED")
    await books.drive.work()
    assert (cell.reserved, cell.occupied, cell.pulses) == (False, False, 2)


@pytest.mark.parametrize("fate", ["lost", "cut"])
async def test_books_end_up_right_whatever_becomes_of_the_answer(books: Scene, fate: str) -> None:
    books.hardware.fates = [fate]
    stay = await books.reserve()
    for _ in range(8):
        await books.drive.work()
        books.now.pass_(1)
    assert books.hardware.cells["001"].reserved
    assert (await books.stay(stay))[0] == "HELD"
    assert await books.of("SELECT count(*) FROM command WHERE stay_id = $1 AND NOT settled", stay) == 0


async def test_a_refused_reservation_ends_the_stay_with_an_alarm(books: Scene) -> None:
    books.hardware.fates = ["no"]
    stay = await books.reserve()
    await books.drive.work()
    assert await books.stay(stay) == ("RELEASED", "E0", "CANCELLED")
    assert await books.alarms() == {"CONTROLLER_FAULT": "ACTIVE"}


async def test_a_unit_found_free_is_an_unknown_release_and_somebody_must_look(books: Scene) -> None:
    stay = await books.deposited()
    books.now.pass_(5)
    await books.drive.work()
    cell = books.hardware.cells["001"]
    cell.reserved = cell.occupied = False
    await books.drive.work()
    assert (await books.stay(stay))[0] == "DEPOSITED"
    await books.drive.work()
    assert await books.stay(stay) == ("RELEASED", "E1", "UNKNOWN_RELEASE")
    assert await books.alarms() == {"MISSING_PARCEL": "ACTIVE"}


async def test_a_bank_that_comes_back_while_nobody_kept_it_is_reachable_again(scene: Scene) -> None:
    scene.hardware.away = True
    for _ in range(3):
        await scene.drive.work()
    assert await scene.alarms() == {"BANK_UNREACHABLE": "ACTIVE"}
    scene.drive.crash()
    scene.hardware.away = False
    scene.now.pass_(5)
    await scene.drive.work()
    assert await scene.alarms() == {"BANK_UNREACHABLE": "CLEARED"}


async def test_two_processes_that_both_believe_to_lead_send_a_command_once(scene: Scene) -> None:
    stay = await scene.reserve()
    drives = [Drive(scene.drive.worker, scene.world, scene.hardware, scene.now) for _ in range(4)]
    await asyncio.gather(*(drive.start() for drive in drives))
    command = await scene.open(Role.COURIER, stay)
    keepers = [drive.keeper for drive in drives if drive.keeper]
    for keeper in keepers:
        keeper.wake.set()
    await asyncio.gather(*(keeper.step() for keeper in keepers))
    assert scene.hardware.sent == [command]
    assert scene.hardware.cells["001"].pulses == 1


async def test_a_release_the_vendor_was_not_told_yet_goes_before_the_next_reservation(books: Scene) -> None:
    async with books.admin.plain() as conn:
        # One place only: which of several free ones is given out is anybody's guess.
        await conn.execute("UPDATE compartment SET size = 'S' WHERE id <> $1", books.world.doors[0])
    first = await books.reserve()
    await books.drive.work()
    await books.act(Role.COURIER, service.release, first, StayOutcome.CANCELLED, "not needed")
    books.hardware.fates = ["away"]
    await books.drive.work()
    second = await books.reserve()
    place = "SELECT compartment_id FROM stay WHERE id = $1"
    assert await books.of(place, first) == await books.of(place, second)
    for _ in range(4):
        await books.drive.work()
        books.now.pass_(1)
    kinds = [await books.of("SELECT kind FROM command WHERE id = $1", id_) for id_ in books.hardware.sent]
    assert kinds == ["RESERVE", "RELEASE", "RESERVE"]
    assert books.hardware.cells["001"].reserved
    assert (await books.stay(second))[0] == "HELD"


async def test_a_unit_that_is_broken_still_is_broken_again_however_often_it_is_put_back(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    world, hardware = await make_world(admin_db), Listing(3)
    scene = Scene(app_db, admin_db, Drive(worker_db, world, hardware, Now()))
    await scene.drive.work()
    hardware.told["001"] = {"in_service": False}
    await scene.drive.work()
    service_of = "SELECT service FROM compartment WHERE id = $1"
    assert await scene.of(service_of, world.doors[0]) == "FAULT"
    for by in (Service.OUT_OF_SERVICE, Service.IN_SERVICE, Service.IN_SERVICE):
        ask = SetServiceState(world.doors[0], by, "a new lock is in")
        await scene.act(Role.MANAGER, devices.set_service_state, ask)
        await scene.drive.work()
        told = "FAULT" if by is Service.IN_SERVICE else "OUT_OF_SERVICE"
        assert await scene.of(service_of, world.doors[0]) == told
    hardware.told["001"] = {"in_service": True}
    await scene.drive.work()
    assert await scene.of(service_of, world.doors[0]) == "IN_SERVICE"
