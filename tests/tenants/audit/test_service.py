import time
from pathlib import Path
from uuid import UUID

import pytest

from app.kit.clock import utc_now
from app.kit.db import Conn, Database
from app.kit.ids import new_id
from tenants.audit.model import Entry
from tenants.audit.service import CHECKPOINT_FILE, Checkpoints, Signer, erase, seal
from tenants.identity.service import Caller
from tests.tenants import world

pytestmark = pytest.mark.anyio
SIGNER = Signer.derived(b"k" * 32)


async def owner(admin_db: Database, app_db: Database) -> Caller:
    async with admin_db.plain() as conn:
        member = await world.member(conn, await world.organization(conn, "OPERATOR", "North"), "OWNER")
    return await world.caller(admin_db, app_db, member)


async def act(app_db: Database, caller: Caller, count: int = 1, **values: object) -> None:
    async with world.context(app_db, caller).begin() as work:
        for n in range(count):
            given = {
                "details": {"n": n, "ã": ["é", None, {"z": 1, "a": True}]},
                "personal": {"name": f"Ana {n}"},
            } | values
            work.audit(Entry("test:act", "Thing", **given))  # type: ignore[arg-type]


async def waiting(conn: Conn, tenant: UUID) -> list[UUID]:
    rows = await conn.fetch("SELECT audit_id FROM outbox WHERE tenant_id = $1 ORDER BY id", tenant)
    return [row["audit_id"] for row in rows]


async def seal_all(admin_db: Database, worker_db: Database, tenant: UUID) -> int:
    async with admin_db.plain() as conn:
        ids = await waiting(conn, tenant)
        await conn.execute("DELETE FROM outbox WHERE tenant_id = $1", tenant)
    async with worker_db.tenant([tenant]) as conn:
        await seal(conn, {tenant: ids})
    return len(ids)


