"""A small world behind the real transports: graphql-core executes, two tokens sign in."""

import asyncio
import contextlib
import resource
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from inspect import isawaitable

import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, build_schema, execute, get_variable_values, subscribe
from starlette.applications import Starlette
from starlette.requests import Request as HTTPRequest
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

from app.kit.edge import KnownHosts, SecurityHeaders, Shortcut
from app.kit.server import Server, make_server
from schema.documents import Document, Persisted, digest
from schema.engine import Caller, Request, Sink
from schema.errors import present
from schema.misfits import unfit
from schema.transport.access import Authenticate, Credentials, Settings
from schema.transport.closing import Close, ClosedError
from schema.transport.mount import mount

SDL = """
type Query {
  viewer: Viewer!
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  sites(first: Int, after: String): SiteConnection!
  broken: String
  slow(seconds: Float!): Boolean
}
interface Node { id: ID! }
type Viewer { name: String! }
type Site implements Node { id: ID! name: String! banks(first: Int, after: String): BankConnection! }
type Bank implements Node { id: ID! label: String! site: Site! }
type SiteConnection { edges: [SiteEdge!]! pageInfo: PageInfo! }
type SiteEdge { cursor: String! node: Site! }
type BankConnection { edges: [BankEdge!]! pageInfo: PageInfo! }
type BankEdge { cursor: String! node: Bank! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
type Mutation { signIn(email: String!, password: String!): SignInPayload, rename(name: String!): String!, signOut: Boolean! }
type SignInPayload { token: String! viewer: Viewer! secretOfTheHouse: String }
type Subscription { lagging: Int, countdown(from: Int!): Int!, doorAlarms: DoorAlarm!, flood(size: Int!): String!, broken: Int }
type DoorAlarm { seq: Int! }
"""  # noqa: E501

SCHEMA = build_schema(SDL)
SITES = 14
PERSISTED = "query Board { sites(first: 1) { edges { node { name } } } }"


def site(number: int) -> dict[str, object]:
    here: dict[str, object] = {"__typename": "Site", "id": f"Site:{number}", "name": f"site {number}"}
    return here | {"banks": lambda _info, first=20, **_: page([bank(n, here) for n in range(min(first, 2))])}


def bank(number: int, of: dict[str, object]) -> dict[str, object]:
    return {"__typename": "Bank", "id": f"Bank:{number}", "label": f"bank {number}", "site": lambda _info: site(1) | of}


def page(nodes: list[dict[str, object]], start: int = 0, of: int = 0) -> dict[str, object]:
    edges = [{"cursor": str(start + place), "node": node} for place, node in enumerate(nodes)]
    end = start + len(nodes)
    info = {"hasNextPage": end < of, "hasPreviousPage": start > 0, "startCursor": str(start), "endCursor": str(end - 1)}
    return {"edges": edges, "pageInfo": info}


class Root:
    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.viewer = {"name": caller.fingerprint}

    def node(self, _info: object, id: str) -> object:
        return site(1) if id == "Site:1" else None

    def nodes(self, _info: object, ids: list[str]) -> object:
        return [None for _ in ids]

    def sites(self, _info: object, first: int | None = 20, after: str | None = None) -> object:
        start = int(after) + 1 if after else 0
        return page([site(number) for number in range(start, min(start + (first or 20), SITES))], start, SITES)

    def broken(self, _info: object) -> str:
        raise RuntimeError("postgresql://secret@db is down")

    async def slow(self, _info: object, seconds: float) -> bool:
        await asyncio.sleep(seconds)
        return True

    def signIn(self, _info: object, email: str, password: str) -> object:  # noqa: N802
        if password != "good":
            raise GraphQLError("wrong e-mail or password", extensions={"code": "FORBIDDEN"})
        return {"token": "token-a", "viewer": {"name": email}}

    def rename(self, _info: object, name: str) -> str:
        return name

    def signOut(self, _info: object) -> bool:  # noqa: N802
        self.caller.revoked.set()
        return True


async def countdown(_root: object, _info: object, **arguments: int) -> AsyncIterator[dict[str, int]]:
    for number in range(arguments["from"], 0, -1):
        yield {"countdown": number}
        await asyncio.sleep(0.01)


async def door_alarms(_root: object, _info: object) -> AsyncIterator[dict[str, object]]:
    number = 0
    while True:
        number += 1
        yield {"doorAlarms": {"seq": number}}
        await asyncio.sleep(0.3)


async def flood(_root: object, _info: object, size: int) -> AsyncIterator[dict[str, str]]:
    while True:
        yield {"flood": "x" * size}
        await asyncio.sleep(0.001)


