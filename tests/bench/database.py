"""The benchmark's own embedded PostgreSQL, kept between runs; filled on first use."""

import asyncio
from pathlib import Path

import asyncpg

from app.kit.embedded import Dsns, EmbeddedPostgres
from migrations import run
from tests.bench.fill import SCALES, fill

ROOT = Path(__file__).resolve().parents[2] / "var" / "bench"


def start(scale: str) -> tuple[EmbeddedPostgres, Dsns]:
    """A running server whose database holds the portfolio of `scale`."""
    server = EmbeddedPostgres(ROOT / scale)
    dsns = server.start()
    run.upgrade(dsns.owner)
    if run.differences(dsns.owner):
        server.stop()
        raise SystemExit(f"{server.folder} was filled with other tables than today's; remove it, it is filled again")
    asyncio.run(fill(dsns.admin, SCALES[scale]))
    asyncio.run(_peers_functions(dsns))
    return server, dsns


async def _peers_functions(dsns: Dsns) -> None:
    """What a PostGraphile user would write by hand: computed columns and the reserve and release functions."""
    conn = await asyncpg.connect(dsns.admin)
    try:
        await conn.execute((Path(__file__).parent / "peers" / "functions.sql").read_text())
    finally:
        await conn.close()
