"""Whoever may publish at a broker, and whoever runs it, could fill our memory."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiomqtt
import pytest

from adapters.generic.mqtt import connecting
from adapters.generic.mqtt.client import MqttClient
from adapters.generic.mqtt.dialects import NativeJson
from adapters.generic.mqtt.settings import Broker
from adapters.generic.mqtt.simulator import packets
from adapters.generic.mqtt.simulator.mosquitto import Mosquitto
from adapters.generic.mqtt.simulator.packets import Kind, Publish
from app.devices.port import Unreachable
from tests.adapters.generic.brokers import REAL
from tests.adapters.generic.mqtt.test_client import until


@asynccontextmanager
async def broker(said: bytes) -> AsyncIterator[tuple[MqttClient, list[str]]]:
    """One that says this to whoever has subscribed, and its client; each of who came and who was hung up on."""
    seen: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                kind, _, body = await packets.read(reader)
                if kind == Kind.CONNECT:
                    seen.append("came")
                    writer.write(packets.packet(Kind.CONNACK, bytes(2)))
                elif kind == Kind.SUBSCRIBE:
                    writer.write(packets.packet(Kind.SUBACK, body[:2] + bytes((1, 1, 1))))
                    writer.write(said)
                    await writer.drain()
        seen.append("gone")
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = MqttClient(Broker("127.0.0.1", port, secure=False), NativeJson("p", None, 0.5))
    with suppress(Unreachable):
        await client.ready(5)
    try:
        yield client, seen
    finally:
        await client.close()
        server.close()


def state(unit: int, *, qos: int = 1, more: int = 0) -> bytes:
    words = b'{"door": "closed"%s}' % (b" " * more)
    return packets.publish(Publish(f"p/B/unit/{unit}/state", words, qos, retain=True), unit % 0xFFFF + 1)


async def refused(client: MqttClient, words: str) -> None:
    await until(lambda: client.losses > 0)
    with pytest.raises(Unreachable, match=words):
        await client.ready(1)


async def test_a_word_larger_than_any_may_be_is_not_taken_in(caplog: pytest.LogCaptureFixture) -> None:
    """Announced as 200 MB, of which a part comes."""
    with caplog.at_level(logging.WARNING, "lockyard.adapters"):
        async with broker(bytes((0x30, 0x80, 0x80, 0x80, 0x60)) + bytes(4 * 1024 * 1024)) as (client, seen):
            await refused(client, "larger than any")
            await asyncio.sleep(2.5)

            # Pauses double from 0.2 s, as with any broker that cannot be followed.
            assert 2 <= seen.count("came") <= 6
            assert seen.count("gone") >= seen.count("came")
    assert "127.0.0.1" in caplog.text


@pytest.mark.parametrize(("limit", "value", "more"), [("WORDS_LIMIT", 50, 0), ("WAITING_LIMIT", 500_000, 60_000)])
async def test_words_that_come_faster_than_they_are_taken_up_end_the_connection(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int, more: int
) -> None:
    monkeypatch.setattr(connecting, limit, value)
    async with broker(b"".join(state(unit, more=more) for unit in range(500))) as (client, _):
        await refused(client, "faster")


async def test_a_broker_does_not_heap_up_words_whose_second_half_never_comes() -> None:
    async with broker(b"".join(state(unit, qos=2) for unit in range(50))) as (client, _):
        await refused(client, "twice")


async def test_all_that_a_large_broker_has_kept_may_come_in_one_go() -> None:
    async with broker(b"".join(state(unit, more=150) for unit in range(20_000))) as (client, _):
        await until(lambda: len(client.known.heard) == 20_000, 30)

        assert client.losses == 0


@REAL
async def test_with_mqtt_5_a_broker_keeps_to_itself_what_is_too_large() -> None:
    async with Mosquitto() as real:
        client = MqttClient(Broker("127.0.0.1", real.port, secure=False, five=True), NativeJson("p", None, 0.5))
        await client.ready(5)
        async with aiomqtt.Client("127.0.0.1", real.port) as stranger:
            await stranger.publish("p/B/unit/1/state", b"x" * 300_000, qos=1, retain=True)
            await stranger.publish("p/B/availability", "online", qos=1)
        await until(lambda: ("B", None) in client.known.alive)
        losses = client.losses
        await client.close()

    assert losses == 0


@REAL
async def test_a_word_of_the_largest_size_is_still_heard() -> None:
    async with Mosquitto() as real:
        client = MqttClient(Broker("127.0.0.1", real.port, secure=False), NativeJson("p", None, 0.5))
        await client.ready(5)
        async with aiomqtt.Client("127.0.0.1", real.port) as stranger:
            words = b'{"door": "open"' + b" " * (connecting.WORD_LIMIT - 16) + b"}"
            await stranger.publish("p/B/unit/1/state", words, qos=1)
        await until(lambda: ("B", "1") in client.known.heard)
        losses = client.losses
        await client.close()

    assert losses == 0
