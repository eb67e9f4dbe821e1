import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from app.access import service as access
from app.access.service import OpenCompartment
from app.devices.model import ALONE_WITHIN, MOST_ALONE
from app.kit.db import Database
from app.kit.errors import Denied, Invalid, NotFound, Rejected
from app.openings import jobs, service
from app.openings.model import PATIENCE
from app.openings.service import AskOpening
from tenants.model import Actor, ActorKind, Role
from tenants.system import system_context
from tenants.work import Context
from tests.app.rig import Now, World, actor, context, make_world, snapshot, value

STATE = "SELECT state FROM opening WHERE id = $1"


@pytest.fixture
async def world(admin_db: Database) -> World:
    return await make_world(admin_db)


async def asked(app: Database, world: World, by: Actor, doors: tuple[UUID, ...] | None = None) -> UUID:
    async with context(app, by).begin() as work:
        return await service.ask(work, AskOpening(world.bank, doors, "power was out"))


async def decided(app: Database, by: Actor, id_: UUID, *, approve: bool = True) -> None:
    async with context(app, by).begin() as work:
        await service.decide(work, id_, approve=approve, comment="seen")


async def commands(admin: Database, world: World) -> int:
    count: int = await value(admin, "SELECT count(*) FROM command WHERE tenant_id = $1", world.tenant)
    return count


async def test_every_door_opens_once_a_second_person_approves(
    app_db: Database, admin_db: Database, world: World
) -> None:
    id_ = await asked(app_db, world, actor(world))
    assert await commands(admin_db, world) == 0
    await decided(app_db, actor(world, Role.MANAGER), id_)
    async with admin_db.plain() as conn:
        row = await conn.fetchrow("SELECT * FROM opening WHERE id = $1", id_)
        query = "SELECT id, compartment_id, reason FROM command WHERE tenant_id = $1"
        asked_for = await conn.fetch(query, world.tenant)
    assert (row["state"], row["all_doors"], row["decided_by_name"], row["comment"]) == (
        "APPROVED",
        True,
        "Manager",
        "seen",
    )
    assert {each["id"] for each in asked_for} == set(row["command_ids"])
    assert {each["compartment_id"] for each in asked_for} == set(world.doors)
    assert {each["reason"] for each in asked_for} == {"power was out"}


async def test_a_door_that_is_being_opened_already_is_left_out(
    app_db: Database, admin_db: Database, world: World
) -> None:
    async with context(app_db, actor(world)).begin() as work:
        await access.open_compartment(work, OpenCompartment(world.doors[0], "look"))
    id_ = await asked(app_db, world, actor(world), world.doors[:2])
    await decided(app_db, actor(world), id_)
    assert await commands(admin_db, world) == 2
    assert await value(admin_db, "SELECT cardinality(command_ids) FROM opening WHERE id = $1", id_) == 1


async def test_who_asked_may_take_it_back(app_db: Database, admin_db: Database, world: World) -> None:
    owner = actor(world)
    id_ = await asked(app_db, world, owner)
    await decided(app_db, owner, id_, approve=False)
    assert (await commands(admin_db, world), await value(admin_db, STATE, id_)) == (0, "REJECTED")
    with pytest.raises(Rejected):
        await decided(app_db, actor(world, Role.MANAGER), id_)
    assert await commands(admin_db, world) == 0


async def test_a_program_s_key_is_nobody_to_approve_and_may_reject(
    app_db: Database, admin_db: Database, world: World
) -> None:
    id_ = await asked(app_db, world, actor(world))
    program = replace(actor(world), kind=ActorKind.API_KEY)
    with pytest.raises(Denied) as refused:
        await decided(app_db, program, id_)
    assert [rule.rule for rule in refused.value.failed] == ["person"]
    assert (await commands(admin_db, world), await value(admin_db, STATE, id_)) == (0, "PENDING")
    await decided(app_db, program, id_, approve=False)
    assert await value(admin_db, STATE, id_) == "REJECTED"


async def test_nobody_approves_what_they_asked_for(app_db: Database, admin_db: Database, world: World) -> None:
    owner = actor(world)
    id_ = await asked(app_db, world, owner)
    with pytest.raises(Denied):
        await decided(app_db, owner, id_)
    # Nor with another right of the same person.
    with pytest.raises(Denied):
        await decided(app_db, replace(actor(world, Role.MANAGER), account_id=owner.account_id), id_)
    assert await commands(admin_db, world) == 0
    assert await value(admin_db, STATE, id_) == "PENDING"


