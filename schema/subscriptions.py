"""Subscriptions: one stream from `after` through replay to live, without a gap and without a duplicate."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from uuid import UUID

from graphql import GraphQLSchema

from app.kit import measures
from app.kit.streams import Sequenced, read_cursor
from schema.asking import Arguments, Ask, read_ask
from schema.documents import Document
from schema.engine import Caller, Request, Sink
from schema.errors import Code, refusal
from schema.live import BATCH, Hub, Topic
from schema.livefields import Live
from schema.selection import Runs, Selection
from schema.subscriber import Subscriber, TooSlowError
from schema.transport.access import ended
from schema.transport.closing import Close, ClosedError
from tenants.model import Actor


class LiveEngine:
    """An engine for reads and writes, with streams added. Implements schema.engine.Engine."""

    def __init__(self, engine: Runs, hub: Hub) -> None:
        self._engine, self._hub = engine, hub

    @property
    def schema(self) -> GraphQLSchema:
        return self._engine.schema

    async def run(self, document: Document, request: Request, caller: Caller, trace_id: str) -> bytes:
        return await self._engine.run(document, request, caller, trace_id)

    async def stream(
        self, document: Document, request: Request, caller: Caller, trace_id: str, sink: Sink | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Finished execution results. Raises RequestError before the first, ClosedError at a consumer too slow.

        One frame and one subscriber are all that a silent stream costs; what was asked is the topic's to keep.
        """
        topic, limit, after = await self._enter(document, request, caller, trace_id)
        del document, request
        subscriber, sent = Subscriber(caller), 0
        measures.SUBSCRIBERS.labels(topic.name).inc()
        try:
            if limit == 0:
                return
            if after:
                async with aclosing(self._catch_up(topic, subscriber, after)) as messages:
                    async for message in messages:
                        yield message
                        sent += 1
                        if sent == limit:
                            return
                if subscriber.finished:
                    return
            # From the last look at the topic's place to here nothing waited: what comes next is in the queue, or goes
            # straight out, behind what was yielded.
            if limit is None:
                subscriber.sink = sink
            topic.subscribers.add(subscriber)
            while (payload := await subscriber.next()) is not None:
                if ended(caller) is not None:
                    return
                yield payload
                sent += 1
                if sent == limit:
                    return
        except TooSlowError:
            raise ClosedError(Close.TOO_SLOW, "Too slow") from None
        finally:
            subscriber.finished = True
            topic.subscribers.discard(subscriber)
            measures.SUBSCRIBERS.labels(topic.name).dec()
            self._hub.leave(topic)

    async def _enter(
        self, document: Document, request: Request, caller: Caller, trace_id: str
    ) -> tuple[Topic, int | None, dict[UUID, int]]:
        """The topic, joined; after how many messages to end; where to begin, empty for now."""
        ask = read_ask(self._engine, document, request)
        actor = _actor(caller, ask.live)
        limit, after = _limit(ask.arguments), _after(ask.arguments, actor)
        person = actor.membership_id if ask.live.personal else None
        key = (*ask.topic, caller.fingerprint, person)
        selection = self._selection(ask, document, request)

        async def select(ids: Sequence[UUID], seer: Caller) -> Mapping[UUID, bytes]:
            return await selection(ids, seer, ask.variables, trace_id)

        def make() -> Topic:
            return Topic(key, ask.field, ask.concerns(), select, ask.render, ask.render_resync)

        return await self._hub.join(key, actor.tenants, make), limit, after

    def _selection(self, ask: Ask, document: Document, request: Request) -> Selection:
        member = next((nodes for nodes in ask.message.values() if nodes[0].name.value == ask.live.member), None)
        operation = document.operation(request.operation_name).node
        return Selection.of(self._engine, ask.live.type, member or (), operation, document)

    async def _catch_up(
        self, topic: Topic, subscriber: Subscriber, after: Mapping[UUID, int]
    ) -> AsyncGenerator[bytes, None]:
        """From the cursor to where the topic stands; or the word that this cannot be, which finishes the subscriber."""
        at = {**topic.at, **after}
        if await self._is_lost(after):
            heads = await self._hub.patiently(lambda: self._hub.facts.heads(after))
            yield topic.resync({**at, **heads})
            subscriber.end()
            return
        async with aclosing(self._replay(topic, subscriber.caller, at)) as replayed:
            async for message in replayed:
                if ended(subscriber.caller) is not None:
                    subscriber.end()
                    return
                yield message
        subscriber.at = {tenant: place for tenant, place in at.items() if place > topic.at[tenant]}

    async def _is_lost(self, after: Mapping[UUID, int]) -> bool:
        """Whether something between the cursor and now is no longer kept, or the cursor was never ours to give."""
        facts, patiently = self._hub.facts, self._hub.patiently
        heads, floors = await patiently(lambda: facts.heads(after)), await patiently(lambda: facts.floors(after))
        return any(
            place > heads[tenant] or (place < heads[tenant] and place + 1 < floors.get(tenant, heads[tenant] + 1))
            for tenant, place in after.items()
        )

    async def _replay(self, topic: Topic, caller: Caller, at: dict[UUID, int]) -> AsyncGenerator[bytes, None]:
        """Up to where the topic stands; `at` is moved along."""
        while behind := [tenant for tenant in at if at[tenant] < topic.at[tenant]]:
            for tenant in behind:
                batch, nodes = await self._hub.patiently(lambda: self._read(topic, caller, tenant, at[tenant]))  # noqa: B023
                for fact, subject in topic.wanted(batch):
                    at[tenant] = fact.sequence
                    if subject in nodes:
                        yield topic.render(fact, nodes[subject], at)
                at[tenant] = batch[-1].sequence if batch else topic.at[tenant]

    async def _read(
        self, topic: Topic, caller: Caller, tenant: UUID, after: int
    ) -> tuple[list[Sequenced], Mapping[UUID, bytes]]:
        """The next facts up to where the topic stands, with what their subjects look like now."""
        batch = await self._hub.facts.after(tenant, after, BATCH)
        batch = [fact for fact in batch if fact.sequence <= topic.at[tenant]]
        subjects = list(dict.fromkeys(subject for _, subject in topic.wanted(batch)))
        return batch, await topic.select(subjects, caller) if subjects else {}


def _actor(caller: Caller, live: Live) -> Actor:
    actor = getattr(caller, "actor", None)
    if not isinstance(actor, Actor):
        raise refusal(Code.UNAUTHENTICATED, "sign in first", 401)
    if not actor.can(live.permission):
        raise refusal(Code.FORBIDDEN, f"you may not do this: {live.permission} is needed", 403)
    return actor


def _limit(arguments: Arguments) -> int | None:
    first = arguments.get("first")
    if first is not None and first < 0:
        raise refusal(Code.BAD_USER_INPUT, "`first` must not be negative")
    return None if first is None else int(first)


def _after(arguments: Arguments, actor: Actor) -> dict[UUID, int]:
    """Where to begin, of the tenants the caller has now; nothing for those it does not name: they begin now."""
    text = arguments.get("after")
    if text is None:
        return {}
    places = read_cursor(text)
    if places is None:
        raise refusal(Code.BAD_USER_INPUT, "`after` is not a cursor of ours")
    return {tenant: place for tenant, place in places.items() if tenant in actor.tenants}
