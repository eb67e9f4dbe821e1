"""Talks to the boards of one bus: questions up to three times, an unlock once, and a watch over the door afterwards."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum, auto
from uuid import UUID

from adapters.breaker import Breaker
from adapters.generic import transport
from adapters.generic.kerong_cu16 import wire
from adapters.generic.kerong_cu16.wire import BoardStatus
from adapters.once import Once
from app.devices.port import Ambiguous, DeviceError, Unreachable

TRIES = 3
# How long after an unlock the hook must have fallen, or it is a jam or a lack of power.
WATCH_SECONDS = 2.0
POLL_SECONDS = 0.12
# A door may have opened and shut again unseen in a longer hole than this.
BLIND_SECONDS = 1.0
# Bounce of a door switch: a change counts only when seen twice, this far apart.
BOUNCE_SECONDS = 0.04


class Seen(Enum):
    """What became of an unlock, by the door's own sensor."""

    ALREADY_OPEN = auto()
    OPENED = auto()
    STAYED_CLOSED = auto()


class KerongClient:
    """The boards of one bank. Raises only DeviceError."""

    def __init__(self, address: str, boards: Sequence[int], *, baudrate: int, reply_seconds: float) -> None:
        self._bus = transport.shared(address, baudrate)
        self._reply_seconds = reply_seconds
        self._once = Once()
        # A board may be dead while its neighbours on the line are well; a dead one must not slow the others' reading.
        self._breakers = {board: Breaker(threshold=2, cool_down=3.0, ceiling=15.0) for board in boards}
        self._last: dict[int, BoardStatus] = {}
        self._waiting: dict[int, asyncio.Task[BoardStatus]] = {}
        self._exchanges: set[asyncio.Task[BoardStatus]] = set()
        self._openings: Counter[tuple[int, int]] = Counter()
        self._left = False

    @property
    def failing(self) -> bool:
        return all(breaker.failing for breaker in self._breakers.values())

    async def status(self, board: int) -> BoardStatus:
        """State of one board; a changed door is looked at twice, for switches bounce. Raises Unreachable."""
        async with self._breakers[board].guard():
            first = await self._ask(board)
            before = self._last.get(board)
            if before is not None and before.closed != first.closed:
                await asyncio.sleep(BOUNCE_SECONDS)
                second = await self._ask(board)
                # A door that two readings disagree about stays as it was until the next look.
                unsure = first.closed ^ second.closed
                first = BoardStatus(board, second.closed & ~unsure | before.closed & unsure, second.items)
            self._remember(first)
            return first

    async def unlock(self, order: UUID, board: int, lock: int, seconds: float) -> Seen:
        """Write the unlock at most once and watch the door. Raises Unreachable before, Ambiguous after the writing."""
        ends = time.monotonic() + seconds
        self._once.claim(order)
        try:
            async with self._breakers[board].guard():
                if await self._open_already(board, lock, ends):
                    self._once.release(order)
                    return Seen.ALREADY_OPEN
                await self._write_unlock(board, lock, ends)
        except Unreachable:
            self._once.release(order)
            raise
        return await self._watch(board, lock, min(ends, time.monotonic() + WATCH_SECONDS), ends)

    def openings(self, board: int, lock: int) -> int:
        """How often this process has seen the door go from closed to open; what happens between two looks is missed."""
        return self._openings[board, lock]

    async def close(self) -> None:
        if not self._left:
            self._left = True
            for exchange in tuple(self._exchanges):
                exchange.cancel()
            await asyncio.gather(*self._exchanges, return_exceptions=True)
            transport.leave(self._bus)

    def _remember(self, state: BoardStatus) -> None:
        before = self._last.get(state.board)
        if before is not None:
            fallen = before.closed & ~state.closed
            self._openings.update((state.board, lock) for lock in range(1, wire.LOCKS + 1) if fallen >> lock - 1 & 1)
        self._last[state.board] = state

    async def _open_already(self, board: int, lock: int, ends: float) -> bool:
        """Also proves that the board is alive before anything irrevocable is sent."""
        try:
            async with asyncio.timeout_at(_loop_time(ends)):
                if (await self._ask(board)).is_closed(lock):
                    return False
                await asyncio.sleep(BOUNCE_SECONDS)
                return not (await self._ask(board)).is_closed(lock)
        except TimeoutError:
            raise Unreachable("the deadline passed before anything was sent") from None

    async def _write_unlock(self, board: int, lock: int, ends: float) -> None:
        try:
            async with asyncio.timeout_at(_loop_time(ends)):
                async with self._bus.turn():
                    # From here on nothing may wait: written is written.
                    self._bus.write(wire.unlock(board, lock))
        except TimeoutError:
            raise Unreachable("the deadline passed before anything was sent") from None

    async def _watch(self, board: int, lock: int, until: float, ends: float) -> Seen:
        """Acknowledgements of an unlock are not dependable: only the hook tells."""
        looked = time.monotonic()
        blind, open_seen = 0.0, 0
        while time.monotonic() < until:
            await asyncio.sleep(BOUNCE_SECONDS if open_seen else POLL_SECONDS)
            try:
                async with asyncio.timeout_at(_loop_time(until)):
                    state = await self._ask_once(board)
            except (DeviceError, transport.NoAnswer, TimeoutError):
                continue
            blind, looked = max(blind, time.monotonic() - looked), time.monotonic()
            open_seen = 0 if state.is_closed(lock) else open_seen + 1
            if open_seen == 2:
                # Of the other locks one reading says too little.
                before = self._last.get(board, state)
                self._remember(replace(before, closed=before.closed & ~(1 << lock - 1)))
                return Seen.OPENED
        blind = max(blind, time.monotonic() - looked)
        if blind > BLIND_SECONDS:
            raise Ambiguous("the unlock was sent and the board fell silent")
        if open_seen or until >= ends:
            raise Ambiguous("the unlock was sent and the deadline passed while the door was watched")
        return Seen.STAYED_CLOSED

    async def _ask(self, board: int) -> BoardStatus:
        for _ in range(TRIES):
            try:
                return await self._ask_once(board)
            except transport.NoAnswer:
                continue
        self._bus.hang_up()
        raise Unreachable(f"board {board} does not answer")

    async def _ask_once(self, board: int) -> BoardStatus:
        """One reply tells all locks of a board: who asks while a question still waits for the line shares its reply."""
        waiting = self._waiting.get(board)
        if waiting is None:
            waiting = self._waiting[board] = asyncio.create_task(self._exchange(board))
            self._exchanges.add(waiting)
            waiting.add_done_callback(self._ended)
        try:
            # A caller that gives up leaves the exchange to end by itself: half a reply would confuse the next.
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            if waiting.cancelled():
                raise Unreachable("this connection was closed") from None
            raise

    async def _exchange(self, board: int) -> BoardStatus:
        try:
            async with self._bus.turn():
                # Once it is sent, its reply is too old for whoever asks now.
                del self._waiting[board]
                self._bus.write(wire.status(board))
                return await self._bus.answer(lambda received: wire.find_status(received, board), self._reply_seconds)
        finally:
            if self._waiting.get(board) is asyncio.current_task():
                del self._waiting[board]

    def _ended(self, exchange: asyncio.Task[BoardStatus]) -> None:
        self._exchanges.discard(exchange)
        if not exchange.cancelled():
            # Looked at here, because all who asked may have given up.
            exchange.exception()


def _loop_time(moment: float) -> float:
    """A `time.monotonic` moment on the loop's clock."""
    return asyncio.get_running_loop().time() + moment - time.monotonic()
