from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.commissioning import service as commissioning
from app.commissioning.service import ImportBank
from app.devices import service as devices
from app.devices.service import SetServiceState
from app.kit.db import Database
from app.kit.errors import Denied, Invalid, NotFound, Rejected
from app.kit.ids import new_id
from app.lockers.model import Service
from app.vendors import queries
from app.vendors import service as vendors
from app.vendors.service import Account
from tenants.model import Role
from tests.app.commissioning.conftest import STATE, WORDS, Listing, differing, known, rows_of, surveyed
from tests.app.fleet.test_jobs import until
from tests.app.rig import World, actor, context, snapshot, value


async def test_an_account_is_surveyed_and_its_bank_taken_over_and_kept(
    app_db: Database, admin_db: Database, world: World, hardware: Listing
) -> None:
    hardware.bank = "NEW"
    hardware.told["003"] = {"size": "large", "accessible": True}
    ask = Account("North", "memory", "memory:two", {"poll": 1}, {"token": "s3cret"})
    async with context(app_db, actor(world)).begin() as work:
        account = await vendors.connect(work, ask, known())
    survey = await value(admin_db, "SELECT id FROM survey WHERE connection_id = $1", account)
    await until(admin_db, "READY", STATE, survey)
    placed = {"001": {"label": "A1", "row": 2, "column": 3, "row_span": 2}}
    async with context(app_db, actor(world)).begin() as work:
        bank = await commissioning.import_bank(work, ImportBank(survey, world.site, "NEW", "North", WORDS, placed))
    async with admin_db.plain() as conn:
        rows = await conn.fetch("SELECT * FROM compartment WHERE bank_id = $1 ORDER BY external_id", bank)
    assert [(row["label"], row["size"], row["accessible"]) for row in rows] == [
        ("A1", "M", False), ("002", "M", False), ("003", "L", True),
    ]  # fmt: skip
    assert (rows[0]["row_no"], rows[0]["column_no"], rows[0]["row_span"]) == (2, 3, 2)
    await until(admin_db, True, "SELECT last_contact_at IS NOT NULL FROM bank WHERE id = $1", bank)
    sealed = await value(admin_db, "SELECT secret_sealed FROM vendor_connection WHERE id = $1", account)
    assert b"s3cret" not in sealed


async def test_what_the_vendor_has_somebody_in_is_given_to_nobody_when_its_bank_is_taken_over(
    app_db: Database, admin_db: Database, world: World, hardware: Listing
) -> None:
    hardware.bank = "NEW"
    hardware.told = {"001": {"reserved": True}, "002": {"occupied": True}, "003": {"reserved": False}}
    async with context(app_db, actor(world)).begin() as work:
        account = await vendors.connect(work, Account("North", "memory", "memory:two", {}), known())
    survey = await value(admin_db, "SELECT id FROM survey WHERE connection_id = $1", account)
    await until(admin_db, "READY", STATE, survey)
    async with context(app_db, actor(world)).begin() as work:
        bank = await commissioning.import_bank(work, ImportBank(survey, world.site, "NEW", "North", WORDS, {}))
    sql = """SELECT array_agg(withheld ORDER BY external_id), count(withheld_since)
        FROM compartment WHERE bank_id = $1"""
    async with admin_db.plain() as conn:
        assert tuple(await conn.fetchrow(sql, bank)) == (["TAKEN", "TAKEN", None], 2)


async def test_a_vendor_that_does_not_answer_fails_the_survey_and_says_why(
    app_db: Database, admin_db: Database, world: World, hardware: Listing
) -> None:
    async with context(app_db, actor(world)).begin() as work:
        account = await vendors.connect(work, Account("W", "memory", "memory:wrong", {}), known())
    survey = await value(admin_db, "SELECT id FROM survey WHERE connection_id = $1", account)
    await until(admin_db, "FAILED", STATE, survey)
    assert await value(admin_db, "SELECT problem FROM survey WHERE id = $1", survey) == "away"


