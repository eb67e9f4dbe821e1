"""Drives the core by hand: keeper of a bank, sequencer and reactions, one step at a time."""

import asyncio
from uuid import UUID

from app.fleet.service import Keeper
from app.kit.bus import PostgresBus
from app.kit.db import Database
from app.kit.sequencer import Sequencer
from app.kit.streams import Sequenced
from app.lockers import queries as lockers
from app.orders.jobs import Desk, Hands
from app.reactions import REACTIONS
from tenants.audit.service import seal
from tenants.system import system_context
from tenants.work import Context
from tests.app.rig import Hardware, Now, World, codes


class Drive:
    """One bank's keeper over `hardware`; `crash` forgets everything that is not written down."""

    def __init__(self, worker: Database, world: World, hardware: Hardware, now: Now) -> None:
        self.worker, self.world, self.hardware, self.now = worker, world, hardware, now
        hardware.now = now
        self.sequencer = Sequencer(worker, seal, PostgresBus("postgresql://nobody"))
        self.done: dict[UUID, int] = {}
        self.keeper: Keeper | None = None

    def system(self, tenant: UUID) -> Context:
        return system_context(self.worker, tenant, clock=self.now)

    async def start(self) -> None:
        async with self.worker.plain() as conn:
            bank = next(bank for bank in await lockers.fleet(conn) if bank.id == self.world.bank)
        hands = Hands(self.worker, codes(), lambda *_: None, self.now, self.now.monotonic)
        self.keeper = Keeper(Desk(bank, self.hardware, hands))
        await self.keeper.desk.adopt()

    def crash(self) -> None:
        if self.keeper is not None:
            for flight in self.keeper.desk.flights:
                flight.cancel()
        self.keeper = None

    async def work(self) -> None:
        """What waits is sent, doors are looked at, and everything that follows has followed."""
        await self.send()
        await self.follow()

    async def send(self) -> None:
        """What waits is sent and doors are looked at; nobody has heard of it yet."""
        if self.keeper is None:
            await self.start()
        assert self.keeper is not None
        self.keeper.wake.set()
        self.keeper.hint.set()
        await self.keeper.step()
        # On a slow machine a round is over before what it sends; nobody looks at a record while it is being written.
        while self.keeper.desk.flights:
            await asyncio.wait(self.keeper.desk.flights)
            self.keeper.desk.clear_landed()

    async def follow(self) -> None:
        while await self.sequence() or await self._react():
            pass

    async def sequence(self) -> int:
        async with self.worker.pool.acquire() as conn:
            return await self.sequencer.step(conn)

    async def _react(self) -> int:
        after = self.done.get(self.world.tenant, 0)
        names = ", ".join(Sequenced.__slots__)
        async with self.worker.tenant([self.world.tenant]) as conn:
            rows = await conn.fetch(
                f"SELECT {names} FROM fact WHERE tenant_id = $1 AND sequence > $2 ORDER BY sequence",
                self.world.tenant,
                after,
            )
        for row in rows:
            for react in REACTIONS.get(row["kind"], ()):
                async with self.system(self.world.tenant).begin() as work:
                    await react(work, Sequenced(**dict(row)))
            self.done[self.world.tenant] = row["sequence"]
        return len(rows)
