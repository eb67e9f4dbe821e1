"""One stream's end of a topic: a short queue, and an end for whoever does not take what waits in it."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

from app.kit import measures
from schema.engine import Caller, Sink

# Messages waiting for one subscriber. Whoever is further behind is ended and may come back with its cursor.
QUEUE = 1_000
_NOWHERE: Mapping[UUID, int] = {}


class TooSlowError(Exception):
    """The subscriber does not take what it subscribed to."""


class Subscriber:
    """One stream's end of a topic."""

    __slots__ = ("_failure", "_queue", "_waiter", "at", "caller", "finished", "overdue", "sink")

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        # Where a replay ended, per tenant: what lies before must not come twice.
        self.at: Mapping[UUID, int] = _NOWHERE
        self.finished, self.overdue = False, 0
        # Set where messages need not wait for this stream's turn.
        self.sink: Sink | None = None
        self._failure: Exception | None = None
        # A list, short in all but the worst minute: an empty deque alone weighs ten times as much.
        self._queue: list[bytes] = []
        self._waiter: asyncio.Future[None] | None = None

    def push(self, payload: bytes) -> None:
        if self.finished:
            return
        sink = self.sink
        if sink is not None:
            if sink(payload):
                return
        elif len(self._queue) < QUEUE:
            self._queue.append(payload)
            self._wake()
            return
        measures.DROPPED.labels("too slow").inc()
        self.end(TooSlowError())

    def end(self, failure: Exception | None = None) -> None:
        """Nothing more comes; what waits is thrown away, so that a dead consumer holds no memory."""
        self.finished, self._failure = True, failure
        self._queue.clear()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def next(self) -> bytes | None:
        """The next message, None at the end. Raises what ended it otherwise."""
        while not self._queue:
            if self._failure is not None:
                raise self._failure
            if self.finished:
                return None
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._queue.pop(0)
