"""A small MQTT client for simulated controllers: it can be cut off without a goodbye, as hardware is."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Self

from adapters.generic.mqtt.simulator import packets
from adapters.generic.mqtt.simulator.packets import Kind, Publish

KEEPALIVE_SECONDS = 4


class Speaker:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._number = 0
        self._pinging = asyncio.create_task(self._ping())

    @classmethod
    async def connect(cls, address: tuple[str, int], client: str, will: Publish, topics: Iterable[str]) -> Self:
        """Raises OSError and ValueError (refused)."""
        reader, writer = await asyncio.open_connection(*address)
        flags = 0x02 | 0x04 | will.qos << 3 | (0x20 if will.retain else 0)
        last_words = packets.text(will.topic) + len(will.payload).to_bytes(2, "big") + will.payload
        head = packets.text("MQTT") + bytes((4, flags)) + KEEPALIVE_SECONDS.to_bytes(2, "big")
        writer.write(packets.packet(Kind.CONNECT, head + packets.text(client) + last_words))
        try:
            kind, _, body = await asyncio.wait_for(packets.read(reader), KEEPALIVE_SECONDS)
        except (asyncio.IncompleteReadError, TimeoutError) as error:
            writer.transport.abort()
            raise ConnectionError("the broker said nothing") from error
        if kind != Kind.CONNACK or body[1]:
            raise ValueError("the broker refused the connection")
        asked = b"".join(packets.text(topic) + b"\x01" for topic in topics)
        writer.write(packets.packet(Kind.SUBSCRIBE, b"\x00\x01" + asked, flags=2))
        return cls(reader, writer)

    def say(self, topic: str, payload: str, *, retain: bool) -> None:
        self._number = self._number % 0xFFFF + 1
        if not self._writer.is_closing():
            self._writer.write(packets.publish(Publish(topic, payload.encode(), 1, retain), self._number))

    async def messages(self) -> AsyncIterator[tuple[str, str, int]]:
        """Topic, payload and quality of service, until the connection ends."""
        while True:
            try:
                kind, flags, body = await packets.read(self._reader)
            except (OSError, asyncio.IncompleteReadError):
                return
            if kind == Kind.PUBLISH:
                message, number = packets.published(flags, body)
                if message.qos:
                    self._writer.write(packets.packet(Kind.PUBACK, number.to_bytes(2, "big")))
                yield message.topic, message.payload.decode(), message.qos

    def cut(self) -> None:
        self._pinging.cancel()
        self._writer.transport.abort()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(KEEPALIVE_SECONDS / 2)
            self._writer.write(packets.packet(Kind.PINGREQ))
