"""Ids: UUIDv7 (ordered by time) inside, opaque `Type:uuid` in base64 outside."""

import os
import time
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from uuid import UUID


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): 48 bits of milliseconds, then random."""
    raw = bytearray((time.time_ns() // 1_000_000).to_bytes(6, "big") + os.urandom(10))
    raw[6] = 0x70 | raw[6] & 0x0F
    raw[8] = 0x80 | raw[8] & 0x3F
    return UUID(bytes=bytes(raw))


def global_id(kind: str, id_: UUID) -> str:
    return b64encode(f"{kind}:{id_}".encode()).decode()


def parse_global_id(text: str) -> tuple[str, UUID] | None:
    """(type name, id), or None for anything that is not one of ours. Only the one canonical spelling is taken."""
    if len(text) > 100:
        return None
    try:
        kind, _, value = b64decode(text, validate=True).decode("ascii").partition(":")
        id_ = UUID(value)
    except (Base64Error, ValueError):
        return None
    return (kind, id_) if global_id(kind, id_) == text else None