async def test_an_account_is_changed_without_saying_its_secret_again_and_removed_only_without_banks(
    app_db: Database, admin_db: Database, world: World
) -> None:
    async with context(app_db, actor(world)).begin() as work:
        account = await vendors.connect(work, Account("N", "memory", "memory:2", {}, {"token": "s"}), known())
    sealed = await value(admin_db, "SELECT secret_sealed FROM vendor_connection WHERE id = $1", account)
    async with context(app_db, actor(world)).begin() as work:
        await vendors.change(work, account, Account(name="M", settings={"poll": 2}), known())
    async with admin_db.plain() as conn:
        row = await conn.fetchrow("SELECT * FROM vendor_connection WHERE id = $1", account)
    assert (row["name"], row["base_url"], row["secret_sealed"]) == ("M", "memory:2", sealed)
    with pytest.raises(Rejected):
        async with context(app_db, actor(world)).begin() as work:
            await vendors.remove(work, world.connection)
    async with context(app_db, actor(world)).begin() as work:
        await vendors.remove(work, account)
    assert await value(admin_db, "SELECT count(*) FROM vendor_connection WHERE id = $1", account) == 0


async def test_what_an_account_held_before_it_was_changed_is_taken_over_by_nobody(
    app_db: Database, admin_db: Database, world: World, hardware: Listing
) -> None:
    hardware.bank = "NEW"
    async with context(app_db, actor(world)).begin() as work:
        account = await vendors.connect(work, Account("N", "memory", "memory:2", {}), known())
    old = await value(admin_db, "SELECT id FROM survey WHERE connection_id = $1", account)
    await until(admin_db, "READY", STATE, old)
    async with context(app_db, actor(world)).begin() as work:
        await vendors.change(work, account, Account(name="M"), known())
    assert await value(admin_db, STATE, old) == "READY"
    async with context(app_db, actor(world)).begin() as work:
        await vendors.change(work, account, Account(base_url="memory:3"), known())
    with pytest.raises(Rejected) as refused:
        async with context(app_db, actor(world)).begin() as work:
            await commissioning.import_bank(work, ImportBank(old, world.site, "NEW", "North", WORDS, {}))
    assert refused.value.path == ("input", "surveyId")
    anew = await value(admin_db, "SELECT id FROM survey WHERE connection_id = $1 AND id <> $2", account, old)
    await until(admin_db, "READY", STATE, anew)
    async with context(app_db, actor(world)).begin() as work:
        await commissioning.import_bank(work, ImportBank(anew, world.site, "NEW", "North", WORDS, {}))


@pytest.mark.parametrize(
    "elsewhere", [Account(base_url="memory:3"), Account(settings={"auth_url": "https://elsewhere.example/token"})]
)
async def test_a_secret_that_nobody_enters_again_goes_to_no_other_address(
    app_db: Database, admin_db: Database, world: World, elsewhere: Account
) -> None:
    async with context(app_db, actor(world)).begin() as work:
        account = await vendors.connect(work, Account("N", "memory", "memory:2", {}, {"token": "s"}), known())
    before = await snapshot(admin_db)
    with pytest.raises(Invalid) as refused:
        async with context(app_db, actor(world)).begin() as work:
            await vendors.change(work, account, elsewhere, known())
    assert refused.value.path == ("input", "secret")
    assert await snapshot(admin_db) == before
    async with context(app_db, actor(world)).begin() as work:
        await vendors.change(work, account, replace(elsewhere, secret={"token": "t"}), known())


async def test_an_account_that_other_sites_hang_on_is_not_changed_from_one_of_them(
    app_db: Database, admin_db: Database, world: World
) -> None:
    other, bank = new_id(), new_id()
    async with admin_db.plain() as conn:
        await conn.execute(
            "INSERT INTO site (tenant_id, id, name, address_line, city, country, timezone, locale) "
            "SELECT tenant_id, $2, 'Hill', address_line, city, country, timezone, locale FROM site WHERE id = $1",
            world.site, other,
        )  # fmt: skip
        await conn.execute(
            "INSERT INTO bank (tenant_id, id, site_id, connection_id, vendor, external_id, label, poll_seconds) "
            "VALUES ($1, $2, $3, $4, 'memory', 'B2', 'B', 1)", world.tenant, bank, other, world.connection,
        )  # fmt: skip
    async with context(app_db, actor(world)).begin() as work:
        hers, theirs = await vendors.survey_bank(work, world.bank), await vendors.survey_bank(work, bank)
    here_only = replace(actor(world, Role.MANAGER), all_sites=False, site_ids=(world.site,))
    async with context(app_db, here_only).begin() as work:
        assert await queries.survey(work.conn, here_only, hers) is not None
        assert await queries.survey(work.conn, here_only, theirs) is None
        assert await queries.survey(work.conn, actor(world), theirs) is not None
    with pytest.raises(Denied):
        async with context(app_db, here_only).begin() as work:
            await vendors.change(work, world.connection, Account(name="mine"), known())
    assert await value(admin_db, "SELECT name FROM vendor_connection WHERE id = $1", world.connection) == "c"


