"""graphql-sse in distinct connections mode: `next` events, one `complete`, comments as heartbeat."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from graphql import OperationType

from schema.engine import Caller
from schema.errors import RequestError, body
from schema.transport.access import Settings, ended
from schema.transport.pipeline import Pipeline, Prepared
from schema.transport.wire import Exchange, until_gone

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"vary", b"accept, authorization, cookie"),
]
# EventSource only hands on events that carry data.
COMPLETE = b"event: complete\ndata: \n\n"
HEARTBEAT = b":\n\n"


class Streams:
    """Every event stream of this process; `close` ends them all, before the server stops."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.open: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        for task in self.open:
            task.cancel()

    async def serve(self, pipeline: Pipeline, ready: Prepared, caller: Caller, exchange: Exchange) -> None:
        await self.start(exchange)
        task = asyncio.ensure_future(self.pump(results(pipeline, ready, caller, exchange.trace_id), caller, exchange))
        gone = asyncio.ensure_future(until_gone(exchange.receive))
        self.open.add(task)
        try:
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.open.discard(task)
            gone.cancel()
            task.cancel()
            await asyncio.gather(task, gone, return_exceptions=True)
        await self.finish(exchange)

    async def finish(self, exchange: Exchange) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.settings.stall_seconds):
                await exchange.send({"type": "http.response.body", "body": b""})

    async def start(self, exchange: Exchange) -> None:
        headers = [*HEADERS, (b"x-trace-id", exchange.trace_id.encode())]
        await exchange.send({"type": "http.response.start", "status": 200, "headers": headers})
        await self.write(exchange, HEARTBEAT)

    async def pump(self, items: AsyncGenerator[bytes, None], caller: Caller, exchange: Exchange) -> None:
        """From the results to the socket, with a comment whenever nothing happened for a while.

        A stream that is cut off has no `complete`: its client comes back, resumes, or learns that it must sign in.
        """
        silence = 0.0
        async with aclosing(items):
            coming = asyncio.ensure_future(anext(items, None))
            try:
                while ended(caller) is None:
                    done, _ = await asyncio.wait({coming}, timeout=self.settings.watch_seconds)
                    silence = 0.0 if done else silence + self.settings.watch_seconds
                    if done:
                        item = coming.result()
                        if ended(caller) is not None:
                            break
                        if item is None:
                            await self.write(exchange, COMPLETE)
                            break
                        await self.write(exchange, b"event: next\ndata: " + item.replace(b"\n", b" ") + b"\n\n")
                        coming = asyncio.ensure_future(anext(items, None))
                    elif silence >= self.settings.heartbeat_seconds:
                        await self.write(exchange, HEARTBEAT)
                        silence = 0.0
            finally:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)

    async def write(self, exchange: Exchange, data: bytes) -> None:
        # A client that does not read is cut off: the stream can be resumed from a cursor, memory cannot.
        async with asyncio.timeout(self.settings.stall_seconds):
            await exchange.send({"type": "http.response.body", "body": data, "more_body": True})

    async def refuse(self, exchange: Exchange, error: RequestError) -> None:
        """An operation that cannot run, said the way graphql-sse says it."""
        await self.start(exchange)
        content = body(error.errors, exchange.trace_id)
        await self.write(exchange, b"event: next\ndata: " + content + b"\n\n" + COMPLETE)
        await self.finish(exchange)


async def results(pipeline: Pipeline, ready: Prepared, caller: Caller, trace_id: str) -> AsyncGenerator[bytes, None]:
    """What there is to tell, whatever the kind of operation; refusals become a last result."""
    try:
        if ready.kind is not OperationType.SUBSCRIPTION:
            yield await pipeline.run(ready, caller, trace_id)
            return
        async with aclosing(pipeline.stream(ready, caller, trace_id)) as items:
            async for item in items:
                yield item
    except RequestError as error:
        yield body(error.errors, trace_id)
