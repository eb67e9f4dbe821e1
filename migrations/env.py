"""Runs the steps as the schema's owner: one at a time, one transaction each, never waiting long for a lock."""

import asyncio

from alembic import context
from alembic.operations import MigrationScript, ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from migrations.models import load_tables
from migrations.walls import Wall

# Any fixed number: two migrations at once wait for each other instead of half-working.
ADVISORY_LOCK = 7_205_611_331
# A step that needs longer says so itself with SET LOCAL; none may hold up the writers while it waits for a lock.
LOCK_TIMEOUT, STATEMENT_TIMEOUT = "5s", "120s"

tables = load_tables()


def _with_walls(_context: MigrationContext, _revision: object, directives: list[MigrationScript]) -> None:
    """A table that autogenerate finds new gets its wall and grants in the same step."""
    for script in directives:
        upgrade = script.upgrade_ops
        if upgrade is None:
            continue
        made = [found.table_name for found in upgrade.ops if isinstance(found, ops.CreateTableOp)]
        walls = [Wall.of(name, tables.tables[name].info) for name in made]
        upgrade.ops.extend(walls)


def _ignored(_object: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
    return not (kind == "table" and name == "alembic_version")


def _migrate(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=tables,
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
        include_object=_ignored,
        process_revision_directives=_with_walls,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _connect_and_migrate() -> None:
    engine = create_async_engine(context.config.attributes["url"], poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_migrate)
    finally:
        await engine.dispose()


asyncio.run(_connect_and_migrate())
