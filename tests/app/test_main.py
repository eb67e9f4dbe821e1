"""The web process as a process: ready, told who may, ended in time with its streams."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.pgtools import free_port
from app.kit.settings import keep_secret_key
from tenants.identity.model import hash_secret, new_secret
from tests.app.away import Away
from tests.schema.reading.population import build
from tests.schema.reading.world import settle

ALIVE = "subscription { alarms { ... on AlarmEvent { cursor } } }"
Web = tuple["subprocess.Popen[str]", str]


@pytest.fixture(scope="module")
async def secret(admin_db: Database) -> str:
    """A session of the small world's owner."""
    world, made = build(), new_secret("lys_")
    async with admin_db.pool.acquire() as conn:
        await settle(conn, world)
        await conn.execute(
            "INSERT INTO login_session (id, membership_id, secret_hash, created_at, expires_at)"
            " VALUES ($1, $2, $3, $4, $5)",
            uuid4(), world.actors["owner"].membership_id, hash_secret(made), datetime.now(UTC),
            datetime.now(UTC) + timedelta(hours=1),
        )  # fmt: skip
    return made


def environment(dsn: str, folder: Path) -> dict[str, str]:
    return os.environ | {
        "LOCKYARD_DATA_DIR": str(folder),
        "LOCKYARD_DATABASE_URL": dsn,
        "LOCKYARD_SECRET_KEY": keep_secret_key(folder),
    }


def started(env: dict[str, str], folder: Path, port: int = 0) -> "subprocess.Popen[str]":
    words = [sys.executable, "-m", "app.cli", "serve", "--port", str(port)]
    with (folder / "web.log").open("w") as log:
        return subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=log, text=True)


@pytest.fixture
def web(dsns: Dsns, tmp_path: Path) -> Iterator[Web]:
    process = started(environment(dsns.app, tmp_path), tmp_path)
    assert process.stdout is not None
    yield process, json.loads(process.stdout.readline())["url"]
    process.kill()
    process.wait()


async def test_it_says_when_it_is_ready_and_answers(web: Web, secret: str) -> None:
    async with httpx.AsyncClient(base_url=web[1], headers={"authorization": f"Bearer {secret}"}) as client:
        assert (await client.get("/readyz")).status_code == 200
        answer = await client.post("/graphql", json={"query": "{ viewer { role } }"})
    assert answer.json() == {"data": {"viewer": {"role": "OWNER"}}}


async def test_open_streams_do_not_keep_it_from_ending(web: Web, secret: str) -> None:
    process, url = web
    sockets = []
    for _ in range(30):
        made = await connect(url.replace("http", "ws") + "/graphql", subprotocols=[Subprotocol("graphql-transport-ws")])
        await made.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {secret}"}}))
        await made.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": ALIVE}}))
        assert json.loads(await made.recv())["type"] == "connection_ack"
        sockets.append(made)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    for made in sockets:
        # Not `complete`, which would tell the client that nothing more is to come: it must come back elsewhere.
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(made.recv(), 10)
        assert closed.value.rcvd is None or closed.value.rcvd.code in {1001, 1012}
    assert await asyncio.to_thread(process.wait, 10) in {0, -signal.SIGTERM}
    assert time.monotonic() - began < 10


async def asked(client: httpx.AsyncClient, path: str, wanted: int) -> httpx.Response:
    """What it answers once it answers so, within twenty seconds."""
    for _ in range(200):
        with contextlib.suppress(httpx.TransportError):
            answer = await client.get(path)
            if answer.status_code == wanted:
                return answer
        await asyncio.sleep(0.1)
    raise AssertionError(f"{path} never answered {wanted}")


async def test_it_waits_for_a_database_that_is_away_and_says_so(dsns: Dsns, secret: str, tmp_path: Path) -> None:
    away, port = Away.of(dsns.app), free_port()
    process = started(environment(away.dsn, tmp_path), tmp_path, port)
    signed = {"authorization": f"Bearer {secret}"}
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=signed) as client:
            refused = await asked(client, "/readyz", 503)
            assert refused.headers["retry-after"] == "1"
            assert refused.headers["x-content-type-options"] == "nosniff"
            assert (await client.get("/healthz")).status_code == 200
            assert (await client.post("/graphql", json={"query": "{ viewer { role } }"})).status_code == 503
            async with away.back():
                await asked(client, "/readyz", 200)
                answer = await client.post("/graphql", json={"query": "{ viewer { role } }"})
                assert answer.json() == {"data": {"viewer": {"role": "OWNER"}}}
                process.send_signal(signal.SIGTERM)
                assert await asyncio.to_thread(process.wait, 10) in {0, -signal.SIGTERM}
    finally:
        process.kill()
        process.wait()
    assert "the database does not answer" in (tmp_path / "web.log").read_text()


async def test_it_ends_in_time_while_it_waits(dsns: Dsns, tmp_path: Path) -> None:
    port = free_port()
    process = started(environment(Away.of(dsns.app).dsn, tmp_path), tmp_path, port)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            await asked(client, "/readyz", 503)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 10) in {0, -signal.SIGTERM}
    finally:
        process.kill()
        process.wait()
