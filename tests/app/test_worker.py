"""The background process as a process: it works, hands over, and ends when told."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.settings import keep_secret_key
from tests.app.away import Away
from tests.kit.test_sequencer import drained, write

Start = Callable[[], "subprocess.Popen[str]"]


def environment(app: str, worker: str, folder: Path) -> dict[str, str]:
    return os.environ | {
        "LOCKYARD_DATA_DIR": str(folder),
        "LOCKYARD_WORKER_DATABASE_URL": worker,
        "LOCKYARD_DATABASE_URL": app,
        "LOCKYARD_SECRET_KEY": keep_secret_key(folder),
    }


def spawned(env: dict[str, str], log: Path) -> "subprocess.Popen[str]":
    words = [sys.executable, "-m", "app.cli", "worker"]
    with log.open("w") as errors:
        return subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=errors, text=True)


@pytest.fixture
def start(dsns: Dsns, tmp_path: Path) -> Iterator[Start]:
    running: list[subprocess.Popen[str]] = []
    env = environment(dsns.app, dsns.worker, tmp_path)

    def go() -> "subprocess.Popen[str]":
        process = spawned(env, tmp_path / f"worker{len(running)}.log")
        running.append(process)
        assert process.stdout is not None
        assert json.loads(process.stdout.readline()) == {"ready": "worker"}
        return process

    yield go
    for process in running:
        process.kill()
        process.wait()


def ended(process: "subprocess.Popen[str]", seconds: float = 10) -> int:
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    code = process.wait(seconds)
    assert time.monotonic() - began < seconds
    return code


async def act(db: Database, tenant: UUID) -> None:
    """A fact with an audit entry to seal."""
    entry = uuid4()
    async with db.tenant([tenant]) as conn:
        await conn.execute(
            "INSERT INTO audit_entry (tenant_id, id, occurred_at, actor_kind, actor_label, action, target_type,"
            " outcome, request_id, origin, details)"
            " VALUES ($1, $2, now(), 'PERSON', 'x', 'a:b', 'Site', 'DONE', 'r', 'o', '{}')",
            tenant, entry,
        )  # fmt: skip
    await write(db, tenant, uuid4(), 1, audit=entry)


async def test_it_sequences_and_seals_and_at_the_end_signs_where_the_chains_stand(
    app_db: Database, admin_db: Database, start: Start
) -> None:
    tenant, worker = uuid4(), start()
    for _ in range(5):
        await act(app_db, tenant)
    await drained(admin_db)
    assert await admin_db.pool.fetchval("SELECT sequence FROM fact_head WHERE tenant_id = $1", tenant) == 5
    assert await admin_db.pool.fetchval("SELECT count(*) FROM audit_seal WHERE tenant_id = $1", tenant) == 5
    assert ended(worker) == 0
    signed = await admin_db.pool.fetchval("SELECT max(sequence) FROM audit_checkpoint WHERE tenant_id = $1", tenant)
    assert signed == 5


async def test_a_standby_works_when_the_first_is_killed(app_db: Database, admin_db: Database, start: Start) -> None:
    tenant = uuid4()
    first, second = start(), start()
    await act(app_db, tenant)
    await drained(admin_db)
    first.kill()
    await act(app_db, tenant)
    await drained(admin_db, 5)
    assert await admin_db.pool.fetchval("SELECT sequence FROM fact_head WHERE tenant_id = $1", tenant) == 2
    assert ended(second) == 0


async def test_it_goes_on_when_the_database_cuts_it_off(app_db: Database, admin_db: Database, start: Start) -> None:
    tenant, worker = uuid4(), start()
    for _ in range(4):
        await act(app_db, tenant)
        await admin_db.pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'lockyard_worker'"
            " AND datname = current_database()"
        )
    await drained(admin_db, 5)
    assert worker.poll() is None
    assert await admin_db.pool.fetchval("SELECT sequence FROM fact_head WHERE tenant_id = $1", tenant) == 4
    assert ended(worker) == 0


async def test_it_ends_in_time_while_the_database_is_silent(admin_db: Database, start: Start) -> None:
    """Somebody holds the locks it needs: SIGTERM must not wait for them."""
    worker = start()
    async with admin_db.pool.acquire() as conn, conn.transaction():
        await conn.execute("LOCK TABLE outbox, fact_head, stay, audit_head IN ACCESS EXCLUSIVE MODE")
        time.sleep(1)  # noqa: ASYNC251 - the worker is another process; it shall run into the locks
        assert ended(worker) == 0


async def test_it_waits_for_a_database_that_is_away(
    app_db: Database, admin_db: Database, dsns: Dsns, tmp_path: Path
) -> None:
    away, tenant = Away.of(dsns.worker), uuid4()
    log = tmp_path / "worker.log"
    process = spawned(environment(dsns.app, away.dsn, tmp_path), log)
    try:
        for _ in range(400):
            if "the database does not answer" in log.read_text():
                break
            await asyncio.sleep(0.05)
        assert process.poll() is None, log.read_text()
        await act(app_db, tenant)
        async with away.back():
            await drained(admin_db)
            assert await asyncio.to_thread(ended, process) == 0
    finally:
        process.kill()
        process.wait()
    assert "the database answers again" in log.read_text()
