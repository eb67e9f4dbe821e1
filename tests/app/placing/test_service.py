import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest

from app.access import service as access
from app.access.service import Collect, OpenCompartment
from app.contents import service as contents
from app.contents.service import Named
from app.devices import jobs as devices_jobs
from app.devices import service as devices
from app.devices.service import SetServiceState
from app.kit.db import Database
from app.kit.errors import Denied, LockyardError, Reason, Rejected
from app.lockers.model import Service, Size
from app.reserving import service as reserving
from app.reserving.service import ReserveCompartment
from app.stays import service
from app.stays.model import StayOutcome
from tenants.model import Role
from tests.app.placing.rig import Chosen, chosen
from tests.app.rig import codes


@pytest.fixture
async def bank(app_db: Database, worker_db: Database, admin_db: Database) -> AsyncIterator[Chosen]:
    async with chosen(app_db, worker_db, admin_db, doors=6) as found:
        yield found


async def test_a_parcel_goes_in_and_out_of_the_door_that_the_vendor_chose(bank: Chosen) -> None:
    scene = bank.scene
    stay = await scene.reserve()
    await scene.drive.work()
    unit = await bank.unit_of(stay)
    assert (bank.held(), await bank.uses()) == ({unit: str(stay)}, {unit: "RESERVED"})

    await scene.open(Role.COURIER, stay)
    await scene.drive.work()
    bank.close()
    await scene.drive.work()
    await scene.act(Role.COURIER, service.confirm_deposit, stay, None, codes())
    await scene.drive.work()
    assert await scene.stay(stay) == ("DEPOSITED", "E3", None)
    assert bank.held() == {unit: str(stay)}

    await scene.act(Role.RECIPIENT, access.collect, Collect(stay), codes())
    await scene.drive.work()
    bank.close()
    for _ in range(2):
        await scene.drive.work()
    assert await scene.stay(stay) == ("RELEASED", "E3", "COLLECTED")
    assert (bank.held(), await bank.uses(), bank.openings()) == ({}, {}, {unit: 2})
    assert await scene.alarms() == {}


async def test_until_the_vendor_has_chosen_no_door_is_opened_and_nothing_is_put_in(bank: Chosen) -> None:
    scene = bank.scene
    stay = await scene.reserve()
    claimed = await scene.of("SELECT compartment_id FROM stay WHERE id = $1", stay)
    with pytest.raises(Denied):
        await scene.act(Role.COURIER, access.open_compartment, OpenCompartment(claimed, "early"))
    with pytest.raises(Rejected) as early:
        await scene.act(Role.COURIER, service.confirm_deposit, stay, None, codes())
    assert early.value.reason is Reason.WRONG_STATE

    assert (await bank.unit_of(stay), await scene.stay(stay), bank.openings()) == (None, ("HELD", "E0", None), {})


async def test_stays_that_are_placed_crosswise_change_their_claims(bank: Chosen) -> None:
    stays = [await bank.scene.reserve() for _ in range(6)]
    claims = await bank.rows("SELECT id, compartment_id FROM stay WHERE tenant_id = $1")
    await bank.scene.drive.work()

    assert await bank.ours() == bank.held()
    assert set(bank.held().values()) == set(map(str, stays))
    assert await bank.rows("SELECT id, compartment_id FROM stay WHERE tenant_id = $1") != claims
    assert set((await bank.uses()).values()) == {"RESERVED"}
    placed = "SELECT count(*) FROM audit_entry WHERE tenant_id = $1 AND action = 'stay:placed'"
    facts = "SELECT count(*) FROM fact WHERE tenant_id = $1 AND kind = 'StayPlaced'"
    tenant = bank.scene.world.tenant
    assert (await bank.scene.of(placed, tenant), await bank.scene.of(facts, tenant)) == (6, 6)


async def test_a_door_that_holds_another_stay_is_refused_and_given_back(bank: Chosen) -> None:
    first = await bank.scene.reserve()
    await bank.scene.drive.work()
    unit = await bank.unit_of(first)
    assert unit is not None
    # Somebody ends the first one at the gateway, which then has nothing free but the door we hold.
    bank.gateway.delete("B", str(first))
    for other in set("123456") - {unit}:
        bank.gateway.set_unit("B", other, {"transactionId": f"other-{other}"})

    second = await bank.scene.reserve()
    await bank.scene.drive.work()
    assert await bank.scene.stay(second) == ("RELEASED", "E0", "CANCELLED")
    assert await bank.ours() == {unit: str(first)}
    assert await bank.scene.alarms() == {"CONTROLLER_FAULT": "ACTIVE"}
    raised = "SELECT c.external_id FROM alarm a JOIN compartment c ON c.id = a.compartment_id WHERE a.tenant_id = $1"
    assert await bank.scene.of(raised, bank.scene.world.tenant) == unit

    await bank.scene.drive.work()
    assert str(second) not in bank.held().values()


