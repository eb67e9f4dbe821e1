"""Streams: live, resumed without gap or duplicate, seen by whom it concerns, ended when rights end."""

import asyncio
import time
from dataclasses import replace
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed

from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.ids import global_id
from app.kit.streams import write_cursor
from tests.schema.live.conftest import Caller, Live, fields, fingerprint, subscribe, take, web
from tests.schema.reading.world import World

ALARMS = """subscription Alarms($site: ID, $after: String, $first: Int) {
  alarms(siteId: $site, after: $after, first: $first) {
    __typename
    ... on AlarmEvent { cursor kind alarm { id detail site { name } } }
    ... on ResyncRequiredEvent { cursor message }
  }
}"""
EVENTS = """subscription($after: String) {
  events(after: $after) { ... on FactEvent { cursor event { sequence kind cursor } } }
}"""


async def test_an_alarm_reaches_its_subscriber_with_what_was_selected(live: Live) -> None:
    alarm = live.alarm()
    async with live.stream(ALARMS) as messages:
        await live.listening()
        await live.tell(alarm)
        (message,) = fields(await take(messages, 1), "alarms")
    assert message["__typename"] == "AlarmEvent"
    assert message["kind"] == "AlarmRaised"
    assert message["alarm"]["id"] == global_id("Alarm", alarm["id"])
    assert message["alarm"]["detail"] == alarm["detail"]
    assert list(message) == ["__typename", "cursor", "kind", "alarm"]


async def test_first_ends_the_stream_and_the_filter_keeps_other_sites_out(live: Live) -> None:
    alarm = live.alarm()
    other = next(
        row
        for row in live.world.rows["alarm"]
        if row["site_id"] != alarm["site_id"] and row["tenant_id"] == alarm["tenant_id"]
    )
    given = {"site": global_id("Site", alarm["site_id"]), "first": 2}
    async with live.stream(ALARMS, variables=given) as messages:
        await live.listening()
        await live.tell(other)
        await live.tell(alarm, count=3)
        got = fields([message async for message in messages], "alarms")
    assert [each["alarm"]["id"] for each in got] == [global_id("Alarm", alarm["id"])] * 2


@pytest.mark.parametrize("given", [{"first": -1}, {"after": "nonsense"}, {"after": ""}])
async def test_arguments_that_cannot_be_right_are_an_error_message(live: Live, given: dict[str, object]) -> None:
    async with live.stream(ALARMS, variables=given) as messages:
        message = await anext(messages)
    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_an_id_of_nothing_is_silence(live: Live) -> None:
    async with live.socket() as made:
        await subscribe(made, ALARMS, {"site": "bm9ib2R5"}, "none")
        await subscribe(made, ALARMS, {"first": 1}, "all")
        await live.listening(2)
        await live.tell(live.alarm())
        assert '"id":"all"' in str(await asyncio.wait_for(made.recv(), 5))
        assert '"complete"' in str(await asyncio.wait_for(made.recv(), 5))


async def test_a_hundred_reconnects_lose_nothing_and_repeat_nothing(live: Live) -> None:
    """Facts go on all the time; every connection is cut after a few messages and resumed from the last cursor."""
    alarm, total = live.alarm(), 600
    async with live.stream(ALARMS) as messages:
        await live.listening()
        await live.tell(alarm)
        cursor = fields(await take(messages, 1), "alarms")[0]["cursor"]

    async def busy() -> None:
        for _ in range(total // 4):
            await live.tell(alarm, count=4)
            await asyncio.sleep(0.005)

    writing = asyncio.create_task(busy())
    query = "subscription($after: String) { alarms(after: $after) { ... on AlarmEvent { cursor } } }"
    seen = [cursor]
    connections = 0
    while len(seen) <= total:
        connections += 1
        async with live.stream(query, variables={"after": seen[-1]}) as messages:
            got = fields(await take(messages, min(6, total + 1 - len(seen))), "alarms")
            seen += [each["cursor"] for each in got]
    await writing
    assert connections >= 100
    assert len(set(seen)) == len(seen)
    heads = await live.hub.facts.heads([alarm["tenant_id"]])
    first = heads[alarm["tenant_id"]] - total
    assert seen == [write_cursor({alarm["tenant_id"]: place}) for place in range(first, first + total + 1)]


async def test_replay_and_live_are_one_sequence(live: Live) -> None:
    tenant = live.alarm()["tenant_id"]
    start = (await live.hub.facts.heads([tenant]))[tenant]
    await live.tell(live.alarm(), count=700)
    async with live.stream(EVENTS, variables={"after": write_cursor({tenant: start})}) as messages:
        for _ in range(5):
            await live.tell(live.alarm(nth=1), count=20)
        got = fields(await take(messages, 800), "events")
    assert [each["event"]["sequence"] for each in got] == list(range(start + 1, start + 801))
    assert all(each["cursor"] == each["event"]["cursor"] for each in got)


async def test_a_cursor_too_old_asks_for_a_new_start_and_completes(live: Live, admin_db: Database) -> None:
    tenant = live.alarm()["tenant_id"]
    await admin_db.pool.execute("DELETE FROM fact WHERE tenant_id = $1 AND sequence <= 10", tenant)
    async with live.stream(ALARMS, variables={"after": write_cursor({tenant: 3})}) as messages:
        got = fields([message async for message in messages], "alarms")
    assert [each["__typename"] for each in got] == ["ResyncRequiredEvent"]
    head = (await live.hub.facts.heads([tenant]))[tenant]
    assert got[0]["cursor"] == write_cursor({tenant: head})


async def test_a_cursor_from_the_future_asks_for_a_new_start(live: Live) -> None:
    tenant = live.alarm()["tenant_id"]
    async with live.stream(ALARMS, variables={"after": write_cursor({tenant: 10**9})}) as messages:
        got = fields([message async for message in messages], "alarms")
    assert [each["__typename"] for each in got] == ["ResyncRequiredEvent"]


async def test_nobody_hears_what_is_not_theirs(live: Live) -> None:
    async with live.stream(ALARMS, "stranger") as messages, live.stream(ALARMS, "manager") as managed:
        await live.listening(2)
        own = next(row for row in live.world.rows["alarm"] if row["site_id"] in live.world.actors["manager"].site_ids)
        foreign = next(
            row for row in live.world.rows["alarm"]
            if row["tenant_id"] == own["tenant_id"] and row["site_id"] not in live.world.actors["manager"].site_ids
        )  # fmt: skip
        await live.tell(foreign)
        await live.tell(own)
        got = fields(await take(managed, 1), "alarms")
        assert got[0]["alarm"]["id"] == global_id("Alarm", own["id"])
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(messages), 0.5)


