"""Many orders at once under drawn bad luck: the simulator's own counters say that no order moved a lock twice."""

import asyncio
import random
from datetime import timedelta

import pytest

from app.devices.port import DeviceError, Order
from tests.adapters.rigs import RIGS, Rig

BAD_LUCK = {
    "kerong_cu16": [
        {"kind": kind, "where": where, "ms": 250}
        for kind in ("drop", "noise", "split", "checksum", "address", "garbage", "stale", "cut", "delay")
        for where in ("30", "31")
    ],
    "pitney": [
        {"kind": kind, "where": "open", "ms": 300}
        for kind in (
            "lost",
            "reset",
            "reset_after",
            "reset_mid",
            "malformed",
            "huge",
            "status_after",
            "reject_token",
            "latency",
        )
    ],
}
UNITS = {
    "kerong_cu16": [f"{board}-{lock}" for board in (0, 1) for lock in range(1, 17)],
    "pitney": [str(number) for number in range(1, 41)],
}


async def ending(rig: Rig, order: Order) -> str:
    try:
        return (await rig.adapter.send(order)).outcome.value
    except DeviceError as error:
        return type(error).__name__


@pytest.mark.parametrize("vendor", RIGS)
@pytest.mark.parametrize("seed", [1, 2])
async def test_no_order_of_a_storm_moves_a_lock_twice_or_another_lock(vendor: str, seed: int) -> None:
    luck = random.Random(seed)
    async with RIGS[vendor](**({"units": 40} if vendor == "pitney" else {})) as rig:
        for fault in luck.sample(BAD_LUCK[vendor], 6):
            rig.world.faults.add({**fault, "times": -1, "chance": 0.06})
        chosen = luck.sample(UNITS[vendor], 20)
        # A line carries one question at a time, hence the patience.
        patience = timedelta(seconds=20) if vendor == "kerong_cu16" else rig.deadline
        orders = [rig.order(unit=unit, deadline=patience) for unit in chosen]
        ends = dict(zip(chosen, await asyncio.gather(*(ending(rig, order) for order in orders)), strict=True))
        again = await asyncio.gather(*(ending(rig, order) for order in orders if ends[order.unit] == "Ambiguous"))

        assert set(again) <= {"Ambiguous", "Unreachable"}
        for unit in UNITS[vendor]:
            door = rig.world.doors.at(rig.bank, unit)
            assert door.pulses <= (unit in chosen)
            if ends.get(unit) in {"Unreachable", "AuthFailed"}:
                assert door.pulses == 0
            if ends.get(unit) in {"OPENED", "ACCEPTED"}:
                assert door.pulses == 1
        rig.world.faults.clear()
        assert sum(end in {"OPENED", "ACCEPTED"} for end in ends.values()) >= 8
