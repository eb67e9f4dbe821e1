from uuid import UUID

import pytest

from app.kit.db import Database
from app.stays import jobs
from tenants.work import Context
from tests.app.rig import SENSOR
from tests.app.scene import Scene, make_scene


@pytest.fixture
async def scene(app_db: Database, worker_db: Database, admin_db: Database) -> Scene:
    return await make_scene(app_db, worker_db, admin_db, SENSOR)


async def test_one_tenant_s_fault_keeps_no_other_s_reservations_from_running_out(
    app_db: Database, worker_db: Database, admin_db: Database, scene: Scene
) -> None:
    faulty = await make_scene(app_db, worker_db, admin_db, SENSOR)
    # The fault comes first, and every time.
    faulty.now.pass_(-60)
    broken = await faulty.reserve()
    stay = await scene.reserve()

    def system(tenant: UUID) -> Context:
        if tenant == faulty.world.tenant:
            raise ValueError("nobody thought of that")
        return scene.drive.system(tenant)

    scene.now.pass_(3700)
    with pytest.raises(ValueError, match="nobody"):
        await jobs.expire(worker_db, system, scene.now)
    assert (await faulty.stay(broken))[0] == "HELD"
    assert (await scene.stay(stay))[0] == "RELEASED"
