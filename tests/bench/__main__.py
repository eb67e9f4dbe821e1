"""`make bench`: reads and the mutation beside PostGraphile, graphql-yoga and Strawberry + ORM, in one run."""

import argparse
import asyncio
import json
import statistics
import subprocess
from collections import defaultdict
from contextlib import ExitStack
from typing import Any

import asyncpg
from argon2 import PasswordHasher
from rich.console import Console
from rich.table import Table

from app.kit.embedded import Dsns
from tests.bench import database, documents
from tests.bench.documents import Read
from tests.bench.fill import ACCOUNT, SCALES, Scale
from tests.bench.peers import NODE_PEERS, PASSWORD, Peer, install, node, peers, running, sign_in

console = Console(width=150)
Figures = dict[str, dict[str, list[dict[str, float]]]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--scale", choices=list(SCALES), default="full", help="size of the portfolio (filled once, kept)"
    )
    parser.add_argument("--seconds", type=float, default=5, help="measured seconds for each cell and repeat")
    parser.add_argument("--repeats", type=int, default=3, help="interleaved repeats; the median counts")
    parser.add_argument("--clients", type=int, default=16, help="callers that each wait for their answer")
    parser.add_argument("--only", default="", help="a part of the operations' names, e.g. Q1 or M1")
    options = parser.parse_args()
    install()
    console.print(f"[bold]database[/bold] of scale {options.scale}")
    server, dsns = database.start(options.scale)
    try:
        figures = measure(options, dsns, SCALES[options.scale])
    finally:
        server.stop()
    report(figures)


def measure(options: argparse.Namespace, dsns: Dsns, scale: Scale) -> Figures:
    asyncio.run(_set_password(dsns))
    home = database.ROOT / "home"
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
        if options.only in "M1 reserve and release":
            jobs["M1 reserve and release"] = _writes(started, scale)
        for repeat in range(options.repeats):
            for name, by_peer in jobs.items():
                for peer in started:
                    figures[name][peer.name].append(_load(peer, by_peer[peer.name], options))
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
    done = subprocess.run(
        [node(), "load.mjs", json.dumps(given)], check=False, cwd=NODE_PEERS, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"load on {peer.name} failed: {done.stderr[-800:]}")
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def report(figures: Figures) -> None:
    """Median requests per second, and how many times the product's figure is each peer's."""
    for name, by_peer in figures.items():
        table = Table("peer", "requests/s", "p50 ms", "p99 ms", "lockyard is", title=name, title_justify="left")
        ours = statistics.median(one["rps"] for one in by_peer["lockyard"])
        for peer, rows in by_peer.items():
            rps, p50, p99 = (statistics.median(row[key] for row in rows) for key in ("rps", "p50", "p99"))
            table.add_row(peer, f"{rps:,.0f}", f"{p50:.2f}", f"{p99:.2f}", f"{ours / rps:.2f}×")
        console.print(table)


async def _set_password(dsns: Dsns) -> None:
    conn = await asyncpg.connect(dsns.admin)
    await conn.execute("UPDATE account SET password_hash = $2 WHERE id = $1", ACCOUNT, PasswordHasher().hash(PASSWORD))
    await conn.close()


if __name__ == "__main__":
    main()
