"""Strawberry's own handler, as its documentation shows it: one queue a subscriber, events from memory. POST /emit sends one."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator

import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from strawberry.asgi import GraphQL
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

queues: set["asyncio.Queue[AlarmEvent]"] = set()


@strawberry.type
class Site:
    name: str


@strawberry.type
class Compartment:
    label: str


@strawberry.type
class Alarm:
    id: strawberry.ID
    kind: str
    severity: str
    detail: str
    raised_at: str
    site: Site
    compartment: Compartment | None


@strawberry.type
class AlarmEvent:
    cursor: str
    kind: str
    alarm: Alarm


@strawberry.type
class ResyncRequiredEvent:
    cursor: str
    message: str


@strawberry.type
class Query:
    ok: bool = True


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def alarms(self) -> AsyncGenerator[AlarmEvent | ResyncRequiredEvent, None]:
        queue: asyncio.Queue[AlarmEvent] = asyncio.Queue()
        queues.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            queues.discard(queue)


ALARM = Alarm(
    id=strawberry.ID("QWxhcm06MQ=="), kind="FORCED_OPEN", severity="CRITICAL", detail="Door 14 opened without a command.",
    raised_at="2026-11-20T12:00:00.000000Z", site=Site(name="Harbour North"), compartment=Compartment(label="14"),
)  # fmt: skip


async def emit(_request: Request) -> PlainTextResponse:
    event = AlarmEvent(cursor="1", kind="AlarmRaised", alarm=ALARM)
    for queue in queues:
        queue.put_nowait(event)
    return PlainTextResponse("ok")


def main() -> None:
    schema = strawberry.Schema(query=Query, subscription=Subscription)
    graphql = GraphQL[None, None](schema, subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,))
    app = Starlette(routes=[Route("/emit", emit, methods=["POST"]), WebSocketRoute("/graphql", graphql)])
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
    config = uvicorn.Config(app, log_level="warning", ws_per_message_deflate=False)
    asyncio.run(uvicorn.Server(config).serve([listening]))


if __name__ == "__main__":
    main()
