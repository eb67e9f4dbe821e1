"""Who may speak to the transports: credentials as they arrive, the injected check, origins, and all the numbers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from app.kit.cookies import cookie
from schema.engine import Caller
from schema.transport.closing import Close, ClosedError


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings along. `payload` is that of connection_init and wins over the handshake's headers."""

    headers: Mapping[str, str]
    payload: Mapping[str, object] | None = None

    @property
    def bearer(self) -> str | None:
        """The bearer token, or None where there is none or it is not one."""
        given: object = self.headers.get("authorization")
        for key in ("Authorization", "authorization"):
            if self.payload is not None and key in self.payload:
                given = self.payload[key]
        if not isinstance(given, str):
            return None
        scheme, _, token = given.partition(" ")
        return token.strip() or None if scheme.lower() == "bearer" else None

    @property
    def speaks(self) -> bool:
        """Whether an Authorization was given, good or bad: then the cookie is not asked."""
        payload = self.payload or {}
        return "authorization" in self.headers or "Authorization" in payload or "authorization" in payload

    def cookie(self, name: str) -> str | None:
        if self.speaks:
            return None
        return cookie(self.headers.get("cookie", ""), name)


Authenticate = Callable[[Credentials], Awaitable[Caller | None]]


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Nobody. Sees the doorbell only."""

    fingerprint: str = "anonymous"
    is_anonymous: bool = True
    expires_at: datetime | None = None
    revoked: asyncio.Event = field(default_factory=asyncio.Event)
    may_return: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """The transports' numbers: bytes and seconds."""

    origins: frozenset[str] = frozenset()  # besides the page's own
    body_bytes: int = 262_144
    anonymous_body_bytes: int = 8_192
    anonymous_characters: int = 2_048
    anonymous_tokens: int = 60
    url_bytes: int = 8_192
    variables_nesting: int = 32
    run_seconds: float = 30.0
    init_seconds: float = 3.0
    message_bytes: int = 65_536
    messages_at_once: int = 400
    messages_per_second: float = 50.0
    requests_per_second: float | None = None  # of one caller over HTTP; None: as many as it can
    operations: int = 100  # running on one socket
    unread_bytes: int = 1_048_576  # written to one socket and not yet taken by it
    stall_seconds: float = 10.0
    heartbeat_seconds: float = 12.0
    watch_seconds: float = 1.0


def ended(caller: Caller) -> ClosedError | None:
    """Why this caller's streams must end, or None."""
    if caller.revoked.is_set():
        if caller.may_return:
            return ClosedError(Close.RIGHTS_CHANGED, "Rights changed")
        return ClosedError(Close.UNAUTHORIZED, "Session revoked")
    if caller.expires_at is not None and caller.expires_at <= datetime.now(UTC):
        return ClosedError(Close.UNAUTHORIZED, "Session expired")
    return None


def origin_allowed(headers: Mapping[str, str], origins: frozenset[str]) -> bool:
    """Whether a browser page of this origin may use our cookies. No Origin means no browser, or the page itself."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    if origin in origins:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and parts.netloc == headers.get("host")
