import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from adapters.pitney.adapter import PitneyAdapter
from adapters.pitney.client import Access, PitneyClient, PitneyPaths
from adapters.pitney.settings import SIZES
from adapters.pitney.simulator.cloud import CLIENT
from adapters.pitney.simulator.world import PitneyWorld
from app.devices.port import (
    Ability,
    Ambiguous,
    Capability,
    DeviceError,
    Door,
    FindsReservations,
    Order,
    OrderKind,
    ParcelRef,
    Refused,
    Unreachable,
    Unsupported,
)
from tests.adapters.rigs import Rig, nowhere, pitney_rig


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


SLASHED = "1Z/99 %2F-7"


def reserving(rig: Rig, tracking: str = "T1", **changes: Any) -> Order:
    plain = {
        "parcels": (ParcelRef(tracking, "S1"),),
        "contact": "c-1",
        "expires_at": datetime.now(UTC) + timedelta(hours=1),
    }
    return rig.order(OrderKind.RESERVE, **{**plain, **changes})


def depositing(rig: Rig, tracking: str = "T1", **changes: Any) -> Order:
    return rig.order(OrderKind.DEPOSIT, **{"parcels": (ParcelRef(tracking),), "contact_kind": "recipient", **changes})


def world(rig: Rig) -> PitneyWorld:
    assert isinstance(rig.world, PitneyWorld)
    return rig.world


async def test_a_delivery_goes_from_reservation_to_release(pitney: Rig) -> None:
    await pitney.adapter.send(reserving(pitney))
    held = await pitney.adapter.read_unit(pitney.bank, pitney.unit)
    assert (held.reserved, held.occupied, held.parcels, held.door) == (True, False, ("T1",), Door.UNKNOWN)

    deposited = await pitney.adapter.send(depositing(pitney))
    assert deposited.pickup_code is not None
    assert len(deposited.pickup_code) == 6
    assert deposited.deposit_expires_at is not None
    assert deposited.pickup_code not in repr(deposited)
    assert (await pitney.adapter.read_unit(pitney.bank, pitney.unit)).occupied is True

    released = await pitney.adapter.send(pitney.order(OrderKind.RELEASE, parcels=(ParcelRef("T1"),)))
    assert released.released is True
    free = await pitney.adapter.read_unit(pitney.bank, pitney.unit)
    assert (free.reserved, free.occupied, free.parcels) == (False, False, ())


async def test_a_department_gets_no_pickup_code(pitney: Rig) -> None:
    await pitney.adapter.send(reserving(pitney, contact_kind="department"))
    receipt = await pitney.adapter.send(depositing(pitney, contact_kind="department"))

    assert receipt.pickup_code is None


async def test_a_reservation_ends_when_it_expires_unless_it_was_extended(pitney: Rig) -> None:
    await pitney.adapter.send(reserving(pitney))
    later = datetime.now(UTC) + timedelta(hours=5)
    await pitney.adapter.send(pitney.order(OrderKind.EXTEND, expires_at=later))

    world(pitney).clock.advance(2 * 3600)
    assert (await pitney.adapter.read_unit(pitney.bank, pitney.unit)).reserved is True
    world(pitney).clock.advance(4 * 3600)
    assert (await pitney.adapter.read_unit(pitney.bank, pitney.unit)).reserved is False


async def test_a_deposit_that_expires_stays_where_it_is(pitney: Rig) -> None:
    await pitney.adapter.send(reserving(pitney))
    await pitney.adapter.send(depositing(pitney))
    world(pitney).clock.advance(48 * 3600)

    assert (await pitney.adapter.read_unit(pitney.bank, pitney.unit)).occupied is True


async def test_of_two_reservations_of_one_unit_one_is_refused(pitney: Rig) -> None:
    orders = [reserving(pitney, f"T{number}") for number in range(8)]
    ends = await asyncio.gather(*map(pitney.adapter.send, orders), return_exceptions=True)

    assert sum(isinstance(end, Refused) for end in ends) == 7
    assert (await pitney.adapter.read_unit(pitney.bank, pitney.unit)).parcels in {
        (f"T{number}",) for number in range(8)
    }


async def test_a_return_names_who_drops_it_off(pitney: Rig) -> None:
    await pitney.adapter.send(reserving(pitney, depositor="c-2"))

    assert (await pitney.adapter.read_unit(pitney.bank, pitney.unit)).reserved is True


async def test_a_parcel_whose_number_holds_a_slash_is_found(pitney: Rig) -> None:
    await pitney.adapter.send(reserving(pitney, SLASHED))

    assert isinstance(pitney.adapter, FindsReservations)
    found = await pitney.adapter.find_reservation(pitney.bank, SLASHED)
    assert found is not None
    assert (found.id, found.parcels) == (pitney.unit, (SLASHED,))
    assert await pitney.adapter.find_reservation(pitney.bank, "1Z") is None


