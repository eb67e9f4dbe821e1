"""A small MQTT 3.1.1 broker for demos without mosquitto: QoS 0 and 1, retained messages, wills; nothing outlives it."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Self
from uuid import uuid4

from adapters.generic.mqtt.simulator import packets
from adapters.generic.mqtt.simulator.packets import Connect, Cursor, Kind, Publish

CONNECT_SECONDS = 5.0
# Bytes that wait for one client.
BACKLOG = 1024 * 1024
# Topics whose takers are remembered.
ROUTES = 20_000
_ACCEPTED, _BAD_PASSWORD = 0, 4
_REFUSED = 0x80


class _Session:
    """One client's connection."""

    def __init__(self, hello: Connect, writer: asyncio.StreamWriter) -> None:
        self.hello = hello
        self.will = hello.will
        self.topics: dict[str, int] = {}
        self._writer = writer
        self._number = 0

    def tell(self, message: Publish, qos: int, *, kept: bool) -> None:
        self._number = self._number % 0xFFFF + 1
        qos = min(message.qos, qos)
        self.write(packets.publish(Publish(message.topic, message.payload, qos, kept), self._number))

    def write(self, data: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(data)
            if self._writer.transport.get_write_buffer_size() > BACKLOG:
                # It does not read: what waits for it would fill our memory.
                self.cut()

    def cut(self) -> None:
        self._writer.transport.abort()


class EmbeddedBroker:
    """`async with` starts and stops it. `users`: name -> password; None lets everybody in."""

    def __init__(self, port: int = 0, *, host: str = "127.0.0.1", users: dict[str, str] | None = None) -> None:
        self.port = port
        self._host = host
        self._users = users
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sessions: dict[str, _Session] = {}
        self._retained: dict[str, Publish] = {}
        self._routes: dict[str, list[tuple[_Session, int]]] = {}
        self._deaf = False

    @property
    def url(self) -> str:
        return f"mqtt://{self._host}:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def shut(self, deaf: bool) -> None:
        """Cut every connection and answer none, as a broker that is gone; or be there again."""
        self._deaf = deaf
        if deaf:
            for session in tuple(self._sessions.values()):
                session.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        session: _Session | None = None
        try:
            session = None if self._deaf else await self._welcome(reader, writer)
            while session is not None:
                # A client that has not spoken for one and a half keepalives is gone.
                patience = session.hello.keepalive * 1.5 or None
                kind, flags, body = await asyncio.wait_for(packets.read(reader), patience)
                if not self._heard(session, kind, flags, body):
                    break
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError, asyncio.CancelledError):
            # All of these end the connection, and its will is done.
            pass
        finally:
            writer.transport.abort()
            if session is not None:
                self._gone(session)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> _Session | None:
        kind, _, body = await asyncio.wait_for(packets.read(reader), CONNECT_SECONDS)
        if kind != Kind.CONNECT:
            return None
        hello = packets.connect(body)
        allowed = self._users is None or (hello.user in self._users and self._users[hello.user] == hello.password)
        writer.write(packets.packet(Kind.CONNACK, bytes((0, _ACCEPTED if allowed else _BAD_PASSWORD))))
        if not allowed:
            await writer.drain()
            # Let the refusal leave before the connection goes.
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            return None
        if before := self._sessions.get(hello.client):
            before.cut()
            self._gone(before)
        # A client without a name gets one of its own.
        hello = replace(hello, client=hello.client or uuid4().hex)
        session = self._sessions[hello.client] = _Session(hello, writer)
        return session

    def _gone(self, session: _Session) -> None:
        if self._sessions.get(session.hello.client) is session:
            del self._sessions[session.hello.client]
            self._routes.clear()
        will, session.will = session.will, None
        if will is not None:
            self._spread(will)

    def _heard(self, session: _Session, kind: int, flags: int, body: bytes) -> bool:
        """False when the client has said goodbye."""
        if kind == Kind.PUBLISH:
            message, number = packets.published(flags, body)
            if message.qos == 1:
                session.write(packets.packet(Kind.PUBACK, number.to_bytes(2, "big")))
            self._spread(message)
        elif kind == Kind.SUBSCRIBE:
            self._subscribe(session, Cursor(body))
        elif kind == Kind.UNSUBSCRIBE:
            cursor = Cursor(body)
            which = cursor.take(2)
            while cursor.more:
                session.topics.pop(cursor.text(), None)
            self._routes.clear()
            session.write(packets.packet(Kind.UNSUBACK, which))
        elif kind == Kind.PINGREQ:
            session.write(packets.packet(Kind.PINGRESP))
        elif kind == Kind.DISCONNECT:
            session.will = None
            return False
        elif kind != Kind.PUBACK:
            raise ValueError(f"packet {kind} is none a client of ours sends")
        return True

    def _subscribe(self, session: _Session, cursor: Cursor) -> None:
        number, granted, asked = cursor.take(2), bytearray(), []
        while cursor.more:
            pattern, qos = cursor.text(), cursor.take(1)[0]
            session.topics[pattern] = min(qos, 1)
            asked.append(pattern)
            granted.append(min(qos, 1) if pattern else _REFUSED)
        self._routes.clear()
        session.write(packets.packet(Kind.SUBACK, number + bytes(granted)))
        for pattern in asked:
            for message in self._retained.values():
                if matches(pattern, message.topic):
                    session.tell(message, session.topics[pattern], kept=True)

    def _spread(self, message: Publish) -> None:
        if message.retain and message.payload:
            self._retained[message.topic] = message
        elif message.retain:
            self._retained.pop(message.topic, None)
        for session, qos in self._takers(message.topic):
            session.tell(message, qos, kept=False)

    def _takers(self, topic: str) -> list[tuple[_Session, int]]:
        """Found once, until somebody subscribes otherwise or is gone: doors are told of far more often."""
        if topic not in self._routes:
            if len(self._routes) >= ROUTES:
                self._routes.clear()
            fitting = [
                (each, [qos for pattern, qos in each.topics.items() if matches(pattern, topic)])
                for each in self._sessions.values()
            ]
            self._routes[topic] = [(session, max(found)) for session, found in fitting if found]
        return self._routes[topic]


def matches(pattern: str, topic: str) -> bool:
    """Whether a subscription takes a topic; `+` is one level, `#` all that follow."""
    wanted, given = pattern.split("/"), topic.split("/")
    for at, level in enumerate(wanted):
        if level == "#":
            return True
        if at >= len(given) or level not in {"+", given[at]}:
            return False
    return len(wanted) == len(given)
