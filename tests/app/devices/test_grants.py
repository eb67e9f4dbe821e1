"""A grant that is taken away is taken away also from what was asked for and has not left."""

from uuid import UUID

import pytest

from app.access import service as access
from app.access.service import Collect, OpenCompartment
from app.kit.db import Database
from tenants.carriers import service as carriers
from tenants.model import Role
from tests.adapters.harbor.rig import harbor_rig
from tests.app.handover.towers import Towers
from tests.app.rig import actor, codes, context
from tests.app.scene import Scene

HOW = ("suspend", "revoke")


async def take_away(scene: Scene, how: str) -> None:
    grant = await scene.of("SELECT id FROM carrier_grant WHERE tenant_id = $1", scene.world.tenant)
    async with context(scene.app, actor(scene.world), scene.now).begin() as work:
        await carriers.change(work, grant, how, "no longer trusted")


async def pulses(scene: Scene) -> int:
    return sum(cell.pulses for cell in scene.hardware.cells.values())


async def called_off(scene: Scene, command: UUID) -> None:
    assert await scene.command(command) == ("FAILED", True)
    assert await scene.alarms() == {}
    record = "SELECT count(*) FROM audit_entry WHERE action = 'command:failed' AND details->>'command' = $1"
    assert await scene.of(record, str(command)) == 1


@pytest.mark.parametrize("how", HOW)
async def test_an_opening_that_waits_is_called_off_with_the_grant(scene: Scene, how: str) -> None:
    command = await scene.open(Role.COURIER, await scene.reserve())
    await take_away(scene, how)
    await scene.drive.follow()
    await called_off(scene, command)
    await scene.drive.work()
    assert await pulses(scene) == 0


@pytest.mark.parametrize("how", HOW)
async def test_no_door_opens_by_a_grant_that_is_gone_though_nobody_has_heard_of_it_yet(scene: Scene, how: str) -> None:
    command = await scene.open(Role.COURIER, await scene.reserve())
    await take_away(scene, how)
    await scene.drive.work()
    assert await pulses(scene) == 0
    await called_off(scene, command)


async def test_an_opening_that_could_not_be_sent_yet_is_not_sent_later_without_the_grant(scene: Scene) -> None:
    command = await scene.open(Role.COURIER, await scene.reserve())
    scene.hardware.fates.append("away")
    await scene.drive.work()
    assert await scene.command(command) == ("SENT", False)
    await take_away(scene, "suspend")
    scene.now.pass_(5)
    await scene.drive.work()
    assert await pulses(scene) == 0
    await called_off(scene, command)


async def test_what_others_asked_for_at_a_carrier_s_stay_goes_on(scene: Scene) -> None:
    stay = await scene.deposited()
    door = await scene.of("SELECT compartment_id FROM stay WHERE id = $1", stay)
    await take_away(scene, "revoke")
    before = await pulses(scene)
    for role, act in (
        (Role.OWNER, lambda work: access.open_compartment(work, OpenCompartment(door, "look"))),
        (Role.RECIPIENT, lambda work: access.collect(work, Collect(stay), codes())),
    ):
        await scene.act(role, act)
        await scene.drive.work()
        before += 1
        assert await pulses(scene) == before
        scene.close()
        await scene.drive.work()


async def test_a_pass_is_not_asked_for_by_a_grant_that_is_gone(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    async with harbor_rig() as rig:
        scene = await Towers.make(app_db, worker_db, admin_db, rig.adapter, rig.world)
        stay = await scene.reserve()
        await scene.drive.work()
        asked = "SELECT id FROM command WHERE stay_id = $1 AND kind = 'ISSUE_ACCESS' AND state = 'REQUESTED'"
        command = await scene.of(asked, stay)
        await take_away(scene, "suspend")
        await scene.drive.work()
        await called_off(scene, command)
        assert await scene.passes(stay) == []
