import pytest

from app.kit.db import Database
from app.kit.resealing import reseal, sealed_columns
from app.kit.seal import SealBroken, Sealer
from app.stays.model import PickupCodes
from tests.app.rig import SENSOR
from tests.app.scene import make_scene

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
NEWER = Sealer.among((NEW, OLD))


async def test_everything_sealed_opens_with_the_new_key_alone_afterwards(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    scene = await make_scene(app_db, worker_db, admin_db, SENSOR)
    stay, connection = await scene.deposited(), scene.world.connection
    async with admin_db.plain() as conn:
        sealed = Sealer.of(OLD).seal(b"secret", connection.bytes)
        await conn.execute("UPDATE vendor_connection SET secret_sealed = $2 WHERE id = $1", connection, sealed)
    done = await reseal(worker_db, NEWER)
    assert done["vendor_connection.secret_sealed"] >= 1
    assert done["stay.pickup_sealed"] >= 1
    async with admin_db.plain() as conn:
        kept = await conn.fetchval("SELECT secret_sealed FROM vendor_connection WHERE id = $1", connection)
        row = await conn.fetchrow("SELECT * FROM stay WHERE id = $1", stay)
    alone = Sealer.of(NEW)
    assert alone.open(kept, connection.bytes) == b"secret"
    code = PickupCodes.of(alone).show(stay, row["pickup_sealed"])
    assert alone.matches(code, row["bank_id"].bytes, row["pickup_hash"])
    assert set((await reseal(worker_db, NEWER)).values()) == {0}


async def test_a_key_that_is_missing_is_said_and_nothing_is_lost(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    scene = await make_scene(app_db, worker_db, admin_db, SENSOR)
    connection, stay = scene.world.connection, await scene.deposited()
    foreign = Sealer.of(bytes(32)).seal(b"secret", connection.bytes)
    async with admin_db.plain() as conn:
        await conn.execute("UPDATE vendor_connection SET secret_sealed = $2 WHERE id = $1", connection, foreign)
    with pytest.raises(SealBroken, match=f"vendor_connection.secret_sealed of {connection}"):
        await reseal(worker_db, NEWER)
    # One that is lost for good does not keep the old key in use for all the others.
    pickup = await scene.of("SELECT pickup_sealed FROM stay WHERE id = $1", stay)
    assert PickupCodes.of(Sealer.of(NEW)).show(stay, pickup)
    async with admin_db.plain() as conn:
        kept = await conn.fetchval("SELECT secret_sealed FROM vendor_connection WHERE id = $1", connection)
        await conn.execute("DELETE FROM vendor_connection WHERE id = $1", connection)
    assert kept == foreign


def test_every_column_that_holds_something_sealed_says_so() -> None:
    named = {f"{each.table.name}.{each.column}" for each in sealed_columns()}
    holding = {
        f"{table.name}.{column.name}"
        for each in sealed_columns()
        for table in each.table.metadata.sorted_tables
        for column in table.c
        if column.name.endswith("sealed") and column.type.python_type is bytes
    }
    assert named == holding
