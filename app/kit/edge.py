"""The outermost layer of the web process: whether it is open, the hosts it answers for, the headers of all answers."""

from collections.abc import Iterable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)

SECURITY_HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    # Browsers ignore it over plain HTTP, so it may always be sent.
    "strict-transport-security": "max-age=63072000; includeSubDomains; preload",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

_ALIVE = b'{"status":"ok"}'
_NOT_READY = b'{"error":{"code":"NOT_READY","message":"Starting; the database does not answer yet."}}'

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})


class SecurityHeaders:
    """Adds each header an answer does not set itself."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str] = SECURITY_HEADERS) -> None:
        self.app = app
        self.headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.lines = b"".join(b"%b: %b\r\n" % header for header in self.headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        # For who writes its answer past `send`, with `lockyard.finish`.
        scope["lockyard.headers"] = self.lines

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message.get("headers") or []
                present = {name.lower() for name, _ in given}
                message["headers"] = [*given, *(header for header in self.headers if header[0] not in present)]
            await send(message)

        await self.app(scope, receive, send_with)


class Shortcut:
    """Exact paths first: a router tries its routes one by one, and wraps each in two error handlers."""

    def __init__(self, otherwise: ASGIApp, paths: Mapping[tuple[str, str], ASGIApp]) -> None:
        """`paths` is by scope type and path: ("http", "/graphql")."""
        self.otherwise, self.paths = otherwise, dict(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.paths.get((scope["type"], scope.get("path", "")), self.otherwise)(scope, receive, send)


class KnownHosts:
    """Refuses requests for other hosts: a page of a rebound name must not reach us as its own origin."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = LOCAL_HOSTS) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or self.knows(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"20")]
            await send({"type": "http.response.start", "status": 421, "headers": headers})
            await send({"type": "http.response.body", "body": b"Misdirected request\n"})

    def knows(self, scope: Scope) -> bool:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1").lower()
        name, colon, port = host.rpartition(":")
        return host in self.hosts or (bool(colon) and port.isdecimal() and name in self.hosts)


class Gate:
    """Closed while the process starts: it says that it lives, and to everything else that it is not ready yet."""

    def __init__(self) -> None:
        self.app: ASGIApp = SecurityHeaders(_closed)

    def open(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


async def _closed(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1013, "reason": "Try again later"})
    elif scope["type"] == "http":
        alive = scope["path"] == "/healthz"
        body = _ALIVE if alive else _NOT_READY
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        headers += [(b"content-length", b"%d" % len(body)), *([] if alive else [(b"retry-after", b"1")])]
        await send({"type": "http.response.start", "status": 200 if alive else 503, "headers": headers})
        await send({"type": "http.response.body", "body": body})
