"""What the cloud allows in a minute, and what is left of it for orders."""

import asyncio
from datetime import timedelta

import pytest

from adapters.harbor_gateway.simulator.rig import start
from app.devices.port import (
    OrderKind,
    Outcome,
    Unreachable,
)
from tests.adapters.harbor_gateway.test_adapter import adapter, order


async def test_when_little_is_left_of_what_the_cloud_allows_it_is_left_for_orders() -> None:
    async with start(api="cloud", limit=10) as bench:
        await bench.adapter.read_bank(bench.bank)
        with pytest.raises(Unreachable) as told:
            await bench.adapter.read_bank(bench.bank)
        assert told.value.retry_after is not None

        receipt = await bench.adapter.send(order(bench, OrderKind.OPEN, reference=None))

    assert receipt.outcome is Outcome.OPENED


async def test_after_429_nothing_is_asked_until_the_pause_is_over() -> None:
    async with start(api="cloud") as bench:
        bench.world.faults.add({"kind": "status", "where": "locker_open", "status": 429})
        with pytest.raises(Unreachable) as slow:
            await bench.adapter.send(order(bench, OrderKind.OPEN, reference=None))
        assert slow.value.retry_after == timedelta(seconds=1)
        begun = asyncio.get_running_loop().time()
        await bench.adapter.send(order(bench, OrderKind.OPEN, reference=None))

        assert asyncio.get_running_loop().time() - begun > 0.9
        assert bench.here() == 1


async def test_many_banks_behind_one_key_are_read_less_often() -> None:
    async with start(api="cloud") as bench:
        alone = bench.adapter.timing.poll
        for number in range(12):
            adapter(bench)._types[f"bank-{number}"] = {}

        assert (alone, bench.adapter.timing.poll > timedelta(seconds=14)) == (timedelta(seconds=5), True)
