"""asyncpg's pool, for a process whose connections have nothing in them to undo when they go back."""

from typing import Any

import asyncpg


class LightPool(asyncpg.Pool):  # type: ignore[misc]  # asyncpg is not typed
    """Gives a connection back at once, where asyncpg would make a task of it so that no cancellation cuts it short:
    that costs as much as the rest of a small read. Whoever is cancelled meanwhile loses the connection instead."""

    async def release(self, connection: Any, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - its word
        """As asyncpg's, of which it uses what stands behind `release` (read in 0.32)."""
        own = connection._con  # noqa: SLF001 - as the base class does
        if own is None:
            return
        own._on_release()  # noqa: SLF001
        await connection._holder.release(timeout)  # noqa: SLF001


async def _nothing(_: Any) -> None:
    """asyncpg itself has rolled back an open transaction and forgotten listeners before it asks for this."""


def light_pool(dsn: str, **options: Any) -> LightPool:
    """`options` as those of `asyncpg.create_pool`."""
    fixed = {
        "connection_class": asyncpg.Connection, "record_class": asyncpg.Record, "init_size": None,
        "max_queries": 50_000, "max_inactive_connection_lifetime": 300.0,
        "connect": None, "setup": None, "loop": None,
    }  # fmt: skip
    return LightPool(dsn, reset=_nothing, **{**fixed, **options})
