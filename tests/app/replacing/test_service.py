import asyncio
from collections.abc import Mapping
from dataclasses import replace as spelled
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.access import service as access
from app.access.service import OpenCompartment
from app.commissioning import service as commissioning
from app.commissioning.service import ImportBank
from app.kit.db import Database
from app.kit.errors import Invalid, LockyardError, NotFound, Reason, Rejected
from app.kit.ids import new_id
from app.reconciling import service as reconciling
from app.reconciling.service import ApplySurvey
from app.replacing.service import ReplaceController, replace_controller
from app.vendors import service as vendors
from app.vendors.service import Account
from tests.app.commissioning.conftest import WORDS, Listing, known, surveyed
from tests.app.fleet.test_jobs import until
from tests.app.rig import BOOKS, SENSOR, Cell, World, actor, context, snapshot, value
from tests.app.scene import Scene, make_scene

# A vendor for whom `b2` and `B2` are one bank: whatever is typed, the one that was surveyed is meant.
SPELLED = spelled(known(), bank_id=lambda _, text: text.upper())
UNITS: dict[str, dict[str, Any]] = {id_: {} for id_ in ("001", "002", "003")}


async def second(app: Database, world: World, address: str = "memory:2") -> UUID:
    async with context(app, actor(world)).begin() as work:
        return await vendors.connect(work, Account("Second", "memory", address, {}), known())


async def found(
    admin: Database,
    world: World,
    account: UUID,
    units: Mapping[str, Mapping[str, Any]],
    *,
    capabilities: Mapping[str, str] = SENSOR,
    age: timedelta = timedelta(0),
) -> UUID:
    """A survey that has found bank B2 of these units there."""
    plain = {"size": "medium", "accessible": None, "inService": True, "inUse": None, "serial": None}
    listed = [{"externalId": id_, "label": id_, **plain, **more} for id_, more in units.items()]
    bank, id_ = {"externalId": "B2", "name": None, "location": None, "units": listed}, new_id()
    async with admin.plain() as conn:
        await conn.execute(
            "INSERT INTO survey (tenant_id, id, connection_id, state, requested_by_name, requested_at, finished_at, "
            "found, capabilities) VALUES ($1, $2, $3, 'READY', 'x', $4, $4, $5, $6)",
            world.tenant, id_, account, datetime.now(UTC) - age, [bank], dict(capabilities),
        )  # fmt: skip
    return id_


async def replace(app: Database, world: World, account: UUID, units: Mapping[str, str] | None = None) -> UUID:
    async with context(app, actor(world)).begin() as work:
        return await replace_controller(
            work, ReplaceController(world.bank, account, "b2", units or {}, "lightning"), SPELLED
        )


async def waited_on(admin: Database) -> None:
    """Until an act waits for the one that is open."""
    waits = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    await until(admin, True, waits)


async def test_a_controller_is_replaced_and_ids_and_history_go_on(
    app_db: Database, admin_db: Database, world: World, hardware: Listing
) -> None:
    await until(admin_db, True, "SELECT last_contact_at IS NOT NULL FROM bank WHERE id = $1", world.bank)
    hardware.cells, hardware.bank = {name: Cell() for name in ("002", "001", "9")}, "B2"
    account = await second(app_db, world)
    await until(admin_db, "READY", "SELECT state FROM survey WHERE connection_id = $1", account)
    swapped = {"001": "002", "002": "001", "003": "9"}
    assert await replace(app_db, world, account, swapped) == world.bank
    async with admin_db.plain() as conn:
        rows = await conn.fetch("SELECT id, external_id FROM compartment WHERE bank_id = $1", world.bank)
        bank = await conn.fetchrow("SELECT * FROM bank WHERE id = $1", world.bank)
    assert {row["id"]: row["external_id"] for row in rows} == dict(zip(world.doors, ("002", "001", "9"), strict=True))
    assert (bank["connection_id"], bank["external_id"]) == (account, "B2")
    assert set(bank["likeness"]) == {"001", "002", "9"}
    await until(admin_db, "CLOSED", "SELECT door FROM compartment WHERE id = $1", world.doors[2])


@pytest.mark.parametrize(
    ("units", "error"),
    [({"7": "x"}, Invalid), ({"001": "002"}, Invalid), ({"001": "x", "002": "x"}, Invalid)],
)
async def test_doors_that_would_be_one_unit_are_refused(
    app_db: Database, admin_db: Database, world: World, units: dict[str, str], error: type[Exception]
) -> None:
    before = await snapshot(admin_db)
    with pytest.raises(error):
        await replace(app_db, world, world.connection, units)
    assert await snapshot(admin_db) == before


