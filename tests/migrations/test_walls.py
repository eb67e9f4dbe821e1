from uuid import UUID

import asyncpg
import pytest

from app.kit.db import Database
from app.kit.ids import new_id

SITE = """INSERT INTO site (tenant_id, id, name, address_line, city, country, timezone, locale)
          VALUES ($1, $2, 'House', 'Street 1', 'Town', 'PT', 'Europe/Lisbon', 'pt')"""
PERSON = "INSERT INTO person (tenant_id, id, kind, name, locale) VALUES ($1, $2, 'RECIPIENT', 'Rosa', 'pt')"


@pytest.fixture(scope="module")
async def tenants(admin_db: Database) -> tuple[UUID, UUID]:
    """Two tenants with a site and a person each."""
    made = (new_id(), new_id())
    for tenant in made:
        await admin_db.pool.execute(SITE, tenant, new_id())
        await admin_db.pool.execute(PERSON, tenant, new_id())
    return made


async def test_a_transaction_sees_the_tenants_it_names_and_no_others(
    app_db: Database, tenants: tuple[UUID, UUID]
) -> None:
    one, two = tenants
    query = "SELECT array_agg(tenant_id ORDER BY tenant_id) FROM site"
    async with app_db.tenant([one]) as conn:
        assert await conn.fetchval(query) == [one]
    async with app_db.tenant([one, two]) as conn:
        assert await conn.fetchval(query) == sorted(tenants)
    async with app_db.plain() as conn:
        assert await conn.fetchval(query) is None


async def test_the_tenant_does_not_stay_on_a_pooled_connection(app_db: Database, tenants: tuple[UUID, UUID]) -> None:
    for _ in range(30):
        async with app_db.tenant([tenants[0]]) as conn:
            assert await conn.fetchval("SELECT count(*) FROM site") == 1
        async with app_db.pool.acquire() as conn:
            assert await conn.fetchval("SELECT count(*) FROM site") == 0


@pytest.mark.parametrize("role", ["app", "worker"])
async def test_nobody_writes_a_row_of_a_tenant_they_did_not_name(
    role: str, app_db: Database, worker_db: Database, admin_db: Database, tenants: tuple[UUID, UUID]
) -> None:
    one, two = tenants
    database = {"app": app_db, "worker": worker_db}[role]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.tenant([one]) as conn:
            await conn.execute(SITE, two, new_id())
    async with database.tenant([one]) as conn:
        assert await conn.execute("UPDATE site SET name = 'Mine' WHERE tenant_id = $1", two) == "UPDATE 0"
        assert await conn.execute("DELETE FROM site WHERE tenant_id = $1", two) == "DELETE 0"
    assert await admin_db.pool.fetchval("SELECT array_agg(name) FROM site WHERE tenant_id = $1", two) == ["House"]


async def test_the_worker_finds_what_is_due_in_all_tenants_but_not_people(
    worker_db: Database, tenants: tuple[UUID, UUID]
) -> None:
    async with worker_db.plain() as conn:
        assert await conn.fetchval("SELECT count(DISTINCT tenant_id) FROM site") == len(tenants)
        assert await conn.fetchval("SELECT count(*) FROM person") == 0


@pytest.mark.parametrize("table", ["audit_entry", "fact", "audit_seal"])
async def test_the_record_cannot_be_rewritten_by_the_web_process(
    app_db: Database, tenants: tuple[UUID, UUID], table: str
) -> None:
    for statement in (f"UPDATE {table} SET tenant_id = tenant_id", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with app_db.tenant(tenants) as conn:
                await conn.execute(statement)
