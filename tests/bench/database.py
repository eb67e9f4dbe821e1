"""The benchmark's own embedded PostgreSQL, kept between runs; filled on first use, migrated when steps were added."""

import asyncio
import hashlib
import json
from pathlib import Path

import asyncpg

from app.kit.embedded import Dsns, EmbeddedPostgres
from migrations import run
from tests.bench.fill import SCALES, fill

ROOT = Path(__file__).resolve().parents[2] / "var" / "bench"
_STEPS = Path(run.__file__).parent / "versions"


def start(scale: str) -> tuple[EmbeddedPostgres, Dsns]:
    """A running server whose database holds the portfolio of `scale`."""
    server = EmbeddedPostgres(ROOT / scale)
    known, taken = server.folder / "steps.json", steps()
    if known.exists() and not goes_on(json.loads(known.read_text()), taken):
        raise SystemExit(f"{server.folder} was filled by steps that have changed since; remove it, it is filled again")
    dsns = server.start()
    run.upgrade(dsns.owner)
    known.write_text(json.dumps(taken, indent=1))
    asyncio.run(fill(dsns.admin, SCALES[scale]))
    asyncio.run(_peers_functions(dsns))
    return server, dsns


def steps() -> dict[str, str]:
    """Every migration step as it stands today: its file and what is in it."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(_STEPS.glob("*.py"))}


def goes_on(before: dict[str, str], after: dict[str, str]) -> bool:
    """Whether `after` is `before` with nothing but steps added: then a kept database need not be filled again."""
    return before.items() <= after.items()


async def _peers_functions(dsns: Dsns) -> None:
    """What a PostGraphile user would write by hand: computed columns and the reserve and release functions."""
    conn = await asyncpg.connect(dsns.admin)
    try:
        await conn.execute((Path(__file__).parent / "peers" / "functions.sql").read_text())
    finally:
        await conn.close()
