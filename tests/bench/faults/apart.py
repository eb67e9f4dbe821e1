"""One cell by itself: in a process of its own, on a database of its own."""

import asyncio
import time

import asyncpg

from app.kit.embedded import Dsns
from tests.bench.faults import cells
from tests.bench.fresh import make


def attempt(cell: cells.Cell, dsns: Dsns, name: str, until: float) -> cells.Outcome | None:
    """None when it would begin too late. `until`: monotonic seconds, which processes of a machine share."""
    return asyncio.run(_run(cell, dsns, name)) if time.monotonic() < until else None


async def _run(cell: cells.Cell, dsns: Dsns, name: str) -> cells.Outcome:
    """On a fresh copy of the database."""
    own = dsns.of(name)
    server = await asyncpg.connect(dsns.of("postgres").admin)
    try:
        await make(dsns, name, template="lockyard")
        try:
            return await cells.run(cell, own)
        finally:
            await server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await server.close()
