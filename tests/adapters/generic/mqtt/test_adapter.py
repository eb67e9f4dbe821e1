import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aiomqtt
import pytest

from adapters.generic.mqtt.adapter import VENDOR
from adapters.generic.mqtt.simulator import rig
from adapters.generic.mqtt.simulator.agents import PREFIX
from adapters.generic.mqtt.simulator.broker import EmbeddedBroker
from adapters.generic.mqtt.simulator.mosquitto import Mosquitto
from adapters.generic.mqtt.simulator.site import Site
from adapters.generic.mqtt.simulator.world import PROFILES, MqttBank, MqttWorld
from app.devices.port import (
    Ability,
    Adapter,
    Ambiguous,
    AuthFailed,
    BankState,
    Capability,
    Checkable,
    Connection,
    Door,
    Evidence,
    Order,
    OrderKind,
    Outcome,
    Refused,
    Unreachable,
    Unsupported,
)
from tests.adapters.generic.brokers import BROKERS, REAL


async def doors(adapter: Adapter, count: int) -> BankState:
    """The bank as soon as so many of its units are known."""
    ends = time.monotonic() + 10
    while True:
        try:
            state = await adapter.read_bank(rig.BANK)
        except Unreachable:
            assert time.monotonic() < ends, "it never came back"
        else:
            if len(state.units) == count:
                return state
        await asyncio.sleep(0.05)


async def away(site: Site) -> None:
    if isinstance(site.broker, Mosquitto):
        await site.broker.stop()
    else:
        site.world.faults.go_away(how="reset")
    await asyncio.sleep(0.3)


async def back(site: Site) -> None:
    if isinstance(site.broker, Mosquitto):
        await site.broker.start()
    else:
        site.world.faults.come_back()


@pytest.mark.parametrize("broker", BROKERS)
@pytest.mark.parametrize("profile", PROFILES)
async def test_one_door_opens_and_is_seen(profile: str, broker: str) -> None:
    async with rig.start(profile=profile, broker=broker) as bench:
        before = await bench.adapter.read_bank(bench.bank)
        receipt = await bench.adapter.send(bench.order())
        after = await bench.adapter.read_bank(bench.bank)

        assert receipt.outcome is Outcome.OPENED
        assert {unit.door for unit in before.units} == {Door.CLOSED}
        assert [unit.id for unit in after.units if unit.door is Door.OPEN] == [bench.unit]
        assert (bench.here(), bench.elsewhere()) == (1, 0)


@pytest.mark.parametrize("broker", BROKERS)
async def test_a_controller_that_vanishes_is_unreachable_and_comes_back_by_itself(broker: str) -> None:
    async with rig.start(broker=broker) as bench:
        bench.world.faults.go_away(bench.bank, "power")
        bench.world.lose_power(bench.bank)
        await asyncio.sleep(0.4)
        with pytest.raises(Unreachable, match="offline since 20"):
            await bench.adapter.read_bank(bench.bank)
        with pytest.raises(Unreachable):
            await bench.adapter.send(bench.order())
        bench.world.doors.act(bench.bank, "5", "force")
        bench.world.faults.come_back()
        await asyncio.sleep(0.4)
        state = await bench.adapter.read_bank(bench.bank)

        assert [unit.id for unit in state.units if unit.door is Door.OPEN] == ["5"]
        assert bench.here() == 0


@pytest.mark.parametrize("broker", BROKERS)
async def test_a_broker_that_goes_away_is_told_with_its_time_and_found_again(broker: str) -> None:
    world = MqttWorld([MqttBank(rig.BANK, rig.UNITS)])
    async with Site(world, broker=broker) as site:
        settings = {"profile": "native_json", "prefix": PREFIX, "bank": rig.BANK}
        adapter = VENDOR.connect(Connection(uuid4(), "mqtt", site.url, settings))
        await doors(adapter, 8)
        began = datetime.now(UTC).replace(microsecond=0)
        await away(site)
        with pytest.raises(Unreachable, match="away since") as gone:
            await adapter.read_bank(rig.BANK)
        assert adapter.capabilities[Capability.REMOTE_OPEN] is Ability.FAILING
        with pytest.raises(Unreachable):
            await adapter.send(Order(uuid4(), OrderKind.OPEN, rig.BANK, rig.UNIT, timedelta(seconds=2)))
        world.doors.act(rig.BANK, "2", "force")
        await back(site)
        state = await doors(adapter, 8)
        receipt = await adapter.send(Order(uuid4(), OrderKind.OPEN, rig.BANK, rig.UNIT, timedelta(seconds=4)))
        await adapter.close()

    assert datetime.fromisoformat(gone.value.detail.rpartition(" ")[2]) >= began
    assert [unit.id for unit in state.units if unit.door is Door.OPEN] == ["2"]
    assert receipt.outcome is Outcome.OPENED
    assert world.doors.at(rig.BANK, rig.UNIT).pulses == 1


