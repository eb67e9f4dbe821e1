from uuid import UUID, uuid4

import pytest

from app.access import service as access
from app.access.service import Collect
from app.devices import service
from app.devices.model import Finding
from app.devices.service import SettleCommand
from app.kit.db import Database
from app.kit.errors import Denied, Invalid, LockyardError, NotFound, Reason, Rejected
from app.lockers.model import Service
from app.stays import service as stays
from app.stays.model import StayOutcome
from tenants.model import Role
from tests.app.rig import BOOKS, actor, codes, context, make_world, snapshot
from tests.app.scene import Scene, make_scene

# A door without a sensor: when the answer is lost, nothing can be read back.
BLIND = {"REMOTE_OPEN": "WORKS"}
AUDIT = "SELECT count(*) FROM audit_entry WHERE action = 'command:settle' AND outcome = $1 AND tenant_id = $2"


@pytest.fixture
async def blind(app_db: Database, worker_db: Database, admin_db: Database) -> Scene:
    return await make_scene(app_db, worker_db, admin_db, BLIND)


async def unknown(scene: Scene, command: UUID) -> None:
    """Work until reading back has given up on it."""
    for _ in range(10):
        await scene.drive.work()
        scene.now.pass_(0.5)
    assert await scene.command(command) == ("UNCONFIRMED", True)


async def brought(scene: Scene) -> UUID:
    """A deposited stay whose pickup nobody knows the end of: the command."""
    stay = await scene.reserve()
    await scene.open(Role.COURIER, stay)
    await scene.drive.work()
    await scene.act(Role.COURIER, stays.confirm_deposit, stay, None, codes())
    await scene.drive.work()
    return stay


async def lost_pickup(scene: Scene) -> tuple[UUID, UUID]:
    stay = await brought(scene)
    scene.hardware.fates = ["cut"]
    command = await scene.act(Role.RECIPIENT, access.collect, Collect(stay), codes())
    await unknown(scene, command)
    return stay, command


async def settle(
    scene: Scene, command: UUID, outcome: Finding, role: Role = Role.MANAGER, comment: str = "seen"
) -> UUID:
    return await scene.act(role, service.settle, SettleCommand(command, outcome, comment))


async def test_a_door_somebody_says_has_opened_moves_its_stay_as_the_door_would_have(blind: Scene) -> None:
    stay, command = await lost_pickup(blind)
    assert (await blind.alarms())["OPEN_FAILED"] == "ACTIVE"
    assert await settle(blind, command, Finding.DOOR_OPENED) == command
    await blind.drive.work()
    assert await blind.command(command) == ("DOOR_OPENED", True)
    assert await blind.stay(stay) == ("RELEASED", "E0", "COLLECTED")
    assert await blind.of("SELECT state FROM parcel WHERE stay_id = $1", stay) == "COLLECTED"
    assert (await blind.alarms())["OPEN_FAILED"] == "CLEARED"
    assert await blind.of(AUDIT, "DONE", blind.world.tenant) == 1
    fact = "SELECT evidence || ' ' || source FROM fact WHERE subject_id = $1 AND kind = 'CommandDoorOpened'"
    assert await blind.of(fact, command) == "E0 person"
    assert len(blind.hardware.sent) == 2


async def test_a_door_somebody_says_did_not_open_leaves_the_stay_and_can_be_opened_again(blind: Scene) -> None:
    stay, command = await lost_pickup(blind)
    await settle(blind, command, Finding.DID_NOT_OPEN)
    await blind.drive.work()
    assert await blind.command(command) == ("FAILED", True)
    assert (await blind.stay(stay))[0] == "DEPOSITED"
    assert (await blind.alarms())["OPEN_FAILED"] == "CLEARED"
    again = await blind.act(Role.RECIPIENT, access.collect, Collect(stay), codes())
    await blind.drive.work()
    assert await blind.command(again) == ("ACCEPTED", True)
    assert (await blind.stay(stay))[::2] == ("RELEASED", "COLLECTED")


async def test_a_deposit_on_a_persons_word_is_worth_the_lowest_grade(blind: Scene) -> None:
    stay = await blind.reserve()
    blind.hardware.fates = ["cut"]
    command = await blind.open(Role.COURIER, stay)
    await unknown(blind, command)
    await settle(blind, command, Finding.DOOR_OPENED, Role.OWNER)
    await blind.drive.work()
    assert await blind.stay(stay) == ("DEPOSITING", "E0", None)


async def test_a_settled_command_has_settled_for_good(blind: Scene) -> None:
    _, command = await lost_pickup(blind)
    await settle(blind, command, Finding.DID_NOT_OPEN)
    await blind.drive.work()
    before = await snapshot(blind.admin)
    with pytest.raises(Rejected) as refused:
        await settle(blind, command, Finding.DOOR_OPENED)
    assert refused.value.reason is Reason.WRONG_STATE
    blind.drive.done.clear()
    await blind.drive.follow()
    assert await snapshot(blind.admin) == before


