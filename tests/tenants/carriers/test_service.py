import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.kit.db import Conn, Database
from app.kit.errors import Denied, NotFound, Reason, Rejected
from app.kit.ids import new_id
from tenants.carriers.model import Operation, Terms
from tenants.carriers.service import GrantCarrier, change, explain, grant, require
from tenants.identity.service import Caller
from tests.tenants import world

pytestmark = pytest.mark.anyio
YESTERDAY = datetime.now(UTC) - timedelta(days=1)
ALL = Terms(frozenset(Operation), None, None, None, YESTERDAY)


@dataclass(frozen=True, slots=True)
class Place:
    """An operator with one site, a bank of four, its owner, and a carrier with a courier."""

    operator: UUID
    site: UUID
    bank: UUID
    compartments: tuple[UUID, ...]
    owner: Caller
    carrier: UUID
    courier: world.Member


async def add(conn: Conn, table: str, **values: object) -> UUID:
    id_ = new_id()
    named: Mapping[str, object] = {"id": id_, **values}
    places = ", ".join(f"${n}" for n in range(1, len(named) + 1))
    await conn.execute(f"INSERT INTO {table} ({', '.join(named)}) VALUES ({places})", *named.values())
    return id_


async def make_place(admin_db: Database, app_db: Database, zone: str = "America/Sao_Paulo") -> Place:
    async with admin_db.plain() as conn:
        operator = await world.organization(conn, "OPERATOR", "North")
        carrier = await world.organization(conn, "CARRIER", "Swift")
        owner = await world.member(conn, operator, "OWNER")
        courier = await world.member(conn, carrier, "COURIER")
        site = await add(
            conn, "site", tenant_id=operator, name="Sé", address_line="1", city="São Paulo", country="BR",
            timezone=zone, locale="pt-BR",
        )  # fmt: skip
        bank = await add(
            conn, "bank", tenant_id=operator, site_id=site, connection_id=new_id(), vendor="pitney", external_id="1",
            label="A",
        )  # fmt: skip
        compartments = [
            await add(
                conn, "compartment", tenant_id=operator, site_id=site, bank_id=bank, external_id=str(n), label=str(n),
                size="S" if n < 3 else "L", row_no=n, column_no=1,
            )
            for n in range(4)
        ]  # fmt: skip
    caller = await world.caller(admin_db, app_db, owner)
    return Place(operator, site, bank, tuple(compartments), caller, carrier, courier)


async def stay(conn: Conn, place: Place, compartment: int, carrier: UUID | None = None, **more: object) -> None:
    await add(
        conn, "stay", tenant_id=place.operator, site_id=place.site, bank_id=place.bank,
        compartment_id=place.compartments[compartment], carrier_id=carrier or place.carrier, flow="DELIVER",
        created_by=new_id(), created_at=YESTERDAY, expires_at=YESTERDAY, **({"state": "HELD"} | more),
    )  # fmt: skip


async def allow(app_db: Database, place: Place, **terms: object) -> UUID:
    ask = GrantCarrier(replace(ALL, **terms), organization_id=place.carrier)  # type: ignore[arg-type]
    async with world.context(app_db, place.owner).begin() as work:
        return await grant(work, ask)


async def try_to(
    admin_db: Database, app_db: Database, place: Place, operation: Operation, **more: object
) -> UUID | None:
    courier = await world.caller(admin_db, app_db, place.courier)
    async with world.context(app_db, courier).begin() as work:
        work.enter(place.operator)
        decision = await require(work, operation, place.site, place.bank, "S", **more)  # type: ignore[arg-type]
        return decision.grant_id


