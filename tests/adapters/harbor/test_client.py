import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from adapters import registry
from adapters.harbor.settings import TOKEN_PATH
from app.devices.port import Connection, Unreachable
from tests.adapters.harbor.rig import TOWER, harbor_rig


async def test_who_is_told_to_slow_down_and_not_for_how_long_asks_no_more_for_some_seconds() -> None:
    asked: list[bytes] = []

    async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(busy, "127.0.0.1", 0)
    async with server, harbor_rig() as rig:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        given = {"token_url": f"{rig.connection.base_url}{TOKEN_PATH}"}
        adapter = registry.connect(Connection(uuid4(), "harbor", address, given, rig.connection.secret))
        try:
            with pytest.raises(Unreachable) as told:
                await adapter.read_bank(TOWER)
        finally:
            await adapter.close()
    assert (len(asked), told.value.retry_after) == (1, timedelta(seconds=5))


async def test_a_token_that_drips_is_not_waited_for_without_end() -> None:
    async with harbor_rig(read_seconds=0.5) as rig:
        rig.world.faults.add({"kind": "drip", "where": "test-token", "ms": 300})
        check = next(check for check in rig.adapter.checks(None) if check.name == "token")
        async with asyncio.timeout(3):
            with pytest.raises(Unreachable):
                await check.run()
