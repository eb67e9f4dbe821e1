import re

from app.kit.db import Database
from tests.house.tree import ROOT

_HAS_TENANT = """
    EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)"""
_TABLES = "FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
TENANT = f"""
    SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS walled,
           (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd = '*') AS policies,
           (SELECT a.attnotnull FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id') AS filled,
           (SELECT array_agg(pg_get_indexdef(i.indexrelid)) FROM pg_index i
            WHERE i.indrelid = c.oid AND i.indisunique) AS uniques
    {_TABLES} AND {_HAS_TENANT}"""
GLOBAL = f"SELECT c.relname {_TABLES} AND NOT {_HAS_TENANT}"


async def test_every_tenant_table_is_behind_a_forced_wall(admin_db: Database) -> None:
    tables = await admin_db.pool.fetch(TENANT)
    assert len(tables) > 15
    assert not [
        table["relname"] for table in tables if not (table["walled"] and table["policies"] == 1 and table["filled"])
    ]


async def test_every_unique_index_of_a_tenant_table_starts_with_the_tenant(admin_db: Database) -> None:
    tables = await admin_db.pool.fetch(TENANT)
    found = [index for table in tables for index in table["uniques"] if not re.search(r"\(tenant_id\b", index)]
    assert not found, "another tenant's value could be felt as a refusal"


async def test_every_table_above_the_tenants_is_a_written_decision(admin_db: Database) -> None:
    tables = {row["relname"] for row in await admin_db.pool.fetch(GLOBAL)}
    decision = (ROOT / "docs/decisions/0001-tenancy-in-two-walls.md").read_text()
    assert tables
    assert not [table for table in sorted(tables) if f"`{table}`" not in decision]