async def test_a_grant_allows_from_its_commit_on_and_is_recorded(app_db: Database, admin_db: Database) -> None:
    place = await make_place(admin_db, app_db)
    id_ = await allow(app_db, place)
    assert await try_to(admin_db, app_db, place, Operation.RESERVE) == id_
    async with admin_db.plain() as conn:
        fact = await conn.fetchrow("SELECT * FROM outbox WHERE subject_id = $1", id_)
        entry = await conn.fetchrow("SELECT * FROM audit_entry WHERE target_id = $1", id_)
    assert (fact["kind"], fact["carrier_id"], fact["audit_id"]) == ("CarrierGranted", place.carrier, entry["id"])
    assert entry["carrier_id"] == place.carrier


async def test_others_than_carriers_need_no_grant(app_db: Database, admin_db: Database) -> None:
    place = await make_place(admin_db, app_db)
    async with world.context(app_db, place.owner).begin() as work:
        assert (await require(work, Operation.RESERVE, place.site)).allow


async def test_a_site_without_grant_looks_as_if_it_did_not_exist(app_db: Database, admin_db: Database) -> None:
    place, other = await make_place(admin_db, app_db), await make_place(admin_db, app_db)
    await allow(app_db, place)
    with pytest.raises((NotFound, ValueError)):
        await try_to(admin_db, app_db, replace(place, operator=other.operator, site=other.site), Operation.RESERVE)


async def test_a_denial_names_the_rules_and_is_recorded(app_db: Database, admin_db: Database) -> None:
    place = await make_place(admin_db, app_db)
    await allow(app_db, place, sizes=frozenset({"L"}), max_hold_hours=2)
    with pytest.raises(Denied) as refused:
        await try_to(admin_db, app_db, place, Operation.RESERVE, hold=timedelta(hours=3))
    assert [(rule.rule, rule.actual) for rule in refused.value.failed] == [("size", "S"), ("max_hold_hours", "3 hours")]
    assert refused.value.permission == "stay:create"
    async with admin_db.plain() as conn:
        query = "SELECT outcome, details FROM audit_entry WHERE tenant_id = $1 AND action = 'stay:create'"
        row = await conn.fetchrow(query, place.operator)
    assert (row["outcome"], row["details"]) == ("DENIED", {"rules": ["size", "max_hold_hours"]})


async def test_a_quota_counts_what_is_open_within_the_grant(app_db: Database, admin_db: Database) -> None:
    place = await make_place(admin_db, app_db)
    await allow(app_db, place, max_open_stays=2, sizes=frozenset({"S"}))
    async with admin_db.plain() as conn:
        await stay(conn, place, 0)
        await stay(conn, place, 1, state="RELEASED")
        await stay(conn, place, 2, carrier=await world.organization(conn, "CARRIER", "Slow"))
        await stay(conn, place, 3)
    await try_to(admin_db, app_db, place, Operation.RESERVE)
    async with admin_db.plain() as conn:
        await stay(conn, place, 1)
    with pytest.raises(Rejected) as refused:
        await try_to(admin_db, app_db, place, Operation.RESERVE)
    assert refused.value.reason is Reason.QUOTA_REACHED
    await try_to(admin_db, app_db, place, Operation.DEPOSIT)
    unlimited = await allow(app_db, place)
    assert await try_to(admin_db, app_db, place, Operation.RESERVE) == unlimited


async def test_deposits_are_counted_from_midnight_at_the_site(app_db: Database, admin_db: Database) -> None:
    place = await make_place(admin_db, app_db, "Pacific/Kiritimati")
    await allow(app_db, place, max_deposits_per_day=1)
    async with admin_db.plain() as conn:
        midnight = await conn.fetchval(
            "SELECT date_trunc('day', now() AT TIME ZONE $1) AT TIME ZONE $1", "Pacific/Kiritimati"
        )
        await stay(conn, place, 0, state="DEPOSITED", deposited_at=midnight - timedelta(seconds=1))
    await try_to(admin_db, app_db, place, Operation.DEPOSIT)
    async with admin_db.plain() as conn:
        await stay(conn, place, 1, state="DEPOSITED", deposited_at=midnight)
    with pytest.raises(Rejected):
        await try_to(admin_db, app_db, place, Operation.DEPOSIT)


