"""One web process under floods of sockets: those that say nothing, those that only listen, those that never read.

`LOCKYARD_E2E_FLOODS=1 pytest tests/app/test_floods.py --log-cli-level=info` is the full size, and tells the figures.
"""

import asyncio
import contextlib
import json
import logging
import os
import re
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import psutil
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.kit.bus import PostgresBus
from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.ids import new_id
from app.kit.sequencer import Sequencer
from tenants.identity.model import hash_secret, new_secret
from tests.app.webs import webs
from tests.kit.test_sequencer import no_seal
from tests.schema.reading.population import build
from tests.schema.reading.world import settle

log = logging.getLogger("tests.floods")
FULL = bool(os.environ.get("LOCKYARD_E2E_FLOODS"))
MUTE, LISTENING, SECONDS, DEAF, RECONNECTS = (500, 300, 15, 20, 100) if FULL else (60, 40, 2, 5, 10)
ALARMS = """subscription($after: String) { alarms(after: $after) {
  __typename ... on AlarmEvent { cursor alarm { id detail } } } }"""
BOARD = "{ sites(first: 20) { edges { node { name openAlarmCount } } } }"
_FACT = """INSERT INTO outbox
(tenant_id, fact_id, kind, subject_type, subject_id, site_id, occurred_at, source, payload)
SELECT $1, unnest($2::uuid[]), 'AlarmRepeated', 'Alarm', $3, $4, clock_timestamp(), 'test', '{}'"""


@dataclass
class Web:
    pid: int
    url: str
    secret: str
    admin: Database
    tenant: UUID
    alarm: UUID
    site: UUID

    async def tell(self, count: int = 1) -> None:
        await self.admin.pool.execute(_FACT, self.tenant, [new_id() for _ in range(count)], self.alarm, self.site)

    def opening(self, **options: object) -> connect:
        url = f"{self.url.replace('http', 'ws')}/graphql"
        given: dict[str, object] = {"ping_interval": None, "open_timeout": 30, **options}
        return connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], **given)  # type: ignore[arg-type]

    async def subscribe(self, made: ClientConnection, after: str | None = None) -> None:
        token = {"Authorization": f"Bearer {self.secret}"}
        await made.send(json.dumps({"type": "connection_init", "payload": token}))
        assert json.loads(await made.recv())["type"] == "connection_ack"
        payload = {"query": ALARMS, "variables": {"after": after}}
        await made.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))

    async def figure(self, name: str) -> float:
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"{self.url}/metrics")).text
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))

    async def reach(self, name: str, wanted: float, seconds: float) -> None:
        for _ in range(int(seconds * 10)):
            if await self.figure(name) == wanted:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"{name} is {await self.figure(name)}")


@pytest.fixture
async def web(admin_db: Database, worker_db: Database, dsns: Dsns, tmp_path: Path) -> AsyncIterator[Web]:
    world, secret = build(), new_secret("lys_")
    owner, now = world.actors["owner"], datetime.now(UTC)
    async with admin_db.pool.acquire() as conn:
        if not await conn.fetchval("SELECT count(*) FROM organization"):
            await settle(conn, world)
            await conn.execute("INSERT INTO fact_head SELECT tenant_id, max(sequence) FROM fact GROUP BY tenant_id")
        await conn.execute(
            "INSERT INTO login_session (id, membership_id, secret_hash, created_at, expires_at)"
            " VALUES ($1, $2, $3, $4, $5)",
            uuid4(), owner.membership_id, hash_secret(secret), now, now + timedelta(hours=1),
        )  # fmt: skip
    alarm = next(row for row in world.rows["alarm"] if row["tenant_id"] == owner.organization_id)
    stop = asyncio.Event()
    sequencing = asyncio.create_task(Sequencer(worker_db, no_seal, PostgresBus(dsns.worker)).run(stop))
    with webs(dsns.app, tmp_path) as [(process, url)]:
        yield Web(process.pid, url, secret, admin_db, owner.organization_id, alarm["id"], alarm["site_id"])
    stop.set()
    await sequencing


@asynccontextmanager
async def listening(web: Web, count: int) -> AsyncIterator[list[ClientConnection]]:
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(count):
            one = await web.opening().__aenter__()
            stack.callback(one.transport.abort)
            await web.subscribe(one)
            made.append(one)
        await web.reach("lockyard_subscribers", count, 30)
        yield made


async def test_sockets_that_say_nothing_are_all_closed_in_time(web: Web) -> None:
    async def mute() -> tuple[int, float]:
        async with web.opening() as made:
            opened = time.monotonic()
            with pytest.raises(ConnectionClosed) as closed:
                await made.recv()
            return closed.value.rcvd.code if closed.value.rcvd else 1006, time.monotonic() - opened

    ends = await asyncio.gather(*(mute() for _ in range(MUTE)))
    log.info("%d mute sockets, the last closed after %.1f s", MUTE, max(seconds for _, seconds in ends))
    assert Counter(code for code, _ in ends) == {4408: MUTE}
    assert max(seconds for _, seconds in ends) < 15


