"""The web process: the GraphQL API, its live streams, plain doors and the page."""

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import AsyncIterator

import uvloop
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app import wiring
from app.kit import logs
from app.kit.edge import Gate, KnownHosts, SecurityHeaders, Shortcut
from app.kit.server import Server, calm_collector, make_server
from app.kit.settings import Settings
from schema.execution import ORIGIN

log = logging.getLogger("lockyard.web")


def serve(*, host: str | None = None, port: int | None = None) -> None:
    """Until SIGTERM or SIGINT; ends within ten seconds of it. Says on standard output where it listens."""
    given = wiring.settings()
    given = given.model_copy(update={k: v for k, v in (("host", host), ("port", port)) if v is not None})
    logs.configure(given.log_level, given.log_format)
    # It tells of every socket that opens and closes, and there are thousands.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    uvloop.run(_serve(given))


async def _serve(given: Settings) -> None:
    """Listens at once and opens when the database answers: until then it is alive, and says that it is not ready."""
    gate = Gate()
    proxies = ",".join(given.trusted_proxies)
    server = make_server(gate, host=given.host, port=given.port, trusted_proxies=proxies)
    running = asyncio.create_task(server.serve(), name="server")
    building = asyncio.create_task(wiring.web(given), name="start")
    try:
        await asyncio.wait({running, building}, return_when=asyncio.FIRST_COMPLETED)
        if building.done():
            await _open(building.result(), gate, server, running, given)
    finally:
        server.should_exit = True
        building.cancel()
        await running


async def _open(web: wiring.Web, gate: Gate, server: Server, running: "asyncio.Task[None]", given: Settings) -> None:
    try:
        async with beside(web):
            server.before_shutdown = (web.http.streams.close,)
            gate.open(make_app(web))
            calm_collector()
            await asyncio.gather(running, _announce(server, given))
    finally:
        await web.close()


@contextlib.asynccontextmanager
async def beside(web: wiring.Web) -> AsyncIterator[None]:
    """What runs beside the server, while it runs."""
    stop = asyncio.Event()
    tasks = [
        asyncio.create_task(web.bus.run(stop), name="bus"),
        asyncio.create_task(web.hub.run(stop), name="hub"),
        asyncio.create_task(web.authenticator.watch(), name="revocations"),
    ]
    for task in tasks:
        task.add_done_callback(_told)
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait(tasks[:2], timeout=2)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _told(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("%s ended; restart this process", task.get_name(), exc_info=task.exception())


async def _announce(server: Server, given: Settings) -> None:
    while not server.started and not server.should_exit:  # noqa: ASYNC110 - uvicorn tells in no other way
        await asyncio.sleep(0.02)
    ports = [each.getsockname()[1] for one in server.servers for each in one.sockets]
    if ports:
        url = given.public_url or f"http://{given.host}:{ports[0]}"
        sys.stdout.write(json.dumps({"url": url, "port": ports[0]}) + "\n")
        sys.stdout.flush()


def make_app(web: wiring.Web) -> ASGIApp:
    routes = [Route("/graphql", web.http), WebSocketRoute("/graphql", web.sockets), web.mailbox.route()]
    routes += web.doors.routes()
    hot: dict[tuple[str, str], ASGIApp] = {("http", "/graphql"): web.http, ("websocket", "/graphql"): web.sockets}
    return SecurityHeaders(KnownHosts(Traces(Shortcut(Starlette(routes=routes), hot)), web.hosts))


class Traces:
    """Gives each request a trace id, and notes for the record where it came from."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and scope.get("client"):
            ORIGIN.set(str(scope["client"][0]))
        with logs.traced():
            await self.app(scope, receive, send)
