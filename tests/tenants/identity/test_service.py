import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from app.kit.db import Database
from app.kit.errors import Denied, NotFound
from tenants.carriers import service as carriers
from tenants.identity import service
from tenants.identity.model import KEY_PREFIX, SESSION_PREFIX, new_secret
from tenants.identity.service import Authenticator
from tenants.policy import Permission
from tests.tenants import world

pytestmark = pytest.mark.anyio
SOON = 3.0


@asynccontextmanager
async def watching(db: Database) -> AsyncIterator[Authenticator]:
    authenticator = Authenticator(db)
    task = asyncio.create_task(authenticator.watch())
    await asyncio.sleep(0.1)
    try:
        yield authenticator
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def owner_with_session(admin_db: Database) -> tuple[world.Member, str]:
    async with admin_db.plain() as conn:
        operator = await world.organization(conn, "OPERATOR", "North")
        owner = await world.member(conn, operator, "OWNER")
        return owner, await world.session(conn, owner)


async def test_a_session_secret_stands_for_its_member(app_db: Database, admin_db: Database) -> None:
    owner, secret = await owner_with_session(admin_db)
    caller = await Authenticator(app_db).caller(secret)
    assert caller is not None
    assert (caller.actor.membership_id, caller.actor.tenants) == (owner.membership_id, (owner.organization_id,))
    assert caller.actor.permissions == frozenset(Permission)
    assert not caller.revoked.is_set()


@pytest.mark.parametrize(
    "secret", ["", "x", "null", "lys_", "lys_" + "a" * 43, "lyk_" + "é" * 43, "' OR 1=1 --", "lys_" + "a" * 9999]
)
async def test_what_is_no_secret_of_ours_stands_for_nobody(app_db: Database, secret: str) -> None:
    assert await Authenticator(app_db).caller(secret) is None


async def test_a_session_is_no_api_key_and_the_other_way_round(app_db: Database, admin_db: Database) -> None:
    _, secret = await owner_with_session(admin_db)
    assert await Authenticator(app_db).caller(KEY_PREFIX + secret.removeprefix(SESSION_PREFIX)) is None


async def test_only_the_hash_of_a_secret_is_kept(app_db: Database, admin_db: Database) -> None:
    _, secret = await owner_with_session(admin_db)
    async with admin_db.plain() as conn:
        kept = await conn.fetchval("SELECT string_agg(t::text, ' ') FROM login_session t")
    assert secret not in kept
    assert secret.removeprefix(SESSION_PREFIX) not in kept


async def test_an_expired_session_stands_for_nobody(app_db: Database, admin_db: Database) -> None:
    owner, _ = await owner_with_session(admin_db)
    async with admin_db.plain() as conn:
        secret = await world.session(conn, owner, life=timedelta(seconds=-1))
    assert await Authenticator(app_db).caller(secret) is None


async def test_a_session_ends_at_its_moment_also_from_memory(app_db: Database, admin_db: Database) -> None:
    _, secret = await owner_with_session(admin_db)
    moment = [datetime.now(UTC)]
    authenticator = Authenticator(app_db, clock=lambda: moment[0])
    assert await authenticator.caller(secret) is not None
    moment[0] += timedelta(hours=1, seconds=1)
    assert await authenticator.caller(secret) is None


async def test_a_carriers_member_works_for_the_operators_that_granted_it_something(
    app_db: Database, admin_db: Database
) -> None:
    async with admin_db.plain() as conn:
        north, south, west = [await world.organization(conn, "OPERATOR", name) for name in ("North", "South", "West")]
        carrier = await world.organization(conn, "CARRIER", "Swift")
        other = await world.organization(conn, "CARRIER", "Slow")
        await world.grant(conn, north, carrier)
        await world.grant(conn, south, carrier, state="SUSPENDED")
        await world.grant(conn, west, carrier, state="REVOKED")
        await world.grant(conn, west, other)
        secret = await world.session(conn, await world.member(conn, carrier, "COURIER"))
    caller = await Authenticator(app_db).caller(secret)
    assert caller is not None
    assert set(caller.actor.tenants) == {north, south, carrier}


