"""Units that come to be called otherwise at the vendor: nothing is opened that is not the door that is meant."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.access import service as access
from app.access.service import Collect, OpenCompartment
from app.contents import service as contents
from app.kit.errors import Reason, Rejected
from app.kit.ids import new_id
from app.reconciling import service as reconciling
from app.reconciling.service import ApplySurvey
from tenants.model import Role
from tests.app.contents.rig import BookScene
from tests.app.rig import codes, snapshot

Books = Callable[..., Awaitable[BookScene]]


async def deposited(scene: BookScene) -> UUID:
    stay = await scene.reserve()
    await scene.settle()
    await scene.act(Role.COURIER, contents.confirm_deposit, stay, None, codes())
    await scene.settle()
    return stay


def pulses(scene: BookScene) -> int:
    return sum(row["pulses"] for row in scene.vendor.doors.dump())


def swap(scene: BookScene, *units: str) -> None:
    """Each is called as the next one was."""
    scene.vendor.renumber("B", dict(zip(units, (*units[1:], units[0]), strict=True)))


async def surveyed(scene: BookScene) -> UUID:
    """What a survey of the bank finds now."""
    id_, world = new_id(), scene.world
    state = await scene.drive.hardware.read_bank("B")
    units = [{"externalId": unit.id, "label": unit.label, "size": unit.size} for unit in state.units]
    async with scene.admin.plain() as conn:
        await conn.execute(
            "INSERT INTO survey (tenant_id, id, connection_id, site_id, bank_id, state, requested_by_name, "
            "requested_at, finished_at, found, revision) SELECT tenant_id, $2, connection_id, site_id, id, 'READY', "
            "'x', $3, $3, $4, revision FROM bank WHERE id = $1",
            world.bank, id_, datetime.now(UTC), [{"externalId": "B", "units": units}],
        )  # fmt: skip
    return id_


async def test_a_parcel_that_is_in_another_unit_by_now_opens_nothing(books: Books) -> None:
    scene = await books()
    stay = await deposited(scene)
    swap(scene, "001", "002", "003")
    command = await scene.act(Role.RECIPIENT, access.collect, Collect(stay), codes())
    await scene.settle()
    assert await scene.command(command) == ("FAILED", True)
    assert pulses(scene) == 0
    assert (await scene.alarms())["OPEN_FAILED"] == "ACTIVE"
    assert (await scene.stay(stay))[0] == "DEPOSITED"


async def test_a_parcel_that_is_where_we_have_it_opens_its_door(books: Books) -> None:
    scene = await books()
    stay = await deposited(scene)
    command = await scene.act(Role.RECIPIENT, access.collect, Collect(stay), codes())
    await scene.settle()
    assert await scene.command(command) == ("ACCEPTED", True)
    unit = await scene.unit_of(stay)
    assert scene.vendor.doors.at("B", unit.id).pulses == pulses(scene) == 1


async def test_numbers_that_change_while_a_command_waits_open_nothing(books: Books) -> None:
    scene = await books()
    stay = await deposited(scene)
    scene.vendor.faults.go_away("B", "reset")
    command = await scene.act(Role.RECIPIENT, access.collect, Collect(stay), codes())
    await scene.drive.work()
    assert await scene.command(command) == ("SENT", False)
    swap(scene, "001", "002", "003")
    scene.vendor.faults.come_back("B")
    scene.now.pass_(5)
    await scene.settle()
    assert await scene.command(command) == ("FAILED", True)
    assert pulses(scene) == 0


async def test_a_unit_that_another_has_by_now_is_opened_for_its_old_stay_by_staff_only(books: Books) -> None:
    scene = await books()
    stay = await deposited(scene)
    unit = await scene.unit_of(stay)
    unit.clear()
    unit.contact, unit.deposited = "stranger", {"KIOSK-1": None}
    command = await scene.act(Role.RECIPIENT, access.collect, Collect(stay), codes())
    await scene.drive.work()
    assert await scene.command(command) == ("FAILED", True)
    assert pulses(scene) == 0
    looking = await scene.open(Role.MANAGER, stay)
    await scene.drive.work()
    assert await scene.command(looking) == ("ACCEPTED", True)


@pytest.mark.parametrize("named", [True, False])
async def test_units_of_one_size_that_changed_places_are_known_by_what_lies_in_them(books: Books, named: bool) -> None:
    """Nobody's stay is at the door that is asked for, and neither label nor size tells that it is another by now."""
    scene = await books()
    scene.cloud.names_parcels = named
    stay = await deposited(scene)
    held = (await scene.unit_of(stay)).id
    others = [each for each in ("001", "002", "003") if each != held]
    asked = scene.world.doors[int(others[1]) - 1]
    right = await scene.act(Role.MANAGER, access.open_compartment, OpenCompartment(asked, "look"))
    await scene.settle()
    assert await scene.command(right) == ("ACCEPTED", True)
    swap(scene, held, *others)
    wrong = await scene.act(Role.MANAGER, access.open_compartment, OpenCompartment(asked, "look"))
    await scene.settle()
    assert await scene.command(wrong) == ("FAILED", True)
    assert pulses(scene) == 1
    assert (await scene.alarms())["OPEN_FAILED"] == "ACTIVE"