async def test_a_door_that_is_out_of_service_with_us_or_unknown_to_us_is_given_back(bank: Chosen) -> None:
    async with bank.scene.admin.plain() as conn:
        sql = "UPDATE compartment SET service = 'OUT_OF_SERVICE' WHERE tenant_id = $1 AND external_id <> '1'"
        await conn.execute(sql, bank.scene.world.tenant)
    bank.gateway.set_unit("B", "1", {"operational": False})
    stay = await bank.scene.reserve()
    for _ in range(2):
        await bank.scene.drive.work()

    assert await bank.scene.stay(stay) == ("RELEASED", "E0", "CANCELLED")
    assert (bank.held(), await bank.uses()) == ({}, {})


async def test_a_bank_that_others_filled_refuses_and_nobody_is_alarmed(bank: Chosen) -> None:
    for _ in range(6):
        bank.gateway.give_away("B")
    stay = await bank.scene.reserve()
    await bank.scene.drive.work()

    assert await bank.scene.stay(stay) == ("RELEASED", "E0", "CANCELLED")
    assert (await bank.uses(), await bank.scene.alarms()) == ({}, {})


async def test_a_reservation_whose_answer_was_lost_is_found_by_our_own_id(bank: Chosen) -> None:
    bank.gateway.faults.add({"kind": "reset_after", "where": "create", "times": 3})
    stay = await bank.scene.reserve()
    await bank.scene.drive.work()

    assert bank.held() == {await bank.unit_of(stay): str(stay)}


async def test_a_reservation_that_never_arrived_is_made_again(bank: Chosen) -> None:
    bank.gateway.faults.add({"kind": "reset", "where": "create", "times": 3})
    stay = await bank.scene.reserve()
    await bank.scene.drive.work()
    assert await bank.unit_of(stay) is None
    bank.scene.now.pass_(66)
    for _ in range(2):
        await bank.scene.drive.work()

    assert bank.held() == {await bank.unit_of(stay): str(stay)}


@pytest.mark.parametrize("placed", [False, True])
async def test_calling_a_reservation_off_frees_both_books(bank: Chosen, placed: bool) -> None:
    stay = await bank.scene.reserve()
    if placed:
        await bank.scene.drive.work()
    await bank.scene.act(Role.COURIER, service.release, stay, StayOutcome.CANCELLED, "changed my mind")
    await bank.scene.drive.work()

    assert (bank.held(), await bank.uses(), await bank.scene.alarms()) == ({}, {}, {})


async def test_an_end_whose_answer_was_lost_is_settled_though_the_door_is_another_s_by_then(bank: Chosen) -> None:
    stay = await bank.scene.reserve()
    await bank.scene.drive.work()
    unit = await bank.unit_of(stay)
    assert unit is not None
    bank.gateway.faults.add({"kind": "reset_after", "where": "delete", "times": 3})
    bank.gateway.faults.add({"kind": "status", "where": "transaction", "status": 503})
    await bank.scene.act(Role.COURIER, service.release, stay, StayOutcome.CANCELLED, "no")
    await bank.scene.drive.work()
    bank.gateway.set_unit("B", unit, {"transactionId": "screen-1"})
    await bank.scene.drive.work()

    states = await bank.rows("SELECT kind, state FROM command WHERE tenant_id = $1 ORDER BY requested_at")
    assert [tuple(row) for row in states] == [("RESERVE", "ACCEPTED"), ("RELEASE", "ACCEPTED")]


async def test_taking_a_door_out_of_service_is_told_to_the_vendor(bank: Chosen) -> None:
    door = bank.scene.world.doors[2]
    ask = SetServiceState(door, Service.OUT_OF_SERVICE, "painting")
    await bank.scene.act(Role.OWNER, devices.set_service_state, ask)
    await bank.scene.drive.work()

    assert bank.gateway.lockers["B", 3].out_of_service is True
    assert await bank.scene.of("SELECT service FROM compartment WHERE id = $1", door) == "OUT_OF_SERVICE"


async def test_a_door_whose_time_out_of_service_is_over_is_back_at_the_vendor_too(bank: Chosen) -> None:
    scene, door = bank.scene, bank.scene.world.doors[2]
    ask = SetServiceState(door, Service.OUT_OF_SERVICE, "painting", scene.now() + timedelta(hours=1))
    await scene.act(Role.OWNER, devices.set_service_state, ask)
    await scene.drive.work()
    assert bank.gateway.lockers["B", 3].out_of_service is True

    scene.now.pass_(3601)
    assert await devices_jobs.bring_back(scene.drive.worker, scene.drive.system, scene.now) == 1
    await scene.drive.work()
    assert bank.gateway.lockers["B", 3].out_of_service is False
    assert await scene.of("SELECT service FROM compartment WHERE id = $1", door) == "IN_SERVICE"


