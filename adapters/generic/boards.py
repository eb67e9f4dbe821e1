"""Boards of locks on one line: questions up to three times, a pulse once, and a watch over the door afterwards."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from enum import Enum, auto
from typing import TypeVar
from uuid import UUID

from adapters.breaker import Breaker
from adapters.generic import transport
from adapters.generic.dialect import Dialect, Looks, Pulsed, Reading
from adapters.generic.transport import Bus
from adapters.once import Once
from app.devices.port import Ambiguous, ContractBroken, DeviceError, Unreachable

T = TypeVar("T")
# A board, and the lock where it is asked for one.
Asked = tuple[int, int | None]

TRIES = 3
# How long after an unlock the door must have been seen open, or it is a jam or a lack of power.
WATCH_SECONDS = 2.0
POLL_SECONDS = 0.12
# A door may have opened and shut again unseen in a longer hole than this.
BLIND_SECONDS = 1.0
# Whoever looks at a bank gives up in time. A board that was waited for so long by then is not well, and those after it
# would never be asked.
GIVEN_UP_SECONDS = 2.0
# Bounce of a door switch: a change counts only when seen twice, this far apart.
BOUNCE_SECONDS = 0.04


class Seen(Enum):
    """What became of an unlock, by the door's own sensor. TAKEN: the board took it, and there is no sensor."""

    ALREADY_OPEN = auto()
    OPENED = auto()
    STAYED_CLOSED = auto()
    TAKEN = auto()


