"""Ids: UUIDv7 (ordered by time) inside, opaque `Type:uuid` in base64 outside."""

import os
import time
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from uuid import UUID

_RANDOM = (1 << 62) - 1
_VERSION_7 = (7 << 76) | (0b10 << 62)
_last = 0


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): milliseconds, their fraction in 12 bits, then random. Of one process each is greater than
    the one before: what was asked for first in one act goes first, though both have the act's own time."""
    global _last  # noqa: PLW0603 - threads may draw the same; the random bits tell them apart
    _last = ticks = max(time.time_ns() * 4096 // 1_000_000, _last + 1)
    drawn = int.from_bytes(os.urandom(8), "big") & _RANDOM
    return UUID(int=ticks >> 12 << 80 | (ticks & 0xFFF) << 64 | drawn | _VERSION_7)


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