async def test_a_broker_that_hangs_up_is_not_hammered() -> None:
    tries: list[float] = []

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries.append(time.monotonic())
        writer.transport.abort()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    adapter = VENDOR.connect(Connection(uuid4(), "mqtt", f"mqtt://127.0.0.1:{port}", {"profile": "native_json"}))
    with pytest.raises(Unreachable):
        await adapter.read_bank("B")
    await asyncio.sleep(2.5)
    await adapter.close()
    server.close()

    # Pauses double from 0.2 s and a try that is not answered takes its time: never more than five here, and each knocks
    # first.
    assert 2 <= len(tries) <= 10


@pytest.mark.parametrize("broker", BROKERS)
async def test_who_is_not_let_in_is_told_so_without_the_password(broker: str) -> None:
    users, secret = {"locker": "a-word-of-passing"}, {"username": "locker", "password": "not-the-word"}
    async with rig.start(broker=broker, users=users, secret=secret) as bench:
        with pytest.raises(AuthFailed) as refused:
            await bench.adapter.read_bank(bench.bank)

        assert "not-the-word" not in refused.value.detail
        assert "not-the-word" not in repr(bench.connection)


async def test_every_change_comes_as_a_hint_at_once() -> None:
    async with rig.start() as bench:
        hints = bench.adapter.hints()
        first = asyncio.ensure_future(anext(hints))
        await asyncio.sleep(0)
        bench.world.doors.act(bench.bank, bench.unit, "force")
        hint = await asyncio.wait_for(first, 1.0)
        await bench.adapter.close()

        assert (hint.bank, hint.unit, hint.door) == (bench.bank, bench.unit, Door.OPEN)
        assert [each async for each in hints] == []


async def test_all_banks_under_a_prefix_are_found() -> None:
    async with rig.start(bank=None) as bench:
        ends = time.monotonic() + 3
        while len(banks := await bench.adapter.list_banks()) < 2:
            assert time.monotonic() < ends
            await asyncio.sleep(0.05)

        assert {bank.id: len(bank.units) for bank in banks} == {"MQ-01": 8, "MQ-02": 2}
        with pytest.raises(Refused, match="no bank"):
            await bench.adapter.read_bank("MQ-99")
        # Numbers in order, not as texts.
        assert [unit.id for unit in banks[0].units] == [str(number) for number in range(1, 9)]


async def test_a_controller_refuses_an_order_that_ran_out_and_one_that_comes_again() -> None:
    async with rig.start() as bench:
        host, _, port = bench.connection.base_url.removeprefix("mqtt://").partition(":")
        order = {"id": str(uuid4()), "op": "open", "pulse_ms": 300}
        late = datetime.now(UTC) - timedelta(seconds=1)
        soon = datetime.now(UTC) + timedelta(seconds=5)
        async with aiomqtt.Client(host, int(port)) as stranger:
            topic = f"{PREFIX}/{bench.bank}/unit/{bench.unit}/cmd"
            await stranger.publish(topic, json.dumps({**order, "id": str(uuid4()), "expires": late.isoformat()}), qos=1)
            await asyncio.sleep(0.2)
            assert bench.here() == 0
            for _ in range(3):
                await stranger.publish(topic, json.dumps({**order, "expires": soon.isoformat()}), qos=1)
            await asyncio.sleep(0.2)

        assert bench.here() == 1


async def test_orders_are_never_retained() -> None:
    async with rig.start() as bench:
        await bench.adapter.send(bench.order())
        host, _, port = bench.connection.base_url.removeprefix("mqtt://").partition(":")
        async with aiomqtt.Client(host, int(port)) as later:
            await later.subscribe(f"{PREFIX}/+/unit/+/cmd", qos=1)
            await later.subscribe(f"{PREFIX}/{bench.bank}/availability", qos=1)
            first = await asyncio.wait_for(anext(aiter(later.messages)), 3)

        assert str(first.topic).endswith("/availability")


@REAL
async def test_with_mqtt_5_an_order_that_nobody_fetches_runs_out_in_the_broker() -> None:
    async with rig.start(profile="ha_lock", broker="mosquitto", protocol="5") as bench:
        host, _, port = bench.connection.base_url.removeprefix("mqtt://").partition(":")
        version = aiomqtt.ProtocolVersion.V5
        async with aiomqtt.Client(host, int(port), protocol=version) as listener:
            await listener.subscribe(f"{bench.bank}/lock/+/command", qos=1)
            receipt = await bench.adapter.send(bench.order())
            message = await asyncio.wait_for(anext(aiter(listener.messages)), 3)

        assert receipt.outcome is Outcome.OPENED
        assert message.properties is not None
        assert message.properties.MessageExpiryInterval <= bench.deadline.total_seconds()  # type: ignore[attr-defined]


