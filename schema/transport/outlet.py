"""The way out to one socket: frames straight to the transport where the server allows it, ASGI messages elsewhere."""

import asyncio
from contextlib import suppress
from typing import Protocol

from starlette.types import Message, Scope, Send

from schema.transport.closing import Close, ClosedError


class Direct(Protocol):
    """What `app.kit.server` adds to a WebSocket's scope, under `extensions["lockyard.direct"]`."""

    def write_text(self, *parts: bytes) -> None:
        """Write one text frame, whose parts are joined; does nothing once the socket is closing."""
        ...

    def unread(self) -> int:
        """Bytes written and not yet taken by the peer."""
        ...

    def drop(self, code: int, reason: str) -> None:
        """Send a close frame without waiting for its turn, and cut the connection soon after."""
        ...


class Straight:
    """An operation's results past every queue and task: framed once, left to the transport, its buffer watched."""

    __slots__ = ("before", "direct", "most")

    def __init__(self, direct: Direct, before: bytes, most: int) -> None:
        self.direct, self.before, self.most = direct, before, most

    def __call__(self, result: bytes) -> bool:
        self.direct.write_text(self.before, result, b"}")
        return self.direct.unread() <= self.most


class Outlet:
    __slots__ = ("closed", "direct", "send", "stall_seconds", "unread_bytes")

    def __init__(self, scope: Scope, send: Send, unread_bytes: int, stall_seconds: float) -> None:
        self.direct: Direct | None = (scope.get("extensions") or {}).get("lockyard.direct")
        self.send, self.unread_bytes, self.stall_seconds = send, unread_bytes, stall_seconds
        self.closed = False

    async def text(self, data: bytes) -> None:
        """Send or raise: a peer that does not read is given up, never buffered for without bound."""
        direct = self.direct
        if direct is None:
            await self.message({"type": "websocket.send", "text": data.decode()})
            return
        direct.write_text(data)
        if direct.unread() > self.unread_bytes:
            raise ClosedError(Close.TOO_SLOW, "Too slow")

    def sink(self, before: bytes) -> Straight | None:
        """For results that follow `before` in their message; None where frames cannot go straight to the transport."""
        return None if self.direct is None else Straight(self.direct, before, self.unread_bytes)

    async def close(self, code: Close, reason: str) -> None:
        if self.closed:
            return
        self.closed = True
        # A close frame carries at most 123 bytes of reason.
        short = reason.encode()[:120].decode(errors="ignore")
        if self.direct is not None:
            self.direct.drop(int(code), short)
            return
        with suppress(ClosedError):
            await self.message({"type": "websocket.close", "code": int(code), "reason": short})

    async def message(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self.stall_seconds):
                await self.send(message)
        except TimeoutError:
            raise ClosedError(Close.TOO_SLOW, "Too slow") from None
        except (OSError, RuntimeError):
            # Gone or closing already: the receiving side is told of it and ends the conversation.
            self.closed = True
