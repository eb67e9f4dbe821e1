"""Both processes killed again and again under load: what was answered is kept once and heard once."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from app.kit.db import Conn, Database
from app.kit.embedded import Dsns
from app.kit.pgtools import free_port
from app.kit.settings import keep_secret_key
from tenants.audit.service import KEY_FILE
from tenants.identity.model import hash_secret, new_secret
from tenants.verification.service import Trust, read_keys, verify_database
from tests.kit.test_sequencer import drained
from tests.schema.reading.population import build
from tests.schema.reading.world import World, settle

CREATE = """mutation($input: CreatePersonInput!) {
  createPerson(input: $input) { __typename ... on Person { id name } ... on Error { code message } }
}"""
HEAR = """subscription($after: String) {
  events(kind: ["PersonCreated"], after: $after) { ... on FactEvent { cursor event { subjectId sequence } } }
}"""
# AttributeError: what anyio makes of a peer that is gone before the connection is wholly made.
LOST = (AttributeError, httpx.HTTPError, OSError, WebSocketException, TimeoutError, EOFError)


@dataclass
class Site:
    """An installation that dies and comes back on the same port."""

    env: dict[str, str]
    port: int
    secret: str
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, name: str) -> None:
        words = {"web": ["serve", "--port", str(self.port)], "worker": ["worker"]}[name]
        command = [sys.executable, "-m", "app.cli", *words]
        self.running[name] = subprocess.Popen(command, env=self.env, stdout=subprocess.DEVNULL)

    async def kill(self, name: str) -> None:
        self.running[name].send_signal(signal.SIGKILL)
        await asyncio.to_thread(self.running[name].wait)
        self.start(name)

    async def ready(self) -> None:
        async with httpx.AsyncClient() as client:
            for _ in range(600):
                try:
                    if (await client.get(f"http://127.0.0.1:{self.port}/readyz")).status_code == 200:
                        return
                except httpx.HTTPError:
                    await asyncio.sleep(0.1)
        raise AssertionError("not ready within a minute")

    async def create(self, number: int) -> str:
        """One person, asked for with one key until there is an answer; its id."""
        given = {"idempotencyKey": f"crash-{number}", "kind": "RECIPIENT", "name": f"Person {number}"}
        headers = {"authorization": f"Bearer {self.secret}"}
        async with httpx.AsyncClient(headers=headers, timeout=5) as client:
            while True:
                try:
                    asked = {"query": CREATE, "variables": {"input": given}}
                    answer = (await client.post(f"http://127.0.0.1:{self.port}/graphql", json=asked)).json()
                    if answer.get("data") and answer["data"]["createPerson"]["__typename"] == "Person":
                        return str(answer["data"]["createPerson"]["id"])
                except LOST:
                    pass
                await asyncio.sleep(0.1)

    async def hear(self, into: list[tuple[int, str]]) -> None:
        """Resumes from the last cursor whenever the socket is lost."""
        after: str | None = None
        while True:
            try:
                async with connect(
                    f"ws://127.0.0.1:{self.port}/graphql", subprotocols=[Subprotocol("graphql-transport-ws")]
                ) as made:
                    payload = {"Authorization": f"Bearer {self.secret}"}
                    await made.send(json.dumps({"type": "connection_init", "payload": payload}))
                    ask = {"query": HEAR, "variables": {"after": after}}
                    await made.send(json.dumps({"id": "1", "type": "subscribe", "payload": ask}))
                    async for text in made:
                        message = json.loads(text)
                        if message["type"] == "next" and message["payload"].get("data"):
                            event = message["payload"]["data"]["events"]
                            after = event["cursor"]
                            into.append((event["event"]["sequence"], event["event"]["subjectId"]))
            except LOST:
                await asyncio.sleep(0.1)


@pytest.fixture
async def site(admin_db: Database, dsns: Dsns, tmp_path: Path) -> AsyncIterator[Site]:
    secret, world = new_secret("lys_"), build()
    async with admin_db.pool.acquire() as conn:
        await prepare(conn, world, secret)
    env = os.environ | {
        "LOCKYARD_DATA_DIR": str(tmp_path), "LOCKYARD_DATABASE_URL": dsns.app,
        "LOCKYARD_WORKER_DATABASE_URL": dsns.worker,
        "LOCKYARD_SECRET_KEY": keep_secret_key(tmp_path), "LOCKYARD_LOG_LEVEL": "error",
    }  # fmt: skip
    made = Site(env, free_port(), secret)
    made.start("web")
    made.start("worker")
    await made.ready()
    yield made
    for process in made.running.values():
        process.kill()
        process.wait()


async def prepare(conn: Conn, world: World, secret: str) -> None:
    # Its history was never sealed; a log that begins here can be checked as a whole.
    for table in ("fact", "audit_entry", "audit_seal"):
        world.rows.pop(table)
    await settle(conn, world)
    await conn.execute(
        "INSERT INTO login_session (id, membership_id, secret_hash, created_at, expires_at)"
        " VALUES ($1, $2, $3, $4, $5)",
        uuid4(), world.actors["owner"].membership_id, hash_secret(secret), datetime.now(UTC),
        datetime.now(UTC) + timedelta(hours=1),
    )  # fmt: skip


async def _caught_up(heard: list[tuple[int, str]], last: int) -> None:
    for _ in range(100):
        if heard and heard[-1][0] == last:
            return
        await asyncio.sleep(0.1)


@pytest.mark.slow
async def test_what_was_answered_is_kept_once_and_heard_once(
    site: Site, admin_db: Database, worker_db: Database
) -> None:
    heard: list[tuple[int, str]] = []
    listening = asyncio.create_task(site.hear(heard))
    # A stream without a cursor begins now: it must have begun before anything happens.
    while not heard:
        await site.create(random.randrange(10**6, 10**9))
    stop, made = asyncio.Event(), dict[int, str]()

    async def busy(start: int) -> None:
        number = start
        while not stop.is_set():
            made[number] = await site.create(number)
            number += 10

    working = [asyncio.create_task(busy(start)) for start in range(5)]
    for name in ("web", "worker", "database", "web", "worker"):
        await asyncio.sleep(random.uniform(0.5, 1.5))
        if name == "database":
            await admin_db.pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND usename IN ('lockyard_app', 'lockyard_worker')"
            )
        else:
            await site.kill(name)
            await site.ready()
    stop.set()
    await asyncio.wait_for(asyncio.gather(*working), 60)
    await drained(admin_db, 60)
    facts = await admin_db.pool.fetch(
        "SELECT sequence, subject_id FROM fact WHERE kind = 'PersonCreated' ORDER BY sequence"
    )
    await _caught_up(heard, facts[-1]["sequence"])
    listening.cancel()
    assert len(made) > 20
    # One person, one fact and one place for each answer; and nobody besides who was not answered for.
    assert len({row["subject_id"] for row in facts}) == len(facts)
    persons = await admin_db.pool.fetch("SELECT name, count(*) FROM person WHERE name LIKE 'Person %' GROUP BY name")
    assert all(row["count"] == 1 for row in persons)
    assert {f"Person {number}" for number in made} <= {row["name"] for row in persons}
    assert len(persons) == len(facts)
    places = [place for place, _ in heard]
    assert places == [row["sequence"] for row in facts if row["sequence"] >= places[0]]
    assert set(made.values()) <= {subject for _, subject in heard}
    keys = Path(site.env["LOCKYARD_DATA_DIR"]) / "audit" / KEY_FILE
    reports = await verify_database(worker_db, Trust(read_keys(keys.read_text())))
    assert sum(report.entries for report in reports) >= len(facts)
    assert not any(report.problems for report in reports)
