"""What can be granted, by whom, and what it leaves behind."""

from dataclasses import replace

import pytest

from app.kit.db import Database
from app.kit.errors import Denied, Invalid, LockyardError, NotFound
from app.kit.ids import new_id
from tenants.carriers.service import GrantCarrier, change, grant
from tests.tenants import world
from tests.tenants.carriers.test_service import ALL, YESTERDAY, allow, make_place

pytestmark = pytest.mark.anyio


async def test_a_foreign_grant_looks_like_none_and_stays(app_db: Database, admin_db: Database) -> None:
    mine, theirs = await make_place(admin_db, app_db), await make_place(admin_db, app_db)
    id_ = await allow(app_db, theirs)
    courier = await world.caller(admin_db, app_db, theirs.courier)
    said = set()
    for caller, asked in ((mine.owner, id_), (mine.owner, new_id()), (courier, id_)):
        with pytest.raises(NotFound) as refused:
            async with world.context(app_db, caller).begin() as work:
                await change(work, asked, "revoke", "mine now")
        said.add(refused.value.message)
    assert len(said) == 1
    async with admin_db.plain() as conn:
        assert await conn.fetchval("SELECT state FROM carrier_grant WHERE id = $1", id_) == "ACTIVE"


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        ({"operations": frozenset()}, Invalid),
        ({"sites": frozenset()}, Invalid),
        ({"sizes": frozenset()}, Invalid),
        ({"valid_to": YESTERDAY}, Invalid),
        ({"max_open_stays": 0}, Invalid),
        ({"max_hold_hours": -1}, Invalid),
        ({"sites": frozenset({new_id()})}, NotFound),
        ({"banks": frozenset({new_id()})}, NotFound),
    ],
)
async def test_terms_that_cannot_be_are_refused_and_nothing_is_granted(
    app_db: Database, admin_db: Database, terms: dict[str, object], refusal: type[LockyardError]
) -> None:
    place = await make_place(admin_db, app_db)
    with pytest.raises(refusal):
        await allow(app_db, place, **terms)
    async with admin_db.plain() as conn:
        assert await conn.fetchval("SELECT count(*) FROM carrier_grant WHERE tenant_id = $1", place.operator) == 0


async def test_only_a_carrier_can_be_granted_something(app_db: Database, admin_db: Database) -> None:
    place, other = await make_place(admin_db, app_db), await make_place(admin_db, app_db)
    async with admin_db.plain() as conn:
        foreign = await world.meet(conn, other.operator, other.carrier)
    for asked in (
        GrantCarrier(ALL, organization_id=new_id()),
        GrantCarrier(ALL, organization_id=other.operator),
        GrantCarrier(ALL, carrier_id=new_id()),
        GrantCarrier(ALL, carrier_id=foreign),
        GrantCarrier(ALL, carrier_id=other.carrier),
        GrantCarrier(ALL),
    ):
        with pytest.raises(NotFound):
            async with world.context(app_db, place.owner).begin() as work:
                await grant(work, asked)
    async with admin_db.plain() as conn:
        assert not await conn.fetchval("SELECT count(*) FROM carrier WHERE tenant_id = $1", place.operator)


async def test_a_first_grant_makes_the_carrier_known_and_later_ones_name_it_so(
    app_db: Database, admin_db: Database
) -> None:
    place, other = await make_place(admin_db, app_db), await make_place(admin_db, app_db)
    for _ in range(2):
        await allow(app_db, place)
    await allow(app_db, replace(other, carrier=place.carrier))
    async with admin_db.plain() as conn:
        known = await conn.fetch("SELECT tenant_id, id, name FROM carrier WHERE carrier_id = $1", place.carrier)
    ids = {row["tenant_id"]: row["id"] for row in known}
    assert set(ids) == {place.operator, other.operator}
    assert len(known) == len(set(ids.values())) == 2
    async with world.context(app_db, place.owner).begin() as work:
        await grant(work, GrantCarrier(ALL, carrier_id=ids[place.operator]))
    async with admin_db.plain() as conn:
        query = "SELECT count(*) FROM carrier_grant WHERE tenant_id = $1 AND carrier_id = $2"
        assert await conn.fetchval(query, place.operator, place.carrier) == 3


async def test_a_manager_of_some_sites_grants_within_them_alone(app_db: Database, admin_db: Database) -> None:
    place = await make_place(admin_db, app_db)
    everywhere = await allow(app_db, place)
    async with admin_db.plain() as conn:
        some = await world.member(conn, place.operator, "MANAGER", sites=(place.site,))
    manager = await world.caller(admin_db, app_db, some)
    with pytest.raises(Denied):
        await allow(app_db, replace(place, owner=manager))
    with pytest.raises(Denied):
        async with world.context(app_db, manager).begin() as work:
            await change(work, everywhere, "revoke", "not mine")
    id_ = await allow(app_db, replace(place, owner=manager), sites=frozenset({place.site}))
    async with admin_db.plain() as conn:
        assert await conn.fetchval("SELECT site_ids FROM carrier_grant WHERE id = $1", id_) == [place.site]
