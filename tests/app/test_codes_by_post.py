"""Codes for keypads, which the vendor tells by events only: they become a part of the pass, for its holder alone."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from starlette.applications import Starlette

from adapters import registry
from adapters.simulation.control import Server
from app.fleet.jobs import connection_of
from app.kit.db import Database
from app.mailbox import Mailbox
from app.passes.model import Vault
from app.stays import service as stays
from app.stays.model import StayOutcome
from tenants.model import Role
from tests.app.handover.towers import SECRET, Towers, towers
from tests.app.rig import SEALER

PASS = "SELECT p.id, p.sealed, p.state FROM pass p WHERE p.stay_id = $1 ORDER BY p.issued_at DESC LIMIT 1"
ANYWHERE = (
    "SELECT count(*) FROM (SELECT to_jsonb(t)::text AS said FROM {} t WHERE tenant_id = $1) rows WHERE said LIKE $2"
)


class Post:
    def __init__(self, scene: Towers, client: httpx.AsyncClient) -> None:
        self.scene, self._client = scene, client

    async def send(self, event: dict[str, Any]) -> int:
        body = json.dumps(event).encode()
        headers = {"X-Harbor-Signature": hmac.digest(SECRET.encode(), body, "sha256").hex()}
        answer = await self._client.post(f"/push/{self.scene.world.connection}", content=body, headers=headers)
        return answer.status_code

    def made(self) -> dict[str, Any]:
        """The latest event of a link that was made, as the vendor has it."""
        return next(each for each in reversed(self.scene.vendor.history) if each["event"] == "LOCKER_ASSIGNED")

    async def code(self, stay: UUID) -> str | None:
        async with self.scene.admin.plain() as conn:
            row = await conn.fetchrow(PASS, stay)
        return Vault(SEALER).show(row["id"], "keypadCode", row["sealed"])


@pytest.fixture
async def post(app_db: Database, worker_db: Database, admin_db: Database) -> AsyncIterator[Post]:
    async with towers(app_db, worker_db, admin_db, links="both", location_id=1, keypad=True) as scene:
        box = Mailbox(app_db, registry.receive, lambda row: connection_of(row, SEALER), Vault(SEALER))
        async with (
            Server(Starlette(routes=[box.route()])) as server,
            httpx.AsyncClient(base_url=server.url) as client,
        ):
            yield Post(scene, client)


async def test_a_code_that_an_event_tells_is_the_pass_s_and_stands_nowhere_else(post: Post) -> None:
    stay = await post.scene.issued()
    assert await post.code(stay) is None
    event = post.made()
    code = event["data"]["keypad_code"]
    for _ in range(2):
        assert await post.send(event) == 204

    assert await post.code(stay) == code
    assert (await post.scene.held(stay))["link"], "the rest is as it was"
    await post.scene.settle()
    for table in ("vendor_push", "outbox", "fact", "audit_entry", "command", "pass", "stay"):
        assert await post.scene.of(ANYWHERE.format(table), post.scene.world.tenant, f'%"{code}"%') == 0, table


async def test_one_that_comes_before_its_pass_waits_for_it(post: Post) -> None:
    scene = post.scene
    posting: list[asyncio.Task[int]] = []
    asking = scene.hardware.send

    async def send(order: Any) -> Any:
        receipt = await asking(order)
        # The vendor's event overtakes its answer.
        posting.append(asyncio.create_task(post.send(post.made())))
        await asyncio.sleep(0.2)
        return receipt

    scene.hardware.send = send
    stay = await scene.issued()
    assert await posting[0] == 204

    assert await post.code(stay) == post.made()["data"]["keypad_code"]


@pytest.mark.parametrize("wrong", ["another order", "another request", "no code", "none echoed"])
async def test_what_may_be_another_s_code_is_nobody_s(post: Post, wrong: str) -> None:
    stay = await post.scene.issued()
    event = post.made()
    changes: dict[str, dict[str, Any]] = {
        "another order": {"locker_open_request_payload": {"order": str(uuid4())}},
        "another request": {"locker_open_request_id": "r-9"},
        "no code": {"keypad_code": "open sesame"},
        "none echoed": {"locker_open_request_payload": None},
    }
    assert await post.send({**event, "data": {**event["data"], **changes[wrong]}}) == 204

    assert await post.code(stay) is None


async def test_a_code_of_what_was_called_off_is_not_kept(post: Post) -> None:
    stay = await post.scene.issued()
    event = post.made()
    await post.scene.act(Role.COURIER, stays.release, stay, StayOutcome.CANCELLED, "not needed")
    assert await post.send(event) == 204

    async with post.scene.admin.plain() as conn:
        assert (await conn.fetchrow(PASS, stay))["sealed"] is None
