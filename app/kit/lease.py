"""One process at a time: session advisory locks, released by the server the moment their holder dies."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.kit.db import Conn, Database
from app.kit.pause import pause

_AGAIN_SECONDS = 0.25


def lock_key(name: str) -> int:
    """A bigint of ours for a name."""
    return int.from_bytes(hashlib.sha256(f"lockyard:{name}".encode()).digest()[:8], "big", signed=True)


@asynccontextmanager
async def lease(db: Database, name: str, stop: asyncio.Event) -> AsyncIterator[Conn | None]:
    """Wait for the lock and hold it with a connection; None when `stop` came first. Work of the holder runs on the
    yielded connection: when it breaks, lock and work end together."""
    key = lock_key(name)
    while not stop.is_set():
        async with db.pool.acquire() as conn:
            if await conn.fetchval("SELECT pg_try_advisory_lock($1)", key):
                try:
                    yield conn
                finally:
                    if not conn.is_closed():
                        await conn.execute("SELECT pg_advisory_unlock($1)", key)
                return
        await pause(stop, _AGAIN_SECONDS)
    yield None


async def free(conn: Conn, name: str) -> bool:
    """Whether nobody holds it at this moment. Within a transaction, which is to end soon."""
    return bool(await conn.fetchval("SELECT pg_try_advisory_xact_lock($1)", lock_key(name)))