async def test_a_reservation_whose_answer_was_lost_is_found_by_its_parcel(pitney: Rig) -> None:
    pitney.world.faults.add({"kind": "lost", "where": "reserve"})
    with pytest.raises(Ambiguous):
        await pitney.adapter.send(reserving(pitney))

    assert isinstance(pitney.adapter, FindsReservations)
    assert await pitney.adapter.find_reservation(pitney.bank, "T1") is not None


@pytest.mark.parametrize("change", [{"parcels": ()}, {"contact": None}, {"expires_at": None}])
async def test_an_incomplete_reservation_is_refused_and_nothing_is_sent(pitney: Rig, change: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        await pitney.adapter.send(reserving(pitney, **change))

    assert (await pitney.adapter.read_unit(pitney.bank, pitney.unit)).reserved is False


async def test_nobody_sets_a_service_state_here(pitney: Rig) -> None:
    with pytest.raises(Unsupported):
        await pitney.adapter.send(pitney.order(OrderKind.SET_SERVICE, in_service=False))


async def test_a_word_we_do_not_know_is_kept_and_hides_nothing(pitney: Rig) -> None:
    world(pitney).set_unit(pitney.bank, "2", {"size": "gigantic"})
    state = await pitney.adapter.read_bank(pitney.bank)

    assert [(each.unit, each.what, each.raw) for each in state.unmapped] == [("2", "size", '"gigantic"')]
    assert len(state.units) == 8
    assert state.units[1].size is None


async def test_one_unreadable_unit_does_not_hide_the_others(pitney: Rig) -> None:
    world(pitney).set_unit(pitney.bank, "2", {"unitInService": "perhaps"})
    state = await pitney.adapter.read_bank(pitney.bank)

    assert len(state.units) == 7
    assert len(state.unmapped) == 1


async def test_all_banks_come_in_one_answer(pitney: Rig) -> None:
    states = await pitney.adapter.list_banks()

    assert [(state.id, state.location, len(state.units)) for state in states] == [
        ("PB-01", "L01", 8),
        ("PB-02", "L02", 8),
    ]


async def test_only_the_banks_of_the_given_location_are_taken() -> None:
    async with pitney_rig(location_id="L02") as rig:
        assert [state.id for state in await rig.adapter.list_banks()] == ["PB-02"]


async def test_many_callers_share_one_token() -> None:
    async with pitney_rig() as rig:
        await asyncio.gather(*(rig.adapter.read_bank(rig.bank) for _ in range(20)))
        count = await counted_tokens(rig)

        assert count == 1


async def counted_tokens(rig: Rig) -> int:
    async with httpx2.AsyncClient() as web:
        return int((await web.get(f"{rig.connection.base_url}/_sim/tokens")).json()["issued"])


async def test_a_token_that_ran_out_is_renewed_without_anybody_noticing(pitney: Rig) -> None:
    await pitney.adapter.read_bank(pitney.bank)
    world(pitney).clock.advance(3600)

    await pitney.adapter.send(pitney.order())
    assert pitney.pulses() == 1


async def test_while_the_vendor_is_away_the_capabilities_say_so_and_recover(pitney: Rig) -> None:
    watch = Watch()
    access = Access(pitney.connection.base_url, f"{pitney.connection.base_url}/auth/api/v1/token", *CLIENT, None, 1.0)
    client = PitneyClient(access, PitneyPaths(), clock=watch)
    adapter = PitneyAdapter(client, stand_in="c-0", location=None, sizes=SIZES, poll=timedelta(seconds=1))
    pitney.world.faults.go_away(how="reset")
    for _ in range(5):
        with pytest.raises(Unreachable):
            await adapter.read_bank(pitney.bank)
    assert adapter.capabilities[Capability.REMOTE_OPEN] is Ability.FAILING
    assert adapter.capabilities[Capability.DOOR_SENSOR] is Ability.ABSENT

    pitney.world.faults.come_back()
    order = pitney.order()
    with pytest.raises(Unreachable) as paused:
        await adapter.send(order)
    assert paused.value.retry_after is not None
    watch.now += paused.value.retry_after.total_seconds() + 0.01
    await adapter.read_bank(pitney.bank)
    assert adapter.capabilities[Capability.REMOTE_OPEN] is Ability.WORKS

    # Nothing of the order left us before, so it may come now.
    await adapter.send(order)
    assert pitney.pulses() == 1
    await adapter.close()


async def test_an_order_that_never_left_may_come_again() -> None:
    async with pitney_rig() as rig:
        order = rig.order()
        rig.world.faults.add({"kind": "status", "where": "token", "status": 500})
        with pytest.raises(Unreachable):
            await rig.adapter.send(order)

        await rig.adapter.send(order)
        assert rig.pulses() == 1


async def test_no_error_holds_a_secret() -> None:
    async with pitney_rig() as rig:
        lost = nowhere(rig)
        texts = []
        for order in (rig.order(), rig.order(OrderKind.RELEASE)):
            with pytest.raises(DeviceError) as error:
                await lost.send(order)
            texts.append(error.value.detail)
        await lost.close()

        assert not any(secret in text for secret in rig.connection.secret.values() for text in texts)
