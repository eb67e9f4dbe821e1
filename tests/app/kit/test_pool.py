import asyncio

from app.kit.db import Database
from app.kit.embedded import Dsns


async def test_who_is_cancelled_while_giving_a_connection_back_takes_it_from_nobody(dsns: Dsns) -> None:
    db = await Database.connect(dsns.app, size=3, light=True)

    async def use() -> None:
        async with db.pool.acquire() as conn:
            await conn.fetch("SELECT pg_sleep(0.05)")

    for wait in (0.0, 0.02, 0.05, 0.051, 0.052, 0.055):
        tasks = [asyncio.create_task(use()) for _ in range(3)]
        await asyncio.sleep(wait)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(5):
        await asyncio.gather(*(use() for _ in range(6)))
    await db.close()


async def test_a_transaction_left_open_does_not_reach_who_comes_next(dsns: Dsns) -> None:
    db = await Database.connect(dsns.app, size=1, light=True)
    async with db.pool.acquire() as conn:
        await conn.execute("BEGIN")
        await conn.execute("SET LOCAL app.tenant_id = 'x'")
    async with db.pool.acquire() as conn:
        assert not conn.is_in_transaction()
        assert not await conn.fetchval("SELECT current_setting('app.tenant_id', true)")
    await db.close()
