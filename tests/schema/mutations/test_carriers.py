from typing import Any

import pytest

from app.kit.clock import utc_now
from app.kit.db import Database
from app.kit.errors import Invalid
from app.kit.ids import global_id
from schema.mutations import Call
from schema.mutations.carriers import MUTATIONS
from tests.tenants import world

pytestmark = pytest.mark.anyio
WEEK = {"days": [1, 2, 3, 4, 5], "from": "08:00", "to": "18:30"}
GRANT: dict[str, Any] = {
    "operations": ["RESERVE", "DEPOSIT"], "all_sites": True, "site_ids": [], "all_banks": True, "bank_ids": [],
    "all_sizes": True, "sizes": [], "valid_from": None, "valid_to": None, "windows": [WEEK], "max_open_stays": 5,
    "max_deposits_per_day": None, "max_hold_hours": None,
}  # fmt: skip


async def make_call(app_db: Database, admin_db: Database, **change: Any) -> Call:
    async with admin_db.plain() as conn:
        operator = await world.organization(conn, "OPERATOR", "North")
        carrier = await world.organization(conn, "CARRIER", "Swift")
        owner = await world.member(conn, operator, "OWNER")
    caller = await world.caller(admin_db, app_db, owner)
    given = {"idempotency_key": "k", "carrier_id": global_id("Organization", carrier), **GRANT, **change}
    return Call("grantCarrier", given, app_db, utc_now, caller.actor, "trace", "test", {})


async def test_a_grant_is_stored_as_it_was_asked_for(app_db: Database, admin_db: Database) -> None:
    answer = await MUTATIONS["grantCarrier"](await make_call(app_db, admin_db))
    assert isinstance(answer, tuple)
    async with admin_db.plain() as conn:
        row = await conn.fetchrow("SELECT * FROM carrier_grant WHERE id = $1", answer[1])
    assert row["windows"] == [WEEK]
    assert (row["all_sites"], row["max_open_stays"], row["operations"]) == (True, 5, ["DEPOSIT", "RESERVE"])


async def test_naming_sizes_means_these_and_no_longer_all(app_db: Database, admin_db: Database) -> None:
    answer = await MUTATIONS["grantCarrier"](await make_call(app_db, admin_db, sizes=["S", "M"]))
    assert isinstance(answer, tuple)
    async with admin_db.plain() as conn:
        row = await conn.fetchrow("SELECT all_sizes, sizes FROM carrier_grant WHERE id = $1", answer[1])
    assert (row["all_sizes"], row["sizes"]) == (False, ["M", "S"])


@pytest.mark.parametrize(
    "change",
    [
        {"windows": [WEEK | {"from": "8:00"}]},
        {"windows": [WEEK | {"to": "24:00"}]},
        {"windows": [WEEK | {"to": "08:00:01"}]},
        {"windows": [WEEK | {"days": []}]},
        {"windows": [WEEK | {"days": [0]}]},
        {"windows": [WEEK] * 51},
        {"operations": []},
        {"all_sites": False},
        {"max_open_stays": 0},
    ],
)
async def test_a_grant_that_makes_no_sense_is_invalid(
    app_db: Database, admin_db: Database, change: dict[str, Any]
) -> None:
    call = await make_call(app_db, admin_db, **change)
    with pytest.raises(Invalid):
        await MUTATIONS["grantCarrier"](call)
    assert call.actor is not None
    async with admin_db.plain() as conn:
        query = "SELECT count(*) FROM carrier_grant WHERE tenant_id = $1"
        assert await conn.fetchval(query, call.actor.organization_id) == 0
