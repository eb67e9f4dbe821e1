"""uvicorn with what it lacks: deadlines for receiving and sending, header limits, a shutdown that ends streams."""

import asyncio
import socket
from collections.abc import Callable, Iterable
from typing import cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn._types import ASGIApplication
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

CUT_SECONDS = 2.0
GRACE_SECONDS = 7

MAX_HEADERS = 100
MAX_HEAD_BYTES = 32_768
MAX_URL_BYTES = 16_384
MAX_MESSAGE_BYTES = 65_536


class RefusedError(Exception):
    """Raised inside a parser callback: uvicorn answers 400 and closes."""


class Stall:
    """Cuts a connection whose peer takes nothing of what is written to it."""

    def __init__(self, transport: asyncio.Transport, seconds: float) -> None:
        self.transport, self.seconds = transport, seconds
        self.unread = 0
        self.timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        self.unread = self.transport.get_write_buffer_size()
        self.timer = asyncio.get_running_loop().call_later(self.seconds, self.look)

    def look(self) -> None:
        """Slow is not stalled: while the buffer shrinks the peer may take its time."""
        if self.transport.get_write_buffer_size() < self.unread:
            self.begin()
        else:
            self.transport.abort()

    def end(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class GuardedHTTP(HttpToolsProtocol):
    # A client that needs longer is broken or hostile; uvicorn itself would wait for ever.
    head_seconds = 10.0
    body_seconds = 30.0
    stall_seconds = 20.0
    deadline: asyncio.TimerHandle | None = None
    in_head = True
    head_bytes = 0
    stall: Stall

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.stall = Stall(transport, self.stall_seconds)
        self.arm(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self.disarm()
        self.stall.end()
        super().connection_lost(exc)

    def arm(self, seconds: float) -> None:
        """A deadline for the whole of what is awaited: a byte now and then does not put it off."""
        self.disarm()
        self.deadline = self.loop.call_later(seconds, self.transport.abort)

    def disarm(self) -> None:
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None

    def data_received(self, data: bytes) -> None:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if self.deadline is None and (cycle is None or cycle.response_complete):
            # The first byte of a further request on a kept connection.
            self.in_head = True
            self.arm(self.head_seconds)
        if self.in_head:
            self.head_bytes += len(data)
        super().data_received(data)
        if self.in_head and self.head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("Request headers are too large.")

    def on_message_begin(self) -> None:
        self.in_head = True
        if self.deadline is None:
            self.arm(self.head_seconds)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_URL_BYTES:
            raise RefusedError("URL too long")

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        if len(self.headers) > MAX_HEADERS:
            raise RefusedError("too many headers")

    def on_headers_complete(self) -> None:
        self.check_head()
        self.in_head, self.head_bytes = False, 0
        self.arm(self.body_seconds)
        super().on_headers_complete()

    def check_head(self) -> None:
        names = [name for name, _ in self.headers]
        size = sum(len(name) + len(value) for name, value in self.headers)
        version = self.parser.get_http_version()
        # Two hosts or two ways to frame a body are how one server is made to see another request than the next.
        if version not in ("1.0", "1.1") or (names.count(b"host") != 1 and version == "1.1"):
            raise RefusedError("not one host")
        if size > MAX_HEAD_BYTES or names.count(b"content-length") + names.count(b"transfer-encoding") > 1:
            raise RefusedError("ambiguous or too large")

    def on_message_complete(self) -> None:
        self.disarm()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self.disarm()
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        self.stall.begin()
        super().pause_writing()

    def resume_writing(self) -> None:
        self.stall.end()
        super().resume_writing()


class DirectWebSocket(WebSocketsSansIOProtocol):
    """Lets the application write finished frames to the transport: `scope["extensions"]["lockyard.direct"]`."""

    def handle_connect(self, event) -> None:  # type: ignore[no-untyped-def]
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["extensions"]["lockyard.direct"] = self  # type: ignore[assignment]

    def write_text(self, data: bytes) -> None:
        """One unfragmented, uncompressed text frame (RFC 6455, section 5.2)."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        size = len(data)
        if size < 126:
            head = bytes((0x81, size))
        elif size < 65_536:
            head = b"\x81\x7e" + size.to_bytes(2, "big")
        else:
            head = b"\x81\x7f" + size.to_bytes(8, "big")
        self.transport.write(head + data)

    def unread(self) -> int:
        return self.transport.get_write_buffer_size()

    def drop(self, code: int, reason: str) -> None:
        """Close without waiting for a peer that may not be reading, and cut soon after."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(CUT_SECONDS, self.transport.abort)

    def shutdown(self) -> None:
        super().shutdown()
        self.loop.call_later(CUT_SECONDS, self.transport.abort)


class Server(uvicorn.Server):
    """`before_shutdown` is called first, to end what would otherwise never end by itself."""

    def __init__(self, config: uvicorn.Config, before_shutdown: Iterable[Callable[[], None]] = ()) -> None:
        super().__init__(config)
        self.before_shutdown = tuple(before_shutdown)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for call in self.before_shutdown:
            call()
        await super().shutdown(sockets)


def make_server(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    before_shutdown: Iterable[Callable[[], None]] = (),
    http: type[GuardedHTTP] = GuardedHTTP,
    backlog: int = 2_048,
) -> Server:
    """Sockets close with 1012 at SIGTERM and the process ends within ten seconds."""
    config = uvicorn.Config(
        cast("ASGIApplication", app),
        host=host,
        port=port,
        http=http,
        ws=DirectWebSocket,
        ws_max_size=MAX_MESSAGE_BYTES,
        # Thirty kilobytes a connection for compression would halve the sockets one process can hold.
        ws_per_message_deflate=False,
        ws_ping_interval=30.0,
        ws_ping_timeout=30.0,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=backlog,
        # Behind a proxy the proxy's word is only taken where the operator says so, by FORWARDED_ALLOW_IPS of uvicorn.
        proxy_headers=False,
        server_header=False,
        log_config=None,
        access_log=False,
    )
    return Server(config, before_shutdown)
