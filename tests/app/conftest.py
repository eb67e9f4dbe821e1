import pytest

from app.kit.db import Database
from tests.app.rig import BOOKS, SENSOR
from tests.app.scene import Scene, make_scene


@pytest.fixture
async def scene(app_db: Database, worker_db: Database, admin_db: Database) -> Scene:
    return await make_scene(app_db, worker_db, admin_db, SENSOR)


@pytest.fixture
async def books(app_db: Database, worker_db: Database, admin_db: Database) -> Scene:
    """At a vendor that keeps books of its own and has no door sensors."""
    return await make_scene(app_db, worker_db, admin_db, BOOKS)
