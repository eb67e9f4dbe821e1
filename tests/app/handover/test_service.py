from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.access import service as access
from app.access.service import Collect
from app.devices import service as devices
from app.devices.service import SetServiceState
from app.kit.db import Database
from app.kit.errors import Reason, Rejected
from app.lockers.model import Service
from app.stays import service
from app.stays.model import StayOutcome
from tenants.carriers import service as carriers
from tenants.model import Role
from tests.adapters.harbor.rig import TOWER
from tests.app.handover.towers import Towers, towers
from tests.app.rig import actor, codes, context, snapshot

DOOR = "SELECT service FROM compartment WHERE id = (SELECT compartment_id FROM stay WHERE id = $1)"
O = StayOutcome  # noqa: E741 - this file is about them


@pytest.fixture
async def scene(app_db: Database, worker_db: Database, admin_db: Database) -> AsyncIterator[Towers]:
    async with towers(app_db, worker_db, admin_db) as made:
        yield made


async def cancel(scene: Towers, stay: object, outcome: StayOutcome = O.CANCELLED) -> None:
    await scene.act(Role.COURIER, service.release, stay, outcome, "changed my mind")
    await scene.settle()


async def test_a_courier_is_handed_a_pass_and_so_is_the_recipient_in_turn(scene: Towers) -> None:
    stay = await scene.issued()
    assert (await scene.stay(stay))[0] == "ACCESS_ISSUED"
    assert (await scene.book(stay), await scene.passes(stay)) == ("rented", [("DEPOSIT", "ISSUED")])
    scene.show(await scene.held(stay))
    await scene.settle()
    assert await scene.stay(stay) == ("DEPOSITED", "E2", None)
    assert await scene.passes(stay) == [("DEPOSIT", "USED"), ("PICKUP", "ISSUED")]
    scene.show(await scene.held(stay, "PICKUP"))
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E2", "COLLECTED")
    assert (await scene.book(stay), await scene.openings(stay)) == ("available", 2)
    assert await scene.passes(stay) == [("DEPOSIT", "USED"), ("PICKUP", "USED")]
    assert await scene.alarms() == {}


async def test_what_opens_a_door_is_sealed_forgotten_and_never_told(scene: Towers) -> None:
    stay = await scene.issued()
    pair = await scene.held(stay)
    scene.show(pair)
    await scene.settle()
    kept = await snapshot(scene.admin)
    rows = [row for table in kept.values() for row in table]
    rows.append(str(await scene.of("SELECT json_agg(p) FROM pass p")))
    assert not [row for row in rows if pair["payload"] in row or pair["payload_auth"] in row]
    assert await scene.of("SELECT count(*) FROM pass WHERE state <> 'ISSUED' AND sealed IS NOT NULL") == 0


async def test_a_late_phone_moves_the_stay_late(scene: Towers) -> None:
    stay = await scene.brought(sync=600)
    assert (await scene.stay(stay))[0] == "ACCESS_ISSUED"
    await scene.pass_time(601)
    assert await scene.stay(stay) == ("DEPOSITED", "E2", None)


async def test_telling_twice_and_the_same_facts_again_change_nothing(scene: Towers) -> None:
    stay = await scene.brought(sync="twice")
    before = await snapshot(scene.admin)
    scene.drive.done.clear()
    await scene.drive.follow()
    assert await snapshot(scene.admin) == before
    assert await scene.passes(stay) == [("DEPOSIT", "USED"), ("PICKUP", "ISSUED")]


async def test_a_pass_nobody_uses_runs_out_and_its_door_waits_for_the_grace_of_its_clock(scene: Towers) -> None:
    stay = await scene.issued()
    await scene.pass_time(3601)
    assert (await scene.stay(stay))[0] == "REVOKING"
    assert await scene.of(DOOR.replace("service", "use", 1), stay) == "RESERVED"
    await scene.pass_time(121)
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E1", "EXPIRED_UNUSED")
    assert await scene.passes(stay) == [("DEPOSIT", "REVOKED")]
    assert await scene.book(stay) == "available"


