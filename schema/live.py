"""The hub of a web process: follows facts for who listens, evaluates once per topic, hands the same bytes to all."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from app.kit import measures
from app.kit.bus import FACTS, LOST, Bus, read_heads
from app.kit.streams import Facts, Sequenced
from schema.engine import Caller
from schema.subscriber import Subscriber
from schema.transport.access import ended

log = logging.getLogger("lockyard.live")

BATCH = 500
_SWEEP_SECONDS = 5.0
_WATCH_SECONDS = 1.0
_EVALUATIONS = 4
_BREATH = 500
_OVERDUE = 3
_PATIENCE = (0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 5.0, 5.0, 5.0)

T = TypeVar("T")

# subject ids -> finished JSON of those the caller may see now
Select = Callable[[Sequence[UUID], Caller], Awaitable[Mapping[UUID, bytes]]]
# fact, its subject's JSON, places -> one finished execution result
Render = Callable[[Sequenced, bytes, Mapping[UUID, int]], bytes]
# places -> the message that asks for a new start from there
Resync = Callable[[Mapping[UUID, int]], bytes]
# fact -> the subject to look at, None when the subscription is not about it
Concerns = Callable[[Sequenced], UUID | None]


@dataclass(eq=False, slots=True)
class Topic:
    """All subscribers who asked the same and see the same."""

    key: Hashable
    name: str
    concerns: Concerns
    select: Select
    render: Render
    resync: Resync
    at: dict[UUID, int] = field(default_factory=dict)
    subscribers: set[Subscriber] = field(default_factory=set)
    users: int = 0
    # One fact at a time: a cursor names the place of every tenant, so nobody may get two messages in another order.
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def deliver(self, tenant: UUID, batch: Sequence[Sequenced]) -> None:
        """A batch of one tenant's facts, in order. The place moves on before anybody is told."""
        wanted = self.wanted(batch)
        nodes = await self._look(wanted) if wanted and self.subscribers else {}
        for fact, subject in wanted:
            async with self.sending:
                self.at[tenant] = fact.sequence
                node = nodes.get(subject)
                if node is not None:
                    await self._send(fact, self.render(fact, node, self.at))
        self.at[tenant] = batch[-1].sequence

    def wanted(self, batch: Iterable[Sequenced]) -> list[tuple[Sequenced, UUID]]:
        found = ((fact, self.concerns(fact)) for fact in batch)
        return [(fact, subject) for fact, subject in found if subject is not None]

    async def _look(self, wanted: Sequence[tuple[Sequenced, UUID]]) -> Mapping[UUID, bytes]:
        caller = next((each.caller for each in self.subscribers if ended(each.caller) is None), None)
        if caller is None:
            return {}
        try:
            return await self.select(list(dict.fromkeys(subject for _, subject in wanted)), caller)
        except LOST:
            raise
        except Exception as error:  # noqa: BLE001 - it is this topic's trouble and nobody else's
            self.fail(error)
            return {}

    def fail(self, error: Exception) -> None:
        """End all subscribers: they may resume from their cursors, and none goes on with a gap."""
        log.error("a topic of %s has failed", self.name, exc_info=error)
        for subscriber in tuple(self.subscribers):
            subscriber.end(error)

    async def _send(self, fact: Sequenced, payload: bytes) -> None:
        """To those who listen now; whoever comes meanwhile begins behind this fact."""
        now, count = datetime.now(UTC), 0
        for subscriber in tuple(self.subscribers):
            if subscriber.at and fact.sequence <= subscriber.at.get(fact.tenant_id, 0):
                continue
            caller = subscriber.caller
            if caller.revoked.is_set() or (caller.expires_at is not None and caller.expires_at <= now):
                continue
            subscriber.push(payload)
            count += 1
            if not count % _BREATH:
                # Lets the sockets take what was written, and requests in between be answered.
                await asyncio.sleep(0)
        measures.DELIVERIES.labels(self.name).inc(count)
        measures.FOLLOW_LAG.observe(max(0.0, (datetime.now(UTC) - fact.recorded_at).total_seconds()))