@pytest.mark.parametrize(
    ("role", "outcome", "comment", "refusal"),
    [
        (Role.AUDITOR, Finding.DOOR_OPENED, "seen", Denied),
        (Role.COURIER, Finding.DOOR_OPENED, "seen", Denied),
        (Role.RECIPIENT, Finding.DOOR_OPENED, "seen", NotFound),
        (Role.OWNER, Finding.TOOK_EFFECT, "seen", Invalid),
        (Role.OWNER, Finding.DOOR_OPENED, " ", Invalid),
    ],
)
async def test_a_refused_word_changes_nothing(
    blind: Scene, role: Role, outcome: Finding, comment: str, refusal: type[LockyardError]
) -> None:
    stay = await blind.reserve()
    blind.hardware.fates = ["cut"]
    command = await blind.open(Role.COURIER, stay)
    await unknown(blind, command)
    before = await snapshot(blind.admin)
    with pytest.raises(refusal):
        await settle(blind, command, outcome, role, comment)
    after = await snapshot(blind.admin)
    told = {"audit_entry", "outbox"} if refusal is Denied else set()
    assert {table for table in before if before[table] != after[table]} == told
    assert await blind.of(AUDIT, "DENIED", blind.world.tenant) == (refusal is Denied)


async def test_a_foreign_command_looks_like_none_and_stays(blind: Scene) -> None:
    _, command = await lost_pickup(blind)
    other, before = await make_world(blind.admin), await snapshot(blind.admin)
    said = set()
    for id_ in (command, uuid4()):
        with pytest.raises(NotFound) as refused:
            async with context(blind.app, actor(other, Role.OWNER)).begin() as work:
                await service.settle(work, SettleCommand(id_, Finding.DOOR_OPENED, "mine"))
        said.add(refused.value.message)
    assert len(said) == 1
    assert await snapshot(blind.admin) == before


async def test_while_it_is_being_found_out_nobody_says_what_happened(scene: Scene) -> None:
    stay = await scene.reserve()
    scene.hardware.fates = ["cut"]
    command = await scene.open(Role.COURIER, stay)
    await scene.drive.work()
    assert await scene.command(command) == ("UNCONFIRMED", False)
    before = await snapshot(scene.admin)
    with pytest.raises(Rejected) as refused:
        await settle(scene, command, Finding.DID_NOT_OPEN)
    assert refused.value.reason is Reason.COMMAND_PENDING
    assert await snapshot(scene.admin) == before


async def test_a_door_that_stands_open_is_closed_first(blind: Scene) -> None:
    _, command = await lost_pickup(blind)
    async with blind.admin.plain() as conn:
        await conn.execute("UPDATE compartment SET door = 'OPEN' WHERE tenant_id = $1", blind.world.tenant)
    with pytest.raises(Rejected) as refused:
        await settle(blind, command, Finding.DOOR_OPENED)
    assert refused.value.reason is Reason.COMPARTMENT_UNAVAILABLE


async def test_what_a_vendor_never_took_is_told_again_on_a_persons_word(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    scene = await make_scene(app_db, worker_db, admin_db, BOOKS)
    stay = await scene.reserve()
    await scene.drive.work()
    async with admin_db.plain() as conn:
        command: UUID = await conn.fetchval(
            "UPDATE command SET state = 'UNCONFIRMED', settled = true "
            "WHERE stay_id = $1 AND kind = 'RESERVE' RETURNING id",
            stay,
        )
    with pytest.raises(Invalid):
        await settle(scene, command, Finding.DID_NOT_OPEN)
    await settle(scene, command, Finding.NO_EFFECT)
    await scene.drive.follow()
    told = "SELECT count(*) FROM command WHERE stay_id = $1 AND kind = 'RESERVE'"
    assert await scene.of(told, stay) == 2
    assert (await scene.stay(stay))[0] == "HELD"
    await scene.act(Role.OWNER, stays.release, stay, StayOutcome.CANCELLED, "enough")


async def test_what_nobody_knows_of_a_vendors_books_calls_a_person_too(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    scene = await make_scene(app_db, worker_db, admin_db, {**BLIND, "SERVICE_WRITE": "WORKS"})
    await scene.drive.work()
    scene.hardware.fates = ["cut"]
    ask = service.SetServiceState(scene.world.doors[0], Service.OUT_OF_SERVICE, "broken hinge")
    await scene.act(Role.OWNER, service.set_service_state, ask)
    for _ in range(10):
        await scene.drive.work()
        scene.now.pass_(5)
    command = await scene.of("SELECT id FROM command WHERE tenant_id = $1 AND kind = 'SET_SERVICE'", scene.world.tenant)
    assert await scene.command(command) == ("UNCONFIRMED", True)
    assert await scene.alarms() == {"CONTROLLER_FAULT": "ACTIVE"}

    await settle(scene, command, Finding.NO_EFFECT)
    await scene.drive.work()
    assert await scene.alarms() == {"CONTROLLER_FAULT": "CLEARED"}
