"""Ids: UUIDv7 (ordered by time) inside, opaque `Type:uuid` in base64 outside."""

import os
import time
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from uuid import UUID

# All but the four bits of the version and the two of the variant.
_DRAWN = (0xFFF << 64) | ((1 << 62) - 1)
_VERSION_7 = (7 << 76) | (0b10 << 62)


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): 48 bits of milliseconds, then random."""
    drawn = int.from_bytes(os.urandom(10), "big")
    return UUID(int=time.time_ns() // 1_000_000 << 80 | drawn & _DRAWN | _VERSION_7)


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
