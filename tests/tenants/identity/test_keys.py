"""Keys of machines: what they may, and when they end."""

import asyncio
from datetime import datetime

import pytest

from app.kit.db import Database
from tenants.identity import service
from tenants.identity.model import CreateApiKey
from tenants.identity.service import Authenticator
from tenants.keys.service import create_api_key, revoke_api_key
from tenants.policy import Permission
from tests.tenants import world
from tests.tenants.identity.test_service import SOON, owner_with_session, watching

pytestmark = pytest.mark.anyio


async def test_a_key_does_what_its_scopes_say_and_notes_its_use_at_most_once_a_minute(
    app_db: Database, admin_db: Database
) -> None:
    owner, _ = await owner_with_session(admin_db)
    caller = await world.caller(admin_db, app_db, owner)
    async with world.context(app_db, caller).begin() as work:
        secret = await create_api_key(work, CreateApiKey("board", (Permission.SITE_READ,)))
    authenticator = Authenticator(app_db)
    machine = await authenticator.caller(secret)
    assert machine is not None
    assert machine.actor.permissions == {Permission.SITE_READ}
    assert machine.actor.label == "board"

    async def last_used() -> datetime | None:
        async with admin_db.plain() as conn:
            found: datetime | None = await conn.fetchval(
                "SELECT last_used_at FROM api_key WHERE id = $1", machine.actor.credential_id
            )
            return found

    for _ in range(100):
        if await last_used() is not None:
            break
        await asyncio.sleep(0.02)
    first = await last_used()
    assert first is not None
    await authenticator.caller(secret)
    await Authenticator(app_db).caller(secret)
    await asyncio.sleep(0.1)
    assert await last_used() == first


async def test_a_revoked_key_ends_at_once(app_db: Database, admin_db: Database) -> None:
    owner, _ = await owner_with_session(admin_db)
    caller = await world.caller(admin_db, app_db, owner)
    async with watching(app_db) as authenticator:
        async with world.context(app_db, caller).begin() as work:
            secret = await create_api_key(work, CreateApiKey("board", (Permission.SITE_READ,)))
        machine = await authenticator.caller(secret)
        assert machine is not None
        assert machine.actor.credential_id is not None
        async with world.context(app_db, caller).begin() as work:
            await revoke_api_key(work, machine.actor.credential_id)
        await asyncio.wait_for(machine.revoked.wait(), SOON)
        assert await authenticator.caller(secret) is None


async def test_a_member_who_leaves_takes_no_key_along(app_db: Database, admin_db: Database) -> None:
    owner, _ = await owner_with_session(admin_db)
    caller = await world.caller(admin_db, app_db, owner)
    async with world.context(app_db, caller).begin() as work:
        secret = await create_api_key(work, CreateApiKey("board", (Permission.SITE_READ,)))
    async with world.context(app_db, caller).begin() as work:
        await service.revoke_membership(work, owner.membership_id)
    assert await Authenticator(app_db).caller(secret) is None
