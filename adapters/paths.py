"""Paths of a vendor's operations as a connection may correct them: they lead nowhere but to the account's own host."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from adapters.config import REASON
from app.devices.port import Refused

LONGEST = 500
# With `//`, `@` or a backslash in it a path could name another host, to which the credentials would go along.
_PLAIN = re.compile(r"/(?!/)[^@\\\s\x00-\x1f\x7f-\x9f]*")
_PART = re.compile(r"\{([a-z_]+)\}")


def corrected(usual: Mapping[str, str], given: Any, *, anywhere: frozenset[str] = frozenset()) -> dict[str, str]:
    """The usual paths with a connection's corrections. A path may name the parts that the usual one names, and those
    that are known `anywhere`. Raises Refused, naming operations only."""
    unknown = sorted(str(name)[:50] for name in given if name not in usual)
    if unknown:
        raise Refused(f"paths has no operation {', '.join(unknown)}", reason=REASON)
    for name, path in given.items():
        if not isinstance(path, str) or len(path) > LONGEST or not _PLAIN.fullmatch(path):
            raise Refused(f"paths.{name} must begin with one / and be a plain path", reason=REASON)
        parts = anywhere | set(_PART.findall(usual[name]))
        if not set(_PART.findall(path)) <= parts or set(_PART.sub("", path)) & set("{}"):
            words = ", ".join(f"{{{part}}}" for part in sorted(parts)) or "no part"
            raise Refused(f"paths.{name} may name {words}, and nothing else", reason=REASON)
    return {**usual, **given}


def fill(path: str, **parts: str) -> str:
    """Put identifiers into a path. Everything is escaped, the slash too: a tracking number may hold one. Braces say
    what stands there and nothing of how: a width would be a number of bytes that somebody else chooses."""
    if {".", ".."} & set(parts.values()):
        raise Refused("an identifier of dots only would be another path", reason="REFUSED")
    return _PART.sub(lambda found: quote(parts[found[1]], safe=""), path)
