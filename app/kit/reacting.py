"""Runs reactions over the one sequence: at least once, in order within a tenant, each apart from all others."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Text, any_, bindparam, column, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.kit import measures
from app.kit.bus import FACTS, LOST, Bus, read_heads
from app.kit.db import Database, Statement
from app.kit.outbox import reaction_cursors
from app.kit.pause import first_of, pause
from app.kit.streams import Facts, Sequenced
from app.kit.tables import Uuid

log = logging.getLogger("lockyard.reactions")

# Seconds before each further try of a fact that a reaction failed on; after the last it is parked.
TRIES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_BATCH = 100
_SWEEP_SECONDS = 5.0
_REACT_SECONDS = 60.0
_STUCK_SECONDS = 30.0
# A cursor that passed nothing of interest need not be written each time: reading past it again is cheap.
_UNWRITTEN = 2_000

_CURSORS = Statement(select(reaction_cursors.c.tenant_id, reaction_cursors.c.name, reaction_cursors.c.sequence))
_MOVE = Statement(
    update(reaction_cursors)
    .where(
        reaction_cursors.c.tenant_id == bindparam("tenant", type_=Uuid),
        reaction_cursors.c.name == bindparam("reaction", type_=Text),
        reaction_cursors.c.sequence < bindparam("at", type_=BigInteger),
    )
    .values(sequence=bindparam("at", type_=BigInteger))
)
_names = (
    func.unnest(bindparam("names", type_=ARRAY(Text))).table_valued(column("name", Text)).render_derived(name="given")
)
_BEGIN = Statement(
    upsert(reaction_cursors)
    .from_select(
        ["tenant_id", "name", "sequence"],
        select(bindparam("tenant", type_=Uuid), _names.c.name, bindparam("at", type_=BigInteger)),
    )
    .on_conflict_do_nothing()
)
_FORGET = Statement(
    delete(reaction_cursors).where(
        reaction_cursors.c.tenant_id == bindparam("tenant", type_=Uuid),
        reaction_cursors.c.name == any_(bindparam("names", type_=ARRAY(Text))),
    )
)

React = Callable[[Sequenced], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reaction:
    """`name` is kept in the database with its cursor: renaming one makes it a new one."""

    name: str
    kinds: frozenset[str]
    react: React


# What becomes of a fact that a reaction failed on every time. It must record it where people look.
Park = Callable[[Reaction, Sequenced, Exception], Awaitable[None]]


@dataclass(slots=True)
class _Trouble:
    failures: int
    until: float


@dataclass(slots=True)
class _Follower:
    """One reaction's way through all tenants."""

    reaction: Reaction
    at: dict[UUID, int] = field(default_factory=dict)
    written: dict[UUID, int] = field(default_factory=dict)
    trouble: dict[UUID, _Trouble] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class Reactor:
    def __init__(
        self, db: Database, bus: Bus, reactions: Iterable[Reaction], park: Park, *, tries: tuple[float, ...] = TRIES
    ) -> None:
        self._db, self._facts, self._park, self._tries = db, Facts(db), park, tries
        self._followers = [_Follower(reaction) for reaction in reactions]
        self._heads: dict[UUID, int] = {}
        self._known: set[UUID] = set()
        self._stale = asyncio.Event()
        self._stale.set()
        bus.on(FACTS, self._hear)

    def _hear(self, payload: str | None) -> None:
        if payload is None:
            self._stale.set()
            return
        heads = read_heads(payload)
        if not self._known.issuperset(heads):
            # A tenant seen for the first time: its cursors must stand before anything moves.
            self._stale.set()
            return
        self._learn(heads)

    def _learn(self, heads: Mapping[UUID, int]) -> None:
        for tenant, sequence in heads.items():
            self._heads[tenant] = max(sequence, self._heads.get(tenant, 0))
        for follower in self._followers:
            follower.wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; the fact in hand is finished."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch(stop))
            for follower in self._followers:
                group.create_task(self._follow(follower, stop))

    async def _watch(self, stop: asyncio.Event) -> None:
        """Reads all heads when told that something may have been missed, and now and then in any case."""
        while not stop.is_set():
            self._stale.clear()
            try:
                heads = await self._facts.all_heads()
                await self._begin(heads)
                self._learn(heads)
            except LOST as error:
                log.warning("heads cannot be read: %s", type(error).__name__)
                self._stale.set()
                await pause(stop, 0.5)
                continue
            await first_of((stop, self._stale), _SWEEP_SECONDS)

    async def _begin(self, heads: Mapping[UUID, int]) -> None:
        """Cursors where there are none. A tenant never seen starts at its first fact; a reaction new to a tenant starts
        where the slowest other one stands: nothing between is missed, and no old history done again."""
        if self._known.issuperset(heads):
            return
        rows = await self._read_cursors()
        names = {follower.reaction.name for follower in self._followers}
        for tenant in heads.keys() - self._known:
            found = {name: at for (of, name), at in rows.items() if of == tenant}
            start = min(found.values(), default=0)
            await self._write_cursors(tenant, sorted(names - found.keys()), sorted(found.keys() - names), start)
            for follower in self._followers:
                at = found.get(follower.reaction.name, start)
                follower.at[tenant] = follower.written[tenant] = at
            self._known.add(tenant)

    async def _read_cursors(self) -> dict[tuple[UUID, str], int]:
        async with self._db.pool.acquire() as conn:
            return {(row["tenant_id"], row["name"]): row["sequence"] for row in await _CURSORS.rows(conn)}

    async def _write_cursors(self, tenant: UUID, new: list[str], gone: list[str], start: int) -> None:
        if not new and not gone:
            return
        async with self._db.tenant([tenant]) as conn:
            await _BEGIN.run(conn, tenant=tenant, names=new, at=start)
            await _FORGET.run(conn, tenant=tenant, names=gone)

    async def _follow(self, follower: _Follower, stop: asyncio.Event) -> None:
        while not stop.is_set():
            follower.wake.clear()
            behind = self._behind(follower)
            for tenant in behind:
                if stop.is_set():
                    return
                try:
                    await self._advance(follower, tenant)
                except LOST as error:
                    log.warning("reaction %s waits for the database: %s", follower.reaction.name, type(error).__name__)
                    await pause(stop, 0.5)
            if not behind:
                await first_of((stop, follower.wake), self._patience(follower))

    def _behind(self, follower: _Follower) -> list[UUID]:
        now, distance, found = time.monotonic(), 0, []
        for tenant, at in follower.at.items():
            head = self._heads.get(tenant, 0)
            distance += max(0, head - at)
            trouble = follower.trouble.get(tenant)
            if head > at and (trouble is None or trouble.until <= now):
                found.append(tenant)
        measures.REACTION_LAG.labels(follower.reaction.name).set(distance)
        return found

    def _patience(self, follower: _Follower) -> float:
        waits = [trouble.until - time.monotonic() for trouble in follower.trouble.values()]
        return max(0.01, min(waits, default=_SWEEP_SECONDS))

    async def _advance(self, follower: _Follower, tenant: UUID) -> None:
        """One batch of one tenant; stops at the first fact that fails."""
        reaction, until = follower.reaction, self._heads[tenant]
        batch = await self._facts.of_kinds(
            tenant, sorted(reaction.kinds), after=follower.at[tenant], until=until, size=_BATCH
        )
        try:
            for fact in batch:
                if not await self._react(follower, fact):
                    return
                follower.at[tenant] = fact.sequence
            if len(batch) < _BATCH:
                follower.at[tenant] = until
        finally:
            await self._keep(follower, tenant, handled=bool(batch))

    async def _keep(self, follower: _Follower, tenant: UUID, *, handled: bool) -> None:
        at = follower.at[tenant]
        if at <= follower.written[tenant] or not (handled or at - follower.written[tenant] > _UNWRITTEN):
            return
        async with self._db.tenant([tenant]) as conn:
            await _MOVE.run(conn, tenant=tenant, reaction=follower.reaction.name, at=at)
        follower.written[tenant] = at

    async def _react(self, follower: _Follower, fact: Sequenced) -> bool:
        """Whether the follower may go on to the next fact of this tenant."""
        reaction, tenant = follower.reaction, fact.tenant_id
        try:
            async with asyncio.timeout(_REACT_SECONDS):
                await reaction.react(fact)
        except TimeoutError as error:
            # Whoever it was that waited: a fact that always ends so must be parked some day.
            return await self._failed(follower, fact, error)
        except LOST:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a reaction raises is its own trouble, nobody else's
            return await self._failed(follower, fact, error)
        measures.REACTIONS.labels(reaction.name, "done").inc()
        follower.trouble.pop(tenant, None)
        return True

    async def _failed(self, follower: _Follower, fact: Sequenced, error: Exception) -> bool:
        reaction, tenant = follower.reaction, fact.tenant_id
        failures = follower.trouble[tenant].failures if tenant in follower.trouble else 0
        measures.REACTIONS.labels(reaction.name, "failed").inc()
        if failures < len(self._tries):
            wait = self._tries[failures]
            log.warning(
                "reaction %s failed on %s %s of tenant %s, again in %s s",
                reaction.name, fact.kind, fact.sequence, tenant, wait, exc_info=error,
            )  # fmt: skip
            follower.trouble[tenant] = _Trouble(failures + 1, time.monotonic() + wait)
            return False
        try:
            await self._park(reaction, fact, error)
        except LOST:
            raise
        except Exception:
            # What cannot even be put on record is not given up: the follower stays where it is.
            log.exception("reaction %s cannot park %s of tenant %s", reaction.name, fact.sequence, tenant)
            follower.trouble[tenant] = _Trouble(failures, time.monotonic() + _STUCK_SECONDS)
            return False
        log.error("reaction %s: %s %s of tenant %s is parked", reaction.name, fact.kind, fact.sequence, tenant)
        measures.REACTIONS.labels(reaction.name, "parked").inc()
        follower.trouble.pop(tenant, None)
        return True
