from datetime import UTC, datetime
from typing import Any

import pytest

from app.kit.clock import utc_now
from app.kit.db import Database
from app.kit.errors import Conflict, Denied, Invalid, NotFound
from app.kit.ids import global_id, new_id
from schema.mutations import Call, Payload, Seen
from schema.mutations.identity import MUTATIONS
from tenants.identity.service import Authenticator, Caller
from tenants.signin.service import SignIns
from tests.tenants import world

pytestmark = pytest.mark.anyio
KEY = {"name": "board", "scopes": ["site:read"], "expires_at": None, "all_sites": True, "site_ids": []}


async def owner(admin_db: Database, app_db: Database) -> tuple[world.Member, Caller]:
    async with admin_db.plain() as conn:
        member = await world.member(conn, await world.organization(conn, "OPERATOR", "North"), "OWNER")
    return member, await world.caller(admin_db, app_db, member)


def call(field: str, db: Database, caller: Caller | None, /, **given: Any) -> Call:
    actor = None if caller is None else caller.actor
    return Call(field, given, db, utc_now, actor, "trace", "203.0.113.5", {"sign_ins": SignIns(db)})


async def count(admin_db: Database, caller: Caller) -> int:
    async with admin_db.plain() as conn:
        found: int = await conn.fetchval(
            "SELECT count(*) FROM api_key WHERE organization_id = $1", caller.actor.organization_id
        )
        return found


async def test_signing_in_answers_a_bearer_token_and_sees_as_the_one_signed_in(
    app_db: Database, admin_db: Database
) -> None:
    member, _ = await owner(admin_db, app_db)
    given = {"email": member.email, "password": world.PASSWORD}
    found = await MUTATIONS["signIn"](call("signIn", app_db, None, **given))
    assert isinstance(found, Payload)
    token, seen = found.fields["token"], found.fields["viewer"]
    assert isinstance(token, str)
    assert isinstance(seen, Seen)
    caller = await Authenticator(app_db).caller(token)
    assert caller is not None
    assert seen.actor.membership_id == caller.actor.membership_id == member.membership_id
    with pytest.raises(Denied):
        await MUTATIONS["signIn"](call("signIn", app_db, None, email=member.email, password="no"))
    assert await MUTATIONS["signOut"](call("signOut", app_db, caller, everywhere=False)) is True
    assert await Authenticator(app_db).caller(token) is None


async def test_a_repeated_key_request_makes_no_second_key_and_says_why_it_shows_no_secret(
    app_db: Database, admin_db: Database
) -> None:
    _, caller = await owner(admin_db, app_db)
    asked = call("createApiKey", app_db, caller, idempotency_key="once", **KEY)
    first = await MUTATIONS["createApiKey"](asked)
    assert isinstance(first, Payload)
    with pytest.raises(Conflict, match="shown once"):
        await MUTATIONS["createApiKey"](asked)
    other = call("createApiKey", app_db, caller, idempotency_key="once", **(KEY | {"name": "other"}))
    with pytest.raises(Conflict, match="another request"):
        await MUTATIONS["createApiKey"](other)
    assert await count(admin_db, caller) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"scopes": ["site:fly"]},
        {"name": "a\0b"},
        {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"idempotency_key": ""},
        {"idempotency_key": "x" * 256},
        {"idempotency_key": "a\0"},
    ],
)
async def test_a_key_request_that_makes_no_sense_is_invalid_and_changes_nothing(
    app_db: Database, admin_db: Database, change: dict[str, Any]
) -> None:
    _, caller = await owner(admin_db, app_db)
    asked = call("createApiKey", app_db, caller, **{"idempotency_key": "k", **KEY, **change})
    with pytest.raises(Invalid):
        await MUTATIONS["createApiKey"](asked)
    assert await count(admin_db, caller) == 0


@pytest.mark.parametrize(
    "given",
    ["", "x", global_id("Site", new_id()), global_id("ApiKey", new_id())],
    ids=["nothing", "nonsense", "a site", "a key of nobody"],
)
async def test_revoking_what_is_no_key_of_mine_is_not_found(app_db: Database, admin_db: Database, given: str) -> None:
    _, caller = await owner(admin_db, app_db)
    with pytest.raises(NotFound):
        await MUTATIONS["revokeApiKey"](call("revokeApiKey", app_db, caller, idempotency_key="k", api_key_id=given))


async def test_revoking_twice_with_one_key_answers_the_same(app_db: Database, admin_db: Database) -> None:
    from tenants.work import Replay

    _, caller = await owner(admin_db, app_db)
    made = await MUTATIONS["createApiKey"](call("createApiKey", app_db, caller, idempotency_key="k", **KEY))
    assert isinstance(made, Payload)
    answer = made.fields["apiKey"]
    assert isinstance(answer, tuple)
    asked = call("revokeApiKey", app_db, caller, idempotency_key="r", api_key_id=global_id(*answer))
    assert await MUTATIONS["revokeApiKey"](asked) == answer
    with pytest.raises(Replay) as replay:
        await MUTATIONS["revokeApiKey"](asked)
    assert replay.value.answer == answer
