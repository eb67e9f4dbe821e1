"""What may be concluded from a vendor's books: whose pass it was, that a door is empty, that a tower has heard."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from adapters.pacing import Quiet
from app.contents import service as contents
from app.contents.service import Named
from app.handover.service import FILLED, FREED_FULL
from app.kit.db import Database
from app.kit.errors import Reason, Rejected
from app.stays import service
from app.stays.model import StayOutcome
from tenants.model import Role
from tests.adapters.harbor.rig import TOWER, struck
from tests.app.handover.towers import Towers, towers

DOOR = "SELECT service FROM compartment WHERE id = (SELECT compartment_id FROM stay WHERE id = $1)"
WHY = DOOR.replace("service", "service_reason", 1)


@pytest.fixture(params=["named", "bare"])
async def scene(
    app_db: Database, worker_db: Database, admin_db: Database, request: pytest.FixtureRequest
) -> AsyncIterator[Towers]:
    """`bare`: what the vendor issues comes without an id, as far as its documentation goes."""
    async with towers(app_db, worker_db, admin_db) as made:
        made.vendor.names_pairs = request.param == "named"
        yield made


async def words(scene: Towers, stay: UUID, *told: str) -> None:
    """What the vendor's books say of a stay's locker, one after the other."""
    for word in told:
        scene.vendor.set_unit(TOWER, await scene.unit(stay), {"status": word})
        await scene.settle()


async def issued(scene: Towers) -> UUID:
    """A stay whose courier has a pass, and its vendor has posted so."""
    stay = await scene.issued()
    await scene.post()
    return stay


async def brought(scene: Towers, **how: object) -> UUID:
    stay = await issued(scene)
    assert scene.show(await scene.held(stay), **how)["way"] == "in"
    await scene.settle()
    await scene.post()
    return stay


async def forgotten(scene: Towers) -> UUID:
    """A stay whose parcel was put in, of which nobody has heard; its pass is dead, and so is it."""
    stay = await brought(scene, sync="never")
    await scene.pass_time(3601)
    await scene.pass_time(200)
    assert await scene.stay(stay) == ("RELEASED", "E1", "EXPIRED_UNUSED")
    return stay


async def test_a_locker_that_was_out_of_service_and_is_free_by_now_was_not_emptied_by_its_recipient(
    scene: Towers,
) -> None:
    stay = await brought(scene)
    await words(scene, stay, "out of service", "available")
    assert await scene.stay(stay) == ("RELEASED", "E1", "UNKNOWN_RELEASE")
    assert await scene.passes(stay) == [("DEPOSIT", "USED"), ("PICKUP", "REVOKE_PENDING")]
    assert await scene.alarms() == {"MISSING_PARCEL": "ACTIVE"}
    assert "look what is inside" in str(await scene.of(WHY, stay))
    await scene.pass_time(86400)
    assert await scene.of(DOOR, stay) == "OUT_OF_SERVICE", "until somebody has looked"


async def test_what_was_posted_of_it_tells_that_it_was_emptied_while_it_was_out_of_service(scene: Towers) -> None:
    stay = await brought(scene)
    pair = await scene.held(stay, "PICKUP")
    await words(scene, stay, "out of service")
    scene.vendor.set_unit(TOWER, await scene.unit(stay), {"status": "occupied"})
    scene.show(pair)
    await scene.post()
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E2", "COLLECTED")


async def test_back_from_out_of_service_says_nothing_of_what_a_tower_has_heard(scene: Towers) -> None:
    stay = await issued(scene)
    await scene.act(Role.COURIER, service.release, stay, StayOutcome.CANCELLED, "changed my mind")
    await scene.settle()
    await words(scene, stay, "out of service", "available")
    assert (await scene.stay(stay))[0] == "REVOKING"
    await scene.pass_time(3600 + 121)
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E1", "CANCELLED")


async def test_a_rent_that_ends_by_the_vendor_s_clock_leaves_the_door_s_clock_its_grace(scene: Towers) -> None:
    """The vendor began to count before its answer was here."""
    stay = await issued(scene)
    scene.vendor.clock.advance(5)
    await scene.pass_time(3594)
    assert await scene.book(stay) == "available"
    assert (await scene.stay(stay))[0] == "REVOKING"
    await scene.pass_time(130)
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E1", "EXPIRED_UNUSED")


async def test_what_an_earlier_stay_s_pass_put_in_is_not_the_deposit_of_who_has_the_door_now(scene: Towers) -> None:
    first = await forgotten(scene)
    await scene.only(await scene.unit(first))
    second = await issued(scene)
    pair = await scene.held(second)
    assert await scene.unit(second) == await scene.unit(first)
    scene.sync()
    await scene.post()
    await scene.settle()
    assert await scene.stay(second) == ("RELEASED", "E1", "CANCELLED")
    assert await scene.passes(second) == [("DEPOSIT", "REVOKE_PENDING")]
    assert (await scene.stay(first))[::2] == ("RELEASED", "EXPIRED_UNUSED")
    assert await scene.alarms() == {"REVOKED_CREDENTIAL_USED": "ACTIVE"}
    assert await scene.of(DOOR, second) == "OUT_OF_SERVICE"
    # On the courier's phone it is still, and what it takes out is no collection of anybody's.
    assert scene.show(pair)["way"] == "out"
    await scene.settle()
    assert (await scene.stay(second))[0] == "RELEASED"


async def test_what_is_told_late_of_a_deposit_that_the_record_has_changes_nothing_for_the_next(scene: Towers) -> None:
    first = await brought(scene)
    scene.show(await scene.held(first, "PICKUP"))
    await scene.settle()
    await scene.pass_time(3800)
    await scene.only(await scene.unit(first))
    second = await issued(scene)
    await scene.post()
    scene.show(await scene.held(second))
    await scene.settle()
    assert await scene.stay(second) == ("DEPOSITED", "E2", None)
    assert await scene.alarms() == {}


async def test_a_stay_without_a_pass_is_over_when_something_lies_behind_its_door(scene: Towers) -> None:
    # Its seconds are questions: the pause that is asked for is over by the next one, and looks go on.
    scene.hardware._client.quiet = Quiet(clock=itertools.count().__next__)
    scene.vendor.faults.add({"kind": "status", "where": "dropoff-locker-tokens", "status": 429, "times": 99})
    stay = await scene.reserve()
    await scene.settle()
    assert ((await scene.stay(stay))[0], await scene.book(stay)) == ("HELD", "reserved")
    await words(scene, stay, "occupied")
    scene.vendor.faults.clear()
    await scene.pass_time(20)
    assert (await scene.stay(stay))[::2] == ("RELEASED", "CANCELLED")
    assert await scene.of("SELECT count(*) FROM pass WHERE stay_id = $1 AND sealed IS NOT NULL", stay) == 0
    assert await scene.alarms() == {"GHOST_PARCEL": "ACTIVE"}
    assert await scene.of(DOOR, stay) == "OUT_OF_SERVICE"


async def test_a_parcel_that_its_courier_took_out_again_was_not_collected(scene: Towers) -> None:
    stay = await issued(scene)
    pair = await scene.held(stay)
    scene.show(pair)
    await scene.settle()
    assert scene.show(pair)["way"] == "out"
    await scene.post()
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E2", "UNKNOWN_RELEASE")
    assert await scene.passes(stay) == [("DEPOSIT", "USED"), ("PICKUP", "REVOKE_PENDING")]
    assert await scene.alarms() == {"MISSING_PARCEL": "ACTIVE"}


async def test_a_collection_that_is_heard_of_when_its_pass_is_dead_is_one(scene: Towers) -> None:
    stay = await brought(scene)
    scene.show(await scene.held(stay, "PICKUP"), sync="never")
    await scene.pass_time(13 * 3600)
    assert await scene.passes(stay) == [("DEPOSIT", "USED"), ("PICKUP", "EXPIRED")]
    scene.sync()
    await scene.post()
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E2", "COLLECTED")
    assert await scene.alarms() == {}


async def test_a_door_that_was_emptied_is_nobody_s_while_what_brought_the_parcel_may_open_it(scene: Towers) -> None:
    stay = await issued(scene)
    old = await scene.held(stay)
    scene.show(old)
    await scene.settle()
    scene.show(await scene.held(stay, "PICKUP"))
    await scene.settle()
    assert (await scene.stay(stay))[::2] == ("RELEASED", "COLLECTED")
    assert "may still be opened until" in str(await scene.of(WHY, stay))
    async with scene.admin.plain() as conn:
        others = "UPDATE compartment SET service = 'FAULT' WHERE tenant_id = $1 AND service = 'IN_SERVICE'"
        await conn.execute(others, scene.world.tenant)
    with pytest.raises(Rejected) as full:
        await scene.reserve()
    assert full.value.reason is Reason.NO_FREE_COMPARTMENT

    await scene.pass_time(3600 + 121)
    assert await scene.of(DOOR, stay) == "IN_SERVICE"
    assert (await scene.unit(await brought(scene)), scene.show(old)["why"]) == (
        await scene.unit(stay), "outside its time",
    )  # fmt: skip


async def test_a_door_that_an_old_pass_filled_again_stays_out_until_somebody_has_looked(scene: Towers) -> None:
    stay = await brought(scene)
    scene.show(await scene.held(stay, "PICKUP"))
    await scene.settle()
    assert await scene.of(WHY.replace("service_reason", "service_until IS NOT NULL", 1), stay) is True
    await words(scene, stay, "occupied")
    await scene.pass_time(3600 + 121)
    assert await scene.of(DOOR, stay) == "OUT_OF_SERVICE"
    assert await scene.of(WHY, stay) == FILLED


async def test_what_was_put_in_while_its_vendor_was_told_to_free_the_door_is_looked_for(scene: Towers) -> None:
    stay = await issued(scene)
    pair = await scene.held(stay)
    await scene.act(Role.COURIER, service.release, stay, StayOutcome.CANCELLED, "changed my mind")
    late = scene.vendor.faults.add({"kind": "latency", "where": "release", "ms": 300})
    settling = asyncio.create_task(scene.settle())
    await struck(late)
    assert scene.show(pair)["way"] == "in"
    await settling
    assert (await scene.book(stay), (await scene.stay(stay))[0]) == ("available", "REVOKING")
    assert (await scene.of(DOOR, stay), await scene.of(WHY, stay)) == ("OUT_OF_SERVICE", FREED_FULL)
    assert (await scene.alarms())["REVOKED_CREDENTIAL_USED"] == "ACTIVE"
    await scene.pass_time(3600 + 121)
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E1", "CANCELLED")
    assert await scene.of(DOOR, stay) == "OUT_OF_SERVICE", "until somebody has looked"


@pytest.mark.parametrize("emptied", [True, False])
async def test_a_door_that_its_vendor_has_free_is_nobody_s_where_what_was_posted_tells_that_it_was_filled(
    scene: Towers, *, emptied: bool
) -> None:
    """No look has seen it full."""
    stay = await issued(scene)
    pair = await scene.held(stay)
    await scene.act(Role.COURIER, service.release, stay, StayOutcome.CANCELLED, "changed my mind")
    await scene.settle()
    assert scene.show(pair)["way"] == "in"
    if emptied:
        assert scene.show(pair)["way"] == "out"
    scene.vendor.set_unit(TOWER, await scene.unit(stay), {"free": True})
    await scene.post()
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E2", "CANCELLED")
    if emptied:
        assert (await scene.of(DOOR, stay), await scene.alarms()) == ("IN_SERVICE", {})
    else:
        assert (await scene.of(DOOR, stay), await scene.of(WHY, stay)) == ("OUT_OF_SERVICE", FREED_FULL)
        assert await scene.alarms() == {"REVOKED_CREDENTIAL_USED": "ACTIVE"}


async def test_a_door_that_was_broken_when_its_stay_ended_is_nobody_s_either_once_it_is_well(scene: Towers) -> None:
    stay = await brought(scene)
    await words(scene, stay, "out of service")
    assert await scene.of(DOOR, stay) == "FAULT"
    await scene.act(Role.OWNER, service.release, stay, StayOutcome.REMOVED_BY_STAFF, "moved to the office")
    await words(scene, stay, "available")
    assert await scene.of(DOOR, stay) == "OUT_OF_SERVICE"
    assert "may still be opened until" in str(await scene.of(WHY, stay))


async def test_a_hold_that_is_longer_than_a_vendor_s_pass_is_kept_by_one_pass_after_another(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    async with towers(app_db, worker_db, admin_db, longest_seconds=1200) as scene:
        stay = await issued(scene)
        await scene.act(Role.CARRIER_ADMIN, service.extend, stay, timedelta(hours=1), None)
        for _ in range(6):
            await scene.pass_time(17 * 60)
            await scene.settle()
        assert (await scene.stay(stay), await scene.book(stay)) == (("ACCESS_ISSUED", "E0", None), "rented")
        assert scene.show(await scene.held(stay))["way"] == "in"
        await scene.settle()
        assert await scene.stay(stay) == ("DEPOSITED", "E2", None)


async def test_what_a_vendor_refused_to_let_go_on_is_not_asked_for_again_and_again(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    async with towers(app_db, worker_db, admin_db, longest_seconds=1200) as scene:
        stay = await scene.issued()
        await scene.act(Role.CARRIER_ADMIN, service.extend, stay, timedelta(hours=1), None)
        await scene.settle()
        scene.vendor.faults.add({"kind": "status", "where": "dropoff-locker-tokens", "status": 400, "times": 99})
        await scene.pass_time(16 * 60)
        asked = "SELECT count(*) FROM command WHERE stay_id = $1 AND kind = 'ISSUE_ACCESS'"
        assert await scene.of(asked, stay) == 3
        for _ in range(5):
            await scene.pass_time(30)
        assert await scene.of(asked, stay) == 3
        await scene.pass_time(600)
        assert (await scene.stay(stay))[0] in {"REVOKING", "RELEASED"}, "it is the vendor's again"


async def test_a_locker_with_one_of_two_parcels_left_in_it_stays_its_stay_s(scene: Towers) -> None:
    stay = await issued(scene)
    await scene.act(Role.COURIER, contents.add_parcels, stay, [Named("T2")])
    scene.show(await scene.held(stay))
    await scene.settle()
    await scene.act(Role.OWNER, contents.take_parcels, stay, ["T2"], StayOutcome.COLLECTED, "handed over")
    await scene.settle()
    assert (await scene.book(stay), (await scene.stay(stay))[0]) == ("occupied", "DEPOSITED")
    scene.show(await scene.held(stay, "PICKUP"))
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E2", "COLLECTED")
