"""What a client on a broker makes of whatever others say there."""

import asyncio
import json
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiomqtt
import pytest

from adapters.conformance import Bench
from adapters.generic.mqtt import connecting, knowing
from adapters.generic.mqtt.adapter import MqttAdapter
from adapters.generic.mqtt.client import MqttClient
from adapters.generic.mqtt.dialects import NativeJson
from adapters.generic.mqtt.settings import Broker
from adapters.generic.mqtt.simulator import rig
from adapters.generic.mqtt.simulator.agents import PREFIX
from adapters.generic.mqtt.simulator.broker import EmbeddedBroker
from adapters.generic.mqtt.wire import News
from app.devices.port import Door, Outcome, Unreachable

UNIT_STATE, ACK = f"{PREFIX}/{rig.BANK}/unit/{rig.UNIT}/state", f"{PREFIX}/{rig.BANK}/ack"


def of(bench: Bench) -> MqttClient:
    assert isinstance(bench.adapter, MqttAdapter)
    return bench.adapter._client


async def until(so: Callable[[], bool], seconds: float = 4.0) -> None:
    ends = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < ends, "it never came"
        await asyncio.sleep(0.02)


async def say(bench: Bench, topic: str, payload: Any, **more: Any) -> None:
    host, _, port = bench.connection.base_url.removeprefix("mqtt://").partition(":")
    async with aiomqtt.Client(host, int(port)) as stranger:
        await stranger.publish(topic, payload, qos=1, **more)


@pytest.mark.parametrize(
    "words", [{"door": []}, {"door": {"open": 1}}, {"door": "open", "seq": [1], "item": {}}], ids=str
)
async def test_a_strange_state_ends_nothing(words: dict[str, Any]) -> None:
    async with rig.start() as bench:
        losses = of(bench).losses
        # The controller repeats its own word within a second.
        await say(bench, UNIT_STATE, json.dumps(words), retain=True)
        await asyncio.sleep(0.2)
        state = await bench.adapter.read_bank(bench.bank)
        receipt = await bench.adapter.send(bench.order(unit="5"))

        assert len(state.units) == len(rig.UNITS)
        assert of(bench).losses == losses
        assert receipt.outcome is Outcome.OPENED


@pytest.mark.parametrize("answer", [{"id": "x", "result": []}, {"id": [], "result": "opened"}, {"result": {}}], ids=str)
async def test_what_makes_no_sense_is_told_until_something_else_is_said_there(answer: dict[str, Any]) -> None:
    async with rig.start() as bench:
        await say(bench, ACK, json.dumps(answer))
        await asyncio.sleep(0.2)
        odd = (await bench.adapter.read_bank(bench.bank)).unmapped
        await bench.adapter.send(bench.order())
        after = (await bench.adapter.read_bank(bench.bank)).unmapped

        assert [(each.unit, each.what) for each in odd] == [(None, "answer to an order")]
        assert after == ()


async def test_a_sensor_for_content_that_flickers_does_not_hide_that_its_door_is_open() -> None:
    listening = MqttClient(Broker("127.0.0.1", 1, secure=False), NativeJson("p", "B", 0.5))

    def tell(seq: int, door: str, *, item: bool) -> None:
        words = json.dumps({"door": door, "item": item, "seq": seq}).encode()
        listening._take("p/B/unit/1/state", words, kept=False)

    tell(1, "closed", item=False)
    for seq in range(2, 8):
        tell(seq, "open", item=bool(seq % 2))
        listening._take("p/B/availability", b"online", kept=False)
        await asyncio.sleep(0.03)

    assert listening.known.heard["B", "1"].state.door is Door.OPEN


async def test_a_door_that_bounces_is_not_believed_before_it_has_stood() -> None:
    listening = MqttClient(Broker("127.0.0.1", 1, secure=False), NativeJson("p", "B", 0.5))
    for seq in range(1, 12):
        word = "open" if seq % 2 == 0 else "closed"
        listening._take("p/B/unit/1/state", json.dumps({"door": word, "seq": seq}).encode(), kept=False)
        await asyncio.sleep(0.01)
        assert listening.known.heard["B", "1"].state.door is Door.CLOSED


