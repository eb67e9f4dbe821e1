"""The hub: one evaluation and the same bytes for all of a topic, bounded memory, no connection held."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.kit.db import Database
from app.kit.ids import global_id
from schema.subscriber import QUEUE, Subscriber, TooSlowError
from schema.transport.access import Anonymous
from tests.schema.live.conftest import Live, fields, subscribe, take

ALARMS = "subscription($after: String) { alarms(after: $after) { ... on AlarmEvent { cursor alarm { id detail } } } }"
BIG = "detail " * 3_000


async def gone(live: Live, seconds: float = 10) -> None:
    """Until nobody subscribes any more."""
    ends = asyncio.get_running_loop().time() + seconds
    while live.hub._topics:
        assert asyncio.get_running_loop().time() < ends, live.hub._topics
        await asyncio.sleep(0.02)


async def test_a_subscriber_that_takes_nothing_is_ended_and_holds_nothing() -> None:
    slow = Subscriber(Anonymous())
    for number in range(QUEUE + 1):
        slow.push(b"%d" % number)
    assert not slow._queue
    with pytest.raises(TooSlowError):
        await slow.next()


async def test_subscribers_who_see_the_same_share_one_evaluation(live: Live, admin_db: Database) -> None:
    """The cursor they started from makes no difference; another membership does."""
    alarm = live.alarm()
    async with live.socket() as one, live.socket() as two, live.socket("auditor") as other:
        await subscribe(one, ALARMS, {"after": None})
        await subscribe(two, ALARMS)
        await subscribe(other, ALARMS)
        await live.listening(3)
        assert sorted(len(topic.subscribers) for topic in live.hub._topics.values()) == [1, 2]
        await live.tell(alarm)
        first, second = await one.recv(), await two.recv()
        assert first == second
        assert json.loads(await other.recv())["payload"]["data"]["alarms"]["alarm"]["id"] == global_id(
            "Alarm", alarm["id"]
        )
    await gone(live)


async def test_many_streams_hold_no_database_connection(live: Live) -> None:
    async with live.socket() as made:
        for number in range(90):
            await subscribe(made, ALARMS, id=str(number))
        await live.listening(90)
        busy = []
        for _ in range(20):
            busy.append(live.db.pool.get_size() - live.db.pool.get_idle_size())
            await asyncio.sleep(0.02)
        # Now and then the hub itself asks where the tenants are.
        assert min(busy) == 0
        assert max(busy) <= 1
    await gone(live)


async def test_a_topic_that_cannot_be_evaluated_ends_its_subscribers_and_no_others(live: Live) -> None:
    alarm = live.alarm()
    async with live.socket() as bad, live.socket() as good:
        await subscribe(bad, "subscription { alarms { ... on AlarmEvent { cursor alarm { id kind } } } }")
        await subscribe(good, ALARMS)
        await live.listening(2)
        broken = next(topic for topic in live.hub._topics.values() if "kind" in str(topic.key))

        async def cannot(*_: object) -> dict[UUID, bytes]:
            raise LookupError("cannot")

        broken.select = cannot
        await live.tell(alarm)
        assert "INTERNAL_SERVER_ERROR" in str(await asyncio.wait_for(bad.recv(), 5))
        assert json.loads(await asyncio.wait_for(bad.recv(), 5))["type"] == "complete"
        assert json.loads(await asyncio.wait_for(good.recv(), 5))["payload"]["data"]["alarms"]["alarm"]
    await gone(live)


async def test_a_socket_that_is_never_read_is_cut_and_costs_bounded_memory(live: Live, admin_db: Database) -> None:
    alarm = live.alarm()
    await admin_db.pool.execute("UPDATE alarm SET detail = $1 WHERE id = $2", BIG, alarm["id"])
    async with live.socket(max_queue=1) as mute:
        await subscribe(mute, ALARMS)
        await live.listening()
        for _ in range(40):
            await live.tell(alarm, count=25)
        await gone(live)


async def test_an_event_stream_that_is_never_read_is_cut(live: Live, admin_db: Database) -> None:
    alarm = live.alarm()
    await admin_db.pool.execute("UPDATE alarm SET detail = $1 WHERE id = $2", BIG, alarm["id"])
    _, writer = await asyncio.open_connection("127.0.0.1", live.port, limit=1024)
    body = json.dumps({"query": ALARMS}).encode()
    head = "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer owner\r\nAccept: text/event-stream\r\n"
    writer.write(head.encode() + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    await live.listening()
    for _ in range(80):
        await live.tell(alarm, count=25)
    await gone(live, 20)
    writer.transport.abort()


async def test_a_stream_ends_when_its_caller_expires(live: Live) -> None:
    caller = live.callers["owner"]
    caller.expires_at = datetime.now(UTC) + timedelta(seconds=0.5)
    async with live.socket() as made:
        await subscribe(made, ALARMS)
        await gone_after_listening(live)


async def gone_after_listening(live: Live) -> None:
    await live.listening()
    await gone(live, 5)


async def test_what_comes_after_a_replay_comes_once(live: Live) -> None:
    """Many resume at once while facts go on: replay and live meet in the middle for each of them."""
    alarm = live.alarm(nth=3)
    async with live.stream(ALARMS) as messages:
        await live.listening()
        await live.tell(alarm, count=5)
        start = fields(await take(messages, 5), "alarms")[0]["cursor"]
    async with live.socket() as made:
        writing = asyncio.create_task(live.tell(alarm, count=200))
        for number in range(20):
            await subscribe(made, ALARMS, {"after": start}, str(number))
            await live.tell(alarm, count=3)
        await writing
        counts: dict[str, list[str]] = {}
        total = 20 * (4 + 200 + 60)
        for _ in range(total):
            message = json.loads(await asyncio.wait_for(made.recv(), 10))
            counts.setdefault(message["id"], []).append(message["payload"]["data"]["alarms"]["cursor"])
    assert len(counts) == 20
    assert all(len(set(seen)) == len(seen) == total // 20 for seen in counts.values())
    assert len({tuple(seen) for seen in counts.values()}) == 1
