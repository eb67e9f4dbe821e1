"""Makes the three roles and the database on a server of one's own, once, as its administrator."""

import asyncpg
from sqlalchemy.engine import make_url

from app.kit.roles import APP, OWNER, WORKER, RolePasswords, database_statements, role_statements


class SetupError(Exception):
    """The three connection strings do not fit together. The text says how."""


async def create(administrator: str, *, owner: str, app: str, worker: str) -> None:
    """Roles with the passwords, and the database, that the three connection strings name. Safe to repeat."""
    database, passwords = _named(owner, app, worker)
    await _run(administrator, role_statements(passwords))
    server = await asyncpg.connect(administrator)
    try:
        if not await server.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            # Where the administrator is no superuser, giving a database away takes being a member of the new owner.
            await server.execute(f"GRANT {OWNER} TO CURRENT_USER")
            await server.execute(f"CREATE DATABASE {database} OWNER {OWNER}")
    finally:
        await server.close()
    await _run(administrator, database_statements(database), database)


def _named(owner: str, app: str, worker: str) -> tuple[str, RolePasswords]:
    urls = [make_url(dsn) for dsn in (owner, app, worker)]
    for url, role in zip(urls, (OWNER, APP, WORKER), strict=True):
        if url.username != role:
            raise SetupError(f"the connection string of {role} names the role {url.username!r}")
    if len({url.database for url in urls}) > 1:
        raise SetupError("the three connection strings must name one database")
    database_statements(urls[0].database or "")
    return urls[0].database or "", RolePasswords(*(str(url.password or "") for url in urls))


async def _run(administrator: str, statements: list[str], database: str | None = None) -> None:
    connection = await asyncpg.connect(administrator, **({"database": database} if database else {}))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
