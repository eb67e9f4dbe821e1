"""Short histories that hold on the right core, and in which a part that is wrong is noticed."""

from uuid import UUID

import asyncpg
import pytest

from app.access import service as access
from app.access.service import Collect
from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.errors import LockyardError
from app.lockers.model import Size
from app.reserving import service as reserving
from app.reserving.service import ReserveCompartment
from app.stays import jobs
from app.stays import service as stays
from app.stays.model import PickupCodes
from tenants.model import Actor, Role
from tenants.verification.service import Trust, verify_database
from tenants.work import Context, Key, Replay
from tests.app import seeded
from tests.app.rig import SENSOR, actor, codes, context
from tests.app.scene import Scene, make_scene


class Place:
    """One world, in which the part `bug` names is wrong."""

    def __init__(self, bug: str, app: Database, worker: Database, admin: Database) -> None:
        self.bug, self.worker, self.admin = bug, worker, admin
        self.app = seeded.database(bug, app)
        self.shared = seeded.SharedKeys() if bug == "idem_any_tenant" else None

    async def scene(self) -> Scene:
        made = await make_scene(self.app, self.worker, self.admin, SENSOR)
        made.drive.hardware = seeded.ADAPTERS.get(self.bug, seeded.Around)(made.hardware)  # type: ignore[assignment]
        return made

    async def reserve(self, scene: Scene, role: Role, key: str) -> tuple[str, object]:
        ask = ReserveCompartment(scene.world.bank, Size.M, f"{key}-{scene.world.tenant}")
        spent = Key.of(key, "reserve", {})
        try:
            async with self._context(scene, actor(scene.world, role)).begin(spent) as work:
                if self.shared:
                    self.shared.look(spent)
                work.answer = ("Stay", await reserving.reserve(work, ask))
            if self.shared:
                self.shared.keep(spent, work.answer)
        except Replay as replay:
            return replay.answer
        return work.answer

    def _context(self, scene: Scene, who: Actor) -> Context:
        return context(scene.app, who, scene.now)


async def a_code_opens_its_own_door_only(place: Place) -> None:
    scene, given = await place.scene(), seeded.pickup_codes(place.bug)
    first, second = await _deposited(scene, given), await _deposited(scene, given)
    code = given.show(second, await scene.of("SELECT pickup_sealed FROM stay WHERE id = $1", second))
    with pytest.raises(LockyardError):
        await scene.act(Role.RECIPIENT, access.collect, Collect(first, code), given)


async def _deposited(scene: Scene, given: PickupCodes) -> UUID:
    stay = await scene.reserve()
    await scene.open(Role.COURIER, stay)
    await scene.drive.work()
    scene.close()
    await scene.drive.work()
    await scene.act(Role.COURIER, stays.confirm_deposit, stay, None, given)
    return stay


async def a_code_is_good_once(place: Place) -> None:
    scene, given = await place.scene(), seeded.pickup_codes(place.bug)
    stay = await _deposited(scene, given)
    code = given.show(stay, await scene.of("SELECT pickup_sealed FROM stay WHERE id = $1", stay))
    await scene.act(Role.RECIPIENT, access.collect, Collect(stay, code), given)
    await scene.drive.work()
    scene.close()
    await scene.drive.work()
    assert (await scene.stay(stay))[0] == "RELEASED"
    with pytest.raises(LockyardError):
        await scene.act(Role.RECIPIENT, access.collect, Collect(stay, code), given)


async def time_takes_no_parcel_away(place: Place) -> None:
    scene = await place.scene()
    stay = await scene.deposited()
    scene.now.pass_(7200)
    await jobs.expire(scene.drive.worker, scene.drive.system, scene.now)
    await seeded.wrong_job(place.bug, scene.admin, scene.world.tenant, scene.now())
    assert (await scene.stay(stay))[0] == "DEPOSITED"


async def a_door_that_stands_open_ends_no_stay(place: Place) -> None:
    scene = await place.scene()
    stay = await scene.deposited()
    await scene.act(Role.OWNER, access.collect, Collect(stay), codes())
    await scene.drive.work()
    assert (await scene.stay(stay))[0] == "COLLECTING"


async def a_revoked_carrier_gets_no_place(place: Place) -> None:
    scene = await place.scene()
    await scene.reserve()
    async with scene.admin.plain() as conn:
        await conn.execute("UPDATE carrier_grant SET state = 'REVOKED' WHERE tenant_id = $1", scene.world.tenant)
    with pytest.raises(LockyardError):
        await scene.reserve()


async def a_key_of_another_tenant_is_another_key(place: Place) -> None:
    ours, theirs = await place.scene(), await place.scene()
    first = await place.reserve(ours, Role.OWNER, "the same")
    assert await place.reserve(ours, Role.OWNER, "the same") == first
    assert await place.reserve(theirs, Role.OWNER, "the same") != first


async def nobody_edits_the_record(place: Place) -> None:
    scene = await place.scene()
    stay = await scene.reserve()
    await scene.drive.work()
    async with scene.admin.plain() as conn:
        if place.bug:
            await conn.execute("GRANT UPDATE ON audit_entry TO lockyard_app")
    try:
        async with place.app.tenant([scene.world.tenant]) as conn:
            await conn.execute("UPDATE audit_entry SET reason = 'nothing' WHERE target_id = $1", stay)
    except asyncpg.PostgresError:
        pass
    finally:
        async with scene.admin.plain() as conn:
            await conn.execute("REVOKE UPDATE ON audit_entry FROM lockyard_app")
    reports = await verify_database(place.worker, Trust({}, ()), tenant=scene.world.tenant)
    assert all(report.ok for report in reports)


HISTORIES = {
    "audit_editable": nobody_edits_the_record,
    "code_any_tenant": a_code_opens_its_own_door_only,
    "code_reusable": a_code_is_good_once,
    "expire_occupied": time_takes_no_parcel_away,
    "idem_any_tenant": a_key_of_another_tenant_is_another_key,
    "old_event_wins": a_door_that_stands_open_ends_no_stay,
    "revoked_carrier": a_revoked_carrier_gets_no_place,
}


@pytest.mark.parametrize("bug", HISTORIES)
async def test_a_history_holds_and_a_wrong_part_breaks_it(
    dsns: Dsns, app_db: Database, worker_db: Database, admin_db: Database, bug: str
) -> None:
    await HISTORIES[bug](Place("", app_db, worker_db, admin_db))
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        await HISTORIES[bug](Place(bug, app_db, worker_db, admin_db))
