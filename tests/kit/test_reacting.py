"""Reactions: at least once, in order, apart from each other, parked when nothing helps."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from app.kit.bus import PostgresBus
from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.reacting import Reaction, Reactor
from app.kit.sequencer import Sequencer
from app.kit.streams import Sequenced
from tests.kit.test_sequencer import no_seal, write

KINDS = frozenset({"DoorOpened"})
Parked = list[tuple[str, int]]


@asynccontextmanager
async def reacting(db: Database, dsns: Dsns, *reactions: Reaction) -> AsyncIterator[Parked]:
    stop, bus, parked = asyncio.Event(), PostgresBus(dsns.worker), Parked()

    async def park(reaction: Reaction, fact: Sequenced, _error: Exception) -> None:
        parked.append((reaction.name, fact.sequence))

    runs = (bus, Sequencer(db, no_seal, bus), Reactor(db, bus, reactions, park, tries=(0.01, 0.02)))
    tasks = [asyncio.create_task(run.run(stop)) for run in runs]
    try:
        yield parked
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 10)


class Notes:
    """A reaction that notes what it saw, and fails where it is told to."""

    def __init__(self, tenant: UUID, failing: Iterable[int] = ()) -> None:
        self.tenant, self.failing, self.seen = tenant, set(failing), list[int]()

    async def react(self, fact: Sequenced) -> None:
        if fact.tenant_id != self.tenant:
            return
        if fact.sequence in self.failing:
            raise LookupError("cannot")
        self.seen.append(fact.sequence)

    async def saw(self, sequence: int, seconds: float = 5) -> None:
        ends = asyncio.get_running_loop().time() + seconds
        while sequence not in self.seen:
            assert asyncio.get_running_loop().time() < ends, self.seen
            await asyncio.sleep(0.01)


async def test_each_reaction_sees_every_fact_in_order(app_db: Database, worker_db: Database, dsns: Dsns) -> None:
    tenant = uuid4()
    notes = [Notes(tenant), Notes(tenant)]
    async with reacting(worker_db, dsns, *(Reaction(f"n{i}", KINDS, n.react) for i, n in enumerate(notes))):
        for number in range(20):
            await write(app_db, tenant, uuid4(), number, count=3)
        for note in notes:
            await note.saw(60)
    assert all(note.seen == list(range(1, 61)) for note in notes)


async def test_a_failing_reaction_stops_no_other_and_its_fact_is_parked_not_skipped_silently(
    app_db: Database, worker_db: Database, dsns: Dsns
) -> None:
    tenant = uuid4()
    bad, good = Notes(tenant, failing={2}), Notes(tenant)
    async with reacting(
        worker_db, dsns, Reaction("bad", KINDS, bad.react), Reaction("good", KINDS, good.react)
    ) as parked:
        await write(app_db, tenant, uuid4(), 1, count=4)
        await good.saw(4)
        await bad.saw(4)
    assert good.seen == [1, 2, 3, 4]
    assert bad.seen == [1, 3, 4]
    assert parked == [("bad", 2)]


async def test_a_reaction_goes_on_where_it_stopped(
    app_db: Database, worker_db: Database, admin_db: Database, dsns: Dsns
) -> None:
    tenant = uuid4()
    first, second = Notes(tenant), Notes(tenant)
    async with reacting(worker_db, dsns, Reaction("stopped", KINDS, first.react)):
        await write(app_db, tenant, uuid4(), 1, count=3)
        await first.saw(3)
    await write(app_db, tenant, uuid4(), 1, count=2)
    async with reacting(worker_db, dsns, Reaction("stopped", KINDS, second.react)):
        await second.saw(5)
    assert second.seen == [4, 5]


async def test_a_new_reaction_does_not_do_old_history_again(
    app_db: Database, worker_db: Database, admin_db: Database, dsns: Dsns
) -> None:
    tenant = uuid4()
    old, new = Notes(tenant), Notes(tenant)
    async with reacting(worker_db, dsns, Reaction("old", KINDS, old.react)):
        await write(app_db, tenant, uuid4(), 1, count=3)
        await old.saw(3)
    async with reacting(worker_db, dsns, Reaction("new", KINDS, new.react)):
        await write(app_db, tenant, uuid4(), 1)
        await new.saw(4)
    assert new.seen == [4]
    names = await admin_db.pool.fetch("SELECT name FROM reaction_cursor WHERE tenant_id = $1", tenant)
    assert [row["name"] for row in names] == ["new"]


async def test_reactions_survive_the_loss_of_every_connection(
    app_db: Database, worker_db: Database, admin_db: Database, dsns: Dsns
) -> None:
    tenant = uuid4()
    notes = Notes(tenant)
    async with reacting(worker_db, dsns, Reaction("survivor", KINDS, notes.react)) as parked:
        for number in range(10):
            await write(app_db, tenant, uuid4(), number, count=2)
            await admin_db.pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'lockyard_worker'"
                " AND datname = current_database()"
            )
            await asyncio.sleep(0.05)
        await notes.saw(20, 15)
    assert sorted(set(notes.seen)) == list(range(1, 21))
    assert parked == []
