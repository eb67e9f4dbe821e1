"""An empty, migrated database for one run: what an earlier run left behind is gone, whatever it was."""

import asyncio

import asyncpg

from app.kit.embedded import Dsns
from app.kit.roles import OWNER, database_statements
from migrations import run as migrations


def fresh(server: Dsns, name: str) -> Dsns:
    made = server.of(name)
    asyncio.run(make(server, name))
    migrations.upgrade(made.owner)
    return made


async def make(server: Dsns, name: str, *, template: str = "template1", space: str = "pg_default") -> None:
    """A copy of `template` in the tablespace `space`, in place of what had that name."""
    admin = await asyncpg.connect(server.of("postgres").admin)
    await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await admin.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template} TABLESPACE {space}")
    await admin.close()
    own = await asyncpg.connect(server.of(name).admin)
    for statement in database_statements(name):
        await own.execute(statement)
    await own.close()
