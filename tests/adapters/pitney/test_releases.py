"""What is freed at the vendor, and what is not."""

import asyncio
from datetime import timedelta

import pytest

from app.devices.port import (
    OrderKind,
    Outcome,
    ParcelRef,
    Refused,
    Unreachable,
)
from tests.adapters.pitney.test_adapter import reserving, world
from tests.adapters.rigs import Rig


async def test_taking_some_parcels_leaves_the_unit_reserved_for_the_rest(pitney: Rig) -> None:
    await pitney.adapter.send(reserving(pitney))
    await pitney.adapter.send(pitney.order(OrderKind.EXTEND, parcels=(ParcelRef("T2"),)))
    some = await pitney.adapter.send(pitney.order(OrderKind.RELEASE, parcels=(ParcelRef("T1"),)))
    assert some.released is False
    assert (await pitney.adapter.read_unit(pitney.bank, pitney.unit)).parcels == ("T2",)

    rest = await pitney.adapter.send(pitney.order(OrderKind.RELEASE, parcels=(ParcelRef("T2"),)))
    assert rest.released is True


async def test_a_release_without_names_is_refused_and_frees_nothing(pitney: Rig) -> None:
    await pitney.adapter.send(reserving(pitney))
    with pytest.raises(Refused):
        await pitney.adapter.send(pitney.order(OrderKind.RELEASE))
    assert world(pitney).units[pitney.bank, pitney.unit].contact is not None
    assert not [path for path in world(pitney).asked if "/free" in path]


async def test_a_release_of_what_has_gone_by_itself_leaves_a_stranger_where_it_is(pitney: Rig) -> None:
    stranger = {"contactId": "somebody", "parcelsReserved": [{"trackingNumber": "KIOSK-1"}]}
    world(pitney).set_unit(pitney.bank, pitney.unit, stranger)
    released = await pitney.adapter.send(pitney.order(OrderKind.RELEASE, parcels=(ParcelRef("T1"), ParcelRef("T2"))))
    assert (released.released, released.outcome) == (True, Outcome.ACCEPTED)
    unit = world(pitney).units[pitney.bank, pitney.unit]
    assert (unit.contact, list(unit.reserved)) == ("somebody", ["KIOSK-1"])
    assert not [path for path in world(pitney).asked if "/free" in path]


@pytest.mark.parametrize("taken", [True, False])
async def test_what_changes_between_the_look_and_the_free_is_nobody_s_loss(pitney: Rig, taken: bool) -> None:
    await pitney.adapter.send(reserving(pitney))
    unit = world(pitney).units[pitney.bank, pitney.unit]
    pitney.world.faults.add({"kind": "latency", "where": "free", "ms": 300})
    order = pitney.order(OrderKind.RELEASE, parcels=(ParcelRef("T1"),), deadline=timedelta(seconds=2))
    freeing = asyncio.create_task(pitney.adapter.send(order))
    for _ in range(200):
        await asyncio.sleep(0.01)
        if any("/free" in path for path in world(pitney).asked):
            break
    unit.clear()
    if taken:
        unit.contact, unit.reserved = "somebody", {"KIOSK-1": None}
    # Without anybody there the vendor refuses; what we named is gone all the same.
    assert (await freeing).outcome is Outcome.ACCEPTED
    assert list(unit.reserved) == (["KIOSK-1"] if taken else [])


async def test_a_parcel_that_the_vendor_has_in_another_unit_is_for_a_person_to_look_at(pitney: Rig) -> None:
    await pitney.adapter.send(reserving(pitney, unit="5"))
    with pytest.raises(Refused) as refused:
        await pitney.adapter.send(pitney.order(OrderKind.RELEASE, parcels=(ParcelRef("T1"),)))
    assert refused.value.reason == "WRONG_UNIT"
    assert list(world(pitney).units[pitney.bank, "5"].reserved) == ["T1"]


async def test_what_the_vendor_has_as_filled_against_our_knowledge_is_not_freed(pitney: Rig) -> None:
    await pitney.adapter.send(reserving(pitney))
    # Its own kiosk knows who brought it, and tells nobody.
    world(pitney).deposit(pitney.bank, pitney.unit, {"parcels": [{"trackingNumber": "T1"}]})
    order = pitney.order(OrderKind.RELEASE, parcels=(ParcelRef("T0"), ParcelRef("T1")), deposited=False)
    with pytest.raises(Refused) as refused:
        await pitney.adapter.send(order)
    assert refused.value.reason == "OCCUPIED"
    assert not [path for path in world(pitney).asked if "/free" in path]

    # Who knows of it may have it freed.
    known = pitney.order(OrderKind.RELEASE, parcels=(ParcelRef("T1"),), deposited=True)
    assert (await pitney.adapter.send(known)).released is True


async def test_what_others_have_in_a_unit_does_not_keep_ours_in_it(pitney: Rig) -> None:
    await pitney.adapter.send(reserving(pitney))
    world(pitney).set_unit(pitney.bank, pitney.unit, {"parcelsDeposited": [{"trackingNumber": "KIOSK-1"}]})
    order = pitney.order(OrderKind.RELEASE, parcels=(ParcelRef("T1"),), deposited=False)
    assert (await pitney.adapter.send(order)).released is False
    unit = world(pitney).units[pitney.bank, pitney.unit]
    assert (list(unit.reserved), list(unit.deposited)) == ([], ["KIOSK-1"])


async def test_a_release_that_cannot_be_looked_up_first_has_not_left_us(pitney: Rig) -> None:
    await pitney.adapter.send(reserving(pitney))
    order = pitney.order(OrderKind.RELEASE, parcels=(ParcelRef("T1"),))
    pitney.world.faults.add({"kind": "malformed", "where": "reserved"})
    with pytest.raises(Unreachable):
        await pitney.adapter.send(order)
    assert (await pitney.adapter.send(order)).released is True
