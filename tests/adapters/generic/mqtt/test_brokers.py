"""The same promises on our own small broker and on a real mosquitto."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiomqtt
import pytest

from adapters.generic.mqtt.simulator import packets
from adapters.generic.mqtt.simulator.broker import EmbeddedBroker
from adapters.generic.mqtt.simulator.mosquitto import Mosquitto
from adapters.generic.mqtt.simulator.packets import Publish
from adapters.generic.mqtt.simulator.speaker import Speaker
from tests.adapters.generic.brokers import BROKERS


@pytest.fixture(params=BROKERS)
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    async with Mosquitto() if request.param == "mosquitto" else EmbeddedBroker() as running:
        yield running


def client(broker: Any, **more: Any) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", broker.port, timeout=3, **more)


async def next_of(listener: aiomqtt.Client) -> tuple[str, Any, bool]:
    message = await asyncio.wait_for(anext(aiter(listener.messages)), 3)
    return str(message.topic), message.payload, message.retain


async def test_a_message_reaches_whoever_asked_for_its_topic(broker: Any) -> None:
    async with client(broker) as speaker, client(broker) as listener:
        await listener.subscribe([("a/+/state", 1), ("b/#", 0)])
        for topic in ("a/1/other", "a/1/state", "b/x/y"):
            await speaker.publish(topic, topic, qos=1)

        assert await next_of(listener) == ("a/1/state", b"a/1/state", False)
        assert await next_of(listener) == ("b/x/y", b"b/x/y", False)


async def test_who_asks_later_or_no_longer_is_told_accordingly(broker: Any) -> None:
    async with client(broker) as speaker, client(broker) as listener:
        await speaker.publish("c/1", "to nobody", qos=1)
        await listener.subscribe("c/1", qos=1)
        await speaker.publish("c/1", "first", qos=1)
        assert await next_of(listener) == ("c/1", b"first", False)
        await listener.unsubscribe("c/1")
        await speaker.publish("c/1", "second", qos=1)
        await listener.subscribe("c/+", qos=1)
        await speaker.publish("c/1", "third", qos=1)
        assert await next_of(listener) == ("c/1", b"third", False)
        async with client(broker) as other:
            await other.subscribe("c/#", qos=1)
            await speaker.publish("c/1", "fourth", qos=1)
            assert await next_of(other) == ("c/1", b"fourth", False)
        await speaker.publish("c/1", "fifth", qos=1)

        assert await next_of(listener) == ("c/1", b"fourth", False)
        assert await next_of(listener) == ("c/1", b"fifth", False)


async def test_what_is_retained_greets_who_comes_later_until_it_is_taken_back(broker: Any) -> None:
    async with client(broker) as speaker:
        await speaker.publish("r/1", "old", qos=1, retain=True)
        await speaker.publish("r/1", "new", qos=1, retain=True)
        await speaker.publish("r/2", "gone", qos=1, retain=True)
        await speaker.publish("r/2", b"", qos=1, retain=True)
        await speaker.publish("r/3", "passing", qos=1)
    async with client(broker) as listener:
        await listener.subscribe("r/#", qos=1)
        await listener.publish("r/end", "end", qos=1)

        assert await next_of(listener) == ("r/1", b"new", True)
        assert await next_of(listener) == ("r/end", b"end", False)


async def test_a_will_is_done_when_a_client_vanishes_and_not_when_it_says_goodbye(broker: Any) -> None:
    async with client(broker) as listener:
        await listener.subscribe("w/#", qos=1)
        async with client(broker, will=aiomqtt.Will("w/polite", "gone", 1)):
            pass
        address = ("127.0.0.1", broker.port)
        vanishing = await Speaker.connect(address, "vanishing", Publish("w/rude", b"gone", 1, True), ())
        vanishing.cut()

        assert await next_of(listener) == ("w/rude", b"gone", False)
    async with client(broker) as later:
        await later.subscribe("w/#", qos=1)
        assert await next_of(later) == ("w/rude", b"gone", True)


async def test_a_second_client_of_a_name_takes_the_place_of_the_first(broker: Any) -> None:
    address, will = ("127.0.0.1", broker.port), Publish("t/will", b"x", 1)
    first = await Speaker.connect(address, "same", will, ("t/#",))
    second = await Speaker.connect(address, "same", will, ("t/x",))
    heard = [message async for message in first.messages()]
    async with client(broker) as speaker:
        await speaker.publish("t/x", "now", qos=1)

    assert [topic for topic, _, _ in heard] in ([], ["t/will"])
    assert await asyncio.wait_for(anext(second.messages()), 3) == ("t/x", "now", 1)
    for each in (first, second):
        each.cut()


async def test_a_client_that_falls_silent_is_given_up(broker: Any) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
    head = packets.text("MQTT") + bytes((4, 2)) + (1).to_bytes(2, "big")
    writer.write(packets.packet(packets.Kind.CONNECT, head + packets.text("mute")))
    assert await reader.readexactly(4) == bytes.fromhex("20 02 00 00")

    # Mosquitto looks every few seconds.
    assert await asyncio.wait_for(reader.read(), 12) == b""
    writer.close()


@pytest.mark.parametrize(
    "rubbish", [b"GET / HTTP/1.1\r\n\r\n", b"\x10\xff\xff\xff\xff\x01", b"\x30\x00", b"\x10\x02\x00\x04"]
)
async def test_rubbish_ends_the_connection_and_nothing_else(broker: Any, rubbish: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
    writer.write(rubbish)
    with suppress(ConnectionError):
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 5)
    writer.close()

    async with client(broker) as still:
        await still.publish("x", "y", qos=1)


async def test_a_client_that_does_not_read_is_cut_off_before_it_fills_the_broker_s_memory() -> None:
    async with EmbeddedBroker() as broker:
        mute = await Speaker.connect(("127.0.0.1", broker.port), "mute", Publish("w", b"gone", 1), ("big/#",))
        async with client(broker) as speaker:
            for _ in range(400):
                await speaker.publish("big/x", b"x" * 60_000, qos=1)

        assert "mute" not in broker._sessions
        mute.cut()


async def test_the_embedded_broker_ends_what_it_cannot_keep_its_word_about() -> None:
    async with EmbeddedBroker() as broker:
        speaker = await Speaker.connect(("127.0.0.1", broker.port), "exact", Publish("w", b"gone", 1), ())
        speaker._writer.write(packets.publish(Publish("x", b"y", 2), 1))
        heard = await asyncio.wait_for(_all_of(speaker), 1.0)
        speaker.cut()

        assert heard == []


async def _all_of(speaker: Speaker) -> list[tuple[str, str, int]]:
    """Until the connection ends."""
    return [message async for message in speaker.messages()]


@pytest.mark.parametrize("kind", BROKERS)
async def test_who_is_not_known_is_not_let_in(kind: str) -> None:
    users = {"locker": "a-word-of-passing"}
    async with Mosquitto(users=users) if kind == "mosquitto" else EmbeddedBroker(users=users) as broker:
        async with client(broker, username="locker", password="a-word-of-passing") as known:
            await known.publish("x", "y", qos=1)
        with pytest.raises(aiomqtt.MqttError):
            async with client(broker, username="locker", password="wrong"):
                pytest.fail("it was let in")