class Slow(EmbeddedBroker):
    """Takes its time to say whether it lets one in."""

    async def _welcome(self, *at: Any) -> Any:
        await asyncio.sleep(0.6)
        return await super()._welcome(*at)


async def test_closing_while_a_connection_is_made_leaves_none_behind() -> None:
    async with Slow() as broker:
        listening = MqttClient(Broker("127.0.0.1", broker.port, secure=False), NativeJson("p", None, 0.5))
        with pytest.raises(Unreachable):
            await listening.ready(0.2)
        await listening.close()
        await asyncio.sleep(1.5)

        assert not broker._sessions
        assert listening._running is not None
        assert listening._running.done()


async def waited_for_a_thread(port: int, *, secure: bool) -> float:
    """Seconds, while brokers on this port are dialled. Threads are few, and everybody's names are looked up in them."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))
    clients = [MqttClient(Broker("127.0.0.1", port, secure), NativeJson("p", None, 0.5)) for _ in range(4)]
    hints = [asyncio.create_task(anext(client.hints(), None)) for client in clients]
    await asyncio.sleep(0.3)
    began = time.monotonic()
    await asyncio.to_thread(time.monotonic)
    took = time.monotonic() - began
    for client in clients:
        await client.close()
    await asyncio.gather(*hints)
    return took


async def test_brokers_that_nobody_reaches_hold_up_nobody_else() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        took = await waited_for_a_thread(port, secure=False)
        for each in waiting:
            each.close()

    assert took < 1.0


async def test_brokers_that_say_nothing_to_a_greeting_in_tls_hold_up_nobody_else() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=16) as mute:
        assert await waited_for_a_thread(mute.getsockname()[1], secure=True) < 1.0


class Upset(NativeJson):
    """Breaks once, over a word nobody thought of."""

    def read(self, topic: str, payload: str) -> tuple[News, ...]:
        if payload == "upset":
            raise ZeroDivisionError
        return super().read(topic, payload)


async def test_a_word_that_nobody_thought_of_does_not_end_the_listening_for_good() -> None:
    async with EmbeddedBroker() as broker:
        listening = MqttClient(Broker("127.0.0.1", broker.port, secure=False), Upset("p", None, 0.5))
        await listening.ready(3)
        async with aiomqtt.Client("127.0.0.1", broker.port) as stranger:
            await stranger.publish("p/B/availability", "upset", qos=1)
            await until(lambda: listening.losses == 1)
            await until(lambda: not listening.failing)
            await stranger.publish("p/B/availability", "online", qos=1)
            await until(lambda: ("B", None) in listening.known.alive)
        await listening.close()


async def test_a_name_that_no_name_can_be_is_unreachable_each_time() -> None:
    listening = MqttClient(Broker("a" * 70 + ".example", 1883, secure=False), NativeJson("p", None, 0.5))
    for _ in range(2):
        with pytest.raises(Unreachable, match="cannot be reached"):
            await listening.ready(3)
    await listening.close()


async def test_whoever_may_publish_cannot_fill_our_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knowing, "UNITS_LIMIT", 5)
    listening = MqttClient(Broker("127.0.0.1", 1, secure=False), NativeJson("p", None, 0.5))
    for number in range(20):
        listening._take(f"p/{number}/availability", b"online", kept=False)
        listening._take(f"p/{number}/ack", b"?", kept=False)
        listening._take("p/B/unit/" + str(number) + "/state", b'{"door": "closed"}', kept=False)
    listening._take("p/0/availability", b"offline", kept=False)

    assert (len(listening.known.alive), len(listening.known.strange), len(listening.known.heard)) == (5, 5, 5)
    assert listening.known.offline_since("0", None)


async def test_an_order_that_a_cut_network_kept_back_does_not_arrive_when_it_is_whole_again() -> None:
    async with rig.start() as bench:
        aio: Any = of(bench)._client
        found = aio._client.socket().getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

        # As with lines: see what a cut network kept back.
        assert found == connecting.DELIVERY_SECONDS * 1000
        assert bench.adapter.timing.settle.total_seconds() >= connecting.DELIVERY_SECONDS