async def test_what_was_rejected_opens_nothing_and_cannot_be_approved_later(
    app_db: Database, admin_db: Database, world: World
) -> None:
    id_ = await asked(app_db, world, actor(world))
    await decided(app_db, actor(world), id_, approve=False)
    with pytest.raises(Rejected):
        await decided(app_db, actor(world), id_)
    assert await value(admin_db, STATE, id_) == "REJECTED"
    assert await commands(admin_db, world) == 0


async def test_nobody_decided_in_time(app_db: Database, worker_db: Database, admin_db: Database, world: World) -> None:
    now = Now()
    id_ = await asked(app_db, world, actor(world))

    def system(tenant: UUID) -> Context:
        return system_context(worker_db, tenant, clock=now)

    await jobs.expire(worker_db, system, now)
    assert await value(admin_db, STATE, id_) == "PENDING"
    now.at += PATIENCE + timedelta(seconds=5)
    with pytest.raises(Rejected):
        async with context(app_db, actor(world), now).begin() as work:
            await service.decide(work, id_, approve=True, comment=None)
    assert await jobs.expire(worker_db, system, now) >= 1
    assert await value(admin_db, STATE, id_) == "EXPIRED"
    assert await commands(admin_db, world) == 0


async def test_what_makes_no_sense_changes_nothing(app_db: Database, admin_db: Database, world: World) -> None:
    before = await snapshot(admin_db)
    with pytest.raises(Invalid):
        await asked(app_db, world, actor(world), world.doors[:1])
    with pytest.raises(NotFound):
        await asked(app_db, world, actor(world), (world.doors[0], world.bank))
    assert await snapshot(admin_db) == before


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.COURIER, Role.CARRIER_ADMIN])
async def test_who_may_not_open_several_doors_opens_none(
    app_db: Database, admin_db: Database, world: World, role: Role
) -> None:
    with pytest.raises(Denied):
        await asked(app_db, world, actor(world, role))
    id_ = await asked(app_db, world, actor(world))
    with pytest.raises((Denied, NotFound)):
        await decided(app_db, actor(world, role), id_)
    assert await value(admin_db, STATE, id_) == "PENDING"
    assert await commands(admin_db, world) == 0


async def opened(app: Database, by: Actor, door: UUID) -> None:
    async with context(app, by).begin() as work:
        await access.open_compartment(work, OpenCompartment(door, "alone"))


async def test_one_after_another_is_no_way_around_the_second_person(app_db: Database, admin_db: Database) -> None:
    world = await make_world(admin_db, doors=MOST_ALONE + 4)
    thief, other = actor(world), actor(world)
    for door in world.doors[:MOST_ALONE]:
        await opened(app_db, thief, door)
    before = await snapshot(admin_db)
    with pytest.raises(Denied) as denied:
        await opened(app_db, thief, world.doors[MOST_ALONE])
    assert [rule.rule for rule in denied.value.failed] == ["second person"]
    after = await snapshot(admin_db)
    assert {**after, "audit_entry": before["audit_entry"], "outbox": before["outbox"]} == before
    # Another person's, another bank's, and what a second person approved are counted apart.
    await opened(app_db, other, world.doors[MOST_ALONE])
    id_ = await asked(app_db, world, other, world.doors[MOST_ALONE + 1 : MOST_ALONE + 3])
    await decided(app_db, thief, id_)
    assert await commands(admin_db, world) == MOST_ALONE + 3
    async with admin_db.plain() as conn:
        await conn.execute("UPDATE command SET requested_at = requested_at - $1::interval", ALONE_WITHIN)
    await opened(app_db, thief, world.doors[-1])


async def test_doors_asked_for_at_once_are_counted_as_one_after_another(app_db: Database, admin_db: Database) -> None:
    world = await make_world(admin_db, doors=20)
    thief = actor(world)
    got = await asyncio.gather(*(opened(app_db, thief, door) for door in world.doors), return_exceptions=True)
    assert sum(each is None for each in got) == MOST_ALONE
    assert await commands(admin_db, world) == MOST_ALONE


async def test_approved_doors_leave_the_approver_free_to_open_one(app_db: Database, admin_db: Database) -> None:
    world = await make_world(admin_db, doors=MOST_ALONE + 2)
    approver = actor(world)
    await decided(app_db, approver, await asked(app_db, world, actor(world), world.doors[:-1]))
    await opened(app_db, approver, world.doors[-1])
    assert await commands(admin_db, world) == MOST_ALONE + 2