async def test_a_controller_is_not_replaced_under_a_command(app_db: Database, admin_db: Database, world: World) -> None:
    async with context(app_db, actor(world)).begin() as work:
        await access.open_compartment(work, OpenCompartment(world.doors[0], "look"))
    before = await snapshot(admin_db)
    with pytest.raises(Rejected) as refused:
        await replace(app_db, world, world.connection)
    assert refused.value.reason is Reason.COMMAND_PENDING
    assert await snapshot(admin_db) == before


async def test_nor_under_one_that_is_being_asked_at_this_moment(
    app_db: Database, admin_db: Database, world: World
) -> None:
    account = await second(app_db, world)
    await found(admin_db, world, account, UNITS)
    async with context(app_db, actor(world)).begin() as work:
        await access.open_compartment(work, OpenCompartment(world.doors[0], "look"))
        replacing = asyncio.create_task(replace(app_db, world, account))
        await waited_on(admin_db)
    with pytest.raises(Rejected) as refused:
        await replacing
    assert refused.value.reason is Reason.COMMAND_PENDING
    assert await value(admin_db, "SELECT connection_id FROM bank WHERE id = $1", world.bank) == world.connection


async def test_of_two_who_replace_it_at_once_the_second_is_told_to_look_again(
    app_db: Database, admin_db: Database, world: World
) -> None:
    account = await second(app_db, world)
    await found(admin_db, world, account, UNITS)
    ask = ReplaceController(world.bank, account, "b2", {}, "lightning")
    async with context(app_db, actor(world)).begin() as work:
        await replace_controller(work, ask, SPELLED)
        again = asyncio.create_task(replace(app_db, world, account, {"001": "002", "002": "001"}))
        await waited_on(admin_db)
    with pytest.raises(Rejected) as refused:
        await again
    assert refused.value.reason is Reason.WRONG_STATE
    assert await value(admin_db, "SELECT external_id FROM compartment WHERE id = $1", world.doors[0]) == "001"


MISFITS: tuple[tuple[dict[str, dict[str, Any]], timedelta, type[LockyardError]], ...] = (
    (UNITS, timedelta(days=2), Rejected),
    ({"001": {}, "002": {}}, timedelta(0), Invalid),
    ({**UNITS, "002": {"size": "large"}}, timedelta(0), Invalid),
    ({**UNITS, "002": {"inUse": True}}, timedelta(0), Rejected),
)


@pytest.mark.parametrize(("units", "age", "error"), MISFITS, ids=["old survey", "no unit", "other size", "in use"])
async def test_what_the_survey_did_not_find_as_it_must_be_is_refused(
    app_db: Database,
    admin_db: Database,
    world: World,
    units: dict[str, dict[str, Any]],
    age: timedelta,
    error: type[Exception],
) -> None:
    account = await second(app_db, world)
    await found(admin_db, world, account, units, age=age)
    before = await snapshot(admin_db)
    with pytest.raises(error):
        await replace(app_db, world, account)
    assert await snapshot(admin_db) == before


async def test_nothing_is_replaced_by_what_nobody_has_surveyed(
    app_db: Database, admin_db: Database, world: World
) -> None:
    account = await second(app_db, world)
    before = await snapshot(admin_db)
    with pytest.raises(Rejected) as refused:
        await replace(app_db, world, account)
    assert refused.value.path == ("input", "accountId")
    await found(admin_db, world, account, UNITS)
    with pytest.raises(NotFound):
        async with context(app_db, actor(world)).begin() as work:
            await replace_controller(work, ReplaceController(world.bank, account, "B7", {}, "lightning"), SPELLED)
    assert await snapshot(admin_db) == before