async def test_entries_are_sealed_densely_in_the_order_given(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    caller = await owner(admin_db, app_db)
    tenant = caller.actor.organization_id
    for _ in range(3):
        await act(app_db, caller, 5)
        await seal_all(admin_db, worker_db, tenant)
    async with admin_db.plain() as conn:
        rows = await conn.fetch("SELECT * FROM audit_seal WHERE tenant_id = $1 ORDER BY sequence", tenant)
        head = await conn.fetchrow("SELECT * FROM audit_head WHERE tenant_id = $1", tenant)
    assert [row["sequence"] for row in rows] == list(range(1, 16))
    assert (head["sequence"], head["hash"]) == (15, rows[-1]["hash"])
    assert len({row["hash"] for row in rows}) == 15


async def test_several_tenants_are_sealed_in_one_go(app_db: Database, worker_db: Database, admin_db: Database) -> None:
    callers = [await owner(admin_db, app_db) for _ in range(3)]
    tenants = [caller.actor.organization_id for caller in callers]
    for caller in callers:
        await act(app_db, caller, 2)
    async with admin_db.plain() as conn:
        given = {tenant: await waiting(conn, tenant) for tenant in tenants}
    async with worker_db.tenant(tenants) as conn:
        await seal(conn, given)
    async with admin_db.plain() as conn:
        found = await conn.fetch("SELECT sequence FROM audit_head WHERE tenant_id = ANY ($1)", tenants)
    assert [row["sequence"] for row in found] == [2, 2, 2]


async def test_an_entry_that_is_not_there_seals_nothing(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    caller = await owner(admin_db, app_db)
    tenant = caller.actor.organization_id
    await act(app_db, caller)
    async with admin_db.plain() as conn:
        ids = await waiting(conn, tenant)
    with pytest.raises(LookupError):
        async with worker_db.tenant([tenant]) as conn:
            await seal(conn, {tenant: [*ids, new_id()]})
    async with admin_db.plain() as conn:
        assert await conn.fetchval("SELECT count(*) FROM audit_seal WHERE tenant_id = $1", tenant) == 0


async def test_no_entry_is_sealed_twice(app_db: Database, worker_db: Database, admin_db: Database) -> None:
    import asyncpg

    caller = await owner(admin_db, app_db)
    tenant = caller.actor.organization_id
    await act(app_db, caller)
    async with admin_db.plain() as conn:
        ids = await waiting(conn, tenant)
    async with worker_db.tenant([tenant]) as conn:
        await seal(conn, {tenant: ids})
    with pytest.raises(asyncpg.UniqueViolationError):
        async with worker_db.tenant([tenant]) as conn:
            await seal(conn, {tenant: ids})


async def test_sealing_is_faster_than_writing_one_by_one(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    caller = await owner(admin_db, app_db)
    tenant = caller.actor.organization_id
    start = time.perf_counter()
    for _ in range(300):
        await act(app_db, caller)
    writing = (time.perf_counter() - start) / 300
    await act(app_db, caller, 1700)
    async with admin_db.plain() as conn:
        ids = await waiting(conn, tenant)
    start = time.perf_counter()
    for first in range(0, 2000, 500):
        async with worker_db.tenant([tenant]) as conn:
            await seal(conn, {tenant: ids[first : first + 500]})
    sealing = (time.perf_counter() - start) / 2000
    assert sealing < writing


async def test_a_checkpoint_is_signed_once_for_each_growth_and_kept_outside_too(
    app_db: Database, worker_db: Database, admin_db: Database, tmp_path: Path
) -> None:
    caller = await owner(admin_db, app_db)
    tenant = caller.actor.organization_id
    await act(app_db, caller, 3)
    await seal_all(admin_db, worker_db, tenant)
    checkpoints = Checkpoints(worker_db, SIGNER, tmp_path, utc_now)
    assert await checkpoints.run() >= 1
    assert await checkpoints.run() == 0
    lines = [line for line in (tmp_path / CHECKPOINT_FILE).read_text().splitlines() if str(tenant) in line]
    assert len(lines) == 1
    async with admin_db.plain() as conn:
        row = await conn.fetchrow("SELECT * FROM audit_checkpoint WHERE tenant_id = $1", tenant)
    assert (row["sequence"], row["key_id"]) == (3, SIGNER.key_id)
    assert row["signature"].hex() in lines[0]


async def test_erasing_a_person_removes_values_and_keeps_commitments_and_a_record(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    caller = await owner(admin_db, app_db)
    tenant, person, other = caller.actor.organization_id, new_id(), new_id()
    await act(app_db, caller, 2, target_id=person)
    await act(app_db, caller, 1, target_id=other)
    await seal_all(admin_db, worker_db, tenant)
    async with world.context(app_db, caller).begin() as work:
        assert await erase(work, [person], "asked by the person") == 2
    async with admin_db.plain() as conn:
        left = await conn.fetch("SELECT entry_id FROM audit_personal WHERE tenant_id = $1", tenant)
        kept = await conn.fetch("SELECT target_id, commitments FROM audit_entry WHERE tenant_id = $1", tenant)
        record = await conn.fetchval(
            "SELECT count(*) FROM audit_entry WHERE tenant_id = $1 AND action = 'person:manage'", tenant
        )
    assert len(left) == 1
    assert all(row["commitments"]["name"] for row in kept if row["target_id"] in {person, other} and row["commitments"])
    assert record == 1


@pytest.mark.parametrize("table", ["audit_entry", "audit_seal", "audit_checkpoint", "audit_head"])
@pytest.mark.parametrize("change", ["UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_web_process_cannot_change_the_record(app_db: Database, table: str, change: str) -> None:
    import asyncpg

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with app_db.tenant([new_id()]) as conn:
            await conn.execute(change.format(table))


@pytest.mark.parametrize("table", ["audit_entry", "audit_seal", "audit_checkpoint"])
@pytest.mark.parametrize("change", ["UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}"])
async def test_the_worker_cannot_change_what_is_written(worker_db: Database, table: str, change: str) -> None:
    import asyncpg

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with worker_db.tenant([new_id()]) as conn:
            await conn.execute(change.format(table))
