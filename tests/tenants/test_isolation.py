import re
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import ARRAY, CheckConstraint, Column, Table

from app.kit.db import Conn, Database
from app.kit.embedded import Dsns
from app.kit.ids import new_id
from migrations.models import load_tables

pytestmark = pytest.mark.anyio
TABLES = {table.name: table for table in load_tables().tables.values() if table.info["tenant"]}
MINE, THEIRS = new_id(), new_id()
SECRET = "belongs to the other tenant"
WRONG = ["", "x", "*", "%", "' OR 1=1 --", "NULL", "{}", ",", f"{MINE},x", str(new_id())]


def words(table: Table) -> dict[str, str]:
    """A word that each checked column allows."""
    texts = [str(each.sqltext) for each in table.constraints if isinstance(each, CheckConstraint)]
    found = [re.fullmatch(r"(\w+) IN \('(\w+)'.*\)", text) for text in texts]
    return {match[1]: match[2] for match in found if match is not None}


def value(column: Column[Any], known: dict[str, str]) -> Any:
    if column.name in known:
        return known[column.name]
    kind = column.type
    if isinstance(kind, ARRAY):
        return []
    made: dict[type, Any] = {UUID: new_id(), str: SECRET, int: 1, bool: False, float: 1.0, bytes: b"x"}
    return datetime.now(UTC) if kind.python_type is datetime else made.get(kind.python_type, "{}")


async def add_row(conn: Conn, table: Table, tenant: UUID) -> None:
    known = words(table)
    columns = [c for c in table.columns if c.identity is None]
    values = [tenant if c.name == "tenant_id" else value(c, known) for c in columns]
    names = ", ".join(f'"{c.name}"' for c in columns)
    places = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    await conn.execute(f"INSERT INTO {table.name} ({names}) VALUES ({places})", *values)


@pytest.fixture(scope="module", autouse=True)
async def filled(admin_db: Database) -> None:
    """A row of two tenants in every table; foreign keys aside, they are not what is tried here."""
    async with admin_db.plain() as conn:
        await conn.execute("SET LOCAL session_replication_role = replica")
        for table in TABLES.values():
            for tenant in (MINE, THEIRS):
                await add_row(conn, table, tenant)


@pytest.fixture(scope="module", params=["app", "worker"])
async def role(request: pytest.FixtureRequest, dsns: Dsns) -> AsyncIterator[tuple[str, Conn]]:
    conn = await asyncpg.connect(getattr(dsns, request.param))
    yield request.param, conn
    await conn.close()


def grants(name: str, role: str) -> frozenset[str]:
    return frozenset(TABLES[name].info["worker" if role == "worker" else "grants"])


async def try_as(conn: Conn, tenant: str | None, sql: str, *args: object) -> Any:
    """The result, taken back at once."""
    transaction = conn.transaction()
    await transaction.start()
    try:
        if tenant is not None:
            await conn.execute("SELECT set_config('app.tenant_id', $1, true)", tenant)
        return await conn.fetchval(sql, *args)
    finally:
        await transaction.rollback()


REFUSED = (asyncpg.InsufficientPrivilegeError, asyncpg.DataError)


async def allowed(tried: Awaitable[Any]) -> Any:
    """What came back, or 0 where the database refused."""
    try:
        return await tried
    except REFUSED:
        return 0


