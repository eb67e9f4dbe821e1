from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from adapters.harbor.settings import LINK_LIFE
from app.kit.db import Database
from app.lockers.model import Size
from app.reserving import service as reserving
from app.reserving.service import ReserveCompartment
from app.stays import service
from app.stays.model import StayOutcome
from tenants.model import Role
from tests.adapters.harbor.rig import TOWER
from tests.app.handover.towers import Towers, towers

ORDERS = "SELECT array_agg(kind || ' ' || state ORDER BY requested_at, id) FROM command WHERE stay_id = $1"
PLACED = "SELECT placed FROM stay WHERE id = $1"
USES = "SELECT string_agg(use, ' ' ORDER BY external_id) FROM compartment WHERE tenant_id = $1"
LINK = "dropoff-locker-request"


@pytest.fixture
async def scene(app_db: Database, worker_db: Database, admin_db: Database) -> AsyncIterator[Towers]:
    async with towers(app_db, worker_db, admin_db, links="both", location_id=1) as made:
        yield made


def taken(scene: Towers) -> dict[str, str]:
    """Unit -> word of what is not free in the vendor's books."""
    return {each.id: each.status for each in scene.vendor.of(TOWER) if each.status != "available"}


def impatient(scene: Towers) -> None:
    """So that what was lost is found out soon."""
    scene.hardware.timing = scene.hardware.timing.__class__(
        timedelta(seconds=0.5), timedelta(seconds=1), timedelta(seconds=1), timedelta(seconds=1)
    )


def alike(scene: Towers) -> None:
    """So that the vendor picks the first locker that is free, whichever of them is claimed."""
    for each in scene.vendor.of(TOWER):
        each.type = "small"


async def asked(scene: Towers) -> UUID:
    """A stay for which the vendor has been asked for a link, whatever came of it."""
    stay = await scene.reserve()
    await scene.drive.follow()
    await scene.drive.work()
    return stay


async def use(scene: Towers, unit: str) -> str:
    sql = "SELECT use FROM compartment WHERE tenant_id = $1 AND external_id = $2"
    return str(await scene.of(sql, scene.world.tenant, unit))


async def test_a_link_s_stay_is_where_the_vendor_says_and_nothing_was_reserved_before(scene: Towers) -> None:
    stay = await scene.issued()
    assert await scene.of(ORDERS, stay) == ["ISSUE_ACCESS ACCEPTED"]
    assert (await scene.of(PLACED, stay), taken(scene)) == (True, {await scene.unit(stay): "rented"})
    scene.show(await scene.held(stay))
    await scene.settle()
    assert await scene.stay(stay) == ("DEPOSITED", "E2", None)
    scene.show(await scene.held(stay, "PICKUP"))
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E2", "COLLECTED")
    assert (taken(scene), await scene.of(USES, scene.world.tenant)) == ({}, "FREE FREE FREE")
    assert await scene.alarms() == {}


async def test_another_locker_than_our_claim_is_where_the_parcel_goes(scene: Towers) -> None:
    stay = await scene.reserve()
    claimed = await scene.unit(stay)
    for each in scene.vendor.of(TOWER):
        if each.id not in {"1001", "1003"} or each.id == claimed:
            each.status, each.owner = "rented", "somebody"
    await scene.settle()
    there = await scene.unit(stay)
    assert there != claimed
    at = "SELECT c.external_id FROM pass p JOIN compartment c ON c.id = p.compartment_id WHERE p.stay_id = $1"
    assert await scene.of(at, stay) == there
    assert scene.show(await scene.held(stay))["locker"] == there
    await scene.settle()
    assert await scene.stay(stay) == ("DEPOSITED", "E2", None)
    assert await use(scene, claimed) == "FREE"
    assert await use(scene, there) == "OCCUPIED"


async def test_a_locker_that_holds_another_stay_is_no_place_and_its_link_is_nobody_s(scene: Towers) -> None:
    first = await scene.issued()
    for each in scene.vendor.of(TOWER):
        each.type = "small"
        each.status, each.owner = ("available", None) if each.id == await scene.unit(first) else ("rented", "somebody")
    second = await asked(scene)
    assert await scene.stay(second) == ("RELEASED", "E0", "CANCELLED")
    assert (await scene.passes(second), (await scene.stay(first))[0]) == ([], "ACCESS_ISSUED")
    assert await scene.alarms() == {"CONTROLLER_FAULT": "ACTIVE"}


@pytest.mark.parametrize("kind", ["lost", "reset_after", "malformed"])
async def test_a_link_whose_answer_was_lost_is_looked_up_by_what_the_vendor_posted(scene: Towers, kind: str) -> None:
    impatient(scene)
    scene.vendor.faults.add({"kind": kind, "where": LINK})
    stay = await asked(scene)
    await scene.post()
    await scene.pass_time(5)
    assert await scene.of(ORDERS, stay) == ["ISSUE_ACCESS ACCEPTED"], "no second link was made"
    assert (taken(scene), await scene.passes(stay)) == ({await scene.unit(stay): "rented"}, [("DEPOSIT", "ISSUED")])
    assert scene.show(await scene.held(stay))["way"] == "in"
    await scene.settle()
    assert await scene.stay(stay) == ("DEPOSITED", "E2", None)


