"""Guessing a pickup code at two web processes, in every shape in which many tries can be sent at once.

`LOCKYARD_E2E_TRIES=2000 pytest tests/app/test_guessing.py --log-cli-level=info` is the full size; it tells figures.
"""

import asyncio
import json
import logging
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.ids import global_id, new_id
from app.kit.seal import Sealer
from app.kit.settings import decode_key, keep_secret_key
from app.stays.model import PickupCodes
from tests.app.rig import make_world
from tests.app.webs import deposited, recipient, webs

log = logging.getLogger("tests.guessing")
TRIES = int(os.environ.get("LOCKYARD_E2E_TRIES", "120"))
A_STAY, AT_ONCE, ALIASES, SOCKETS = 5, 16, 20, 8
ONE = "mutation($i: CollectInput!) { collect(input: $i) { __typename ... on Error { message } } }"
WRONG, LOCKED = "This is not the pickup code.", "Too many wrong codes: try again later."


@dataclass
class Target:
    """Four stays at one bank, their codes, the addresses of two web processes, and four sessions of the recipient."""

    stays: list[UUID]
    codes: list[str]
    urls: list[str]
    sessions: list[str]
    admin: Database


@pytest.fixture(scope="module")
async def target(admin_db: Database, dsns: Dsns, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Target]:
    folder: Path = tmp_path_factory.mktemp("guessing")
    world = await make_world(admin_db, doors=4)
    codes = PickupCodes.of(Sealer.of(decode_key(keep_secret_key(folder))))
    stays, known = [new_id() for _ in range(4)], [codes.fresh() for _ in range(4)]
    for stay, code, door in zip(stays, known, world.doors, strict=True):
        hashed, _ = codes.keep(stay, world.bank, code)
        await deposited(admin_db, world, door, hashed, stay)
    sessions = await recipient(admin_db, world, 4)
    with webs(dsns.app, folder, 2) as running:
        yield Target(stays, known, [url for _, url in running], sessions, admin_db)


def guesses(code: str, chance: random.Random) -> Iterator[str]:
    """Wrong ones, TRIES of them."""
    for _ in range(TRIES):
        guess = f"{chance.randrange(10**8):08}"
        yield guess if guess != code else "99999999"


def given(stay: UUID, code: str) -> dict[str, str]:
    return {"idempotencyKey": new_id().hex, "stayId": global_id("Stay", stay), "pickupCode": code}


def told(data: dict[str, Any] | None) -> Counter[str]:
    return Counter(str(one.get("message", one["__typename"])) for one in (data or {}).values() if one)


async def by_turns(works: list[Coroutine[Any, Any, Counter[str]]]) -> Counter[str]:
    """All of them, some at once."""
    gate, said = asyncio.Semaphore(AT_ONCE), Counter[str]()

    async def one(work: Coroutine[Any, Any, Counter[str]]) -> None:
        async with gate:
            said.update(await work)

    await asyncio.gather(*(one(work) for work in works))
    return said


async def post(client: httpx.AsyncClient, url: str, secret: str, body: object) -> Counter[str]:
    answer = await client.post(f"{url}/graphql", json=body, headers={"authorization": f"Bearer {secret}"})
    return told(answer.json().get("data")) if answer.status_code == 200 else Counter([str(answer.status_code)])


async def aliases(target: Target, client: httpx.AsyncClient, stay: UUID, codes: list[str]) -> Counter[str]:
    """Twenty guesses in one document."""

    def document(some: list[str]) -> dict[str, object]:
        names = [f"i{n}" for n in range(len(some))]
        asked = " ".join(f"{n}: collect(input: ${n}) {{ __typename ... on Error {{ message }} }}" for n in names)
        head = ", ".join(f"${n}: CollectInput!" for n in names)
        variables = {n: given(stay, code) for n, code in zip(names, some, strict=True)}
        return {"query": f"mutation({head}) {{ {asked} }}", "variables": variables}

    bodies = [document(codes[at : at + ALIASES]) for at in range(0, len(codes), ALIASES)]
    return await by_turns([post(client, target.urls[0], target.sessions[0], body) for body in bodies])