@pytest.mark.parametrize("name", sorted(TABLES))
async def test_the_web_process_sees_the_rows_of_the_tenant_it_names_and_no_others(dsns: Dsns, name: str) -> None:
    conn = await asyncpg.connect(dsns.app)
    try:
        count = f"SELECT count(*) FROM {name}"
        if "SELECT" not in grants(name, "app"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await try_as(conn, str(MINE), count)
            return
        assert await try_as(conn, str(MINE), count) == 1
        assert await try_as(conn, str(MINE), f"{count} WHERE tenant_id <> $1", MINE) == 0
        assert await try_as(conn, f"{MINE},{THEIRS}", count) == 2
        for wrong in (None, *WRONG):
            assert await allowed(try_as(conn, wrong, count)) == 0, wrong
    finally:
        await conn.close()


@pytest.mark.parametrize("name", sorted(TABLES))
async def test_nobody_changes_removes_or_takes_over_a_foreign_row(role: tuple[str, Conn], name: str) -> None:
    _, conn = role
    for sql in (
        f"WITH x AS (UPDATE {name} SET tenant_id = tenant_id WHERE tenant_id = $1 RETURNING 1) SELECT count(*) FROM x",
        f"WITH x AS (DELETE FROM {name} WHERE tenant_id = $1 RETURNING 1) SELECT count(*) FROM x",
        f"WITH x AS (UPDATE {name} SET tenant_id = $1 RETURNING 1) SELECT count(*) FROM x",
    ):
        assert await allowed(try_as(conn, str(MINE), sql, THEIRS)) == 0, sql


@pytest.mark.parametrize("name", sorted(TABLES))
async def test_nobody_writes_a_row_into_a_foreign_tenant(role: tuple[str, Conn], name: str) -> None:
    _, conn = role
    for tenant in (MINE, None):
        transaction = conn.transaction()
        await transaction.start()
        if tenant is not None:
            await conn.execute("SELECT set_config('app.tenant_id', $1, true)", str(tenant))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await add_row(conn, TABLES[name], THEIRS)
        await transaction.rollback()


@pytest.mark.parametrize("name", sorted(TABLES))
async def test_an_error_carries_no_foreign_value_out(dsns: Dsns, name: str) -> None:
    conn = await asyncpg.connect(dsns.app)
    texts = [c.name for c in TABLES[name].columns if c.type.python_type is str and not isinstance(c.type, ARRAY)]
    try:
        for column in texts if "SELECT" in grants(name, "app") else []:
            for tenant in (None, str(new_id())):
                sql = f"SELECT count(*) FROM {name} WHERE (\"{column}\" || 'x')::int = 0"
                assert await allowed(try_as(conn, tenant, sql)) == 0
    finally:
        await conn.close()


async def test_a_role_cannot_step_over_the_wall(role: tuple[str, Conn]) -> None:
    name, conn = role
    for step in ("SET ROLE postgres", "SET ROLE lockyard_owner", "SET SESSION AUTHORIZATION postgres"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(step)
    seen = "person" if name == "worker" else "stay"
    transaction = conn.transaction()
    await transaction.start()
    await conn.execute("SET LOCAL row_security = off")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await conn.fetchval(f"SELECT count(*) FROM {seen}")
    await transaction.rollback()
    assert not await conn.fetchval("SELECT count(*) FROM pg_stats WHERE schemaname = 'public' AND tablename = 'person'")


async def test_a_carrier_reads_its_grants_of_every_operator_and_nobody_elses(
    app_db: Database, admin_db: Database
) -> None:
    async with admin_db.plain() as conn:
        rows = await conn.fetch("SELECT tenant_id, carrier_id FROM carrier_grant")
    carrier = next(row["carrier_id"] for row in rows if row["tenant_id"] == MINE)
    async with app_db.tenant([], carrier) as conn:
        assert [row["tenant_id"] for row in await conn.fetch("SELECT tenant_id FROM carrier_grant")] == [MINE]
        assert await conn.fetchval("SELECT count(*) FROM stay") == 0
        assert await conn.execute("UPDATE carrier_grant SET max_open_stays = NULL") == "UPDATE 0"
        assert await conn.execute("DELETE FROM carrier_grant") == "DELETE 0"


def test_every_tenant_table_is_tried() -> None:
    assert len(TABLES) > 20
    assert all(
        isinstance(table.c.tenant_id.nullable, bool) and not table.c.tenant_id.nullable for table in TABLES.values()
    )
