import asyncio
import hmac
import json
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from starlette.applications import Starlette

from adapters import registry
from adapters.simulation.control import Server
from app.fleet.jobs import connection_of
from app.kit.db import Database
from app.kit.embedded import Dsns
from app.mailbox import MOST_BYTES, Mailbox
from app.passes.model import Vault
from tests.adapters.harbor.rig import TOWER, harbor_rig
from tests.app.handover.towers import SECRET, Towers
from tests.app.rig import SEALER, snapshot

STAMP = "2026-03-01T10:00:00+02:00"


@dataclass(slots=True)
class Post:
    scene: Towers
    client: httpx.AsyncClient
    heard: asyncio.Queue[str]
    cloud: Any

    async def send(self, body: bytes, secret: str = SECRET, to: object = None) -> httpx.Response:
        mark = hmac.digest(secret.encode(), body, "sha256").hex()
        place = f"/push/{to or self.scene.world.connection}"
        return await self.client.post(place, content=body, headers={"X-Harbor-Signature": mark})

    async def kept(self) -> list[tuple[str, str]]:
        async with self.scene.admin.plain() as conn:
            rows = await conn.fetch(
                "SELECT kind, reference FROM vendor_push WHERE tenant_id = $1 ORDER BY received_at, id",
                self.scene.world.tenant,
            )
        return [(row["kind"], row["reference"]) for row in rows]

    async def facts(self) -> int:
        sql = "SELECT count(*) FROM outbox WHERE tenant_id = $1 AND kind = 'VendorPushed'"
        done = "SELECT count(*) FROM fact WHERE tenant_id = $1 AND kind = 'VendorPushed'"
        tenant = self.scene.world.tenant
        return int(await self.scene.of(sql, tenant)) + int(await self.scene.of(done, tenant))


def event(token: str = "t-1", stamp: str = STAMP, tower: str = TOWER) -> bytes:
    data = {
        "timestamp": stamp, "locker_id": 1001, "locker_status": "occupied", "tower_id": tower.upper(),
        "source": "LOCKER_TOKEN_USED", "open_locker_token_id": token,
    }  # fmt: skip
    return json.dumps({"timestamp": "2026-03-01T08:00:01", "event": "LOCKER_OPERATION", "data": data}).encode()


@pytest.fixture
async def post(app_db: Database, worker_db: Database, admin_db: Database, dsns: Dsns) -> AsyncIterator[Post]:
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with harbor_rig() as rig:
        scene = await Towers.make(app_db, worker_db, admin_db, rig.adapter, rig.world)
        box = Mailbox(app_db, registry.receive, lambda row: connection_of(row, SEALER), Vault(SEALER))
        listening = await asyncpg.connect(dsns.admin)
        await listening.add_listener("lockyard_commands", lambda *said: heard.put_nowait(said[3]))
        try:
            async with (
                Server(Starlette(routes=[box.route()])) as server,
                httpx.AsyncClient(base_url=server.url) as client,
            ):
                yield Post(scene, client, heard, rig.cloud)
        finally:
            await listening.close()


async def test_what_a_vendor_posts_is_kept_once_and_its_bank_is_looked_at(post: Post) -> None:
    for _ in range(3):
        assert (await post.send(event())).status_code == 204
    assert (await post.send(event("t-2"))).status_code == 204
    assert await post.kept() == [("ACCESS_USED", "t-1"), ("ACCESS_USED", "t-2")]
    assert await post.facts() == 2
    assert await asyncio.wait_for(post.heard.get(), 5) == f"{post.scene.world.bank} look"


async def test_many_at_once_keep_one(post: Post) -> None:
    answers = await asyncio.gather(*(post.send(event()) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {204}
    assert await post.kept() == [("ACCESS_USED", "t-1")]


async def test_an_event_alone_moves_nothing(post: Post) -> None:
    stay = await post.scene.issued()
    await post.send(event())
    await post.scene.settle()
    assert (await post.scene.stay(stay))[0] == "ACCESS_ISSUED", "the books did not say so"
    assert await post.scene.passes(stay) == [("DEPOSIT", "ISSUED")]


async def test_whoever_signs_wrongly_or_names_nothing_gets_the_same_answer(post: Post) -> None:
    async with post.scene.admin.plain() as conn:
        other = await conn.fetchval(
            "INSERT INTO vendor_connection (tenant_id, id, name, vendor, base_url, settings) "
            "VALUES ($1, $2, 'k', 'kerong_cu16', 'socket://127.0.0.1:1', '{\"bank\": \"B\"}') RETURNING id",
            post.scene.world.tenant, uuid4(),
        )  # fmt: skip
    before = await snapshot(post.scene.admin)
    answers = [
        await post.send(event(), "another secret"),
        await post.send(event(), to=uuid4()),
        await post.send(event(), to="no-uuid"),
        await post.send(event(), to=other),
        await post.client.post(f"/push/{post.scene.world.connection}", content=event()),
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert await snapshot(post.scene.admin) == before
    assert await post.kept() == []


async def test_what_is_too_large_or_makes_no_sense_is_refused(post: Post) -> None:
    assert (await post.send(b"x" * (MOST_BYTES + 1))).status_code == 413
    ends = ("0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-02:00")
    timeless = (event(stamp=stamp) for stamp in ("2026-03-01T10:00:00", *ends))
    for wrong in (b"{}", b"[", *timeless, event(tower="tower")):
        assert (await post.send(wrong)).status_code == 422
    assert await post.kept() == []


async def test_what_no_database_holds_stands_as_a_mark_in_an_event(post: Post) -> None:
    for odd in ("t\x001", "t\ud8002"):
        assert (await post.send(event(odd))).status_code == 204
    assert await post.kept() == [("ACCESS_USED", "t\ufffd1"), ("ACCESS_USED", "t\ufffd2")]


async def test_an_event_of_a_bank_that_is_not_ours_is_kept_and_told_to_nobody(post: Post) -> None:
    assert (await post.send(event(tower=TOWER[:-1] + "2"))).status_code == 204
    assert (len(await post.kept()), await post.facts()) == (1, 0)


async def test_the_simulated_vendor_s_own_posts_are_taken(post: Post) -> None:
    post.cloud.hook = (f"{post.client.base_url}/push/{post.scene.world.connection}", SECRET)
    stay = await post.scene.brought(sync="twice")
    for _ in range(100):
        if len(post.cloud.posted) >= 3:
            break
        await asyncio.sleep(0.02)
    assert {each["status"] for each in post.cloud.posted} == {204}
    kinds = [kind for kind, _ in await post.kept()]
    assert (kinds.count("ACCESS_ISSUED") >= 1, kinds.count("ACCESS_USED")) == (True, 1)
    assert (await post.scene.stay(stay))[0] == "DEPOSITED"


async def test_for_a_post_no_adapter_is_opened_and_no_path_is_read(post: Post) -> None:
    async with post.scene.admin.plain() as conn:
        await conn.execute(
            "UPDATE vendor_connection SET settings = settings || $2 WHERE id = $1",
            post.scene.world.connection, {"paths": {"lockers": "/{tower:>400000000}"}},
        )  # fmt: skip
    tracemalloc.start()
    try:
        assert (await post.send(event(), "another secret")).status_code == 404
        assert (await post.send(event())).status_code == 204
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
