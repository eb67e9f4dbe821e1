import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.kit.db import Database
from app.kit.errors import Conflict, Invalid, LockyardError, NotFound, Reason, Rejected
from app.lockers.model import Size
from app.reserving import service as reserving
from app.reserving.service import ReserveCompartment
from app.stays import service
from app.stays.model import StayOutcome
from tenants.model import Role
from tenants.work import Key, Replay
from tests.app.rig import World, actor, codes, context, make_world, snapshot, value


async def reserve(
    db: Database, world: World, *, key: str | None = None, role: Role = Role.COURIER, tracking: str = ""
) -> UUID:
    asked = Key.of(key, "reserveCompartment", {"n": tracking}) if key else None
    try:
        async with context(db, actor(world, role)).begin(asked) as work:
            ask = ReserveCompartment(world.bank, Size.M, tracking or uuid4().hex, recipient_id=world.recipient)
            id_ = await reserving.reserve(work, ask)
            work.answer = ("Stay", id_)
    except Replay as replay:
        return replay.answer[1]
    return id_


@pytest.mark.parametrize("free", [1, 12])
async def test_sixty_four_callers_take_exactly_what_is_free(app_db: Database, admin_db: Database, free: int) -> None:
    world = await make_world(admin_db, doors=free)
    for _ in range(3):
        got = await asyncio.gather(*(reserve(app_db, world) for _ in range(64)), return_exceptions=True)
        stays = [each for each in got if isinstance(each, UUID)]
        refused = [each for each in got if not isinstance(each, UUID)]
        assert len(stays) == len(set(stays)) == free
        assert all(isinstance(each, Rejected) and each.reason is Reason.NO_FREE_COMPARTMENT for each in refused)
        held = "SELECT count(DISTINCT compartment_id) FROM stay WHERE tenant_id = $1 AND state <> 'RELEASED'"
        assert await value(admin_db, held, world.tenant) == free
        for stay in stays:
            async with context(app_db, actor(world)).begin() as work:
                await service.release(work, stay, StayOutcome.CANCELLED, "end of round")
        assert (
            await value(
                admin_db, "SELECT count(*) FROM compartment WHERE tenant_id = $1 AND use <> 'FREE'", world.tenant
            )
            == 0
        )


async def test_forty_callers_with_one_key_get_one_stay(app_db: Database, admin_db: Database) -> None:
    world = await make_world(admin_db, doors=3)
    got = await asyncio.gather(
        *(reserve(app_db, world, key="k", tracking="T1") for _ in range(40)), return_exceptions=True
    )
    assert {each for each in got if isinstance(each, UUID)} == {got[0]}
    assert await value(admin_db, "SELECT count(*) FROM stay WHERE tenant_id = $1", world.tenant) == 1
    with pytest.raises(Conflict):
        await reserve(app_db, world, key="k", tracking="T2")


async def test_confirming_a_deposit_makes_a_code_that_only_the_key_holder_reads(
    app_db: Database, admin_db: Database
) -> None:
    world = await make_world(admin_db)
    stay, known = await reserve(app_db, world), codes()
    async with context(app_db, actor(world, Role.COURIER)).begin() as work:
        await service.confirm_deposit(work, stay, None, known)
    async with admin_db.plain() as conn:
        row = await conn.fetchrow("SELECT * FROM stay WHERE id = $1", stay)
        parcels = await conn.fetch("SELECT state FROM parcel WHERE stay_id = $1", stay)
    code = known.show(stay, row["pickup_sealed"])
    assert (row["state"], row["evidence"], len(code)) == ("DEPOSITED", "E0", 8)
    assert [parcel["state"] for parcel in parcels] == ["IN_LOCKER"]
    assert code.encode() not in row["pickup_hash"] + row["pickup_sealed"]


async def test_every_refusal_changes_nothing(app_db: Database, admin_db: Database) -> None:
    world = await make_world(admin_db, doors=1)
    stay = await reserve(app_db, world, tracking="T9")
    before = await snapshot(admin_db)
    owner = context(app_db, actor(world))
    acts: dict[str, Any] = {
        "full": lambda work: reserving.reserve(work, ReserveCompartment(world.bank, Size.M, "T10")),
        "no size": lambda work: reserving.reserve(work, ReserveCompartment(world.bank, Size.XL, "T10")),
        "no bank": lambda work: reserving.reserve(work, ReserveCompartment(uuid4(), Size.M, "T10")),
        "no person": lambda work: reserving.reserve(
            work, ReserveCompartment(world.bank, Size.M, "T", recipient_id=uuid4())
        ),
        "no tracking": lambda work: reserving.reserve(work, ReserveCompartment(world.bank, Size.M, "  ")),
        "wrong outcome": lambda work: service.release(work, stay, StayOutcome.COLLECTED, "x"),
        "no reason": lambda work: service.release(work, stay, StayOutcome.CANCELLED, " "),
        "no stay": lambda work: service.confirm_deposit(work, uuid4(), None, codes()),
        "no parcels": lambda work: service.confirm_deposit(work, stay, [], codes()),
    }
    for name, act in acts.items():
        with pytest.raises(LockyardError):
            async with owner.begin(Key.of(name, "m", {})) as work:
                work.answer = ("Stay", await act(work))
        assert await snapshot(admin_db) == before, name


async def _for_carrier(db: Database, world: World, role: Role, carrier_id: UUID) -> UUID:
    async with context(db, actor(world, role)).begin() as work:
        ask = ReserveCompartment(world.bank, Size.M, uuid4().hex, carrier_id=carrier_id)
        return await reserving.reserve(work, ask)


@pytest.mark.parametrize("role", [Role.OWNER, Role.COURIER])
async def test_a_carrier_is_named_as_the_operator_knows_it(app_db: Database, admin_db: Database, role: Role) -> None:
    world, other = await make_world(admin_db), await make_world(admin_db)
    stay = await _for_carrier(app_db, world, role, world.known_carrier)
    assert await value(admin_db, "SELECT carrier_id FROM stay WHERE id = $1", stay) == world.carrier
    before = await snapshot(admin_db)
    for wrong in (world.carrier, other.known_carrier, uuid4()):
        with pytest.raises(NotFound if role is Role.OWNER else Invalid) as refused:
            await _for_carrier(app_db, world, role, wrong)
        assert refused.value.path == ("input", "carrierId")
    assert await snapshot(admin_db) == before


async def test_a_deposit_that_names_a_parcel_of_another_stay_is_refused_and_changes_nothing(
    app_db: Database, admin_db: Database
) -> None:
    world = await make_world(admin_db)
    await reserve(app_db, world, tracking="T1")
    stay = await reserve(app_db, world)
    before = await snapshot(admin_db)
    with pytest.raises(Rejected) as refused:
        async with context(app_db, actor(world, Role.COURIER)).begin() as work:
            await service.confirm_deposit(work, stay, ["T1"], codes())
    assert (refused.value.reason, refused.value.path) == (Reason.ALREADY_EXISTS, ("input", "parcels"))
    assert await snapshot(admin_db) == before