async def test_an_account_is_not_asked_again_and_again_while_it_has_not_answered(
    app_db: Database, admin_db: Database, world: World
) -> None:
    for _ in range(vendors.MOST_UNANSWERED):
        async with context(app_db, actor(world)).begin() as work:
            await vendors.survey_bank(work, world.bank)
    before = await snapshot(admin_db)
    with pytest.raises(Rejected):
        async with context(app_db, actor(world)).begin() as work:
            await vendors.survey_bank(work, world.bank)
    assert await snapshot(admin_db) == before


async def test_an_answer_that_cannot_be_kept_fails_its_survey_and_no_other(
    app_db: Database, admin_db: Database, world: World, hardware: Listing
) -> None:
    hardware.told["001"] = {"label": "A\x001"}
    async with context(app_db, actor(world)).begin() as work:
        survey = await vendors.survey_bank(work, world.bank)
    await until(admin_db, "FAILED", STATE, survey)
    hardware.told.clear()
    assert await differing(admin_db, await surveyed(app_db, admin_db, world)) == set()


async def test_who_may_not_connect_changes_nothing(app_db: Database, admin_db: Database, world: World) -> None:
    before = await snapshot(admin_db)
    for role in (Role.AUDITOR, Role.COURIER):
        with pytest.raises(Denied):
            async with context(app_db, actor(world, role)).begin() as work:
                await vendors.connect(work, Account("N", "memory", "memory:2", {}), known())
        with pytest.raises(NotFound):
            async with context(app_db, actor(world, role)).begin() as work:
                await vendors.change(work, world.connection, Account(name="x"), known())
    with pytest.raises(Invalid):
        async with context(app_db, actor(world)).begin() as work:
            await vendors.connect(work, Account("N", "memory", "memory:2", {}), known("client_id is missing"))
    after = await snapshot(admin_db)
    # What was denied is on record.
    assert {name for name in before if before[name] != after[name]} == {"audit_entry", "outbox"}


async def test_a_whole_bank_goes_out_of_service_and_comes_back(
    app_db: Database, admin_db: Database, world: World
) -> None:
    until = datetime.now(UTC) + timedelta(hours=2)
    async with context(app_db, actor(world, Role.MANAGER)).begin() as work:
        ask = SetServiceState(world.doors[0], Service.OUT_OF_SERVICE, "broken lock")
        await devices.set_service_state(work, ask)
    async with context(app_db, actor(world, Role.MANAGER)).begin() as work:
        out = (world.bank, Service.OUT_OF_SERVICE, "painting", until)
        assert await commissioning.set_bank_service(work, *out) == world.bank
    async with admin_db.plain() as conn:
        query = "SELECT service, service_reason FROM compartment WHERE bank_id = $1 ORDER BY external_id"
        rows = [tuple(row) for row in await conn.fetch(query, world.bank)]
    assert rows == [("OUT_OF_SERVICE", "broken lock"), ("OUT_OF_SERVICE", "painting"), ("OUT_OF_SERVICE", "painting")]
    before = await snapshot(admin_db)
    with pytest.raises(Rejected):
        async with context(app_db, actor(world, Role.MANAGER)).begin() as work:
            await commissioning.set_bank_service(work, *out)
    assert await snapshot(admin_db) == before
    async with context(app_db, actor(world, Role.MANAGER)).begin() as work:
        await commissioning.set_bank_service(work, world.bank, Service.IN_SERVICE, "dry", None)
    assert {row[3] for row in await rows_of(admin_db, world)} == {"IN_SERVICE"}
