"""Summing up hours: seconds of stays within the hour, per site and size; the same however often it runs."""

from datetime import timedelta
from uuid import UUID

from app.kit.db import Database
from app.usage.jobs import sum_up_hours
from tests.app.rig import make_world

_STAY = """INSERT INTO stay (tenant_id, id, site_id, bank_id, compartment_id, flow, state, outcome, evidence,
created_by, created_at, expires_at, released_at)
SELECT tenant_id, gen_random_uuid(), site_id, bank_id, id, 'DELIVER', $4, $5, 'E0', id, $2, $2, $3
FROM compartment WHERE id = $1"""


async def stayed(admin: Database, door: UUID, since: object, until: object) -> None:
    state, outcome = ("RELEASED", "COLLECTED") if until else ("HELD", None)
    await admin.pool.execute(_STAY, door, since, until, state, outcome)


async def test_an_hour_holds_the_seconds_of_its_stays_and_no_others(admin_db: Database, worker_db: Database) -> None:
    world = await make_world(admin_db, doors=3)
    now = await admin_db.pool.fetchval("SELECT now()")
    hour = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    minutes = timedelta(minutes=1)
    await stayed(admin_db, world.doors[0], hour - 30 * minutes, hour + 10 * minutes)
    await stayed(admin_db, world.doors[0], hour + 20 * minutes, hour + 25 * minutes)
    await stayed(admin_db, world.doors[1], hour + 45 * minutes, None)
    await stayed(admin_db, world.doors[2], hour + 65 * minutes, hour + 70 * minutes)
    assert await sum_up_hours(worker_db) > 0
    rows = await admin_db.pool.fetch("SELECT * FROM occupancy_hour WHERE tenant_id = $1", world.tenant)
    assert {row["hour"] for row in rows} == {hour}
    assert sum(row["used_seconds"] for row in rows) == (10 + 5 + 15) * 60
    assert sum(row["compartments"] for row in rows) == 3
    assert await sum_up_hours(worker_db) == 0
