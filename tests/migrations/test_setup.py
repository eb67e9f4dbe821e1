import asyncpg
import pytest

from app.kit.embedded import Dsns
from migrations import run
from migrations.setup import SetupError, create

NEW = "fresh_of_setup"


def _renamed(dsns: Dsns) -> Dsns:
    return dsns.of(NEW)


async def test_a_new_server_gets_roles_database_and_schema_and_repeating_changes_nothing(cluster: Dsns) -> None:
    new = _renamed(cluster)
    administrator = cluster.of("postgres").admin
    try:
        for _ in range(2):
            await create(administrator, owner=new.owner, app=new.app, worker=new.worker)
        import anyio

        await anyio.to_thread.run_sync(run.upgrade, new.owner)
        connection = await asyncpg.connect(new.app)
        assert await connection.fetchval("SELECT count(*) FROM site") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE mine (id int)")
        await connection.close()
    finally:
        server = await asyncpg.connect(administrator)
        await server.execute(f"DROP DATABASE IF EXISTS {NEW} WITH (FORCE)")
        await server.close()


async def test_strings_that_name_the_wrong_role_or_two_databases_are_refused_before_anything_is_made(
    cluster: Dsns,
) -> None:
    new = _renamed(cluster)
    administrator = cluster.of("postgres").admin
    with pytest.raises(SetupError, match="lockyard_app names the role 'lockyard_worker'"):
        await create(administrator, owner=new.owner, app=new.worker, worker=new.worker)
    with pytest.raises(SetupError, match="one database"):
        await create(administrator, owner=new.owner, app=cluster.app, worker=new.worker)
    server = await asyncpg.connect(administrator)
    assert not await server.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", NEW)
    await server.close()
