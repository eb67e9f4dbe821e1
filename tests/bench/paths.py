"""The two read paths side by side in one process: python -m tests.bench.paths [--scale small]. Answers are compared first."""

import argparse
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import uvloop
from rich.console import Console
from rich.table import Table

from app.kit.db import Database
from app.kit.embedded import Dsns
from schema.catalogue import CATALOGUE
from schema.documents import Document, Documents
from schema.engine import Request
from schema.execution import CompiledEngine
from schema.loaders import Reader
from schema.plain import Plain
from schema.plain import run as run_plain
from schema.schema import build_schema
from schema.viewing import view_of
from tenants.model import Actor, ActorKind, OrganizationKind, Role
from tenants.policy import ROLES
from tests.bench import database, documents
from tests.bench.fill import ACCOUNT, MEMBERSHIP, SCALES, TENANT
from tests.schema.reading.conftest import Asker

OWNER = Actor(
    kind=ActorKind.PERSON, account_id=ACCOUNT, label="bench", organization_id=TENANT,
    organization_kind=OrganizationKind.OPERATOR, role=Role.OWNER, permissions=ROLES["OWNER"], all_sites=True, site_ids=(),
    tenants=(TENANT,), membership_id=MEMBERSHIP,
)  # fmt: skip
QUESTIONS = {"board": documents.BOARD, "nested": documents.NESTED}
Path = Callable[[Document, Request], Awaitable[bytes]]


def paths(db: Database) -> dict[str, Path]:
    engine, asker = CompiledEngine(build_schema(), db, mutations={}), Asker(OWNER)

    async def compiled(document: Document, request: Request) -> bytes:
        caller: Any = asker
        return await engine.run(document, request, caller, "bench")

    async def plain(document: Document, request: Request) -> bytes:
        async with db.tenant(OWNER.tenants, OWNER.organization_id) as conn:
            reader = Reader(CATALOGUE, conn, view_of(OWNER), {})
            found = await run_plain(build_schema(), document.ast, None, request.variables, Plain(reader, {}))
        return orjson.dumps({"data": found.data})

    return {"compiled": compiled, "plain": plain}


async def measured(path: Path, document: Document, request: Request, seconds: float) -> tuple[float, float]:
    """Requests a second, and milliseconds of this process's CPU for each, one caller waiting for each answer."""
    count, began, used = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        await path(document, request)
        count += 1
    return count / (time.perf_counter() - began), (time.process_time() - used) / count * 1000


async def compare(dsns: Dsns, seconds: float, repeats: int) -> None:
    db = await Database.connect(dsns.app, size=4, light=True)
    table = Table("question", "path", "requests/s", "CPU ms", "bytes")
    loaded, both = Documents(build_schema()), paths(db)
    for name, text in QUESTIONS.items():
        document, request = await loaded.load(text), Request(text)
        answers = {path: await run(document, request) for path, run in both.items()}
        assert answers["compiled"] == answers["plain"], f"{name}: the paths differ"
        figures: dict[str, list[tuple[float, float]]] = {path: [] for path in both}
        for _ in range(repeats):
            for path, run in both.items():
                figures[path].append(await measured(run, document, request, seconds))
        for path, found in figures.items():
            rate, used = (statistics.median(column) for column in zip(*found, strict=True))
            table.add_row(name, path, f"{rate:,.1f}", f"{used:,.2f}", f"{len(answers[path]):,}")
    Console().print(table)
    await db.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", choices=list(SCALES), default="small")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    server, dsns = database.start(given.scale)
    try:
        uvloop.run(compare(dsns, given.seconds, given.repeats))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