async def test_a_controller_is_not_replaced_while_a_pass_may_be_used(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    scene = await make_scene(app_db, worker_db, admin_db, SENSOR)
    world, stay = scene.world, await scene.reserve()
    account = await second(app_db, world)
    await found(admin_db, world, account, UNITS)
    async with admin_db.plain() as conn:
        await conn.execute(
            "INSERT INTO pass (tenant_id, id, site_id, bank_id, compartment_id, stay_id, command_id, kind, state, "
            "issued_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $2, 'DEPOSIT', 'ISSUED', now(), now())",
            world.tenant, new_id(), world.site, world.bank, world.doors[0], stay,
        )  # fmt: skip
    before = await snapshot(admin_db)
    with pytest.raises(Rejected) as refused:
        await replace(app_db, world, account)
    assert refused.value.reason is Reason.STILL_IN_USE
    assert await snapshot(admin_db) == before


async def with_stays(app: Database, worker: Database, admin: Database) -> tuple[Scene, UUID, UUID]:
    """A deposited stay, a held one."""
    scene = await make_scene(app, worker, admin, SENSOR)
    return scene, await scene.deposited(), await scene.reserve()


async def test_the_new_vendor_s_books_are_told_of_every_stay(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    scene, deposited, held = await with_stays(app_db, worker_db, admin_db)
    await scene.drive.work()
    scene.close()
    await scene.drive.work()
    account = await second(app_db, scene.world)
    await found(admin_db, scene.world, account, UNITS, capabilities=BOOKS)
    await replace(app_db, scene.world, account)
    told = "SELECT array_agg(kind ORDER BY id) FROM command WHERE stay_id = $1 AND state = 'REQUESTED'"
    assert await scene.of(told, deposited) == ["RESERVE", "DEPOSIT"]
    assert await scene.of(told, held) == ["RESERVE"]


async def test_a_vendor_that_gives_places_out_itself_does_not_come_under_stays(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    scene, *_ = await with_stays(app_db, worker_db, admin_db)
    account = await second(app_db, scene.world)
    chooses = {**SENSOR, "VENDOR_ASSIGNS_UNIT": "WORKS"}
    await found(admin_db, scene.world, account, UNITS, capabilities=chooses)
    before = await snapshot(admin_db)
    with pytest.raises(Rejected) as refused:
        await replace(app_db, scene.world, account)
    assert refused.value.reason is Reason.STILL_IN_USE
    assert await snapshot(admin_db) == before


async def test_who_chooses_doors_itself_must_answer_for_that_after_a_replacement_too(
    app_db: Database, admin_db: Database, world: World
) -> None:
    account = await second(app_db, world)
    async with admin_db.plain() as conn:
        await conn.execute("UPDATE bank SET blind_allocation = true WHERE id = $1", world.bank)
    blind = "SELECT blind_allocation FROM bank WHERE id = $1"
    await found(admin_db, world, account, UNITS)
    await replace(app_db, world, account)
    assert await value(admin_db, blind, world.bank) is True
    await found(admin_db, world, account, UNITS, capabilities={**SENSOR, "VENDOR_ASSIGNS_UNIT": "WORKS"})
    await replace(app_db, world, account)
    assert await value(admin_db, blind, world.bank) is False


@pytest.mark.parametrize("account", ["another", "the same"])
async def test_a_survey_of_what_stood_there_before_is_not_applied(
    app_db: Database, admin_db: Database, world: World, hardware: Listing, account: str
) -> None:
    hardware.told["001"] = {"label": "A1"}
    survey = await surveyed(app_db, admin_db, world)
    to = await second(app_db, world) if account == "another" else world.connection
    await found(admin_db, world, to, UNITS, age=timedelta(seconds=-60))
    await replace(app_db, world, to)
    before = await value(admin_db, "SELECT label FROM compartment WHERE id = $1", world.doors[0])
    with pytest.raises(Rejected) as refused:
        async with context(app_db, actor(world)).begin() as work:
            await reconciling.apply(work, ApplySurvey(survey, ("LABEL:001",), "as drawn", {}))
    assert refused.value.path == ("input", "surveyId")
    assert await value(admin_db, "SELECT label FROM compartment WHERE id = $1", world.doors[0]) == before


@pytest.mark.parametrize("address", ["memory:two", "MEMORY:two/"])
async def test_one_bank_is_not_taken_over_twice_through_two_accounts(
    app_db: Database, admin_db: Database, world: World, address: str
) -> None:
    first, other = await second(app_db, world, "memory:two"), await second(app_db, world, address)
    seen = [await found(admin_db, world, each, UNITS) for each in (first, other)]
    async with context(app_db, actor(world)).begin() as work:
        await commissioning.import_bank(work, ImportBank(seen[0], world.site, "B2", "North", WORDS, {}))
    before = await snapshot(admin_db)
    with pytest.raises(Rejected) as refused:
        async with context(app_db, actor(world)).begin() as work:
            await commissioning.import_bank(work, ImportBank(seen[1], world.site, "B2", "Again", WORDS, {}))
    assert refused.value.reason is Reason.ALREADY_EXISTS
    assert await snapshot(admin_db) == before