async def test_a_phone_that_is_lost_after_the_deposit_is_found_out_late_and_nobody_else_gets_the_door(
    scene: Towers,
) -> None:
    stay = await scene.brought(sync="never")
    await scene.pass_time(3601)
    await scene.pass_time(200)
    assert await scene.stay(stay) == ("RELEASED", "E1", "EXPIRED_UNUSED")
    scene.sync()
    await scene.settle()
    assert (await scene.stay(stay))[0] == "RELEASED", "what has ended stays ended"
    assert await scene.alarms() == {"REVOKED_CREDENTIAL_USED": "ACTIVE"}
    assert await scene.of(DOOR, stay) == "OUT_OF_SERVICE"


async def test_before_a_pass_is_out_a_stay_is_just_cancelled(scene: Towers) -> None:
    stay = await scene.reserve()
    await cancel(scene, stay)
    assert await scene.stay(stay) == ("RELEASED", "E0", "CANCELLED")
    assert (await scene.book(stay), await scene.passes(stay)) == ("available", [])


@pytest.mark.parametrize("seen", [True, False])
async def test_a_door_its_vendor_does_not_let_go_is_given_to_nobody_before_it_is(scene: Towers, *, seen: bool) -> None:
    """`seen`: its books say so before the reservation's time is over by ours."""
    stay = await scene.reserve()
    await scene.drive.work()
    assert await scene.book(stay) == "reserved"
    scene.hardware._reservations.clear()
    scene.vendor.lockers[TOWER, await scene.unit(stay)].reservation = None
    await cancel(scene, stay)
    assert await scene.stay(stay) == ("RELEASED", "E0", "CANCELLED")
    assert (await scene.book(stay), await scene.of(DOOR, stay)) == ("reserved", "OUT_OF_SERVICE")
    assert [(await scene.stay(await scene.issued()))[0] for _ in range(2)] == ["ACCESS_ISSUED"] * 2
    with pytest.raises(Rejected) as full:
        await scene.reserve()
    assert full.value.reason is Reason.NO_FREE_COMPARTMENT
    if seen:
        scene.vendor.set_unit(TOWER, await scene.unit(stay), {"free": True})
        await scene.settle()
    else:
        scene.drive.crash()
        await scene.pass_time(3600 + 121)
    assert await scene.of(DOOR, stay) == "IN_SERVICE"
    assert await scene.alarms() == {}


async def test_what_people_took_out_of_service_stays_out_though_the_vendor_has_it_free(scene: Towers) -> None:
    stay = await scene.reserve()
    await scene.drive.work()
    await cancel(scene, stay)
    door = await scene.of("SELECT compartment_id FROM stay WHERE id = $1", stay)
    await scene.act(Role.OWNER, devices.set_service_state, SetServiceState(door, Service.OUT_OF_SERVICE, "hinge"))
    for word in ("rented", "available"):
        scene.vendor.set_unit(TOWER, await scene.unit(stay), {"status": word})
        await scene.settle()
    assert await scene.of(DOOR, stay) == "OUT_OF_SERVICE"


async def test_called_off_it_waits_until_the_tower_has_heard_of_it(scene: Towers) -> None:
    stay = await scene.issued()
    pair = await scene.held(stay)
    await cancel(scene, stay)
    assert (await scene.stay(stay))[0] == "REVOKING"
    assert (await scene.book(stay), await scene.passes(stay)) == ("declined", [("DEPOSIT", "REVOKE_PENDING")])
    told = await scene.of(
        "SELECT payload->>'usable_until' FROM fact WHERE kind = 'StayRevoking' AND subject_id = $1", stay
    )
    assert told is not None, "until when is said"
    scene.sync()
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E2", "CANCELLED")
    assert await scene.passes(stay) == [("DEPOSIT", "REVOKED")]
    assert scene.show(pair)["why"] == "called off"
    assert await scene.alarms() == {}