async def batches(target: Target, client: httpx.AsyncClient, stay: UUID, codes: list[str]) -> Counter[str]:
    """Arrays of requests in one body, and the same guesses again as requests side by side."""
    single = [{"query": ONE, "variables": {"i": given(stay, code)}} for code in codes]
    arrays = [single[at : at + ALIASES] for at in range(0, len(single), ALIASES)]
    url, secret = target.urls[0], target.sessions[0]
    refused = await by_turns([post(client, url, secret, body) for body in arrays])
    assert set(refused) == {"400"}
    return await by_turns([post(client, url, secret, body) for body in single])


async def sockets(target: Target, _: httpx.AsyncClient, stay: UUID, codes: list[str]) -> Counter[str]:
    """Eight sockets at both processes, opened again when one is closed for too many messages."""

    async def one(url: str, mine: list[str]) -> Counter[str]:
        said = Counter[str]()
        while mine:
            made = connect(f"{url.replace('http', 'ws')}/graphql", subprotocols=[Subprotocol("graphql-transport-ws")])
            async with made as socket:
                token = {"Authorization": f"Bearer {target.sessions[0]}"}
                await socket.send(json.dumps({"type": "connection_init", "payload": token}))
                await socket.recv()
                try:
                    await some(socket, mine, said)
                except ConnectionClosed:
                    continue
        return said

    async def some(socket: Any, mine: list[str], said: Counter[str]) -> None:
        now = mine[-40:]
        for number, code in enumerate(now):
            payload = {"query": ONE, "variables": {"i": given(stay, code)}}
            await socket.send(json.dumps({"id": str(number), "type": "subscribe", "payload": payload}))
        waiting = len(now)
        while waiting:
            message = json.loads(await socket.recv())
            waiting -= message["type"] in {"complete", "error"}
            said.update(told(message["payload"]["data"]) if message["type"] == "next" else [])
        del mine[-40:]

    works = [one(target.urls[n % 2], codes[n::SOCKETS]) for n in range(SOCKETS)]
    return sum(await asyncio.gather(*works), Counter[str]())


async def keys(target: Target, client: httpx.AsyncClient, stay: UUID, codes: list[str]) -> Counter[str]:
    """Every session at every process."""
    works = [
        post(client, target.urls[n % 2], target.sessions[n % 4], {"query": ONE, "variables": {"i": given(stay, code)}})
        for n, code in enumerate(codes)
    ]
    return await by_turns(works)


SHAPES: list[Callable[[Target, httpx.AsyncClient, UUID, list[str]], Coroutine[Any, Any, Counter[str]]]]
SHAPES = [aliases, batches, sockets, keys]


@pytest.mark.parametrize("shape", range(4), ids=[each.__name__ for each in SHAPES])
async def test_guessing_gets_five_looks_at_a_code_whatever_the_shape(target: Target, shape: int) -> None:
    stay, code = target.stays[shape], target.codes[shape]
    began = time.monotonic()
    async with httpx.AsyncClient(timeout=60) as client:
        said = await SHAPES[shape](target, client, stay, list(guesses(code, random.Random(shape))))
        for url in target.urls:
            said += await post(client, url, target.sessions[1], {"query": ONE, "variables": {"i": given(stay, code)}})
    log.info("%s: %d tries in %.1f s, %s", SHAPES[shape].__name__, TRIES, time.monotonic() - began, dict(said))
    assert said[LOCKED] >= TRIES + 2 - A_STAY
    assert set(said) <= {WRONG, LOCKED}, "nothing was found, not even by the right code"
    assert said[WRONG] == A_STAY
    commands = await target.admin.pool.fetchval("SELECT count(*) FROM command WHERE stay_id = $1", stay)
    assert commands == 0


async def test_a_bank_counts_for_all_its_doors(target: Target) -> None:
    """Four stays had five tries each: a fifth door of the bank gets none."""
    kept = await target.admin.pool.fetch("SELECT cardinality(moments) AS tries FROM guess_window")
    assert sorted(row["tries"] for row in kept) == [5, 5, 5, 5, 20, 20]
