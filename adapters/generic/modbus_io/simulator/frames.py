"""Modbus frames as a module reads and writes them, written out here: nothing shared with the adapter's side."""

import struct
from dataclasses import dataclass

# Requests of fixed length: unit, function, four bytes of data, two of sum.
_FIXED = {1, 2, 3, 5, 6}
_LENGTH = 8
_MANY = {15, 16}


@dataclass(frozen=True, slots=True)
class Request:
    """`number`: of the exchange in TCP frames, 0 in RTU. `data`: after the function. `end`: where the frame ends."""

    unit: int
    function: int
    data: bytes
    number: int
    end: int
    raw: bytes

    @property
    def address(self) -> int:
        return int.from_bytes(self.data[:2], "big")

    @property
    def value(self) -> int:
        return int.from_bytes(self.data[2:4], "big")


def crc(data: bytes) -> bytes:
    """CRC-16/MODBUS, low byte first, bit by bit as the specification draws it."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


def find_request(tcp: bool, received: bytes) -> Request | None:
    """The first sound request in what came."""
    for start in range(len(received)):
        found = _tcp(received, start) if tcp else _rtu(received, start)
        if found:
            return found
    return None


def reply(tcp: bool, request: Request, body: bytes) -> bytes:
    """`body`: function and data."""
    if tcp:
        return struct.pack(">HHHB", request.number, 0, len(body) + 1, request.unit) + body
    raw = bytes((request.unit,)) + body
    return raw + crc(raw)


def _tcp(received: bytes, start: int) -> Request | None:
    head = received[start : start + 7]
    if len(head) < 7:
        return None
    number, protocol, length, unit = struct.unpack(">HHHB", head)
    end = start + 6 + length
    if protocol or not 6 <= length <= 260 or len(received) < end:
        return None
    body = received[start + 7 : end]
    return Request(unit, body[0], body[1:], number, end, received[start:end])


def _rtu(received: bytes, start: int) -> Request | None:
    rest = received[start:]
    if len(rest) < _LENGTH:
        return None
    length = _LENGTH if rest[1] in _FIXED else 9 + rest[6] if rest[1] in _MANY else 0
    raw = rest[:length]
    if not length or len(raw) < length or crc(raw[:-2]) != raw[-2:]:
        return None
    return Request(raw[0], raw[1], raw[2:-2], 0, start + length, raw)