async def test_called_off_and_never_heard_of_it_ends_when_the_pass_is_dead(scene: Towers) -> None:
    stay = await scene.issued()
    await cancel(scene, stay)
    await scene.pass_time(3601)
    assert (await scene.stay(stay))[0] == "REVOKING"
    await scene.pass_time(120)
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E1", "CANCELLED")
    assert await scene.book(stay) == "available"


async def test_a_late_use_of_what_was_called_off_is_a_deposit_and_an_alarm(scene: Towers) -> None:
    stay = await scene.issued()
    pair = await scene.held(stay)
    await cancel(scene, stay)
    scene.show(pair)
    await scene.settle()
    assert await scene.stay(stay) == ("DEPOSITED", "E2", None)
    assert await scene.alarms() == {"REVOKED_CREDENTIAL_USED": "ACTIVE"}
    assert await scene.of("SELECT state FROM parcel WHERE stay_id = $1", stay) == "IN_LOCKER"


async def test_what_was_filled_before_the_vendor_heard_of_the_release_is_not_freed(scene: Towers) -> None:
    stay = await scene.issued()
    scene.show(await scene.held(stay))
    await cancel(scene, stay)
    assert await scene.stay(stay) == ("DEPOSITED", "E2", None)
    assert await scene.book(stay) == "occupied"


async def test_staff_who_empty_a_door_leave_it_to_nobody_while_a_pass_may_open_it(scene: Towers) -> None:
    stay = await scene.brought()
    await scene.act(Role.OWNER, service.release, stay, O.REMOVED_BY_STAFF, "moved to the office")
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E0", "REMOVED_BY_STAFF")
    assert await scene.book(stay) == "available"
    assert await scene.passes(stay) == [("DEPOSIT", "USED"), ("PICKUP", "REVOKE_PENDING")]
    assert await scene.of(DOOR, stay) == "OUT_OF_SERVICE"
    assert await scene.of(DOOR.replace("service", "service_until > now()", 1), stay) is True


async def test_a_taken_grant_calls_off_what_couriers_carry(scene: Towers) -> None:
    stay = await scene.issued()
    grant = await scene.of("SELECT id FROM carrier_grant WHERE tenant_id = $1", scene.world.tenant)
    async with context(scene.app, actor(scene.world), scene.now).begin() as work:
        await carriers.change(work, grant, "suspend", "unpaid")
    await scene.settle()
    assert (await scene.stay(stay))[0] == "REVOKING"
    assert await scene.passes(stay) == [("DEPOSIT", "REVOKE_PENDING")]


async def test_a_longer_hold_is_a_longer_pass(scene: Towers) -> None:
    stay = await scene.issued()
    await scene.act(Role.CARRIER_ADMIN, service.extend, stay, timedelta(hours=1), "traffic")
    await scene.settle()
    assert await scene.passes(stay) == [("DEPOSIT", "ISSUED"), ("DEPOSIT", "ISSUED")]
    assert await scene.of("SELECT count(*) FROM pass WHERE stay_id = $1 AND sealed IS NOT NULL", stay) == 1
    await scene.pass_time(3700)
    assert (await scene.stay(stay))[0] == "ACCESS_ISSUED"
    assert scene.show(await scene.held(stay))["way"] == "in"


async def test_whoever_collects_is_handed_a_pass_of_their_own(scene: Towers) -> None:
    stay = await scene.brought()
    await scene.pass_time(13 * 3600)
    assert await scene.passes(stay) == [("DEPOSIT", "USED"), ("PICKUP", "EXPIRED")]
    await scene.act(Role.RECIPIENT, access.collect, Collect(stay), codes())
    await scene.settle()
    assert scene.show(await scene.held(stay, "PICKUP"))["way"] == "out"
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E2", "COLLECTED")


