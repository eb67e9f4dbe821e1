"""What a door did is written down before its stay hears of it: nothing is concluded from the stay alone meanwhile."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from app.books import service as books_service
from app.kit.db import Database
from app.kit.errors import Reason, Rejected
from app.kit.streams import Sequenced
from app.stays import jobs, service
from app.stays.model import StayOutcome
from tenants.model import Role
from tenants.work import Work
from tests.app.rig import BOOKS, snapshot
from tests.app.scene import Scene, make_scene

SERVICE = "SELECT service FROM compartment c JOIN stay s ON s.compartment_id = c.id WHERE s.id = $1"


@pytest.fixture
async def blind(app_db: Database, worker_db: Database, admin_db: Database) -> Scene:
    return await make_scene(app_db, worker_db, admin_db, {"REMOTE_OPEN": "WORKS"})


@pytest.fixture
async def books(app_db: Database, worker_db: Database, admin_db: Database) -> Scene:
    return await make_scene(app_db, worker_db, admin_db, BOOKS)


async def test_time_does_not_end_a_stay_whose_door_has_just_opened(blind: Scene) -> None:
    stay = await blind.reserve()
    await blind.open(Role.COURIER, stay)
    await blind.drive.send()
    blind.now.pass_(3700)
    assert await jobs.expire(blind.drive.worker, blind.drive.system, blind.now) == 0
    assert (await blind.stay(stay))[0] == "HELD"
    await blind.drive.follow()
    assert (await blind.stay(stay))[0] == "DEPOSITING"


@pytest.mark.parametrize("role", [Role.COURIER, Role.OWNER])
async def test_nor_do_people_before_they_can_know(blind: Scene, role: Role) -> None:
    stay = await blind.reserve()
    await blind.open(Role.COURIER, stay)
    await blind.drive.send()
    before = await snapshot(blind.admin)
    with pytest.raises(Rejected) as refused:
        await blind.act(role, service.release, stay, StayOutcome.CANCELLED, "not needed")
    assert refused.value.reason is Reason.COMMAND_PENDING
    assert await snapshot(blind.admin) == before


async def test_a_record_may_be_given_up_though_its_stay_never_hears_of_the_door(blind: Scene) -> None:
    stay = await blind.reserve()
    await blind.open(Role.COURIER, stay)
    await blind.drive.send()
    await blind.act(Role.OWNER, service.release, stay, StayOutcome.ABANDONED_RECORD, "nothing moves it")
    assert (await blind.stay(stay))[2] == "ABANDONED_RECORD"


async def test_a_door_is_not_opened_for_a_stay_that_its_vendor_has_just_refused(books: Scene) -> None:
    stay = await books.reserve()
    books.hardware.fates = ["no"]
    command = await books.open(Role.COURIER, stay)
    await books.drive.work()
    assert await books.command(command) == ("FAILED", True)
    assert sum(cell.pulses for cell in books.hardware.cells.values()) == 0
    assert await books.stay(stay) == ("RELEASED", "E0", "CANCELLED")
    assert await books.of(SERVICE, stay) == "IN_SERVICE"


async def test_a_carrier_that_opens_again_finds_its_own_parcel_or_no_door_opens(books: Scene) -> None:
    stay = await books.deposited()
    unit = await books.of(
        "SELECT external_id FROM compartment c JOIN stay s ON s.compartment_id = c.id WHERE s.id = $1", stay
    )
    cell = books.hardware.cells[unit]
    pulses = cell.pulses
    await books.open(Role.COURIER, stay)
    await books.drive.work()
    assert cell.pulses == pulses + 1
    # Collected at the kiosk, and given to somebody else before anybody looked.
    cell.parcels, cell.deposited = {"STRANGER": None}, {"STRANGER": None}
    again = await books.open(Role.COURIER, stay)
    await books.drive.work()
    assert await books.command(again) == ("FAILED", True)
    assert cell.pulses == pulses + 1


async def runs_out_there(scene: Scene, look: Callable[[], Awaitable[None]]) -> None:
    """The hold is over, the vendor has let go of it by itself, and looks find that out."""
    scene.now.pass_(3700)
    for cell in scene.hardware.cells.values():
        cell.reserved, cell.parcels = False, {}
    for _ in range(3):
        await look()
        scene.now.pass_(2)


async def test_what_a_vendor_has_let_run_out_may_be_filled_all_the_same(books: Scene) -> None:
    stay = await books.reserve()
    await books.drive.work()
    books.hardware.fates = ["lost"]
    command = await books.open(Role.COURIER, stay)
    for _ in range(10):
        await books.drive.work()
        books.now.pass_(0.5)
    assert await books.command(command) == ("UNCONFIRMED", True)
    await runs_out_there(books, books.drive.work)
    assert await books.stay(stay) == ("RELEASED", "E1", "EXPIRED_UNUSED")
    assert await books.of(SERVICE, stay) == "OUT_OF_SERVICE"


async def test_nor_do_a_vendor_s_books_end_a_stay_whose_door_has_just_opened(books: Scene) -> None:
    stay = await books.reserve()
    await books.drive.work()
    command = await books.open(Role.COURIER, stay)
    await books.drive.send()
    assert await books.command(command) == ("ACCEPTED", True)
    await runs_out_there(books, books.drive.send)
    await on_free_first(books)
    assert (await books.stay(stay))[0] == "DEPOSITING"


async def on_free_first(scene: Scene) -> None:
    """Its follower is ahead of the one that hears of the door."""
    while await scene.drive.sequence():
        pass
    async with scene.admin.plain() as conn:
        rows = await conn.fetch(
            f"SELECT {', '.join(Sequenced.__slots__)} FROM fact WHERE tenant_id = $1 AND kind = 'UnitFoundFree'",
            scene.world.tenant,
        )
    assert rows
    for row in rows:
        async with scene.drive.system(scene.world.tenant).begin() as work:
            await books_service.on_unit_found_free(work, Sequenced(**dict(row)))
    await scene.drive.follow()


async def test_an_answer_that_met_another_act_crosswise_is_written_down_all_the_same(blind: Scene) -> None:
    await blind.drive.work()
    assert blind.drive.keeper is not None
    tries = 0

    async def meets(work: Work) -> int:
        nonlocal tries
        tries += 1
        await work.conn.execute("SELECT 1")
        if tries == 1:
            raise asyncpg.DeadlockDetectedError("deadlock detected")
        return tries

    assert await blind.drive.keeper.desk.write(meets) == 2
