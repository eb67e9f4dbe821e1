"""A vendor that asks for a pause is left alone, whatever is wanted of it meanwhile."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.pacing import LONGEST_PAUSE_SECONDS
from adapters.pitney.adapter import PitneyAdapter
from adapters.pitney.client import USUAL_PAUSE, Access, PitneyClient, PitneyPaths
from adapters.pitney.settings import SIZES
from adapters.pitney.simulator.cloud import CLIENT
from app.devices.port import DeviceError, Unreachable
from tests.adapters.rigs import Rig


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def timed(pitney: Rig) -> AsyncIterator[tuple[PitneyAdapter, Watch]]:
    watch, base = Watch(), pitney.connection.base_url
    access = Access(base, f"{base}/auth/api/v1/token", *CLIENT, None, 1.0)
    client = PitneyClient(access, PitneyPaths(), clock=watch)
    adapter = PitneyAdapter(client, stand_in="c-0", location=None, sizes=SIZES, poll=timedelta(seconds=1))
    yield adapter, watch
    await adapter.close()


@pytest.mark.parametrize(("where", "status"), [("bank", 429), ("bank", 503), ("token", 429), ("open", 429)])
async def test_nothing_is_asked_before_the_pause_is_over(
    pitney: Rig, timed: tuple[PitneyAdapter, Watch], where: str, status: int
) -> None:
    adapter, watch = timed
    pitney.world.faults.add({"kind": "status", "where": where, "status": status})
    with pytest.raises(Unreachable):
        await (adapter.send(pitney.order()) if where == "open" else adapter.read_bank(pitney.bank))
    calls, order = pitney.world.faults.calls, pitney.order()
    for _ in range(20):
        with pytest.raises(Unreachable) as told:
            await adapter.send(order)
        assert told.value.retry_after == timedelta(seconds=1)
        with pytest.raises(Unreachable):
            await adapter.read_bank(pitney.bank)
    assert pitney.world.faults.calls == calls

    watch.now += 1.0
    await adapter.read_bank(pitney.bank)
    await adapter.send(order)
    assert pitney.pulses() == 1


@pytest.mark.parametrize("where", ["bank", "token", "open"])
async def test_who_is_asked_too_often_and_does_not_say_for_how_long_is_left_alone_for_the_usual_pause(
    pitney: Rig, timed: tuple[PitneyAdapter, Watch], where: str
) -> None:
    adapter, watch = timed
    pitney.world.faults.add({"kind": "status", "where": where, "status": 429, "word": "soon"})
    with pytest.raises(Unreachable) as told:
        await (adapter.send(pitney.order()) if where == "open" else adapter.read_bank(pitney.bank))
    assert told.value.retry_after == USUAL_PAUSE
    calls = pitney.world.faults.calls
    with pytest.raises(Unreachable):
        await adapter.read_bank(pitney.bank)
    assert pitney.world.faults.calls == calls

    watch.now += USUAL_PAUSE.total_seconds()
    await adapter.read_bank(pitney.bank)


async def test_no_pause_is_longer_than_a_minute(pitney: Rig, timed: tuple[PitneyAdapter, Watch]) -> None:
    adapter, watch = timed
    pitney.world.faults.add({"kind": "status", "where": "bank", "status": 429, "ms": 3_600_000})
    with pytest.raises(DeviceError):
        await adapter.read_bank(pitney.bank)
    watch.now += LONGEST_PAUSE_SECONDS - 1
    with pytest.raises(Unreachable):
        await adapter.read_bank(pitney.bank)
    watch.now += 1.0
    await adapter.read_bank(pitney.bank)
