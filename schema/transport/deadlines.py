"""One clock for all running queries: a timer for each would read the clock twice in every request."""

import asyncio
from types import TracebackType


class Watched:
    """Like asyncio.timeout, and as exact as the common clock."""

    __slots__ = ("deadlines", "overdue", "task")

    def __init__(self, deadlines: "Deadlines") -> None:
        self.deadlines = deadlines
        self.overdue = False

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "only a task can be cancelled"
        self.task = task
        self.deadlines.add(self)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.deadlines.running.pop(self, None)
        # Cancelled by us and by nobody else: then it was the time.
        if self.overdue and self.task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise TimeoutError from error


class Deadlines:
    def __init__(self, seconds: float) -> None:
        self.seconds, self.tick = seconds, min(1.0, seconds / 4)
        self.ticks = 0
        self.running: dict[Watched, int] = {}
        self.clock: asyncio.Task[None] | None = None

    def watched(self) -> Watched:
        return Watched(self)

    def add(self, watched: Watched) -> None:
        self.running[watched] = self.ticks
        if self.clock is None or self.clock.done():
            self.clock = asyncio.ensure_future(self.count())

    async def count(self) -> None:
        while self.running:
            await asyncio.sleep(self.tick)
            self.ticks += 1
            latest = self.ticks - self.seconds / self.tick
            # In the order of their beginning: the first that has time left ends the look.
            for watched, began in list(self.running.items()):
                if began > latest:
                    break
                watched.overdue = True
                del self.running[watched]
                watched.task.cancel()
