from dataclasses import replace
from datetime import timedelta

import pytest

from app.kit.db import Database
from app.kit.errors import Denied, Invalid, LockyardError, NotFound, Rejected
from app.kit.ids import new_id
from tenants.identity.model import CreateApiKey
from tenants.identity.service import Authenticator, Caller
from tenants.keys.service import create_api_key, revoke_api_key
from tenants.policy import Permission
from tests.tenants import world

pytestmark = pytest.mark.anyio
ASK = CreateApiKey("board", (Permission.SITE_READ, Permission.ALARM_READ))


async def owner(admin_db: Database, app_db: Database, kind: str = "OPERATOR", role: str = "OWNER") -> Caller:
    async with admin_db.plain() as conn:
        member = await world.member(conn, await world.organization(conn, kind, "North"), role)
    return await world.caller(admin_db, app_db, member)


async def keys_of(admin_db: Database, caller: Caller) -> int:
    async with admin_db.plain() as conn:
        query = "SELECT count(*) FROM api_key WHERE organization_id = $1"
        count: int = await conn.fetchval(query, caller.actor.organization_id)
        return count


async def test_a_key_is_made_with_a_membership_a_fact_and_an_entry_of_its_own(
    app_db: Database, admin_db: Database
) -> None:
    caller = await owner(admin_db, app_db)
    async with world.context(app_db, caller).begin() as work:
        secret = await create_api_key(work, ASK)
    async with admin_db.plain() as conn:
        row = await conn.fetchrow("SELECT * FROM api_key WHERE organization_id = $1", caller.actor.organization_id)
        fact = await conn.fetchrow("SELECT * FROM outbox WHERE tenant_id = $1", caller.actor.organization_id)
        entry = await conn.fetchrow("SELECT * FROM audit_entry WHERE tenant_id = $1", caller.actor.organization_id)
    assert row["membership_id"] != caller.actor.membership_id
    assert (fact["kind"], fact["subject_id"], fact["audit_id"]) == ("ApiKeyCreated", row["id"], entry["id"])
    assert secret.startswith(row["prefix"])
    assert secret not in str([dict(found) for found in (row, fact, entry)])


async def test_a_carriers_key_stands_in_the_carriers_own_record(app_db: Database, admin_db: Database) -> None:
    caller = await owner(admin_db, app_db, "CARRIER", "CARRIER_ADMIN")
    async with world.context(app_db, caller).begin() as work:
        secret = await create_api_key(work, replace(ASK, scopes=(Permission.SITE_READ,)))
    machine = await Authenticator(app_db).caller(secret)
    assert machine is not None
    assert machine.actor.tenants == (caller.actor.organization_id,)


async def test_a_keys_own_membership_is_no_way_to_sign_in(app_db: Database, admin_db: Database) -> None:
    from tenants.identity.queries import MEMBERSHIPS

    caller = await owner(admin_db, app_db)
    async with world.context(app_db, caller).begin() as work:
        await create_api_key(work, ASK)
    async with app_db.plain() as conn:
        found = await MEMBERSHIPS.rows(conn, account_id=caller.actor.account_id)
    assert [row["id"] for row in found] == [caller.actor.membership_id]


SITE = new_id()


@pytest.mark.parametrize(
    ("ask", "refusal"),
    [
        (replace(ASK, name=" "), Invalid),
        (replace(ASK, name="x" * 101), Invalid),
        (replace(ASK, scopes=()), Invalid),
        (replace(ASK, expires_at=world.now() - timedelta(days=1)), Invalid),
        (replace(ASK, all_sites=False), Invalid),
        (replace(ASK, site_ids=(SITE,)), Invalid),
    ],
)
async def test_a_key_that_makes_no_sense_is_refused(
    app_db: Database, admin_db: Database, ask: CreateApiKey, refusal: type[LockyardError]
) -> None:
    caller = await owner(admin_db, app_db)
    with pytest.raises(refusal):
        async with world.context(app_db, caller).begin() as work:
            await create_api_key(work, ask)
    assert await keys_of(admin_db, caller) == 0


async def test_a_key_reaches_no_further_than_its_maker(app_db: Database, admin_db: Database) -> None:
    async with admin_db.plain() as conn:
        operator = await world.organization(conn, "OPERATOR", "North")
        some = await world.member(conn, operator, "OWNER", sites=(SITE,))
    caller = await world.caller(admin_db, app_db, some)
    for ask in (ASK, replace(ASK, all_sites=False, site_ids=(new_id(),))):
        with pytest.raises(Denied) as refused:
            async with world.context(app_db, caller).begin() as work:
                await create_api_key(work, ask)
        assert refused.value.failed[0].rule == "sites"
    assert await keys_of(admin_db, caller) == 0
    async with world.context(app_db, caller).begin() as work:
        secret = await create_api_key(work, replace(ASK, all_sites=False, site_ids=(SITE,)))
    machine = await Authenticator(app_db).caller(secret)
    assert machine is not None
    assert machine.actor.site_ids == (SITE,)
    assert not machine.actor.all_sites


async def test_a_key_has_no_scope_its_maker_lacks_and_makes_no_keys(app_db: Database, admin_db: Database) -> None:
    carrier = await owner(admin_db, app_db, "CARRIER", "CARRIER_ADMIN")
    with pytest.raises(Denied) as refused:
        async with world.context(app_db, carrier).begin() as work:
            await create_api_key(work, replace(ASK, scopes=(Permission.SITE_MANAGE,)))
    assert refused.value.failed[0].actual == "site:manage"
    caller = await owner(admin_db, app_db)
    async with world.context(app_db, caller).begin() as work:
        secret = await create_api_key(work, replace(ASK, scopes=(Permission.API_KEY_MANAGE,)))
    machine = await Authenticator(app_db).caller(secret)
    assert machine is not None
    with pytest.raises(Denied):
        async with world.context(app_db, machine).begin() as work:
            await create_api_key(work, ASK)
    assert (await keys_of(admin_db, carrier), await keys_of(admin_db, caller)) == (0, 1)


async def test_a_foreign_key_looks_like_none_and_stays(app_db: Database, admin_db: Database) -> None:
    mine, theirs = await owner(admin_db, app_db), await owner(admin_db, app_db)
    async with world.context(app_db, theirs).begin() as work:
        await create_api_key(work, ASK)
        assert work.answer is not None
        id_ = work.answer[1]
    said = []
    for asked in (id_, new_id()):
        with pytest.raises(NotFound) as refused:
            async with world.context(app_db, mine).begin() as work:
                await revoke_api_key(work, asked)
        said.append(refused.value.message)
    assert said[0] == said[1]
    async with admin_db.plain() as conn:
        assert await conn.fetchval("SELECT revoked_at FROM api_key WHERE id = $1", id_) is None


async def test_a_key_is_revoked_once(app_db: Database, admin_db: Database) -> None:
    caller = await owner(admin_db, app_db)
    async with world.context(app_db, caller).begin() as work:
        await create_api_key(work, ASK)
        assert work.answer is not None
        id_ = work.answer[1]
    async with world.context(app_db, caller).begin() as work:
        await revoke_api_key(work, id_)
    with pytest.raises(Rejected):
        async with world.context(app_db, caller).begin() as work:
            await revoke_api_key(work, id_)
    async with admin_db.plain() as conn:
        assert (
            await conn.fetchval("SELECT count(*) FROM outbox WHERE kind = 'ApiKeyRevoked' AND subject_id = $1", id_)
            == 1
        )
