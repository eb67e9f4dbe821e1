import asyncio
from datetime import timedelta
from uuid import UUID

from app.kit.db import Database
from app.lockers import service as lockers
from app.stays import service
from tenants.model import Role
from tests.app.contact.rig import look
from tests.app.contents.rig import BookScene, pitney
from tests.app.rig import actor, codes, context
from tests.app.scene import Scene

AWAY = "SELECT unreachable_since IS NOT NULL FROM bank WHERE id = $1"
RESERVES = "SELECT array_agg(state ORDER BY requested_at) FROM command WHERE stay_id = $1 AND kind = 'RESERVE'"


async def fill_blindly(scene: BookScene, *, blind: bool) -> None:
    async with context(scene.app, actor(scene.world)).begin() as work:
        await lockers.update_bank(work, scene.world.bank, None, None, blind)


async def lost(scene: BookScene) -> None:
    """The vendor does not answer, and that is known."""
    await scene.settle()
    scene.vendor.faults.go_away()
    for _ in range(4):
        scene.now.pass_(6)
        await scene.drive.work()
    assert await scene.of(AWAY, scene.world.bank) is True


async def found(scene: BookScene) -> None:
    """It answers again, and what follows has followed."""
    scene.vendor.faults.come_back()
    for _ in range(200):
        scene.now.pass_(6)
        await scene.drive.work()
        if not await scene.of(AWAY, scene.world.bank):
            break
        await asyncio.sleep(0.05)
    for _ in range(4):
        scene.now.pass_(6)
        await scene.drive.work()


async def expired(scene: BookScene) -> UUID:
    """A reservation made while nobody answers, and the command that was to tell of it has run out."""
    stay = await scene.reserve()
    scene.now.pass_(130)
    await scene.drive.work()
    assert await scene.of(RESERVES, stay) == ["EXPIRED"]
    return stay


async def test_a_place_given_out_blindly_is_kept_and_told_to_the_vendor_when_it_answers_again(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    async with pitney(app_db, worker_db, admin_db, read_seconds=0.5) as scene:
        await fill_blindly(scene, blind=True)
        await lost(scene)
        stay = await expired(scene)
        assert await scene.stay(stay) == ("HELD", "E0", None)
        await found(scene)
        assert await scene.of(RESERVES, stay) == ["EXPIRED", "ACCEPTED"]
        assert await scene.stay(stay) == ("HELD", "E0", None)
        assert (await scene.unit_of(stay)).contact is not None


async def test_a_parcel_that_was_brought_blindly_is_told_in_the_end(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    async with pitney(app_db, worker_db, admin_db, read_seconds=0.5) as scene:
        await fill_blindly(scene, blind=True)
        await lost(scene)
        stay = await expired(scene)
        await scene.act(Role.COURIER, service.confirm_deposit, stay, None, codes())
        await found(scene)
        await scene.settle()
        assert (await scene.stay(stay))[0] == "DEPOSITED"
        assert (await scene.unit_of(stay)).deposited


async def test_each_is_told_once_however_often_the_bank_goes_away_and_comes_back(books: Scene) -> None:
    async with books.admin.plain() as conn:
        await conn.execute("UPDATE bank SET blind_allocation = true WHERE id = $1", books.world.bank)
    stays = []
    for _ in range(3):
        books.hardware.away = True
        for _ in range(4):
            await look(books)
        stays.append(await books.reserve())
        await look(books, 130)
        books.hardware.away = False
        for _ in range(3):
            await look(books)
    assert [await books.of(RESERVES, stay) for stay in stays] == [["EXPIRED", "ACCEPTED"]] * 3
    assert len(books.hardware.sent) == 3


async def test_where_nobody_fills_blindly_any_more_what_could_not_be_told_is_cancelled(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    async with pitney(app_db, worker_db, admin_db, read_seconds=0.5) as scene:
        await fill_blindly(scene, blind=True)
        await lost(scene)
        stay = await scene.reserve()
        await fill_blindly(scene, blind=False)
        scene.now.pass_(130)
        await scene.drive.work()
        assert await scene.stay(stay) == ("RELEASED", "E0", "CANCELLED")


async def test_what_was_told_often_and_well_is_told_again_when_it_gets_lost(books: Scene) -> None:
    stay = await books.reserve()
    await books.drive.work()
    fates = ["", "", "", "", "cut", ""]
    for fate in fates[:-1]:
        books.hardware.fates = [fate]
        await books.act(Role.MANAGER, service.extend, stay, timedelta(minutes=1), None)
        await books.drive.work()
    for _ in range(4):
        await look(books, 5)
    told = "SELECT array_agg(state ORDER BY requested_at, id) FROM command WHERE stay_id = $1 AND kind = 'EXTEND'"
    assert await books.of(told, stay) == ["ACCEPTED"] * 4 + ["FAILED", "ACCEPTED"]


async def test_what_never_gets_through_is_told_more_and_more_seldom(books: Scene) -> None:
    stay = await books.reserve()
    await books.drive.work()
    books.hardware.fates = ["cut"] * 20
    await books.act(Role.MANAGER, service.extend, stay, timedelta(minutes=1), None)
    for _ in range(45):
        await look(books, 40)
    told = "SELECT count(*) FROM command WHERE stay_id = $1 AND kind = 'EXTEND'"
    assert 5 < await books.of(told, stay) < 9
    assert await books.alarms() == {"CONTROLLER_FAULT": "ACTIVE"}


async def test_a_reservation_that_never_gets_through_is_over_at_once_and_keeps_no_door(books: Scene) -> None:
    books.hardware.fates = ["cut"] * 4
    stay = await books.reserve()
    for _ in range(10):
        await look(books, 5)
    assert await books.of(RESERVES, stay) == ["FAILED"] * 4
    assert await books.stay(stay) == ("RELEASED", "E0", "CANCELLED")
    used = "SELECT count(*) FROM compartment WHERE tenant_id = $1 AND (use <> 'FREE' OR service <> 'IN_SERVICE')"
    assert await books.of(used, books.world.tenant) == 0


async def test_three_losses_are_made_good(books: Scene) -> None:
    books.hardware.fates = ["cut"] * 3
    stay = await books.reserve()
    for _ in range(10):
        await look(books, 5)
    assert await books.of(RESERVES, stay) == ["FAILED"] * 3 + ["ACCEPTED"]
    assert (await books.stay(stay))[0] == "HELD"