async def test_a_pooled_connection_keeps_no_organization_of_the_caller_before(
    app_db: Database, admin_db: Database
) -> None:
    _, secret = await owner_with_session(admin_db)
    await Authenticator(app_db).caller(secret)
    async with app_db.pool.acquire() as conn:
        assert await conn.fetchval("SELECT current_setting('app.organization_id', true)") in (None, "")


async def test_a_hundred_requests_at_once_ask_the_database_once(app_db: Database, admin_db: Database) -> None:
    _, secret = await owner_with_session(admin_db)
    authenticator = Authenticator(app_db)
    callers = await asyncio.gather(*(authenticator.caller(secret) for _ in range(100)))
    assert len({id(caller) for caller in callers}) == 1
    assert callers[0] is not None


@pytest.mark.parametrize("how", ["sign_out", "revoke_membership", "disable_account"])
async def test_an_ended_right_ends_streams_and_requests_in_every_process(
    app_db: Database, admin_db: Database, how: str
) -> None:
    owner, secret = await owner_with_session(admin_db)
    async with watching(app_db) as here, watching(app_db) as elsewhere:
        one, two = await here.caller(secret), await elsewhere.caller(secret)
        assert one is not None
        assert two is not None
        async with world.context(app_db, one).begin() as work:
            if how == "sign_out":
                assert await service.sign_out(work)
            elif how == "revoke_membership":
                await service.revoke_membership(work, owner.membership_id)
            else:
                await service.disable_account(work, owner.account_id)
        await asyncio.wait_for(asyncio.gather(one.revoked.wait(), two.revoked.wait()), SOON)
        assert not one.may_return
        assert await here.caller(secret) is None
        assert await elsewhere.caller(secret) is None


@pytest.mark.parametrize("everywhere", [False, True])
async def test_signing_out_ends_this_session_or_every_one_of_the_account(
    app_db: Database, admin_db: Database, everywhere: bool
) -> None:
    owner, secret = await owner_with_session(admin_db)
    _, foreign = await owner_with_session(admin_db)
    async with admin_db.plain() as conn:
        second = await world.session(conn, owner)
    authenticator = service.Authenticator(app_db)
    caller = await authenticator.caller(secret)
    assert caller is not None
    async with world.context(app_db, caller).begin() as work:
        assert await service.sign_out(work, everywhere=everywhere)
    fresh = service.Authenticator(app_db)
    assert await fresh.caller(secret) is None
    assert (await fresh.caller(second) is None) is everywhere
    assert await fresh.caller(foreign) is not None
    async with admin_db.plain() as conn:
        query = "SELECT count(*) FROM audit_entry WHERE actor_id = $1 AND target_type = 'Session'"
        assert await conn.fetchval(query, owner.account_id) == 1 + everywhere


async def test_a_revoked_grant_ends_the_carriers_streams_and_narrows_its_next_request(
    app_db: Database, admin_db: Database
) -> None:
    async with admin_db.plain() as conn:
        north = await world.organization(conn, "OPERATOR", "North")
        carrier = await world.organization(conn, "CARRIER", "Swift")
        id_ = await world.grant(conn, north, carrier)
        secret = await world.session(conn, await world.member(conn, carrier, "COURIER"))
    async with watching(app_db) as authenticator:
        before = await authenticator.caller(secret)
        assert before is not None
        async with admin_db.plain() as conn:
            await conn.execute("UPDATE carrier_grant SET state = 'REVOKED' WHERE id = $1", id_)
            await conn.execute("SELECT pg_notify('lockyard_revoked', $1)", str(carrier))
        await asyncio.wait_for(before.revoked.wait(), SOON)
        after = await authenticator.caller(secret)
        assert after is not None
        assert after.actor.tenants == (carrier,)


