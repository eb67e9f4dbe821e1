from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.alarms import jobs, service
from app.alarms.model import AlarmKind
from app.devices.port import Door, Unmapped
from app.kit.errors import Denied, Invalid, NotFound, Reason, Rejected
from app.stays import service as stays
from app.stays.model import StayOutcome
from tenants.model import Role
from tests.app.rig import actor, context, make_world, snapshot
from tests.app.scene import Scene


async def forced(scene: Scene, unit: str = "002") -> UUID:
    await scene.drive.work()
    scene.hardware.cells[unit].door = Door.OPEN
    await scene.drive.work()
    id_: UUID = await scene.of("SELECT id FROM alarm WHERE tenant_id = $1 ORDER BY id DESC LIMIT 1", scene.world.tenant)
    return id_


async def rows(scene: Scene) -> list[Any]:
    async with scene.admin.plain() as conn:
        return list(await conn.fetch("SELECT * FROM alarm WHERE tenant_id = $1 ORDER BY id", scene.world.tenant))


async def test_an_acknowledgement_says_who_and_when_and_outlives_the_condition(scene: Scene) -> None:
    alarm = await forced(scene)
    await scene.act(Role.MANAGER, service.acknowledge, alarm, "On my way.")
    scene.close()
    await scene.drive.work()
    async with scene.admin.plain() as conn:
        row = await conn.fetchrow("SELECT * FROM alarm_handling WHERE alarm_id = $1", alarm)
    assert (row["comment"], row["acknowledged_by_name"], row["acknowledged_at"]) == (
        "On my way.",
        "Manager",
        scene.now(),
    )
    assert [each["condition"] for each in await rows(scene)] == ["CLEARED"]


async def test_only_the_first_acknowledgement_counts(scene: Scene) -> None:
    alarm = await forced(scene)
    await scene.act(Role.MANAGER, service.acknowledge, alarm, "first")
    before = await snapshot(scene.admin)
    with pytest.raises(Rejected) as second:
        await scene.act(Role.OWNER, service.acknowledge, alarm, "second")
    assert second.value.reason is Reason.ALREADY_ACKNOWLEDGED
    assert await snapshot(scene.admin) == before


async def test_a_door_forced_twice_is_two_alarms(scene: Scene) -> None:
    await forced(scene)
    scene.now.pass_(10)
    scene.close()
    await scene.drive.work()
    scene.now.pass_(10)
    await forced(scene)
    assert [each["condition"] for each in await rows(scene)] == ["CLEARED", "ACTIVE"]


async def test_a_bank_that_comes_and_goes_is_one_alarm_marked_so(scene: Scene) -> None:
    await scene.drive.work()
    for away in (True, False, True):
        scene.hardware.away = away
        for _ in range(4):
            scene.now.pass_(5)
            await scene.drive.work()
    (alarm,) = await rows(scene)
    assert (alarm["condition"], alarm["repeats"]) == ("ACTIVE", 1)
    assert "coming and going" in alarm["detail"]


async def test_an_outage_that_lasts_is_graver_and_must_be_acknowledged_again(scene: Scene) -> None:
    await scene.drive.work()
    scene.hardware.away = True
    for _ in range(4):
        scene.now.pass_(5)
        await scene.drive.work()
    (flap,) = await rows(scene)
    assert (flap["kind"], flap["severity"]) == (AlarmKind.BANK_UNREACHABLE, "HIGH")
    await scene.act(Role.MANAGER, service.acknowledge, flap["id"], "seen the flap")
    limit = timedelta(minutes=5)
    await jobs.confirm(scene.drive.worker, scene.drive.system, limit, scene.now)
    assert [each["severity"] for each in await rows(scene)] == ["HIGH"]
    scene.now.pass_(301)
    for _ in range(2):
        await jobs.confirm(scene.drive.worker, scene.drive.system, limit, scene.now)
    (risen,) = await rows(scene)
    assert (risen["severity"], risen["risen_at"]) == ("CRITICAL", scene.now())
    told = "SELECT count(*) FROM outbox WHERE tenant_id = $1 AND kind = 'AlarmEscalated'"
    assert await scene.of(told, scene.world.tenant) <= 1
    scene.now.pass_(1)
    await scene.act(Role.MANAGER, service.acknowledge, flap["id"], "on my way")
    async with scene.admin.plain() as conn:
        said = await conn.fetchval("SELECT comment FROM alarm_handling WHERE alarm_id = $1", flap["id"])
    assert said == "on my way"
    with pytest.raises(Rejected):
        await scene.act(Role.OWNER, service.acknowledge, flap["id"], "third")


