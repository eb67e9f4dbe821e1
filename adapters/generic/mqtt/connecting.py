"""Getting a connection to a broker, which takes in no more than it may, and a message onto it."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from adapters import reach
from adapters.exchange import named, tls
from adapters.generic import sockets
from adapters.generic.mqtt.settings import Broker
from adapters.generic.mqtt.wire import Message
from app.devices.port import Unreachable

log = logging.getLogger("lockyard.adapters")

AT_MOST_ONCE, QOS = 0, 1
# Nobody subscribes to it. A broker answers in order: its answer says that what was published before has arrived.
NOWHERE = "lockyard/nowhere"
CONNECT_SECONDS = 5.0
# What a broker has not acknowledged within so long never gets there: before anybody settles the order without it.
DELIVERY_SECONDS = 3.0
# More words on their way to one broker than this are strange.
GREETED = 256
# CONNACK: bad user name or password, not authorized (as paho names them in either protocol version).
NO_ENTRY = frozenset({134, 135})
# Whoever may publish at a broker, or runs it, could fill our memory. No word of a controller is longer; with it come a
# topic, whose length has two bytes, and a head.
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

    def _receive(self, bufsize: int) -> bytes:
        self.overrun = self.overrun or self._too_much(bufsize)
        if self.overrun:
            log.warning("the broker at %s is given up: %s", self._place, self.overrun)
            # Taken for a lost connection, and closed.
            raise ConnectionError(self.overrun)
        return self._received(bufsize)

    def _too_much(self, size: int) -> str:
        if size > PACKET_LIMIT:
            return f"a word of {size} bytes came from the broker: larger than any may be"
        if self._queue.full():
            return "words come from the broker faster than they can be taken up"
        if self._client._in_messages:  # noqa: SLF001 - kept there until they are released, without a bound
            return "the broker sends words to be confirmed twice, for which nobody asked"
        return ""


async def delivered(client: aiomqtt.Client, message: Message, properties: Properties | None, seconds: float) -> None:
    """Returns when the broker has it. Raises MqttError."""
    qos = AT_MOST_ONCE if message.once else QOS
    await client.publish(message.topic, message.payload, qos, retain=False, properties=properties, timeout=seconds)
    if message.once:
        await client.unsubscribe(NOWHERE, timeout=seconds)


async def connected(stack: AsyncExitStack, broker: Broker) -> aiomqtt.Client:
    """By address, for a name that is asked twice may lead elsewhere the second time; by the first that listens."""
    trouble: Exception = ConnectionError("the name leads nowhere")
    for address in await reach.addresses(broker.host, broker.port):
        try:
            await _knock(broker, address)
            client = await stack.enter_async_context(_client(broker, address))
        except MqttConnectError:
            raise
        except (aiomqtt.MqttError, OSError, TimeoutError) as error:
            trouble = error
            continue
        stack.enter_context(client.telling())
        return client
    raise trouble


async def lets_everybody_in(broker: Broker) -> bool | None:
    """Whether it takes a stranger's name as well as ours; None where it did not say."""
    stranger = replace(broker, user=f"lockyard-{uuid4().hex[:12]}", password=uuid4().hex)
    try:
        async with AsyncExitStack() as stack:
            await connected(stack, stranger)
    except MqttConnectError as error:
        return False if no_entry(error) else None
    except (aiomqtt.MqttError, OSError, TimeoutError):
        return None
    return True


def no_entry(error: MqttConnectError) -> bool:
    return getattr(error.rc, "value", error.rc) in NO_ENTRY


async def _knock(broker: Broker, address: str) -> None:
    """The library waits for a connection, and for an answer in TLS, in one of the threads in which everybody's names
    are looked up: some brokers behind a network that is cut, or that stay mute, would hold them all. Whoever does not
    answer is found out here."""
    secrecy: dict[str, Any] = {"ssl": tls(), "server_hostname": broker.host} if broker.secure else {}
    async with asyncio.timeout(CONNECT_SECONDS):
        _, writer = await asyncio.open_connection(address, broker.port, **secrecy)
    writer.transport.abort()


def _client(broker: Broker, address: str) -> BoundedClient:
    made = BoundedClient(
        address,
        broker.port,
        username=broker.user,
        password=broker.password,
        # A name of its own: two processes under one name would throw each other out for ever.
        identifier=f"lockyard-{uuid4().hex[:12]}",
        protocol=aiomqtt.ProtocolVersion.V5 if broker.five else aiomqtt.ProtocolVersion.V311,
        clean_session=None if broker.five else True,
        keepalive=broker.keepalive,
        timeout=CONNECT_SECONDS,
        tls_context=named(broker.host) if broker.secure else None,
        socket_options=sockets.impatient(DELIVERY_SECONDS),
        properties=_bounds() if broker.five else None,
    )
    # A bank that comes back is greeted unit by unit: no reason for a warning.
    made.pending_calls_threshold = GREETED
    return made


def _bounds() -> Properties:
    """A broker of MQTT 5 keeps what is larger to itself, and the connection lives on."""
    found = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    found.MaximumPacketSize = PACKET_LIMIT
    return found


def _size(item: aiomqtt.Message) -> int:
    return len(item.topic.value) + len(item.payload)
