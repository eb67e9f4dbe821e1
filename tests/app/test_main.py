"""The web process as a process: ready, told who may, ended in time with its streams."""

import asyncio
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
from app.kit.settings import keep_secret_key
from tenants.identity.model import hash_secret, new_secret
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


@pytest.fixture
def web(dsns: Dsns, tmp_path: Path) -> Iterator[Web]:
    env = os.environ | {
        "LOCKYARD_DATA_DIR": str(tmp_path),
        "LOCKYARD_DATABASE_URL": dsns.app,
        "LOCKYARD_SECRET_KEY": keep_secret_key(tmp_path),
    }
    words = [sys.executable, "-m", "app.cli", "serve", "--port", "0"]
    with (tmp_path / "web.log").open("w") as log:
        process = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=log, text=True)
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
