from typing import Any

import pytest

from app.kit.clock import utc_now
from app.kit.db import Database
from app.kit.ids import global_id
from schema.mutations import Call, Mutation, Payload
from schema.mutations.people import MUTATIONS as PEOPLE
from schema.mutations.sites import MUTATIONS as SITES
from tests.tenants import world

pytestmark = pytest.mark.anyio
SITE = {
    "name": "Old Mill", "address_line": "1 Mill Lane", "city": "Leeds", "country": "GB", "timezone": "Europe/London",
    "locale": "en",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "mutations", "given"),
    [("Site", SITES, SITE), ("Person", PEOPLE, {"kind": "RECIPIENT", "name": "Ana", "locale": "en"})],
)
async def test_what_was_deleted_is_named_also_when_the_same_is_asked_again(
    app_db: Database, admin_db: Database, kind: str, mutations: dict[str, Mutation], given: dict[str, Any]
) -> None:
    async with admin_db.plain() as conn:
        owner = await world.member(conn, await world.organization(conn, "OPERATOR", "North"), "OWNER")
    caller = await world.caller(admin_db, app_db, owner)

    def call(name: str, given: dict[str, Any]) -> Call:
        return Call(name, given, app_db, utc_now, caller.actor, "trace", "test", {})

    made = await mutations[f"create{kind}"](call(f"create{kind}", {"idempotency_key": "make", **given}))
    assert isinstance(made, tuple)
    id_ = global_id(*made)
    asked = {"idempotency_key": "drop", "id": id_}
    for _ in range(2):
        answer = await mutations[f"delete{kind}"](call(f"delete{kind}", asked))
        assert answer == Payload("DeletePayload", {"deletedId": id_})
