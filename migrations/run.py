"""Apply, take back, compare and draft migrations, from a connection string of the schema's owner."""

import asyncio
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from migrations.models import load_tables

HEAD, BASE = "head", "base"
_FOLDER = Path(__file__).resolve().parent


def upgrade(dsn: str, revision: str = HEAD) -> None:
    """Blocking, and starts an event loop of its own: from async code call it in a thread."""
    command.upgrade(_config(dsn), revision)


def downgrade(dsn: str, revision: str = BASE) -> None:
    command.downgrade(_config(dsn), revision)


def draft(dsn: str, what: str) -> str:
    """Write a new step from the difference between the code's tables and the migrated database; its path."""
    script: Any = command.revision(_config(dsn), message=what, autogenerate=True)
    return str(script.path)


def revisions() -> list[str]:
    """Every step, oldest first."""
    return [step.revision for step in reversed(list(ScriptDirectory.from_config(_config("")).walk_revisions()))]


def differences(dsn: str) -> list[Any]:
    """What the code's tables have and the database has not, or the other way round; empty is right."""

    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, load_tables()))

    async def connect() -> list[Any]:
        engine = create_async_engine(_url(dsn), poolclass=NullPool)
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(compare)
        finally:
            await engine.dispose()

    return asyncio.run(connect())


def _url(dsn: str) -> str:
    # SQLAlchemy reads a bare postgresql:// as another driver's.
    return make_url(dsn).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def _config(dsn: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s")
    config.set_main_option("timezone", "UTC")
    if dsn:
        config.attributes["url"] = _url(dsn)
    return config
