"""A background process that is killed (SIGKILL, by its own hand) at one step of an order; its parent starts it again."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import uvloop

from adapters import registry
from app.devices import store as commands
from app.devices.port import Adapter, Connection, Order, Receipt
from app.fleet.jobs import Fleet
from app.kit.bus import PostgresBus
from app.kit.db import Act, Conn, Database
from app.kit.reacting import Reactor
from app.kit.schedule import Service, keep
from app.kit.seal import Sealer
from app.kit.sequencer import Sequencer
from app.reactions import park, reactions
from tenants.audit.service import seal
from tenants.system import system_context
from tenants.work import Context
from tests.bench.faults.kinds import KINDS

STEPS = ("before_sent", "after_sent", "after_sending", "before_result")
# Every order that waits for its doom may hold a connection.
POOL, SPARE = 70, 20
# What passes and codes are sealed under.
SEALER = Sealer.of(bytes(32))


@dataclass
class Doom:
    """Whoever comes to `step` waits there, until `quorum` orders have come; then all is over, once for each order: one
    that is asked for anew, for the same stay, is spared.

    `kind`: of the orders that are meant. `gathers`: seconds that the first waits for others to die with. `died`: a line
    for each death, its moment and who had come.
    """

    step: str
    kind: str
    quorum: int
    gathers: float
    died: Path
    waiting: list[str] = field(default_factory=list)
    spared: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.spared = set(self.died.read_text().split())

    async def meet(self, step: str, order: UUID) -> None:
        if step != self.step or str(order) in self.spared:
            return
        self.waiting.append(str(order))
        if len(self.waiting) >= self.quorum:
            self._die()
        if len(self.waiting) == 1:
            asyncio.get_running_loop().call_later(self.gathers, self._die)
        await asyncio.Event().wait()

    def _die(self) -> None:
        with self.died.open("a") as kept:
            kept.write(" ".join([str(time.time()), *self.waiting]) + "\n")
        os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """A connection that notes which order of the kind was claimed or moved on."""

    def __init__(self, conn: Conn, kind: str) -> None:
        self._conn, self._kind = conn, kind
        self.claimed: UUID | None = None
        self.moved: UUID | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    async def fetchval(self, text: str, *given: Any) -> Any:
        found = await self._conn.fetchval(text, *given)
        if text == commands.CLAIM.text and found is not None:
            self.claimed = await self._meant(given)
        return found

    async def fetchrow(self, text: str, *given: Any) -> Any:
        if text == commands.MOVE.text:
            self.moved = await self._meant(given)
        return await self._conn.fetchrow(text, *given)

    async def _meant(self, given: Iterable[Any]) -> UUID | None:
        """What the order is about, if it is meant. Both statements name a tenant, then an order."""
        order = [each for each in given if isinstance(each, UUID)][-1]
        row = await self._conn.fetchrow("SELECT kind, coalesce(stay_id, id) AS about FROM command WHERE id = $1", order)
        return row["about"] if row is not None and row["kind"] == self._kind else None


class MortalAct:
    """A transaction whose orders meet their doom before or after its commit."""

    def __init__(self, act: Act, doom: Doom) -> None:
        self._act, self._doom = act, doom
        self._watched: Watched | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._act, name)

    @property
    def conn(self) -> Conn:
        watched = self._watched = Watched(self._act.conn, self._doom.kind)
        return watched

    async def commit(self) -> None:
        watched = self._watched
        assert watched is not None
        if watched.claimed:
            await self._doom.meet("before_sent", watched.claimed)
        if watched.moved:
            await self._doom.meet("before_result", watched.moved)
        await self._act.commit()
        if watched.claimed:
            await self._doom.meet("after_sent", watched.claimed)


class MortalDatabase(Database):
    """Its acts are mortal."""

    doom: Doom

    @asynccontextmanager
    async def act(self, tenants: Iterable[UUID], organization: UUID | None = None) -> AsyncIterator[Any]:
        async with super().act(tenants, organization) as act:
            yield MortalAct(act, self.doom)


class MortalAdapter:
    """Orders meet their doom between the hardware's answer and the writing down of it."""

    def __init__(self, adapter: Adapter, doom: Doom) -> None:
        self._adapter, self._doom = adapter, doom

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)

    async def send(self, order: Order) -> Receipt:
        receipt = await self._adapter.send(order)
        if order.kind == self._doom.kind:
            await self._doom.meet("after_sending", UUID(order.reference) if order.reference else order.id)
        return receipt


async def work(given: dict[str, Any]) -> None:
    """What the real one does for hardware, facts and alarms."""
    doom = Doom(given["step"], given["order"], given["quorum"], given["gathers"], Path(given["died"]))
    pool = min(POOL, given["quorum"] + SPARE)
    plain = await Database.connect(given["dsn"], size=6, name="mortal facts")
    mortal = await MortalDatabase.connect(given["dsn"], size=pool, name="mortal fleet")
    assert isinstance(mortal, MortalDatabase)
    mortal.doom = doom
    bus = PostgresBus(given["dsn"], name="mortal bus")

    def open_adapter(connection: Connection) -> Adapter:
        adapter = registry.connect(replace(connection, secret=KINDS[connection.vendor].secret))
        return MortalAdapter(adapter, doom) if given["step"] == "after_sending" else adapter

    def system(tenant: UUID) -> Context:
        return system_context(plain, tenant)

    stop = asyncio.Event()
    services = [
        Service("bus", bus.run),
        Service("sequencer", Sequencer(plain, seal, bus).run),
        Service("reactions", Reactor(plain, bus, reactions(system), park(system)).run),
        Service("fleet", Fleet(mortal, bus, open_adapter, SEALER).run),
    ]
    await keep([], services, stop)


def main() -> None:
    """Until SIGTERM. Forks, so that the next life begins at once."""
    given = json.loads(sys.stdin.read())
    child = 0

    def end(*_: object) -> None:
        if child:
            os.kill(child, signal.SIGKILL)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    while True:
        child = os.fork()
        if not child:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            try:
                uvloop.run(work(given))
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            sys.stderr.write(f"ended by itself: {status}\n")
            time.sleep(1)


if __name__ == "__main__":
    main()