async def test_who_asks_for_a_pass_when_all_is_taken_out_rents_nothing_and_the_stay_is_over(scene: Towers) -> None:
    stay = await scene.brought()
    assert scene.show(await scene.held(stay, "PICKUP"), sync="never")["way"] == "out"
    await scene.act(Role.RECIPIENT, access.collect, Collect(stay), codes())
    # The tower's news and the question for another pass meet.
    scene.sync()
    await scene.settle()
    assert (await scene.book(stay), await scene.stay(stay)) == ("available", ("RELEASED", "E2", "COLLECTED"))
    await scene.pass_time(3800)
    assert await scene.of(DOOR, stay) == "IN_SERVICE"


async def test_one_reading_that_leaves_a_locker_out_is_not_the_last_word_on_its_reservation(scene: Towers) -> None:
    scene.vendor.faults.add({"kind": "reset", "where": "reserve"})
    stay = await scene.reserve()
    await scene.settle()
    scene.vendor.faults.add({"kind": "wrong_shape", "where": "bank"})
    await scene.pass_time(16)
    assert (await scene.stay(stay))[0] == "ACCESS_ISSUED"
    assert await scene.book(stay) == "rented"
    told = "SELECT array_agg(state ORDER BY id) FROM command WHERE stay_id = $1 AND kind = 'RESERVE'"
    assert await scene.of(told, stay) == ["FAILED", "ACCEPTED"]


async def test_a_carrier_takes_back_what_is_overdue(scene: Towers) -> None:
    stay = await scene.brought()
    await scene.pass_time(4 * 86400)
    await scene.act(Role.COURIER, access.collect, Collect(stay), codes())
    await scene.settle()
    scene.show(await scene.held(stay, "PICKUP"))
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E2", "RETURNED_TO_SENDER")


async def test_a_door_that_phones_open_is_not_opened_from_afar_nor_told_of_deposits(scene: Towers) -> None:
    stay = await scene.issued()
    before = await snapshot(scene.admin)
    for role in (Role.OWNER, Role.COURIER):
        with pytest.raises(Rejected) as refused:
            await scene.open(role, stay)
        assert refused.value.reason is Reason.NOT_SUPPORTED
        assert "phone" in refused.value.message
    assert await snapshot(scene.admin) == before


async def test_a_unit_found_free_with_nothing_to_take_it_out_with_is_missing(scene: Towers) -> None:
    stay = await scene.brought()
    async with scene.admin.plain() as conn:
        await conn.execute(
            "UPDATE pass SET state = 'EXPIRED', sealed = NULL WHERE kind = 'PICKUP' AND stay_id = $1", stay
        )
    scene.vendor.set_unit("0100000004000001", await scene.unit(stay), {"free": True})
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E1", "UNKNOWN_RELEASE")
    assert await scene.alarms() == {"MISSING_PARCEL": "ACTIVE"}


@pytest.mark.parametrize("kind", ["lost", "reset_after", "malformed"])
async def test_a_pair_whose_answer_was_lost_is_asked_for_anew(scene: Towers, kind: str) -> None:
    scene.vendor.faults.add({"kind": kind, "where": "dropoff-locker-tokens"})
    scene.hardware.timing = scene.hardware.timing.__class__(
        timedelta(seconds=0.5), timedelta(seconds=1), timedelta(seconds=1), timedelta(seconds=1)
    )
    stay = await scene.issued()
    await scene.pass_time(5)
    await scene.pass_time(5)
    assert (await scene.stay(stay))[0] == "ACCESS_ISSUED"
    assert scene.show(await scene.held(stay))["way"] == "in"


async def test_a_vendor_that_gives_no_pass_ends_the_stay(scene: Towers) -> None:
    scene.vendor.faults.add({"kind": "status", "where": "dropoff-locker-tokens", "status": 400})
    stay = await scene.issued()
    assert await scene.stay(stay) == ("RELEASED", "E0", "CANCELLED")
    assert await scene.book(stay) == "available"


async def test_what_happened_while_nobody_looked_is_told_at_the_first_look(scene: Towers) -> None:
    stay = await scene.issued()
    scene.show(await scene.held(stay))
    scene.drive.crash()
    await scene.settle()
    assert await scene.stay(stay) == ("DEPOSITED", "E2", None)