@REAL
@pytest.mark.parametrize(
    ("profile", "topic", "waits"),
    [
        ("native_json", f"{PREFIX}/MQ-01/unit/+/cmd", True),
        ("ha_lock", "MQ-01/lock/+/command", False),
        ("tasmota", "cmnd/MQ-01/POWER3", False),
    ],
)
async def test_an_order_that_is_not_known_again_waits_for_no_controller_that_is_away(
    profile: str, topic: str, waits: bool
) -> None:
    async with rig.start(profile=profile, broker="mosquitto") as bench:
        host, _, port = bench.connection.base_url.removeprefix("mqtt://").partition(":")

        def sleeper() -> aiomqtt.Client:
            return aiomqtt.Client(host, int(port), identifier="sleeper", clean_session=False)

        async with sleeper() as controller:
            await controller.subscribe(topic, qos=1)
        await bench.adapter.send(bench.order())
        async with sleeper() as controller:
            await controller.subscribe("done-2", qos=1)
            await controller.publish("done-2", qos=1)
            async for message in controller.messages:
                heard = str(message.topic)
                if heard == "done-2" or message.payload in {b"ON", b"OPEN"} or waits:
                    break

    assert (heard != "done-2") is waits


class Stuck(EmbeddedBroker):
    """Reads, and does nothing of what it reads once it is `stuck`."""

    stuck = False

    def _heard(self, session: Any, kind: int, flags: int, body: bytes) -> bool:
        return self.stuck or super()._heard(session, kind, flags, body)


async def test_an_order_without_an_answer_is_not_taken_before_the_broker_has_it() -> None:
    """A lock with a command topic alone: that the broker has the order is all that can be known of it."""
    units = {"3": {"command": "lock/3/command"}}
    async with Stuck() as broker:
        settings = {"profile": "ha_lock", "bank": "B", "units": units, "availability": "status"}
        adapter = VENDOR.connect(Connection(uuid4(), "mqtt", broker.url, settings))
        taken = await adapter.send(Order(uuid4(), OrderKind.OPEN, "B", "3", timedelta(seconds=2)))
        broker.stuck = True
        with pytest.raises(Ambiguous):
            await adapter.send(Order(uuid4(), OrderKind.OPEN, "B", "3", timedelta(seconds=1)))
        await adapter.close()

    assert taken.outcome is Outcome.ACCEPTED


async def test_without_contacts_an_order_is_taken_and_doors_are_unknown() -> None:
    async with rig.start(profile="ha_lock", sensors=False) as bench:
        state = await bench.adapter.read_bank(bench.bank)

        assert {unit.door for unit in state.units} == {Door.UNKNOWN}
        assert bench.adapter.capabilities[Capability.DOOR_SENSOR] is Ability.ABSENT
        assert bench.adapter.evidence_ceiling is Evidence.E1


async def test_content_is_told_where_sensors_are_fitted() -> None:
    async with rig.start() as bench:
        bench.world.doors.act(bench.bank, bench.unit, "put")
        await asyncio.sleep(0.2)
        unit = await bench.adapter.read_unit(bench.bank, bench.unit)

        assert unit.occupied is True
        assert bench.adapter.evidence_ceiling is Evidence.E4


async def test_a_check_opens_a_door_where_it_may_write_and_no_other() -> None:
    async with rig.start() as bench:
        assert isinstance(bench.adapter, Checkable)
        checks = bench.adapter.checks(bench.bank)
        bench.world.doors.act(bench.bank, "1", "put")
        bench.world.doors.act(bench.bank, "2", "open")
        await asyncio.sleep(0.3)

        assert [check.writes for check in checks] == [False, False, True]
        assert (await checks[1].run()).endswith("MQ-01 8 of 8")
        # Neither the one with something in it nor the one that stands open.
        assert await checks[2].run() == "unit 3: opened, its door reads open; shut it again"
        assert (bench.here(), bench.elsewhere()) == (1, 0)


@pytest.mark.parametrize("kind", sorted(set(OrderKind) - {OrderKind.OPEN}))
async def test_a_controller_only_opens_doors(kind: OrderKind) -> None:
    adapter = VENDOR.connect(Connection(uuid4(), "mqtt", "mqtt://127.0.0.1:1", {"profile": "native_json"}))
    with pytest.raises(Unsupported):
        await adapter.send(Order(uuid4(), kind, "B", "1", timedelta(seconds=1)))
    await adapter.close()