async def broken(_root: object, _info: object) -> AsyncIterator[dict[str, int]]:
    yield {"broken": 1}
    raise RuntimeError("postgresql://secret@db is down")


async def lagging(_root: object, _info: object) -> AsyncIterator[dict[str, int]]:
    yield {"lagging": 1}
    raise ClosedError(Close.TOO_SLOW, "Too slow")


for name, source in {
    "countdown": countdown,
    "doorAlarms": door_alarms,
    "flood": flood,
    "broken": broken,
    "lagging": lagging,
}.items():
    SCHEMA.subscription_type.fields[name].subscribe = source  # type: ignore[union-attr]


@dataclass
class ToyEngine:
    schema: GraphQLSchema = field(default_factory=lambda: SCHEMA)
    closed_streams: int = 0

    async def run(self, document: Document, request: Request, caller: Caller, trace_id: str) -> bytes:
        self.check(document, request)
        result = execute(
            self.schema, document.ast, Root(caller), None, request.variables, operation_name=request.operation_name
        )
        return finished(await result if isawaitable(result) else result, trace_id)

    async def stream(
        self,
        document: Document,
        request: Request,
        caller: Caller,
        trace_id: str,
        sink: Sink | None = None,  # noqa: ARG002 - nothing is told to many here
    ) -> AsyncGenerator[bytes, None]:
        self.check(document, request)
        results = subscribe(
            self.schema, document.ast, Root(caller), None, request.variables, operation_name=request.operation_name
        )
        results = await results if isawaitable(results) else results
        if isinstance(results, ExecutionResult):
            yield finished(results, trace_id)
            return
        try:
            async for result in results:
                yield finished(result, trace_id)
        finally:
            self.closed_streams += 1
            if isinstance(results, AsyncGenerator):
                await results.aclose()

    def check(self, document: Document, request: Request) -> None:
        definitions = document.operation(request.operation_name).node.variable_definitions or ()
        values = get_variable_values(self.schema, definitions, request.variables, hide_suggestions=True)
        if isinstance(values, list):
            raise unfit(values)


def finished(result: ExecutionResult, trace_id: str) -> bytes:
    content: dict[str, object] = {"data": result.data}
    if result.errors:
        content["errors"] = [present(error, trace_id) for error in result.errors]
    return orjson.dumps(content)


@dataclass
class ToyCaller:
    fingerprint: str
    is_anonymous: bool = False
    expires_at: datetime | None = None
    revoked: asyncio.Event = field(default_factory=asyncio.Event)
    may_return: bool = False


def door(callers: dict[str, ToyCaller]) -> Authenticate:
    async def authenticate(credentials: Credentials) -> Caller | None:
        await asyncio.sleep(0)
        token = credentials.bearer or credentials.cookie("session") or ""
        if token == "token-short":
            return ToyCaller("short", expires_at=datetime.now(UTC) + timedelta(seconds=1))
        if token == "token-once":
            return ToyCaller("once")
        return callers.get(token)

    return authenticate


async def front(_request: HTTPRequest) -> HTMLResponse:
    return HTMLResponse("<!doctype html><html lang=en><title>Toy</title><main>Toy</main></html>")


async def missing(_request: HTTPRequest, _error: Exception) -> PlainTextResponse:
    return PlainTextResponse("not here", 404)


def toy_server(port: int = 0, settings: Settings | None = None) -> Server:
    callers = {f"token-{name}": ToyCaller(name) for name in "abc"}
    persisted = Persisted({digest(PERSISTED): PERSISTED})
    engine = ToyEngine()
    mounted = mount(engine, door(callers), persisted=persisted, settings=settings)

    async def revoke(request: HTTPRequest) -> PlainTextResponse:
        """`changed`: the token is good for other rights."""
        token = request.query_params["token"]
        revoked = callers[token]
        revoked.may_return = "changed" in request.query_params
        if revoked.may_return:
            callers[token] = ToyCaller(revoked.fingerprint)
        revoked.revoked.set()
        return PlainTextResponse("done")

    async def facts(_request: HTTPRequest) -> PlainTextResponse:
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        counts = (len(mounted.websocket.sockets), engine.closed_streams, len(mounted.streams.open), memory)
        return PlainTextResponse(" ".join(map(str, counts)))

    routes = [
        Route("/revoke", revoke),
        Route("/facts", facts),
        Route("/", front),
    ]
    app = Starlette(routes=routes, exception_handlers={404: missing})
    outermost = KnownHosts(SecurityHeaders(Shortcut(app, mounted.paths("/graphql"))))
    return make_server(outermost, host="127.0.0.1", port=port, before_shutdown=[mounted.close])


def main(port: int) -> None:
    server = toy_server(port)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()


if __name__ == "__main__":
    main(int(sys.argv[1]))
