"""Drawn histories of orders, forced doors and bad luck at hardware that tells of its doors: our record is what is so.

MACHINE_RUNS in the environment makes it longer.
"""

import asyncio
import os
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.access import service as access
from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.errors import LockyardError
from tests.app.rig import context
from tests.bench.day.judge import judge
from tests.bench.day.run import reconcile
from tests.bench.day.town import HEARD_SECONDS, LUCK, WHERE, Town, town

# Far fewer than the machine's: each of these talks over sockets, and waits for boards that are silent.
RUNS = max(1, int(os.environ.get("MACHINE_RUNS", "12")) // 6)
DOORS = 4
STEP = st.one_of(
    st.tuples(st.just("open"), st.integers(0, DOORS - 1)),
    st.tuples(st.just("open"), st.integers(0, DOORS - 1)),
    st.tuples(st.just("force"), st.integers(0, DOORS - 1)),
    st.tuples(st.just("fault"), st.integers(0, 99)),
    st.tuples(st.just("away")),
    st.tuples(st.just("back")),
    st.tuples(st.just("crash")),
    st.tuples(st.just("wait"), st.sampled_from([1.0, 5.0, 60.0])),
)


class History:
    """At one bank of one vendor."""

    def __init__(self, here: Town) -> None:
        self.here = here
        (self.place,) = here.places
        ((self.bank, self.name),) = self.place.banks.items()
        self.world = self.place.simulated

    async def do(self, step: tuple[Any, ...]) -> None:
        name, *given = step
        await getattr(self, name)(*given)
        await self.here.settle({self.bank})

    async def open(self, which: int) -> None:
        ask = access.OpenCompartment(self.place.doors[self.bank][which][0], "drawn")
        with suppress(LockyardError):
            async with context(self.here.app, self.place.owner, self.here.now).begin() as work:
                await access.open_compartment(work, ask)

    async def force(self, which: int) -> None:
        # What opens and shuts while nobody can look is seen by nobody.
        if self.world.faults.away(self.name) is None:
            self.world.doors.act(self.name, self.place.doors[self.bank][which][1], "force")
            await asyncio.sleep(HEARD_SECONDS)

    async def fault(self, which: int) -> None:
        kinds = LUCK[self.place.vendor]
        where = WHERE.get(self.place.vendor, "*")
        self.world.faults.add({"kind": kinds[which % len(kinds)], "where": where})

    async def away(self) -> None:
        self.world.faults.go_away(self.name, "reset")

    async def back(self) -> None:
        self.world.faults.come_back()
        await asyncio.sleep(HEARD_SECONDS)

    async def crash(self) -> None:
        await self.here.crash(self.bank)

    async def wait(self, seconds: float) -> None:
        self.here.pass_(seconds)


async def play(dsns: Dsns, vendor: str, steps: list[tuple[Any, ...]]) -> tuple[tuple[str, ...], int]:
    """What differs in the end, and how many orders there were."""
    databases = [await Database.connect(dsn, size=3) for dsn in (dsns.app, dsns.worker, dsns.admin)]
    try:
        async with town(databases[0], databases[1], databases[2], {vendor: 1}) as here:
            await here.settle(set(here.keepers))
            history = History(here)
            for step in steps:
                await history.do(step)
            here.end_bad_luck()
            await reconcile(here)
            verdict = await judge(here.admin, here.places)
            return verdict.differences, verdict.commands
    finally:
        for database in databases:
            await database.close()


@pytest.mark.slow
@pytest.mark.parametrize("vendor", ["frame_board", "modbus_io", "mqtt"])
@settings(max_examples=RUNS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(steps=st.lists(STEP, min_size=4, max_size=8).map(lambda found: [("open", 0), *found]))
def test_our_record_is_what_the_hardware_says_in_the_end(dsns: Dsns, vendor: str, steps: list[tuple[Any, ...]]) -> None:
    differences, orders = asyncio.run(play(dsns, vendor, steps))
    assert differences == ()
    assert orders
