"""The sequencer: dense, in order, once, whatever dies."""

import asyncio
import multiprocessing
import os
import random
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import asyncpg

from app.kit.bus import PostgresBus
from app.kit.db import Conn, Database
from app.kit.embedded import Dsns
from app.kit.ids import new_id
from app.kit.sequencer import Sequencer

_INSERT = """INSERT INTO outbox
(tenant_id, fact_id, kind, subject_type, subject_id, occurred_at, source, payload, audit_id)
SELECT $1, unnest($2::uuid[]), 'DoorOpened', 'Compartment', $3, now(), 'test', $4::jsonb, $5"""


async def no_seal(_conn: Conn, _entries: Mapping[UUID, list[UUID]]) -> None:
    """Where the chain is not the subject of the test."""


async def write(
    db: Database, tenant: UUID, subject: UUID, number: int, count: int = 1, audit: UUID | None = None
) -> None:
    async with db.tenant([tenant]) as conn:
        await conn.execute(_INSERT, tenant, [new_id() for _ in range(count)], subject, {"number": number}, audit)


@asynccontextmanager
async def sequencing(db: Database, dsns: Dsns, seal: object = no_seal) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(Sequencer(db, seal, PostgresBus(dsns.worker)).run(stop))  # type: ignore[arg-type]
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 5)


async def drained(db: Database, seconds: float = 20) -> None:
    ends = asyncio.get_running_loop().time() + seconds
    while await db.pool.fetchval("SELECT count(*) FROM outbox"):
        assert asyncio.get_running_loop().time() < ends
        await asyncio.sleep(0.02)


async def assert_dense(db: Database, tenant: UUID, expected: int) -> None:
    rows = await db.pool.fetch("SELECT sequence FROM fact WHERE tenant_id = $1 ORDER BY sequence", tenant)
    assert [row["sequence"] for row in rows] == list(range(1, expected + 1))
    head = await db.pool.fetchval("SELECT sequence FROM fact_head WHERE tenant_id = $1", tenant)
    assert head == expected


