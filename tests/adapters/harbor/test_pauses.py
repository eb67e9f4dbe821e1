"""A vendor that asks for a pause is left alone, by every tower of the account."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.harbor import settings
from adapters.harbor.adapter import HarborAdapter
from adapters.harbor.client import HarborClient
from adapters.pacing import LONGEST_PAUSE_SECONDS
from app.devices.port import DeviceError, OrderKind, Unreachable
from tests.adapters.harbor.rig import TOWER, Rig, harbor_rig

OTHER = TOWER[:-1] + "2"


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def timed() -> AsyncIterator[tuple[Rig, Watch]]:
    watch = Watch()
    async with harbor_rig() as rig:
        access, paths, options, poll = settings.read(rig.connection)
        adapter = HarborAdapter(HarborClient(access, paths, clock=watch), options, poll)
        yield Rig(adapter, rig.cloud, rig.connection), watch
        await adapter.close()


@pytest.mark.parametrize(
    ("where", "status"), [("bank", 429), ("bank", 503), ("token", 429), ("reserve", 429), ("test-token", 429)]
)
async def test_no_tower_is_asked_for_anything_before_the_pause_is_over(
    timed: tuple[Rig, Watch], where: str, status: int
) -> None:
    rig, watch = timed
    token = next(check for check in rig.adapter.checks(None) if check.name == "token")
    ask = {"reserve": lambda: rig.send(OrderKind.RESERVE), "test-token": token.run}
    rig.world.faults.add({"kind": "status", "where": where, "status": status, "ms": 30_000})
    with pytest.raises(Unreachable):
        await ask.get(where, lambda: rig.adapter.read_bank(TOWER))()
    calls, order = rig.world.faults.calls, rig.order(OrderKind.RESERVE)
    for again in (lambda: rig.adapter.read_bank(OTHER), lambda: rig.adapter.send(order), token.run):
        with pytest.raises(Unreachable) as told:
            await again()
        assert told.value.retry_after == timedelta(seconds=30)
    assert rig.world.faults.calls == calls

    watch.now += 30.0
    await rig.adapter.read_bank(OTHER)
    await rig.adapter.send(order)


async def test_no_pause_is_longer_than_a_minute(timed: tuple[Rig, Watch]) -> None:
    rig, watch = timed
    rig.world.faults.add({"kind": "status", "where": "bank", "status": 429, "ms": 3_600_000})
    with pytest.raises(DeviceError):
        await rig.adapter.read_bank(TOWER)
    watch.now += LONGEST_PAUSE_SECONDS - 1
    with pytest.raises(Unreachable):
        await rig.adapter.read_bank(TOWER)
    watch.now += 1.0
    await rig.adapter.read_bank(TOWER)