@dataclass(eq=False, slots=True)
class _Follower:
    """One tenant's facts, followed while anybody listens."""

    tenant: UUID
    at: int
    topics: set[Topic] = field(default_factory=set)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Hub:
    """No stream holds a database connection: one short read per tenant and batch serves all who listen."""

    def __init__(self, facts: Facts, bus: Bus) -> None:
        self.facts = facts
        self._topics: dict[Hashable, Topic] = {}
        self._followers: dict[UUID, _Follower] = {}
        self._evaluating = asyncio.Semaphore(_EVALUATIONS)
        bus.on(FACTS, self._hear)

    def _hear(self, payload: str | None) -> None:
        tenants = self._followers.keys() if payload is None else read_heads(payload).keys()
        for tenant in tenants:
            follower = self._followers.get(tenant)
            if follower is not None:
                follower.wake.set()

    async def join(self, key: Hashable, tenants: Sequence[UUID], make: Callable[[], Topic]) -> Topic:
        """The topic of this key, made and following where it is new. Every `join` needs its `leave`."""
        heads: dict[UUID, int] = {}
        while missing := [tenant for tenant in tenants if tenant not in self._followers]:
            heads |= await self.patiently(lambda: self.facts.heads(missing))
            for tenant in missing:
                if tenant not in self._followers:
                    self._start(tenant, heads[tenant])
        topic = self._topics.get(key)
        if topic is None:
            topic = self._topics[key] = make()
            for tenant in tenants:
                topic.at[tenant] = self._followers[tenant].at
                self._followers[tenant].topics.add(topic)
            measures.TOPICS.set(len(self._topics))
        topic.users += 1
        return topic

    async def patiently(self, read: Callable[[], Awaitable[T]]) -> T:
        """A stream outlives a restart of the database; half a minute without one is told to the client."""
        for wait in _PATIENCE:
            try:
                return await read()
            except LOST as error:
                log.warning("a stream waits for the database: %s", type(error).__name__)
                await asyncio.sleep(wait)
        return await read()

    def leave(self, topic: Topic) -> None:
        topic.users -= 1
        if topic.users:
            return
        del self._topics[topic.key]
        measures.TOPICS.set(len(self._topics))
        for tenant in topic.at:
            follower = self._followers[tenant]
            follower.topics.discard(topic)
            if not follower.topics:
                del self._followers[tenant]
                if follower.task is not None:
                    follower.task.cancel()

    def _start(self, tenant: UUID, at: int) -> None:
        follower = self._followers[tenant] = _Follower(tenant, at)
        # It may have moved on between the reading of the head and now.
        follower.wake.set()
        follower.task = asyncio.create_task(self._follow(follower), name=f"follow {tenant}")

    async def _follow(self, follower: _Follower) -> None:
        while True:
            try:
                await follower.wake.wait()
                follower.wake.clear()
                while await self._step(follower):
                    pass
            except LOST as error:
                log.warning("facts cannot be followed for now: %s", type(error).__name__)
                follower.wake.set()
                await asyncio.sleep(0.2)
            except Exception:  # a tenant must not fall silent for good
                log.exception("facts of tenant %s cannot be followed", follower.tenant)
                follower.wake.set()
                await asyncio.sleep(1)

    async def _step(self, follower: _Follower) -> bool:
        """Whether there may be more."""
        batch = await self.facts.after(follower.tenant, follower.at, BATCH)
        if not batch:
            return False
        # Together, without waiting in between: a topic made from now on starts behind this batch.
        follower.at = batch[-1].sequence
        topics = tuple(follower.topics)
        await asyncio.gather(*(self._deliver(topic, follower.tenant, batch) for topic in topics))
        return len(batch) == BATCH

    async def _deliver(self, topic: Topic, tenant: UUID, batch: Sequence[Sequenced]) -> None:
        while topic.users:
            try:
                async with self._evaluating:
                    await topic.deliver(tenant, batch)
                return
            except LOST as error:
                log.warning("a topic waits for the database: %s", type(error).__name__)
                await asyncio.sleep(0.2)
            except Exception as error:  # noqa: BLE001 - as in Topic: others go on
                topic.fail(error)
                return

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: looks after what no wake-up tells, and ends the streams of whose rights have ended."""
        loop = asyncio.get_running_loop()
        swept = loop.time()
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _WATCH_SECONDS)
            self._end_ended()
            if loop.time() - swept >= _SWEEP_SECONDS:
                swept = loop.time()
                await self._sweep()

    def _end_ended(self) -> None:
        """Transports close such streams themselves and tell the client why; this is for those that do not."""
        for topic in tuple(self._topics.values()):
            for subscriber in tuple(topic.subscribers):
                if ended(subscriber.caller) is not None:
                    subscriber.overdue += 1
                    if subscriber.overdue >= _OVERDUE:
                        subscriber.end()

    async def _sweep(self) -> None:
        followed = list(self._followers)
        if not followed:
            return
        try:
            heads = await self.facts.heads(followed)
        except Exception as error:  # noqa: BLE001 - it is asked again in a moment, whatever it was
            log.warning("heads cannot be read for now: %s", type(error).__name__)
            return
        for tenant, head in heads.items():
            follower = self._followers.get(tenant)
            if follower is not None and follower.at < head:
                follower.wake.set()