async def test_a_door_that_its_device_calls_broken_is_broken_again_when_its_time_out_of_service_is_over(
    bank: Chosen,
) -> None:
    scene, door = bank.scene, bank.scene.world.doors[2]
    service_of = "SELECT service FROM compartment WHERE id = $1"
    bank.gateway.set_unit("B", "3", {"operational": False})
    await scene.drive.work()
    ask = SetServiceState(door, Service.OUT_OF_SERVICE, "waits for a new lock", scene.now() + timedelta(hours=1))
    await scene.act(Role.OWNER, devices.set_service_state, ask)
    await scene.drive.work()
    scene.now.pass_(3601)
    await devices_jobs.bring_back(scene.drive.worker, scene.drive.system, scene.now)
    assert await scene.of(service_of, door) == "IN_SERVICE"
    await scene.drive.work()
    assert await scene.of(service_of, door) == "FAULT"

    bank.gateway.set_unit("B", "3", {"operational": True})
    await scene.drive.work()
    assert await scene.of(service_of, door) == "IN_SERVICE"


async def test_nobody_is_promised_an_accessible_door_that_the_vendor_may_choose_otherwise(bank: Chosen) -> None:
    scene = bank.scene
    async with scene.admin.plain() as conn:
        await conn.execute("UPDATE compartment SET accessible = true WHERE tenant_id = $1", scene.world.tenant)
    for role in (Role.OWNER, Role.COURIER):
        ask = ReserveCompartment(scene.world.bank, Size.M, f"T-{role}", accessible=True)
        with pytest.raises(Rejected) as refused:
            await scene.act(role, reserving.reserve, ask)
        assert (refused.value.reason, refused.value.path) == (Reason.NOT_SUPPORTED, ("input", "accessible"))
    assert await bank.uses() == {}


async def test_a_door_with_one_of_two_parcels_left_in_it_stays_its_stay_s_at_the_vendor(bank: Chosen) -> None:
    scene = bank.scene
    stay = await scene.reserve()
    await scene.drive.work()
    unit = await bank.unit_of(stay)
    await scene.act(Role.COURIER, contents.add_parcels, stay, [Named("T2")])
    await scene.act(Role.COURIER, contents.confirm_deposit, stay, None, codes())
    await scene.drive.work()
    await scene.act(Role.OWNER, contents.take_parcels, stay, ["T2"], StayOutcome.COLLECTED, "handed over")
    for _ in range(3):
        await scene.drive.work()
    assert (bank.held(), (await scene.stay(stay))[0]) == ({unit: str(stay)}, "DEPOSITED")

    await scene.act(Role.RECIPIENT, access.collect, Collect(stay), codes())
    await scene.drive.work()
    assert bank.openings() == {unit: 1}, "the rest can be fetched"


async def test_sixty_four_ask_for_the_last_doors_while_the_vendor_gives_some_away(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    async with chosen(app_db, worker_db, admin_db, doors=12) as bank:
        luck, done = Random(7), asyncio.Event()

        async def courier() -> UUID | None:
            await asyncio.sleep(luck.random())
            try:
                stay = await bank.scene.reserve()
                await asyncio.sleep(luck.random() / 2)
                if luck.random() < 0.3:
                    await bank.scene.act(Role.COURIER, service.release, stay, StayOutcome.CANCELLED, "no")
            except LockyardError:
                return None
            return stay

        async def keeper() -> None:
            while not done.is_set():
                await bank.scene.drive.work()

        async def screen() -> None:
            for _ in range(4):
                await asyncio.sleep(luck.random() / 3)
                if any(each.usable for each in bank.gateway.of("B")):
                    bank.gateway.give_away("B")

        working = asyncio.create_task(keeper())
        got = await asyncio.gather(*(courier() for _ in range(64)), screen())
        done.set()
        await working
        for _ in range(3):
            await bank.scene.drive.work()

        own = {unit: id_ for unit, id_ in bank.held().items() if not id_.startswith("screen")}
        assert await bank.ours() == own
        assert set(await bank.uses()) == set(own)
        assert len([stay for stay in got if stay]) >= 8
        unplaced = "SELECT count(*) FROM stay WHERE tenant_id = $1 AND NOT placed AND state <> 'RELEASED'"
        assert await bank.scene.of(unplaced, bank.scene.world.tenant) == 0