class BoardClient:
    """The boards of one bank. Raises only DeviceError."""

    def __init__(self, bus: Bus, boards: Sequence[int], dialect: Dialect) -> None:
        self.bus = bus
        self._dialect = dialect
        self._once = Once()
        # A board may be dead while its neighbours on the line are well; a dead one must not slow the others' reading.
        self._breakers = {board: Breaker(threshold=2, cool_down=3.0, ceiling=15.0) for board in boards}
        self._last: dict[int, Reading] = {}
        self._waiting: dict[Asked, asyncio.Task[Reading]] = {}
        self._exchanges: set[asyncio.Task[Reading]] = set()
        self._pulses: set[asyncio.Task[Pulsed]] = set()
        self._openings: Counter[tuple[int, int]] = Counter()
        self._left = False

    @property
    def failing(self) -> bool:
        return all(breaker.failing for breaker in self._breakers.values())

    async def status(self, board: int, tries: int = TRIES) -> Reading:
        """State of one board; a changed door is looked at twice, for switches bounce. Raises Unreachable."""
        breaker, began = self._breakers[board], time.monotonic()
        async with breaker.guard():
            try:
                state = await self._look(board, tries)
            except asyncio.CancelledError:
                if time.monotonic() - began > GIVEN_UP_SECONDS:
                    breaker.give_up(f"board {board} kept a look waiting until it was given up")
                raise
            self._remember(board, state)
            return state

    async def _look(self, board: int, tries: int) -> Reading:
        first, before = await self._ask((board, None), tries), self._last.get(board)
        if before is None or not (before.closed ^ first.closed) & before.known & first.known:
            return first
        await asyncio.sleep(BOUNCE_SECONDS)
        second = await self._ask((board, None))
        # A door that two readings disagree about stays as it was until the next look, known or not.
        unsure = first.closed ^ second.closed
        closed = second.closed & ~unsure | before.closed & unsure
        return replace(second, closed=closed, known=second.known & ~(unsure & ~before.known))

    async def unlock(self, order: UUID, board: int, lock: int, seconds: float) -> Seen:
        """Order the pulse at most once and watch the door. Raises Unreachable before, Ambiguous after the ordering."""
        ends = time.monotonic() + seconds
        self._once.claim(order)
        try:
            async with self._breakers[board].guard():
                if await self._open_already(board, lock, ends):
                    self._once.release(order)
                    return Seen.ALREADY_OPEN
                pulsed = await self._order(board, lock, ends)
        except Unreachable:
            self._once.release(order)
            raise
        if pulsed.opened:
            self._note_open(board, lock)
            return Seen.OPENED
        if self._dialect.sensors:
            return await self._watch(board, lock, pulsed.looks, min(ends, time.monotonic() + WATCH_SECONDS), ends)
        if not pulsed.taken:
            raise Ambiguous("the unlock was sent and no answer came; there is no sensor to tell")
        return Seen.TAKEN

    def openings(self, board: int, lock: int) -> int:
        """How often this process has seen the door go from closed to open; what happens between two looks is missed."""
        return self._openings[board, lock]

    async def pushes(self) -> AsyncIterator[tuple[int, int, bool | None]]:
        """Board, lock and whether its door is closed, as the boards tell it unasked; ends where they never do."""
        for told in NOTHING:
            yield told

    async def close(self) -> None:
        if self._left:
            return
        self._left = True
        for exchange in tuple(self._exchanges):
            exchange.cancel()
        # A pulse is never cut off: its end takes the output off.
        await asyncio.gather(*self._exchanges, *self._pulses, return_exceptions=True)
        await self._dialect.settle()
        transport.leave(self.bus)

    def _remember(self, board: int, state: Reading) -> None:
        before = self._last.get(board)
        if before is not None:
            fallen = before.closed & ~state.closed & before.known & state.known
            self._openings.update((board, lock) for lock in range(1, fallen.bit_length() + 1) if fallen >> lock - 1 & 1)
        self._last[board] = state

    def _note_open(self, board: int, lock: int) -> None:
        """Of the other locks one reading says too little."""
        if before := self._last.get(board):
            self._remember(board, replace(before, closed=before.closed & ~(1 << lock - 1)))

    async def _open_already(self, board: int, lock: int, ends: float) -> bool:
        """Also proves that the board is alive before anything irrevocable is sent."""
        try:
            async with asyncio.timeout_at(_loop_time(ends)):
                if (await self._ask(self._about(board, lock))).is_closed(lock) is not False:
                    return False
                await asyncio.sleep(BOUNCE_SECONDS)
                return (await self._ask(self._about(board, lock))).is_closed(lock) is False
        except TimeoutError:
            raise Unreachable("the deadline passed before anything was sent") from None
        except ContractBroken as error:
            raise Unreachable(f"{error.detail}; nothing was sent") from error

    async def _order(self, board: int, lock: int, ends: float) -> Pulsed:
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout_at(_loop_time(ends)):
                    await stack.enter_async_context(self.bus.turn())
            except TimeoutError:
                raise Unreachable("the deadline passed before anything was sent") from None
            # From here on the pulse runs to its end, whoever gives up waiting for it: an output may be under current.
            pulse = asyncio.create_task(self._pulse(stack.pop_all(), board, lock))
        return await _kept(pulse, self._pulses, Ambiguous("this connection was closed while the unlock was sent"))

    async def _pulse(self, turn: AsyncExitStack, board: int, lock: int) -> Pulsed:
        async with turn:
            return await self._dialect.pulse(self.bus, board, lock)

    async def _watch(self, board: int, lock: int, looks: Looks, until: float, ends: float) -> Seen:
        """Acknowledgements of an unlock are not dependable: only the door tells."""
        open_seen, told = 0, False
        while time.monotonic() < until:
            await asyncio.sleep(BOUNCE_SECONDS if open_seen else POLL_SECONDS)
            try:
                async with asyncio.timeout_at(_loop_time(until)):
                    state = await self._ask_once(self._about(board, lock))
            except transport.NoAnswer:
                # The door may be shut again before long, and it may be this connection that hangs, not the board.
                self.bus.renew()
                continue
            except (DeviceError, TimeoutError):
                continue
            if (closed := state.is_closed(lock)) is None:
                continue
            told = True
            looks.note()
            open_seen = 0 if closed else open_seen + 1
            if open_seen == 2:
                self._note_open(board, lock)
                return Seen.OPENED
        blind = max(looks.blind, time.monotonic() - looks.last)
        if blind > BLIND_SECONDS or not told:
            raise Ambiguous("the unlock was sent and the board fell silent")
        if open_seen or until >= ends:
            raise Ambiguous("the unlock was sent and the deadline passed while the door was watched")
        return Seen.STAYED_CLOSED

    def _about(self, board: int, lock: int) -> Asked:
        """Whoever watches other doors shares the question, where one reply tells all of them."""
        return board, lock if self._dialect.one_by_one(board) else None

    async def _ask(self, asked: Asked, tries: int = TRIES) -> Reading:
        for left in reversed(range(tries)):
            try:
                return await self._ask_once(asked)
            except transport.NoAnswer:
                if left == 1 or tries == 1:
                    # The last try is on a fresh line: it may be the connection that hangs, not the board.
                    self.bus.renew()
        raise Unreachable(f"board {asked[0]} does not answer")

    async def _ask_once(self, asked: Asked) -> Reading:
        """One reply may tell all locks of a board: who asks while a question still waits for the line shares its
        reply."""
        if self._left:
            raise Unreachable("this connection was closed")
        waiting = self._waiting.get(asked)
        if waiting is None:
            waiting = self._waiting[asked] = asyncio.create_task(self._exchange(asked))
        # A caller that gives up leaves the exchange to end by itself: half a reply would confuse the next.
        return await _kept(waiting, self._exchanges, Unreachable("this connection was closed"))

    async def _exchange(self, asked: Asked) -> Reading:
        board, lock = asked
        try:
            async with self.bus.turn():
                # Once it is sent, its reply is too old for whoever asks now.
                del self._waiting[asked]
                return await self._dialect.look(self.bus, board, lock)
        finally:
            if self._waiting.get(asked) is asyncio.current_task():
                del self._waiting[asked]


async def _kept(task: asyncio.Task[T], where: set[asyncio.Task[T]], cut_off: DeviceError) -> T:
    """Wait for it without taking it along when the wait is given up. `cut_off`: raised when it was ended instead."""
    if task not in where:
        where.add(task)
        task.add_done_callback(lambda ended: _ended(ended, where))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if task.cancelled():
            raise cut_off from None
        raise


def _ended(task: asyncio.Task[T], where: set[asyncio.Task[T]]) -> None:
    where.discard(task)
    if not task.cancelled():
        # Looked at here, because all who asked may have given up.
        task.exception()


def _loop_time(moment: float) -> float:
    """A `time.monotonic` moment on the loop's clock."""
    return asyncio.get_running_loop().time() + moment - time.monotonic()


# Most boards only answer.
NOTHING: tuple[tuple[int, int, bool | None], ...] = ()
