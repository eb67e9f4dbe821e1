"""uvicorn with what it lacks: deadlines for receiving and sending, header limits, a shutdown that ends streams."""

import asyncio
import ctypes
import gc
import socket
import time
from collections.abc import Callable, Iterable
from typing import cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn._types import ASGIApplication
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

CUT_SECONDS = 2.0
GRACE_SECONDS = 7

MAX_HEADERS = 100
MAX_HEAD_BYTES = 32_768
MAX_URL_BYTES = 16_384
MAX_MESSAGE_BYTES = 65_536
FRAMING = (b"content-length", b"transfer-encoding")


class RefusedError(Exception):
    """Raised inside a parser callback: uvicorn answers 400 and closes."""


class GuardedHTTP(HttpToolsProtocol):
    """Deadlines are looked at by the server twice a second: a timer of its own for each would cost every request three
    readings of the clock, a tenth of what serving it costs.
    """

    # A client that needs longer is broken or hostile; uvicorn itself would wait for ever.
    head_seconds = 10.0
    body_seconds = 30.0
    idle_seconds = 20.0
    stall_seconds = 20.0

    now = 0.0  # of all connections, set by the server
    deadline: float | None = None
    stalled_at: float | None = None
    unread = 0
    in_head = True
    head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.arm(self.head_seconds)

    def arm(self, seconds: float) -> None:
        """A deadline for the whole of what is awaited: a byte now and then does not put it off."""
        self.deadline = GuardedHTTP.now + seconds

    def look(self, now: float) -> None:
        """Cut what is overdue. A slow reader may take its time, as long as it takes something."""
        if self.deadline is not None and now > self.deadline:
            self.transport.abort()
        elif self.stalled_at is not None and now > self.stalled_at + self.stall_seconds:
            left = self.transport.get_write_buffer_size()
            if left >= self.unread:
                self.transport.abort()
            self.stalled_at, self.unread = now, left

    def data_received(self, data: bytes) -> None:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if not self.in_head and (cycle is None or cycle.response_complete):
            # The first byte of a further request on a kept connection.
            self.in_head = True
            self.arm(self.head_seconds)
        if self.in_head:
            self.head_bytes += len(data)
        super().data_received(data)
        if self.in_head and self.head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("Request headers are too large.")

    def on_message_begin(self) -> None:
        if not self.in_head:
            self.in_head = True
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
        if not self.parser.should_upgrade():
            finish = Finish(self.cycle, self.server_state.default_headers)
            self.scope["extensions"] = cast("dict[str, dict[object, object]]", {"lockyard.finish": finish})

    def check_head(self) -> None:
        hosts = framings = size = 0
        for name, value in self.headers:
            size += len(name) + len(value)
            hosts += name == b"host"
            framings += name in FRAMING
        version = self.parser.get_http_version()
        # Two hosts or two ways to frame a body are how one server is made to see another request than the next.
        if version not in ("1.0", "1.1") or (hosts != 1 and version == "1.1"):
            raise RefusedError("not one host")
        if size > MAX_HEAD_BYTES or framings > 1:
            raise RefusedError("ambiguous or too large")

    def on_message_complete(self) -> None:
        self.deadline = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """As uvicorn's, with the idle deadline in place of a timer."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif not self.in_head and self.deadline is None:
            self.arm(self.idle_seconds)

    def pause_writing(self) -> None:
        self.stalled_at, self.unread = GuardedHTTP.now, self.transport.get_write_buffer_size()
        super().pause_writing()

    def resume_writing(self) -> None:
        self.stalled_at = None
        super().resume_writing()


class Finish:
    """Writes a whole answer at once: `scope["extensions"]["lockyard.finish"]`. Two writes would be two system calls."""

    __slots__ = ("cycle", "defaults")

    def __init__(self, cycle: RequestResponseCycle, defaults: list[tuple[bytes, bytes]]) -> None:
        self.cycle, self.defaults = cycle, defaults

    def __call__(self, status: int, head: bytes, body: bytes) -> bool:
        """`head` is the finished header lines. False: nothing was done, use `send`."""
        cycle = self.cycle
        if cycle.response_started or cycle.flow.write_paused or cycle.disconnected or cycle.scope["method"] == "HEAD":
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        lines = [STATUS_LINE[status], *(b"%b: %b\r\n" % header for header in self.defaults), head]
        lines += [b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n", body]
        cycle.transport.write(b"".join(lines))
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True


class DirectWebSocket(WebSocketsSansIOProtocol):
    """Lets the application write finished frames to the transport: `scope["extensions"]["lockyard.direct"]`."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["extensions"]["lockyard.direct"] = self  # type: ignore[assignment]

    def write_text(self, *parts: bytes) -> None:
        """One unfragmented, uncompressed text frame (RFC 6455, section 5.2) of the joined parts."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        size = sum(map(len, parts))
        if size < 126:
            head = bytes((0x81, size))
        elif size < 65_536:
            head = b"\x81\x7e" + size.to_bytes(2, "big")
        else:
            head = b"\x81\x7f" + size.to_bytes(8, "big")
        self.transport.write(b"".join((head, *parts)))

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

    def cut_soon(self) -> None:
        """Closing waits for what is still to be written, and a peer that reads nothing would keep us waiting."""
        self.loop.call_later(CUT_SECONDS, self.transport.abort)

    def handle_close(self, event: Frame) -> None:
        super().handle_close(event)
        self.cut_soon()

    def shutdown(self) -> None:
        super().shutdown()
        self.cut_soon()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.cut_soon()


class Server(uvicorn.Server):
    """`before_shutdown` is called first, to end what would otherwise never end by itself."""

    def __init__(self, config: uvicorn.Config, before_shutdown: Iterable[Callable[[], None]] = ()) -> None:
        super().__init__(config)
        self.before_shutdown = tuple(before_shutdown)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        GuardedHTTP.now = time.monotonic()
        calm_collector()
        await super().startup(sockets)

    async def on_tick(self, counter: int) -> bool:
        now = GuardedHTTP.now = time.monotonic()
        if counter % 5 == 0:
            for connection in list(self.server_state.connections):
                if isinstance(connection, GuardedHTTP):
                    connection.look(now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for call in self.before_shutdown:
            call()
        await super().shutdown(sockets)


def calm_collector() -> None:
    """With ten thousand sockets open the default pace spends a third of each broadcast looking for garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    give_back()


def give_back() -> None:
    """What starting needed once goes back to the system; glibc alone keeps it otherwise, and has the word for it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def make_server(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    before_shutdown: Iterable[Callable[[], None]] = (),
    http: type[GuardedHTTP] = GuardedHTTP,
    trusted_proxies: str = "",
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
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=backlog,
        # Nobody's word about where a request comes from is taken, unless the operator named the proxy's address.
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies,
        server_header=False,
        log_config=None,
        access_log=False,
    )
    return Server(config, before_shutdown)
