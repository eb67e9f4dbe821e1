"""What the sealed audit log costs: 64 writers whose entries are sealed meanwhile, beside the same writers' plain inserts."""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime

import asyncpg
import uvloop
from rich.console import Console
from rich.table import Table

from app.kit.bus import PostgresBus
from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.ids import new_id
from app.kit.sequencer import Sequencer
from migrations import run
from tenants import record
from tenants.audit.model import Entry
from tenants.audit.service import seal
from tenants.policy import Permission
from tenants.system import system_actor, system_context
from tenants.work import Work, _entry_row
from tests.bench.fill import TENANT
from tests.bench.fresh import make

NAME = "bench_audit"
WRITERS = 64
_PLAIN = f"""INSERT INTO audit_entry ({", ".join(record.ENTRY)}) VALUES ({", ".join(f"${n + 1}" for n in range(len(record.ENTRY)))})"""


async def fresh(dsns: Dsns) -> Dsns:
    """An empty migrated database on the same server."""
    await make(dsns, NAME)
    there = dsns.of(NAME)
    await asyncio.to_thread(run.upgrade, there.owner)
    admin = await asyncpg.connect(there.admin)
    await admin.execute("INSERT INTO organization (id, kind, name) VALUES ($1, 'OPERATOR', 'Bench Estates')", TENANT)
    await admin.close()
    return there


async def drop(dsns: Dsns) -> None:
    admin = await asyncpg.connect(dsns.admin)
    await admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
    await admin.close()


def work_on(conn: object) -> Work:
    return Work(conn, system_actor(TENANT), datetime.now(UTC), new_id().hex, "bench", TENANT)


def entry() -> Entry:
    return Entry(Permission.STAY_CREATE, "Stay", new_id(), details={"size": "S", "compartment": "07"})


async def plainly(db: Database) -> None:
    """As anybody would with this driver: a transaction behind the wall, and one insert in it."""
    async with db.tenant([TENANT]) as conn:
        row, _ = _entry_row(work_on(conn), entry())
        await conn.execute(_PLAIN, *row.values())


async def on_record(db: Database) -> None:
    """As the product does it, from the pool to the commit."""
    async with system_context(db, TENANT).begin() as work:
        work.audit(entry())


async def rate(db: Database, act: object, seconds: float) -> tuple[float, int, float]:
    """Entries a second, how many, and when it began."""
    assert callable(act)
    done, until = 0, time.perf_counter() + seconds

    async def writer() -> None:
        nonlocal done
        while time.perf_counter() < until:
            await act(db)
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(writer() for _ in range(WRITERS)))
    return done / (time.perf_counter() - began), done, began


async def all_sealed(admin: asyncpg.Connection, began: float) -> float:
    """Seconds from the first write until none waits to be sealed."""
    while await admin.fetchval("SELECT EXISTS (SELECT FROM outbox)"):  # noqa: ASYNC110 - another process does it
        await asyncio.sleep(0.02)
    return time.perf_counter() - began


async def compare(dsns: Dsns, seconds: float, repeats: int) -> dict[str, list[float]]:
    there = await fresh(dsns)
    found: dict[str, list[float]] = {"plain": [], "written": [], "sealed": []}
    words = [sys.executable, "-m", "tests.bench.audit", there.worker]
    sequencer = await asyncio.to_thread(subprocess.Popen, words, env=dict(os.environ))
    db, admin = await Database.connect(there.app, size=WRITERS), await asyncpg.connect(there.admin)
    try:
        for round_ in range(repeats + 1):
            plain, _, _ = await rate(db, plainly, seconds)
            written, count, began = await rate(db, on_record, seconds)
            took = await all_sealed(admin, began)
            if round_:  # the first warms
                for name, value in (("plain", plain), ("written", written), ("sealed", count / took)):
                    found[name].append(value)
        seals = await admin.fetchval("SELECT count(*) FROM audit_seal")
        if not seals:
            raise SystemExit("nothing was sealed")
    finally:
        sequencer.terminate()
        await asyncio.to_thread(sequencer.wait, 10)
        await db.close()
        await admin.close()
        await drop(dsns)
    return found


def measure(dsns: Dsns, console: Console, seconds: float, repeats: int) -> None:
    found = uvloop.run(compare(dsns, seconds, repeats))
    middle = {name: statistics.median(values) for name, values in found.items()}
    table = Table("acts of 64 writers", "entries/s", "of plain", title="Sealed audit", title_justify="left")
    table.add_row("plain insert into the same table", f"{middle['plain']:,.0f}", "1.00×")
    table.add_row(
        "entry with its place in the queue", f"{middle['written']:,.0f}", f"{middle['written'] / middle['plain']:.2f}×"
    )
    table.add_row("sealed, until the last is", f"{middle['sealed']:,.0f}", f"{middle['sealed'] / middle['plain']:.2f}×")
    console.print(table)


async def _sequence(dsn: str) -> None:
    db = await Database.connect(dsn, size=3)
    try:
        await Sequencer(db, seal, PostgresBus(dsn)).run(asyncio.Event())
    finally:
        await db.close()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        uvloop.run(_sequence(sys.argv[1]))
