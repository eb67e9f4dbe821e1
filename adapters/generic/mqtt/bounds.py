"""How much of what a broker sends is taken in: whoever may publish there, or runs it, could fill our memory."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiomqtt

from app.devices.port import Unreachable

log = logging.getLogger("lockyard.adapters")

# No word of a controller is longer; with it come a topic, of two bytes' length, and a head.
WORD_LIMIT = 64 * 1024
PACKET_LIMIT = WORD_LIMIT + 64 * 1024 + 16
# Words that may wait to be taken up, and their bytes: all that a large broker has kept comes in one go.
WORDS_LIMIT, WAITING_LIMIT = 25_000, 8 * 1024 * 1024


class Waiting(asyncio.Queue[aiomqtt.Message]):
    """Full by number or by size. Reading ends before anything comes that would have to be thrown away."""

    size = 0

    def full(self) -> bool:
        return self.qsize() >= WORDS_LIMIT or self.size >= WAITING_LIMIT

    def _put(self, item: aiomqtt.Message) -> None:
        # Of MQTT 5; nobody here reads them.
        item.properties = None
        self.size += _size(item)
        super()._put(item)

    def _get(self) -> aiomqtt.Message:
        item = super()._get()
        self.size -= _size(item)
        return item


class BoundedClient(aiomqtt.Client):
    """`overrun`: why we have hung up. The library itself knows bounds for MQTT 5 only, takes 256 MB for one word, and
    throws away what finds the queue full: a door's newest word, as likely as not."""

    overrun = ""

    def __init__(self, host: str, port: int, **more: Any) -> None:
        super().__init__(host, port, queue_type=Waiting, max_queued_incoming_messages=WORDS_LIMIT, **more)
        self._place = f"{host}:{port}"
        # Asked for all that is left of a packet as soon as its length is known.
        self._received = self._client._sock_recv  # noqa: SLF001 - there is no other way between its length and its bytes
        self._client._sock_recv = self._receive  # type: ignore[method-assign]  # noqa: SLF001 - as above

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Raises Unreachable, with the reason, in place of the MqttError of a connection that we gave up."""
        try:
            yield
        except aiomqtt.MqttError as error:
            if self.overrun:
                raise Unreachable(self.overrun) from error
            raise

    def _receive(self, size: int) -> bytes:
        self.overrun = self.overrun or self._too_much(size)
        if self.overrun:
            log.warning("the broker at %s is given up: %s", self._place, self.overrun)
            # Taken for a lost connection, and closed.
            raise ConnectionError(self.overrun)
        return self._received(size)

    def _too_much(self, size: int) -> str:
        if size > PACKET_LIMIT:
            return f"a word of {size} bytes came from the broker: larger than any may be"
        if self._queue.full():
            return "words come from the broker faster than they can be taken up"
        if self._client._in_messages:  # noqa: SLF001 - kept there until they are released, without a bound
            return "the broker sends words to be confirmed twice, for which nobody asked"
        return ""


def _size(item: aiomqtt.Message) -> int:
    payload = item.payload
    return len(item.topic.value) + (len(payload) if isinstance(payload, bytes) else 0)
