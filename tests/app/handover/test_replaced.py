"""What becomes of a pass when another takes its place: it may still be used, and the record says so."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.access import service as access
from app.access.service import Collect
from app.kit.db import Database
from app.stays import service as stays
from tenants.model import Role
from tests.app.handover.test_rights import change_grant
from tests.app.handover.towers import Towers, towers
from tests.app.rig import codes

DOOR = "SELECT c.service FROM stay s JOIN compartment c ON c.id = s.compartment_id WHERE s.id = $1"
CALLED_OFF = "SELECT count(*) FROM fact WHERE kind = 'PassCalledOff' AND payload ->> 'stay_id' = $1::uuid::text"
AUDITED = "SELECT count(*) FROM audit_entry WHERE action = 'pass:calledoff' AND tenant_id = $1"
SECRETS = "SELECT count(*) FROM pass WHERE stay_id = $1 AND sealed IS NOT NULL"


@pytest.fixture
async def scene(app_db: Database, worker_db: Database, admin_db: Database) -> AsyncIterator[Towers]:
    async with towers(app_db, worker_db, admin_db) as made:
        yield made


async def test_what_the_recipient_was_handed_is_called_off_when_somebody_else_takes_the_parcel_out(
    scene: Towers,
) -> None:
    stay = await scene.brought()
    recipients = await scene.held(stay, "PICKUP")
    await scene.act(Role.MANAGER, access.collect, Collect(stay), codes())
    await scene.settle()

    assert await scene.passes(stay) == [("DEPOSIT", "USED"), ("PICKUP", "REVOKE_PENDING"), ("PICKUP", "ISSUED")]
    assert await scene.of(CALLED_OFF, stay) == 1
    assert await scene.of(AUDITED, scene.world.tenant) == 1
    assert await scene.of(SECRETS, stay) == 1
    # It may still open the door, so nobody else is given the place before it cannot.
    assert scene.show(await scene.held(stay, "PICKUP"))["way"] == "out"
    await scene.settle()
    assert (await scene.stay(stay))[2] == "REMOVED_BY_STAFF"
    assert await scene.of(DOOR, stay) == "OUT_OF_SERVICE"
    scene.show(recipients)


async def test_who_asks_again_holds_two_and_none_was_called_off(scene: Towers) -> None:
    stay = await scene.brought()
    first = await scene.held(stay, "PICKUP")
    await scene.act(Role.RECIPIENT, access.collect, Collect(stay), codes())
    await scene.settle()

    assert await scene.passes(stay) == [("DEPOSIT", "USED"), ("PICKUP", "ISSUED"), ("PICKUP", "ISSUED")]
    assert await scene.of(SECRETS, stay) == 1
    assert scene.show(first)["way"] == "out"
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E2", "COLLECTED")


async def test_a_longer_hold_calls_nothing_off(scene: Towers) -> None:
    stay = await scene.issued()
    await scene.act(Role.MANAGER, stays.extend, stay, timedelta(hours=2), None)
    await scene.settle()

    assert await scene.passes(stay) == [("DEPOSIT", "ISSUED"), ("DEPOSIT", "ISSUED")]
    assert await scene.of(CALLED_OFF, stay) == 0


async def test_an_answer_that_is_of_no_use_to_who_asked_takes_nobody_s_pass(scene: Towers) -> None:
    stay = await scene.brought()
    async with scene.admin.plain() as conn:
        await conn.execute("UPDATE stay SET deposit_expires_at = $2, overdue_at = $2 WHERE id = $1", stay, scene.now())
    await scene.act(Role.COURIER, access.collect, Collect(stay), codes())
    asking = scene.hardware.send

    async def send(order: object) -> object:
        await change_grant(scene)
        return await asking(order)

    scene.hardware.send = send
    await scene.drive.work()
    scene.hardware.send = asking
    await scene.settle()

    assert await scene.passes(stay) == [("DEPOSIT", "USED"), ("PICKUP", "ISSUED"), ("PICKUP", "REVOKE_PENDING")]
    assert await scene.of(SECRETS, stay) == 1, "the recipient's"
