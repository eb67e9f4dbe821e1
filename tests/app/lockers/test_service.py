from uuid import UUID, uuid4

import pytest

from app.kit.db import Database
from app.kit.errors import Denied, Reason, Rejected
from app.kit.ids import new_id
from app.lockers import service
from app.lockers.model import Size
from app.reserving import service as reserving
from app.reserving.service import ReserveCompartment
from app.stays import store as stays_store
from tenants.model import Role
from tests.app.placing.rig import CHOOSES
from tests.app.rig import SENSOR, World, actor, context, make_world, snapshot, value


async def silence(admin: Database, world: World) -> None:
    async with admin.plain() as conn:
        await conn.execute("UPDATE bank SET unreachable_since = now() WHERE id = $1", world.bank)


async def reserve(app: Database, world: World) -> UUID:
    async with context(app, actor(world, Role.COURIER)).begin() as work:
        return await reserving.reserve(work, ReserveCompartment(world.bank, Size.M, uuid4().hex))


async def fill_blindly(app: Database, world: World, *, blind: bool, role: Role = Role.OWNER) -> None:
    async with context(app, actor(world, role)).begin() as work:
        await service.update_bank(work, world.bank, None, None, blind)


async def test_a_silent_bank_is_filled_only_where_its_operator_lets_it_be(app_db: Database, admin_db: Database) -> None:
    world = await make_world(admin_db)
    await silence(admin_db, world)
    before = await snapshot(admin_db)
    with pytest.raises(Rejected) as refused:
        await reserve(app_db, world)
    assert refused.value.reason is Reason.BANK_UNREACHABLE
    assert await snapshot(admin_db) == before

    await fill_blindly(app_db, world, blind=True)
    stay = await reserve(app_db, world)
    assert await value(admin_db, "SELECT state FROM stay WHERE id = $1", stay) == "HELD"
    changes = "SELECT details->'blind_allocation' FROM audit_entry WHERE target_id = $1 AND action = 'bank:manage'"
    assert await value(admin_db, changes, world.bank) is True

    await fill_blindly(app_db, world, blind=False)
    with pytest.raises(Rejected):
        await reserve(app_db, world)


async def test_a_bank_that_has_never_answered_is_not_filled_not_even_blindly(
    app_db: Database, admin_db: Database
) -> None:
    world = await make_world(admin_db, capabilities={})
    await fill_blindly(app_db, world, blind=True)
    with pytest.raises(Rejected) as refused:
        await reserve(app_db, world)
    assert refused.value.reason is Reason.BANK_UNREACHABLE

    async with admin_db.plain() as conn:
        await conn.execute("UPDATE bank SET last_contact_at = now() WHERE id = $1", world.bank)
    assert isinstance(await reserve(app_db, world), UUID)


async def test_a_bank_that_goes_silent_while_somebody_asks_is_not_filled_by_that(
    app_db: Database, admin_db: Database
) -> None:
    world = await make_world(admin_db)
    await silence(admin_db, world)
    given = {
        "bank_id": world.bank, "size": "M", "accessible": False,
        "stay_id": new_id(), "parcel_id": new_id(), "carrier_id": None, "recipient_id": None, "depositor_id": None,
        "flow": "DELIVER", "note": None, "created_by": new_id(), "expires_at": await value(admin_db, "SELECT now()"),
        "now": await value(admin_db, "SELECT now()"), "tracking": "T", "secondary_tracking": None,
    }  # fmt: skip
    async with app_db.tenant([world.tenant]) as conn:
        for wait in (False, True):
            row = await stays_store.reserve(conn, actor(world), given, wait=wait)
            assert row is not None
            assert (row["bank_id"], row["id"], row["label"], row["contended"]) == (world.bank, None, None, False)


@pytest.mark.parametrize("role", [Role.COURIER, Role.AUDITOR])
async def test_only_who_manages_a_bank_says_how_it_is_filled(app_db: Database, admin_db: Database, role: Role) -> None:
    world = await make_world(admin_db)
    with pytest.raises(Denied):
        await fill_blindly(app_db, world, blind=True, role=role)

    assert await value(admin_db, "SELECT blind_allocation FROM bank WHERE id = $1", world.bank) is False


@pytest.mark.parametrize(("capabilities", "possible"), [(SENSOR, True), (CHOOSES, False)])
async def test_a_bank_whose_vendor_chooses_is_never_filled_blindly(
    app_db: Database, admin_db: Database, capabilities: dict[str, str], possible: bool
) -> None:
    world = await make_world(admin_db, capabilities=capabilities)
    if not possible:
        with pytest.raises(Rejected) as refused:
            await fill_blindly(app_db, world, blind=True)
        assert refused.value.reason is Reason.NOT_SUPPORTED
    else:
        await fill_blindly(app_db, world, blind=True)

    assert await value(admin_db, "SELECT blind_allocation FROM bank WHERE id = $1", world.bank) is possible
