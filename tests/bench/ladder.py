"""Reads and the mutation beside the peers: answers compared first, then repeats that take turns."""

import argparse
import asyncio
import json
import statistics
import subprocess
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from argon2 import PasswordHasher
from rich.console import Console
from rich.table import Table

from app.kit.embedded import Dsns
from tests.bench import documents
from tests.bench.documents import Read
from tests.bench.fill import ACCOUNT, Scale
from tests.bench.peers import NODE_PEERS, PASSWORD, Peer, node, peers, running, sign_in

Figures = dict[str, dict[str, list[dict[str, float]]]]
WRITES = "M1 reserve and release"


def measure(options: argparse.Namespace, dsns: Dsns, scale: Scale, home: Path, console: Console) -> Figures:
    asyncio.run(_set_password(dsns))
    home.mkdir(parents=True, exist_ok=True)
    figures: Figures = defaultdict(lambda: defaultdict(list))
    with ExitStack() as stack:
        started = []
        for number, peer in enumerate(peers(dsns, home)):
            started.append(stack.enter_context(running(peer, home / f"peer-{number}.log")))
            console.print(f"   {peer.name} answers")
        sign_in(started[0])
        wanted = [read for read in documents.reads(scale) if options.only in read.name]
        jobs = {read.name: _reads(started, read, scale) for read in wanted}
        if options.only in WRITES:
            jobs[WRITES] = _writes(started, scale)
        for repeat in range(options.repeats):
            for name, by_peer in jobs.items():
                for peer in started:
                    figures[name][peer.name].append(_load(peer, by_peer[peer.name], options))
                    (home / "figures.json").write_text(json.dumps(figures, indent=1))
                console.print(f"   repeat {repeat + 1}: {name}")
    return figures


def _reads(started: list[Peer], read: Read, scale: Scale) -> dict[str, dict[str, Any]]:
    """What each peer is asked, after every answer was found equal to the first's."""
    bodies: dict[str, dict[str, Any]] = {}
    expected = None
    for peer in started:
        ours = peer.dialect == "ours"
        query, variables = (read.query, dict(read.variables)) if ours else (read.pg_query, dict(read.pg_variables))
        if "$after" in query:
            variables["after"] = _deep_cursor(peer, variables, depth=min(400, scale.audit // scale.sites - 60))
        answer = peer.ask(query, variables)
        if answer.get("errors"):
            raise SystemExit(f"{peer.name} refused {read.name}: {json.dumps(answer['errors'])[:500]}")
        data = answer["data"] if ours else read.from_pg(answer["data"])
        expected = data if expected is None else expected
        if not documents.same(expected, data):
            raise SystemExit(f"{peer.name} answers {read.name} otherwise than {started[0].name}")
        bodies[peer.name] = {"body": {"query": query, "variables": variables}}
    return bodies


def _deep_cursor(peer: Peer, variables: dict[str, Any], depth: int) -> str:
    """The cursor after `depth` entries, as this peer spells it."""
    if peer.dialect != "ours":
        answer = peer.ask(documents.PG_CURSOR, variables | {"first": depth})
        return str(answer["data"]["allAuditEntries"]["edges"][-1]["cursor"])
    after, left = None, depth
    while left > 0:
        query = documents.CURSOR.replace("first: 200", f"first: {min(left, 200)}")
        edges = peer.ask(query, variables | {"after": after})["data"]["audit"]["edges"]
        after, left = edges[-1]["cursor"], left - len(edges)
    return str(after)


def _writes(started: list[Peer], scale: Scale) -> dict[str, dict[str, Any]]:
    """Everybody reserves in one hot bank and lets go again."""
    bodies = {}
    for peer in started:
        if peer.dialect == "ours":
            bodies[peer.name] = {
                "reserve": documents.RESERVE,
                "release": documents.RELEASE,
                "variables": {"bank": documents.gid("Bank", "02", scale.sites * 4)},
                "stayPath": "data.reserveCompartment.id",
                "doorPath": "data.reserveCompartment.compartment.id",
            }
        else:
            bodies[peer.name] = {
                "reserve": documents.PG_RESERVE,
                "release": documents.PG_RELEASE,
                "variables": {"bank": documents.uuid("02", scale.sites * 4)},
                "stayPath": "data.benchReserve.result.stayId",
                "doorPath": "data.benchReserve.result.compartmentId",
            }
    return bodies


def _load(peer: Peer, job: dict[str, Any], options: argparse.Namespace) -> dict[str, float]:
    given = {"url": peer.url, "headers": peer.headers, "clients": options.clients, "seconds": options.seconds} | job
    process = psutil.Process(peer.process)
    before, other = sum(process.cpu_times()[:2]), _others()
    done = subprocess.run(
        [node(), "load.mjs", json.dumps(given)], check=False, cwd=NODE_PEERS, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"load on {peer.name} failed: {done.stderr[-800:]}")
    found: dict[str, float] = json.loads(done.stdout)
    if found["twice"]:
        raise SystemExit(f"{peer.name} gave one compartment to two at once")
    cpu = sum(process.cpu_times()[:2]) - before
    memory = process.memory_info().rss / 1e6
    return found | {"cpu": 1000 * cpu / found["all"], "memory": memory, "others": other}


def _others() -> float:
    """How many runnable tasks shared the machine just before."""
    return float(psutil.getloadavg()[0])


def report(figures: Figures, console: Console) -> None:
    """Medians. A ratio above one means that the product is faster."""
    for name, by_peer in figures.items():
        columns = ("peer", "requests/s", "p50 ms", "p99 ms", "its CPU ms", "memory MB", "lockyard is", "from … to")
        table = Table(*columns, title=name, title_justify="left")
        ours = [one["rps"] for one in by_peer["lockyard"]]
        for peer, rows in by_peer.items():
            middle = {
                key: statistics.median(row[key] for row in rows) for key in ("rps", "p50", "p99", "cpu", "memory")
            }
            # Each repeat against its own neighbour: what else ran on the machine then, ran beside both.
            ratios = [mine / row["rps"] for mine, row in zip(ours, rows, strict=False)]
            table.add_row(
                peer, f"{middle['rps']:,.1f}", f"{middle['p50']:.2f}", f"{middle['p99']:.2f}", f"{middle['cpu']:.2f}",
                f"{middle['memory']:.0f}", f"{statistics.median(ratios):.2f}×", f"{min(ratios):.2f} … {max(ratios):.2f}",
            )  # fmt: skip
        console.print(table)
    loads = [row["others"] for by_peer in figures.values() for rows in by_peer.values() for row in rows]
    if loads:
        console.print(
            f"   load of the machine while measuring: {statistics.median(loads):.1f}, at most {max(loads):.1f}"
        )


async def _set_password(dsns: Dsns) -> None:
    conn = await asyncpg.connect(dsns.admin)
    await conn.execute("UPDATE account SET password_hash = $2 WHERE id = $1", ACCOUNT, PasswordHasher().hash(PASSWORD))
    await conn.close()
