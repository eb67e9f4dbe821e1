"""One connection to a broker: kept up with growing pauses; what is heard is kept in mind, what is sent is sent once."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from adapters.generic.mqtt.connecting import QOS, WORD_LIMIT, connected, delivered, lets_everybody_in, no_entry
from adapters.generic.mqtt.knowing import Known
from adapters.generic.mqtt.settings import Broker
from adapters.generic.mqtt.wire import Dialect, Message, News, State
from app.devices.port import Ambiguous, AuthFailed, DeviceError, DoorHint, Unreachable

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
# Retained states come in one go after subscribing; so long a silence says that they are all there.
QUIET_SECONDS, QUIET_LIMIT = 0.15, 2.0
SUBSCRIPTION_REFUSED = 128
OPEN_TO_ALL = (
    "the broker lets in whoever comes, by any name: let it ask for user and password, or leave both empty here and the "
    "broker is yours alone"
)


class Listener(Protocol):
    def __call__(self, told: Sequence[News], *, kept: bool) -> None: ...


class MqttClient:
    """Raises only DeviceError. The first question opens the connection; it stays until `close`."""

    def __init__(self, broker: Broker, dialect: Dialect) -> None:
        self.dialect = dialect
        self._broker = broker
        self._running: asyncio.Task[None] | None = None
        self._client: aiomqtt.Client | None = None
        self._lost: asyncio.Future[None] | None = None
        self._ready = asyncio.Event()
        # Set from the first failure until the next success: nobody waits for what is known to be away.
        self._down = asyncio.Event()
        # Grows with every loss of the connection: what happened meanwhile nobody has seen.
        self.losses = 0
        self._away_since = datetime.now(UTC)
        self._trouble: DeviceError = Unreachable("not connected yet")
        self.known = Known()
        # Told all that is understood: what one message says, and whether the broker had kept it.
        self.listeners: list[Listener] = []
        self._watchers: set[asyncio.Queue[News]] = set()
        self._closed = False
        # Found to ask who one is: once is enough.
        self._turns_away = False
        # Not to be broken off: the library would leave a connection behind that nobody closes. It ends by itself.
        self._connecting = False
        self._last_news = 0.0

    @property
    def failing(self) -> bool:
        """Before the first question nothing is known to fail."""
        return self._running is not None and not self._ready.is_set()

    async def ready(self, seconds: float) -> None:
        """Connected, and retained states have come. Raises Unreachable (since when) and AuthFailed."""
        if self._closed:
            raise Unreachable("this connection was closed")
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        if not self._ready.is_set() and not self._down.is_set():
            waits = [asyncio.create_task(event.wait()) for event in (self._ready, self._down)]
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
        if not self._ready.is_set():
            since = self._away_since.isoformat(timespec="seconds")
            raise type(self._trouble)(f"{self._trouble.detail}; away since {since}")

    async def publish(self, message: Message, seconds: float, *, runs_out: timedelta | None = None) -> None:
        """Returns when the broker has it. Raises Unreachable when nothing has left us, otherwise Ambiguous."""
        client, lost = self._client, self._lost
        if client is None or lost is None or lost.done():
            raise Unreachable("the broker is away")
        properties = None
        if self._broker.five and runs_out is not None:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = max(1, int(runs_out.total_seconds()))
        sending = asyncio.create_task(delivered(client, message, properties, seconds))
        await asyncio.wait([sending, lost], return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            sending.cancel()
            raise Ambiguous("the broker was lost before it confirmed the order")
        try:
            await sending
        except (aiomqtt.MqttError, ValueError) as error:
            raise Ambiguous(f"the broker did not confirm the order: {type(error).__name__}") from error

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[asyncio.Queue[News]]:
        """Everything that is heard meanwhile, without what the broker had kept."""
        watcher: asyncio.Queue[News] = asyncio.Queue()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    async def hints(self) -> AsyncIterator[DoorHint]:
        """Until the connection is closed."""
        if self._closed:
            return
        hearer: asyncio.Queue[DoorHint | None] = asyncio.Queue()
        self.known.hearers.add(hearer)
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        try:
            while (hint := await hearer.get()) is not None:
                yield hint
        finally:
            self.known.hearers.discard(hearer)

    async def close(self) -> None:
        self._closed = True
        for hearer in self.known.hearers:
            hearer.put_nowait(None)
        if self._running is not None and not self._connecting:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            try:
                await self._session()
            except MqttConnectError as error:
                kind = AuthFailed if no_entry(error) else Unreachable
                self._trouble = kind(f"the broker refused the connection: {error.rc}")
            except (aiomqtt.MqttError, OSError, TimeoutError) as error:
                self._trouble = Unreachable(f"the broker cannot be reached: {type(error).__name__}")
            except DeviceError as error:
                self._trouble = error
            except Exception as error:  # noqa: BLE001 - what strangers say must not end the listening for good
                self._trouble = Unreachable(f"what the broker says cannot be followed: {type(error).__name__}")
            finally:
                self._leave()
            # A connection that lasted starts the pauses anew; spread, so that many do not come back at once.
            if self._closed:
                return
            pause = FIRST_PAUSE if time.monotonic() - began > LONGEST_PAUSE else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - not a secret

    async def _session(self) -> None:
        async with AsyncExitStack() as stack:
            self._connecting = True
            try:
                client = await connected(stack, self._broker)
                await self._check_strangers()
            finally:
                self._connecting = False
            if self._closed:
                return
            self._lost = asyncio.get_running_loop().create_future()
            granted = await client.subscribe([(topic, QOS) for topic in self.dialect.topics()])
            if any(getattr(code, "value", code) >= SUBSCRIPTION_REFUSED for code in granted):
                raise AuthFailed("the broker lets this user not read the topics of its controllers")
            self._client = client
            for word in self.dialect.greet():
                await client.publish(word.topic, word.payload, QOS)
            settling = asyncio.create_task(self._settle())
            try:
                async for message in client.messages:
                    self._take(str(message.topic), message.payload, kept=message.retain)
            finally:
                settling.cancel()

    async def _check_strangers(self) -> None:
        """Who names a user counts as alone with what is behind the broker: it must turn away who is not that user, or
        any name would do at somebody else's. Raises AuthFailed."""
        if self._broker.user is None or self._turns_away:
            return
        everybody = await lets_everybody_in(self._broker)
        if everybody:
            raise AuthFailed(OPEN_TO_ALL)
        self._turns_away = everybody is False

    async def _settle(self) -> None:
        ends = time.monotonic() + QUIET_LIMIT
        self._last_news = time.monotonic()
        while True:
            quiet = time.monotonic() - self._last_news
            if quiet >= QUIET_SECONDS or time.monotonic() > ends:
                break
            await asyncio.sleep(QUIET_SECONDS - quiet)
        self._down.clear()
        self._ready.set()

    def _leave(self) -> None:
        """What was known is worth nothing any more: states are told again on the next connection."""
        if self._ready.is_set() or self._client is not None:
            self._away_since = datetime.now(UTC)
            self.losses += 1
        self._ready.clear()
        self._down.set()
        self._client = None
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(None)
        self.known.forget()

    def _take(self, topic: str, payload: object, *, kept: bool) -> None:
        self._last_news = time.monotonic()
        raw = payload[:WORD_LIMIT] if isinstance(payload, bytes) else str(payload or "").encode()
        text = raw.decode(errors="replace")
        told = self.dialect.read(topic, text)
        self.known.take(topic, told)
        for news in told:
            if not kept or isinstance(news, State):
                for watcher in self._watchers:
                    watcher.put_nowait(news)
        for listener in self.listeners:
            listener(told, kept=kept)
