"""A CSV export made by the product's own job, beside `psql \\copy` of the same rows: rows a second, and memory at two sizes."""

import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from obstore.store import LocalStore
from rich.console import Console
from rich.table import Table

from app.kit.db import Database, Statement
from app.kit.embedded import Dsns
from app.kit.pgtools import binaries
from app.reports import queries, service
from app.reports.jobs import Exporter
from app.reports.model import CreateExport, ExportFormat, ExportKind, Filter
from schema.catalogue import CATALOGUE
from tenants.audit.service import Signer
from tenants.identity.queries import MEMBER, actor_of
from tenants.model import Actor
from tenants.scope import Scope, context_parameters
from tenants.system import system_context
from tenants.work import Context
from tests.bench.fill import MEMBERSHIP, TENANT

# Minutes of stays: the second span holds twenty times as many rows as the first.
SPANS = (10, 200)


async def asker(db: Database) -> Actor:
    async with db.pool.acquire() as conn:
        row = await MEMBER.row(conn, membership_id=MEMBERSHIP, now=datetime.now().astimezone())
    assert row is not None, "the filled portfolio has one member"
    return actor_of(row)


async def latest(dsns: Dsns) -> datetime:
    conn = await asyncpg.connect(dsns.admin)
    try:
        found: datetime = await conn.fetchval(
            "SELECT max(created_at) FROM stay WHERE tenant_id = $1 AND state = 'DEPOSITED'", TENANT
        )
        return found
    finally:
        await conn.close()


async def make(dsns: Dsns, until: datetime, minutes: int, home: Path) -> dict[str, float]:
    """In a process of its own: one export from asking to its manifest, and the most memory it took."""
    app, worker = await Database.connect(dsns.app, size=2), await Database.connect(dsns.worker, size=2)
    actor = await asker(app)
    asked = Filter(since=until - timedelta(minutes=minutes), until=until)
    async with Context(app, actor, request_id="bench", origin="bench").begin() as work:
        await service.create_export(work, CreateExport(ExportKind.STAYS, ExportFormat.CSV, asked))

    def system(tenant: UUID) -> Context:
        return system_context(worker, tenant)

    files = LocalStore(home / "files", mkdir=True)
    exporter = Exporter(
        app, worker, system, CATALOGUE, files, home / "spool", Signer.derived(b"bench" * 8), timedelta(hours=1)
    )
    began = time.perf_counter()
    made = await exporter.make_waiting()
    seconds = time.perf_counter() - began
    async with app.tenant([TENANT]) as conn:
        row = await conn.fetchrow("SELECT state, rows, bytes FROM export ORDER BY created_at DESC, id DESC LIMIT 1")
    await app.close()
    await worker.close()
    if made != 1 or row["state"] != "DONE":
        raise SystemExit(f"the export was not made: {dict(row)}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": row["rows"], "bytes": row["bytes"], "seconds": seconds, "peak": peak}


async def text_of(dsns: Dsns, until: datetime, minutes: int) -> str:
    """The product's own SELECT with its values written in, for psql."""
    db = await Database.connect(dsns.app, size=1)
    try:
        actor = await asker(db)
        asked = Filter(since=until - timedelta(minutes=minutes), until=until)
        rows = queries.rows(CATALOGUE, Scope.of(actor), ExportKind.STAYS, ExportFormat.CSV, asked)
        statement = Statement(rows.csv())
        given = statement.arguments({**context_parameters(actor), **rows.values})
        async with db.pool.acquire() as conn:
            return str(await asyncpg.utils._mogrify(conn, statement.text, given)).replace("\n", " ")
    finally:
        await db.close()


def by_psql(dsns: Dsns, text: str, target: Path) -> dict[str, float]:
    script = f"SELECT set_config('app.tenant_id', '{TENANT}', false);\n\\copy ({text}) to '{target}' csv header\n"
    began = time.perf_counter()
    done = subprocess.run(
        [str(binaries() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", dsns.app],
        input=script, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"psql failed: {done.stderr[-500:]}")
    with target.open("rb") as file:
        rows = sum(1 for _ in file) - 1
    return {"rows": rows, "bytes": target.stat().st_size, "seconds": seconds}


def measure(dsns: Dsns, home: Path, console: Console, repeats: int) -> None:
    home.mkdir(parents=True, exist_ok=True)
    until = asyncio.run(latest(dsns))
    text = asyncio.run(text_of(dsns, until, SPANS[1]))
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    small = _child(dsns, until, SPANS[0], home)
    for _ in range(repeats):
        theirs.append(by_psql(dsns, text, home / "psql.csv"))
        ours.append(_child(dsns, until, SPANS[1], home))
    if ours[-1]["rows"] != theirs[-1]["rows"]:
        raise SystemExit(f"{ours[-1]['rows']} rows exported, {theirs[-1]['rows']} by psql")
    table = Table("who", "rows", "rows/s", "peak memory MB", title="CSV export of stays", title_justify="left")
    rates = [statistics.median(one["rows"] / one["seconds"] for one in runs) for runs in (ours, theirs)]
    table.add_row(
        "lockyard, from job to signed manifest", f"{ours[0]['rows']:,.0f}", f"{rates[0]:,.0f}",
        f"{max(one['peak'] for one in ours):.0f} ({small['peak']:.0f} for {small['rows']:,.0f} rows)",
    )  # fmt: skip
    table.add_row("psql \\copy", f"{theirs[0]['rows']:,.0f}", f"{rates[1]:,.0f}", "")
    console.print(table)
    console.print(f"   lockyard is {rates[0] / rates[1]:.2f}× psql")


def _child(dsns: Dsns, until: datetime, minutes: int, home: Path) -> dict[str, Any]:
    given = json.dumps([asdict(dsns), until.isoformat(), minutes, str(home)])
    words = [sys.executable, "-m", "tests.bench.export", given]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=dict(os.environ))
    if done.returncode:
        raise SystemExit(f"the export failed: {done.stderr[-1500:]}")
    return json.loads(done.stdout)  # type: ignore[no-any-return]


if __name__ == "__main__":
    _dsns, _until, _minutes, _home = json.loads(sys.argv[1])
    print(json.dumps(asyncio.run(make(Dsns(**_dsns), datetime.fromisoformat(_until), _minutes, Path(_home)))))
