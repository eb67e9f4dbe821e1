"""What the core makes of a vendor's books: strangers in them, deposits whose answer was lost, codes that never came."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from app.access import service as access
from app.access.service import Collect
from app.contents import service as contents
from app.contents.service import Named
from app.stays import service as stays
from app.stays.model import StayOutcome
from tenants.model import Role
from tests.app.contents.rig import BookScene
from tests.app.rig import codes

Books = Callable[..., Awaitable[BookScene]]
TOLD = "SELECT count(*) FROM command WHERE stay_id = $1 AND kind = $2"
# More than the vendor asks to be left alone for when it is asked too often.
PAUSE_SECONDS = 1.2
SEALED = "SELECT pickup_sealed FROM stay WHERE id = $1"


async def held(scene: BookScene) -> UUID:
    stay = await scene.reserve()
    await scene.settle()
    return stay


async def put_in(scene: BookScene, stay: UUID) -> None:
    await scene.act(Role.COURIER, contents.confirm_deposit, stay, None, codes())
    await scene.settle()


async def later(scene: BookScene) -> None:
    """Long enough for reading back to have had its say, and for what follows from it."""
    scene.now.pass_(60)
    await scene.settle()
    await scene.settle()


async def test_a_release_that_waited_leaves_a_stranger_s_reservation_alone(books: Books) -> None:
    scene = await books()
    stay = await held(scene)
    unit = await scene.unit_of(stay)
    scene.vendor.faults.go_away("B", "reset")
    await scene.act(Role.COURIER, stays.release, stay, StayOutcome.CANCELLED, "not needed")
    await scene.settle()
    # Ours runs out at the vendor, and somebody at the kiosk takes the unit.
    unit.clear()
    unit.contact, unit.reserved = "stranger", {"KIOSK-1": None}
    scene.vendor.faults.come_back("B")
    await later(scene)

    assert await scene.of("SELECT state FROM command WHERE stay_id = $1 AND kind = 'RELEASE'", stay) == "ACCEPTED"
    assert (unit.contact, list(unit.reserved)) == ("stranger", ["KIOSK-1"])
    assert "CONTROLLER_FAULT" not in await scene.alarms()


async def test_a_release_whose_answer_was_lost_is_settled_by_our_parcels_and_not_by_a_stranger_s(books: Books) -> None:
    scene = await books()
    stay = await held(scene)
    unit = await scene.unit_of(stay)
    scene.vendor.faults.add({"kind": "reset_after", "where": "free"})
    await scene.act(Role.COURIER, stays.release, stay, StayOutcome.CANCELLED, "not needed")
    await scene.drive.work()
    unit.contact, unit.reserved = "stranger", {"KIOSK-1": None}
    await later(scene)

    assert await scene.of("SELECT state FROM command WHERE stay_id = $1 AND kind = 'RELEASE'", stay) == "ACCEPTED"
    assert await scene.of(TOLD, stay, "RELEASE") == 1
    assert (unit.contact, list(unit.reserved)) == ("stranger", ["KIOSK-1"])


async def test_a_code_that_was_lost_with_its_answer_is_asked_for_once_more(books: Books) -> None:
    scene = await books()
    stay = await held(scene)
    scene.vendor.faults.add({"kind": "reset_after", "where": "deposit"})
    await put_in(scene, stay)
    await later(scene)

    unit = await scene.unit_of(stay)
    assert await scene.of(TOLD, stay, "DEPOSIT") == 2
    assert codes().show(stay, await scene.of(SEALED, stay)) == unit.code is not None
    assert await scene.alarms() == {}


async def test_a_code_that_never_comes_is_a_person_s_to_make_up_for(books: Books) -> None:
    scene = await books()
    stay = await held(scene)
    scene.vendor.faults.add({"kind": "reset_after", "where": "deposit", "times": 2})
    await put_in(scene, stay)
    for _ in range(3):
        await later(scene)

    assert await scene.of(TOLD, stay, "DEPOSIT") == 2
    assert await scene.of(SEALED, stay) is None
    assert await scene.alarms() == {"CONTROLLER_FAULT": "ACTIVE"}
    detail = await scene.of("SELECT detail FROM alarm WHERE tenant_id = $1", scene.world.tenant)
    assert "a person must give the parcel out" in detail

    await scene.act(Role.MANAGER, stays.release, stay, StayOutcome.REMOVED_BY_STAFF, "handed over")
    await scene.settle()
    assert await scene.alarms() == {"CONTROLLER_FAULT": "CLEARED"}


async def test_a_second_parcel_that_never_reached_the_vendor_is_told_again(books: Books) -> None:
    scene = await books()
    stay = await held(scene)
    await put_in(scene, stay)
    await scene.act(Role.COURIER, contents.add_parcels, stay, [Named("T2")])
    await scene.settle()
    scene.vendor.faults.add({"kind": "reset", "where": "deposit"})
    await put_in(scene, stay)
    unit = await scene.unit_of(stay)
    assert "T2" not in unit.deposited
    await later(scene)

    assert "T2" in unit.deposited
    states = "SELECT string_agg(state, ' ' ORDER BY requested_at) FROM command WHERE stay_id = $1 AND kind = 'DEPOSIT'"
    assert await scene.of(states, stay) == "ACCEPTED FAILED ACCEPTED"


async def test_a_place_whose_deposit_could_not_be_told_yet_is_nobody_else_s_though_the_vendor_has_it_free(
    books: Books,
) -> None:
    scene = await books()
    stay = await held(scene)
    unit = await scene.unit_of(stay)
    scene.vendor.faults.add({"kind": "status", "where": "deposit", "status": 429, "times": -1})
    await put_in(scene, stay)
    # Its reservation runs out at the vendor before the vendor hears of the parcel.
    unit.clear()
    await asyncio.sleep(PAUSE_SECONDS)
    scene.now.pass_(0.5)
    for _ in range(4):
        await scene.drive.work()
    assert await scene.stay(stay) == ("DEPOSITED", "E0", None)

    scene.vendor.faults.clear()
    for _ in range(6):
        scene.now.pass_(15)
        await scene.drive.work()
    assert await scene.stay(stay) == ("DEPOSITED", "E1", None)
    assert unit.deposited
    assert "MISSING_PARCEL" not in await scene.alarms()


async def test_what_was_taken_out_at_the_kiosk_while_nobody_kept_the_bank_is_found_out(books: Books) -> None:
    scene = await books()
    stay = await held(scene)
    await put_in(scene, stay)
    scene.drive.crash()
    unit = await scene.unit_of(stay)
    scene.vendor.collect("B", str(unit.code))
    for _ in range(3):
        scene.now.pass_(5)
        await scene.drive.work()
    assert await scene.stay(stay) == ("RELEASED", "E1", "UNKNOWN_RELEASE")


async def test_what_the_vendor_never_had_is_not_missing_from_its_books_after_a_start(books: Books) -> None:
    scene = await books()
    stay = await scene.reserve()
    await scene.act(Role.COURIER, contents.confirm_deposit, stay, None, codes())
    async with scene.admin.plain() as conn:
        await conn.execute("UPDATE command SET state = 'FAILED', settled = true WHERE stay_id = $1", stay)
    for _ in range(4):
        scene.now.pass_(5)
        await scene.drive.work()
    assert await scene.stay(stay) == ("DEPOSITED", "E0", None)


async def test_what_another_controller_once_had_is_not_missing_from_the_books_of_this_one(books: Books) -> None:
    scene = await books()
    stay = await held(scene)
    await put_in(scene, stay)
    # As after a controller was replaced, and the new vendor took neither the stay nor its parcel.
    async with scene.admin.plain() as conn:
        await conn.execute(
            "INSERT INTO command SELECT (jsonb_populate_record(c, jsonb_build_object("
            "'id', gen_random_uuid(), 'state', 'FAILED', 'requested_at', c.requested_at + interval '1 minute'))).* "
            "FROM command c WHERE stay_id = $1 AND kind IN ('RESERVE', 'DEPOSIT')",
            stay,
        )
    scene.drive.crash()
    (await scene.unit_of(stay)).clear()
    for _ in range(4):
        scene.now.pass_(5)
        await scene.drive.work()
    assert await scene.stay(stay) == ("DEPOSITED", "E1", None)


async def test_a_deposit_is_told_in_the_end_however_long_the_vendor_loses_it(books: Books) -> None:
    scene = await books()
    stay = await held(scene)
    unit = await scene.unit_of(stay)
    scene.vendor.faults.add({"kind": "status", "where": "deposit", "status": 500, "times": -1})
    await put_in(scene, stay)
    for _ in range(12):
        scene.now.pass_(40)
        await scene.settle()
    assert await scene.alarms() == {"CONTROLLER_FAULT": "ACTIVE"}
    # Its reservation runs out at the vendor, and the parcel is inside all the same.
    unit.clear()
    for _ in range(4):
        scene.now.pass_(40)
        await scene.settle()
    assert await scene.stay(stay) == ("DEPOSITED", "E0", None)

    scene.vendor.faults.clear()
    for _ in range(20):
        scene.now.pass_(180)
        await scene.settle()
    assert unit.deposited
    assert await scene.stay(stay) == ("DEPOSITED", "E1", None)
    assert codes().show(stay, await scene.of(SEALED, stay)) == unit.code
    assert await scene.alarms() == {"CONTROLLER_FAULT": "CLEARED"}
    assert await scene.of(TOLD, stay, "DEPOSIT") < 12


async def test_a_deposit_that_waits_to_be_told_again_keeps_nobody_from_the_door(books: Books) -> None:
    scene = await books()
    stay = await held(scene)
    scene.vendor.faults.add({"kind": "status", "where": "deposit", "status": 500, "times": -1})
    await put_in(scene, stay)
    for _ in range(12):
        scene.now.pass_(40)
        await scene.settle()
    command = await scene.act(Role.RECIPIENT, access.collect, Collect(stay), codes())
    await scene.settle()
    assert await scene.command(command) == ("ACCEPTED", True)
    await scene.settle()
    assert (await scene.unit_of(stay)).contact is None


async def test_a_release_that_waits_to_be_told_again_goes_at_once_when_the_place_is_promised_anew(books: Books) -> None:
    scene = await books()
    async with scene.admin.plain() as conn:
        await conn.execute("UPDATE compartment SET size = 'S' WHERE id <> $1", scene.world.doors[0])
    first = await held(scene)
    scene.vendor.faults.add({"kind": "status", "where": "free", "status": 500, "times": -1})
    await scene.act(Role.COURIER, stays.release, first, StayOutcome.CANCELLED, "not needed")
    for _ in range(12):
        scene.now.pass_(40)
        await scene.settle()
    unit = await scene.unit_of(first)
    assert unit.contact is not None
    scene.vendor.faults.clear()
    second = await scene.reserve()
    for _ in range(3):
        scene.now.pass_(5)
        await scene.settle()
    assert (await scene.stay(second))[0] == "HELD"
    tracking = await scene.of("SELECT tracking FROM parcel WHERE stay_id = $1", second)
    assert list(unit.reserved) == [tracking]
