"""Whose word is taken about where a request comes from: over a balancer's connection, and over anybody's."""

import asyncio
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from pydantic import ValidationError

from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.settings import Settings
from tests.app.rig import World, make_world, value
from tests.app.webs import recipient, webs

# More than one address may fail with, of accounts that each fail once.
TRIES = 60


async def tried(url: str, *sources: str) -> list[int]:
    """A wrong sign-in from each, of an account that nobody tried before."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as web:
        ask = [
            web.post(
                "/auth/sign-in",
                json={"email": f"{uuid4().hex}@example.com", "password": "wrong"},
                headers={"x-forwarded-for": source},
            )
            for source in sources
        ]
        return [answer.status_code for answer in await asyncio.gather(*ask)]


async def test_behind_a_trusted_proxy_one_who_guesses_locks_out_nobody_else(
    dsns: Dsns, admin_db: Database, tmp_path: Path
) -> None:
    with webs(dsns.app, tmp_path, LOCKYARD_TRUSTED_PROXIES="127.0.0.1") as [(_, url)]:
        assert 429 in await tried(url, *["203.0.113.5"] * TRIES)
        # What its caller claims stands before what the proxy adds, and is not believed.
        assert await tried(url, "198.51.100.7, 203.0.113.5") == [429]
        assert await tried(url, "198.51.100.7") == [401]
        world = await make_world(admin_db)
        assert await _origin(admin_db, world, url) == "198.51.100.9"


async def test_nobody_else_is_believed_about_where_a_request_comes_from(
    dsns: Dsns, admin_db: Database, tmp_path: Path
) -> None:
    with webs(dsns.app, tmp_path, LOCKYARD_TRUSTED_PROXIES="192.0.2.0/24") as [(_, url)]:
        assert 429 in await tried(url, *(f"203.0.113.{number}" for number in range(TRIES)))
        world = await make_world(admin_db)
        assert await _origin(admin_db, world, url) == "127.0.0.1"


async def _origin(admin: Database, world: World, url: str) -> str:
    """Whence the record says a mutation came."""
    (secret,) = await recipient(admin, world)
    async with httpx.AsyncClient(base_url=url, timeout=60) as web:
        headers = {"authorization": f"Bearer {secret}", "x-forwarded-for": "198.51.100.9"}
        answer = await web.post("/graphql", json={"query": "mutation { signOut(input: {}) }"}, headers=headers)
        assert "errors" not in answer.json(), answer.text
    sql = "SELECT origin FROM audit_entry WHERE actor_id = $1 ORDER BY occurred_at DESC LIMIT 1"
    return str(await value(admin, sql, world.recipient_account))


@pytest.mark.parametrize("given", ["*", "proxy.example", "10.0.0.5/8", "10.0.0.0/33"])
def test_what_is_no_address_and_no_network_is_no_proxy(given: str) -> None:
    with pytest.raises(ValidationError, match="trusted_proxies"):
        Settings(trusted_proxies=given)
