"""`python -m tests.bench.live`: one alarm to ten thousand subscribers, beside graphql-ws on Node and Strawberry's handler.

Ours is measured whole: a row in the outbox, its place in the sequence, the wake-up, one read behind the tenant wall, one
evaluation with the asker's rights, then the sockets. The others hold one event in memory and send it on.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psutil
from rich.console import Console
from rich.table import Table

from app.kit.bus import PostgresBus
from app.kit.db import Database
from app.kit.embedded import Dsns, EmbeddedPostgres
from app.kit.ids import new_id
from app.kit.sequencer import Sequencer
from app.kit.settings import keep_secret_key
from migrations import run as migrations
from tenants.audit.service import seal
from tenants.identity.model import hash_secret, new_secret
from tests.bench.database import ROOT
from tests.bench.peers import NODE_PEERS, install, node
from tests.schema.reading.population import build
from tests.schema.reading.world import settle

ALARM = "id kind severity detail raisedAt site { name } compartment { label }"
QUERY = f"subscription {{ alarms {{ __typename ... on AlarmEvent {{ cursor kind alarm {{ {ALARM} }} }} }} }}"
_FACT = """INSERT INTO outbox (tenant_id, fact_id, kind, subject_type, subject_id, site_id, occurred_at, source, payload)
VALUES ($1, $2, 'AlarmRepeated', 'Alarm', $3, $4, now(), 'bench', '{}')"""
console = Console(width=150)

Emit = Callable[[], Awaitable[float]]


@dataclass(slots=True)
class Figures:
    """Milliseconds from the event to half of all, 99 of 100, the last; microseconds of CPU; kilobytes."""

    p50: float
    p99: float
    last: float
    cpu: float
    kilobytes: float


@contextmanager
def started(words: list[str], **env: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(words, env=os.environ | env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def said(process: "subprocess.Popen[str]") -> object:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        sys.exit("a process of the benchmark ended early")
    return json.loads(line)


async def measure(server: int, port: int, token: str, emit: Emit, options: argparse.Namespace) -> Figures:
    """`emit` sends one event and gives the moment it counts from."""
    about = psutil.Process(server)
    empty = about.memory_info().rss
    words = [sys.executable, "-m", "tests.bench.live.crowd", str(port), str(options.subscribers), token, QUERY]
    with started(words) as crowd:
        await asyncio.to_thread(said, crowd)
        full, rounds = about.memory_info().rss, list[list[float]]()
        used = sum(about.cpu_times()[:2])
        for _ in range(options.rounds):
            assert crowd.stdin is not None
            crowd.stdin.write("\n")
            crowd.stdin.flush()
            began = await emit()
            came = await asyncio.to_thread(said, crowd)
            assert isinstance(came, list)
            rounds.append([1000 * (moment - began) for moment in came])
            await asyncio.sleep(0.3)
        used = sum(about.cpu_times()[:2]) - used
    p50, p99, last = (statistics.median(column) for column in zip(*rounds, strict=True))
    deliveries = options.rounds * options.subscribers
    return Figures(p50, p99, last, 1e6 * used / deliveries, (full - empty) / 1024 / options.subscribers)


async def ours(options: argparse.Namespace, dsns: Dsns) -> dict[str, Figures]:
    admin, worker = await Database.connect(dsns.admin, size=2), await Database.connect(dsns.worker, size=3)
    secret, tenant, alarm, site = await prepare(admin)
    placed, known = list[float](), asyncio.Event()

    class Noting(PostgresBus):
        async def committed(self, heads: object) -> None:
            if heads:
                placed.append(time.monotonic())
                known.set()

    stop = asyncio.Event()
    sequencing = asyncio.create_task(Sequencer(worker, seal, Noting(dsns.worker)).run(stop))

    async def act() -> float:
        began = time.monotonic()
        await admin.pool.execute(_FACT, tenant, new_id(), alarm, site)
        return began

    async def place() -> float:
        known.clear()
        await act()
        await asyncio.wait_for(known.wait(), 10)
        return placed[-1]

    folder = ROOT / "live-home"
    env = {
        "LOCKYARD_DATA_DIR": str(folder), "LOCKYARD_DATABASE_URL": dsns.app,
        "LOCKYARD_SECRET_KEY": keep_secret_key(folder), "LOCKYARD_LOG_LEVEL": "warning",
    }  # fmt: skip
    figures = {}
    for name, emit in {"lockyard, from the act": act, "lockyard, from its place": place}.items():
        with started([sys.executable, "-m", "app.cli", "serve", "--port", "0"], **env) as server:
            ready = await asyncio.to_thread(said, server)
            assert isinstance(ready, dict)
            figures[name] = await measure(server.pid, ready["port"], secret, emit, options)
    stop.set()
    await sequencing
    await admin.close()
    await worker.close()
    return figures


async def prepare(admin: Database) -> tuple[str, UUID, UUID, UUID]:
    """A small world, its owner's session, and an alarm to tell of."""
    async with admin.pool.acquire() as conn:
        if not await conn.fetchval("SELECT count(*) FROM organization"):
            await settle(conn, build())
            await conn.execute("INSERT INTO fact_head SELECT tenant_id, max(sequence) FROM fact GROUP BY tenant_id")
        world, secret = build(), new_secret("lys_")
        owner = await conn.fetchrow(
            "SELECT m.id, m.organization_id FROM membership m JOIN organization o ON o.id = m.organization_id"
            " WHERE m.role = 'OWNER' AND o.name = 'North'"
        )
        assert owner is not None
        assert world.actors["owner"].membership_id == owner["id"]
        await conn.execute(
            "INSERT INTO login_session (id, membership_id, secret_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
            uuid4(), owner["id"], hash_secret(secret), datetime.now(UTC), datetime.now(UTC) + timedelta(hours=2),
        )  # fmt: skip
        alarm = await conn.fetchrow("SELECT * FROM alarm WHERE tenant_id = $1 LIMIT 1", owner["organization_id"])
        assert alarm is not None
    return secret, owner["organization_id"], alarm["id"], alarm["site_id"]


