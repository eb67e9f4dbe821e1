"""MQTT 3.1.1 packets, as much as a small broker needs to read and write."""

import asyncio
from dataclasses import dataclass
from enum import IntEnum

# A client that announces more than this is not one of ours.
LIMIT = 64 * 1024


class Kind(IntEnum):
    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


@dataclass(frozen=True, slots=True)
class Publish:
    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Connect:
    client: str
    keepalive: int
    will: Publish | None
    user: str | None
    password: str | None


async def read(reader: asyncio.StreamReader) -> tuple[int, int, bytes]:
    """Kind, flags and body of the next packet. Raises IncompleteReadError at the end, ValueError for rubbish."""
    first = (await reader.readexactly(1))[0]
    length = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
        if shift > 21:
            raise ValueError("a length of more than four bytes")
    if length > LIMIT:
        raise ValueError("a packet larger than any of ours")
    return first >> 4, first & 0x0F, await reader.readexactly(length)


def packet(kind: Kind, body: bytes = b"", flags: int = 0) -> bytes:
    length, left = bytearray(), len(body)
    while True:
        left, byte = left >> 7, left & 0x7F
        length.append(byte | (0x80 if left else 0))
        if not left:
            return bytes((kind << 4 | flags,)) + bytes(length) + body


def text(value: str) -> bytes:
    raw = value.encode()
    return len(raw).to_bytes(2, "big") + raw


def publish(message: Publish, number: int) -> bytes:
    body = text(message.topic) + (number.to_bytes(2, "big") if message.qos else b"") + message.payload
    return packet(Kind.PUBLISH, body, message.qos << 1 | message.retain)


class Cursor:
    """Reads a body from front to back. Raises ValueError where it is too short."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, count: int) -> bytes:
        part = self._body[self._at : self._at + count]
        if len(part) < count:
            raise ValueError("a body that ends too early")
        self._at += count
        return part

    def number(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def blob(self) -> bytes:
        return self.take(self.number())

    def text(self) -> str:
        return self.blob().decode()

    def rest(self) -> bytes:
        return self.take(len(self._body) - self._at)

    @property
    def more(self) -> bool:
        return self._at < len(self._body)


def connect(body: bytes) -> Connect:
    cursor = Cursor(body)
    name, level, flags = cursor.text(), cursor.take(1)[0], cursor.take(1)[0]
    if (name, level) != ("MQTT", 4):
        raise ValueError("not MQTT 3.1.1")
    keepalive, client = cursor.number(), cursor.text()
    will = None
    if flags & 0x04:
        will = Publish(cursor.text(), cursor.blob(), flags >> 3 & 0x03, bool(flags & 0x20))
    user = cursor.text() if flags & 0x80 else None
    return Connect(client, keepalive, will, user, cursor.text() if flags & 0x40 else None)


def published(flags: int, body: bytes) -> tuple[Publish, int]:
    """The message and its number; 0 at QoS 0. Raises ValueError for QoS 2, whose handshake nobody here speaks."""
    cursor, qos = Cursor(body), flags >> 1 & 0x03
    if qos > 1:
        raise ValueError("neither at most once nor at least once")
    topic = cursor.text()
    number = cursor.number() if qos else 0
    return Publish(topic, cursor.rest(), qos, bool(flags & 0x01)), number
