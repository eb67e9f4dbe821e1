"""How long a door is kept from others while something may still open it."""

from datetime import timedelta

from app.devices import jobs
from app.devices.service import SetServiceState, set_service_state
from app.kit.db import Database
from app.lockers import queries
from app.lockers.model import Service
from app.passes import service
from tenants.model import Role
from tests.app.scene import make_scene

UNTIL = "SELECT service_until FROM compartment WHERE id = $1"
STATE = "SELECT service FROM compartment WHERE id = $1"


async def test_a_door_that_is_out_of_service_for_an_hour_is_kept_from_others_as_long_as_a_pass_may_open_it(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    scene = await make_scene(app_db, worker_db, admin_db, {"REMOTE_OPEN": "WORKS"})
    id_, soon = scene.world.doors[0], scene.now() + timedelta(hours=1)
    out = SetServiceState(id_, Service.OUT_OF_SERVICE, "the hinge", soon)
    await scene.act(Role.MANAGER, set_service_state, out)
    for hours in (12, 2):
        async with scene.drive.system(scene.world.tenant).begin() as work:
            door = await queries.standing(work.conn, scene.world.tenant, id_)
            assert door is not None
            await service.out_of_service(work, door, "may still be opened", scene.now() + timedelta(hours=hours))
    assert await scene.of(UNTIL, id_) == scene.now() + timedelta(hours=12)
    async with scene.drive.system(scene.world.tenant).begin() as work:
        door = await queries.standing(work.conn, scene.world.tenant, id_)
        assert door is not None
        # What is over for the product is not over for whoever took it out for the hinge.
        await service.back_in_service(work, door, "may still be opened")
    assert await scene.of(STATE, id_) == "OUT_OF_SERVICE"
    scene.now.pass_(3601)
    assert await jobs.bring_back(scene.drive.worker, scene.drive.system, scene.now) == 0
    scene.now.pass_(11 * 3600)
    assert await jobs.bring_back(scene.drive.worker, scene.drive.system, scene.now) == 1
    assert await scene.of(STATE, id_) == "IN_SERVICE"