async def test_listeners_do_not_keep_requests_waiting(web: Web) -> None:
    """Many live sockets with an alarm twenty times a second; meanwhile somebody looks at the board."""
    waits, heard, over = list[float](), [0], time.monotonic() + SECONDS

    async def hear(made: ClientConnection) -> None:
        with contextlib.suppress(TimeoutError):
            while True:
                await asyncio.wait_for(made.recv(), max(0.0, over + 2 - time.monotonic()))
                heard[0] += 1

    async def ask() -> None:
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {web.secret}"}) as client:
            while time.monotonic() < over:
                began = time.monotonic()
                answer = await client.post(f"{web.url}/graphql", json={"query": BOARD})
                waits.append(time.monotonic() - began)
                assert "errors" not in answer.json()
                await asyncio.sleep(0.02)

    told = 0
    async with listening(web, LISTENING) as sockets:
        over = time.monotonic() + SECONDS
        hearing, asking = [asyncio.create_task(hear(made)) for made in sockets], asyncio.create_task(ask())
        while time.monotonic() < over:
            await web.tell()
            told += 1
            await asyncio.sleep(0.05)
        await asyncio.gather(asking, *hearing)
    ranked = sorted(waits)
    log.info(
        "%d live sockets, %d messages: HTTP median %.0f ms, worst of %d %.0f ms", LISTENING, heard[0],
        1000 * ranked[len(ranked) // 2], len(waits), 1000 * ranked[-1],
    )  # fmt: skip
    assert heard[0] == told * LISTENING
    assert ranked[-1] < 5


async def test_sockets_that_never_read_are_dropped_and_cost_little(web: Web) -> None:
    await web.admin.pool.execute("UPDATE alarm SET detail = $1 WHERE id = $2", "detail " * 3_000, web.alarm)
    process, peak, deaf = psutil.Process(web.pid), 0, list[socket.socket]()
    await asyncio.to_thread(_subscribe_deaf, web, deaf)
    await web.reach("lockyard_subscribers", DEAF, 30)
    before = process.memory_info().rss
    for _ in range(200):
        await web.tell(25)
        peak = max(peak, process.memory_info().rss)
        if await web.figure("lockyard_subscribers") == 0:
            break
    log.info("%d sockets that never read, all dropped: %.0f MiB at most", DEAF, (peak - before) / (1 << 20))
    assert await web.figure("lockyard_subscribers_dropped_total") == DEAF
    assert peak - before < 200 << 20
    for one in deaf:
        one.close()


def _subscribe_deaf(web: Web, deaf: list[socket.socket]) -> None:
    host, port = web.url.removeprefix("http://").rsplit(":", 1)
    init = json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {web.secret}"}})
    words = (init, json.dumps({"id": "1", "type": "subscribe", "payload": {"query": ALARMS}}))
    for _ in range(DEAF):
        one = socket.socket()
        if not FULL:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        one.connect((host, int(port)))
        one.sendall(
            f"GET /graphql HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )
        for word in words:
            text = word.encode()
            assert 125 < len(text) < 65_536 or len(text) < 126
            size = bytes((0x80 | len(text),)) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
            one.recv(4_096)
            one.sendall(b"\x81" + size + b"\0\0\0\0" + text)
        deaf.append(one)


async def test_reconnects_under_load_lose_nothing_and_repeat_nothing(web: Web) -> None:
    """Alarms go on all the time; the connection is cut again and again, and resumed from the last cursor."""
    total, cursors = RECONNECTS * 6, list[str]()

    async def busy() -> None:
        for _ in range(total // 4):
            await web.tell(4)
            await asyncio.sleep(0.02)

    async with listening(web, LISTENING // 10), web.opening() as made:
        await web.subscribe(made)
        await web.reach("lockyard_subscribers", LISTENING // 10 + 1, 10)
        writing, connections = asyncio.create_task(busy()), 1
        await _take(made, 2, cursors)
        made.transport.abort()
        while len(cursors) < total:
            connections += 1
            again = await web.opening()
            await web.subscribe(again, cursors[-1])
            await _take(again, min(6, total - len(cursors)), cursors)
            again.transport.abort()
        await writing
    head = await web.admin.pool.fetchval("SELECT sequence FROM fact_head WHERE tenant_id = $1", web.tenant)
    kept = await web.admin.pool.fetchval(
        "SELECT count(*) FROM fact WHERE tenant_id = $1 AND sequence > $2", web.tenant, head - total
    )
    log.info("%d facts over %d connections: %d lost, %d doubled", total, connections, total - len(set(cursors)), 0)
    assert connections >= RECONNECTS
    assert kept == total == len(cursors) == len(set(cursors))


async def _take(made: ClientConnection, count: int, cursors: list[str]) -> None:
    for _ in range(count):
        said = json.loads(await asyncio.wait_for(made.recv(), 10))["payload"]["data"]["alarms"]
        assert said["__typename"] == "AlarmEvent"
        cursors.append(said["cursor"])