@pytest.mark.parametrize("named", [True, False])
async def test_a_parcel_whose_unit_is_called_otherwise_was_not_taken_out(books: Books, named: bool) -> None:
    """Its old number reads free: the vendor has it under another one, and nothing is given out that may be full."""
    scene = await books()
    scene.cloud.names_parcels = named
    stay = await deposited(scene)
    unit = await scene.unit_of(stay)
    swap(scene, "001", "002", "003")
    for _ in range(4):
        scene.now.pass_(5)
        await scene.settle()
    assert (await scene.stay(stay))[0] == "DEPOSITED"
    # Called as before, and taken out at the kiosk: now it is.
    swap(scene, "003", "002", "001")
    scene.vendor.collect("B", str(unit.code))
    for _ in range(4):
        scene.now.pass_(5)
        await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E1", "UNKNOWN_RELEASE")


async def test_a_unit_that_the_vendor_has_for_somebody_it_does_not_name_is_not_opened_for_its_old_stay(
    books: Books,
) -> None:
    scene = await books()
    stay = await deposited(scene)
    unit = await scene.unit_of(stay)
    unit.clear()
    # The listing of a bank need not tell which parcels are where.
    unit.contact = "stranger"
    command = await scene.act(Role.RECIPIENT, access.collect, Collect(stay), codes())
    await scene.drive.work()
    assert await scene.command(command) == ("FAILED", True)
    assert pulses(scene) == 0


async def test_a_bank_that_is_not_as_it_was_opens_nothing_until_somebody_has_compared(books: Books) -> None:
    scene = await books()
    await scene.settle()
    scene.vendor.set_unit("B", "003", {"size": "large"})
    ask = OpenCompartment(scene.world.doors[0], "look")
    asked_before = await scene.act(Role.MANAGER, access.open_compartment, ask)
    await scene.drive.work()
    await scene.drive.work()
    await scene.drive.work()
    # Whole banks are compared: another unit's size is enough.
    assert await scene.command(asked_before) == ("FAILED", True)
    assert await scene.alarms() == {"CONTROLLER_FAULT": "ACTIVE", "OPEN_FAILED": "ACTIVE"}
    before = await snapshot(scene.admin)
    with pytest.raises(Rejected) as refused:
        await scene.act(Role.MANAGER, access.open_compartment, ask)
    assert refused.value.reason is Reason.WRONG_STATE
    # What would be reserved there could not be put in.
    with pytest.raises(Rejected) as withheld:
        await scene.reserve()
    assert withheld.value.reason is Reason.WRONG_STATE
    assert await snapshot(scene.admin) == before

    survey = await surveyed(scene)
    await scene.act(Role.OWNER, reconciling.apply, ApplySurvey(survey, (), "looked at it", {}))
    scene.drive.crash()
    await scene.drive.work()
    assert (await scene.alarms())["CONTROLLER_FAULT"] == "CLEARED"
    again = await scene.act(Role.MANAGER, access.open_compartment, OpenCompartment(scene.world.doors[2], "look"))
    await scene.settle()
    assert await scene.command(again) == ("ACCEPTED", True)
    assert pulses(scene) == 1


async def test_a_door_for_nobody_s_stay_is_looked_at_before_it_is_opened(books: Books) -> None:
    scene = await books()
    await scene.settle()
    scene.vendor.set_unit("B", "001", {"size": "large"})
    ask = OpenCompartment(scene.world.doors[0], "look")
    command = await scene.act(Role.MANAGER, access.open_compartment, ask)
    await scene.drive.work()
    assert await scene.command(command) == ("FAILED", True)
    assert pulses(scene) == 0


async def test_one_odd_reading_opens_nothing_and_two_that_are_right_say_nothing(books: Books) -> None:
    scene = await books()
    await scene.settle()
    scene.vendor.set_unit("B", "003", {"size": "large"})
    await scene.drive.work()
    command = await scene.act(Role.MANAGER, access.open_compartment, OpenCompartment(scene.world.doors[0], "look"))
    scene.vendor.set_unit("B", "003", {"size": "medium"})
    await scene.drive.work()
    assert await scene.command(command) == ("FAILED", True)
    await scene.settle()
    assert await scene.of("SELECT differs_since FROM bank WHERE id = $1", scene.world.bank) is None
    assert "CONTROLLER_FAULT" not in await scene.alarms()
