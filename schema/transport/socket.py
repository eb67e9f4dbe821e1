"""One graphql-transport-ws conversation: messages in, operations running, frames out."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import aclosing, suppress

import orjson
from graphql import OperationType
from starlette.types import Message, Receive

from schema.engine import Caller, Request
from schema.errors import Code, RequestError, listed, log, refusal
from schema.transport import message as wire
from schema.transport.access import Authenticate, Credentials, ended
from schema.transport.closing import Close, ClosedError
from schema.transport.outlet import Outlet
from schema.transport.pipeline import Pipeline, Prepared, new_trace_id

PONG = b'{"type":"pong"}'
ACK = b'{"type":"connection_ack"}'
MAX_ID = 256


class GoneError(Exception):
    """The client has left."""


class Socket:
    __slots__ = (
        "allowance", "authenticate", "caller", "counted_at", "headers", "operations", "outlet", "pipeline", "receive",
    )  # fmt: skip

    def __init__(
        self, pipeline: Pipeline, authenticate: Authenticate, headers: dict[str, str], receive: Receive, outlet: Outlet
    ) -> None:
        self.pipeline, self.authenticate, self.headers = pipeline, authenticate, headers
        self.receive, self.outlet = receive, outlet
        self.caller: Caller | None = None
        self.operations: dict[str, asyncio.Task[None]] = {}
        self.allowance = float(pipeline.settings.messages_at_once)
        self.counted_at = time.monotonic()

    async def converse(self) -> None:
        """Until either side has had enough."""
        try:
            try:
                await self.greet()
                while True:
                    await self.take(await self.next_message())
            except ClosedError as closed:
                await self.outlet.close(closed.code, closed.reason)
            except GoneError:
                pass
        finally:
            await self.stop_all()

    async def greet(self) -> None:
        """Everything before the acknowledgement, which must come in time however many pings are sent meanwhile."""
        try:
            async with asyncio.timeout(self.pipeline.settings.init_seconds):
                while (message := await self.next_message())["type"] != "connection_init":
                    if message["type"] == "subscribe":
                        raise ClosedError(Close.UNAUTHORIZED, "Unauthorized")
                    await self.take(message)
        except TimeoutError:
            raise ClosedError(Close.INIT_TIMEOUT, "Connection initialisation timeout") from None
        self.caller = await self.admit(message.get("payload"))
        self.headers = {}  # not needed again, and there are thousands of sockets
        await self.outlet.text(ACK)

    async def admit(self, payload: object) -> Caller:
        if payload is not None and not isinstance(payload, dict):
            raise ClosedError(Close.BAD_MESSAGE, "Invalid connection_init payload")
        try:
            caller = await self.authenticate(Credentials(self.headers, payload))
        except Exception:  # noqa: BLE001 - whatever it is, the client must hear a close code of ours
            log.exception("authentication of a socket failed")
            raise ClosedError(Close.FAULT, "Internal server error") from None
        if caller is None or caller.is_anonymous or ended(caller):
            raise ClosedError(Close.FORBIDDEN, "Forbidden")
        return caller

    async def next_message(self) -> dict[str, object]:
        received = await self.receive()
        if received["type"] == "websocket.disconnect":
            raise GoneError
        self.count()
        return parsed(received, self.pipeline.settings.message_bytes)

    def count(self) -> None:
        """A bucket of messages that refills with time."""
        settings, now = self.pipeline.settings, time.monotonic()
        refilled = self.allowance + (now - self.counted_at) * settings.messages_per_second
        self.allowance, self.counted_at = min(refilled, settings.messages_at_once) - 1, now
        if self.allowance < 0:
            raise ClosedError(Close.TOO_MANY, "Too many messages")

    async def take(self, message: Mapping[str, object]) -> None:
        match message["type"]:
            case "ping" | "pong" if not isinstance(message.get("payload") or {}, dict):
                raise ClosedError(Close.BAD_MESSAGE, "Invalid payload")
            case "ping":
                await self.outlet.text(PONG)
            case "pong":
                pass
            case "subscribe":
                self.subscribe(identity(message), message.get("payload"))
            case "complete":
                self.complete(identity(message))
            case "connection_init":
                raise ClosedError(Close.TOO_MANY, "Too many initialisation requests")
            case _:
                raise ClosedError(Close.BAD_MESSAGE, "Invalid message type")

    def subscribe(self, id: str, payload: object) -> None:
        if not isinstance(payload, dict):
            raise ClosedError(Close.BAD_MESSAGE, "Invalid subscribe payload")
        if id in self.operations:
            raise ClosedError(Close.DUPLICATE, f"Subscriber for {id} already exists")
        request = self.request(payload)
        self.operations[id] = asyncio.ensure_future(self.operate(id, request, len(self.operations)))

    def request(self, payload: dict[str, object]) -> Request:
        try:
            request = wire.from_object(payload, self.pipeline.settings.variables_nesting)
        except RequestError as error:
            raise ClosedError(Close.BAD_MESSAGE, str(error)) from None
        if request.query is None and request.document_id is None and "persistedQuery" not in request.extensions:
            raise ClosedError(Close.BAD_MESSAGE, "Invalid subscribe payload")
        return request

    def complete(self, id: str) -> None:
        """The client wants no more of it. A mutation that has begun is finished all the same, unheard."""
        task = self.operations.pop(id, None)
        if task is not None:
            task.cancel()

    async def operate(self, id: str, request: Request, running: int) -> None:
        """One operation from subscribe to its last word."""
        trace_id, name = new_trace_id(), orjson.dumps(id)
        try:
            ready = await self.prepare(request, running)
            await self.perform(ready, name, trace_id)
            last = b'{"id":%b,"type":"complete"}' % name
        except RequestError as error:
            last = b'{"id":%b,"type":"error","payload":%b}' % (name, listed(error.errors, trace_id))
        except ClosedError as closed:
            await self.outlet.close(closed.code, closed.reason)
            return
        # The id is free before the client can know that it is.
        if self.operations.pop(id, None) is not None:
            with suppress(ClosedError):
                await self.outlet.text(last)

    async def dismiss(self, end: ClosedError) -> None:
        """The caller's rights have ended; the conversation does too."""
        await self.outlet.close(end.code, end.reason)

    async def prepare(self, request: Request, running: int) -> Prepared:
        most = self.pipeline.settings.operations
        if running >= most:
            raise refusal(Code.OVERLOADED, f"at most {most} operations at once on one socket")
        return await self.pipeline.prepare(request)

    async def perform(self, ready: Prepared, name: bytes, trace_id: str) -> None:
        caller = self.caller
        assert caller is not None, "operations start after the acknowledgement"
        before = b'{"id":%b,"type":"next","payload":' % name
        if ready.kind is OperationType.QUERY:
            await self.outlet.text(before + await self.pipeline.run(ready, caller, trace_id) + b"}")
        elif ready.kind is OperationType.MUTATION:
            await self.outlet.text(before + await asyncio.shield(self.pipeline.run(ready, caller, trace_id)) + b"}")
        else:
            async with aclosing(self.pipeline.stream(ready, caller, trace_id, self.outlet.sink(before))) as results:
                async for result in results:
                    if caller.revoked.is_set():
                        break
                    await self.outlet.text(b"".join((before, result, b"}")))
            end = ended(caller)
            if end is not None:
                raise end

    async def stop_all(self) -> None:
        tasks = list(self.operations.values())
        self.operations.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def parsed(received: Message, most: int) -> dict[str, object]:
    """A JSON object with a type, or the close code for what it is instead."""
    text = received.get("text")
    if text is None or len(text) > most:
        raise ClosedError(Close.BAD_MESSAGE, "Invalid message")
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ClosedError(Close.BAD_MESSAGE, "Message is not JSON") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ClosedError(Close.BAD_MESSAGE, "Invalid message")
    return message


def identity(message: Mapping[str, object]) -> str:
    id = message.get("id")
    if not isinstance(id, str) or not 0 < len(id) <= MAX_ID:
        raise ClosedError(Close.BAD_MESSAGE, "Invalid id")
    return id