async def test_a_door_left_open_too_long_is_told_once_and_cleared_when_it_closes(scene: Scene) -> None:
    await scene.deposited()
    await scene.open(Role.OWNER, await scene.of("SELECT id FROM stay WHERE tenant_id = $1", scene.world.tenant))
    await scene.drive.work()
    scene.now.pass_(61)
    for _ in range(3):
        await jobs.raise_held_open(scene.drive.worker, scene.drive.system, timedelta(seconds=60), scene.now)
    (alarm,) = await rows(scene)
    assert (alarm["kind"], alarm["condition"], alarm["repeats"]) == (AlarmKind.HELD_OPEN, "ACTIVE", 0)
    scene.close()
    await scene.drive.work()
    assert [each["condition"] for each in await rows(scene)] == ["CLEARED"]


async def test_a_stay_that_ends_with_its_door_open_is_an_alarm(scene: Scene) -> None:
    stay = await scene.deposited()
    await scene.open(Role.OWNER, stay)
    await scene.drive.work()
    await scene.act(Role.OWNER, stays.release, stay, StayOutcome.REMOVED_BY_STAFF, "taken out")
    await scene.drive.work()
    assert await scene.alarms() == {"OPEN_AFTER_RELEASE": "ACTIVE"}


async def test_shelving_needs_a_reason_and_a_time_within_bounds(scene: Scene) -> None:
    alarm = await forced(scene)
    before = await snapshot(scene.admin)
    for by, reason in ((timedelta(minutes=-5), "x"), (timedelta(days=8), "x"), (timedelta(minutes=5), " ")):
        with pytest.raises(Invalid):
            await scene.act(Role.MANAGER, service.shelve, alarm, by, reason)
    assert await snapshot(scene.admin) == before
    await scene.act(Role.MANAGER, service.shelve, alarm, timedelta(minutes=5), "known")
    until = await scene.of("SELECT shelved_until FROM alarm_handling WHERE alarm_id = $1", alarm)
    assert until == scene.now() + timedelta(minutes=5)


async def test_an_alarm_of_another_operator_does_not_exist(scene: Scene) -> None:
    alarm = await forced(scene)
    other = await make_world(scene.admin)
    with pytest.raises(NotFound):
        async with context(scene.app, actor(other)).begin() as work:
            await service.acknowledge(work, alarm, None)
    with pytest.raises(Denied):
        await scene.act(Role.AUDITOR, service.acknowledge, alarm, None)
    with pytest.raises(NotFound):
        await scene.act(Role.COURIER, service.acknowledge, alarm, None)


async def test_what_a_device_says_no_more_is_no_alarm_any_more_whoever_keeps_the_bank_by_then(scene: Scene) -> None:
    silent = Unmapped(None, "board 1 is silent", "no reply")
    scene.hardware.unmapped = (silent,)
    await scene.drive.work()
    await scene.drive.work()
    told = [(each["kind"], each["condition"], each["repeats"]) for each in await rows(scene)]
    assert told == [("UNMAPPED_STATUS", "ACTIVE", 0)]
    # Another process takes over meanwhile: it knows what was told, and tells it neither again nor never.
    scene.drive.crash()
    await scene.drive.work()
    assert [(each["condition"], each["repeats"]) for each in await rows(scene)] == [("ACTIVE", 0)]
    scene.drive.crash()
    scene.now.pass_(10)
    scene.hardware.unmapped = ()
    await scene.drive.work()
    assert [each["condition"] for each in await rows(scene)] == ["CLEARED"]
