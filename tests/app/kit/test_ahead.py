import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import bindparam, text

from app.kit.ahead import Ahead
from app.kit.db import Act, Database, Statement
from app.kit.tables import Json, Time, Uuid

WALL = "SELECT current_setting('app.tenant_id', true) || current_setting('app.organization_id', true)"
FAILS = "DO $$ BEGIN RAISE division_by_zero; END $$"


async def backend(act: Act) -> int:
    found: int = await act.conn.fetchval("SELECT pg_backend_pid()")
    return found


async def test_an_act_begins_behind_its_wall_and_leaves_nothing_in_the_connection(app_db: Database) -> None:
    tenants, organization = (uuid4(), uuid4()), uuid4()
    async with app_db.act(tenants, organization) as act:
        assert await act.conn.fetchval(WALL) == ",".join(map(str, tenants)) + str(organization)
        assert act.conn.is_in_transaction()
    async with app_db.pool.acquire() as conn:
        assert not conn.is_in_transaction()
        assert not await conn.fetchval(WALL)


async def test_what_is_put_ahead_is_read_as_the_types_of_its_parameters(admin_db: Database) -> None:
    inner = uuid4()
    given: dict[str, Any] = {"a": uuid4(), "b": datetime.now(UTC), "c": {"x": [1, None], "id": inner}}
    given |= {"d": None, "e": "ü'\\", "f": 7}
    kinds: dict[str, Any] = {"a": Uuid, "b": Time, "c": Json}
    row = text("INSERT INTO kept SELECT :a, :b, :c, CAST(:d AS text), CAST(:e AS text), CAST(:f AS int)")
    put = Statement(row.bindparams(*(bindparam(name, type_=kind) for name, kind in kinds.items())))
    async with admin_db.act(()) as act:
        await act.conn.execute("CREATE TEMP TABLE kept (a uuid, b timestamptz, c jsonb, d text, e text, f int)")
        for _ in range(2):
            act.ahead.put(put, **given)
        rows = await act.conn.fetch("SELECT * FROM kept")
        assert [dict(each) for each in rows] == [given | {"c": {"x": [1, None], "id": str(inner)}}] * 2
        await act.conn.fetch("DROP TABLE kept")


async def test_nothing_behind_a_failure_is_done_and_the_next_statement_tells(app_db: Database) -> None:
    ran = []

    async def fail() -> None:
        async with app_db.act(()) as act:
            act.ahead.say(FAILS)
            ran.append(await act.conn.fetchval("SELECT 1"))

    with pytest.raises(asyncpg.DivisionByZeroError):
        await fail()
    assert not ran
    async with app_db.act(()) as act:
        assert await act.conn.fetchval("SELECT 1") == 1


@pytest.mark.parametrize("kind", ["said", "done"])
async def test_a_failure_unheard_until_the_end_is_raised_there_and_the_connection_stays_good(
    app_db: Database, kind: str
) -> None:
    before = []

    async def fail() -> None:
        async with app_db.act(()) as act:
            before.append(await backend(act))
            act.ahead.say(FAILS)
            act.ahead.send()
            if kind == "done":
                raise ValueError("the act itself failed besides")

    with pytest.raises(asyncpg.DivisionByZeroError if kind == "said" else ValueError):
        await fail()
    async with app_db.act(()) as act:
        assert [await backend(act)] == before


async def test_a_statement_put_in_an_act_that_failed_can_be_put_again(app_db: Database) -> None:
    put = Statement(text("SELECT 1 WHERE CAST(:a AS int) <> CAST(:a AS int)"))
    for fails in (True, False, False):
        try:
            async with app_db.act(()) as act:
                if fails:
                    act.ahead.say(FAILS)
                act.ahead.put(put, a=1)
                await act.conn.fetch("SELECT 1")
        except asyncpg.DivisionByZeroError:
            assert fails


async def test_what_is_read_with_the_commit_sees_what_was_committed(app_db: Database) -> None:
    async with app_db.act(()) as act:
        first = await act.conn.fetchval("SELECT pg_current_xact_id()::text")
        row = await act.commit_and_read("SELECT pg_xact_status(CAST(CAST($1 AS text) AS xid8))", [first])
        assert row is not None
        assert row[0] == "committed"
    assert act.ended


async def test_a_cancelled_act_does_not_wait_for_a_server_that_is_busy(app_db: Database) -> None:
    async def sleep() -> None:
        async with app_db.act(()) as act:
            await act.conn.fetch("SELECT pg_sleep(60)")

    task = asyncio.create_task(sleep())
    await asyncio.sleep(0.2)
    task.cancel()
    async with asyncio.timeout(2):
        with pytest.raises(asyncio.CancelledError):
            await task
        async with app_db.act(()) as act:
            assert await act.conn.fetchval("SELECT 1") == 1


async def test_what_has_no_text_is_refused_before_it_is_said(app_db: Database) -> None:
    async with app_db.pool.acquire() as conn:
        with pytest.raises(TypeError):
            Ahead(conn).put(Statement(text("SELECT 1 WHERE CAST(:a AS text) IS NULL AND false")), a=object())
