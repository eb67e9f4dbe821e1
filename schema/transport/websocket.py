"""graphql-transport-ws: the endpoint, and the watch over every open socket."""

import asyncio

from starlette.types import Receive, Scope, Send

from schema.transport.access import Authenticate, ended, origin_allowed
from schema.transport.closing import Close
from schema.transport.outlet import Outlet
from schema.transport.pipeline import Pipeline
from schema.transport.socket import Socket
from schema.transport.wire import headers_of

SUBPROTOCOL = "graphql-transport-ws"


class GraphQLWebSocket:
    """An ASGI application for one path."""

    def __init__(self, pipeline: Pipeline, authenticate: Authenticate) -> None:
        self.pipeline, self.authenticate = pipeline, authenticate
        self.settings = pipeline.settings
        self.sockets: set[Socket] = set()
        self.watching: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        await receive()
        if not origin_allowed(headers, self.settings.origins):
            # Refused at the handshake: a foreign page never gets a socket that carries the visitor's cookie.
            await send({"type": "websocket.close", "code": 1008})
            return
        if SUBPROTOCOL not in scope["subprotocols"]:
            await send({"type": "websocket.accept"})
            await send(
                {"type": "websocket.close", "code": int(Close.SUBPROTOCOL), "reason": "Subprotocol not acceptable"}
            )
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        outlet = Outlet(scope, send, self.settings.unread_bytes, self.settings.stall_seconds)
        socket = Socket(self.pipeline, self.authenticate, headers, receive, outlet)
        self.sockets.add(socket)
        self.watch()
        try:
            await socket.converse()
        finally:
            self.sockets.discard(socket)

    def watch(self) -> None:
        """One task for all sockets: ten thousand of their own would cost more than the sockets."""
        if self.watching is None or self.watching.done():
            self.watching = asyncio.ensure_future(self.close_ended())

    async def close_ended(self) -> None:
        while self.sockets:
            await asyncio.sleep(self.settings.watch_seconds)
            for socket in list(self.sockets):
                end = ended(socket.caller) if socket.caller is not None else None
                if end is not None:
                    self.sockets.discard(socket)
                    await socket.dismiss(end)
