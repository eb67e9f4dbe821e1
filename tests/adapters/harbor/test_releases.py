"""What a tower's locker is after it was given up."""

import asyncio

import pytest

from adapters.harbor.simulator.cloud import CLIENT
from app.devices.port import (
    AccessKind,
    Ambiguous,
    OrderKind,
    Refused,
    VendorWord,
)
from tests.adapters.harbor.rig import LOCKER, TOWER, harbor_rig, struck

K, W = OrderKind, VendorWord


async def test_releasing_says_whether_the_door_may_still_open_and_until_when() -> None:
    async with harbor_rig() as rig:
        await rig.send(K.RESERVE)
        assert (await rig.send(K.RELEASE)).released is True
        assert await rig.word() is W.AVAILABLE
        access = await rig.access()
        given_up = await rig.send(K.RELEASE)
        assert (given_up.released, given_up.usable_until) == (False, access.expires_at)
        assert await rig.word() is W.DECLINED
        assert (await rig.send(K.RELEASE)).released is True
        assert (await rig.send(K.RELEASE)).released is True, "free already"


async def test_what_was_put_in_between_the_look_and_the_release_is_not_called_free() -> None:
    async with harbor_rig() as rig:
        access = await rig.access()
        late = rig.world.faults.add({"kind": "latency", "where": "release", "ms": 300})
        releasing = asyncio.create_task(rig.send(K.RELEASE, deposited=False))
        await struck(late)
        assert rig.show(access)["way"] == "in"
        with pytest.raises(Refused) as refused:
            await releasing
        assert (refused.value.reason, await rig.word()) == ("FREED_FULL", W.AVAILABLE)


async def test_a_reservation_is_cancelled_by_an_adapter_that_did_not_make_it() -> None:
    async with harbor_rig() as rig:
        await rig.send(K.RESERVE)
        rig.adapter._reservations.clear()
        assert (await rig.send(K.RELEASE)).released is True
        assert [each.id for each in await rig.adapter.assigned()] == []


@pytest.mark.parametrize("used", [True, False])
async def test_no_reservation_is_cancelled_by_the_id_of_another(*, used: bool) -> None:
    """`used`: the earlier one became a rent; else it ran out."""
    async with harbor_rig() as rig:
        await rig.send(K.RESERVE)
        if used:
            rig.show(await rig.access())
            assert rig.show(await rig.access(AccessKind.PICKUP))["way"] == "out"
        else:
            rig.world.clock.advance(301)
        assert await rig.word() is W.AVAILABLE
        rig.world.faults.add({"kind": "reset_after", "where": "reserve"})
        with pytest.raises(Ambiguous):
            await rig.send(K.RESERVE)
        assert await rig.word() is W.RESERVED
        assert (await rig.send(K.RELEASE, deposited=False)).released is True
        assert await rig.word() is W.AVAILABLE


async def test_a_rent_forgets_the_reservation_that_it_was_made_from() -> None:
    async with harbor_rig() as rig:
        await rig.send(K.RESERVE)
        rig.show(await rig.access())
        rig.world.set_unit(TOWER, LOCKER, {"free": True})
        other = rig.world.reserve(TOWER, LOCKER, {"duration": 300}, CLIENT[0])
        assert (await rig.send(K.RELEASE)).released is True
        assert rig.world.lockers[TOWER, LOCKER].reservation != other["id"]


async def test_a_reservation_whose_id_is_nowhere_is_left_to_run_out_and_is_not_called_free() -> None:
    async with harbor_rig() as rig:
        await rig.send(K.RESERVE)
        rig.adapter._reservations.clear()
        rig.world.lockers[TOWER, LOCKER].reservation = None
        assert (await rig.send(K.RELEASE)).released is False
        assert await rig.word() is W.RESERVED
        rig.world.clock.advance(301)
        assert (await rig.send(K.RELEASE)).released is True
