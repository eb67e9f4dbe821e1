"""A stay that runs out while nobody knows whether its door was opened for a parcel."""

from uuid import UUID

import pytest

from app.access import service as access
from app.access.service import Collect
from app.devices.model import Finding
from app.devices.service import SetServiceState, SettleCommand, set_service_state, settle
from app.kit.db import Database
from app.kit.errors import Reason, Rejected
from app.lockers.model import Service
from app.stays import jobs, service
from app.stays.model import StayOutcome
from tenants.model import Role
from tests.app.rig import SENSES, codes
from tests.app.scene import Scene, make_scene

SERVICE = "SELECT service FROM compartment WHERE id = $1"


@pytest.fixture
async def blind(app_db: Database, worker_db: Database, admin_db: Database) -> Scene:
    return await make_scene(app_db, worker_db, admin_db, {"REMOTE_OPEN": "WORKS"})


async def unheard(scene: Scene, *, looks: int = 10) -> tuple[UUID, UUID, UUID]:
    """The courier's opening had no answer: the stay, the command and the door."""
    stay = await scene.reserve()
    door: UUID = await scene.of("SELECT compartment_id FROM stay WHERE id = $1", stay)
    scene.hardware.fates = ["lost"]
    command = await scene.open(Role.COURIER, stay)
    for _ in range(looks):
        await scene.drive.work()
        scene.now.pass_(0.5)
    return stay, command, door


async def ran_out(scene: Scene) -> tuple[UUID, UUID]:
    """Nobody said anything of the parcel, and the reservation is over: the command and the door."""
    stay, command, door = await unheard(scene)
    assert await scene.command(command) == ("UNCONFIRMED", True)
    scene.now.pass_(3700)
    await jobs.expire(scene.drive.worker, scene.drive.system, scene.now)
    await scene.drive.work()
    assert await scene.stay(stay) == ("RELEASED", "E0", "EXPIRED_UNUSED")
    return command, door


async def test_a_door_that_may_have_been_filled_is_given_to_nobody_before_somebody_has_looked(blind: Scene) -> None:
    command, door = await ran_out(blind)
    assert await blind.of(SERVICE, door) == "OUT_OF_SERVICE"
    for _ in blind.world.doors[1:]:
        await blind.reserve()
    with pytest.raises(Rejected):
        await blind.reserve()
    await blind.act(Role.MANAGER, settle, SettleCommand(command, Finding.DID_NOT_OPEN, "it is empty"))
    await blind.drive.work()
    assert await blind.of(SERVICE, door) == "IN_SERVICE"
    await blind.reserve()


async def test_a_door_that_was_opened_waits_for_whoever_takes_out_what_may_be_inside(blind: Scene) -> None:
    command, door = await ran_out(blind)
    await blind.act(Role.MANAGER, settle, SettleCommand(command, Finding.DOOR_OPENED, "a parcel is inside"))
    await blind.drive.work()
    assert await blind.of(SERVICE, door) == "OUT_OF_SERVICE"


async def test_what_people_take_out_of_service_meanwhile_stays_so(blind: Scene) -> None:
    command, door = await ran_out(blind)
    for after in (Service.IN_SERVICE, Service.OUT_OF_SERVICE):
        await blind.act(Role.MANAGER, set_service_state, SetServiceState(door, after, "the hinge"))
    await blind.act(Role.MANAGER, settle, SettleCommand(command, Finding.DID_NOT_OPEN, "it is empty"))
    await blind.drive.work()
    assert await blind.of(SERVICE, door) == "OUT_OF_SERVICE"


async def cancel(scene: Scene, role: Role, stay: UUID) -> None:
    await scene.act(role, service.release, stay, StayOutcome.CANCELLED, "could not get in")
    await scene.drive.work()


async def test_a_courier_s_word_does_not_empty_a_door_that_nobody_saw(blind: Scene) -> None:
    stay, command, door = await unheard(blind)
    await cancel(blind, Role.COURIER, stay)
    assert await blind.stay(stay) == ("RELEASED", "E0", "CANCELLED")
    assert await blind.of(SERVICE, door) == "OUT_OF_SERVICE"
    await blind.act(Role.MANAGER, settle, SettleCommand(command, Finding.DID_NOT_OPEN, "it is empty"))
    await blind.drive.work()
    assert await blind.of(SERVICE, door) == "IN_SERVICE"


@pytest.mark.parametrize("role", [Role.COURIER, Role.OWNER])
async def test_nor_does_it_where_the_stay_was_called_off_before_that_was_clear(blind: Scene, role: Role) -> None:
    stay, command, door = await unheard(blind, looks=1)
    assert await blind.command(command) == ("UNCONFIRMED", False)
    await cancel(blind, role, stay)
    assert (await blind.stay(stay))[0] == "REVOKING"
    for _ in range(10):
        await blind.drive.work()
        blind.now.pass_(0.5)
    assert await blind.command(command) == ("UNCONFIRMED", True)
    assert await blind.stay(stay) == ("RELEASED", "E0", "CANCELLED")
    assert await blind.of(SERVICE, door) == "OUT_OF_SERVICE"


async def test_who_answers_for_the_site_may_say_that_it_is_empty(blind: Scene) -> None:
    stay, _, door = await unheard(blind)
    await cancel(blind, Role.OWNER, stay)
    assert await blind.stay(stay) == ("RELEASED", "E0", "CANCELLED")
    assert await blind.of(SERVICE, door) == "IN_SERVICE"


async def test_what_a_sensor_sees_behind_a_door_that_was_just_given_up_keeps_it_from_the_next(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    senses = await make_scene(app_db, worker_db, admin_db, SENSES)
    stay = await senses.reserve()
    door = await senses.of("SELECT compartment_id FROM stay WHERE id = $1", stay)
    unit = await senses.of("SELECT external_id FROM compartment WHERE id = $1", door)
    await senses.open(Role.COURIER, stay)
    await senses.drive.work()
    senses.hardware.cells[unit].occupied = True
    senses.close()
    await senses.drive.work()
    await senses.act(Role.COURIER, service.confirm_deposit, stay, None, codes())
    await senses.act(Role.RECIPIENT, access.collect, Collect(stay), codes())
    await senses.drive.work()
    # Shut again, and the parcel is still there: it is not collected, and may be.
    senses.close()
    await senses.drive.work()
    assert await senses.stay(stay) == ("DEPOSITED", "E3", None)
    assert await senses.of("SELECT state FROM parcel WHERE stay_id = $1", stay) == "IN_LOCKER"
    assert await senses.of("SELECT pickup_hash IS NOT NULL FROM stay WHERE id = $1", stay)
    await senses.act(Role.OWNER, service.release, stay, StayOutcome.REMOVED_BY_STAFF, "he said he had it")
    await senses.drive.work()
    assert await senses.of("SELECT state FROM stay WHERE id = $1", stay) == "RELEASED"
    for _ in senses.world.doors[1:]:
        await senses.reserve()
    with pytest.raises(Rejected) as refused:
        await senses.reserve()
    assert refused.value.reason is Reason.NO_FREE_COMPARTMENT
    senses.hardware.cells[unit].occupied = False
    await senses.drive.work()
    await senses.reserve()
