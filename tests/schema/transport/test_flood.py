import asyncio
import json
import time

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.schema.transport.conftest import Toy

MUTE, LIVE, DEAF = 150, 100, 20


def opening(toy: Toy) -> connect:
    return connect(toy.sockets_url, subprotocols=[Subprotocol("graphql-transport-ws")], max_queue=1)


async def subscribed(toy: Toy, query: str) -> ClientConnection:
    socket = await opening(toy)
    await socket.send(json.dumps({"type": "connection_init", "payload": {"Authorization": "Bearer token-a"}}))
    await socket.recv()
    await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}))
    return socket


async def mute(toy: Toy) -> int:
    """Says nothing; the close code it gets."""
    async with opening(toy) as socket:
        try:
            await socket.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006
    return 0


async def live(toy: Toy, seconds: float) -> int:
    """How many messages a reader got."""
    socket = await subscribed(toy, "subscription { doorAlarms { seq } }")
    end, heard = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        await socket.recv()
        heard += 1
    await socket.close()
    return heard


async def waits(toy: Toy, seconds: float) -> list[float]:
    end, found = time.monotonic() + seconds, []
    async with httpx.AsyncClient(headers={"authorization": "Bearer token-a"}) as client:
        while time.monotonic() < end:
            began = time.monotonic()
            assert (await client.post(toy.url, json={"query": "{ __typename }"})).status_code == 200
            found.append(time.monotonic() - began)
            await asyncio.sleep(0.02)
    return found


async def storm(toy: Toy) -> tuple[list[int], list[int], list[float]]:
    deaf = await asyncio.gather(*(subscribed(toy, "subscription { flood(size: 30000) }") for _ in range(DEAF)))
    codes, heard, waited = await asyncio.gather(
        asyncio.gather(*(mute(toy) for _ in range(MUTE))),
        asyncio.gather(*(live(toy, 5) for _ in range(LIVE))),
        waits(toy, 5),
    )
    for socket in deaf:
        socket.transport.abort()
    return codes, heard, waited


def test_mute_and_deaf_sockets_cost_the_others_nothing(toy_apart: Toy) -> None:
    before = toy_apart.peak_memory()
    codes, heard, waited = asyncio.run(storm(toy_apart))
    assert set(codes) == {4408}
    assert min(heard) >= 8
    # The median, because this machine's other work shows in the worst.
    assert sorted(waited)[len(waited) // 2] < 0.1
    assert toy_apart.peak_memory() - before < 100 << 20
    assert toy_apart.facts()[0] == 0
