"""A web process's live part on a real socket: real database, sequencer, bus, hub, compiled reads, transports."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from graphql import build_schema
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from app.kit.bus import PostgresBus
from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.ids import new_id
from app.kit.sequencer import Sequencer
from app.kit.server import make_server
from app.kit.streams import Facts
from schema.execution import CompiledEngine
from schema.live import Hub
from schema.subscriptions import LiveEngine
from schema.transport.access import Credentials, Settings
from schema.transport.http import GraphQLHTTP
from schema.transport.pipeline import Pipeline
from schema.transport.websocket import GraphQLWebSocket
from tenants.identity.service import Caller as IdentityCaller
from tenants.identity.service import Revocation
from tenants.model import Actor
from tests.kit.test_sequencer import no_seal
from tests.schema.reading.population import build
from tests.schema.reading.world import World, settle

SCHEMA = build_schema((Path(__file__).parents[3] / "schema" / "schema.graphql").read_text())
Message = dict[str, Any]

_FACT = """INSERT INTO outbox
(tenant_id, fact_id, kind, subject_type, subject_id, site_id, bank_id, occurred_at, source, payload)
SELECT $1, unnest($2::uuid[]), $3, $4, $5, $6, $7, clock_timestamp(), 'test', $8"""


@dataclass(eq=False)
class Caller:
    actor: Actor
    fingerprint: str
    is_anonymous: bool = False
    expires_at: datetime | None = None
    revoked: asyncio.Event = field(default_factory=asyncio.Event)
    may_return: bool = False


@dataclass
class Live:
    """One web process and what a test does to it."""

    world: World
    db: Database
    hub: Hub
    port: int
    callers: dict[str, Caller]

    @asynccontextmanager
    async def socket(self, who: str = "owner", **options: Any) -> AsyncIterator[ClientConnection]:
        url = f"ws://127.0.0.1:{self.port}/graphql"
        protocols = [Subprotocol("graphql-transport-ws")]
        async with connect(url, subprotocols=protocols, ping_interval=None, **options) as made:
            await made.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {who}"}}))
            assert json.loads(await made.recv())["type"] == "connection_ack"
            try:
                yield made
            finally:
                # Cut, as networks cut: no word of parting.
                made.transport.abort()

    @asynccontextmanager
    async def stream(
        self, query: str, who: str = "owner", variables: Message | None = None
    ) -> AsyncIterator[AsyncIterator[Message]]:
        """A subscription on a socket of its own; it yields messages as they came, up to and without `complete`."""
        async with self.socket(who) as made:
            await subscribe(made, query, variables)
            yield heard(made)

    async def listening(self, count: int = 1, seconds: float = 5) -> None:
        """Until that many subscribers stand at their topics."""
        ends = asyncio.get_running_loop().time() + seconds
        while sum(len(topic.subscribers) for topic in self.hub._topics.values()) < count:
            assert asyncio.get_running_loop().time() < ends
            await asyncio.sleep(0.01)

    def alarm(self, tenant: UUID | None = None, nth: int = 0) -> Message:
        wanted = tenant or self.world.actors["owner"].organization_id
        return [row for row in self.world.rows["alarm"] if row["tenant_id"] == wanted][nth]

    async def tell(
        self, row: Message, kind: str = "AlarmRaised", count: int = 1, payload: Message | None = None
    ) -> None:
        """Facts about a row of the world, into the outbox."""
        subject = next((name for name in ("Alarm", "Export", "Stay") if kind.startswith(name)), "Compartment")
        async with self.db.tenant([row["tenant_id"]]) as conn:
            ids = [new_id() for _ in range(count)]
            await conn.execute(
                _FACT,
                row["tenant_id"],
                ids,
                kind,
                subject,
                row["id"],
                row.get("site_id"),
                row.get("bank_id"),
                payload or {},
            )


def fingerprint(actor: Actor) -> str:
    """As the product's own callers have it."""
    return IdentityCaller(actor, Revocation(), b"").fingerprint


async def subscribe(made: ClientConnection, query: str, variables: Message | None = None, id: str = "1") -> None:
    payload = {"query": query, "variables": variables or {}}
    await made.send(json.dumps({"id": id, "type": "subscribe", "payload": payload}))


async def heard(made: ClientConnection) -> AsyncIterator[Message]:
    while True:
        message = json.loads(await asyncio.wait_for(made.recv(), 10))
        if message["type"] == "complete":
            return
        yield message


async def take(messages: AsyncIterator[Message], count: int) -> list[Message]:
    return [await anext(messages) for _ in range(count)]


@asynccontextmanager
async def web(world: World, dsns: Dsns) -> AsyncIterator[Live]:
    db = await Database.connect(dsns.app, size=6, name="test web")
    bus, stop = PostgresBus(dsns.app), asyncio.Event()
    hub = Hub(Facts(db), bus)
    callers = {name: Caller(actor, fingerprint(actor)) for name, actor in world.actors.items()}

    async def authenticate(credentials: Credentials) -> Caller | None:
        return callers.get(credentials.bearer or "")

    engine = LiveEngine(CompiledEngine(SCHEMA, db), hub)
    pipeline = Pipeline(engine, settings=Settings(watch_seconds=0.2, stall_seconds=1, unread_bytes=200_000))
    http = GraphQLHTTP(pipeline, authenticate)
    routes = [Route("/graphql", http), WebSocketRoute("/graphql", GraphQLWebSocket(pipeline, authenticate))]
    listening = socket.create_server(("127.0.0.1", 0))
    server = make_server(Starlette(routes=routes), host="127.0.0.1", port=0, before_shutdown=[http.streams.close])
    tasks = [asyncio.create_task(each) for each in (bus.run(stop), hub.run(stop), server.serve([listening]))]
    await asyncio.wait_for(bus.connected.wait(), 5)
    try:
        yield Live(world, db, hub, listening.getsockname()[1], callers)
    finally:
        stop.set()
        server.should_exit = True
        await asyncio.wait_for(asyncio.gather(*tasks), 15)
        await db.close()


@pytest.fixture(scope="module")
async def world(admin_db: Database) -> World:
    made = build()
    async with admin_db.pool.acquire() as conn:
        await settle(conn, made)
        await conn.execute("INSERT INTO fact_head SELECT tenant_id, max(sequence) FROM fact GROUP BY tenant_id")
    return made


@pytest.fixture(scope="module")
async def sequencer(worker_db: Database, dsns: Dsns) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(Sequencer(worker_db, no_seal, PostgresBus(dsns.worker)).run(stop))
    yield
    stop.set()
    await asyncio.wait_for(task, 5)


@pytest.fixture
async def live(world: World, dsns: Dsns, sequencer: None) -> AsyncIterator[Live]:
    async with web(world, dsns) as made:
        yield made


def fields(messages: Sequence[Message], root: str) -> list[Message]:
    """The payloads' root field, none of them an error."""
    assert all("errors" not in message["payload"] for message in messages), messages
    return [message["payload"]["data"][root] for message in messages]
