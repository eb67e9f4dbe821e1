"""The day itself, step by step."""

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import stamina

from app.kit.db import Database
from app.kit.embedded import Dsns
from tests.bench.day.judge import Verdict, judge
from tests.bench.day.people import People
from tests.bench.day.town import HEARD_SECONDS, Town, spread, town

# Every bank is polled this many steps apart even when nobody is there.
IDLE_STEPS = 6
RECONCILE_ROUNDS = 6
BREAKER_SECONDS = 45.0
REPEATED_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Outcome:
    verdict: Verdict
    did: Counter[str]
    calls: int
    failed: int
    memory: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """`step`: minutes. `rate`: reservations a bank and hour. `failing`: share of calls."""

    banks: int
    hours: float
    step: float
    rate: float
    failing: float
    seed: int
    memory: list[float] = field(default_factory=list)

    async def live(self, dsns: Dsns, say: Callable[[str], object] = lambda _: None) -> Outcome:
        async with AsyncExitStack() as stack:
            # One failing call in twenty is no news here.
            stamina.instrumentation.set_on_retry_hooks([])
            databases = []
            for dsn, size in ((dsns.app, 4), (dsns.worker, 24), (dsns.admin, 2)):
                databases.append(await Database.connect(dsn, size=size))
                stack.push_async_callback(databases[-1].close)
            here = await stack.enter_async_context(town(databases[0], databases[1], databases[2], spread(self.banks)))
            people = People(here, random.Random(self.seed), self.rate)
            await here.settle(set(here.keepers))
            here.begin_bad_luck(self.failing)
            await self._hours(here, people, say)
            calls, failed = here.luck()
            here.end_bad_luck()
            await reconcile(here)
            return Outcome(await judge(here.admin, here.places), people.did, calls, failed, tuple(self.memory))

    async def _hours(self, here: Town, people: People, say: Callable[[str], object]) -> None:
        steps = round(self.hours * 60 / self.step)
        banks = sorted(here.keepers)
        for number in range(steps):
            here.pass_(self.step * 60)
            people.away()
            touched = await people.act(self.step / 60)
            idle = {bank for place, bank in enumerate(banks) if place % IDLE_STEPS == number % IDLE_STEPS}
            await here.time_passes()
            await here.settle(touched | idle)
            if (number + 1) % max(1, steps // 4) == 0:
                self.memory.append(resident())
                say(
                    f"{(number + 1) * self.step / 60:.0f} h: {sum(people.did.values())} acts, {self.memory[-1]:.0f} MiB"
                )


async def reconcile(here: Town) -> None:
    """Everything answers again: what was unclear is read back. A breaker's pause is real time: it is waited for."""
    # Controllers that say everything again each second make good what was not told.
    await asyncio.sleep(REPEATED_SECONDS)
    until = time.monotonic() + BREAKER_SECONDS
    rounds = 0
    while rounds < RECONCILE_ROUNDS or (here.busy() and time.monotonic() < until):
        rounds += 1
        here.phones_come_by()
        here.pass_(120 if rounds <= RECONCILE_ROUNDS else 1)
        await here.time_passes()
        await asyncio.sleep(HEARD_SECONDS)
        await here.settle(set(here.keepers) if rounds <= RECONCILE_ROUNDS else here.busy())
        await asyncio.sleep(0.5 if here.busy() else 0)


def resident() -> float:
    """MiB of this process in memory."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0