async def test_every_fact_of_many_writers_gets_one_place_without_gaps(
    app_db: Database, worker_db: Database, admin_db: Database, dsns: Dsns
) -> None:
    tenants = [uuid4() for _ in range(3)]

    async def writer(number: int) -> None:
        for step in range(25):
            await write(app_db, tenants[(number + step) % 3], uuid4(), step, count=2)

    async with sequencing(worker_db, dsns):
        await asyncio.gather(*(writer(number) for number in range(12)))
        await drained(admin_db)
    for tenant in tenants:
        await assert_dense(admin_db, tenant, 12 * 25 * 2 // 3)


async def test_the_order_within_a_subject_is_the_order_of_its_acts(
    app_db: Database, worker_db: Database, admin_db: Database, dsns: Dsns
) -> None:
    tenant, subjects = uuid4(), [uuid4() for _ in range(4)]
    locks = {subject: asyncio.Lock() for subject in subjects}
    counts: dict[UUID, int] = defaultdict(int)

    async def act() -> None:
        subject = random.choice(subjects)
        # The lock stands for the row lock that every guarded update takes on its subject.
        async with locks[subject]:
            counts[subject] += 1
            await write(app_db, tenant, subject, counts[subject])

    async with sequencing(worker_db, dsns):
        await asyncio.gather(*(act() for _ in range(200)))
        await drained(admin_db)
    rows = await admin_db.pool.fetch(
        "SELECT subject_id, payload FROM fact WHERE tenant_id = $1 ORDER BY sequence", tenant
    )
    seen: dict[UUID, list[int]] = defaultdict(list)
    for row in rows:
        seen[row["subject_id"]].append(row["payload"]["number"])
    assert seen == {subject: list(range(1, count + 1)) for subject, count in counts.items() if count}


async def test_audit_entries_are_handed_to_the_seal_in_order_and_in_the_same_transaction(
    app_db: Database, worker_db: Database, admin_db: Database, dsns: Dsns
) -> None:
    tenant, sealed = uuid4(), list[UUID]()
    broken = True

    async def seal(conn: Conn, entries: Mapping[UUID, list[UUID]]) -> None:
        assert conn.is_in_transaction()
        if broken:
            raise LookupError("no such entry")
        sealed.extend(entries[tenant])

    audits = [uuid4() for _ in range(5)]
    for number, audit in enumerate(audits):
        await write(app_db, tenant, uuid4(), number, audit=audit)
    async with sequencing(worker_db, dsns, seal):
        await asyncio.sleep(0.3)
        assert await admin_db.pool.fetchval("SELECT count(*) FROM fact WHERE tenant_id = $1", tenant) == 0
        other = uuid4()
        await write(app_db, other, uuid4(), 1)
        await asyncio.sleep(0.3)
        # A tenant whose entries cannot be sealed waits; the others do not.
        await assert_dense(admin_db, other, 1)
        broken = False
        await drained(admin_db)
    assert sealed == audits
    await assert_dense(admin_db, tenant, 5)


async def test_a_standby_takes_over_when_the_holder_loses_its_connection(
    app_db: Database, worker_db: Database, admin_db: Database, dsns: Dsns
) -> None:
    tenant = uuid4()
    standby = await Database.connect(dsns.worker, size=3, name="standby")
    async with sequencing(worker_db, dsns), sequencing(standby, dsns):
        for number in range(10):
            await write(app_db, tenant, uuid4(), number, count=3)
            await admin_db.pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            await asyncio.sleep(random.uniform(0, 0.1))
        await drained(admin_db)
    await standby.close()
    await assert_dense(admin_db, tenant, 30)


async def placed(db: Database, tenants: list[UUID]) -> int:
    return int(await db.pool.fetchval("SELECT count(*) FROM fact WHERE tenant_id = ANY($1)", tenants))


def sequence_until_killed(dsn: str) -> None:
    async def run() -> None:
        db = await Database.connect(dsn, size=3, name="doomed")
        await Sequencer(db, no_seal, PostgresBus(dsn), batch=7).run(asyncio.Event())

    asyncio.run(run())


async def test_kill_9_at_any_moment_loses_and_doubles_nothing(
    app_db: Database, worker_db: Database, admin_db: Database, dsns: Dsns
) -> None:
    tenants, done = [uuid4() for _ in range(4)], asyncio.Event()
    written: dict[UUID, int] = defaultdict(int)

    async def writer() -> None:
        while not done.is_set():
            tenant = random.choice(tenants)
            await write(app_db, tenant, uuid4(), written[tenant], count=3)
            written[tenant] += 3

    writers = [asyncio.create_task(writer()) for _ in range(3)]
    spawn = multiprocessing.get_context("spawn")
    for _ in range(4):
        child = spawn.Process(target=sequence_until_killed, args=(dsns.worker,))
        child.start()
        before, ends = await placed(admin_db, tenants), asyncio.get_running_loop().time() + 60
        while await placed(admin_db, tenants) <= before:
            assert asyncio.get_running_loop().time() < ends
            await asyncio.sleep(0.01)
        await asyncio.sleep(random.uniform(0, 0.05))
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        await asyncio.to_thread(child.join)
    done.set()
    await asyncio.gather(*writers)
    async with sequencing(worker_db, dsns):
        await drained(admin_db)
    for tenant in tenants:
        await assert_dense(admin_db, tenant, written[tenant])


async def test_one_notification_says_where_every_tenant_of_the_batch_is(
    app_db: Database, worker_db: Database, admin_db: Database, dsns: Dsns
) -> None:
    heard: list[str] = []
    listener = await asyncpg.connect(dsns.app)
    await listener.add_listener("lockyard_facts", lambda *said: heard.append(str(said[3])))
    tenants = [uuid4() for _ in range(3)]
    for tenant in tenants:
        await write(app_db, tenant, uuid4(), 1, count=2)
    async with sequencing(worker_db, dsns):
        await drained(admin_db)
        await asyncio.sleep(0.1)
    await listener.close()
    assert len(heard) == 1
    assert sorted(heard[0].split(",")) == sorted(f"{tenant}:2" for tenant in tenants)
