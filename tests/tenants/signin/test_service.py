import asyncio
import statistics
import time

import pytest

from app.kit.db import Database
from app.kit.errors import Denied
from app.kit.ids import new_id
from tenants.identity.model import PAIR, Failures
from tenants.identity.service import Authenticator
from tenants.signin.service import SignIns, TooManyTries
from tests.tenants import world

pytestmark = pytest.mark.anyio


async def owner(admin_db: Database) -> world.Member:
    async with admin_db.plain() as conn:
        return await world.member(conn, await world.organization(conn, "OPERATOR", "North"), "OWNER")


async def knock(door: SignIns, email: str, password: str = "wrong", source: str = "198.51.100.7") -> str:
    secret, _ = await door.sign_in(email, password, world.now(), source=source, request_id="test")
    return secret


async def test_the_right_password_opens_a_session_and_is_recorded(app_db: Database, admin_db: Database) -> None:
    known = await owner(admin_db)
    secret = await knock(SignIns(app_db), f"  {known.email.upper()} ", world.PASSWORD)
    caller = await Authenticator(app_db).caller(secret)
    assert caller is not None
    assert caller.actor.membership_id == known.membership_id
    async with admin_db.plain() as conn:
        entry = await conn.fetchrow("SELECT * FROM audit_entry WHERE tenant_id = $1", known.organization_id)
        assert (entry["action"], entry["outcome"], entry["actor_id"]) == ("session:create", "DONE", known.account_id)
        assert await conn.fetchval("SELECT count(*) FROM outbox WHERE audit_id = $1", entry["id"]) == 1


async def test_a_member_of_two_organizations_enters_the_first_or_the_one_it_names(
    app_db: Database, admin_db: Database
) -> None:
    known = await owner(admin_db)
    async with admin_db.plain() as conn:
        second = await world.organization(conn, "CARRIER", "Swift")
        await world.add_membership(conn, new_id(), known.account_id, second, "COURIER")
    door = SignIns(app_db)
    for named, expected in ((None, known.organization_id), (second, second)):
        _, session = await door.sign_in(
            known.email, world.PASSWORD, world.now(), source="a", request_id="test", organization_id=named
        )
        assert session.actor.organization_id == expected
    with pytest.raises(Denied):
        await door.sign_in(
            known.email, world.PASSWORD, world.now(), source="a", request_id="test", organization_id=new_id()
        )


async def test_every_failure_says_the_same_and_opens_nothing(app_db: Database, admin_db: Database) -> None:
    known, disabled, left, passwordless = [await owner(admin_db) for _ in range(4)]
    async with admin_db.plain() as conn:
        await conn.execute("UPDATE account SET disabled_at = now() WHERE id = $1", disabled.account_id)
        await conn.execute("UPDATE membership SET revoked_at = now() WHERE id = $1", left.membership_id)
        await conn.execute("UPDATE account SET password_hash = NULL WHERE id = $1", passwordless.account_id)
    door, said = SignIns(app_db), set()
    for email, password in (
        (known.email, "wrong"), ("nobody@example.com", world.PASSWORD), (disabled.email, world.PASSWORD),
        (left.email, world.PASSWORD), (passwordless.email, ""), (known.email, "x" * 100_000), (known.email, ""),
        ("", ""),
    ):  # fmt: skip
        with pytest.raises(Denied) as refused:
            await knock(door, email, password)
        said.add((type(refused.value), refused.value.message, refused.value.failed))
    assert len(said) == 1
    async with admin_db.plain() as conn:
        ids = [m.membership_id for m in (known, disabled, left, passwordless)]
        assert await conn.fetchval("SELECT count(*) FROM login_session WHERE membership_id = ANY ($1)", ids) == 0


async def test_a_failed_sign_in_is_recorded_without_naming_who_tried(app_db: Database, admin_db: Database) -> None:
    known = await owner(admin_db)
    with pytest.raises(Denied):
        await knock(SignIns(app_db), known.email)
    async with admin_db.plain() as conn:
        entry = await conn.fetchrow("SELECT * FROM audit_entry WHERE tenant_id = $1", known.organization_id)
        personal = await conn.fetchval(
            "SELECT count(*) FROM audit_personal WHERE tenant_id = $1", known.organization_id
        )
    assert (entry["outcome"], entry["target_id"], personal) == ("DENIED", known.account_id, 0)
    assert known.email not in str(dict(entry))
    assert "198.51.100.7" not in str(dict(entry))


async def test_an_unknown_email_takes_as_long_as_a_known_one(app_db: Database, admin_db: Database) -> None:
    known, door = await owner(admin_db), SignIns(app_db)

    async def seconds(email: str, source: str) -> float:
        start = time.monotonic()
        with pytest.raises(Denied):
            await knock(door, email, source=source)
        return time.monotonic() - start

    mine = [await seconds(known.email, f"a{n}") for n in range(4)]
    others = [await seconds(f"nobody{n}@example.com", f"b{n}") for n in range(4)]
    assert abs(statistics.median(mine) - statistics.median(others)) < 0.05


async def test_too_many_failures_lock_the_pair_but_not_the_owner_elsewhere(
    app_db: Database, admin_db: Database
) -> None:
    known, door = await owner(admin_db), SignIns(app_db)
    for _ in range(PAIR.failures):
        with pytest.raises(Denied):
            await knock(door, known.email)
    with pytest.raises(TooManyTries) as refused:
        await knock(door, known.email, world.PASSWORD)
    assert 0 < refused.value.retry_after <= PAIR.seconds
    assert await knock(door, known.email, world.PASSWORD, source="203.0.113.9")


async def test_tries_made_at_one_moment_cannot_slip_past_the_limit(app_db: Database, admin_db: Database) -> None:
    known, door = await owner(admin_db), SignIns(app_db)
    found = await asyncio.gather(*(knock(door, known.email) for _ in range(40)), return_exceptions=True)
    assert sum(isinstance(one, TooManyTries) for one in found) == 40 - PAIR.failures
    assert all(isinstance(one, Denied) for one in found)


async def test_more_processes_give_no_more_tries(app_db: Database, admin_db: Database) -> None:
    known, doors = await owner(admin_db), [SignIns(app_db) for _ in range(4)]
    tries = (knock(door, known.email) for door in doors for _ in range(PAIR.failures))
    found = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, TooManyTries) for one in found) == 3 * PAIR.failures
    for door in (*doors, SignIns(app_db)):
        with pytest.raises(TooManyTries) as refused:
            await knock(door, known.email, world.PASSWORD)
        assert 0 < refused.value.retry_after <= PAIR.seconds


def test_failures_are_forgotten_by_the_monotonic_clock_alone() -> None:
    failures = Failures()
    for n in range(PAIR.failures):
        assert failures.wait("a", "s", n) == 0
        failures.add("a", "s", n)
    assert failures.wait("a", "s", 10.0) == PAIR.seconds - 10.0
    assert failures.wait("a", "other", 10.0) == 0
    assert failures.wait("a", "s", PAIR.seconds) == 0


def test_one_good_account_does_not_clear_the_count_of_its_place() -> None:
    failures = Failures()
    for n in range(50):
        failures.add(f"victim{n}", "s", 0.0)
        failures.add("mine", "s", 0.0)
        failures.forgive("mine", "s")
    assert failures.wait("another", "s", 1.0) > 0


def test_many_good_sign_ins_from_one_place_lock_nobody_out() -> None:
    failures = Failures()
    for n in range(200):
        failures.add(f"someone{n}", "s", 0.0)
        failures.forgive(f"someone{n}", "s")
    assert failures.wait("another", "s", 1.0) == 0