async def test_many_at_once_never_take_more_than_the_quota(app_db: Database, admin_db: Database) -> None:
    place = await make_place(admin_db, app_db)
    await allow(app_db, place, max_open_stays=3)
    courier = await world.caller(admin_db, app_db, place.courier)

    async def reserve(n: int) -> bool:
        async with world.context(app_db, courier).begin() as work:
            work.enter(place.operator)
            await require(work, Operation.RESERVE, place.site, place.bank, "S")
            await stay(work.conn, place, n % 4)
        return True

    found = await asyncio.gather(*(reserve(n) for n in range(12)), return_exceptions=True)
    async with admin_db.plain() as conn:
        held = await conn.fetchval("SELECT count(*) FROM stay WHERE tenant_id = $1", place.operator)
    assert held == sum(one is True for one in found) <= 3
    assert any(isinstance(one, Rejected) for one in found)


@pytest.mark.parametrize("how", ["suspend", "revoke"])
async def test_a_grant_taken_back_allows_nothing_from_then_on(app_db: Database, admin_db: Database, how: str) -> None:
    place = await make_place(admin_db, app_db)
    id_ = await allow(app_db, place)
    await allow(app_db, place, operations=frozenset({Operation.VIEW_AVAILABILITY}))
    async with world.context(app_db, place.owner).begin() as work:
        await change(work, id_, how, "contract ended")
    with pytest.raises(Denied):
        await try_to(admin_db, app_db, place, Operation.RESERVE)
    async with admin_db.plain() as conn:
        entry = await conn.fetchrow(
            "SELECT reason FROM audit_entry WHERE target_id = $1 AND details ->> 'change' = $2", id_, how
        )
        facts = await conn.fetch("SELECT kind FROM outbox WHERE subject_id = $1 ORDER BY id", id_)
    assert entry["reason"] == "contract ended"
    assert [row["kind"] for row in facts] == [
        "CarrierGranted",
        {"suspend": "GrantSuspended", "revoke": "GrantRevoked"}[how],
    ]


async def test_a_suspended_grant_can_be_resumed_and_a_revoked_one_never(app_db: Database, admin_db: Database) -> None:
    place = await make_place(admin_db, app_db)
    id_ = await allow(app_db, place)
    for how in ("suspend", "resume", "revoke"):
        async with world.context(app_db, place.owner).begin() as work:
            await change(work, id_, how, "why not")
    for how in ("suspend", "resume", "revoke"):
        with pytest.raises(Rejected):
            async with world.context(app_db, place.owner).begin() as work:
                await change(work, id_, how, "why not")
    async with admin_db.plain() as conn:
        row = await conn.fetchrow("SELECT state, version FROM carrier_grant WHERE id = $1", id_)
    assert (row["state"], row["version"]) == ("REVOKED", 4)


async def test_an_explanation_says_what_fails_and_never_who_else_is_there(app_db: Database, admin_db: Database) -> None:
    place = await make_place(admin_db, app_db)
    courier = await world.caller(admin_db, app_db, place.courier)
    first, second = place.compartments[:2]

    async def ask(caller: Caller, compartment: UUID) -> object:
        async with app_db.tenant(caller.actor.tenants, caller.actor.organization_id) as conn:
            found = await explain(conn, caller.actor, compartment)
            return None if found is None else (found.allow, [rule.rule for rule in found.failed])

    assert await ask(courier, first) is None
    await allow(app_db, place)
    courier = await world.caller(admin_db, app_db, place.courier)
    async with admin_db.plain() as conn:
        await stay(conn, place, 0)
        await stay(conn, place, 1, carrier=await world.organization(conn, "CARRIER", "Slow"))
    assert await ask(courier, first) == (True, [])
    assert await ask(courier, second) == await ask(courier, place.compartments[2]) == (False, ["stay"])
    assert await ask(place.owner, first) == (True, [])
    assert await ask(place.owner, new_id()) is None