async def peer(words: list[str], options: argparse.Namespace) -> Figures:
    with started(words) as server:
        ready = await asyncio.to_thread(said, server)
        assert isinstance(ready, dict)
        port = ready["port"]

        async def emit() -> float:
            began = time.monotonic()
            request = urllib.request.Request(f"http://127.0.0.1:{port}/emit", method="POST")
            await asyncio.to_thread(urllib.request.urlopen, request, timeout=60)
            return began

        return await measure(server.pid, port, "anybody", emit, options)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.live", description=__doc__)
    parser.add_argument("--subscribers", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=10, help="alarms sent; the median counts")
    parser.add_argument("--only", default="", help="a part of the servers' names")
    options = parser.parse_args()
    install()
    postgres = EmbeddedPostgres(ROOT / "live")
    try:
        dsns = postgres.start()
        migrations.upgrade(dsns.owner)
        figures: dict[str, Figures] = {}
        if options.only in "lockyard":
            figures |= asyncio.run(ours(options, dsns))
        others = {
            "graphql-ws on Node": [node(), str(NODE_PEERS / "live.mjs")],
            "Strawberry": [sys.executable, "-m", "tests.bench.live.strawberry_server"],
        }
        for name, words in others.items():
            if options.only in name:
                figures[name] = asyncio.run(peer(words, options))
    finally:
        postgres.stop()
    report(figures, options)


def report(figures: dict[str, Figures], options: argparse.Namespace) -> None:
    table = Table(title=f"one alarm to {options.subscribers:,} subscribers, median of {options.rounds}")
    for heading in ("", "p50 ms", "p99 ms", "last ms", "CPU µs a delivery", "kB a connection"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, f in figures.items():
        row = (f"{f.p50:.0f}", f"{f.p99:.0f}", f"{f.last:.0f}", f"{f.cpu:.1f}", f"{f.kilobytes:.0f}")
        table.add_row(name, *row)
    console.print(table)


if __name__ == "__main__":
    main()