@pytest.mark.parametrize("seconds", [120, 301])
async def test_a_link_that_is_found_late_lives_no_longer_for_that(scene: Towers, seconds: int) -> None:
    impatient(scene)
    alike(scene)
    scene.vendor.faults.add({"kind": "reset_after", "where": LINK})
    scene.vendor.faults.add({"kind": "status", "where": "open-request", "times": -1})
    stay = await asked(scene)
    made = scene.vendor.clock.now()
    await scene.post()
    await scene.pass_time(seconds)
    scene.vendor.faults.clear()
    await scene.pass_time(1)
    if seconds < 300:
        assert await scene.of(ORDERS, stay) == ["ISSUE_ACCESS ACCEPTED"]
        until = await scene.of("SELECT expires_at FROM pass WHERE stay_id = $1", stay)
        assert abs(until - made - LINK_LIFE) < timedelta(seconds=2)
    else:
        assert await scene.of(ORDERS, stay) == ["ISSUE_ACCESS FAILED", "ISSUE_ACCESS ACCEPTED"], "another was made"
    assert scene.show(await scene.held(stay))["way"] == "in"


async def test_a_lost_link_that_nobody_tells_of_is_replaced_by_another(scene: Towers) -> None:
    impatient(scene)
    alike(scene)
    scene.vendor.faults.add({"kind": "reset_after", "where": LINK})
    stay = await scene.issued()
    await scene.pass_time(5)
    await scene.pass_time(5)
    assert (await scene.stay(stay))[0] == "ACCESS_ISSUED"
    assert len(taken(scene)) == 2, "the lost one is the vendor's to end"
    assert scene.show(await scene.held(stay))["locker"] == await scene.unit(stay)
    await scene.pass_time(301)
    assert list(taken(scene)) == [await scene.unit(stay)]


async def test_a_link_nobody_uses_ends_with_its_five_minutes_and_so_does_the_stay(scene: Towers) -> None:
    stay = await scene.issued()
    unit = await scene.unit(stay)
    await scene.pass_time(301)
    assert (await scene.stay(stay))[0] == "REVOKING"
    assert await use(scene, unit) == "RESERVED"
    await scene.pass_time(121)
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E1", "EXPIRED_UNUSED")
    assert await scene.of("SELECT count(*) FROM parcel WHERE tenant_id = $1 AND state = 'ALLOCATED'",
                          scene.world.tenant) == 0  # fmt: skip
    assert (taken(scene), await scene.of(USES, scene.world.tenant)) == ({}, "FREE FREE FREE")


async def test_called_off_while_the_vendor_is_asked_it_gives_back_what_it_was_given(scene: Towers) -> None:
    impatient(scene)
    scene.vendor.faults.add({"kind": "reset_after", "where": LINK})
    stay = await asked(scene)
    await scene.act(Role.COURIER, service.release, stay, StayOutcome.CANCELLED, "changed my mind")
    assert (await scene.stay(stay))[0] == "REVOKING"
    await scene.post()
    await scene.pass_time(5)
    await scene.settle()
    assert (await scene.stay(stay))[::2] == ("RELEASED", "CANCELLED")
    assert await scene.of("SELECT count(*) FROM pass WHERE stay_id = $1 AND sealed IS NOT NULL", stay) == 0
    assert (taken(scene), await scene.of(USES, scene.world.tenant)) == ({}, "FREE FREE FREE")


async def test_called_off_before_any_answer_there_is_no_door_to_give_back(scene: Towers) -> None:
    impatient(scene)
    scene.vendor.faults.add({"kind": "reset", "where": LINK})
    stay = await asked(scene)
    await scene.act(Role.COURIER, service.release, stay, StayOutcome.CANCELLED, "changed my mind")
    await scene.pass_time(5)
    assert (await scene.stay(stay))[::2] == ("RELEASED", "CANCELLED")
    assert await scene.of(ORDERS, stay) == ["ISSUE_ACCESS FAILED"]
    assert await scene.of(USES, scene.world.tenant) == "FREE FREE FREE"


async def test_a_longer_hold_asks_for_no_link_to_another_door(scene: Towers) -> None:
    stay = await scene.issued()
    await scene.act(Role.CARRIER_ADMIN, service.extend, stay, timedelta(hours=1), "traffic")
    await scene.settle()
    assert await scene.of(ORDERS, stay) == ["ISSUE_ACCESS ACCEPTED"]
    assert len(taken(scene)) == 1


async def test_when_the_vendor_has_no_locker_left_the_stay_ends(scene: Towers) -> None:
    for each in scene.vendor.of(TOWER):
        each.status, each.owner = "rented", "somebody"
    stay = await scene.issued()
    assert await scene.stay(stay) == ("RELEASED", "E0", "CANCELLED")
    assert await scene.of(USES, scene.world.tenant) == "FREE FREE FREE"


async def test_who_needs_a_low_door_gets_one_though_the_vendor_picks_it(scene: Towers) -> None:
    for each in scene.vendor.of(TOWER):
        each.type, each.low = "small", each.id == "1003"
    async with scene.admin.plain() as conn:
        low = "UPDATE compartment SET accessible = external_id = '1003' WHERE tenant_id = $1"
        await conn.execute(low, scene.world.tenant)
    ask = ReserveCompartment(scene.world.bank, Size.M, "T-low", recipient_id=scene.world.recipient, accessible=True)
    stay = await scene.act(Role.COURIER, reserving.reserve, ask)
    await scene.settle()
    assert ((await scene.stay(stay))[0], await scene.unit(stay)) == ("ACCESS_ISSUED", "1003")
