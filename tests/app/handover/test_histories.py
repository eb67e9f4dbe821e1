"""Random histories of couriers, recipients, phones and bad luck: our record agrees with the towers in the end.

MACHINE_RUNS in the environment makes it longer.
"""

import asyncio
import os
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.access import service as access
from app.access.service import Collect
from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.errors import LockyardError
from app.stays import service
from app.stays.model import StayOutcome
from tenants.model import Role
from tests.adapters.harbor.rig import TOWER
from tests.app.handover.towers import Towers, towers
from tests.app.rig import codes

# A quarter of the other machine's: each of these talks over sockets.
RUNS = max(1, int(os.environ.get("MACHINE_RUNS", "12")) // 4)
SYNC = st.sampled_from(["now", "now", "twice", "never", 30, 900])
FAULTS = st.sampled_from(["reset_after", "status", "reset"])
WHERE = ["bank", "reserve", "dropoff-locker-tokens", "dropoff-locker-request"]
STEP = st.one_of(
    st.tuples(st.just("reserve")),
    st.tuples(st.just("bring"), st.integers(0, 2), SYNC),
    st.tuples(st.just("fetch"), st.integers(0, 2), SYNC),
    st.tuples(st.just("again"), st.integers(0, 9), SYNC),
    st.tuples(st.just("cancel"), st.integers(0, 2)),
    st.tuples(st.just("ask"), st.integers(0, 2)),
    st.tuples(st.just("wait"), st.sampled_from([5.0, 200.0, 2000.0, 4000.0])),
    st.tuples(st.just("sync")),
    st.tuples(st.just("post")),
    st.tuples(st.just("crash")),
    st.tuples(st.just("fault"), st.sampled_from(["reset_after", "status", "reset"]), st.sampled_from(WHERE)),
)


class History:
    def __init__(self, scene: Towers) -> None:
        self.scene = scene
        self.stays: list[UUID] = []
        self.pairs: list[dict[str, Any]] = []
        self.ended: set[UUID] = set()

    async def do(self, step: tuple[Any, ...]) -> None:
        name, *given = step
        await getattr(self, name)(*given)
        await self.scene.settle()
        await self.check()

    async def reserve(self) -> None:
        try:
            self.stays.append(await self.scene.reserve())
        except LockyardError:
            return

    async def _held(self, which: int, kind: str) -> dict[str, Any] | None:
        if which >= len(self.stays):
            return None
        sql = "SELECT count(*) FROM pass WHERE stay_id = $1 AND kind = $2 AND sealed IS NOT NULL"
        if not await self.scene.of(sql, self.stays[-1 - which], kind):
            return None
        return await self.scene.held(self.stays[-1 - which], kind)

    async def _show(self, pair: dict[str, Any] | None, sync: object) -> None:
        if pair is not None:
            self.pairs.append(pair)
            self.scene.show(pair, sync=sync)

    async def bring(self, which: int, sync: object) -> None:
        await self._show(await self._held(which, "DEPOSIT"), sync)

    async def fetch(self, which: int, sync: object) -> None:
        await self._show(await self._held(which, "PICKUP"), sync)

    async def again(self, which: int, sync: object) -> None:
        """What was on a phone stays on it."""
        if which < len(self.pairs):
            self.scene.show(self.pairs[which], sync=sync)

    async def cancel(self, which: int) -> None:
        await self._try(service.release, which, StayOutcome.CANCELLED, "changed")

    async def ask(self, which: int) -> None:
        if which < len(self.stays):
            pair = await self._held(which, "DEPOSIT")
            self.pairs += [pair] if pair else []
            try:
                await self.scene.act(Role.RECIPIENT, access.collect, Collect(self.stays[-1 - which]), codes())
            except LockyardError:
                return

    async def _try(self, act: Any, which: int, *given: object) -> None:
        if which < len(self.stays):
            try:
                await self.scene.act(Role.COURIER, act, self.stays[-1 - which], *given)
            except LockyardError:
                return

    async def wait(self, seconds: float) -> None:
        await self.scene.pass_time(seconds)

    async def sync(self) -> None:
        self.scene.sync()

    async def post(self) -> None:
        """What the vendor had to tell so far arrives, early or late."""
        await self.scene.post()

    async def crash(self) -> None:
        self.scene.drive.crash()

    async def fault(self, kind: str, where: str) -> None:
        self.scene.vendor.faults.add({"kind": kind, "where": where})

    async def check(self) -> None:
        rows = await self.rows()
        over = {row["id"] for row in rows if row["state"] == "RELEASED"}
        assert self.ended <= over, "what has ended stays ended"
        self.ended = over
        for row in rows:
            if row["state"] == "REVOKING":
                assert row["use"] != "FREE", "what is being called off is nobody else's"
            if row["state"] == "DEPOSITED":
                assert row["inside"], "a deposited stay has a parcel"

    async def rows(self) -> list[Any]:
        async with self.scene.admin.plain() as conn:
            return list(
                await conn.fetch(
                    "SELECT s.id, s.state, c.use, c.service, c.external_id, EXISTS (SELECT FROM parcel p WHERE "
                    "p.stay_id = s.id AND p.state = 'IN_LOCKER') AS inside FROM stay s JOIN compartment c "
                    "ON c.id = s.compartment_id WHERE s.tenant_id = $1 ORDER BY s.created_at",
                    self.scene.world.tenant,
                )
            )

    async def end(self) -> None:
        """Luck is good again, every phone has come by, and every pass is dead."""
        scene = self.scene
        scene.vendor.faults.clear()
        for _ in range(3):
            scene.sync()
            await scene.pass_time(3 * 3600)
            scene.sync()
            await scene.settle()
        full = scene.vendor.towers[TOWER].full
        inside = {row["external_id"] for row in await self.rows() if row["state"] == "DEPOSITED"}
        for row in await self.rows():
            assert row["state"] in {"DEPOSITED", "RELEASED"}, "nothing stays half done"
        async with scene.admin.plain() as conn:
            doors = await conn.fetch(
                "SELECT external_id, use, service FROM compartment WHERE tenant_id = $1", scene.world.tenant
            )
        for door in doors:
            if door["external_id"] in full and door["external_id"] not in inside:
                assert door["service"] == "OUT_OF_SERVICE", "nobody is given what is not empty"
            assert door["external_id"] in full or door["external_id"] not in inside, "what we call full is full"
        secrets = await scene.of(
            "SELECT string_agg(payload::text, '') FROM fact WHERE tenant_id = $1", scene.world.tenant
        )
        assert not [part for pair in self.pairs for part in pair.values() if part in (secrets or "")]


async def play(dsns: Dsns, steps: list[tuple[Any, ...]], **settings: Any) -> None:
    databases = [await Database.connect(dsn, size=2) for dsn in (dsns.app, dsns.worker, dsns.admin)]
    try:
        async with towers(*databases, **settings) as scene:
            history = History(scene)
            for step in steps:
                await history.do(step)
            await history.end()
    finally:
        for database in databases:
            await database.close()


@pytest.mark.slow
@settings(max_examples=RUNS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(steps=st.lists(STEP, min_size=6, max_size=14).map(lambda found: [("reserve",), *found]))
def test_our_record_and_the_towers_agree_in_the_end(dsns: Dsns, steps: list[tuple[Any, ...]]) -> None:
    asyncio.run(play(dsns, steps))


@pytest.mark.slow
@settings(max_examples=RUNS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(steps=st.lists(STEP, min_size=6, max_size=14).map(lambda found: [("reserve",), *found]))
def test_they_agree_also_where_the_vendor_chooses_the_door_of_a_link(dsns: Dsns, steps: list[tuple[Any, ...]]) -> None:
    asyncio.run(play(dsns, steps, links="both", location_id=1))
