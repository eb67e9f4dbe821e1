"""A wall clock that goes two hours wrong and is set right again: what has ended stays ended, what is locked, locked."""

from datetime import timedelta
from uuid import UUID

import pytest

from app.access import service as access
from app.access.service import Collect, OpenCompartment
from app.kit.errors import Reason, Rejected
from app.stays import jobs, service
from tenants.model import Role
from tests.app.rig import codes, snapshot
from tests.app.scene import Scene

WRONG = timedelta(hours=2)
USE = "SELECT use FROM compartment WHERE id = (SELECT compartment_id FROM stay WHERE id = $1)"


async def due(scene: Scene) -> None:
    """What time does to stays, and what follows."""
    await jobs.expire(scene.drive.worker, scene.drive.system, scene.now)
    await jobs.mark_overdue(scene.drive.worker, scene.drive.system, scene.now)
    await scene.drive.work()


async def test_a_reservation_that_ran_out_by_a_wrong_clock_is_not_revived_when_the_clock_is_set_back(
    scene: Scene,
) -> None:
    stay = await scene.reserve()
    scene.now.at += WRONG
    await due(scene)
    assert (await scene.stay(stay))[::2] == ("RELEASED", "EXPIRED_UNUSED")
    scene.now.at -= WRONG
    before = await snapshot(scene.admin)
    await due(scene)
    for act, given in ((service.confirm_deposit, (None, codes())), (service.extend, (timedelta(hours=1), None))):
        with pytest.raises(Rejected) as refused:
            await scene.act(Role.OWNER, act, stay, *given)
        assert refused.value.reason is Reason.STAY_NOT_OPEN
    assert await snapshot(scene.admin) == before
    assert await scene.of(USE, stay) == "FREE"


async def test_a_clock_that_goes_back_keeps_reservations_doors_and_the_record_going(scene: Scene) -> None:
    stay = await scene.reserve()
    scene.now.at -= WRONG
    await due(scene)
    command = await scene.open(Role.COURIER, stay)
    await scene.drive.work()
    assert (await scene.command(command))[0] == "DOOR_OPENED"
    scene.now.at += WRONG
    scene.close()
    await due(scene)
    assert (await scene.command(command)) == ("DOOR_CLOSED", True)
    assert (await scene.stay(stay))[0] == "DEPOSITING"
    sequences = await scene.of(
        "SELECT array_agg(sequence ORDER BY sequence) FROM fact WHERE tenant_id = $1", _at(scene)
    )
    assert sequences == list(range(1, len(sequences) + 1))


async def test_a_parcel_stays_and_an_order_of_before_the_jump_is_not_sent_after_its_time(scene: Scene) -> None:
    stay = await scene.deposited()
    door = await scene.of("SELECT compartment_id FROM stay WHERE id = $1", stay)
    sent = len(scene.hardware.sent)
    command = await scene.act(Role.OWNER, access.open_compartment, OpenCompartment(door, "because"))
    scene.now.at += WRONG
    await due(scene)
    assert await scene.command(command) == ("EXPIRED", True)
    scene.now.at -= WRONG
    await due(scene)
    assert await scene.command(command) == ("EXPIRED", True)
    assert len(scene.hardware.sent) == sent
    assert (await scene.stay(stay))[0] == "DEPOSITED"
    assert await scene.of(USE, stay) != "FREE"


async def test_a_lock_out_outlives_the_clock_s_errors(scene: Scene) -> None:
    stay, known = await scene.deposited(), codes()
    code = known.show(stay, await scene.of("SELECT pickup_sealed FROM stay WHERE id = $1", stay))
    for _ in range(5):
        with pytest.raises(Rejected):
            await scene.act(Role.RECIPIENT, access.collect, Collect(stay, "x"), known)
    for jump in (WRONG, -WRONG, -WRONG, WRONG):
        scene.now.at += jump
        with pytest.raises(Rejected) as refused:
            await scene.act(Role.RECIPIENT, access.collect, Collect(stay, code), known)
        assert refused.value.reason is Reason.WRONG_PICKUP_CODE
    assert await scene.of("SELECT count(*) FROM command WHERE stay_id = $1 AND purpose = 'PICKUP'", stay) == 0


def _at(scene: Scene) -> UUID:
    return scene.world.tenant