async def test_what_one_operator_takes_ends_only_streams_whose_rights_changed_and_lets_them_return(
    app_db: Database, admin_db: Database
) -> None:
    async with admin_db.plain() as conn:
        owner = await world.member(conn, await world.organization(conn, "OPERATOR", "North"), "OWNER")
        south, carrier = [await world.organization(conn, kind, "S") for kind in ("OPERATOR", "CARRIER")]
        first, second = [await world.grant(conn, owner.organization_id, carrier) for _ in range(2)]
        await world.grant(conn, south, carrier)
        secret = await world.session(conn, await world.member(conn, carrier, "COURIER"))
    operator = await world.caller(admin_db, app_db, owner)
    async with watching(app_db) as authenticator:
        held = await authenticator.caller(secret)
        assert held is not None
        assert set(held.actor.tenants) == {owner.organization_id, south, carrier}
        async with world.context(app_db, operator).begin() as work:
            await carriers.change(work, first, "revoke", "one of two")
        await asyncio.sleep(0.3)
        assert not held.revoked.is_set(), "another grant of the same operator still stands"
        assert await authenticator.caller(secret) is held
        async with world.context(app_db, operator).begin() as work:
            await carriers.change(work, second, "revoke", "the last one")
        await asyncio.wait_for(held.revoked.wait(), SOON)
        assert held.may_return
        back = await authenticator.caller(secret)
        assert back is not None
        assert set(back.actor.tenants) == {south, carrier}


async def test_where_rights_cannot_be_asked_for_nobody_keeps_what_may_be_gone(
    app_db: Database, admin_db: Database
) -> None:
    owner, secret = await owner_with_session(admin_db)
    authenticator = Authenticator(app_db)
    caller = await authenticator.caller(secret)
    assert caller is not None

    class Away:
        def acquire(self) -> object:
            raise OSError("away")

    authenticator._db = Database(Away())
    await authenticator._ask_anew(str(owner.organization_id))
    assert (caller.revoked.is_set(), caller.may_return) == (True, True)


async def test_a_right_that_ended_unheard_is_found_by_asking_again(app_db: Database, admin_db: Database) -> None:
    owner, secret = await owner_with_session(admin_db)
    authenticator = Authenticator(app_db)
    caller = await authenticator.caller(secret)
    assert caller is not None
    await authenticator.check_all()
    assert not caller.revoked.is_set()
    async with admin_db.plain() as conn:
        await conn.execute("UPDATE membership SET revoked_at = now() WHERE id = $1", owner.membership_id)
    await authenticator.check_all()
    assert caller.revoked.is_set()
    assert await authenticator.caller(secret) is None


async def test_the_watch_hears_again_after_its_connection_was_cut(app_db: Database, admin_db: Database) -> None:
    owner, secret = await owner_with_session(admin_db)
    async with watching(app_db) as authenticator:
        caller = await authenticator.caller(secret)
        assert caller is not None
        async with admin_db.plain() as conn:
            await conn.execute("UPDATE membership SET revoked_at = now() WHERE id = $1", owner.membership_id)
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test app'"
                " AND datname = current_database()"
            )
        await asyncio.wait_for(caller.revoked.wait(), SOON)


async def test_a_member_of_another_organization_cannot_be_revoked_and_looks_like_nobody(
    app_db: Database, admin_db: Database
) -> None:
    _, secret = await owner_with_session(admin_db)
    stranger, _ = await owner_with_session(admin_db)
    caller = await Authenticator(app_db).caller(secret)
    assert caller is not None
    with pytest.raises(NotFound):
        async with world.context(app_db, caller).begin() as work:
            await service.revoke_membership(work, stranger.membership_id)
    async with admin_db.plain() as conn:
        assert await conn.fetchval("SELECT revoked_at FROM membership WHERE id = $1", stranger.membership_id) is None


async def test_whoever_may_not_manage_members_changes_nothing(app_db: Database, admin_db: Database) -> None:
    owner, _ = await owner_with_session(admin_db)
    async with admin_db.plain() as conn:
        manager = await world.member(conn, owner.organization_id, "MANAGER")
    caller = await world.caller(admin_db, app_db, manager)
    with pytest.raises(Denied):
        async with world.context(app_db, caller).begin() as work:
            await service.revoke_membership(work, owner.membership_id)
    async with admin_db.plain() as conn:
        assert await conn.fetchval("SELECT revoked_at FROM membership WHERE id = $1", owner.membership_id) is None
        outcome = await conn.fetchval(
            "SELECT outcome FROM audit_entry WHERE tenant_id = $1 AND action = 'member:manage'", owner.organization_id
        )
    assert outcome == "DENIED"


async def test_a_random_secret_of_the_right_form_stands_for_nobody(app_db: Database) -> None:
    assert await Authenticator(app_db).caller(new_secret(SESSION_PREFIX)) is None
    assert await Authenticator(app_db).caller(new_secret(KEY_PREFIX)) is None
