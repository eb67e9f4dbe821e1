from typing import Any

import pytest

from app.kit.clock import utc_now
from app.kit.db import Database
from app.kit.errors import Reason, Rejected
from app.kit.ids import global_id
from app.lockers.model import Size
from app.vendors.service import Vendors
from schema.mutations import Call, Mutation, Payload
from schema.mutations.lockers import MUTATIONS as LOCKERS
from schema.mutations.people import MUTATIONS as PEOPLE
from schema.mutations.sites import MUTATIONS as SITES
from tests.app.rig import SEALER, actor, make_world, snapshot, value
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


DOORS = [
    {
        "label": f"{n:02}",
        "external_id": str(n),
        "size": Size.M,
        "row": 1,
        "column": n,
        "row_span": 1,
        "accessible": False,
    }
    for n in (1, 2)
]
BANK: dict[str, Any] = {
    "label": "C",
    "vendor": "memory",
    "external_id": "X1",
    "base_url": "memory:",
    "settings": {},
    "secret": None,
}


async def test_a_bank_goes_with_its_doors_and_the_way_to_it_also_when_the_same_is_asked_again(
    app_db: Database, admin_db: Database
) -> None:
    place = await make_world(admin_db)
    before = await snapshot(admin_db)
    parts = {"vendors": Vendors(lambda _: (), SEALER)}

    def call(name: str, **given: Any) -> Call:
        return Call(name, given, app_db, utc_now, actor(place), "trace", "test", parts)

    site = global_id("Site", place.site)
    made = await LOCKERS["createBank"](
        call("createBank", idempotency_key="make", site_id=site, compartments=DOORS, **BANK)
    )
    assert isinstance(made, tuple)
    count = "SELECT count(*) FROM compartment WHERE bank_id = $1"
    assert await value(admin_db, count, made[1]) == len(DOORS)
    id_ = global_id(*made)
    for _ in range(2):
        answer = await LOCKERS["deleteBank"](call("deleteBank", idempotency_key="drop", id=id_))
        assert answer == Payload("DeletePayload", {"deletedId": id_})
    after = await snapshot(admin_db)
    written = {"audit_entry", "outbox", "idempotency_key"}
    assert {table for table in before if before[table] != after[table]} == written
    told = "SELECT array_agg(kind ORDER BY id) FROM outbox WHERE subject_id = $1"
    assert await value(admin_db, told, made[1]) == ["BankCreated", "BankDeleted"]


async def test_a_bank_that_was_used_stays_with_everything_it_has(app_db: Database, admin_db: Database) -> None:
    place = await make_world(admin_db)
    async with admin_db.plain() as conn:
        await conn.execute(
            """INSERT INTO command (tenant_id, id, site_id, bank_id, compartment_id, kind, state, requested_by,
            requested_by_name, requested_at, expires_at, settled)
            VALUES ($1, $2, $3, $4, $5, 'OPEN', 'FAILED', $2, 'x', now(), now(), true)""",
            place.tenant, place.recipient, place.site, place.bank, place.doors[0],
        )  # fmt: skip
    before = await snapshot(admin_db)
    given = {"idempotency_key": "drop", "id": global_id("Bank", place.bank)}
    with pytest.raises(Rejected) as refused:
        await LOCKERS["deleteBank"](Call("deleteBank", given, app_db, utc_now, actor(place), "trace", "test", {}))
    assert refused.value.reason is Reason.STILL_IN_USE
    assert await snapshot(admin_db) == before
