import asyncio
from collections.abc import Callable

import asyncpg
import pytest

from app import demo_hardware, seed
from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.roles import APP, WORKER
from migrations import run
from migrations.models import load_tables
from migrations.walls import Wall
from tests.tenants import world

TABLES = load_tables()
RIGHTS = ("DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE")

# Everything a statement or a constraint check could notice, as text that two databases can be compared by.
COLUMNS = """
    SELECT table_name, column_name, data_type, udt_name, is_nullable, column_default, is_identity, identity_generation
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'"""
CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'"""
INDEXES = "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"


async def _shape(database: Database) -> dict[str, set[tuple[object, ...]]]:
    queries = {"columns": COLUMNS, "constraints": CONSTRAINTS, "indexes": INDEXES}
    return {what: {tuple(row) for row in await database.pool.fetch(query)} for what, query in queries.items()}


def test_the_migrations_and_the_tables_of_the_code_are_equal_to_alembic(dsns: Dsns) -> None:
    assert TABLES.tables
    assert run.differences(dsns.owner) == []


async def test_the_migrations_and_the_tables_of_the_code_build_the_same_database(
    admin_db: Database, make_database: Callable[[], Dsns]
) -> None:
    migrated = await _shape(admin_db)
    bare = make_database()
    connection = await asyncpg.connect(bare.admin)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(bare.admin.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.begin() as built:
        await built.run_sync(TABLES.create_all)
    await engine.dispose()
    from_code = await Database.connect(bare.admin, size=1)
    try:
        assert await _shape(from_code) == migrated
    finally:
        await from_code.close()


@pytest.mark.parametrize("table", sorted(TABLES.tables))
async def test_a_table_has_the_wall_and_the_grants_its_declaration_asks_for(admin_db: Database, table: str) -> None:
    info = TABLES.tables[table].info
    found = await admin_db.pool.fetchrow(
        """SELECT relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner) AS owner
           FROM pg_class WHERE oid = $1::regclass""",
        table,
    )
    policies = await admin_db.pool.fetch("SELECT polname FROM pg_policy WHERE polrelid = $1::regclass", table)
    assert found is not None
    assert (found["relrowsecurity"], found["relforcerowsecurity"]) == (info["tenant"], info["tenant"])
    assert {policy["polname"] for policy in policies} == set(Wall.of(table, info).policies())
    assert found["owner"] not in {APP, WORKER}
    for role, rights in ((APP, info["grants"]), (WORKER, info["worker"])):
        granted = {
            right
            for right in RIGHTS
            if await admin_db.pool.fetchval("SELECT has_table_privilege($1, $2::regclass, $3)", role, table, right)
        }
        assert granted == set(rights), role


def test_every_step_goes_down_and_up_again(make_database: Callable[[], Dsns]) -> None:
    made = make_database()
    for revision in reversed([run.BASE, *run.revisions()[:-1]]):
        run.downgrade(made.owner, revision)
    for revision in run.revisions():
        run.upgrade(made.owner, revision)
    assert run.differences(made.owner) == []


LATER = """
    INSERT INTO command (tenant_id, id, site_id, bank_id, compartment_id, kind, purpose, state, parameters,
      requested_by, requested_by_name, requested_at, expires_at)
    SELECT tenant_id, gen_random_uuid(), site_id, bank_id, id, 'ISSUE_ACCESS', 'NONE', 'FAILED', '{}',
      id, 'a test', now(), now() FROM compartment LIMIT 1;
    UPDATE alarm SET kind = 'REVOKED_CREDENTIAL_USED' WHERE id = (SELECT alarm_id FROM alarm_handling LIMIT 1);
    UPDATE bank SET poll_seconds = 0.25;"""
KEPT = ("stay", "parcel", "audit_entry", "fact", "compartment", "bank")


@pytest.mark.slow
async def test_a_filled_database_goes_down_and_up_again_and_keeps_its_records(
    make_database: Callable[[], Dsns],
) -> None:
    made = make_database()
    await seed.seed(made, key=bytes(32), urls=demo_hardware.usual_urls({}), days=2)
    admin = await Database.connect(made.admin, size=1)
    try:
        await admin.pool.execute(LATER)
        counted = {table: await admin.pool.fetchval(f"SELECT count(*) FROM {table}") for table in KEPT}
        await asyncio.to_thread(run.downgrade, made.owner, "2026_11_20_1111")
        assert await admin.pool.fetchval("SELECT min(poll_seconds) FROM bank") == 1
        await asyncio.to_thread(run.upgrade, made.owner)
        found = {table: await admin.pool.fetchval(f"SELECT count(*) FROM {table}") for table in KEPT}
        assert found == counted
        assert min(counted.values()) > 0
        await asyncio.to_thread(run.downgrade, made.owner)
        await asyncio.to_thread(run.upgrade, made.owner)
        assert await asyncio.to_thread(run.differences, made.owner) == []
    finally:
        await admin.close()


async def test_unset_and_empty_tenants_see_no_row_and_write_none(app_db: Database) -> None:
    async with app_db.plain() as conn:
        assert await conn.fetchval("SELECT count(*) FROM site") == 0
    async with app_db.tenant([]) as conn:
        assert await conn.fetchval("SELECT count(*) FROM site") == 0


async def test_carriers_of_a_filled_database_become_known_to_those_who_granted_them_something(
    make_database: Callable[[], Dsns],
) -> None:
    made = make_database()
    admin = await Database.connect(made.admin, size=1)
    try:
        async with admin.plain() as conn:
            north, south, alone = [await world.organization(conn, "OPERATOR", name) for name in ("N", "S", "A")]
            swift, slow = [await world.organization(conn, "CARRIER", name) for name in ("Swift", "Slow")]
            for operator, carrier in ((north, swift), (north, swift), (north, slow), (south, swift)):
                await world.grant(conn, operator, carrier, state="REVOKED")
        await asyncio.to_thread(run.downgrade, made.owner, "2026_11_20_1500")
        assert await admin.pool.fetchval("SELECT count(*) FROM carrier_grant") == 4
        await asyncio.to_thread(run.upgrade, made.owner)
        rows = await admin.pool.fetch("SELECT tenant_id, id, carrier_id, name FROM carrier")
        known = {(row["tenant_id"], row["carrier_id"]): row["name"] for row in rows}
        assert known == {(north, swift): "Swift", (north, slow): "Slow", (south, swift): "Swift"}
        assert len({row["id"] for row in rows}) == len(rows) == 3
        assert alone not in {row["tenant_id"] for row in rows}
    finally:
        await admin.close()
