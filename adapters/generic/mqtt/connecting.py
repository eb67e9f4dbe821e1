"""Getting a connection to a broker, and a message onto it."""

import asyncio
from contextlib import AsyncExitStack
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
from adapters.generic.mqtt.bounds import PACKET_LIMIT, BoundedClient
from adapters.generic.mqtt.settings import Broker
from adapters.generic.mqtt.wire import Message

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