async def test_an_export_is_told_to_its_asker_alone_among_equals(live: Live) -> None:
    """Two site managers of the same sites see the same of everything but of each other's exports."""
    manager = live.callers["manager"]
    twin = replace(manager.actor, membership_id=uuid4(), account_id=uuid4())
    live.callers["twin"] = Caller(twin, fingerprint(twin))
    assert live.callers["twin"].fingerprint == manager.fingerprint
    mine = next(r for r in live.world.rows["export"] if r["membership_id"] == manager.actor.membership_id)
    query = "subscription { exports { ... on ExportEvent { kind export { id } } } }"
    async with live.stream(query, "twin") as other, live.stream(query, "manager") as own:
        await live.listening(2)
        await live.tell(mine, "ExportProgressed")
        assert fields(await take(own, 1), "exports")[0]["export"]["id"] == global_id("Export", mine["id"])
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(other), 0.5)


async def test_without_the_permission_there_is_no_stream(live: Live) -> None:
    async with live.stream(ALARMS, "recipient") as messages:
        message = await anext(messages)
    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_carriers_cursor_spans_its_operators(live: Live) -> None:
    carrier = live.world.actors["carrier"]
    # What its grants cover: at the first operator some sites, at the second one size.
    site = next(row["id"] for row in live.world.rows["site"] if row["tenant_id"] == carrier.tenants[0])
    doors = [
        next(row for row in live.world.rows["compartment"] if row["site_id"] == site),
        next(r for r in live.world.rows["compartment"] if r["tenant_id"] == carrier.tenants[1] and r["size"] == "S"),
    ]
    query = """subscription($after: String) {
      compartments(after: $after) { ... on CompartmentEvent { cursor compartment { id } } }
    }"""
    async with live.stream(query, "carrier") as messages:
        await live.listening()
        for door in doors:
            await live.tell(door, "DoorOpened", count=3)
        got = fields(await take(messages, 6), "compartments")
    async with live.stream(query, "carrier", {"after": got[2]["cursor"]}) as messages:
        again = fields(await take(messages, 3), "compartments")
    assert sorted(each["compartment"]["id"] for each in again) == sorted(each["compartment"]["id"] for each in got[3:])


async def test_a_revoked_caller_hears_nothing_more_and_is_closed_in_time(live: Live) -> None:
    async with live.socket() as made:
        await subscribe(made, ALARMS)
        await live.listening()
        live.callers["owner"].revoked.set()
        began = time.monotonic()
        await live.tell(live.alarm())
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(made.recv(), 5)
    assert time.monotonic() - began < 5
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


async def test_two_web_processes_tell_the_same(live: Live, world: World, dsns: Dsns) -> None:
    async with web(world, dsns) as other, live.stream(EVENTS) as here, other.stream(EVENTS) as there:
        await live.listening()
        await other.listening()
        for number in range(10):
            await live.tell(live.alarm(nth=number % 5), count=3)
        assert fields(await take(here, 30), "events") == fields(await take(there, 30), "events")


async def test_alarms_arrive_within_a_second(live: Live) -> None:
    delays = []
    async with live.stream(ALARMS) as messages:
        await live.listening()
        for _ in range(60):
            began = time.monotonic()
            await live.tell(live.alarm())
            await anext(messages)
            delays.append(time.monotonic() - began)
    assert max(delays) < 1, sorted(delays)[-5:]


async def test_streams_outlive_the_loss_of_every_connection(live: Live, admin_db: Database) -> None:
    tenant = live.alarm()["tenant_id"]
    async with live.stream(EVENTS) as messages:
        await live.listening()
        start = (await live.hub.facts.heads([tenant]))[tenant]
        for _ in range(6):
            await live.tell(live.alarm(), count=5)
            await admin_db.pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND usename IN ('lockyard_app', 'lockyard_worker')"
            )
            await asyncio.sleep(0.1)
        got = fields(await take(messages, 30), "events")
    assert [each["event"]["sequence"] for each in got] == list(range(start + 1, start + 31))
